//go:build race

package cmd

// raceEnabled tells that the race detector multiplies memory.
const raceEnabled = true
