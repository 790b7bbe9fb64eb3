//go:build !race

package filter

import "time"

// How large a hostile mail is, in bytes, and what it may cost: time of the
// processors, and memory. What is allocated in all bounds what is held at once.
const (
	hostileSize  = 2 << 20
	hostileTime  = 4 * time.Second
	hostileBytes = 512 << 20
)
