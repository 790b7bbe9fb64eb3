//go:build race

package filter

import "time"

// Under the race detector everything takes ten times as long, and pools forget, so
// that each use of a pattern allocates anew. A sixteenth of the hostile mail does:
// what takes more than linear time or memory still exceeds this.
const (
	hostileSize  = 128 << 10
	hostileTime  = 3 * time.Second
	hostileBytes = 512 << 20
)
