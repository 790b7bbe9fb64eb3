// Package pgtest runs a PostgreSQL of its own for tests: in a scratch
// directory, reached by a socket in it and by nothing else, and gone with the
// process that started it. Ledger's tests and cmd's share it.
//
// The server is set up badly on purpose: its own settings promise no durable
// commit and end idle sessions, so that a ledger that relies on them fails.
package pgtest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrMissing means that no PostgreSQL is installed.
var ErrMissing = errors.New("PostgreSQL is not installed")

// Password is that of the server's one user.
const Password = "hunter2 & co"

// userName is the server's one user.
const userName = "mailapp"

// Server is a running PostgreSQL.
type Server struct {
	bin     string // where its programs are
	dir     string
	process *os.Process
	ended   chan struct{}
}

var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Shared gives the server of this test binary, started at the first call. The
// error is ErrMissing where there is none to start.
func Shared() (*Server, error) {
	shared.once.Do(func() { shared.server, shared.err = Start() })
	return shared.server, shared.err
}

// Main runs the tests and ends the shared server after them. It is what a
// TestMain calls in place of m.Run.
type Main struct{ M interface{ Run() int } }

// Run gives the exit code of the tests.
func (m Main) Run() int {
	code := m.M.Run()
	if shared.server != nil {
		shared.server.Stop()
	}
	return code
}

// Start makes a database and runs a server on it.
func Start() (*Server, error) {
	bin, err := findBin()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// findBin gives the directory of the newest PostgreSQL's programs.
func findBin() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if path, missing := exec.LookPath("initdb"); missing == nil {
		found = append([]string{path}, found...)
	}
	if err != nil || len(found) == 0 {
		return "", errors.Join(err, ErrMissing)
	}
	path, err := filepath.EvalSymlinks(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }))
	return filepath.Dir(path), err
}

// version is the number in a path as Debian has it, or 0.
func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

func (s *Server) start() error {
	runAs, err := account()
	if err == nil && runAs != nil {
		err = os.Chown(s.dir, int(runAs.Uid), int(runAs.Gid))
	}
	if err != nil {
		return err
	}
	if err := s.initialise(runAs); err != nil {
		return err
	}
	return s.serve(runAs)
}

func (s *Server) serve(runAs *syscall.Credential) error {
	s.ended = make(chan struct{})
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), "-D", s.data(), "-k", s.dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=16MB",
		"-c", "max_connections=60", "-c", "synchronous_commit=off", "-c", "idle_session_timeout=2s",
		"-c", "default_transaction_isolation=serializable")
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: runAs, Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	if err := s.run(cmd); err != nil {
		return err
	}
	return s.waitReady()
}

// account is the user to run as: none but this one, unless this is root, whom
// PostgreSQL refuses.
func account() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, bad := strconv.Atoi(u.Uid)
	gid, worse := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(bad, worse)
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) initialise(runAs *syscall.Credential) error {
	secret := filepath.Join(s.dir, "password")
	if err := os.WriteFile(secret, []byte(Password), 0o644); err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(s.bin, "initdb"), "-D", s.data(), "-U", userName, "-A", "scram-sha-256",
		"--pwfile="+secret, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: runAs}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// run starts the server on a thread that stays: its death is what the kernel
// tells the server of.
func (s *Server) run(cmd *exec.Cmd) error {
	log, err := os.Create(s.log())
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		started <- cmd.Start()
		if cmd.Process != nil {
			_ = cmd.Wait()
		}
		close(s.ended)
	}()
	if err := <-started; err != nil {
		return err
	}
	s.process = cmd.Process
	return nil
}

func (s *Server) log() string { return filepath.Join(s.dir, "log") }

// waitReady waits until the server says in its lock file that it is.
func (s *Server) waitReady() error {
	for deadline := time.Now().Add(30 * time.Second); ; {
		state, _ := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
		if lines := strings.Split(string(state), "\n"); len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready" {
			return nil
		}
		select {
		case <-s.ended:
		case <-time.After(10 * time.Millisecond):
			if time.Now().Before(deadline) {
				continue
			}
			s.Stop()
		}
		log, _ := os.ReadFile(s.log())
		return fmt.Errorf("postgres does not start:\n%s", log)
	}
}

// Place is where a ledger may be on the server, in a schema of its own, and
// without the password.
func (s *Server) Place(schema string) *url.URL {
	return &url.URL{
		Scheme: "postgres", User: url.User(userName), Path: "/postgres",
		RawQuery: url.Values{"host": {s.dir}, "search_path": {schema}}.Encode(),
	}
}

// URL is the place with the password.
func (s *Server) URL(schema string) string {
	place := s.Place(schema)
	place.User = url.UserPassword(userName, Password)
	return place.String()
}

// Restart ends the server as a crash of it does, and starts it again on what it
// has on disk.
func (s *Server) Restart() error {
	_ = s.process.Signal(syscall.SIGQUIT)
	<-s.ended
	runAs, err := account()
	if err != nil {
		return err
	}
	_ = os.Remove(filepath.Join(s.data(), "postmaster.pid")) // it tells whether the new one is ready
	return s.serve(runAs)
}

// Stop ends the server, without mercy, and removes all that it had.
func (s *Server) Stop() {
	_ = s.process.Signal(syscall.SIGQUIT)
	<-s.ended
	_ = os.RemoveAll(s.dir)
}
