package ledger

import (
	"database/sql"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A file of any earlier mailapp is brought up to date and keeps what it has.
func TestOldFiles(t *testing.T) {
	last, err := os.ReadFile("testdata/unversioned.sql")
	if err != nil {
		t.Fatal(err)
	}
	without := func(columns string) string {
		return regexp.MustCompile(`(?m)^ +(`+columns+`) .*\n|^.* job_account .*\n`).ReplaceAllString(string(last), "")
	}
	fresh := columns(t, open(t, t.TempDir()).db)
	if len(fresh) < 30 {
		t.Fatalf("only %d columns were found: %q", len(fresh), fresh)
	}
	for name, schema := range map[string]string{
		"the last":          string(last),
		"before the pace":   without("account|title|ads_before|published"),
		"before answers":    without("account|title|ads_before|published|reads|answer|mailbox|used"),
		"before all people": strings.Split(without("account|title|ads_before|published|reads|answer"), "-- Who has registered")[0],
	} {
		dir := t.TempDir()
		db, err := sql.Open("sqlite", dataSource(sqlitePath(dir)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(schema + `
			INSERT INTO job (key, state, ended, rule, app, person, sender, recipient, message_id, refs, subject, url, attempts, created, updated)
			VALUES ('k', 'answered', 'posted', 'ads', 'a', 'fred', 'f@x', 'r@x', '<m>', '', 'Sofa', 'https://x/1', 1, 1000, 2000)`); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		db.Close()
		for range 2 { // the second finds it done
			l := open(t, dir)
			if c := claim(t, l, "k"); c.State != Answered || c.URL != "https://x/1" || c.Before != nil || !c.Published.IsZero() || c.Result.Answer {
				t.Errorf("%s: %+v", name, c.Entry)
			}
			if got := columns(t, l.db); !slices.Equal(got, fresh) {
				t.Errorf("%s: columns %q, want %q", name, got, fresh)
			}
			l.Close()
		}
	}
}

// columns lists what a file has, as table.column.
func columns(t *testing.T, db *sql.DB) []string {
	t.Helper()
	rows, err := db.Query(`SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		all = append(all, name)
	}
	return all
}

func TestManyOpenAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				l, err := Open(t.Context(), where)
				if err != nil {
					t.Error(err)
					return
				}
				l.Close()
			})
		}
		wg.Wait()
		var versions int
		if err := open(t, where).db.QueryRow(`SELECT count(*) FROM schema_version`).Scan(&versions); err != nil || versions != 1 {
			t.Errorf("%d versions, %v", versions, err)
		}
	})
}

// Two versions side by side: what a newer one has added does not disturb; what
// it has changed for good is left alone.
func TestNewerSchema(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := t.Context(), open(t, where)
		texts, err := migrations()
		if err != nil {
			t.Fatal(err)
		}
		newer := len(texts) + 1
		running := claim(t, l, "running")
		for _, statement := range []string{
			`ALTER TABLE job ADD COLUMN later TEXT NOT NULL DEFAULT 'x'`,
			`ALTER TABLE person ADD COLUMN later TEXT NOT NULL DEFAULT 'x'`,
			`UPDATE schema_version SET number = number + 1`,
		} {
			if _, err := l.db.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		if err := running.Doubt(ctx, nil); err != nil {
			t.Errorf("a program that was running: %v", err)
		}
		running.Close()
		l.Close()

		l = open(t, where)
		if c := claim(t, l, "another"); c.State != Claimed {
			t.Errorf("%+v", c.Entry)
		}
		if err := l.AddPerson(ctx, Person{Name: "anna", Address: "anna@example.org"}); err != nil {
			t.Error(err)
		}
		var number int
		if err := l.db.QueryRow(`SELECT number FROM schema_version`).Scan(&number); err != nil || number != newer {
			t.Errorf("version %d, %v; it was %d", number, err, newer)
		}
		if _, err := l.db.Exec(`UPDATE schema_version SET oldest = ?`, newer); err != nil {
			t.Fatal(err)
		}
		l.Close()
		if _, err := Open(ctx, where); err == nil || !strings.Contains(err.Error(), "newer mailapp") {
			t.Errorf("a schema that shuts this program out: %v", err)
		}
	})
}
