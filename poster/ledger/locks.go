package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"syscall"
)

// kernelLocks are the kernel's: one file in which each key is a byte, chosen by the
// key's hash. The kernel drops a process's locks when it dies, so no lease has
// to guess whether a process lives, and no lock file is ever left behind. Two
// keys that share a byte (one chance in 2^62 a pair) would wait for each other,
// nothing worse.
//
// POSIX locks do not exclude within one process; the map does.
type kernelLocks struct {
	file *os.File
	mu   sync.Mutex
	mine map[int64]bool
}

func openLocks(path string) (*kernelLocks, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return &kernelLocks{file: f, mine: map[int64]bool{}}, nil
}

// take makes the key ours. The error is ErrBusy if it is another's.
func (l *kernelLocks) take(key string) error {
	at := offset(key)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mine[at] {
		return ErrBusy
	}
	switch err := l.set(syscall.F_WRLCK, at); err {
	case nil:
		l.mine[at] = true
		return nil
	case syscall.EAGAIN, syscall.EACCES:
		return ErrBusy
	default:
		return fmt.Errorf("ledger: locking: %w", err)
	}
}

func (l *kernelLocks) drop(key string) {
	at := offset(key)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mine[at] {
		delete(l.mine, at)
		_ = l.set(syscall.F_UNLCK, at) // the kernel drops it at our end at the latest
	}
}

func (l *kernelLocks) set(kind int16, at int64) error {
	return syscall.FcntlFlock(l.file.Fd(), syscall.F_SETLK,
		&syscall.Flock_t{Type: kind, Whence: 0, Start: at, Len: 1})
}

func (l *kernelLocks) close() error { return l.file.Close() }

func offset(key string) int64 {
	sum := sha256.Sum256([]byte(key))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 2)
}
