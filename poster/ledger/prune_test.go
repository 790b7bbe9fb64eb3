package ledger

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// Only what is over goes, and what nothing has come of, once it is old enough, and
// unless somebody is at it.
func TestPrune(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := t.Context(), open(t, where)
		day := 24 * time.Hour
		for name, moves := range map[string][]func(*Claim) error{
			"claimed":  {},
			"at work":  {},
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
				if name != "at work" {
					c.Close()
				}
				if _, err := l.Arrived(ctx, Job{Key: age + "arrived"}); err != nil {
					t.Fatal(err)
				}
			}
		}
		ago := time.Now().Add(-500 * day)
		if _, err := l.db.Exec(`UPDATE job SET updated = ? WHERE key LIKE 'old %'`, ago.UnixMilli()); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(l.recordTold(ctx, "a@x", "why", ago), l.recordTold(ctx, "a@x", "why", time.Now())); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-400 * day)
		full := errors.New("disk full")
		if _, err := l.Prune(ctx, then, time.Now(), func(Job) error { return full }); !errors.Is(err, full) {
			t.Errorf("what could not be discarded: %v", err)
		}
		var discarded []string
		n, err := l.Prune(ctx, then, time.Now(), func(j Job) error { discarded = append(discarded, j.Key); return nil })
		slices.Sort(discarded)
		if err != nil || n != 5 || !slices.Equal(discarded, []string{"old answered", "old arrived", "old claimed", "old none", "old rejected"}) {
			t.Errorf("%d: %q, %v", n, discarded, err)
		}
		if left, err := l.List(ctx); err != nil || len(left) != 13 {
			t.Errorf("%d are left, %v", len(left), err)
		}
		if again := claim(t, l, "old arrived"); again.State != Claimed || again.Attempts != 1 {
			t.Errorf("what nothing had come of, when its mail comes again: %+v", again.Entry)
		}
		if found, err := l.OfMail(ctx, Job{Key: "old none"}, ""); err != nil || len(found) != 0 {
			t.Errorf("of what nothing had come of: %+v, %v", found, err)
		}
		for at, want := range map[time.Time]bool{ago: false, time.Now(): true} {
			if told, err := l.toldToday(ctx, "a@x", "why", at); told != want || err != nil {
				t.Errorf("told on %v: %t, %v", at, told, err)
			}
		}
	})
}

// What a pace looks back to stays. Of what goes, a name of the mail stays that
// says nothing, so that whoever brings the mail again, by whatever rule, finds it
// over.
func TestForgotten(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := t.Context(), open(t, where)
		ago := func(days int) time.Time { return time.Now().AddDate(0, 0, -days) }
		for key, mail := range map[string]string{"known": "m", "old": "", "paced": "p"} {
			c, err := l.Claim(ctx, Job{Key: key, Mail: mail, Sender: "fred@example.org", Title: "sofa", Account: "fred"})
			if err == nil {
				err = errors.Join(c.Doubt(ctx, nil), c.Settle(ctx, Posted, Result{URL: "https://x/1"}), c.Answer(ctx))
			}
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
		}
		for key, days := range map[string]int{"known": 90, "old": 90, "paced": 50} {
			at := ago(days).UnixMilli()
			if _, err := l.db.Exec(`UPDATE job SET updated = ?, published = ? WHERE key = ?`, at, at, key); err != nil {
				t.Fatal(err)
			}
		}
		for again := range 2 {
			n, err := l.Prune(ctx, ago(30), ago(60), func(Job) error { return nil })
			if err != nil || n != 2-2*again {
				t.Errorf("%d, %v", n, err)
			}
		}
		if wait, err := l.Pace(ctx, "fred", "sofa", Pace{SameTitle: 60 * 24 * time.Hour}, time.Now()); err != nil || wait.Until.IsZero() {
			t.Errorf("the pace: %+v, %v", wait, err)
		}
		for _, c := range []struct {
			job  Job
			want State
		}{
			{Job{Key: "known", Mail: "m"}, Forgotten}, {Job{Key: "by another rule", Mail: "m"}, Forgotten},
			{Job{Key: "old", Mail: "o"}, Forgotten}, {Job{Key: "paced", Mail: "p"}, Answered}, {Job{Key: "new", Mail: "n"}, ""}, {Job{Key: "new"}, ""},
		} {
			found, err := l.OfMail(ctx, c.job, "")
			if err != nil || len(found) > 1 || len(found) == 1 && found[0].State != c.want || len(found) == 0 && c.want != "" {
				t.Errorf("%+v: %+v, %v", c.job, found, err)
			}
		}
		var left string
		if err := l.db.QueryRow(`SELECT min(name) FROM forgotten WHERE since > ?`, ago(1).UnixMilli()).Scan(&left); err != nil || left != "m" {
			t.Errorf("%q, %v", left, err)
		}
	})
}

// Jobs of one mail go together: what is left of one must not stand in the way of
// another that waits for a person.
func TestPruneTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := t.Context(), open(t, where)
		for _, key := range []string{"a", "b", "other"} {
			c, err := l.Claim(ctx, Job{Key: key, Mail: map[bool]string{true: "o", false: "m"}[key == "other"]})
			if err == nil {
				err = c.Settle(ctx, Held, Result{})
			}
			if err == nil && key != "b" {
				err = c.Answer(ctx)
			}
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
		}
		soon := time.Now().Add(time.Hour)
		prune := func(want int) {
			t.Helper()
			n, err := l.Prune(ctx, soon, soon, func(Job) error { return nil })
			if err != nil || n != want {
				t.Errorf("%d jobs, %v", n, err)
			}
		}
		prune(1)
		if found, err := l.OfMail(ctx, Job{Key: "c", Mail: "m"}, ""); err != nil || len(found) != 2 {
			t.Errorf("%+v, %v", found, err)
		}
		c, err := l.Take(ctx, "b")
		if err == nil {
			err = c.Answer(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		prune(2)
		if found, err := l.OfMail(ctx, Job{Key: "c", Mail: "m"}, ""); err != nil || len(found) != 1 || found[0].State != Forgotten {
			t.Errorf("%+v, %v", found, err)
		}
	})
}
