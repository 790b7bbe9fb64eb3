package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// The schema grows by the files in migrations, each applied once and in order.
// They only ever add, and what they add has a default, so that mailapps of two
// versions can work on one ledger; a statement names each column that it means.
// Should a change ever have to shut out older programs, oldestProgram says so.
//
// The files are written for SQLite; a backend translates them. They can be
// applied to what is there already in part, since ledgers were made before
// versions were counted.

//go:embed migrations/*.sql
var migrationFiles embed.FS

// oldestProgram is the least number of migrations that a program must know to
// work on a ledger as this one leaves it.
const oldestProgram = 1

// schemaVersion is what a ledger says of its schema.
type schemaVersion struct {
	number int // of migrations that were applied
	oldest int // a program that knows fewer must leave the ledger alone
}

// check refuses a schema that a program that knows so many migrations would
// misread.
func (v schemaVersion) check(known int) error {
	if v.oldest > known {
		return fmt.Errorf("it was changed by a newer mailapp: its schema needs version %d, and this program knows %d; hint: install that mailapp on this host too", v.oldest, known)
	}
	return nil
}

// migrations gives the files' texts, in order.
func migrations() ([]string, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	slices.Sort(names) // nine are enough for long
	var texts []string
	for _, name := range names {
		text, bad := migrationFiles.ReadFile(name)
		texts, err = append(texts, string(text)), errors.Join(err, bad)
	}
	return texts, err
}

// migrate brings the schema up to date, also while other processes do.
func (l *Ledger) migrate(ctx context.Context) error {
	texts, err := migrations()
	if err != nil {
		return err
	}
	if v, err := readVersion(ctx, l.db); err == nil && v.number >= len(texts) {
		return v.check(len(texts))
	}
	return l.transact(ctx, func(tx *sql.Tx) error {
		if err := l.backend.alone(ctx, tx, "migrating"); err != nil {
			return err
		}
		if err := l.apply(ctx, tx, "CREATE TABLE IF NOT EXISTS schema_version (number INTEGER NOT NULL, oldest INTEGER NOT NULL)"); err != nil {
			return err
		}
		v, err := readVersion(ctx, tx)
		if err == nil {
			err = v.check(len(texts))
		}
		if err != nil || v.number >= len(texts) {
			return err
		}
		for _, text := range texts[v.number:] {
			if err := l.apply(ctx, tx, text); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM schema_version`); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO schema_version (number, oldest) VALUES (?, ?)`, len(texts), max(v.oldest, oldestProgram))
		return err
	})
}

// readVersion gives the zero version where none is written down yet.
func readVersion(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) (schemaVersion, error) {
	var v schemaVersion
	err := db.QueryRowContext(ctx, `SELECT number, oldest FROM schema_version`).Scan(&v.number, &v.oldest)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return v, err
}

// apply carries out the statements of a migration, each ending its line.
func (l *Ledger) apply(ctx context.Context, tx *sql.Tx, text string) error {
	for statement := range strings.SplitSeq(strings.TrimSpace(text), ";\n") {
		statement, err := l.backend.translate(ctx, tx, statement)
		if err == nil && statement != "" {
			_, err = tx.ExecContext(ctx, statement)
		}
		if err != nil {
			return fmt.Errorf("migrating: %w", err)
		}
	}
	return nil
}
