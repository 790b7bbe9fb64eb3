package cmd

import (
	"fmt"
	"os"
	"regexp"
)

// opensmtpd is an OpenSMTPD of its own. Each mail is for a user of its own
// name, in whose home directory the .forward is.
type opensmtpd struct {
	*place
	port int
}

func startOpenSMTPD(p *place) mailServer {
	p.Helper()
	p.needs("swaks")
	s := &opensmtpd{p, p.freePort()}
	jail := p.jail([]string{"opensmtpd", "opensmtpq"}, "opensmtpd", "libevent-2.1-7")
	p.write("unpacked/etc/smtpd.conf", fmt.Sprintf(opensmtpdConf, p.dir, s.port, deliveryUser))
	for _, c := range mtaCases {
		id := p.id(c.column)
		p.write("users", p.logged("users")+fmt.Sprintf("%s %d:%d:%s\n", id, p.uid, p.gid, p.path(id)))
	}
	p.must(os.MkdirAll(p.path("unpacked/var/lib/opensmtpd/empty"), 0o755))
	p.daemon(jail[0], append(jail[1:], "smtpd", "-d")...)
	p.listens(s.port)
	return s
}

const opensmtpdConf = `
table users file:%[1]s/users
smtp max-message-size "40M"
listen on 127.0.0.1 port %[2]d hostname mx.example.org
action "local" maildir userbase <users>
action "bounces" maildir "%[1]s/bounces" virtual { "@" = "%[3]s" }
match from any for domain "mx.example.org" action "local"
match from any for domain "sender.example" action "bounces"
`

func (s *opensmtpd) inject(id string, mail []byte) {
	s.Helper()
	s.swaks(s.port, id, id+"@mx.example.org", mail)
}

// outcome is what OpenSMTPD's log says.
func (s *opensmtpd) outcome(id string) fate {
	s.Helper()
	line := regexp.MustCompile(` mda delivery .*from=<` + regexp.QuoteMeta(sender(id)) + `>.* result="?(\w+)"? stat=(.*)\n`)
	var found []string
	s.waitFor("line for "+id+" in OpenSMTPD's log", func() bool {
		found = line.FindStringSubmatch(s.logged("said"))
		return found != nil
	})
	end := map[string]string{"Ok": "delivered", "TempFail": "later", "PermFail": "bounced"}[found[1]]
	return s.settle(id, fate{end: end, text: found[2]})
}
