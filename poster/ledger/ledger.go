// Package ledger records what has happened to each job, so that a job is
// acted on once whatever dies in between.
//
// Promised: every transition is on disk (fsync) before its method returns; a
// claim is held by at most one living process and ends by itself when that
// process dies, because the kernel, or PostgreSQL, drops its lock; a process
// that lost its claim cannot write over its successor. Several hosts share a
// ledger in PostgreSQL. One in SQLite is for a single host, on a file system
// with POSIX locks.
//
// The two have the same schema and the same statements, in which ? stands for a
// value. It is the one importer of database drivers.
package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// State is what is known of a job.
type State string

// The states, in the order in which a job goes through them.
const (
	None     State = "none"     // nothing has happened, or nothing that counts
	Claimed  State = "claimed"  // somebody is at work
	Doubt    State = "in doubt" // the click that cannot be undone may have happened
	Posted   State = "posted"   // the site took it; the receipt may not be sent
	Rejected State = "rejected" // the site refused the content
	Answered State = "answered" // over
	Held     State = "held"     // a person must decide

	// Forgotten is what a job is after [Ledger.Prune]: it was over.
	Forgotten State = "forgotten"
)

var (
	// ErrBusy means that another process is at work on the job.
	ErrBusy = errors.New("another delivery of this message is being worked on")
	// ErrFenced means that the job has moved on without this claim.
	ErrFenced = errors.New("the job has been taken over by another process")
	// ErrUnknown means that there is no such job.
	ErrUnknown = errors.New("no such job")
)

// Job is what is written down of a job when it is first claimed.
type Job struct {
	Key        string // identifies the job; see poster.Key
	Mail       string // identifies the mail: the same for its jobs under other rules; "" if not known
	Rule       string
	App        string // "" for a mail that was held before there was a job
	Person     string
	Sender     string // where the receipt goes
	Recipient  string
	MessageID  string
	References string
	Subject    string
	Account    string // at the site; what is published is counted by it
	Title      string // of the ad, so folded that like titles are equal
}

// Ad is one of an account's own ads, as the site lists them.
type Ad struct{ URL, Title string }

// ID is the short name of a job that people type.
func (j Job) ID() string { return j.Key[:min(12, len(j.Key))] }

// Result is what the site said.
type Result struct {
	URL    string
	Number string
	Said   string // why it was rejected or is held, for the sender to read
	Reads  string // what else was read on the site, a line "name: value" each
	Answer bool   // nothing was published: what was read is the answer to the mail
}

// Entry is one job as the ledger has it.
type Entry struct {
	Job
	Result
	State    State
	Ended    State // posted, rejected or held, once that was reached: what Answered followed
	Attempts int   // claims so far
	// Before is what the account had on the site before the click; nil if
	// nobody looked.
	Before    []Ad
	Published time.Time // of the click that may have put the ad up; zero: no click counts
	Host      string    // that worked on it last, and has its mail if that is kept
	Created   time.Time
	Updated   time.Time
}

// Ledger is an open ledger. Its methods may be called by several goroutines.
type Ledger struct {
	// Observe, if set, is called before and after each durable transition.
	Observe func(to State, done bool)

	db      *sql.DB
	backend backend
}

// backend is one of the two databases, as far as they differ.
type backend interface {
	// take makes the key this process's, until it drops it or dies. The error is
	// ErrBusy if it is another's.
	take(key string) error
	drop(key string)
	// alone keeps other processes from doing the same thing until tx ends.
	alone(ctx context.Context, tx *sql.Tx, what string) error
	// translate gives a statement of a migration as the database wants it, ""
	// if there is nothing to do.
	translate(ctx context.Context, tx *sql.Tx, statement string) (string, error)
	// explain adds to an error what it means for whoever must mend it.
	explain(err error) error
	close() error
}

// Open opens the ledger, making it where it is missing: that in PostgreSQL if
// where is a URL such as postgres://user:password@host/database, else the one
// in the directory where. A process opens a ledger once. No error shows a
// password.
func Open(ctx context.Context, where string) (*Ledger, error) {
	open := openSQLite
	if isPostgres(where) {
		open = openPostgres
	}
	db, backend, err := open(where)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	l := &Ledger{db: db, backend: backend}
	if err := l.migrate(ctx); err != nil {
		l.Close()
		return nil, fmt.Errorf("ledger: %w", backend.explain(err))
	}
	return l, nil
}

// Close closes the ledger and drops all claims.
func (l *Ledger) Close() error {
	return errors.Join(l.backend.close(), l.db.Close())
}

// Claim takes the job for this process and tells what is known of it. Only
// where the state was None, or Claimed by a process that has died, is it now
// Claimed; any other state is left as it is, for the caller to act on. The
// caller must Close the claim. The error is ErrBusy if a living process has
// the job.
func (l *Ledger) Claim(ctx context.Context, job Job) (*Claim, error) {
	if err := l.backend.take(job.Key); err != nil {
		return nil, err
	}
	c := &Claim{ledger: l}
	l.observe(Claimed, false)
	err := l.transact(ctx, func(tx *sql.Tx) error {
		if err := insert(ctx, tx, job); err != nil {
			return err
		}
		var err error
		c.Entry, err = scan(tx.QueryRowContext(ctx, selectEntry+"key = ?", job.Key))
		return err
	})
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("ledger: claiming: %w", err)
	}
	l.observe(Claimed, true)
	return c, nil
}

// Arrived writes down that the mail of a job is here, of which nothing has come
// yet, and gives when that was first so.
func (l *Ledger) Arrived(ctx context.Context, job Job) (time.Time, error) {
	found, err := l.query(ctx, "key = ?", job.Key)
	if err != nil {
		return time.Time{}, err
	}
	if len(found) > 0 {
		return found[0].Created, nil
	}
	now := time.Now()
	if _, err := l.db.ExecContext(ctx, insertJob+`ON CONFLICT DO NOTHING`, insertValues(job, None, 0, now)...); err != nil {
		return time.Time{}, fmt.Errorf("ledger: %w", err)
	}
	return now, nil
}

// insert writes a job down as claimed, or claims the one that is there.
func insert(ctx context.Context, tx *sql.Tx, j Job) error {
	_, err := tx.ExecContext(ctx, insertJob+`
		ON CONFLICT (key) DO UPDATE SET mail = excluded.mail, state = excluded.state, app = excluded.app, person = excluded.person,
			account = excluded.account, title = excluded.title, host = excluded.host,
			attempts = job.attempts + 1, updated = excluded.updated
		WHERE job.state IN (?, ?)`,
		append(insertValues(j, Claimed, 1, time.Now()), None, Claimed)...)
	return err
}

const insertJob = `
	INSERT INTO job (key, mail, state, rule, app, person, sender, recipient, message_id, refs, subject,
		account, title, host, attempts, created, updated)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) `

// insertValues gives the values for insertJob.
func insertValues(j Job, state State, attempts int, now time.Time) []any {
	return []any{j.Key, j.Mail, state, j.Rule, j.App, j.Person, j.Sender, j.Recipient, j.MessageID, j.References, j.Subject,
		j.Account, j.Title, thisHost(), attempts, now.UnixMilli(), now.UnixMilli()}
}

// thisHost is what hosts call this one; "" if it has no name.
func thisHost() string {
	name, _ := os.Hostname()
	return name
}

// List gives the entries in any of the states, or all if none is named, the
// newest first.
func (l *Ledger) List(ctx context.Context, states ...State) ([]Entry, error) {
	where, args := "1 = 1", []any{}
	if len(states) > 0 {
		where = "state IN (?" + strings.Repeat(", ?", len(states)-1) + ")"
		for _, s := range states {
			args = append(args, s)
		}
	}
	return l.query(ctx, where, args...)
}

func (l *Ledger) query(ctx context.Context, where string, args ...any) ([]Entry, error) {
	rows, err := l.db.QueryContext(ctx, selectEntry+where+" ORDER BY created DESC, key", args...)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	defer rows.Close()
	var entries []Entry
	for rows.Next() {
		e, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

// Find gives the one entry whose key begins with id; ErrUnknown if there is
// none, another error if there are several.
func (l *Ledger) Find(ctx context.Context, id string) (Entry, error) {
	found, err := l.query(ctx, "substr(key, 1, length(?1)) = ?1 AND ?1 <> ''", id)
	switch {
	case err != nil:
		return Entry{}, err
	case len(found) == 0:
		return Entry{}, ErrUnknown
	case len(found) > 1:
		return Entry{}, fmt.Errorf("%q is the beginning of %d jobs' names; give more of it", id, len(found))
	}
	return found[0], nil
}

const selectEntry = `SELECT key, mail, state, ended, rule, app, person, sender, recipient, message_id, refs, subject,
	account, title, url, number, said, reads, answer, attempts, ads_before, published, host, created, updated FROM job WHERE `

func scan(row interface{ Scan(...any) error }) (Entry, error) {
	var e Entry
	var before string
	var published, created, updated int64
	err := row.Scan(&e.Key, &e.Mail, &e.State, &e.Ended, &e.Rule, &e.App, &e.Person, &e.Sender, &e.Recipient, &e.MessageID,
		&e.References, &e.Subject, &e.Account, &e.Title, &e.URL, &e.Number, &e.Said, &e.Reads, &e.Answer, &e.Attempts,
		&before, &published, &e.Host, &created, &updated)
	if err != nil {
		return e, err
	}
	e.Created, e.Updated = time.UnixMilli(created), time.UnixMilli(updated)
	if published != 0 {
		e.Published = time.UnixMilli(published)
	}
	return e, json.Unmarshal([]byte(before), &e.Before)
}

func (l *Ledger) transact(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func (l *Ledger) observe(to State, done bool) {
	if l.Observe != nil {
		l.Observe(to, done)
	}
}
