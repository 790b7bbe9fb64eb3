package cmd

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailapp/filter"
	"mailapp/poster/flow"
)

// kept is a place for sessions and what was noted about them.
type kept struct {
	t        *testing.T
	settings *filter.Settings
	state    stateDir
	app      *filter.App
	noted    []error
}

// newKept makes one with the files of an app that has been set up for a while.
func newKept(t *testing.T) *kept {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"rules.yaml", "flow.yaml", "password"} {
		path, before := filepath.Join(dir, name), time.Now().Add(-time.Minute)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, before, before)); err != nil {
			t.Fatal(err)
		}
	}
	app := &filter.App{Name: "x", Flow: "flow.yaml", URL: "https://x.example", Account: "fred", Password: filter.Source{File: "password"}, KeepSession: true}
	return &kept{t: t, settings: &filter.Settings{File: filepath.Join(dir, "rules.yaml")}, state: stateDir(dir), app: app}
}

func (k *kept) open() *flow.Session {
	return openSession(k.settings, k.state, k.app, func(err error) { k.noted = append(k.noted, err) })
}

func (k *kept) path() string { return k.state.sessionFile(k.app, k.settings.Path(k.app.Flow)) }

// mustHave opens the session, sees what is in it, and how much was noted.
func (k *kept) mustHave(want string, notes int) *flow.Session {
	k.t.Helper()
	s := k.open()
	if s == nil || string(s.Saved) != want || len(k.noted) != notes {
		k.t.Fatalf("got %+v, want %q; noted %v", s, want, k.noted)
	}
	return s
}

// The last run that went well leaves its session; one that failed with another
// takes away no more than that.
func TestSessionsOfTwoRuns(t *testing.T) {
	k := newKept(t)
	first, second := k.mustHave("", 0), k.mustHave("", 0)
	first.Keep([]byte("1"))
	third := k.mustHave("1", 0)
	second.Keep([]byte("2"))
	third.Forget()
	k.mustHave("2", 0).Forget()
	k.mustHave("", 0).Forget()
}

// Who changes the account's settings ends its session, also one that a run of
// before is about to leave.
func TestChangeEndsSession(t *testing.T) {
	for _, name := range []string{"rules.yaml", "flow.yaml", "password"} {
		k := newKept(t)
		path := filepath.Join(string(k.state), name)
		k.mustHave("", 0).Keep([]byte("1"))
		late := k.mustHave("1", 0)
		soon := time.Now().Add(time.Second)
		if err := os.Chtimes(path, soon, soon); err != nil {
			t.Fatal(err)
		}
		k.mustHave("", 0)
		if err := os.Remove(k.path()); err != nil {
			t.Fatal(err)
		}
		late.Keep([]byte("2"))
		if _, err := os.Stat(k.path()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a session of before its change was kept: %v", name, err)
		}
	}
}

// What others can read or have laid there is not used, and replaced.
func TestSessionOfOthers(t *testing.T) {
	k := newKept(t)
	k.mustHave("", 0).Keep([]byte("1"))
	if err := os.Chmod(k.path(), 0o604); err != nil {
		t.Fatal(err)
	}
	k.mustHave("", 1).Keep([]byte("2"))
	k.mustHave("2", 1)
	if err := errors.Join(os.Rename(k.path(), k.path()+"2"), os.Symlink(k.path()+"2", k.path())); err != nil {
		t.Fatal(err)
	}
	k.mustHave("", 2).Keep([]byte("3"))
	k.mustHave("3", 2)
	if err := os.Chmod(k.state.sessions(), 0o750); err != nil {
		t.Fatal(err)
	}
	if s := k.open(); s != nil || len(k.noted) != 3 {
		t.Errorf("kept where others can look: %+v, %v", s, k.noted)
	}
	if text := errors.Join(k.noted...).Error(); strings.Count(text, "hint: chmod") != 2 {
		t.Errorf("noted %s", text)
	}
}

// Nothing of one account reaches another's run (C28).
func TestSessionIsOfOneAccount(t *testing.T) {
	k := newKept(t)
	k.mustHave("", 0).Keep([]byte("fred's"))
	for name, change := range map[string]func(*filter.App){
		"account": func(a *filter.App) { a.Account = "anna" },
		"site":    func(a *filter.App) { a.URL = "https://y.example" },
		"flow":    func(a *filter.App) { a.Flow = "other.yaml" },
		"app":     func(a *filter.App) { a.Name = "y" },
		"setting": func(a *filter.App) { a.With = map[string]string{"login": "anna"} },
	} {
		other := *k.app
		change(&other)
		if s := openSession(k.settings, k.state, &other, nil); s.Saved != nil {
			t.Errorf("another %s got %q", name, s.Saved)
		}
	}
	k.mustHave("fred's", 0)
	k.app.KeepSession = false
	if s := k.open(); s != nil {
		t.Errorf("got %+v without keep-session", s)
	}
}

// Sessions that nobody uses do not lie there for ever, nor does what is left of
// a run that was killed (C7).
func TestSweepSessions(t *testing.T) {
	k := newKept(t)
	k.mustHave("", 0).Keep([]byte("1"))
	half := filepath.Join(k.state.sessions(), ".half")
	if err := os.WriteFile(half, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		path string
		age  time.Duration
		gone bool
	}{{half, temporaryAge / 2, false}, {half, 2 * temporaryAge, true}, {k.path(), sessionAge - time.Hour, false}, {k.path(), sessionAge + time.Hour, true}} {
		then := time.Now().Add(-step.age)
		if err := errors.Join(os.Chtimes(step.path, then, then), k.state.sweep()); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(step.path); errors.Is(err, os.ErrNotExist) != step.gone {
			t.Errorf("%s, %v old: %v", step.path, step.age, err)
		}
	}
}
