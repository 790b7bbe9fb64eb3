package browser

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// dieWithUs lets the kernel kill the browser when we die, however we do. The
// browser stays in our process group, which our supervisor ends as a whole.
func dieWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// child is a process and who its parent is.
type child struct{ pid, parent int }

// descendants gives the processes below pid, each after its parent.
func descendants(pid int) []child {
	children := map[int][]child{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	for _, name := range stats {
		if c, ok := readStat(name); ok {
			children[c.parent] = append(children[c.parent], c)
		}
	}
	found := children[pid]
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i].pid]...)
	}
	return found
}

// kill kills the process if it still is its parent's child: its number may have
// gone to another since it was read.
func (c child) kill() {
	fd, err := unix.PidfdOpen(c.pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if now, ok := readStat("/proc/" + strconv.Itoa(c.pid) + "/stat"); ok && now == c {
		unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	}
}

// readStat reads a process's own id and its parent's: proc_pid_stat(5). The
// name between them is in parentheses and may hold anything.
func readStat(name string) (c child, ok bool) {
	data, err := os.ReadFile(name)
	if err != nil {
		return child{}, false
	}
	text := string(data)
	first, _, _ := strings.Cut(text, " ")
	rest := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(rest) < 2 {
		return child{}, false
	}
	pid, err1 := strconv.Atoi(first)
	parent, err2 := strconv.Atoi(rest[1])
	return child{pid, parent}, err1 == nil && err2 == nil
}
