package ledger

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// C20: at most one a recipient, reason and day; one that failed is none.
func TestTellOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := t.Context(), open(t, where)
		day := time.Date(2026, 1, 2, 23, 0, 0, 0, time.UTC)
		for _, c := range []struct {
			to, reason string
			at         time.Time
			fails      error
			want       bool
		}{
			{"a@x", "spam", day, errors.New("no sendmail"), true},
			{"a@x", "spam", day, nil, true},
			{"a@x", "spam", day.Add(time.Minute), nil, false},
			{"a@x", "other", day, nil, true},
			{"b@x", "spam", day, nil, true},
			{"a@x", "spam", day.Add(2 * time.Hour), nil, true},
		} {
			told := false
			err := l.TellOnce(ctx, c.to, c.reason, c.at, func() error { told = true; return c.fails })
			if told != c.want || !errors.Is(err, c.fails) {
				t.Errorf("%v: %v, %v", c, told, err)
			}
		}
	})
}

// Who comes while another is telling waits, and then has nothing to tell; or
// tells, if the other has failed.
func TestTellOnceAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		l, others := open(t, where), []*Ledger{}
		for range 3 {
			other := l // POSIX locks are the process's: one ledger each
			if isPostgres(where) {
				other = open(t, where)
			}
			others = append(others, other)
		}
		now := time.Now()
		var tries atomic.Int64
		tell := func() error {
			if tries.Add(1) > 1 {
				return nil
			}
			time.Sleep(50 * time.Millisecond)
			return errors.New("no sendmail")
		}
		var wg sync.WaitGroup
		for _, other := range others {
			wg.Go(func() { _ = other.TellOnce(t.Context(), "a@x", "why", now, tell) })
		}
		wg.Wait()
		if n := tries.Load(); n != 2 {
			t.Errorf("told %d times, the first in vain", n)
		}
		unlock, err := l.await(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := l.await(ctx, "x"); !errors.Is(err, ErrBusy) {
			t.Errorf("what never comes free: %v", err)
		}
	})
}
