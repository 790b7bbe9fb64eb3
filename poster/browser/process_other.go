//go:build !linux

package browser

import "syscall"

// dieWithUs does nothing here: the browser ends when its debugging pipe does.
func dieWithUs() *syscall.SysProcAttr { return nil }

type child struct{ pid int }

// descendants are not looked for here: they end when the main process does.
func descendants(int) []child { return nil }

func (child) kill() {}
