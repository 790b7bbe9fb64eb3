package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ErrBusy tells that as many browsers as may are at work on this host, and that
// none of them ended soon enough.
var ErrBusy = errors.New("as many browsers as may run on this host are at work")

const (
	slotPatience = 20 * time.Second       // for a slot to become free
	slotPause    = 100 * time.Millisecond // between two looks
)

// slot takes one of the slots, each of which is a file in b.Slots that is locked
// as long as a browser runs. The kernel drops the lock when its process dies, so
// no slot is ever lost. free gives it back.
func (b *Browser) slot(ctx context.Context) (free func(), err error) {
	if b.Most == 0 {
		return func() {}, nil
	}
	if err := os.MkdirAll(b.Slots, 0o700); err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience(ctx)); ; {
		lock, err := b.freeSlot()
		if lock != nil {
			return func() { lock.Close() }, nil
		}
		if err == nil && time.Now().After(end) {
			err = fmt.Errorf("%w: %d", ErrBusy, b.Most)
		}
		if err != nil {
			return nil, err
		}
		select {
		case <-time.After(slotPause):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// patience is how long it is worth waiting: most of the run's time must be left.
func patience(ctx context.Context) time.Duration {
	if end, limited := ctx.Deadline(); limited {
		return min(slotPatience, time.Until(end)/4)
	}
	return slotPatience
}

// freeSlot locks a slot; nil if none is free now.
func (b *Browser) freeSlot() (*os.File, error) {
	for i := range b.Most {
		path := filepath.Join(b.Slots, fmt.Sprintf("browser-%d.lock", i+1))
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, err
		}
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return f, nil
		}
		f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
	}
	return nil, nil
}
