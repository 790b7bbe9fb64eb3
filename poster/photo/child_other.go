//go:build !linux

package photo

import (
	"errors"
	"syscall"
	"time"
)

// dieWithUs does nothing here: the child has its limit of time.
func dieWithUs() *syscall.SysProcAttr { return nil }

// confine does nothing here: there is no way to bound another process.
func confine(int, bool) error { return nil }

// usedBy cannot tell here.
func usedBy(int) (time.Duration, error) { return 0, errors.ErrUnsupported }
