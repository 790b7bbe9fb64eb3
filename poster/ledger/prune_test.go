package ledger

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// Only what is over goes, once it is old enough.
func TestPrune(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := t.Context(), open(t, where)
		day := 24 * time.Hour
		for name, moves := range map[string][]func(*Claim) error{
			"claimed":  {},
			"none":     {func(c *Claim) error { return c.Release(ctx) }},
			"doubt":    {func(c *Claim) error { return c.Doubt(ctx, nil) }},
			"posted":   {func(c *Claim) error { return c.Settle(ctx, Posted, Result{}) }},
			"held":     {func(c *Claim) error { return c.Settle(ctx, Held, Result{}) }},
			"rejected": {func(c *Claim) error { return c.Settle(ctx, Rejected, Result{}) }},
			"answered": {func(c *Claim) error { return c.Settle(ctx, Held, Result{}) }, func(c *Claim) error { return c.Answer(ctx) }},
		} {
			for _, age := range []string{"old ", "new "} {
				c := claim(t, l, age+name)
				for _, move := range moves {
					if err := move(c); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		ago := time.Now().Add(-500 * day)
		if _, err := l.db.Exec(`UPDATE job SET updated = ? WHERE key LIKE 'old %'`, ago.UnixMilli()); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(l.RecordTold(ctx, "a@x", "why", ago), l.RecordTold(ctx, "a@x", "why", time.Now())); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-400 * day)
		full := errors.New("disk full")
		if _, err := l.Prune(ctx, then, func(Job) error { return full }); !errors.Is(err, full) {
			t.Errorf("what could not be discarded: %v", err)
		}
		var discarded []string
		n, err := l.Prune(ctx, then, func(j Job) error { discarded = append(discarded, j.Key); return nil })
		slices.Sort(discarded)
		if err != nil || n != 2 || !slices.Equal(discarded, []string{"old answered", "old rejected"}) {
			t.Errorf("%d: %q, %v", n, discarded, err)
		}
		if left, err := l.List(ctx); err != nil || len(left) != 12 {
			t.Errorf("%d are left, %v", len(left), err)
		}
		for at, want := range map[time.Time]bool{ago: false, time.Now(): true} {
			if told, err := l.ToldToday(ctx, "a@x", "why", at); told != want || err != nil {
				t.Errorf("told on %v: %t, %v", at, told, err)
			}
		}
	})
}
