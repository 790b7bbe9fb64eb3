package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"syscall"
	"time"

	"mailapp/filter"
	"mailapp/filter/auth"
	"mailapp/poster"
	"mailapp/poster/ledger"
)

// stateDir is where mailapp remembers: the ledger, the log, kept mails and,
// while it is at work, what the work needs.
type stateDir string

// findState gives the state directory, which need not be there: the setting,
// else $XDG_STATE_HOME/mailapp, else ~/.local/state/mailapp.
func findState(s *filter.Settings) (stateDir, error) {
	if s.State != "" {
		return stateDir(s.Path(s.State)), nil
	}
	base, err := xdg("XDG_STATE_HOME", ".local/state")
	if err != nil {
		return "", err
	}
	return stateDir(filepath.Join(base, "mailapp")), nil
}

// openState finds the state directory and makes it where it is missing. One
// that somebody else could write to is no place for a ledger or for mail.
func openState(s *filter.Settings) (stateDir, error) {
	state, err := findState(s)
	if err != nil {
		return "", err
	}
	for _, dir := range []string{string(state), state.run(), state.kept()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", fmt.Errorf("state directory: %w", err)
		}
		if err := checkOwned(dir); err != nil {
			return "", err
		}
	}
	return state, nil
}

// findLedger gives where the ledger is, as [ledger.Open] takes it: in PostgreSQL
// where the settings say so, else in the state directory.
func findLedger(ctx context.Context, s *filter.Settings, state stateDir) (string, error) {
	if s.Ledger == "" {
		return string(state), nil
	}
	u, err := url.Parse(s.Ledger)
	if err != nil || !s.LedgerKey.IsSet() {
		return s.Ledger, err
	}
	password, err := readSecret(ctx, s, s.LedgerKey)
	if err != nil {
		return "", fmt.Errorf("ledger-password: %w", err)
	}
	query := u.Query()
	query.Set("password", password)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

func openLedger(ctx context.Context, s *filter.Settings, state stateDir) (*ledger.Ledger, error) {
	where, err := findLedger(ctx, s, state)
	if err != nil {
		return nil, err
	}
	return ledger.Open(ctx, where)
}

// checkOwned sees to it that nobody but the user we run as can change what is in
// the directory.
func checkOwned(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("state directory %s belongs to user %d, and this runs as %d", dir, stat.Uid, os.Geteuid())
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Errorf("state directory %s can be written by others (mode %03o); hint: chmod go-w", dir, mode)
	}
	return nil
}

// refuseRoot is the error of handling mails as the superuser, for whom the
// browser has no sandbox, where the settings do not allow it.
func refuseRoot(s *filter.Settings) error {
	if os.Geteuid() != 0 || s.AllowRoot {
		return nil
	}
	return errors.New("this runs as root, which is refused; hint: run it as a user of its own, or set allow-root: true in rules.yaml")
}

// obstacles are what would keep run, as the user who asks, from handling any
// mail; nothing is made or changed to find out.
func obstacles(ctx context.Context, s *filter.Settings) []error {
	var found []error
	if err := refuseRoot(s); err != nil {
		found = append(found, err)
	}
	state, err := findState(s)
	if err == nil {
		err = checkOwned(string(state))
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		found = append(found, err)
	}
	if s.Ledger != "" {
		where, err := findLedger(ctx, s, state)
		if err == nil {
			_, err = ledger.PeopleIn(ctx, where)
		}
		if err != nil {
			found = append(found, err)
		}
	}
	return found
}

// run holds spool files, photos and browser profiles while they are in use.
func (d stateDir) run() string      { return filepath.Join(string(d), "run") }
func (d stateDir) slots() string    { return filepath.Join(string(d), "slots") }
func (d stateDir) kept() string     { return filepath.Join(string(d), "kept") }
func (d stateDir) traces() string   { return filepath.Join(string(d), "traces") }
func (d stateDir) sessions() string { return filepath.Join(string(d), "sessions") }
func (d stateDir) log() string      { return filepath.Join(string(d), "mailapp.log") }

// homeDir gives the user's home directory, "" if there is none. HOME may be
// missing in a delivery, so the user database is asked then.
func homeDir() string {
	if home := os.Getenv("HOME"); filepath.IsAbs(home) {
		return home
	}
	if u, err := user.Current(); err == nil && filepath.IsAbs(u.HomeDir) {
		return u.HomeDir
	}
	return ""
}

// xdg gives a base directory by the XDG specification.
func xdg(variable, below string) (string, error) {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return dir, nil
	}
	home := homeDir()
	if home == "" {
		return "", errors.New("there is no home directory; hint: set state: in rules.yaml and give --rules")
	}
	return filepath.Join(home, below), nil
}

// findRules gives the path of rules.yaml: the flag, $MAILAPP_RULES, the user's
// configuration directory, /etc/mailapp.
func findRules(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if path := os.Getenv("MAILAPP_RULES"); path != "" {
		return path, nil
	}
	candidates := []string{"/etc/mailapp/rules.yaml"}
	if base, err := xdg("XDG_CONFIG_HOME", ".config"); err == nil {
		candidates = append([]string{filepath.Join(base, "mailapp", "rules.yaml")}, candidates...)
	}
	for _, path := range candidates {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is no %s; hint: mailapp init", candidates[0])
}

// loadSettings finds and reads rules.yaml.
func loadSettings(flag string) (*filter.Settings, error) {
	path, err := findRules(flag)
	if err != nil {
		return nil, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	settings, err := filter.ParseSettings(path, data)
	if err != nil {
		return nil, err
	}
	settings.Home = homeDir()
	return settings, nil
}

// keptMail is what is known of a mail beside its bytes: its envelope, and who
// was proven to have sent it, nil where nobody was or it is still to be found
// out.
type keptMail struct {
	filter.Envelope
	Evidence *auth.Evidence `json:",omitempty"`
}

// keep stores a mail and what is known of it under the job's id, so that a
// person can have it tried again. Doing so twice changes nothing.
func (d stateDir) keep(id string, message io.ReaderAt, size int64, kept keptMail) error {
	known, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	if err := poster.StoreFile(d.keptFile(id, ".json"), known); err != nil {
		return err
	}
	return poster.StoreFrom(d.keptFile(id, ".eml"), io.NewSectionReader(message, 0, size))
}

func (d stateDir) keptFile(id, ext string) string { return filepath.Join(d.kept(), id+ext) }

// openKept gives a kept mail and what is known of it.
func (d stateDir) openKept(id string) (*os.File, keptMail, error) {
	var kept keptMail
	data, err := os.ReadFile(d.keptFile(id, ".json"))
	if err != nil {
		return nil, kept, err
	}
	if err := json.Unmarshal(data, &kept); err != nil {
		return nil, kept, err
	}
	f, err := os.Open(d.keptFile(id, ".eml"))
	return f, kept, err
}

// forget removes a kept mail, if there is one.
func (d stateDir) forget(id string) error {
	var errs []error
	for _, ext := range []string{".eml", ".json"} {
		if err := os.Remove(d.keptFile(id, ext)); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

const (
	// temporaryAge is how old a temporary file is when nobody can be at it any more.
	temporaryAge = time.Hour
	// sessionAge is how long a session is kept without being used. What site
	// and account it was for is perhaps not in the rules any more.
	sessionAge = 90 * 24 * time.Hour
)

// sweep removes the temporary files of processes that were killed (C7), and
// sessions that nobody uses.
func (d stateDir) sweep() error {
	return errors.Join(
		removeOld(filepath.Join(d.kept(), ".*"), temporaryAge),
		removeOld(filepath.Join(d.traces(), ".*"), temporaryAge),
		removeOld(filepath.Join(d.run(), "spool-*"), temporaryAge),
		removeOld(filepath.Join(d.sessions(), ".*"), temporaryAge),
		removeOld(filepath.Join(d.sessions(), "*.json"), sessionAge),
	)
}

// removeOld removes the plain files that fit the pattern and were last changed
// longer ago than age.
func removeOld(pattern string, age time.Duration) error {
	files, err := filepath.Glob(pattern)
	errs := []error{err}
	for _, path := range files {
		info, err := os.Lstat(path)
		if err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > age {
			errs = append(errs, os.Remove(path))
		}
	}
	return errors.Join(errs...)
}
