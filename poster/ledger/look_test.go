package ledger

import "testing"

// C10: what is surely absent begins anew, but not without end; who has lost the
// job counts nothing.
func TestAbsent(t *testing.T) { onBoth(t, testAbsent) }

func testAbsent(t *testing.T, where string) {
	ctx, l := t.Context(), open(t, where)
	for i := range 3 {
		c := claim(t, l, "a")
		if c.State == Claimed {
			if _, err := c.Absent(ctx, 2); err == nil {
				t.Error("absent without a click")
			}
			if err := c.Doubt(ctx, []Ad{}); err != nil {
				t.Fatal(err)
			}
		}
		again, err := c.Absent(ctx, 2)
		if err != nil || again != (i < 2) {
			t.Errorf("time %d: %v, %v", i+1, again, err)
		}
		if e, err := l.Find(ctx, "a"); err != nil || (e.State == None) != again || e.Published.IsZero() != again {
			t.Errorf("time %d: %+v, %v", i+1, e, err)
		}
		c.Close()
	}
}

func TestPublishedBy(t *testing.T) { onBoth(t, testPublishedBy) }

func testPublishedBy(t *testing.T, where string) {
	ctx, l := t.Context(), open(t, where)
	for key, account := range map[string]string{"a": "fred", "b": "fred", "c": "ann", "d": "fred"} {
		c, err := l.Claim(ctx, Job{Key: key, Account: account})
		if err == nil && key != "d" {
			err = c.Doubt(ctx, nil)
		}
		if err == nil && key == "a" {
			err = c.Settle(ctx, Posted, Result{URL: "https://site/1"})
		}
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	found, err := l.PublishedBy(ctx, "fred", "b")
	if err != nil || len(found) != 1 || found[0].Key != "a" || found[0].URL != "https://site/1" {
		t.Errorf("%+v, %v", found, err)
	}
}
