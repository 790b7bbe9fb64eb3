package cmd

import (
	"fmt"
	"regexp"
	"strings"
)

// exim is an Exim of its own. Mails reach mailapp by
//
//	games+ID@mx.example.org   a router that reads .forward files
//	CASE@post.example.org     a transport
type exim struct {
	*place
	port int
}

func startExim(p *place) mailServer {
	p.Helper()
	p.needs("swaks")
	s := &exim{p, p.freePort()}
	jail := p.jail([]string{"Debian-exim"}, "exim4-daemon-light", "exim4-base", "libidn12", "libgnutls-dane0", "libunbound8", "libevent-2.1-7")
	transport := strings.NewReplacer(adminCommand, p.path("bin")+"/$address_data", "user = mailapp", "user = "+deliveryUser).Replace(eximTransport)
	p.write("unpacked/etc/exim4/exim4.conf", fmt.Sprintf(eximConf, p.dir, s.port, deliveryUser, transport))
	p.write("unpacked/etc/exim4/logins", "fred\n")
	p.logAtFailure("spool/mainlog")
	p.give("spool", jailUID, jailUID)
	p.daemon(jail[0], append(jail[1:], "exim4", "-bdf")...)
	p.listens(s.port)
	return s
}

const eximConf = `
primary_hostname = mx.example.org
local_interfaces = 127.0.0.1
daemon_smtp_ports = %[2]d
spool_directory = %[1]s/spool
log_file_path = %[1]s/spool/%%slog
message_size_limit = 40M
acl_smtp_rcpt = accept
acl_smtp_data = accept
begin routers
bounces:
  driver = accept
  domains = sender.example
  transport = bounces
transport:
  driver = accept
  domains = post.example.org
  address_data = ${lookup {transport.$local_part} dsearch {%[1]s/bin}}
  transport = mailapp
forward:
  driver = redirect
  domains = mx.example.org
  local_parts = %[3]s
  local_part_suffix = +*
  file = %[1]s/forward/${lookup {${substr_1:$local_part_suffix}} dsearch {%[1]s/forward}}
  no_check_owner
  no_check_group
  user = %[3]s
  group = %[3]s
  pipe_transport = address_pipe
begin transports
address_pipe:
  driver = pipe
  return_fail_output
%[4]sbounces:
  driver = appendfile
  directory = %[1]s/bounces
  maildir_format
  user = %[3]s
  group = %[3]s
begin retry
* * F,1d,1h
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if eq {$auth3}{correct horse}}
  server_set_id = $auth2
  server_advertise_condition = *
`

func (s *exim) recipient(id string) string {
	if c, ok := strings.CutPrefix(id, "transport."); ok {
		return c + "@post.example.org"
	}
	return "games+" + id + "@mx.example.org"
}

func (s *exim) inject(id string, mail []byte) {
	s.Helper()
	s.swaks(s.port, id, s.recipient(id), mail, "--auth", "PLAIN", "--auth-user", "fred", "--auth-password", "correct horse")
}

// outcome is what Exim's log says: => delivered, == deferred, ** failed.
func (s *exim) outcome(id string) fate {
	s.Helper()
	line := regexp.MustCompile(` (=>|==|\*\*) .*` + regexp.QuoteMeta(s.recipient(id)) + `.*\n`)
	var found []string
	s.waitFor("line for "+id+" in Exim's log", func() bool {
		found = line.FindStringSubmatch(s.logged("spool/mainlog"))
		return found != nil
	})
	end := map[string]string{"=>": "delivered", "==": "later", "**": "bounced"}[found[1]]
	return s.settle(id, fate{end: end, text: found[0]})
}
