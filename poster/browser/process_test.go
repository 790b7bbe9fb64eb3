package browser

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailapp/poster/flow"
)

// traces is what one run leaves behind while it lasts.
type traces struct {
	dir  string
	pids []int
}

// record gives a browser that notes its traces once it is up.
func (tr *traces) record(b Browser) Browser {
	b.started = func(dir string, pid int) { tr.dir, tr.pids = dir, []int{pid} }
	return b
}

// more notes the processes that the browser has started meanwhile.
func (tr *traces) more() {
	for _, c := range descendants(tr.pids[0]) {
		tr.pids = append(tr.pids, c.pid)
	}
}

// running gives the processes that are still there and are Chromium's: a
// process that is dead and only not yet collected by its new parent is gone.
func (tr *traces) running() []string {
	var left []string
	for _, pid := range tr.pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err == nil && strings.Contains(string(stat), "(c") && !strings.Contains(string(stat), ") Z ") {
			left = append(left, strings.TrimSpace(string(stat)))
		}
	}
	return left
}

func (tr *traces) mustBeGone(t *testing.T) {
	t.Helper()
	if len(tr.pids) < 3 {
		t.Errorf("only the processes %v were seen", tr.pids)
	}
	// The kernel may still be at tidying up what is dead.
	eventually(t, time.Second, "all processes are gone", func() bool { return len(tr.running()) == 0 })
	if _, err := os.Stat(tr.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the run directory is left: %v", err)
	}
}

// C7: after Run, however it ends, neither processes nor files are left.
func TestNothingIsLeft(t *testing.T) {
	chromium(t)
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("processes are counted by /proc")
	}
	tests := []struct {
		name, html, steps string
		limit             time.Duration // of the caller's context
		cancel            bool          // when the page is there
		want              error
	}{
		{name: "success", html: "<p>there</p>", steps: "- expect: there"},
		{name: "failure", html: "<p>there</p>", steps: "- expect: elsewhere"},
		{name: "deadline", html: "<p>there</p>", steps: "- expect: elsewhere", limit: 2 * time.Second, want: context.DeadlineExceeded}, // C6
		{name: "cancel", html: "<p>there</p>", steps: "- expect: elsewhere", cancel: true, want: context.Canceled},
		{name: "page in a loop", html: "<script>for (;;);</script>", steps: "- expect: there", limit: 2 * time.Second, want: context.DeadlineExceeded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var tr traces
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tt.limit > 0 {
				ctx, cancel = context.WithTimeout(ctx, tt.limit)
				defer cancel()
			}
			srv := site(t, map[string]page{"/": {html: tt.html}})
			trial := trial{browser: tr.record(Browser{}), limit: "20s", steps: tt.steps}
			if tt.name == "failure" {
				trial.limit = "500ms"
			}
			f := trial.flow(t)
			begun := time.Now()
			_, err := trial.browser.Run(ctx, flow.Task{Flow: f, Values: map[string]string{"site": srv.URL}, Progress: func(e flow.Event) {
				tr.more()
				if e.Step == 2 && tt.cancel {
					time.AfterFunc(100*time.Millisecond, cancel)
				}
			}})
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if d := time.Since(begun); d > 5*time.Second {
				t.Errorf("took %v", d)
			}
			tr.mustBeGone(t)
		})
	}
}

// runUntilKilled is another process's main: a run that says what it has
// started, and then hangs.
func runUntilKilled(url, dir string) {
	var tr traces
	b := tr.record(Browser{Dir: dir})
	f, err := flow.Parse("f", []byte("origins: ['{{site}}']\nstep-limit: 1m\nsteps: [open: '{{site}}/', expect: never]"))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = b.Run(context.Background(), flow.Task{Flow: f, Values: map[string]string{"site": url}, Progress: func(e flow.Event) {
		if e.Step == 2 {
			tr.more()
			fmt.Println(tr.dir, strings.Trim(fmt.Sprint(tr.pids), "[]"))
		}
	}})
	fmt.Println(err)
}

// C7: kill -9 takes the browser along; the files go at the next start.
func TestKilled(t *testing.T) {
	chromium(t)
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("processes are counted by /proc")
	}
	srv := site(t, map[string]page{"/": {html: "<p>there</p>"}})
	dir := t.TempDir()
	tr := startAndKill(t, srv, dir)
	eventually(t, 5*time.Second, "all processes are gone", func() bool { return len(tr.running()) == 0 })
	if _, err := os.Stat(tr.dir); err != nil {
		t.Fatalf("the test expects files to sweep: %v", err)
	}
	if err := Sweep(dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(tr.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the run directory is left: %v", err)
	}
}

// startAndKill runs this test binary as a helper that runs a browser, kills it
// and tells what it had started.
func startAndKill(t *testing.T, srv *httptest.Server, dir string) *traces {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "MAILAPP_TEST_RUN="+srv.URL, "MAILAPP_TEST_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	line, err := bufio.NewReader(out).ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) < 4 {
		t.Fatalf("the helper said %q, %v", line, err)
	}
	tr := &traces{dir: words[0]}
	for _, w := range words[1:] {
		var pid int
		if _, err := fmt.Sscan(w, &pid); err != nil {
			t.Fatalf("the helper said %q", line)
		}
		tr.pids = append(tr.pids, pid)
	}
	if len(tr.running()) != len(tr.pids) {
		t.Fatalf("of %v there are running only %v", tr.pids, tr.running())
	}
	return tr
}

// C7: the browser holds none of our fds 0 to 2, nor any other that we have.
func TestInheritsNothing(t *testing.T) {
	chromium(t)
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("fds are listed by /proc")
	}
	secret, err := os.CreateTemp(t.TempDir(), "ours")
	if err != nil {
		t.Fatal(err)
	}
	defer secret.Close()
	var tr traces
	srv := site(t, map[string]page{"/": {html: "<p>there</p>"}})
	b := tr.record(Browser{Dir: t.TempDir()})
	f := trial{steps: "- expect: there"}.flow(t)
	_, err = b.Run(t.Context(), flow.Task{Flow: f, Values: map[string]string{"site": srv.URL}, Progress: func(flow.Event) {
		tr.more()
		for _, pid := range tr.pids {
			checkFiles(t, pid, secret.Name())
		}
	}})
	if err != nil {
		t.Error(err)
	}
}

func checkFiles(t *testing.T, pid int, secret string) {
	t.Helper()
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		theirs, err := os.Readlink(fd)
		if err != nil {
			continue
		}
		if theirs == secret {
			t.Errorf("process %d holds %s", pid, theirs)
		}
		for ours := range 3 {
			link, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", ours))
			if err == nil && link == theirs && link != os.DevNull {
				t.Errorf("process %d holds our %d as %s", pid, ours, filepath.Base(fd))
			}
		}
	}
}
