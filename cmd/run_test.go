package cmd

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bare is mailapp with a rules.yaml and no site behind it.
func bare(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	if err := setUpFiles(dir, "http://127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("mailapp", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "HOME="+dir, "MAILAPP_RULES="+filepath.Join(dir, "rules.yaml"))
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	return c, &out
}

// C5: however early the decision, a feeder of 20 MB is never cut off.
func TestStandardInputIsReadToItsEnd(t *testing.T) {
	const header = "From: fred@example.org\nSubject: Make money fast\n\n"
	for name, d := range map[string]struct {
		code int
		args []string
	}{
		"a rule on the subject": {exitDenied, []string{"run"}},
		"an unknown flag":       {exitLater, []string{"run", "--nonsense"}},
		"an argument":           {exitLater, []string{"run", "nonsense"}},
		"no rules":              {exitLater, []string{"run", "--rules=/nowhere/rules.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, out := bare(t, d.args...)
			in, err := c.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			body := io.MultiReader(strings.NewReader(header), io.LimitReader(letters{}, 20<<20))
			if _, err := io.Copy(in, body); err != nil {
				t.Errorf("the feeder got %v", err)
			}
			in.Close()
			_ = c.Wait()
			if code := c.ProcessState.ExitCode(); code != d.code {
				t.Errorf("exit %d, not %d: %s", code, d.code, out)
			}
		})
	}
}

// C5: what a later reader of the same file, or pipe, finds of the message is
// nothing.
func TestDrain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mail")
	if err := os.WriteFile(file, bytes.Repeat([]byte("x"), 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	plain, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	for name, in := range map[string]io.Reader{"file": plain, "pipe": io.LimitReader(letters{}, 1<<20)} {
		drain(in)
		if n, err := in.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("%s: %d bytes left, %v", name, n, err)
		}
	}
}

// letters is an endless text.
type letters struct{}

var someLetters = bytes.Repeat([]byte(strings.Repeat("x", 69)+"\n"), 1000)

func (letters) Read(p []byte) (int, error) { return copy(p, someLetters), nil }

// C24: over the limit it is 65 and names the limit, without a body in memory.
func TestTooLarge(t *testing.T) {
	c, out := bare(t, "run", "--recipient=fred_fairground@example.org", "--sasl-user=fred")
	c.Stdin = io.MultiReader(strings.NewReader("From: fred@example.org\nSubject: x\n\n"), io.LimitReader(letters{}, 60<<20))
	err := c.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitData || !strings.Contains(out.String(), "larger than 50 MB") {
		t.Errorf("%v: %s", err, out)
	}
	if peak := c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss; peak > 100<<10 && !raceEnabled {
		t.Errorf("peak memory %d kB", peak)
	}
}

// waitForFile returns once the file is there.
func waitForFile(t *testing.T, path string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond) // it tells us nothing
	}
	t.Fatalf("there is no %s", path)
}

// C6: a message that does not end is given up at the deadline.
func TestDeadlineWhileReading(t *testing.T) {
	c, out := bare(t, "run")
	data, err := os.ReadFile(filepath.Join(c.Dir, "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.Dir, "rules.yaml"), append([]byte("deadline: 1s\n"), data...), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	_ = c.Run()
	if code := c.ProcessState.ExitCode(); code != exitLater || !strings.HasPrefix(out.String(), "4.3.0 ") {
		t.Errorf("exit %d, %q", code, out)
	}
}

// C2: nobody listens any more, and still it is 75.
func TestNobodyListens(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	c, _ := bare(t, "run", "--nonsense")
	c.Stdout, c.Stderr = w, w
	_ = c.Run()
	w.Close()
	if code := c.ProcessState.ExitCode(); code != exitLater {
		t.Errorf("%v", c.ProcessState)
	}
}
