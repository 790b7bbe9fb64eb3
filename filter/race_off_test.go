//go:build !race

package filter

const raceFactor = 1
