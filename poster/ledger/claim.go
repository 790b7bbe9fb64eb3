package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Claim is a job in the hands of this process, as it was found or made.
type Claim struct {
	Entry
	ledger *Ledger
	waited *Entry // what the job was before a person's word to do it anew
	closed bool
}

// Redo makes ready that a job which is held or in doubt is done anew by a person's
// word, as what its mail is by the rules of today: all of job but its key. Nothing
// is written down until something comes of it.
func (c *Claim) Redo(job Job) {
	was := c.Entry
	c.waited = &was
	c.Job = job
	c.Key = was.Key
}

// Doubt records that the click which cannot be undone may happen from now on,
// and what ads the account had before it; nil if nobody has looked. A job that is
// Held, or in doubt already, goes there by [Claim.Redo] alone.
func (c *Claim) Doubt(ctx context.Context, before []Ad) error {
	was, from := c.Entry, []State{Claimed}
	if c.waited != nil {
		from = append(from, Held, Doubt)
	}
	c.Before, c.Published = before, time.Now()
	err := c.move(ctx, Doubt, c.Result, from...)
	if err != nil {
		c.Before, c.Published = was.Before, was.Published
	}
	return err
}

// Holds tells, by an error, that the claim is lost or that nobody can know: the job
// may be another's by now. It asks the database that has the lock.
func (c *Claim) Holds(ctx context.Context) error {
	var n int
	err := c.ledger.db.QueryRowContext(ctx, `SELECT count(*) FROM job WHERE key = ? AND state = ? AND attempts = ?`,
		c.Key, c.State, c.Attempts).Scan(&n)
	if err == nil && n == 0 {
		err = ErrFenced
	}
	return wrap(err)
}

// Release records that nothing has happened after all; the next delivery
// begins anew, or the job waits for a person as before. From Doubt it may be
// called only by who knows that nothing was published.
func (c *Claim) Release(ctx context.Context) error {
	if was := c.waited; c.State == Doubt && was != nil {
		c.waited, c.Job, c.Before, c.Published = nil, was.Job, was.Before, was.Published
		return c.move(ctx, was.State, was.Result, Doubt)
	}
	return c.move(ctx, None, c.Result, Claimed, Doubt)
}

// Settle records how it ended: Posted, Rejected or Held.
func (c *Claim) Settle(ctx context.Context, to State, r Result) error {
	switch to {
	case Posted, Rejected, Held:
		return c.move(ctx, to, r, None, Claimed, Doubt, Held)
	}
	return fmt.Errorf("ledger: a job does not settle as %q", to)
}

// Answer records that the sender has been told, or that nobody will be: the
// job is over.
func (c *Claim) Answer(ctx context.Context) error {
	return c.move(ctx, Answered, c.Result, None, Claimed, Doubt, Posted, Rejected, Held)
}

// move makes one transition durable. It fails with ErrFenced unless the job is
// still as this claim knows it and in one of the states from.
func (c *Claim) move(ctx context.Context, to State, r Result, from ...State) error {
	allowed := false
	for _, s := range from {
		allowed = allowed || s == c.State
	}
	if !allowed {
		return fmt.Errorf("ledger: a job that is %s does not become %s", c.State, to)
	}
	ended := c.Ended
	if to == Posted || to == Rejected || to == Held {
		ended = to
	}
	now := time.Now()
	before, err := json.Marshal(c.Before)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	var published time.Time
	if to != None && to != Claimed && to != Rejected {
		published = c.Published
	}
	c.ledger.observe(to, false)
	err = c.ledger.transact(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `
			UPDATE job SET mail = ?, rule = ?, app = ?, person = ?, sender = ?, recipient = ?, message_id = ?, refs = ?, subject = ?,
				account = ?, title = ?, state = ?, ended = ?, url = ?, number = ?, said = ?, reads = ?, answer = ?,
				ads_before = ?, published = ?, host = ?, updated = ?
			WHERE key = ? AND state = ? AND attempts = ?`,
			c.Mail, c.Rule, c.App, c.Person, c.Sender, c.Recipient, c.MessageID, c.References, c.Subject,
			c.Account, c.Title, to, ended, r.URL, r.Number, r.Said, r.Reads, r.Answer,
			string(before), millis(published), thisHost(), now.UnixMilli(), c.Key, c.State, c.Attempts)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return ErrFenced
	})
	if err != nil {
		return fmt.Errorf("ledger: recording %q: %w", to, err)
	}
	c.State, c.Ended, c.Result, c.Published, c.Host, c.Updated = to, ended, r, published, thisHost(), now
	c.ledger.observe(to, true)
	return nil
}

// Close gives the job up to whoever claims it next; its state stays.
func (c *Claim) Close() {
	if !c.closed {
		c.closed = true
		c.ledger.backend.drop(c.Key)
	}
}

// Hold writes a mail down that is held before it became a job, or finds it
// there. keep stores the mail; it is called before the job is held, and not at
// all where a person has closed it.
func (l *Ledger) Hold(ctx context.Context, job Job, why string, keep func() error) error {
	c, err := l.Claim(ctx, job)
	if err != nil {
		return err
	}
	defer c.Close()
	if c.State != Claimed {
		return nil
	}
	if err := keep(); err != nil {
		return errors.Join(err, c.Release(ctx))
	}
	return c.Settle(ctx, Held, Result{Said: why})
}

// Lock keeps other processes from whatever they would do under the same name,
// until unlock is called or this process ends. The error is ErrBusy if another
// has it.
func (l *Ledger) Lock(name string) (unlock func(), err error) {
	key := "lock " + name // the names of jobs are hexadecimal
	if err := l.backend.take(key); err != nil {
		return nil, err
	}
	return func() { l.backend.drop(key) }, nil
}

// Take claims a job that is there already, whatever its state, without
// changing it, for a person to settle.
func (l *Ledger) Take(ctx context.Context, id string) (*Claim, error) {
	e, err := l.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := l.backend.take(e.Key); err != nil {
		return nil, err
	}
	// Read again under the lock: it may have moved on meanwhile.
	if e, err = l.Find(ctx, e.Key); err != nil {
		l.backend.drop(e.Key)
		return nil, err
	}
	return &Claim{Entry: e, ledger: l}, nil
}
