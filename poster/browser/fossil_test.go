//go:build unix

package browser

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailapp/poster/flow"
)

// fossil is a real Fossil, as Debian packages it: tickets, a forum that wants
// each message looked at before, and lists of tickets. It listens on loopback.
type fossil struct {
	url, program, file string
}

const fossilPassword = "s3cret pass"

func newFossil(t *testing.T) *fossil {
	t.Helper()
	if os.Getenv("MAILAPP_TEST_SITES") == "" {
		t.Skip("a real Fossil is left to make test-sites")
	}
	program, err := exec.LookPath("fossil")
	if err != nil {
		t.Fatal("fossil is not installed; hint: .ci/need fossil")
	}
	port := freePort(t)
	f := &fossil{url: "http://" + port, program: program, file: filepath.Join(t.TempDir(), "town.fossil")}
	f.do(t, "init", "--admin-user", "fred", f.file)
	f.do(t, "user", "password", "fred", fossilPassword, "-R", f.file)
	f.do(t, "user", "capabilities", "nobody", "r", "-R", f.file) // who is not logged in may read tickets
	f.serve(t, port[strings.LastIndex(port, ":")+1:])
	return f
}

// command makes one of the program's, with a home of its own.
func (f *fossil) command(args ...string) *exec.Cmd {
	cmd := exec.Command(f.program, args...)
	cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(f.file), "USER=fred")
	return cmd
}

func (f *fossil) do(t *testing.T, args ...string) string {
	t.Helper()
	out, err := f.command(args...).CombinedOutput()
	if err != nil {
		t.Fatalf("fossil %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

func (f *fossil) serve(t *testing.T, port string) {
	t.Helper()
	cmd := f.command("server", "--localhost", "--port", port, f.file)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
	})
	eventually(t, 30*time.Second, "Fossil answers", func() bool {
		answer, err := http.Get(f.url + "/login")
		if err == nil {
			answer.Body.Close()
		}
		return err == nil && answer.StatusCode == http.StatusOK
	})
}

// ask gives what a query of the site's own database finds.
func (f *fossil) ask(t *testing.T, query string) string {
	t.Helper()
	out := f.do(t, "sql", "-R", f.file, "--readonly", ".mode list", query)
	return strings.ReplaceAll(strings.TrimSpace(out), "\r", "")
}

func (f *fossil) visit(name string, values map[string]string) visit {
	v := visit{flow: filepath.Join("../../poster/browser/testdata/sites", name), password: fossilPassword, values: map[string]string{"site": f.url, "account": "fred"}}
	for name, value := range values {
		v.values[name] = value
	}
	return v
}

// TestFossil writes a ticket and a message to a forum, and reads the list of
// tickets, as one who is not logged in.
func TestFossil(t *testing.T) {
	chromium(t)
	f := newFossil(t)
	const body = "The seat's \"spring\" <hurts> & squeaks.\nSince Monday.\n\n1. Sit down.\n2. Get up."
	ticket := f.visit("fossil-ticket.yaml", map[string]string{"title": "Sofa squeaks", "body": body})
	ticket.with = map[string]string{"type": "Incident", "severity": "Minor"}
	got := ticket.must(t)
	want := "Incident, Minor: " + body
	stored := f.ask(t, "select type || ', ' || severity || ': ' || icomment from ticket join ticketchng using (tkt_id) where title = 'Sofa squeaks' and icomment is not null")
	if stored != want {
		t.Errorf("the ticket is %s, want %s", stored, want)
	}
	if number := got.Values["number"]; number == "" || got.Values["url"] != f.url+"/tktview/"+number {
		t.Errorf("read %v", got.Values)
	}
	list := f.visit("fossil-list.yaml", nil).must(t)
	if list.Values["title"] != "Sofa squeaks" || list.Values["status"] != "Open" || !strings.HasPrefix(got.Values["number"], list.Values["number"]) {
		t.Errorf("the list has %v", list.Values)
	}
	f.mustTalk(t, body)
	ticket.password = "wrong"
	ticket.mustFail(t, flow.Owner, "You entered an unknown user or an incorrect password.")
}

func (f *fossil) mustTalk(t *testing.T, body string) {
	t.Helper()
	got := f.visit("fossil-forum.yaml", map[string]string{"title": "Who wants a sofa?", "body": body}).must(t)
	if n := f.ask(t, "select count(*) from forumpost"); n != "1" {
		t.Errorf("the forum has %s messages", n)
	}
	said := f.ask(t, "select cast(content(uuid) as text) from blob join forumpost on rid = fpid")
	if !strings.Contains(said, "\nH Who\\swants\\sa\\ssofa?\n") || !strings.Contains(said, "\n"+body+"\nZ ") {
		t.Errorf("the message is %q", said)
	}
	if !strings.HasPrefix(got.Values["url"], f.url+"/forumpost/") {
		t.Errorf("read %v", got.Values)
	}
}
