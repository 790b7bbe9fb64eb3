//go:build !linux

package browser

// totalMemory is the memory of the host, in bytes; 0: it is not known here.
func totalMemory() uint64 { return 0 }
