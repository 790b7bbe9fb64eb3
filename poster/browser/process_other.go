//go:build !linux

package browser

import "syscall"

// dieWithUs does nothing here: the browser ends when its debugging pipe does.
func dieWithUs() *syscall.SysProcAttr { return nil }

// descendants are not looked for here: they end when the main process does.
func descendants(int) []int { return nil }

func killChild(int) {}
