package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// TellOnce has the recipient told this reason, unless they have been told it on
// this day (UTC): by any process, and another that is about to tell them is waited
// for. It is recorded afterwards: dying in between tells twice, not never.
func (l *Ledger) TellOnce(ctx context.Context, to, reason string, now time.Time, tell func() error) error {
	unlock, err := l.await(ctx, fmt.Sprintf("tell %q %q", to, reason))
	if err != nil {
		return err
	}
	defer unlock()
	told, err := l.toldToday(ctx, to, reason, now)
	if err != nil || told {
		return err
	}
	if err := tell(); err != nil {
		return err
	}
	return l.recordTold(ctx, to, reason, now)
}

// lockPause is between two looks whether a lock has come free.
const lockPause = 20 * time.Millisecond

// await is Lock for who would rather wait.
func (l *Ledger) await(ctx context.Context, name string) (unlock func(), err error) {
	for {
		unlock, err = l.Lock(name)
		if !errors.Is(err, ErrBusy) {
			return unlock, err
		}
		select {
		case <-time.After(lockPause):
		case <-ctx.Done():
			return nil, errors.Join(err, context.Cause(ctx))
		}
	}
}

func (l *Ledger) toldToday(ctx context.Context, to, reason string, now time.Time) (bool, error) {
	var n int
	err := l.db.QueryRowContext(ctx, `SELECT count(*) FROM told WHERE sender = ? AND reason = ? AND day = ?`,
		to, reason, day(now)).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("ledger: %w", err)
	}
	return n > 0, nil
}

func (l *Ledger) recordTold(ctx context.Context, to, reason string, now time.Time) error {
	_, err := l.db.ExecContext(ctx, `INSERT INTO told (sender, reason, day) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		to, reason, day(now))
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
