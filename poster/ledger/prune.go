package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// over are the states after which nothing more happens to a job, unless its mail
// is delivered once more.
const over = `state IN (?, ?) AND updated < ? AND published < ?`

// Prune forgets the jobs that have been over since before then, and on which
// day before then who was told what. discard is called first with each job, to
// remove what is kept of it elsewhere; its error ends the pruning. It gives the
// number of jobs. What waits for anything is left, however old.
//
// The mail of a job that is forgotten would be posted again, so then must be
// longer ago than any mail server tries, and than any [Pace] looks back.
func (l *Ledger) Prune(ctx context.Context, then time.Time, discard func(Job) error) (int, error) {
	args := []any{Answered, Rejected, then.UnixMilli(), then.UnixMilli()}
	jobs, err := l.query(ctx, over, args...)
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
			res, err := tx.ExecContext(ctx, `DELETE FROM job WHERE key = ? AND `+over, append([]any{e.Key}, args...)...)
			if err != nil {
				return err
			}
			gone, err := res.RowsAffected()
			if err != nil {
				return err
			}
			n += int(gone)
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM told WHERE day < ?`, day(then))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("ledger: pruning: %w", err)
	}
	return n, nil
}
