package photo

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dieWithUs lets the kernel kill the child when we die, however we do.
func dieWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// confine bounds what a child may use from now on. One that has ended already
// needs no bounds. Of one that is written in Go only that memory counts which it
// can write to: it reserves much more address space than it ever uses.
func confine(pid int, inGo bool) error {
	memory := unix.RLIMIT_AS
	if inGo {
		memory = unix.RLIMIT_DATA
	}
	for resource, most := range map[int]uint64{
		memory: heicMemory, unix.RLIMIT_FSIZE: heicOutput, unix.RLIMIT_CPU: uint64(2 * Limit.Seconds()), unix.RLIMIT_CORE: 0,
	} {
		err := unix.Prlimit(pid, resource, &unix.Rlimit{Cur: most, Max: most}, nil)
		if err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	return nil
}

// usedBy gives how much time of the processors' a child has used so far.
func usedBy(pid int) (time.Duration, error) {
	const ofProcess = 2 // CPUCLOCK_SCHED: a clock's number is made of that and the process's
	var used unix.Timespec
	err := unix.ClockGettime(int32(^pid)<<3|ofProcess, &used)
	return time.Duration(used.Nano()), err
}
