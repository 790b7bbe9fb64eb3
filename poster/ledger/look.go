package ledger

import (
	"context"
	"fmt"
)

// Absent records that the ad is surely not on the site although its click may
// have happened: the next delivery begins anew. It does so at most so many
// times a job; after that it is false, and the job stays in doubt.
func (c *Claim) Absent(ctx context.Context, most int) (again bool, err error) {
	if c.State != Doubt {
		return false, fmt.Errorf("ledger: of a job that is %s, nothing is missing", c.State)
	}
	// Counted before it is released: dying in between counts one too many.
	res, err := c.ledger.db.ExecContext(ctx, `
		UPDATE job SET absent = absent + 1 WHERE key = ? AND state = ? AND attempts = ? AND absent < ?`,
		c.Key, Doubt, c.Attempts, most)
	if err != nil {
		return false, fmt.Errorf("ledger: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	return true, c.Release(ctx)
}

// PublishedBy gives the jobs of an account, but the one of that key, whose click
// may have put an ad up, the newest first.
func (l *Ledger) PublishedBy(ctx context.Context, account, key string) ([]Entry, error) {
	return l.query(ctx, "account = ? AND key <> ? AND published <> 0", account, key)
}

// OfMail gives the job, those that its mail has under other rules, and the one of
// the key also, as which the mail is known in yet another way, in no order that
// counts. One that is forgotten comes last, as the job itself.
func (l *Ledger) OfMail(ctx context.Context, job Job, also string) ([]Entry, error) {
	found, err := l.query(ctx, "key IN (?1, ?3) OR mail = ?2 AND mail <> ''", job.Key, job.Mail, also)
	if err != nil {
		return nil, err
	}
	var forgotten int
	err = l.db.QueryRowContext(ctx, `SELECT count(*) FROM forgotten WHERE name IN (?, ?)`, job.Key, job.Mail).Scan(&forgotten)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if forgotten > 0 {
		found = append(found, Entry{Job: job, State: Forgotten})
	}
	return found, nil
}
