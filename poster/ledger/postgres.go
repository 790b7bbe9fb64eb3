package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"
)

// A ledger on PostgreSQL has one connection to it. The locks that make a claim
// belong to the server's session behind that connection and end with it, when
// the process dies or, some 60 seconds later, when its host does. All that a
// claim writes goes the same way, so that a process whose session has ended,
// and whose locks may be another's, can write nothing: no new connection is
// made as long as any lock is held.

// errLost means that the connection has ended while locks were held on it.
var errLost = errors.New("the connection to PostgreSQL was lost, and with it the claim on the job")

// lockTime is how long is waited for the server where the caller sets no time.
const lockTime = 20 * time.Second

// session is the one connection, and the locks that are held on it.
type session struct {
	connector driver.Connector
	schema    string
	db        *sql.DB

	mu   sync.Mutex
	mine map[int64]bool // true: held; false: being asked for
	pid  uint32         // of the server's process
}

// isPostgres tells a URL of PostgreSQL from the path of a directory.
func isPostgres(where string) bool {
	return strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://")
}

func openPostgres(where string) (*sql.DB, backend, error) {
	config, err := postgresConfig(where)
	if err != nil {
		return nil, nil, err
	}
	s := &session{connector: stdlib.GetConnector(*config), schema: config.RuntimeParams["search_path"], mine: map[int64]bool{}}
	s.db = sql.OpenDB(s)
	s.db.SetMaxOpenConns(1)
	return s.db, s, nil
}

// understood are the parameters that a URL may have. A file of passwords or
// services is not among them: nobody would see to it that it is private.
var understood = []string{
	"host", "port", "user", "password", "database", "sslmode", "sslrootcert", "sslcert", "sslkey",
	"connect_timeout", "target_session_attrs", "search_path",
}

var schemaName = compiled(`^[a-z_][a-z0-9_]{0,62}$`)

// postgresConfig reads the URL. What it leaves out is safe rather than usual:
// another host must prove by a certificate who it is.
func postgresConfig(where string) (*pgx.ConnConfig, error) {
	where, err := safeByDefault(where)
	if err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfigWithOptions(where, pgx.ParseConfigOptions{
		ParseConfigOptions: pgconn.ParseConfigOptions{ConnStringAllowedKeys: understood},
	})
	if err != nil {
		return nil, err
	}
	config.Password = passwordIn(where) // not what a file says that others may read
	if schema := config.RuntimeParams["search_path"]; !schemaName().MatchString(schema) {
		return nil, fmt.Errorf("search_path=%s: here belongs the name of one schema", schema)
	}
	for name, value := range sessionSettings {
		config.RuntimeParams[name] = value
	}
	config.DialFunc = (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext
	// A statement that is given up must not cost the session.
	config.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: 2 * time.Second}
	}
	return config, nil
}

// sessionSettings hold whatever the server's own settings are. Commits are
// durable (C12); a session lasts while a browser works, but its host's death
// ends it.
var sessionSettings = map[string]string{
	"application_name":                    "mailapp",
	"synchronous_commit":                  "on",
	"default_transaction_isolation":       "read committed",
	"idle_session_timeout":                "0",
	"idle_in_transaction_session_timeout": "60s",
	"lock_timeout":                        "20s",
	"tcp_keepalives_idle":                 "20",
	"tcp_keepalives_interval":             "10",
	"tcp_keepalives_count":                "3",
	"tcp_user_timeout":                    "50s",
}

func safeByDefault(where string) (string, error) {
	u, err := url.Parse(where)
	if err != nil {
		return "", errors.New("the URL of the ledger cannot be understood") // url's own error would quote a password
	}
	query := u.Query()
	for name, preset := range map[string]string{"search_path": "mailapp", "connect_timeout": "20", "sslmode": "verify-full"} {
		if !query.Has(name) && !(name == "sslmode" && isLocal(u)) {
			query.Set(name, preset)
		}
	}
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20") // as PostgreSQL reads it
	return u.String(), nil
}

func passwordIn(where string) string {
	u, err := url.Parse(where)
	if err != nil {
		return ""
	}
	if query := u.Query(); query.Has("password") {
		return query.Get("password")
	}
	password, _ := u.User.Password()
	return password
}

// isLocal tells that the server is on this host.
func isLocal(u *url.URL) bool {
	host := u.Hostname()
	if host == "" {
		host = u.Query().Get("host")
	}
	return host == "" || host[0] == '/' || host == "localhost" || net.ParseIP(host).IsLoopback()
}

// Connect makes the one connection. It is part of [driver.Connector], by which
// database/sql comes back here when a connection is lost.
func (s *session) Connect(ctx context.Context) (driver.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, held := range s.mine {
		if held {
			return nil, errLost
		}
	}
	opened, err := s.connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn := pgConn{opened.(*stdlib.Conn)}
	if err := conn.isDirect(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	s.pid = conn.pid()
	return conn, nil
}

// Driver is part of [driver.Connector].
func (s *session) Driver() driver.Driver { return s.connector.Driver() }

// take makes the key ours, on every host that uses the database.
func (s *session) take(key string) error {
	at := s.lockID(key)
	s.mu.Lock()
	_, asked := s.mine[at]
	if !asked {
		s.mine[at] = false
	}
	s.mu.Unlock()
	if asked {
		return ErrBusy
	}
	ctx, cancel := context.WithTimeout(context.Background(), lockTime)
	defer cancel()
	var ours bool
	var pid uint32
	err := s.db.QueryRowContext(ctx, `SELECT pg_try_advisory_lock(?), pg_backend_pid()`, at).Scan(&ours, &pid)

	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		delete(s.mine, at)
		return fmt.Errorf("ledger: locking: %w", err)
	case !ours:
		delete(s.mine, at)
		return ErrBusy
	case pid != s.pid: // connected anew before the lock counted as held
		delete(s.mine, at)
		return fmt.Errorf("ledger: locking: %w", errLost)
	}
	s.mine[at] = true
	return nil
}

// drop gives the key up. If the server cannot be told so, the session must end,
// which says the same.
func (s *session) drop(key string) {
	at := s.lockID(key)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var dropped bool
	err := s.db.QueryRowContext(ctx, `SELECT pg_advisory_unlock(?)`, at).Scan(&dropped)
	if err != nil && !errors.Is(err, errLost) {
		s.hangUp(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.mine, at)
}

// hangUp ends the connection.
func (s *session) hangUp(ctx context.Context) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return // there is none
	}
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}

// close gives all keys up at once: the server may take its time to notice that
// a connection has ended.
func (s *session) close() error {
	s.mu.Lock()
	holds := len(s.mine) > 0
	s.mu.Unlock()
	if holds {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_, _ = s.db.ExecContext(ctx, `SELECT pg_advisory_unlock_all()`)
	}
	return s.db.Close()
}

// lockID is the key's number among the database's advisory locks, which other
// programs and other ledgers may use too.
func (s *session) lockID(key string) int64 {
	sum := sha256.Sum256([]byte("mailapp\x00" + s.schema + "\x00" + key))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// alone waits until no other transaction does the same.
func (s *session) alone(ctx context.Context, tx *sql.Tx, what string) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(?)`, s.lockID("alone "+what))
	return err
}

// inPostgres is how migrations are said there. Text is ordered, and its ASCII
// letters folded, as in SQLite.
var inPostgres = strings.NewReplacer(" INTEGER ", " BIGINT ", " TEXT ", ` TEXT COLLATE "C" `, "ADD COLUMN ", "ADD COLUMN IF NOT EXISTS ")

// translate makes the schema before the first table.
func (s *session) translate(ctx context.Context, tx *sql.Tx, statement string) (string, error) {
	var there bool
	err := tx.QueryRowContext(ctx, `SELECT count(*) > 0 FROM pg_namespace WHERE nspname = ?`, s.schema).Scan(&there)
	if err == nil && !there {
		_, err = tx.ExecContext(ctx, `CREATE SCHEMA `+pgx.Identifier{s.schema}.Sanitize())
	}
	return inPostgres.Replace(statement), err
}

func (s *session) explain(err error) error { return err }

// pgConn is a connection that takes SQL as SQLite does, with ? for a value, and
// any text.
type pgConn struct{ *stdlib.Conn }

func (c pgConn) pid() uint32 { return c.Conn.Conn().PgConn().PID() }

// isDirect refuses a connection pooler: it would give one session's locks to
// others, and keep them when we die. It shows by the process's number, which a
// pooler makes up.
func (c pgConn) isDirect(ctx context.Context) error {
	var pid uint32
	// Nothing is prepared, which a pooler might leave for the next to stumble over.
	if err := c.Conn.Conn().QueryRow(ctx, `SELECT pg_backend_pid()`, pgx.QueryExecModeSimpleProtocol).Scan(&pid); err != nil {
		return err
	}
	if pid != c.pid() {
		return errors.New("a connection pooler stands before PostgreSQL, which takes its locks away; hint: give the address of PostgreSQL itself")
	}
	return nil
}

// IsValid is part of [driver.Validator], without which database/sql would end
// the session with each transaction that is given up.
func (c pgConn) IsValid() bool { return !c.Conn.Conn().IsClosed() }

// PrepareContext is part of [driver.ConnPrepareContext].
func (c pgConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.Conn.PrepareContext(ctx, numbered(query))
}

// ExecContext is part of [driver.ExecerContext].
func (c pgConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.ExecContext(ctx, numbered(query), args)
}

// QueryContext is part of [driver.QueryerContext].
func (c pgConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.QueryContext(ctx, numbered(query), args)
}

// CheckNamedValue is part of [driver.NamedValueChecker]. PostgreSQL refuses
// bytes that are no UTF-8, and NUL; mails have both.
func (c pgConn) CheckNamedValue(v *driver.NamedValue) error {
	value, err := driver.DefaultParameterConverter.ConvertValue(v.Value)
	if text, ok := value.(string); ok {
		value = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	}
	v.Value = value
	return err
}

var placeholder = compiled(`\?(\d*)`)

// numbered writes placeholders as PostgreSQL has them: ? and ?1 become $1. No
// statement of ours has a question mark for anything else.
func numbered(query string) string {
	n := 0
	return placeholder().ReplaceAllStringFunc(query, func(mark string) string {
		n++
		if len(mark) > 1 {
			return "$" + mark[1:]
		}
		return "$" + strconv.Itoa(n)
	})
}
