package browser

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	held, err := lockedDir(dir, RunPrefix(dir))
	if err != nil {
		t.Fatal(err)
	}
	stale, err := lockedDir(dir, RunPrefix(dir))
	if err != nil {
		t.Fatal(err)
	}
	stale.lock.Close() // as when its process dies
	unlocked := filepath.Join(dir, RunPrefix(dir)+"half-made")
	foreign := filepath.Join(dir, "something-else")
	for _, d := range []string{unlocked, foreign, filepath.Join(stale.path, "profile")} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	fresh := filepath.Join(dir, RunPrefix(dir)+"fresh")
	if err := os.Mkdir(fresh, 0o700); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * halfMade)
	if err := os.Chtimes(unlocked, old, old); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, RunPrefix(dir)+"link")
	if err := os.Symlink(foreign, link); err != nil {
		t.Fatal(err)
	}
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{held.path: true, foreign: true, link: true, fresh: true, stale.path: false, unlocked: false} {
		if _, err := os.Lstat(path); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", filepath.Base(path), err == nil, want)
		}
	}
	info, err := os.Stat(held.path)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := held.removeWithin(0); err != nil {
		t.Error(err)
	}
}

// A sweep at the very moment of making does not take a directory away from
// the run that makes it.
func TestSweepWhileMaking(t *testing.T) {
	dir := t.TempDir()
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for range 300 {
			Sweep(dir)
		}
	}()
	for made := 0; ; made++ {
		d, err := lockedDir(dir, RunPrefix(dir))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(d.path, lockName)); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Access(d.path, 0x2); err != nil {
			t.Fatal(err)
		}
		if err := d.removeWithin(0); err != nil {
			t.Fatal(err)
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}
