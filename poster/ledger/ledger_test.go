package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailapp/poster/ledger/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main{M: m}.Run()) }

// onBoth runs the test once for each database, on a ledger of its own at where.
func onBoth(t *testing.T, test func(t *testing.T, where string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, inMemory(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, inPostgresServer(t)) })
}

// inMemory is a directory for files that need not outlive the power: a ledger
// syncs each of its transitions, for which a busy disk takes its time.
func inMemory(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "mailapp-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

var schemas atomic.Int64

// inPostgresServer gives a new place for a ledger. Under make test there must be
// a server.
func inPostgresServer(t *testing.T) string {
	t.Helper()
	server, err := pgtest.Shared()
	if errors.Is(err, pgtest.ErrMissing) && os.Getenv("MAILAPP_TEST_ALL") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return server.URL(fmt.Sprintf("test_%d", schemas.Add(1)))
}

func open(t *testing.T, where string) *Ledger {
	t.Helper()
	l, err := Open(context.Background(), where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func claim(t *testing.T, l *Ledger, key string) *Claim {
	t.Helper()
	c, err := l.Claim(context.Background(), Job{Key: key, Rule: "ads", Sender: "fred@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// C9: what is over is found over, whatever opens the ledger next.
func TestStory(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx := context.Background()
		l := open(t, where)
		c := claim(t, l, "k1")
		if c.State != Claimed || c.Attempts != 1 {
			t.Fatalf("claimed: %+v", c.Entry)
		}
		for _, step := range []func() error{
			func() error { return c.Doubt(ctx, nil) },
			func() error { return c.Settle(ctx, Posted, Result{URL: "https://x/1", Number: "1"}) },
			func() error { return c.Answer(ctx) },
		} {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
		c.Close()
		l.Close()

		again := claim(t, open(t, where), "k1")
		if again.State != Answered || again.Ended != Posted || again.URL != "https://x/1" || again.Number != "1" {
			t.Fatalf("after reopening: %+v", again.Entry)
		}
	})
}

func TestTransitions(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx := context.Background()
		moves := map[State]func(*Claim) error{
			Doubt:    func(c *Claim) error { return c.Doubt(ctx, nil) },
			None:     func(c *Claim) error { return c.Release(ctx) },
			Posted:   func(c *Claim) error { return c.Settle(ctx, Posted, Result{}) },
			Held:     func(c *Claim) error { return c.Settle(ctx, Held, Result{}) },
			Rejected: func(c *Claim) error { return c.Settle(ctx, Rejected, Result{}) },
			Answered: func(c *Claim) error { return c.Answer(ctx) },
		}
		allowed := map[State][]State{
			None:     {Posted, Held, Rejected, Answered},
			Claimed:  {Doubt, None, Posted, Held, Rejected, Answered},
			Doubt:    {None, Posted, Held, Rejected, Answered},
			Posted:   {Answered},
			Rejected: {Answered},
			Held:     {Answered, Posted, Held, Rejected},
			Answered: {},
		}
		reach := map[State][]State{
			None: {None}, Claimed: {}, Doubt: {Doubt}, Posted: {Posted}, Rejected: {Rejected}, Held: {Held}, Answered: {Posted, Answered},
		}
		l := open(t, where)
		for from, to := range allowed {
			for target, move := range moves {
				key := fmt.Sprint(from, " to ", target)
				c := claim(t, l, key)
				for _, s := range reach[from] {
					if err := moves[s](c); err != nil {
						t.Fatal(err)
					}
				}
				err := move(c)
				if want := contains(to, target); want != (err == nil) {
					t.Errorf("%s → %s: %v, want allowed: %v", from, target, err, want)
				}
				if stored, _ := l.Find(ctx, key); stored.State != c.State {
					t.Errorf("%s → %s: stored %q, claim says %q", from, target, stored.State, c.State)
				}
			}
		}
	})
}

// Only by a person's word is there another click, as what the mail is by then. What
// comes to nothing is as it was.
func TestRedo(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := context.Background(), open(t, where)
		was := Job{Key: "k", Mail: "m", Rule: "ads", Sender: "unproven:fred@example.org", Account: "fred", Title: "sofa"}
		now := Job{Key: "another", Mail: "n", Rule: "new", App: "y", Person: "fred", Sender: "fred@example.org", Recipient: "r",
			MessageID: "<1>", References: "<0>", Subject: "Couch", Account: "ann", Title: "couch"}
		c, err := l.Claim(ctx, was)
		if err == nil {
			err = errors.Join(c.Doubt(ctx, []Ad{{URL: "https://x/1"}}), c.Settle(ctx, Held, Result{Said: "why"}))
		}
		if err != nil {
			t.Fatal(err)
		}
		is := func(what string, state State, job Job, before int, again bool) {
			t.Helper()
			e, err := l.Find(ctx, "k")
			job.Key = "k"
			if err != nil || e.State != state || e.Job != job || len(e.Before) != before || e.Said != "why" || e.Published.IsZero() {
				t.Errorf("%s: %+v, %v", what, e, err)
			}
			if err := c.Doubt(ctx, nil); (err == nil) != again {
				t.Errorf("%s: clicked again: %v", what, err)
			}
		}
		is("held", Held, was, 1, false)
		c.Redo(now)
		is("before the click", Held, was, 1, true)
		is("in doubt", Doubt, now, 0, true)
		if err := c.Release(ctx); err != nil {
			t.Fatal(err)
		}
		is("released", Held, was, 1, false)
		c.Redo(now)
		is("once more", Held, was, 1, true)
		c.Close()
		if c, err = l.Take(ctx, "k"); err != nil {
			t.Fatal(err)
		}
		is("taken over in doubt", Doubt, now, 0, false)
		c.Close()
	})
}

func contains(list []State, s State) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func TestReleasedIsClaimedAnew(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := context.Background(), open(t, where)
		c := claim(t, l, "k")
		if err := c.Release(ctx); err != nil {
			t.Fatal(err)
		}
		c.Close()
		if c = claim(t, l, "k"); c.State != Claimed || c.Attempts != 2 {
			t.Fatalf("%+v", c.Entry)
		}
	})
}

// A claim that was overtaken cannot write: the fence is the number of claims.
func TestFence(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := context.Background(), open(t, where)
		old := claim(t, l, "k")
		l.backend.drop("k") // as if the lock of a dead process had been dropped
		young := claim(t, l, "k")
		if err := old.Doubt(ctx, nil); !errors.Is(err, ErrFenced) {
			t.Fatalf("overtaken claim: %v", err)
		}
		if err := young.Doubt(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if err := young.Holds(ctx); err != nil {
			t.Error(err)
		}
		if err := old.Holds(ctx); !errors.Is(err, ErrFenced) {
			t.Errorf("overtaken claim: %v", err)
		}
	})
}

func TestBusyInOneProcess(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		l := open(t, where)
		c := claim(t, l, "k")
		if _, err := l.Claim(context.Background(), Job{Key: "k"}); !errors.Is(err, ErrBusy) {
			t.Fatalf("second claim: %v", err)
		}
		claim(t, l, "other").Close()
		c.Close()
		claim(t, l, "k")
	})
}

func TestLock(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		l := open(t, where)
		unlock, err := l.Lock("a")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Lock("a"); !errors.Is(err, ErrBusy) {
			t.Errorf("locked twice: %v", err)
		}
		if other, err := l.Lock("b"); err != nil {
			t.Error(err)
		} else {
			other()
		}
		unlock()
		if _, err := l.Lock("a"); err != nil {
			t.Errorf("after it was unlocked: %v", err)
		}
	})
}

// A claim ends with its process, however that dies, and not before.
func TestBusyOverProcesses(t *testing.T) {
	if where := os.Getenv("LEDGER_CHILD"); where != "" {
		l, err := Open(context.Background(), where)
		if err != nil {
			os.Exit(1)
		}
		if _, err := l.Claim(context.Background(), Job{Key: "k"}); err != nil {
			os.Exit(2)
		}
		os.Stdout.WriteString("claimed\n")
		time.Sleep(time.Hour) // until it is killed; for ever would be a deadlock, which ends it
	}
	onBoth(t, func(t *testing.T, where string) {
		child := exec.Command(os.Args[0], "-test.run=^TestBusyOverProcesses$")
		child.Env = append(os.Environ(), "LEDGER_CHILD="+where)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		defer child.Process.Kill()
		if _, err := out.Read(make([]byte, 8)); err != nil {
			t.Fatal(err)
		}
		l := open(t, where)
		if _, err := l.Claim(context.Background(), Job{Key: "k"}); !errors.Is(err, ErrBusy) {
			t.Fatalf("while the child lives: %v", err)
		}
		child.Process.Kill()
		child.Wait()
		if c := claimSoon(t, l, "k"); c.State != Claimed || c.Attempts != 2 {
			t.Fatalf("after the child died: %+v", c.Entry)
		}
	})
}

// claimSoon claims the job of a process that has just died. PostgreSQL takes a
// moment to notice.
func claimSoon(t *testing.T, l *Ledger, key string) *Claim {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		c, err := l.Claim(context.Background(), Job{Key: key})
		if err == nil {
			t.Cleanup(c.Close)
			return c
		}
		if !errors.Is(err, ErrBusy) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := context.Background(), open(t, where)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				c, err := l.Claim(ctx, Job{Key: string(rune('a' + i))})
				if err != nil {
					t.Errorf("claim: %v", err)
					return
				}
				defer c.Close()
				if err := errors.Join(c.Doubt(ctx, nil), c.Settle(ctx, Posted, Result{})); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if entries, err := l.List(ctx, Posted); err != nil || len(entries) != 8 {
			t.Fatalf("%d posted, %v", len(entries), err)
		}
	})
}

// What is held is kept first; what a person has closed stays closed.
func TestHold(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := context.Background(), open(t, where)
		kept := 0
		keep := func() error { kept++; return nil }
		if err := l.Hold(ctx, Job{Key: "k"}, "why", func() error { return errors.New("disk full") }); err == nil {
			t.Error("held although the mail could not be kept")
		}
		for range 2 {
			if err := l.Hold(ctx, Job{Key: "k"}, "why", keep); err != nil {
				t.Error(err)
			}
		}
		e, err := l.Find(ctx, "k")
		if err != nil || e.State != Held || e.Said != "why" || kept != 1 {
			t.Errorf("%+v, %v, kept %d times", e, err, kept)
		}
		c, err := l.Take(ctx, "k")
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Answer(ctx); err != nil {
			t.Fatal(err)
		}
		c.Close()
		if err := l.Hold(ctx, Job{Key: "k"}, "why", keep); err != nil || kept != 1 {
			t.Errorf("after it was closed: %v, kept %d times", err, kept)
		}
	})
}

func TestFind(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := context.Background(), open(t, where)
		claim(t, l, "abc1")
		claim(t, l, "abd2")
		if e, err := l.Find(ctx, "abc"); err != nil || e.Key != "abc1" {
			t.Errorf("abc: %v, %v", e.Key, err)
		}
		if _, err := l.Find(ctx, "ab"); err == nil || errors.Is(err, ErrUnknown) {
			t.Errorf("ambiguous: %v", err)
		}
		for _, id := range []string{"", "x"} {
			if _, err := l.Find(ctx, id); !errors.Is(err, ErrUnknown) {
				t.Errorf("%q: %v", id, err)
			}
		}
	})
}

// C12: a ledger that cannot be trusted is an error before anything is done.
func TestBroken(t *testing.T) {
	ctx := context.Background()
	t.Run("corrupt", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "ledger.sqlite"), []byte("this is no database, not at all"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(ctx, dir); err == nil || !strings.Contains(err.Error(), "ledger.sqlite is damaged") {
			t.Errorf("a corrupt ledger: %v", err)
		}
	})
	t.Run("dir is a file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(ctx, path); err == nil {
			t.Error("opened")
		}
	})
	onBoth(t, func(t *testing.T, where string) {
		l := open(t, where)
		c := claim(t, l, "k")
		l.db.Close()
		if err := c.Doubt(ctx, nil); err == nil || c.State != Claimed {
			t.Errorf("a transition that cannot be stored: state %q, %v", c.State, err)
		}
	})
}

func TestPrivateFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	open(t, dir)
	for _, name := range []string{"", "ledger.sqlite", "ledger.lock"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%q: %v, %v", name, info.Mode(), err)
		}
	}
}

func BenchmarkClaimToAnswered(b *testing.B) {
	ctx := context.Background()
	l, err := Open(ctx, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for i := 0; b.Loop(); i++ {
		c, err := l.Claim(ctx, Job{Key: time.Now().String()})
		if err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(c.Doubt(ctx, nil), c.Settle(ctx, Posted, Result{}), c.Answer(ctx)); err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}
