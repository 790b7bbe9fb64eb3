package ledger

import (
	"fmt"
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := t.Context(), open(t, where)
		publish := func(key, account, title string) {
			t.Helper()
			c, err := l.Claim(ctx, Job{Key: key, Account: account, Title: title})
			if err == nil {
				err = c.Doubt(ctx, []Ad{{"https://x/1", "A"}})
			}
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
		}
		now := time.Now()
		for i := range 3 {
			publish(fmt.Sprint(i), "fred", "lamp")
		}
		publish("other", "ann", "sofa")
		for _, c := range []struct {
			account, title string
			pace           Pace
			now            time.Time
			why            string
			wait           time.Duration
		}{
			{"fred", "x", Pace{}, now, "", 0},
			{"fred", "x", Pace{Every: time.Hour}, now, "one ad in 1h", time.Hour},
			{"fred", "x", Pace{Every: time.Hour}, now.Add(time.Hour + time.Second), "", 0},
			{"bob", "x", Pace{Every: time.Hour}, now, "", 0},
			{"fred", "x", Pace{PerDay: 4}, now, "", 0},
			{"fred", "x", Pace{PerDay: 3}, now, "3 ads in 24 hours", 24 * time.Hour},
			{"fred", "x", Pace{PerDay: 3}, now.Add(25 * time.Hour), "", 0},
			{"fred", "lamp", Pace{SameTitle: 48 * time.Hour, Every: time.Hour}, now, "the same title once in 48h", 48 * time.Hour},
			{"ann", "lamp", Pace{SameTitle: 48 * time.Hour}, now, "", 0},
			{"fred", "x", Pace{Every: time.Hour}, now.Add(-72 * time.Hour), "one ad in 1h", -71 * time.Hour}, // the clock was set back
		} {
			got, err := l.Pace(ctx, c.account, c.title, c.pace, c.now)
			if err != nil || got.Why != c.why {
				t.Errorf("%+v: %+v, %v", c, got, err)
			}
			if c.why != "" {
				if off := got.Until.Sub(now.Add(c.wait)); off < -time.Second || off > 5*time.Second {
					t.Errorf("%+v: until %v, off by %v", c, got.Until, off)
				}
			}
		}
	})
}

// What was not published after all counts for no pace; what is found again has
// what was there before it.
func TestPublishedAndBefore(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := t.Context(), open(t, where)
		for to, counts := range map[State]bool{Posted: true, Held: true, Rejected: false} {
			c := claim(t, l, string(to))
			if err := c.Doubt(ctx, []Ad{}); err != nil {
				t.Fatal(err)
			}
			if err := c.Settle(ctx, to, Result{}); err != nil {
				t.Fatal(err)
			}
			e, err := l.Find(ctx, string(to))
			if err != nil || e.Published.IsZero() == counts || e.Before == nil || c.Published.IsZero() == counts {
				t.Errorf("%s: %+v, %v", to, e, err)
			}
		}
		c := claim(t, l, "released")
		if err := c.Doubt(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if err := c.Release(ctx); err != nil || !c.Published.IsZero() || c.Before != nil {
			t.Errorf("released: %+v, %v", c.Entry, err)
		}
	})
}
