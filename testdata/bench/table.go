package main

import (
	"fmt"
	"io"
	"time"
)

// table prints the lines of the bench as they come.
type table struct {
	out    io.Writer
	missed int // targets
}

// aim is what a ratio must not be above. The zero aim is none.
type aim float64

const heading = "%-34s %-22s %-24s %6s  %-8s %s\n"

func (t *table) head() { fmt.Fprintf(t.out, heading, "", "mailapp", "peer", "ratio", "target", "") }

// ratio prints how one contender's median compares to another's.
func (t *table) ratio(what string, ours, theirs *result, target aim) {
	if t.skipped(what, ours) || t.skipped(what, theirs) {
		return
	}
	t.line(what, ours.spread(), theirs.name+" "+theirs.spread(), ours.median().Seconds()/theirs.median().Seconds(), target)
}

// memory prints how much more one contender needs at its most than another.
func (t *table) memory(what string, ours, theirs *result, most int64) {
	if t.skipped(what, ours) || t.skipped(what, theirs) {
		return
	}
	t.amount(what, megabytes(ours.bytes), theirs.name+" "+megabytes(theirs.bytes), ours.bytes <= theirs.bytes+most, "+ "+megabytes(most))
}

// amount prints a figure that has a limit of its own.
func (t *table) amount(what, ours, theirs string, met bool, target string) {
	fmt.Fprintf(t.out, heading, what, ours, theirs, "", target, t.verdict(met))
}

func (t *table) line(what, ours, theirs string, ratio float64, target aim) {
	if target == 0 {
		fmt.Fprintf(t.out, heading, what, ours, theirs, fmt.Sprintf("%.2f", ratio), "", "")
		return
	}
	met := t.verdict(ratio <= float64(target))
	fmt.Fprintf(t.out, heading, what, ours, theirs, fmt.Sprintf("%.2f", ratio), fmt.Sprintf("<= %.2f", float64(target)), met)
}

// least prints a ratio that must not be below its target.
func (t *table) least(what, ours, theirs string, ratio, target float64) {
	fmt.Fprintf(t.out, heading, what, ours, theirs, fmt.Sprintf("%.2f", ratio), fmt.Sprintf(">= %.2f", target), t.verdict(ratio >= target))
}

func (t *table) verdict(met bool) string {
	if met {
		return "met"
	}
	t.missed++
	return "MISSED"
}

// skipped prints by name what could not be run; nil is one of which that has
// been printed.
func (t *table) skipped(what string, r *result) bool {
	if r == nil {
		return true
	}
	err := r.missing()
	if err != nil {
		t.skip(what, r.name, err)
	}
	return err != nil
}

func (t *table) skip(what, name string, why error) {
	fmt.Fprintf(t.out, "%-34s %s is left out: %v\n", what, name, why)
}

// spread is the median with the middle half of the times, such as
// "612 ms (598-640)".
func (r *result) spread() string {
	unit, name := time.Millisecond, "ms"
	if r.median() < 10*time.Millisecond {
		unit, name = time.Microsecond, "us"
	}
	of := func(q float64) float64 { return float64(quantile(r.times, q)) / float64(unit) }
	return fmt.Sprintf("%.0f %s (%.0f-%.0f)", of(0.5), name, of(0.25), of(0.75))
}

func megabytes(n int64) string { return fmt.Sprintf("%d MB", (n+1<<19)>>20) }
