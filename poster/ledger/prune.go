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

// Prune forgets the jobs that have been over since before then and were not
// published after the time paced, to which a [Pace] may look back, and on which
// day before then who was told what. discard is called first with each job, to
// remove what is kept of it elsewhere; its error ends the pruning. It gives the
// number of jobs. What waits for anything is left, however old.
//
// Of a job that is forgotten, a hash stays that stands for its mail, and tells
// nobody anything of it: whenever the mail comes again, its job is [Forgotten].
func (l *Ledger) Prune(ctx context.Context, then, paced time.Time, discard func(Job) error) (int, error) {
	args := []any{Answered, Rejected, then.UnixMilli(), min(then.UnixMilli(), paced.UnixMilli())}
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
			args := append([]any{e.Key}, args...)
			_, err := tx.ExecContext(ctx, `
				INSERT INTO forgotten (name, since)
				SELECT CASE WHEN mail = '' THEN key ELSE mail END, CAST(? AS BIGINT) FROM job WHERE key = ? AND `+over+`
				ON CONFLICT DO NOTHING`, append([]any{time.Now().UnixMilli()}, args...)...)
			if err != nil {
				return err
			}
			res, err := tx.ExecContext(ctx, `DELETE FROM job WHERE key = ? AND `+over, args...)
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
