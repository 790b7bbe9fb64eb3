package browser

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
)

// bytesEach is the memory that makes room for one more browser at work.
const bytesEach = 1 << 30

// Room tells how many posts can be at work on this host at once: one for each
// processor and gigabyte of memory that we may use, whichever is less, and at
// least one.
func Room() int { return room(runtime.GOMAXPROCS(0), memory()) }

// room gives Room; bytes is 0 where nobody knows.
func room(processors int, bytes uint64) int {
	n := processors
	if bytes > 0 {
		n = min(n, int((bytes+bytesEach/2)/bytesEach)) // a host of 2 GB shows a little less
	}
	return max(n, 1)
}

// memory is what the host has or, if that is less, what our control group may use.
func memory() uint64 {
	all := totalMemory()
	data, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if err != nil {
		return all
	}
	limit, err := strconv.ParseUint(string(bytes.TrimSpace(data)), 10, 64)
	if err != nil || all > 0 && limit > all { // "max"
		return all
	}
	return limit
}
