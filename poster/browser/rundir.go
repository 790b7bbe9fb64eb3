package browser

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const lockName = "lock"

// RunPrefix begins the names of all run directories that are made for dir, in
// it or in memory, and of no others. Every process of a browser has its run
// directory in its arguments.
func RunPrefix(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	sum := sha256.Sum256([]byte(dir))
	return "mailapp-browser-" + hex.EncodeToString(sum[:6]) + "-"
}

// inMemory is where run directories are made if there is room: a profile there
// costs no disk access. It is shared by all users, so names are never guessed.
const inMemory = "/dev/shm"

// memoryNeeded is the free space, in bytes, that makes inMemory worth using.
const memoryNeeded = 512 << 20

// halfMade is how long making or removing a run directory never takes.
const halfMade = time.Minute

// runDir is the directory of one run, held by a lock that ends with this
// process however it ends. Everything that the browser writes lies in it.
type runDir struct {
	path string
	lock *os.File
}

// newRunDir makes a directory that only this user can read, in memory or
// below dir. An empty dir is the system's temporary directory.
func newRunDir(dir string) (*runDir, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	if roomInMemory() {
		if d, err := lockedDir(inMemory, RunPrefix(dir)); err == nil {
			return d, nil
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return lockedDir(dir, RunPrefix(dir))
}

func roomInMemory() bool {
	var st unix.Statfs_t
	if unix.Statfs(inMemory, &st) != nil || unix.Access(inMemory, unix.W_OK) != nil {
		return false
	}
	return uint64(st.Bavail)*uint64(st.Bsize) >= memoryNeeded
}

// lockedDir makes a run directory below place. A sweep in the moment between
// making and locking removes it again; then the next try has better luck.
func lockedDir(place, prefix string) (*runDir, error) {
	for {
		path, err := os.MkdirTemp(place, prefix)
		if err != nil {
			return nil, err
		}
		lock, err := takeLock(path, os.O_CREATE, unix.LOCK_EX)
		if err == nil {
			return &runDir{path: path, lock: lock}, nil
		}
		os.RemoveAll(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
}

// takeLock locks the run directory path. If the lock is not there, or was
// removed meanwhile, the error is fs.ErrNotExist.
func takeLock(path string, flags, how int) (*os.File, error) {
	name := filepath.Join(path, lockName)
	lock, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW|flags, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(lock.Fd()), how)
	if err == nil {
		_, err = os.Lstat(name)
	}
	if err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

// Sweep removes the run directories made for dir whose processes are gone without having done so themselves. A directory that is in use is
// left alone.
func Sweep(dir string) error {
	if dir == "" {
		dir = os.TempDir()
	}
	var errs []error
	prefix := RunPrefix(dir)
	for _, place := range []string{dir, inMemory} {
		entries, err := os.ReadDir(place)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), prefix) {
				errs = append(errs, sweep(filepath.Join(place, e.Name())))
			}
		}
	}
	return errors.Join(errs...)
}

// sweep removes one run directory if it is ours and nobody holds its lock. One
// without a lock is being made or removed, unless it has been so for long.
func sweep(path string) error {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() || !isOurs(info) {
		return nil
	}
	lock, err := takeLock(path, 0, unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case err == nil:
		defer lock.Close()
	case !errors.Is(err, fs.ErrNotExist) || time.Since(info.ModTime()) < halfMade:
		return nil
	}
	return os.RemoveAll(path)
}

func isOurs(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

// removeWithin tries to remove the directory until the time is up: a process
// that is just dying may still write into it.
func (d *runDir) removeWithin(limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for {
		err := os.RemoveAll(d.path)
		if err == nil || time.Now().After(deadline) {
			d.lock.Close()
			return err
		}
	}
}
