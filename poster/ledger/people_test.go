package ledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPeople(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx := context.Background()
		if none, err := PeopleIn(ctx, where); err != nil || none != nil {
			t.Errorf("without a ledger: %v, %v", none, err)
		}
		if left, _ := os.ReadDir(where); len(left) > 0 {
			t.Errorf("looking made %v", left)
		}
		l := open(t, where)
		anna := Person{"anna", "anna@example.org", "a key", time.UnixMilli(1000)}
		for _, p := range []Person{{"bob", "bob@example.org", "k", time.UnixMilli(0)}, anna} {
			if err := l.AddPerson(ctx, p); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range []Person{{Name: "anna", Address: "other@example.org"}, {Name: "other", Address: "Anna@Example.org"}} {
			if err := l.AddPerson(ctx, p); !errors.Is(err, ErrTaken) {
				t.Errorf("%+v: %v", p, err)
			}
		}
		// Only ASCII letters are folded: these are two mailboxes.
		if err := errors.Join(l.AddPerson(ctx, Person{Name: "k", Address: "k@example.org"}), l.AddPerson(ctx, Person{Name: "kelvin", Address: "\u212a@example.org"}),
			l.RemovePerson(ctx, "k"), l.RemovePerson(ctx, "kelvin")); err != nil {
			t.Error(err)
		}
		all, err := PeopleIn(ctx, where)
		if err != nil || len(all) != 2 || all[0] != anna {
			t.Errorf("%+v, %v", all, err)
		}
		code, err := l.NewCode(ctx, "release ", "job", "Anna@example.org", testLimit, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := l.RemovePerson(ctx, "anna"); err != nil {
			t.Error(err)
		}
		if _, err := l.Code(ctx, "release ", code, "anna@example.org", time.Now()); !errors.Is(err, ErrUsed) {
			t.Errorf("a code of who was removed: %v", err)
		}
		if err := l.RemovePerson(ctx, "anna"); !errors.Is(err, ErrUnknown) {
			t.Errorf("removed twice: %v", err)
		}
		if all, err := l.People(ctx); err != nil || len(all) != 1 {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

// A ledger of a version that knew no people has none.
func TestPeopleOfOldLedger(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	l := open(t, dir)
	if _, err := l.db.Exec(`DROP TABLE person`); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if all, err := PeopleIn(ctx, dir); err != nil || all != nil {
		t.Errorf("%v, %v", all, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ledger.sqlite"), []byte("this is no database, not at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := PeopleIn(ctx, dir); err == nil {
		t.Error("a corrupt ledger has people")
	}
}

func TestHasPosted(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := context.Background(), open(t, where)
		for person, end := range map[string]State{"anna": Posted, "bob": Held, "carl": Rejected} {
			c, err := l.Claim(ctx, Job{Key: person, Sender: person + "@example.org"})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(c.Doubt(ctx, nil), c.Settle(ctx, end, Result{}), c.Answer(ctx)); err != nil {
				t.Fatal(err)
			}
			c.Close()
			posted, err := l.HasPosted(ctx, []string{"other@example.org", strings.ToUpper(person) + "@example.org"})
			if err != nil || posted != (end == Posted) {
				t.Errorf("%s: %t, %v", person, posted, err)
			}
		}
		if posted, err := l.HasPosted(ctx, nil); err != nil || posted {
			t.Errorf("nobody: %t, %v", posted, err)
		}
	})
}

var testLimit = CodeLimit{Mailbox: 1, Total: 3, Window: time.Hour, Expires: 2 * time.Hour}

// A code counts for the address and purpose that it was mailed for, until it
// has expired or was used up.
func TestCode(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := context.Background(), open(t, where)
		now := time.Now()
		code, err := l.NewCode(ctx, "release ", "job 1", "anna@example.org", testLimit, now)
		if err != nil {
			t.Fatal(err)
		}
		other, err := l.NewCode(ctx, "release ", "job 2", "anna@example.org", testLimit, now)
		if err != nil || code == other || len(code) != 20 {
			t.Fatalf("%q, %q, %v", code, other, err)
		}
		for _, tt := range []struct {
			kind, code, address string
			at                  time.Time
			want                string
		}{
			{"release ", code, "Anna@example.org", now, "job 1"},
			{"release ", code, "anna@example.org", now.Add(2 * time.Hour), "job 1"},
			{"release ", code, "anna@example.org", now.Add(2*time.Hour + time.Second), ""},
			{"release ", code, "bob@example.org", now, ""},
			{"register ", code, "anna@example.org", now, ""},
			{"release ", code[1:] + "a", "anna@example.org", now, ""},
			{"release ", "", "anna@example.org", now, ""},
		} {
			about, err := l.Code(ctx, tt.kind, tt.code, tt.address, tt.at)
			if about != tt.want || (tt.want == "") != errors.Is(err, ErrUnknown) {
				t.Errorf("%+v: %q, %v", tt, about, err)
			}
		}
		if err := l.UseCode(ctx, code); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Code(ctx, "release ", code, "anna@example.org", now); !errors.Is(err, ErrUsed) {
			t.Errorf("used up: %v", err)
		}
		if _, err := l.Code(ctx, "release ", code, "bob@example.org", now); !errors.Is(err, ErrUnknown) {
			t.Errorf("used up, another's: %v", err)
		}
		if about, err := l.Code(ctx, "release ", other, "anna@example.org", now); about != "job 2" || err != nil {
			t.Errorf("the other: %q, %v", about, err)
		}
		var text string
		if err := l.db.QueryRow(`SELECT min(hash) || max(hash) FROM code`).Scan(&text); err != nil || len(text) != 128 || strings.Contains(text, other) {
			t.Errorf("stored: %q, %v", text, err)
		}
	})
}

// Nobody is flooded: one to an address, few in all, and only what was mailed
// counts.
func TestCodeLimit(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		ctx, l := context.Background(), open(t, where)
		now := time.Now()
		ask := func(kind, address string, at time.Time, sent bool) error {
			t.Helper()
			code, err := l.NewCode(ctx, kind, "", address, testLimit, at)
			if err == nil && sent {
				err = errors.Join(l.SentCode(ctx, code), l.UseCode(ctx, code))
			}
			for _, known := range []error{ErrAsked, ErrCrowded} {
				if errors.Is(err, known) {
					return known
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			return nil
		}
		var got []error
		for _, a := range []struct {
			kind, address string
			after         time.Duration
			sent          bool
		}{
			{"register ", "anna@example.org", 0, false}, // could not leave
			{"register ", "anna@example.org", 1, true},
			{"register ", "ANNA+2@example.org", 2, true}, // enough for her
			{"release ", "anna@example.org", 2, true},    // of another kind
			{"register ", "bob@example.org", 3, true},
			{"register ", "carl@example.org", 4, true},
			{"register ", "dora@example.org", 5, true}, // enough in all
			{"register ", "dora@example.org", time.Hour + 5, true},
			{"register ", "anna@example.org", time.Hour + 6, true},
		} {
			got = append(got, ask(a.kind, a.address, now.Add(a.after), a.sent))
		}
		if want := []error{nil, nil, ErrAsked, nil, nil, nil, ErrCrowded, nil, nil}; !slices.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	})
}
