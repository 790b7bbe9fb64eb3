package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailapp/poster/fakesite"
	"mailapp/poster/ledger"
)

// stage is a site, a mail for it and a place of its own.
type stage struct {
	testing.TB
	dir    string
	site   *fakesite.Site
	url    string
	silent bool // the site takes the ad and never answers
}

func newStage(t testing.TB) *stage {
	t.Helper()
	if !haveBrowser(t) {
		t.Skip("no browser here, or -short")
	}
	site, err := fakesite.New("")
	if err != nil {
		t.Fatal(err)
	}
	site.AddAccount("fred@example.org", "correct horse")
	s := &stage{TB: t, dir: inMemory(t), site: site}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.url = server.URL
	if err := setUpFiles(s.dir, server.URL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.leavesNothing)
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(s.dir, "state", "mailapp.log"))
			t.Logf("the log:\n%s", log)
		}
	})
	return s
}

// serve is the site, but that it may keep its answer to a publish to itself.
func (s *stage) serve(w http.ResponseWriter, r *http.Request) {
	if !s.silent || !strings.HasPrefix(r.URL.Path, "/publish/") {
		s.site.ServeHTTP(w, r)
		return
	}
	s.site.ServeHTTP(httptest.NewRecorder(), r)
	<-r.Context().Done()
}

func (s *stage) command(env ...string) *exec.Cmd {
	mail, err := os.Open(filepath.Join(s.dir, "sofa.eml"))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { mail.Close() })
	c := exec.Command("mailapp", "run", "--sender=fred@example.org", "--recipient=fred_fairground@example.org", "--sasl-user=fred")
	c.Stdin, c.Dir = mail, s.dir
	c.Env = append(os.Environ(), append(env, "HOME="+s.dir, "MAILAPP_RULES="+filepath.Join(s.dir, "rules.yaml"))...)
	return c
}

// deliver hands the mail over once and gives exit code and output.
func (s *stage) deliver(env ...string) (int, string) {
	s.Helper()
	c := s.command(env...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.Fatal(err)
	}
	return c.ProcessState.ExitCode(), out.String()
}

func (s *stage) entry() ledger.Entry {
	s.Helper()
	l, err := ledger.Open(context.Background(), filepath.Join(s.dir, "state"))
	if err != nil {
		s.Fatal(err)
	}
	defer l.Close()
	entries, err := l.List(context.Background())
	if err != nil || len(entries) != 1 {
		s.Fatalf("the ledger has %d jobs, %v", len(entries), err)
	}
	return entries[0]
}

func (s *stage) mails() int {
	files, _ := filepath.Glob(filepath.Join(s.dir, "sent", "new", "*"))
	return len(files)
}

// diesWithUs holds the other half of C7: after kill -9 the browser is gone
// within five seconds; its files go at the next start.
func (s *stage) diesWithUs() {
	deadline := time.Now().Add(5 * time.Second)
	for len(browsers(s.runDir())) > 0 {
		if time.Now().After(deadline) {
			s.Fatalf("still running: %q", browsers(s.runDir()))
		}
		time.Sleep(50 * time.Millisecond) // other processes' ends send us no event
	}
}

func (s *stage) runDir() string { return filepath.Join(s.dir, "state", "run") }

// leavesNothing holds C7: nothing of a run outlives it by five seconds.
func (s *stage) leavesNothing() {
	if left := leftBehind(s.runDir()); len(left) > 0 {
		s.Errorf("left behind: %q", left)
	}
}

// C2, C7, C10, C12, C26: the worker is killed at each transition of the ledger
// and the mail delivered again. There is one ad, with a real browser as in
// TestProtocol with a scripted site; where the flow cannot list the account's
// ads, a person is asked.
func TestCrashAtEachTransition(t *testing.T) {
	for _, c := range []struct {
		fault string
		at    string
		blind bool // the flow does not list
		ads   int  // in the end
		ended ledger.State
		mails int
	}{
		{"", "before claimed", false, 1, ledger.Posted, 1},
		{"", "after claimed", false, 1, ledger.Posted, 1},
		{"", "before in doubt", false, 1, ledger.Posted, 1},
		{"", "after in doubt", false, 1, ledger.Posted, 1}, // not clicked
		{"", "before posted", false, 1, ledger.Posted, 1},  // clicked
		{"", "after posted", false, 1, ledger.Posted, 1},
		{"", "before answered", false, 1, ledger.Posted, 2}, // at least one receipt
		{"", "after answered", false, 1, ledger.Posted, 1},
		{"captcha", "before none", false, 1, ledger.Posted, 1},
		{"captcha", "after none", false, 1, ledger.Posted, 1},
		{"answer-lost", "before posted", false, 1, ledger.Posted, 1},
		{"", "after in doubt", true, 0, ledger.Held, 2}, // nobody can know: sender and owner hear of it
		{"", "before posted", true, 1, ledger.Held, 2},
		{"answer-lost", "before held", true, 1, ledger.Held, 3}, // the sender twice: told at least once
		{"answer-lost", "after held", true, 1, ledger.Held, 2},
	} {
		t.Run(fmt.Sprintf("%s %s %v", c.fault, c.at, c.blind), func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			if c.blind {
				s.setRule("fakesite.yaml", "unlisted.yaml")
			}
			if err := s.site.SetFault(c.fault); err != nil {
				t.Fatal(err)
			}
			if code, out := s.deliver("TEST_CRASH_AT=" + c.at); code != exitLater || !strings.HasPrefix(out, "4.3.0 ") || strings.Count(out, "\n") != 1 {
				t.Errorf("crashed: exit %d, %q", code, out)
			}
			if err := s.site.SetFault(""); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if code, out := s.deliver(); code != exitDone || out != "" {
					t.Errorf("delivered again: exit %d, %q", code, out)
				}
			}
			if got := len(s.site.Ads()); got != c.ads {
				t.Errorf("%d ads, want %d", got, c.ads)
			}
			if e := s.entry(); e.Ended != c.ended || e.State != ledger.Answered && e.State != ledger.Held {
				t.Errorf("ledger: %s, ended %s; want %s", e.State, e.Ended, c.ended)
			}
			if got := s.mails(); got != c.mails {
				t.Errorf("%d mails sent, want %d", got, c.mails)
			}
		})
	}
}

// C2, C4: a panic in any goroutine of the worker is 75 and one line that says
// nothing of it; the log does.
func TestPanic(t *testing.T) {
	s := newStage(t)
	code, out := s.deliver("TEST_CRASH_AT=panic after claimed")
	if code != exitLater || out != "4.3.0 The message could not be handled now; it will be tried again.\n" {
		t.Errorf("exit %d, %q", code, out)
	}
	log, err := os.ReadFile(filepath.Join(s.dir, "state", "mailapp.log"))
	if err != nil || !bytes.Contains(log, []byte("panic: a panic that holds")) {
		t.Errorf("the log says %s, %v", log, err)
	}
}

// C2, C7: kill -9 and signals to the parent in the middle of a post.
func TestParentIsEnded(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGALRM, syscall.SIGHUP, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			if err := s.site.SetFault("slow"); err != nil {
				t.Fatal(err)
			}
			c := s.command()
			var out bytes.Buffer
			c.Stderr = &out
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			s.waitForBrowser()
			if err := c.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = c.Wait()
			if sig != syscall.SIGKILL && (c.ProcessState.ExitCode() != exitLater || !strings.HasPrefix(out.String(), "4.3.0 ")) {
				t.Errorf("%v, %q", c.ProcessState, out.String())
			}
			s.diesWithUs()
			if err := s.site.SetFault(""); err != nil {
				t.Fatal(err)
			}
			if code, out := s.deliver(); code != exitDone {
				t.Errorf("delivered again: exit %d, %q", code, out)
			}
			if got := len(s.site.Ads()); got != 1 {
				t.Errorf("%d ads", got)
			}
		})
	}
}

// waitForBrowser returns once a browser of this stage is running.
func (s *stage) waitForBrowser() {
	deadline := time.Now().Add(30 * time.Second)
	for len(browsers(s.runDir())) == 0 {
		if time.Now().After(deadline) {
			s.Fatal("no browser was started")
		}
		time.Sleep(20 * time.Millisecond) // it tells us nothing
	}
}

// C6: when the deadline strikes, the browser is gone and the mail is tried
// again; nothing was posted.
func TestDeadline(t *testing.T) {
	s := newStage(t)
	s.site.Delay = time.Minute
	if err := s.site.SetFault("slow"); err != nil {
		t.Fatal(err)
	}
	s.setDeadline("8s")
	began := time.Now()
	code, out := s.deliver()
	if code != exitLater || !strings.HasPrefix(out, "4.3.0 ") {
		t.Errorf("exit %d, %q", code, out)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	if got := len(s.site.Ads()); got != 0 {
		t.Errorf("%d ads", got)
	}
}

// C6: past the point of no return, the deadline leaves the job in doubt, and the
// next delivery finds the ad; where the flow cannot list, it is held at once, and
// the exit code is 0.
func TestDeadlineAfterPublish(t *testing.T) {
	for _, c := range []struct {
		flow  string
		code  int
		state ledger.State
		ended ledger.State
	}{
		{"fakesite.yaml", exitLater, ledger.Doubt, ledger.Posted},
		{"unlisted.yaml", exitDone, ledger.Held, ledger.Held},
	} {
		t.Run(c.flow, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.silent = true
			s.setRule("fakesite.yaml", c.flow)
			s.setDeadline("8s")
			if code, out := s.deliver(); code != c.code {
				t.Errorf("exit %d, %q", code, out)
			}
			if e := s.entry(); e.State != c.state {
				t.Errorf("the job is %s", e.State)
			}
			if code, out := s.deliver(); code != exitDone || out != "" {
				t.Errorf("delivered again: exit %d, %q", code, out)
			}
			if e := s.entry(); e.Ended != c.ended || len(s.site.Ads()) != 1 || s.mails() != 2 { // one to the sender, one to the owner
				t.Errorf("the job ended %s, %d ads, %d mails", e.Ended, len(s.site.Ads()), s.mails())
			}
		})
	}
}

func (s *stage) setDeadline(limit string) { s.setRule("\nstate:", "\ndeadline: "+limit+"\nstate:") }

// setRule replaces a text in the rules.
func (s *stage) setRule(old, new string) {
	s.Helper()
	path := filepath.Join(s.dir, "rules.yaml")
	data, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(data, []byte(old)) {
		s.Fatalf("the rules have no %q: %v", old, err)
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(data, []byte(old), []byte(new)), 0o600); err != nil {
		s.Fatal(err)
	}
}

// The same for what the site refuses: refused it stays, whatever dies, and the
// mail server is told at each delivery.
func TestCrashAroundRejected(t *testing.T) {
	for _, at := range []string{"before rejected", "after rejected"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			if err := s.site.SetFault("price-required"); err != nil {
				t.Fatal(err)
			}
			mail := "From: fred@example.org\nSubject: A lamp\nMessage-ID: <lamp@example.org>\n\nx\n"
			if err := os.WriteFile(filepath.Join(s.dir, "sofa.eml"), []byte(mail), 0o600); err != nil {
				t.Fatal(err)
			}
			if code, out := s.deliver("TEST_CRASH_AT=" + at); code != exitLater {
				t.Errorf("crashed: exit %d, %q", code, out)
			}
			for range 2 {
				if code, out := s.deliver(); code != exitData || !strings.Contains(out, "Price required") {
					t.Errorf("delivered again: exit %d, %q", code, out)
				}
			}
			if e := s.entry(); e.State != ledger.Rejected || len(s.site.Ads()) != 0 {
				t.Errorf("the job is %s, %d ads", e.State, len(s.site.Ads()))
			}
		})
	}
}
