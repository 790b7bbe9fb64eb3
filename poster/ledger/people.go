package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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

// PeopleIn gives the people of the ledger at where, as Open takes it; nobody if
// there is no ledger. Nothing is made or changed there.
func PeopleIn(ctx context.Context, where string) (all []Person, err error) {
	var db *sql.DB
	tables := `SELECT count(*) FROM sqlite_schema WHERE name = 'person'`
	if isPostgres(where) {
		db, _, err = openPostgres(where)
		tables = `SELECT count(to_regclass('person'))`
	} else {
		db, err = openToRead(where)
	}
	if err != nil || db == nil {
		return nil, wrap(err)
	}
	defer db.Close()
	var there int
	if err := db.QueryRowContext(ctx, tables).Scan(&there); err != nil || there == 0 {
		return nil, wrap(err) // written by a version that knew no people
	}
	return people(ctx, db)
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("ledger: %w", err)
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
			UPDATE code SET used = TRUE WHERE lower(address) IN (SELECT lower(address) FROM person WHERE name = ?)`, name); err != nil {
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
		args = append(args, lower(s))
	}
	if len(senders) == 0 {
		return false, nil
	}
	var n int
	err := l.db.QueryRowContext(ctx, `SELECT count(*) FROM job WHERE ended = ? AND lower(sender) IN (?`+
		strings.Repeat(", ?", len(senders)-1)+`)`, args...).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("ledger: %w", err)
	}
	return n > 0, nil
}

// lower folds ASCII letters, as the databases' lower() does here: under Unicode
// folding strangers' addresses would become equal.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
