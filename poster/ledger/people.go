package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Person is somebody who has registered, or whom the owner has added.
type Person struct {
	Name    string
	Address string
	Key     string // from which the person's address secrets are made
	Since   time.Time
}

// ErrTaken means that a person of that name or address is there already.
var ErrTaken = errors.New("this name or address is taken")

// People gives all people, by name.
func (l *Ledger) People(ctx context.Context) ([]Person, error) { return people(ctx, l.db) }

// PeopleIn gives the people of the ledger in dir; nobody if there is no ledger.
// Nothing is made or changed there, save that what a process left half done that
// was killed is undone, without which SQLite cannot read.
func PeopleIn(ctx context.Context, dir string) ([]Person, error) {
	path := filepath.Join(dir, "ledger.sqlite")
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil, nil
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=rw&_pragma=busy_timeout(20000)")
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	defer db.Close()
	var tables int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'person'`).Scan(&tables); err != nil || tables == 0 {
		return nil, err // written by a version that knew no people
	}
	return people(ctx, db)
}

func people(ctx context.Context, db *sql.DB) ([]Person, error) {
	rows, err := db.QueryContext(ctx, `SELECT name, address, key, since FROM person ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	defer rows.Close()
	var all []Person
	for rows.Next() {
		var p Person
		var since int64
		if err := rows.Scan(&p.Name, &p.Address, &p.Key, &since); err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
		p.Since = time.UnixMilli(since)
		all = append(all, p)
	}
	return all, rows.Err()
}

// AddPerson adds a person. The error is ErrTaken if the name or the address is
// another's.
func (l *Ledger) AddPerson(ctx context.Context, p Person) error {
	res, err := l.db.ExecContext(ctx, `INSERT INTO person (name, address, key, since) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		p.Name, p.Address, p.Key, p.Since.UnixMilli())
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return ErrTaken
}

// RemovePerson removes a person, with all codes that were mailed to them;
// ErrUnknown if there is none of that name.
func (l *Ledger) RemovePerson(ctx context.Context, name string) error {
	err := l.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `
			UPDATE code SET used = 1 WHERE address IN (SELECT address FROM person WHERE name = ?)`, name); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM person WHERE name = ?`, name)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return ErrUnknown
	})
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// HasPosted tells whether anything was ever posted for one of these senders.
func (l *Ledger) HasPosted(ctx context.Context, senders []string) (bool, error) {
	args := []any{Posted}
	for _, s := range senders {
		args = append(args, s)
	}
	var n int
	err := l.db.QueryRowContext(ctx, `SELECT count(*) FROM job WHERE ended = ? AND sender COLLATE NOCASE IN (`+
		strings.TrimPrefix(strings.Repeat(", ?", len(senders)), ", ")+`)`, args...).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("ledger: %w", err)
	}
	return n > 0, nil
}
