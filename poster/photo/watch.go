package photo

import (
	"context"
	"time"
)

// Limit is how long a decoder may work on one picture (C24): time of the processor's,
// since by the clock a good photo takes long on a host that has much else to do.
const Limit = 10 * time.Second

// Watch ends a decoder's context, its cause [ErrTooSlow], once that has worked for
// limit, or has not worked for as long. used gives how long it has worked so far;
// where it cannot tell, the clock decides. Watch returns when ctx has ended.
func Watch(ctx context.Context, end context.CancelCauseFunc, limit time.Duration, used func() (time.Duration, error)) {
	tick := time.NewTicker(limit / 10)
	defer tick.Stop()
	known, since := time.Duration(0), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		worked, err := used()
		if err == nil && worked-known > limit/50 { // less is what it takes to wait
			known, since = worked, time.Now()
		}
		if worked >= limit || time.Since(since) >= limit {
			end(ErrTooSlow)
			return
		}
	}
}
