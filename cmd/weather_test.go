package cmd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A mail whose handling takes a while and needs no browser.
const (
	slowRules = "state: state\nowner: owner@example.org\nrules:\n" +
		"  - {name: all, do: keep, command: [sh, -c, 'echo >working; sleep 1; cat >kept']}\n"
	slowMail = "From: anna@example.org\nSubject: Hello\n\nHi.\n"
)

// slow is a run that takes its time, with rules that begin with settings.
func slow(t *testing.T, settings string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	c, out := bare(t, "run", "--sender=anna@example.org", "--recipient=any@example.org")
	writeFile(t, filepath.Join(c.Dir, "rules.yaml"), settings+slowRules)
	if err := allowRoot(c.Dir); err != nil {
		t.Fatal(err)
	}
	return c, out
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantLater holds C2 and C4: tried again, and one line that says so.
func wantLater(t *testing.T, c *exec.Cmd, out *bytes.Buffer) {
	t.Helper()
	if code := c.ProcessState.ExitCode(); code != exitLater || !strings.HasPrefix(out.String(), "4.3.0 ") || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("%v, %q", c.ProcessState, out)
	}
}

// endings are the signals that end programs, QUIT and ABRT the Go runtime with 2.
var endings = []syscall.Signal{syscall.SIGTERM, syscall.SIGALRM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGXCPU, syscall.SIGABRT}

// C2: a signal while the message is being read is 75, whether the message then
// ends or not: what was cut short by whoever ended us is not judged.
func TestSignalWhileReading(t *testing.T) {
	for _, sig := range endings {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			c, out := slow(t, "")
			in := start(t, c)
			waitForFile(t, filepath.Join(c.Dir, "state", "mailapp.log"))
			signalTo(t, c, sig)
			if sig != syscall.SIGTERM {
				time.Sleep(200 * time.Millisecond) // nothing shows that the signal was taken
				in.Close()
			}
			_ = c.Wait()
			wantLater(t, c, out)
		})
	}
}

// C2: a signal while the worker is at work, too.
func TestSignalWhileWorking(t *testing.T) {
	for _, sig := range endings {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			c, out := slow(t, "")
			feed(t, start(t, c))
			waitForFile(t, filepath.Join(c.Dir, "working"))
			signalTo(t, c, sig)
			_ = c.Wait()
			wantLater(t, c, out)
		})
	}
}

// Signals that do not mean to end us change nothing.
func TestOtherSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGPIPE, syscall.SIGXFSZ, syscall.SIGUSR1, syscall.SIGCHLD} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			c, out := slow(t, "")
			in := start(t, c)
			waitForFile(t, filepath.Join(c.Dir, "state", "mailapp.log"))
			signalTo(t, c, sig)
			feed(t, in)
			waitForFile(t, filepath.Join(c.Dir, "working"))
			signalTo(t, c, sig)
			err := c.Wait()
			kept, _ := os.ReadFile(filepath.Join(c.Dir, "kept"))
			if err != nil || out.Len() > 0 || string(kept) != slowMail {
				t.Errorf("%v, %q, kept %q", err, out, kept)
			}
		})
	}
}

// start starts a command and gives its standard input.
func start(t *testing.T, c *exec.Cmd) io.WriteCloser {
	t.Helper()
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return in
}

func signalTo(t *testing.T, c *exec.Cmd, sig syscall.Signal) {
	t.Helper()
	if err := c.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

func feed(t *testing.T, in io.WriteCloser) {
	t.Helper()
	if _, err := io.WriteString(in, slowMail); err != nil {
		t.Fatal(err)
	}
	in.Close()
}

// C2, C6: whatever happens to the worker is 75, and in time if it only stands
// still.
func TestWorkerIsEnded(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGSEGV, syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGSTOP} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			c, out := slow(t, "deadline: 3s\n")
			c.Stdin = strings.NewReader(slowMail)
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			waitForFile(t, filepath.Join(c.Dir, "working"))
			worker := childOf(t, c.Process.Pid)
			if err := syscall.Kill(worker, sig); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			_ = c.Wait()
			wantLater(t, c, out)
			if took := time.Since(began); took > 6*time.Second {
				t.Errorf("took %v", took)
			}
			if syscall.Kill(worker, 0) == nil {
				t.Error("the worker is alive")
			}
		})
	}
}

// childOf gives the one child of a process.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil || len(paths) == 0 {
		t.Skip("this system does not list the children of a process in /proc")
	}
	var children []string
	for _, path := range paths {
		data, _ := os.ReadFile(path) // a thread may have ended
		children = append(children, strings.Fields(string(data))...)
	}
	if len(children) != 1 {
		t.Fatalf("the children: %q", children)
	}
	child, err := strconv.Atoi(children[0])
	if err != nil {
		t.Fatal(err)
	}
	return child
}

// C2: a panic in a goroutine of the parent is 75: in the one that reads the
// mail, and in the one that hears the worker.
func TestPanicInTheParent(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "rules.yaml"), "state: state\nowner: owner@example.org\nrules: [{name: all, do: hold}]\n")
	if err := allowRoot(dir); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]delivery{
		"reading":   {in: panicking{}},
		"listening": {in: strings.NewReader(slowMail), progress: func(event) { panic("somebody watches who should not") }},
	} {
		d.rules = filepath.Join(dir, "rules.yaml")
		d.env = func(string) (string, bool) { return "", false }
		ctx, cancel := context.WithCancel(context.Background())
		if r := d.handle(ctx, cancel); r.Exit != exitLater || r.Error == "" {
			t.Errorf("%s: %+v", name, r)
		}
		cancel()
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("a mail that nobody should read") }

// C6: the time limit also holds while nobody takes what --filter writes.
func TestFilterIntoAPipeThatNobodyReads(t *testing.T) {
	c, out := bare(t, "run", "--filter", "--recipient=any@example.org")
	writeFile(t, filepath.Join(c.Dir, "rules.yaml"), "deadline: 2s\nstate: state\nowner: owner@example.org\nrules: [{name: all, do: drop}]\n")
	if err := allowRoot(c.Dir); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c.Stdin = io.MultiReader(strings.NewReader(slowMail), io.LimitReader(letters{}, 1<<20))
	c.Stdout = w
	err = c.Run()
	w.Close()
	if err == nil {
		t.Error("it ended well")
	}
	wantLater(t, c, out)
}
