package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"mailapp/filter"
	"mailapp/poster"
)

// stateDir is where mailapp remembers: the ledger, the log, kept mails and,
// while it is at work, what the work needs.
type stateDir string

// openState finds the state directory and makes it: the setting, else
// $XDG_STATE_HOME/mailapp, else ~/.local/state/mailapp.
func openState(s *filter.Settings) (stateDir, error) {
	dir := ""
	if s.State != "" {
		dir = s.Path(s.State)
	} else {
		base, err := xdg("XDG_STATE_HOME", ".local/state")
		if err != nil {
			return "", err
		}
		dir = filepath.Join(base, "mailapp")
	}
	state := stateDir(dir)
	for _, d := range []string{dir, state.run(), state.kept()} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return "", fmt.Errorf("state directory: %w", err)
		}
	}
	return state, nil
}

// run holds spool files, photos and browser profiles while they are in use.
func (d stateDir) run() string    { return filepath.Join(string(d), "run") }
func (d stateDir) kept() string   { return filepath.Join(string(d), "kept") }
func (d stateDir) traces() string { return filepath.Join(string(d), "traces") }
func (d stateDir) log() string    { return filepath.Join(string(d), "mailapp.log") }

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

// keep stores a mail and its envelope under the job's id, so that a person can
// have it tried again. Doing so twice changes nothing.
func (d stateDir) keep(id string, message io.ReaderAt, size int64, env filter.Envelope) error {
	envelope, err := json.Marshal(env)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(io.NewSectionReader(message, 0, size))
	if err != nil {
		return err
	}
	if err := poster.StoreFile(d.keptFile(id, ".json"), envelope); err != nil {
		return err
	}
	return poster.StoreFile(d.keptFile(id, ".eml"), data)
}

func (d stateDir) keptFile(id, ext string) string { return filepath.Join(d.kept(), id+ext) }

// openKept gives a kept mail and its envelope.
func (d stateDir) openKept(id string) (*os.File, filter.Envelope, error) {
	var env filter.Envelope
	data, err := os.ReadFile(d.keptFile(id, ".json"))
	if err != nil {
		return nil, env, err
	}
	if err := json.Unmarshal(data, &env); err != nil {
		return nil, env, err
	}
	f, err := os.Open(d.keptFile(id, ".eml"))
	return f, env, err
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

// temporaryAge is how old a temporary file is when nobody can be at it any more.
const temporaryAge = time.Hour

// sweep removes the temporary files of processes that were killed (C7).
func (d stateDir) sweep() error {
	var errs []error
	for _, pattern := range []string{filepath.Join(d.kept(), ".*"), filepath.Join(d.traces(), ".*"), filepath.Join(d.run(), "spool-*")} {
		files, err := filepath.Glob(pattern)
		errs = append(errs, err)
		for _, path := range files {
			info, err := os.Lstat(path)
			if err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > temporaryAge {
				errs = append(errs, os.Remove(path))
			}
		}
	}
	return errors.Join(errs...)
}
