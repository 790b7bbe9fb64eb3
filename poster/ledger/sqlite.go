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
	"regexp"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteBackend is one file for one host, with the kernel's locks beside it.
type sqliteBackend struct{ *kernelLocks }

// openSQLite opens the file in the directory dir, making both where they are
// missing, readable by their owner alone. A process opens it once: POSIX locks
// end with any close of their file.
func openSQLite(dir string) (*sql.DB, backend, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	path := sqlitePath(dir)
	if err := createPrivate(path); err != nil {
		return nil, nil, err
	}
	db, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		return nil, nil, err
	}
	locks, err := openLocks(filepath.Join(dir, "ledger.lock"))
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, sqliteBackend{locks}, nil
}

func sqlitePath(dir string) string { return filepath.Join(dir, "ledger.sqlite") }

// dataSource asks for durable commits and for waiting on other processes. The
// rollback journal is kept: switching a fresh file to WAL ignores the timeout.
func dataSource(path string) string {
	pragmas := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(20000)", "journal_mode(PERSIST)", "synchronous(EXTRA)", "trusted_schema(0)",
	}}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas.Encode()
}

// openToRead opens the file in dir, if there is one, without making or changing
// anything, save that what a process left half done that was killed is undone,
// without which SQLite cannot read. It gives nil if there is no ledger.
func openToRead(dir string) (*sql.DB, error) {
	path := sqlitePath(dir)
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil, nil
	}
	return sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=rw&_pragma=busy_timeout(20000)")
}

// createPrivate makes the file before SQLite would, which gives it wider
// permissions.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// alone has nothing to do: transactions begin by locking the whole file.
func (sqliteBackend) alone(context.Context, *sql.Tx, string) error { return nil }

var newColumn = compiled(`ALTER TABLE (\w+) ADD COLUMN (\w+)`)

// translate leaves out a column that is there.
func (sqliteBackend) translate(ctx context.Context, tx *sql.Tx, statement string) (string, error) {
	m := newColumn().FindStringSubmatch(statement)
	if m == nil {
		return statement, nil
	}
	var there bool
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM pragma_table_info(?) WHERE name = ?`, m[1], m[2]).Scan(&there)
	if there {
		statement = ""
	}
	return statement, err
}

// explain says of a damaged file what that means for whoever must mend it.
func (sqliteBackend) explain(err error) error {
	broken, ok := errors.AsType[*sqlite.Error](err)
	if ok && (broken.Code()&0xff == sqlite3.SQLITE_NOTADB || broken.Code()&0xff == sqlite3.SQLITE_CORRUPT) {
		return fmt.Errorf("ledger.sqlite is damaged, so nothing is posted, since nobody can know what was: %w; hint: put a backup in its place", err)
	}
	return err
}

// compiled gives a pattern that is compiled when it is first asked for: most
// mails end with their header, and all patterns together take longer than they.
func compiled(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
