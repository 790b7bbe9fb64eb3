package cmd

import (
	"os"
	"strings"
	"testing"
)

// mtaWays are the rows of the table. Each line of the configuration that makes
// a server run mailapp stands in mailapp(7) as it stands here.
var mtaWays = []mtaWay{
	{
		name: "local", server: "postfix", row: "Postfix local", start: startPostfix, login: true, posts: "example.org",
		line: plainForward, config: (*place).forward,
		tells: map[string]string{
			"SENDER": "local.0@sender.example", "RECIPIENT": "games+local.0@mx.example.org",
			"ORIGINAL_RECIPIENT": "games+local.0@mx.example.org", "LOCAL": "games+local.0", "DOMAIN": "mx.example.org",
			"EXTENSION": "local.0", "SASL_USERNAME": "fred", "CLIENT_ADDRESS": "127.0.0.1", "USER": "games", "HOME": "/usr/games",
		},
	},
	{
		name: "pipe", server: "postfix", row: "Postfix pipe", start: startPostfix, login: true, posts: "post.example.org",
		line: postfixPipe, config: nothing,
	},
	{
		name: "maildrop", server: "maildrop", row: "maildrop", start: startPostfix, login: true,
		line: mailfilter, config: (*place).maildrop,
		tells: map[string]string{"SENDER": "maildrop.0@sender.example", "EXTENSION": "maildrop.0"},
	},
	{
		name: "procmail", server: "procmail", row: "procmail", start: startPostfix, login: true,
		line: procmailrc, config: (*place).procmail,
		tells: map[string]string{"SENDER": "procmail.0@sender.example", "EXTENSION": "procmail.0", "SASL_USERNAME": "fred"},
	},
	{
		name: "exim", server: "exim", row: "Exim .forward", start: startExim,
		line: plainForward, config: (*place).forward,
		tells: map[string]string{
			"SENDER": "exim.0@sender.example", "RECIPIENT": "games+exim.0@mx.example.org", "LOCAL_PART": "games",
			"LOCAL_PART_SUFFIX": "+exim.0", "DOMAIN": "mx.example.org",
		},
	},
	{
		name: "transport", server: "exim", row: "Exim transport", start: startExim, login: true,
		line: eximTransport, config: nothing,
		tells: map[string]string{"SENDER": "transport.0@sender.example", "RECIPIENT": "0@post.example.org"},
	},
	{
		name: "opensmtpd", server: "opensmtpd", row: "OpenSMTPD", start: startOpenSMTPD,
		line: shellForward, config: (*place).homeForward,
		tells: map[string]string{
			"SENDER": "opensmtpd.0@sender.example", "RECIPIENT": "opensmtpd.0@mx.example.org", "LOCAL": "opensmtpd.0", "DOMAIN": "mx.example.org",
		},
	},
	{
		name: "qmail", server: "qmail", row: "qmail-local", start: startQmail, hears: true,
		line: dotQmail, config: nothing,
		tells: map[string]string{"SENDER": "qmail.0@sender.example", "LOCAL": "games-qmail.0", "HOST": "mx.example.org", "EXT": "qmail.0"},
	},
	{
		name: "dovecot", server: "dovecot", row: "Dovecot Sieve", start: startDovecot, hears: true,
		line: sieveScript, config: (*place).sieve,
		tells: map[string]string{
			"SENDER": "dovecot.0@sender.example", "RECIPIENT": "fred@example.org", "ORIG_RECIPIENT": "fred@example.org",
		},
	},
	{name: "fdm", server: "fdm", row: "fdm", start: startFdm, line: fdmConf, config: (*place).fdm},
}

// adminCommand is what an admin writes; each mail's script stands for it here.
const adminCommand = "/usr/local/bin/mailapp run"

// The lines that an admin writes.
const (
	plainForward = `"|/usr/local/bin/mailapp run"` + "\n"
	shellForward = `"|exec /usr/local/bin/mailapp run"` + "\n"
	dotQmail     = `|exec /usr/local/bin/mailapp run` + "\n"
	postfixPipe  = `mailapp unix - n n - 4 pipe
    flags=DOR user=mailapp argv=/usr/local/bin/mailapp run
    --sender=${sender} --sasl-user=${sasl_username}
`
	eximTransport = `mailapp:
  driver = pipe
  command = /usr/local/bin/mailapp run \
    --sasl-user=${lookup{$authenticated_id}\
    lsearch,ret=key{/etc/exim4/logins}}
  user = mailapp
  return_fail_output
  freeze_signal
`
	mailfilter = `SHELL=/bin/sh
exception {
  to "|exec /usr/local/bin/mailapp run"
}
EXITCODE=75
if ($RETURNCODE == 65 || $RETURNCODE == 77)
{
  EXITCODE=$RETURNCODE
}
exit
`
	procmailrc = `:0 W
| /usr/local/bin/mailapp run

CODE=$?
EXITCODE=75
:0
* CODE ?? ^^(65|77)^^
{ EXITCODE=$CODE }
:0
/dev/null
`
	sieveScript = `require "vnd.dovecot.pipe";
pipe "mailapp";
`
	fdmConf = `action "mailapp" pipe "exec /usr/local/bin/mailapp run"
match all action "mailapp"
`
)

// lineFor is the way's line, with the mail's script for the command.
func (p *place) lineFor(id string) string {
	return strings.ReplaceAll(p.way.line, adminCommand, p.script(id))
}

// private writes a file that the delivery user alone may read, as some agents
// demand.
func (p *place) private(name, text string) {
	p.Helper()
	p.write(name, text)
	p.must(os.Chmod(p.path(name), 0o600))
	p.own(name)
}

func nothing(*place, string) {} // what the server reads is the same for all mails

func (p *place) forward(id string) { p.Helper(); p.write("forward/"+id, p.lineFor(id)) }

func (p *place) maildrop(id string) {
	p.Helper()
	p.needs("/usr/bin/maildrop")
	p.private(id+"/mailfilter", p.lineFor(id))
	p.write("forward/"+id, `"|/usr/bin/maildrop `+p.path(id+"/mailfilter")+`"`+"\n")
}

func (p *place) procmail(id string) {
	p.Helper()
	p.needs("/usr/bin/procmail")
	p.private(id+"/procmailrc", p.lineFor(id))
	p.write("forward/"+id, `"|/usr/bin/procmail -p `+p.path(id+"/procmailrc")+`"`+"\n")
}

func (p *place) homeForward(id string) { p.Helper(); p.private(id+"/.forward", p.lineFor(id)) }

func (p *place) sieve(id string) {
	p.Helper()
	p.private(id+"/sieve", strings.ReplaceAll(p.way.line, `"mailapp"`, `"`+id+`"`))
}

func (p *place) fdm(id string) {
	p.Helper()
	for _, dir := range []string{"cur", "new", "tmp"} {
		p.must(os.MkdirAll(p.path(id+"/source/"+dir), 0o755))
	}
	p.private(id+"/fdm.conf", "set lock-file \""+p.path(id+"/lock")+"\"\naccount \"post\" maildir \""+p.path(id+"/source")+"\"\n"+p.lineFor(id))
}

// TestMTALines: mailapp(7) has the lines that were tried.
func TestMTALines(t *testing.T) {
	page := strings.ReplaceAll(mtaPage(t), `\e`, `\`)
	for _, way := range mtaWays {
		if !strings.Contains(page, "\n"+way.line) {
			t.Errorf("mailapp(7) does not have the line for %s:\n%s", way.row, way.line)
		}
	}
}
