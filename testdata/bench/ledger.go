package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"mailapp/poster/ledger/pgtest"
)

// ledger is the time of a job from its claim to its end, all that is written
// down of it on disk.
func (b *bench) ledger() error {
	b.begin("ledger: a job from claim to answered, each transition on disk")
	if err := b.ledgerRow("SQLite", func() (string, error) { return os.MkdirTemp(b.dir, "ledger-") }); err != nil {
		return err
	}
	pg, err := pgtest.Start()
	if err != nil {
		b.skip("ledger", "PostgreSQL", err)
		return nil
	}
	defer pg.Stop()
	n := 0
	return b.ledgerRow("PostgreSQL", func() (string, error) { n++; return pg.URL(fmt.Sprintf("bench%d", n)), nil })
}

func (b *bench) ledgerRow(name string, place func() (string, error)) error {
	for _, processes := range []int{1, 20} {
		where, err := place()
		if err != nil {
			return err
		}
		row := &ledgerRow{b, where, processes, 0}
		got := race(max(b.rounds/2, 2), contender{name: "the ledger", once: row.by("ours")}, contender{name: "bare transactions", once: row.by("bare")})
		what := fmt.Sprintf("%s, %d processes", name, processes)
		b.ratio(what, got["the ledger"], got["bare transactions"], 0)
	}
	return nil
}

type ledgerRow struct {
	*bench
	where     string
	processes int
	runs      int // so far: no job is done twice
}

const jobsEach = 20

// by gives the time of one job.
func (r *ledgerRow) by(how string) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		r.runs++
		errs := make([]error, r.processes)
		var all sync.WaitGroup
		begun := time.Now()
		for i := range r.processes {
			p := program{argv: []string{r.peer("ledger"), how, r.where, fmt.Sprint(jobsEach), fmt.Sprintf("%s-%d-%d-%d", how, r.processes, r.runs, i)}}
			all.Go(func() { _, errs[i] = p.once() })
		}
		all.Wait()
		return time.Since(begun) / time.Duration(jobsEach*r.processes), errors.Join(errs...)
	}
}
