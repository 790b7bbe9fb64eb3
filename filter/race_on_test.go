//go:build race

package filter

// raceFactor is how much more work may cost under the race detector, which has
// pools forget, so that each use of a pattern allocates anew.
const raceFactor = 16
