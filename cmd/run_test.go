package cmd

import (
	"bytes"
	"errors"
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
	for name, args := range map[string][]string{
		"a rule on the subject": {"run"},
		"an unknown flag":       {"run", "--nonsense"},
		"an argument":           {"run", "nonsense"},
		"no rules":              {"run", "--rules=/nowhere/rules.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			c, out := bare(t, args...)
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
			if code := c.ProcessState.ExitCode(); code != exitDenied && code != exitLater {
				t.Errorf("exit %d, %s", code, out)
			}
		})
	}
}

// letters is an endless text.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
		if i%70 == 69 {
			p[i] = '\n'
		}
	}
	return len(p), nil
}

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

// C2: a signal while the message is still being read, too, is 75.
func TestSignalWhileReading(t *testing.T) {
	c, out := bare(t, "run")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, "From: fred@example.org\n"); err != nil {
		t.Fatal(err)
	}
	waitUntilCaught(t, c.Process.Pid)
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != exitLater || !strings.HasPrefix(out.String(), "4.3.0 ") {
		t.Errorf("exit %d, %q", code, out)
	}
}

// waitUntilCaught returns once the process catches SIGTERM and ignores
// SIGPIPE, that is, once run is at work.
func waitUntilCaught(t *testing.T, pid int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if ignoresPipe(pid) {
			return
		}
		time.Sleep(10 * time.Millisecond) // it tells us nothing
	}
	t.Fatal("mailapp run does not get to work")
}

// ignoresPipe reads the mask of ignored signals; SIGPIPE is number 13.
func ignoresPipe(pid int) bool {
	data, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	for line := range strings.Lines(string(data)) {
		if mask, ok := strings.CutPrefix(line, "SigIgn:"); ok {
			mask = strings.TrimSpace(mask)
			return len(mask) >= 4 && strings.ContainsAny(mask[len(mask)-4:len(mask)-3], "13579bdf")
		}
	}
	return false
}
