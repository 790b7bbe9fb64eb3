package main

import (
	"errors"
	"slices"
	"time"
)

// contender does the same as others, and is timed against them.
type contender struct {
	name string
	once func() (time.Duration, error)
	// memory gives the most that once needs, in bytes, by a run that is not
	// timed; nil where nobody asks.
	memory func() (int64, error)
}

// result is what one contender took: its times, in order of size, or why there
// are none.
type result struct {
	name  string
	times []time.Duration
	bytes int64
	err   error
}

// race has the contenders run in turn, A B A B and so on, so that what else
// the machine does meets all of them. The first round only warms up. Who fails
// is out.
func race(rounds int, contenders ...contender) map[string]*result {
	results := map[string]*result{}
	for _, c := range contenders {
		results[c.name] = &result{name: c.name}
	}
	for round := range rounds + 1 {
		for _, c := range contenders {
			results[c.name].run(c, round > 0)
		}
	}
	for _, c := range contenders {
		r := results[c.name]
		slices.Sort(r.times)
		if c.memory != nil && r.err == nil {
			r.bytes, r.err = c.memory()
		}
	}
	return results
}

func (r *result) run(c contender, counts bool) {
	if r.err != nil {
		return
	}
	took, err := c.once()
	r.err = err
	if err == nil && counts {
		r.times = append(r.times, took)
	}
}

var errNoTimes = errors.New("it was not run")

// missing says why there is no result; nil if there is one.
func (r *result) missing() error {
	switch {
	case r == nil:
		return errNoTimes
	case r.err == nil && len(r.times) == 0:
		return errNoTimes
	}
	return r.err
}

func (r *result) median() time.Duration { return quantile(r.times, 0.5) }

// quantile gives what the share q of sorted times is not above, between two of
// them if need be.
func quantile(times []time.Duration, q float64) time.Duration {
	at := q * float64(len(times)-1)
	below := int(at)
	if below == len(times)-1 {
		return times[below]
	}
	part := at - float64(below)
	return times[below] + time.Duration(part*float64(times[below+1]-times[below]))
}
