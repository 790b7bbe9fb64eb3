package cmd

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"mailapp/filter"
	"mailapp/filter/strictyaml"
	"mailapp/poster"
	"mailapp/poster/flow"
)

// A saved session is one file for each app and account in the state directory,
// which whoever can read it can post with. What it holds is the browser's to
// know. Two runs at once may each replace it, whole; the last one counts. A file
// that is lost costs one login, so nothing about it ever fails a run.

// sessionLimit is the largest session that is read, in bytes.
const sessionLimit = 2 << 20

// sessionFile is the file of one account's session.
type sessionFile struct {
	path    string
	sources []string  // files whose change ends the session
	opened  time.Time // before the run
	saved   []byte
	note    func(error) // takes what the owner should know
}

// openSession gives the session of the app's account; nil where the app keeps
// none, or where others could read it.
func openSession(s *filter.Settings, state stateDir, app *filter.App, note func(error)) *flow.Session {
	if !app.KeepSession {
		return nil
	}
	f := &sessionFile{
		path: state.sessionFile(app, s.Path(app.Flow)), opened: time.Now(), note: note,
		sources: []string{s.File, s.Path(app.Flow), s.Path(app.Password.File)},
	}
	if err := f.makeDir(); err != nil {
		note(fmt.Errorf("no session is kept: %w", err))
		return nil
	}
	var err error
	if f.saved, err = f.read(); err != nil {
		note(fmt.Errorf("the saved session is not used: %w", err))
	}
	return &flow.Session{Saved: f.saved, Keep: f.keep, Forget: f.forget}
}

// sessionFile gives the path for the session of the app as it is set: another
// site, account or parameter is another session. The password has no part in
// it, lest the name tell of it.
func (d stateDir) sessionFile(app *filter.App, flowFile string) string {
	h := sha256.New()
	// What is encoded is made of texts, and always can be; a map's keys are sorted.
	_ = json.NewEncoder(h).Encode([]any{flowFile, app.Name, app.URL, app.Account, app.With})
	return filepath.Join(d.sessions(), app.Name+"-"+hex.EncodeToString(h.Sum(nil)[:8])+".json")
}

// makeDir makes the directory where it is missing; one that others can look
// into is none for sessions.
func (f *sessionFile) makeDir() error {
	dir := filepath.Dir(f.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return errors.Join(checkOwned(dir), private(d))
}

// read gives what an earlier run has saved, nil if there is nothing that is
// still good.
func (f *sessionFile) read() ([]byte, error) {
	file, err := os.OpenFile(f.path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if err := private(file); err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || f.changedSince(info.ModTime()) {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(file, sessionLimit))
}

// changedSince tells whether the rules, the flow or the password's file were
// changed at that time or later: the login of then may not be the one of now.
func (f *sessionFile) changedSince(t time.Time) bool {
	for _, path := range f.sources {
		info, err := os.Stat(path)
		if err == nil && !info.ModTime().Before(t) {
			return true
		}
	}
	return false
}

// keep replaces the file by a session that is surely logged in: all that the run
// had to do has gone well.
func (f *sessionFile) keep(session []byte) {
	if f.changedSince(f.opened) {
		return
	}
	if err := poster.StoreFile(f.path, session); err != nil {
		f.note(fmt.Errorf("saving the session: %w", err))
	}
}

// forget removes the session that was tried, but not one that another run has
// saved meanwhile.
func (f *sessionFile) forget() {
	if now, err := os.ReadFile(f.path); err != nil || !bytes.Equal(now, f.saved) {
		return
	}
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.note(fmt.Errorf("forgetting the session: %w", err))
	}
}

// checkSession gives, as [strictyaml.Mistakes] of the rules, that a session
// would only be in the way.
func checkSession(s *filter.Settings, app *filter.App, f *flow.Flow) error {
	if !app.KeepSession || f.CanSkip() {
		return nil
	}
	return strictyaml.Mistakes{{File: s.File, Pos: app.Place(""), Text: fmt.Sprintf(
		"app %q: keep-session is of no use, because its flow always logs in; hint: make the login a part with needed-unless: mailapp-flow(5)", app.Name)}}
}
