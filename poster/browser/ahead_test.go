package browser

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// C7: a browser that was started ahead is the next run's, and no other's; what
// no run has taken is gone.
func TestAhead(t *testing.T) {
	chromium(t)
	t.Parallel()
	s, srv := fairground(t, "")
	var pids []int
	var dirs []string
	b := &Browser{Dir: t.TempDir(), Most: 1, Slots: t.TempDir(), started: func(dir string, pid int) {
		dirs, pids = append(dirs, dir), append(pids, pid)
	}}
	end := b.Ahead(t.Context())
	for n := 1; n <= 2; n++ {
		if _, err := b.Run(t.Context(), fairgroundTask(t, srv.URL)); err != nil || len(pids) != n || len(s.Ads()) != n {
			t.Fatalf("run %d: %v, %d browsers, %d ads", n, err, len(pids), len(s.Ads()))
		}
	}
	mustEnd(t, end)

	end = b.Ahead(t.Context())
	for until := time.Now().Add(20 * time.Second); len(b.ahead) == 0 && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond)
	}
	mustEnd(t, end)
	if len(pids) != 3 {
		t.Fatalf("%d browsers were started, not 3", len(pids))
	}
	for i, pid := range pids {
		until := time.Now().Add(5 * time.Second)
		for unix.Kill(pid, 0) == nil && time.Now().Before(until) { // it may be gone, and not yet waited for
			time.Sleep(10 * time.Millisecond)
		}
		if unix.Kill(pid, 0) == nil {
			t.Errorf("process %d is alive", pid)
		}
		if _, err := os.Stat(dirs[i]); err == nil {
			t.Errorf("%s is still there", dirs[i])
		}
	}
}

func mustEnd(t *testing.T, end func() error) {
	t.Helper()
	if err := end(); err != nil {
		t.Error(err)
	}
}
