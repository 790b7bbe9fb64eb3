package cmd

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"regexp"
	"strconv"
	"strings"
)

// postfix is a Postfix of its own. Mails reach mailapp by
//
//	games+ID@mx.example.org   local(8) and a .forward file, or what stands there
//	CASE@post.example.org     pipe(8)
type postfix struct {
	*place
	conf string
	port int
}

func startPostfix(p *place) mailServer {
	p.Helper()
	p.needs("/usr/sbin/postfix", "swaks")
	s := &postfix{place: p, conf: p.path("conf"), port: p.freePort()}
	p.write("conf/main.cf", fmt.Sprintf(postfixMain, p.dir, p.uid, p.gid))
	pipe := strings.NewReplacer(adminCommand, p.path("bin")+"/pipe.${user}", "user=mailapp", "user="+deliveryUser).Replace(postfixPipe)
	p.write("conf/master.cf", fmt.Sprintf(postfixMaster, s.port)+pipe)
	for _, dir := range []string{"queue", "data"} {
		p.must(os.Mkdir(p.path(dir), 0o755))
	}
	u, err := user.Lookup("postfix")
	p.must(err)
	uid, err := strconv.Atoi(u.Uid)
	p.must(err)
	p.must(os.Chown(p.path("data"), uid, 0))
	p.logAtFailure("maillog")
	if out, err := exec.Command("/usr/sbin/postfix", "-c", s.conf, "check").CombinedOutput(); err != nil { // makes the queue's directories
		p.Fatalf("%v\n%s", err, out)
	}
	p.daemon("/usr/lib/postfix/sbin/master", "-c", s.conf, "-s")
	p.listens(s.port)
	return s
}

const postfixMain = `
compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file = %[1]s/maillog
maillog_file_prefixes = %[1]s
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.org
mydestination = mx.example.org
mynetworks = 127.0.0.0/8
smtpd_sasl_authenticated_header = yes
smtpd_authorized_xclient_hosts = 127.0.0.0/8
message_size_limit = 40000000
recipient_delimiter = +
alias_maps =
local_recipient_maps =
forward_path = %[1]s/forward/$extension
virtual_alias_domains = example.org
virtual_alias_maps = inline:{fred_fairground@example.org=games+local.fred_fairground@mx.example.org}
relay_domains = post.example.org
transport_maps = inline:{post.example.org=mailapp:}
mailapp_destination_recipient_limit = 1
virtual_minimum_uid = 1
virtual_mailbox_domains = sender.example
virtual_mailbox_base = %[1]s
virtual_mailbox_maps = static:bounces/
virtual_uid_maps = static:%[2]d
virtual_gid_maps = static:%[3]d
default_transport = error:nothing leaves this test
`

const postfixMaster = `
127.0.0.1:%d inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
local unix - n n - - local
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
`

func (s *postfix) recipient(id string) string {
	if c, ok := strings.CutPrefix(id, "pipe."); ok {
		return c + "@post.example.org"
	}
	return "games+" + id + "@mx.example.org"
}

// inject hands the mail in as from somebody who has logged in as fred. XCLIENT
// stands for the login.
func (s *postfix) inject(id string, mail []byte) {
	s.Helper()
	to := s.recipient(id)
	if id == "local.fred_fairground" {
		to = "fred_fairground@example.org" // an alias of it
	}
	s.swaks(s.port, id, to, mail, "--xclient-login", "fred")
}

// outcome is what Postfix's log says, and what it has done then: the queue
// shows a mail that is tried later, and the bounce of one that is not has come.
func (s *postfix) outcome(id string) fate {
	s.Helper()
	line := regexp.MustCompile(` to=<` + regexp.QuoteMeta(s.recipient(id)) + `>.* dsn=([0-9.]+), status=(\w+) \((.*)\)\n`)
	var found []string
	s.waitFor("line for "+id+" in Postfix's log", func() bool {
		found = line.FindStringSubmatch(s.logged("maillog"))
		return found != nil
	})
	f := fate{end: found[2], status: found[1], text: found[3]}
	switch f.end {
	case "sent":
		f.end = "delivered"
	case "deferred":
		f.end = "later"
		s.waitFor(id+" in Postfix's queue", func() bool {
			queue, _ := exec.Command("/usr/sbin/postqueue", "-c", s.conf, "-j").Output()
			return strings.Contains(string(queue), s.recipient(id))
		})
	case "bounced":
		s.waitFor("bounce for "+id, func() bool { f.text = s.bounce(id); return f.text != "" })
		if !strings.Contains(f.text, "\nStatus: "+f.status+"\n") {
			s.Errorf("the bounce for %s does not have the status %s", id, f.status)
		}
	}
	return f
}
