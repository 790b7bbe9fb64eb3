// Ledger takes jobs from claim to answered: by mailapp's ledger, or by as many
// bare transactions on the same database.
//
//	ledger ours|bare WHERE JOBS PREFIX
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"mailapp/poster/ledger"
)

func main() {
	jobs, err := strconv.Atoi(os.Args[3])
	if err == nil && os.Args[1] == "ours" {
		err = ours(os.Args[2], jobs, os.Args[4])
	} else if err == nil {
		err = bare(os.Args[2], jobs, os.Args[4])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func ours(where string, jobs int, prefix string) error {
	ctx := context.Background()
	l, err := ledger.Open(ctx, where)
	if err != nil {
		return err
	}
	defer l.Close()
	for i := range jobs {
		if err := post(ctx, l, fmt.Sprintf("%s-%d", prefix, i)); err != nil {
			return err
		}
	}
	return nil
}

func post(ctx context.Context, l *ledger.Ledger, key string) error {
	c, err := l.Claim(ctx, ledger.Job{Key: key, Rule: "small ads", App: "fairground", Sender: "fred@example.org", Subject: "Sofa"})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Doubt(ctx, nil); err != nil {
		return err
	}
	if err := c.Settle(ctx, ledger.Posted, ledger.Result{URL: "http://127.0.0.1/ad/1"}); err != nil {
		return err
	}
	return c.Answer(ctx)
}

// transitions of a job are each on disk before the next.
const transitions = 4

func bare(where string, jobs int, prefix string) error {
	driver, source, value := "sqlite", "file:"+filepath.Join(where, "bare.db")+"?_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate", "?"
	if strings.HasPrefix(where, "postgres:") {
		driver, source, value = "pgx", where, "$1"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return err
	}
	defer db.Close()
	if value == "$1" {
		db.SetMaxOpenConns(1)
		if _, err := db.Exec("SET synchronous_commit = on; SET idle_session_timeout = 0; SET default_transaction_isolation = 'read committed'; CREATE SCHEMA IF NOT EXISTS bare; SET search_path = bare"); err != nil {
			return err
		}
	}
	if _, err := db.Exec("CREATE TABLE IF NOT EXISTS job (key TEXT PRIMARY KEY, state INTEGER)"); err != nil {
		return err
	}
	for i := range jobs {
		key := fmt.Sprintf("%s-%d", prefix, i)
		if _, err := db.Exec("INSERT INTO job (key, state) VALUES ("+value+", 1)", key); err != nil {
			return err
		}
		for range transitions - 1 {
			if _, err := db.Exec("UPDATE job SET state = state + 1 WHERE key = "+value, key); err != nil {
				return err
			}
		}
	}
	return nil
}
