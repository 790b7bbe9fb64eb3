package ledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// terminate ends the server's session behind l, as the death of its host or a
// restart of the server does.
func terminate(t *testing.T, l *Ledger, where string) {
	t.Helper()
	var pid int
	if err := l.db.QueryRow(`SELECT pg_backend_pid()`).Scan(&pid); err != nil {
		t.Fatal(err)
	}
	var done bool
	if err := open(t, where).db.QueryRow(`SELECT pg_terminate_backend(?, 5000)`, pid).Scan(&done); err != nil || !done {
		t.Fatalf("%t, %v", done, err)
	}
}

// Fencing: whoever has lost the session can write nothing, nor claim anything,
// until all that was held on it has been given up. What was in doubt is found so.
func TestLostSession(t *testing.T) {
	ctx, where := t.Context(), inPostgresServer(t)
	l := open(t, where)
	c := claim(t, l, "k")
	if err := c.Doubt(ctx, []Ad{{"https://x/1", "A"}}); err != nil {
		t.Fatal(err)
	}
	if err := c.Holds(ctx); err != nil {
		t.Error(err)
	}
	terminate(t, l, where)
	if err := c.Holds(ctx); err == nil {
		t.Error("a claim whose session has ended holds")
	}
	for tries := range 2 {
		err := c.Settle(ctx, Posted, Result{URL: "https://x/2"})
		if lost := errors.Is(err, errLost); err == nil || tries > 0 && !lost || c.State != Doubt {
			t.Errorf("written without the lock: %v, %s", err, c.State)
		}
	}
	if _, err := l.Claim(ctx, Job{Key: "other"}); err == nil {
		t.Error("claimed on a session that had ended")
	}
	young := claim(t, open(t, where), "k")
	if young.State != Doubt || len(young.Before) != 1 {
		t.Errorf("found: %+v", young.Entry)
	}
	c.Close()
	if _, err := l.Claim(ctx, Job{Key: "k"}); !errors.Is(err, ErrBusy) {
		t.Errorf("what is another's now: %v", err)
	}
	claim(t, l, "other")
}

// What is given up in the middle does not cost the session.
func TestCancelled(t *testing.T) {
	where := inPostgresServer(t)
	l, other := open(t, where), open(t, where)
	c := claim(t, l, "k")
	ctx, cancel := context.WithCancel(t.Context())
	tx, err := other.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`LOCK TABLE job`); err != nil {
		t.Fatal(err)
	}
	l.Observe = func(State, bool) { cancel() } // as the statement is about to be sent
	if err := c.Doubt(ctx, nil); !errors.Is(err, context.Canceled) || c.State != Claimed {
		t.Errorf("%v, %s", err, c.State)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := c.Release(t.Context()); err != nil {
		t.Errorf("after that: %v", err)
	}
}

// C12: the server of these tests promises no durable commit, and ends idle
// sessions.
func TestSessionSettings(t *testing.T) {
	l := open(t, inPostgresServer(t))
	for name, want := range map[string]string{
		"synchronous_commit": "on", "idle_session_timeout": "0", "transaction_isolation": "read committed", "lock_timeout": "20s",
	} {
		var got string
		if err := l.db.QueryRow(`SELECT current_setting(?)`, name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, not %q (%v)", name, got, want, err)
		}
	}
	for name := range sessionSettings { // tcp_…: a socket that is no TCP shows 0
		var source string
		if err := l.db.QueryRow(`SELECT source FROM pg_settings WHERE name = ?`, name).Scan(&source); err != nil || source != "client" {
			t.Errorf("%s is set by %q (%v)", name, source, err)
		}
	}
}

// Locks are of one ledger only.
func TestTwoLedgersInOneDatabase(t *testing.T) {
	claim(t, open(t, inPostgresServer(t)), "k")
	claim(t, open(t, inPostgresServer(t)), "k")
}

// A mail has bytes that PostgreSQL takes for no text.
func TestAnyBytes(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := t.Context(), open(t, where)
		c, err := l.Claim(ctx, Job{Key: "k", Subject: "caf\xe9", MessageID: "<a\x00b>"})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Settle(ctx, Rejected, Result{Said: "no \xff \x00"}); err != nil {
			t.Error(err)
		}
		if e, err := l.Find(ctx, "k"); err != nil || !strings.HasPrefix(e.Subject, "caf") || !strings.HasPrefix(e.Said, "no ") {
			t.Errorf("%+v, %v", e, err)
		}
	})
}

func TestPostgresConfig(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("PGPASSWORD", "of-the-environment")
	if err := os.WriteFile(filepath.Join(home, ".pgpass"), []byte("*:*:*:*:of-a-file\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for where, want := range map[string]struct{ password, tls, schema string }{
		"postgres://u@db.example.org/d":                                {"", "verified", "mailapp"},
		"postgresql://u:p%20w@db.example.org/d?search_path=two":        {"p w", "verified", "two"},
		"postgres://u@db.example.org/d?sslmode=disable":                {"", "none", "mailapp"},
		"postgres://u@localhost/d":                                     {"", "unverified", "mailapp"},
		"postgres://u@127.0.0.1:5433/d":                                {"", "unverified", "mailapp"},
		"postgres:///d?host=/run/postgresql&user=u":                    {"", "none", "mailapp"},
		"postgres:///d?host=/run/postgresql&password=p%20w%2B%26":      {"p w+&", "none", "mailapp"},
		"postgres:///d?host=db.example.org&user=u&sslmode=verify-full": {"", "verified", "mailapp"},
	} {
		config, err := postgresConfig(where)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		got := "none"
		if config.TLSConfig != nil {
			got = map[bool]string{true: "unverified", false: "verified"}[config.TLSConfig.InsecureSkipVerify]
		}
		if got != want.tls || config.Password != want.password || config.RuntimeParams["search_path"] != want.schema {
			t.Errorf("%s: TLS %s, password %q, schema %q", where, got, config.Password, config.RuntimeParams["search_path"])
		}
	}
	for _, where := range []string{
		"postgres://u:sesame@host:x/d", "postgres://u:sesame@host/d?service=x", "postgres://u:sesame@host/d?passfile=/tmp/x",
		"postgres://u:sesame@host/d?options=-c%20fsync%3Doff", "postgres://u:sesame@host/d?search_path=a,b",
		"postgres://u:sesame@127.0.0.1:1/d",
	} {
		if _, err := Open(t.Context(), where); err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: %v", where, err)
		}
	}
}

// C29
func TestWrongPassword(t *testing.T) {
	server, err := url.Parse(inPostgresServer(t))
	if err != nil {
		t.Fatal(err)
	}
	server.User = url.UserPassword(server.User.Username(), "sesame")
	if _, err := Open(t.Context(), server.String()); err == nil || strings.Contains(err.Error(), "sesame") {
		t.Errorf("%v", err)
	}
}

// A pooler that lends sessions out is refused: a lock would stay with the
// session that took it.
func TestPooler(t *testing.T) {
	where, err := url.Parse(inPostgresServer(t))
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(where.Query().Get("host"), ".s.PGSQL.5432")
	front, err := net.Listen("unix", filepath.Join(t.TempDir(), ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	go func() {
		for client, err := front.Accept(); err == nil; client, err = front.Accept() {
			go pool(client, socket)
		}
	}()
	query := where.Query()
	query.Set("host", filepath.Dir(front.Addr().String()))
	where.RawQuery = query.Encode()
	if _, err := Open(t.Context(), where.String()); err == nil || !strings.Contains(err.Error(), "pooler") {
		t.Errorf("%v", err)
	}
}

// pool passes a connection on as a pooler does: with a process number that it
// has made up.
func pool(client net.Conn, socket string) {
	server, err := net.Dial("unix", socket)
	if err != nil {
		client.Close()
		return
	}
	defer client.Close()
	go func() { defer server.Close(); _, _ = io.Copy(server, client) }()
	for head := make([]byte, 5); ; {
		if _, err := io.ReadFull(server, head); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(server, body); err != nil {
			return
		}
		if head[0] == 'K' { // BackendKeyData
			binary.BigEndian.PutUint32(body, 4711<<16)
		}
		if _, err := io.Copy(client, io.MultiReader(bytes.NewReader(head), bytes.NewReader(body))); err != nil {
			return
		}
	}
}

// PeopleIn makes nothing, not even the schema.
func TestLookingMakesNothing(t *testing.T) {
	where := inPostgresServer(t)
	if people, err := PeopleIn(t.Context(), where); err != nil || people != nil {
		t.Errorf("%v, %v", people, err)
	}
	db, _, err := openPostgres(where)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var schemas int
	if err := db.QueryRow(`SELECT count(*) FROM pg_namespace WHERE nspname = current_setting('search_path')`).Scan(&schemas); err != nil || schemas != 0 {
		t.Errorf("%d schemas, %v", schemas, err)
	}
}
