package cmd

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// agent is a delivery agent that is no server's hand but decides by itself
// what becomes of a mail.
type agent struct {
	*place
	run   func(id string, mail []byte) fate
	fates map[string]fate
}

func (a *agent) inject(id string, mail []byte) { a.fates[id] = a.run(id, mail) }
func (a *agent) outcome(id string) fate        { return a.fates[id] }

// asUser runs a command as the delivery user, at home in the mail's directory,
// with the mail on its standard input, and gives its output and how it ended.
func (p *place) asUser(id string, mail []byte, env []string, args ...string) (string, *os.ProcessState) {
	p.Helper()
	p.write(id+"/mail", string(mail))
	p.own(id)
	stdin, err := os.Open(p.path(id + "/mail"))
	p.must(err)
	defer stdin.Close()
	var out bytes.Buffer
	c := exec.Command(args[0], args[1:]...)
	c.Dir, c.Stdin, c.Stdout, c.Stderr = p.path(id), stdin, &out, &out
	c.Env = append(env, "HOME="+p.path(id), "USER="+deliveryUser, "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
	if args[0] != jailer { // where it must be root first
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(p.uid), Gid: uint32(p.gid)}}
	}
	_ = c.Run() // its end is what is asked for
	if c.ProcessState == nil {
		p.Fatalf("%q cannot be run", args)
	}
	return out.String(), c.ProcessState
}

// startQmail stands for qmail-local, which Debian does not have: it calls the
// program, and reads its end, as qmail-command(8) says.
func startQmail(p *place) mailServer {
	run := func(id string, mail []byte) fate {
		host := "mx.example.org"
		to := "games-" + id + "@" + host
		out, state := p.asUser(id, mail, []string{
			"SENDER=" + sender(id), "NEWSENDER=" + sender(id), "RECIPIENT=" + to, "LOCAL=games-" + id, "HOST=" + host,
			"EXT=" + id, "DEFAULT=" + id, "DTLINE=Delivered-To: " + to + "\n", "RPLINE=Return-Path: <" + sender(id) + ">\n",
			"UFLINE=From " + sender(id) + " Mon Nov 23 00:00:00 2026\n",
		}, "/bin/sh", "-c", strings.TrimPrefix(p.lineFor(id), "|"))
		f := fate{end: qmailEnd(state), text: out}
		if m := ourLine.FindStringSubmatch(out); m != nil {
			f.status = m[1]
		}
		return f
	}
	return &agent{p, run, map[string]fate{}}
}

// qmailEnd is the table of qmail-command(8); a crash counts as temporary.
func qmailEnd(state *os.ProcessState) string {
	switch state.ExitCode() {
	case 0, 99:
		return "delivered"
	case 100, 64, 65, 70, 76, 77, 78, 112:
		return "bounced"
	}
	return "later"
}

// startDovecot tries Dovecot's delivery agent with a Sieve script that pipes.
// What is not piped lies in the inbox.
func startDovecot(p *place) mailServer {
	p.Helper()
	jail := p.jail([]string{"dovecot", "dovenull"}, "dovecot-core", "dovecot-sieve", "libexttextcat-2.0-0", "liblua5.4-0")
	p.write("dovecot.conf", strings.ReplaceAll(dovecotConf, "$dir", p.dir))
	run := func(id string, mail []byte) fate {
		out, _ := p.asUser(id, mail, nil, append(jail, "setpriv", "--reuid", deliveryUser, "--regid", strconv.Itoa(p.gid), "--clear-groups",
			"/usr/lib/dovecot/dovecot-lda", "-e", "-c", p.path("dovecot.conf"), "-f", sender(id), "-a", "fred@example.org")...)
		if inbox, _ := filepath.Glob(p.path(id + "/Maildir/new/*")); len(inbox) > 0 {
			return fate{end: "inbox", text: out}
		}
		return fate{end: "delivered", text: out}
	}
	return &agent{p, run, map[string]fate{}}
}

const dovecotConf = `
mail_location = maildir:~/Maildir
postmaster_address = postmaster@example.org
protocol lda {
  mail_plugins = sieve
}
plugin {
  sieve = file:~/sieve
  sieve_plugins = sieve_extprograms
  sieve_extensions = +vnd.dovecot.pipe
  sieve_pipe_bin_dir = $dir/bin
  sieve_pipe_exec_timeout = 5m
}
`

// startFdm has fdm fetch from a Maildir. It leaves there what it cannot
// deliver, and tries that again when it is run again.
func startFdm(p *place) mailServer {
	p.Helper()
	p.needs("fdm")
	run := func(id string, mail []byte) fate {
		p.write(id+"/source/new/1.mail", string(mail))
		out, _ := p.asUser(id, nil, nil, "fdm", "-f", p.path(id+"/fdm.conf"), "fetch")
		if _, err := os.Stat(p.path(id + "/source/new/1.mail")); err == nil {
			return fate{end: "stays", text: out}
		}
		return fate{end: "delivered", text: out}
	}
	return &agent{p, run, map[string]fate{}}
}
