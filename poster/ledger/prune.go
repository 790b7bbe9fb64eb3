package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// over are the states after which nothing more happens to a job, unless its mail
// is delivered once more.
const over = `state IN (?, ?) AND updated < ? AND published < ?`

// forgettable are the jobs that are over, with all others that their mails have:
// what is left of one would tell that its mail is over.
const forgettable = over + ` AND NOT EXISTS (
	SELECT 1 FROM job AS other WHERE other.mail = job.mail AND other.mail <> ''
		AND NOT (other.state IN (?, ?) AND other.updated < ? AND other.published < ?))`

// Prune forgets the jobs that have been over since before then and were not
// published after the time paced, to which a [Pace] may look back; those of which
// nothing has come, where that was before either time; and on which day before then
// who was told what. discard is called first with each job, to remove what is kept
// of it elsewhere; its error ends the pruning. It gives the number of jobs. What
// waits for anything is left, however old, and so are the other jobs of its mail.
//
// Of a job that was over, a hash stays that stands for its mail, and tells nobody
// anything of it: whenever the mail comes again, its job is [Forgotten].
func (l *Ledger) Prune(ctx context.Context, then, paced time.Time, discard func(Job) error) (int, error) {
	oldest := min(then.UnixMilli(), paced.UnixMilli())
	abandoned, err := l.pruneAbandoned(ctx, time.UnixMilli(oldest), discard)
	if err != nil {
		return 0, err
	}
	args := []any{Answered, Rejected, then.UnixMilli(), oldest}
	args = append(args, args...)
	jobs, err := l.query(ctx, forgettable, args...)
	if err != nil {
		return 0, err
	}
	for _, e := range jobs {
		if err := discard(e.Job); err != nil {
			return 0, err
		}
	}
	n := 0
	err = l.transact(ctx, func(tx *sql.Tx) error {
		for _, e := range jobs { // not any that has got over meanwhile
			gone, err := forget(ctx, tx, append([]any{e.Key}, args...))
			if err != nil {
				return err
			}
			n += gone
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM told WHERE day < ?`, day(then))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("ledger: pruning: %w", err)
	}
	return abandoned + n, nil
}

// forget removes the job, if it is forgettable still; args are its key and the
// values of forgettable. It gives the number of jobs.
func forget(ctx context.Context, tx *sql.Tx, args []any) (int, error) {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO forgotten (name, since)
		SELECT CASE WHEN mail = '' THEN key ELSE mail END, CAST(? AS BIGINT) FROM job WHERE key = ? AND `+forgettable+`
		ON CONFLICT DO NOTHING`, append([]any{time.Now().UnixMilli()}, args...)...)
	if err != nil {
		return 0, err
	}
	res, err := tx.ExecContext(ctx, `DELETE FROM job WHERE key = ? AND `+forgettable, args...)
	if err != nil {
		return 0, err
	}
	gone, err := res.RowsAffected()
	return int(gone), err
}

// pruneAbandoned removes the jobs of which nothing has come before then, and on
// which nobody is at work. Should a mail of theirs still come, it is a new one.
func (l *Ledger) pruneAbandoned(ctx context.Context, then time.Time, discard func(Job) error) (n int, err error) {
	jobs, err := l.query(ctx, "state IN (?, ?) AND updated < ?", None, Claimed, then.UnixMilli())
	for _, e := range jobs {
		gone, err := l.removeAbandoned(ctx, e.Key, then, discard)
		if err != nil {
			return n, err
		}
		n += gone
	}
	return n, err
}

// removeAbandoned removes one, in the place of a delivery: whose mail is just being
// kept must not have it discarded.
func (l *Ledger) removeAbandoned(ctx context.Context, key string, then time.Time, discard func(Job) error) (int, error) {
	c, err := l.Take(ctx, key)
	if errors.Is(err, ErrBusy) || errors.Is(err, ErrUnknown) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if c.State != None && c.State != Claimed || !c.Updated.Before(then) {
		return 0, nil
	}
	if err := discard(c.Job); err != nil {
		return 0, err
	}
	_, err = l.db.ExecContext(ctx, `DELETE FROM job WHERE key = ? AND state = ? AND attempts = ?`, key, c.State, c.Attempts)
	return 1, wrap(err)
}
