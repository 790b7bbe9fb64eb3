package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailapp/poster/ledger"
)

// smallDisk mounts a file system of that size, in the words of tmpfs(5), on dir,
// and gives what makes room on it.
func smallDisk(t *testing.T, dir, size string) (grow func()) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=700,size="+size); err != nil {
		t.Skipf("no small file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return func() {
		t.Helper()
		if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=64m"); err != nil {
			t.Fatal(err)
		}
	}
}

// C12: wherever the disk becomes full, the mail is tried again and nothing is
// posted nor damaged; with room, it is posted.
func TestFullDisk(t *testing.T) {
	for _, size := range []string{"16k", "64k", "128k", "160k", "192k", "256k"} {
		t.Run(size, func(t *testing.T) {
			s := newStage(t)
			grow := smallDisk(t, filepath.Join(s.dir, "state"), size)
			code, out := s.deliver()
			switch posted := len(s.site.Ads()); {
			case code == exitDone && posted == 1:
			case code != exitLater || posted != 0 || !strings.HasPrefix(out, "4.3.0 ") || strings.Count(out, "\n") != 1:
				t.Errorf("full: exit %d, %q, %d ads", code, out, posted)
			}
			t.Logf("exit %d", code)
			grow()
			if code, out := s.deliver(); code != exitDone || out != "" {
				t.Errorf("with room: exit %d, %q", code, out)
			}
			if got := len(s.site.Ads()); got != 1 {
				t.Errorf("%d ads", got)
			}
			if e := s.entry(); e.State != ledger.Answered || e.Ended != ledger.Posted {
				t.Errorf("the job is %s, %s", e.State, e.Ended)
			}
		})
	}
}

// C32: a mail that is to be held is kept whole, or tried again.
func TestFullDiskWhileHolding(t *testing.T) {
	for _, size := range []string{"8k", "64k", "96k", "160k", "256k", "320k"} {
		t.Run(size, func(t *testing.T) {
			c, out := bare(t, "run", "--sender=anna@example.org", "--recipient=any@example.org")
			mail := slowMail + strings.Repeat(strings.Repeat("x", 69)+"\n", 1000)
			grow := smallDisk(t, filepath.Join(c.Dir, "state"), size)
			c.Stdin = strings.NewReader(mail)
			_ = c.Run()
			t.Logf("%v", c.ProcessState)
			if c.ProcessState.ExitCode() != exitDone {
				wantLater(t, c, out)
				grow()
				again, out := bare(t, c.Args[1:]...)
				again.Dir, again.Env, again.Stdin = c.Dir, c.Env, strings.NewReader(mail)
				if err := again.Run(); err != nil || out.Len() > 0 {
					t.Errorf("with room: %v, %q", err, out)
				}
			}
			kept, _ := filepath.Glob(filepath.Join(c.Dir, "state", "kept", "*.eml"))
			if len(kept) != 1 {
				t.Fatalf("kept: %q", kept)
			}
			if data, err := os.ReadFile(kept[0]); err != nil || string(data) != mail {
				t.Errorf("kept %d bytes of %d, %v", len(data), len(mail), err)
			}
		})
	}
}
