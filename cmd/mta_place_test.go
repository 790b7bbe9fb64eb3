package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailapp/poster/fakesite"
)

// deliveryUser is whom the servers deliver as. Every Debian has it.
const deliveryUser = "games"

// place is where one way from a mail server to mailapp is tried: a directory
// that the delivery user can enter, with
//
//	mailapp, crashing/mailapp   the program, and the one that can crash
//	bin/ID                      what the server runs for the mail with that id
//	ID/                         rules.yaml and all else that this run has
//	bounces/                    a Maildir of what the server sends back
//
// An id is the way's name, a dot, and what happens to the mail.
type place struct {
	*testing.T
	way      mtaWay
	dir      string
	uid, gid int
	site     *fakesite.Site
	url      string
}

func newPlace(t *testing.T, way mtaWay, programs string) *place {
	t.Helper()
	p := &place{T: t, way: way, dir: t.TempDir()}
	u, err := user.Lookup(deliveryUser)
	p.must(err)
	p.uid, err = strconv.Atoi(u.Uid)
	p.must(err)
	p.gid, err = strconv.Atoi(u.Gid)
	p.must(err)
	p.must(os.Chmod(filepath.Dir(p.dir), 0o755))
	for _, dir := range []string{"", "bin", "crashing", "forward", "bounces/new", "bounces/cur", "bounces/tmp"} {
		p.must(os.MkdirAll(p.path(dir), 0o755))
		p.must(os.Chmod(p.path(dir), 0o755))
	}
	p.own("bounces")
	p.must(os.Link(filepath.Join(programs, "mailapp"), p.path("mailapp")))
	p.must(os.Link(filepath.Join(programs, "crashing"), p.path("crashing/mailapp")))
	p.site, err = fakesite.New("")
	p.must(err)
	p.site.AddAccount("fred@example.org", "correct horse")
	server := httptest.NewServer(p.site)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// buildPrograms makes what each place needs, once: the program, and this
// test's own, which crashes on demand.
func buildPrograms(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "mailapp"), "mailapp").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "crashing"), data, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (p *place) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// needs skips the test, by name, where a program cannot be had; under make
// test it must be there.
func (p *place) needs(programs ...string) {
	p.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			p.cannot("%v", err)
		}
	}
}

func (p *place) cannot(format string, args ...any) {
	p.Helper()
	why := p.way.server + " cannot run here: " + fmt.Sprintf(format, args...)
	if os.Getenv("MAILAPP_TEST_ALL") != "" {
		p.Fatal(why)
	}
	p.Skip(why)
}

func (p *place) path(name string) string { return filepath.Join(p.dir, name) }

func (p *place) id(what string) string {
	return p.way.name + "." + strings.ReplaceAll(strings.ToLower(what), " ", "")
}

// script is what the server runs for a mail.
func (p *place) script(id string) string { return p.path("bin/" + id) }

func (p *place) write(name, text string) {
	p.Helper()
	p.must(os.MkdirAll(filepath.Dir(p.path(name)), 0o755))
	p.must(os.WriteFile(p.path(name), []byte(text), 0o644))
}

// own gives a file, and all below it, to the delivery user.
func (p *place) own(name string) { p.Helper(); p.give(name, p.uid, p.gid) }

func (p *place) give(name string, uid, gid int) {
	p.Helper()
	p.must(filepath.WalkDir(p.path(name), func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, gid)
	}))
}

// prepare makes all that a mail's delivery needs: the rules and the script.
// The script notes the environment that has come, exactly; $PPID and the
// like are the server's since it becomes mailapp itself.
func (p *place) prepare(id string, c mtaCase) {
	p.Helper()
	p.must(os.Mkdir(p.path(id), 0o700))
	if c.rules != "" {
		p.write(id+"/rules.yaml", c.rules)
	}
	p.must(setUpFiles(p.path(id), p.url))
	p.own(id)
	program := p.path("mailapp")
	if c.env != "" {
		program = "env " + c.env + " " + p.path("crashing/mailapp")
	}
	script := fmt.Sprintf("#!/bin/sh\ncat /proc/$$/environ >%[1]s/environ\nexec %[2]s run --rules=%[1]s/rules.yaml %[3]s \"$@\"\n",
		p.path(id), program, c.flags)
	p.must(os.WriteFile(p.script(id), []byte(script), 0o755))
	p.way.config(p, id)
}

// swaks hands a mail to the server on a port of this machine.
func (p *place) swaks(port int, id, recipient string, mail []byte, args ...string) {
	p.Helper()
	c := exec.Command("swaks", append([]string{"--server", "127.0.0.1", "--port", strconv.Itoa(port), "--ehlo", "phone.example.org",
		"--from", sender(id), "--to", recipient, "--data", "-", "--no-data-fixup", "--silent", "2"}, args...)...)
	c.Stdin = bytes.NewReader(append(bytes.ReplaceAll(mail, []byte("\n"), []byte("\r\n")), '.'))
	if out, err := c.CombinedOutput(); err != nil {
		p.Fatalf("swaks: %v\n%s", err, out)
	}
}

func sender(id string) string { return id + "@sender.example" }

// freePort gives a port of 127.0.0.1 that nobody listens on.
func (p *place) freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	p.must(err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// waitFor waits until find has found something; what is the thing.
func (p *place) waitFor(what string, find func() bool) {
	p.Helper()
	for deadline := time.Now().Add(time.Minute); !find(); time.Sleep(30 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.Fatalf("there is no %s", what)
		}
	}
}

// listens waits until somebody answers on the port.
func (p *place) listens(port int) {
	p.Helper()
	p.waitFor("answer on the port of "+p.way.server, func() bool {
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// daemon starts a server that does not go into the background. It ends with the
// test, however that ends: a shell waits for the end of its standard input. A
// jail takes no notice of SIGTERM; all that is in it dies with it.
func (p *place) daemon(name string, args ...string) {
	p.Helper()
	end := "TERM"
	if name == jailer {
		end = "KILL"
	}
	c := exec.Command("/bin/sh", append([]string{"-c", `"$@" & cat; kill -` + end + ` $!; wait`, "sh", name}, args...)...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // not for it is a Ctrl-C
	said, err := os.Create(p.path("said"))
	p.must(err)
	defer said.Close()
	c.Stdout, c.Stderr = said, said
	stdin, err := c.StdinPipe()
	p.must(err)
	p.must(c.Start())
	p.logAtFailure("said")
	p.Cleanup(func() {
		_ = stdin.Close()
		_ = c.Wait() // how it ended is no news
		p.nobodyInside()
	})
}

// nobodyInside checks that no process is at work in the place.
func (p *place) nobodyInside() {
	inside := func() (found []string) {
		links, _ := filepath.Glob("/proc/[0-9]*/cwd")
		for _, link := range links {
			dir, err := os.Readlink(link)
			if err == nil && strings.HasPrefix(dir, p.dir+"/") {
				found = append(found, link+" is "+dir)
			}
		}
		return found
	}
	for deadline := time.Now().Add(5 * time.Second); len(inside()) > 0; time.Sleep(30 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.Errorf("still running: %q", inside())
			return
		}
	}
}

// logAtFailure shows a server's log of a test that has failed.
func (p *place) logAtFailure(name string) {
	p.Cleanup(func() {
		if p.Failed() {
			log, _ := os.ReadFile(p.path(name))
			p.Logf("%s:\n%s", name, log)
		}
	})
}

// logged is what a server's log has so far.
func (p *place) logged(name string) string {
	data, _ := os.ReadFile(p.path(name))
	return strings.ReplaceAll(string(data), "\r\n", "\n")
}

// bounce gives what the server has sent back for a mail, or "".
func (p *place) bounce(id string) string {
	files, _ := filepath.Glob(p.path("bounces/new/*"))
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err == nil && bytes.Contains(data, []byte(sender(id))) {
			return strings.ReplaceAll(string(data), "\r\n", "\n")
		}
	}
	return ""
}

// arrived looks at the mail that was to be kept: it is there, and the program
// knew what the server knew.
func (p *place) arrived() {
	p.Helper()
	id := p.id("0")
	kept, _ := filepath.Glob(p.path(id + "/in/new/*"))
	if len(kept) != 1 {
		p.Errorf("%d mails were kept", len(kept))
	}
	environ, err := os.ReadFile(p.path(id + "/environ"))
	p.must(err)
	p.Logf("environment: %s", strings.ReplaceAll(strings.TrimRight(string(environ), "\x00"), "\x00", " "))
	for name, value := range p.way.tells {
		if !strings.Contains("\x00"+string(environ), "\x00"+name+"="+value+"\x00") {
			p.Errorf("the environment has no %s=%s", name, value)
		}
	}
	if r := p.report(id); (r.Sender != "") != p.way.login || r.Recipient == "" {
		p.Errorf("proven sender %q, recipient %q", r.Sender, r.Recipient)
	}
}

// report is what the log has of a mail that came once.
func (p *place) report(id string) (r report) {
	p.Helper()
	data, err := os.ReadFile(p.path(id + "/state/mailapp.log"))
	p.must(err)
	p.must(json.Unmarshal(data, &r))
	return r
}

// leavesNothing holds C7: no run leaves a file or a browser, and five seconds
// later no process of the delivery user is left, who has no others.
func (p *place) leavesNothing() {
	p.Helper()
	states, _ := filepath.Glob(p.path("*/state/run"))
	for _, runDir := range states {
		if left := leftBehind(runDir); len(left) > 0 {
			p.Errorf("left behind: %q", left)
		}
	}
	left := p.processes()
	for deadline := time.Now().Add(5 * time.Second); len(left) > 0 && time.Now().Before(deadline); left = p.processes() {
		time.Sleep(50 * time.Millisecond) // other processes' ends send us no event
	}
	if len(left) > 0 {
		p.Errorf("still running: %q", left)
	}
}

// processes lists the command lines of the delivery user's processes.
func (p *place) processes() []string {
	var found []string
	procs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range procs {
		info, err := os.Stat(dir)
		if err != nil || info.Sys().(*syscall.Stat_t).Uid != uint32(p.uid) {
			continue
		}
		if line, err := os.ReadFile(filepath.Join(dir, "cmdline")); err == nil && len(line) > 0 { // the dead have none
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}
