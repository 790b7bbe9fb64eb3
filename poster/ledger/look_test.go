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

func TestOfOther(t *testing.T) { onBoth(t, testOfOther) }

func testOfOther(t *testing.T, where string) {
	ctx, l := t.Context(), open(t, where)
	c := claim(t, l, "a")
	if err := c.Settle(ctx, Posted, Result{URL: "https://site/1"}); err != nil {
		t.Fatal(err)
	}
	for _, q := range []struct {
		url, key string
		want     bool
	}{{"https://site/1", "b", true}, {"https://site/1", "a", false}, {"https://site/2", "b", false}} {
		if got, err := l.OfOther(ctx, q.url, q.key); err != nil || got != q.want {
			t.Errorf("%+v: %v, %v", q, got, err)
		}
	}
	for key, want := range map[string]State{"a": Posted, "b": None} {
		if got, err := l.StateOf(ctx, key); err != nil || got != want {
			t.Errorf("%s is %s, %v", key, got, err)
		}
	}
}
