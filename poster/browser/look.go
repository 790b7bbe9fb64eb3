package browser

import (
	"context"
	"fmt"

	"mailapp/poster/flow"
)

// expect waits until a condition holds.
func (r *run) expect(ctx context.Context, a *act) error {
	if script := a.when.script(); script != nil {
		return r.expectScript(ctx, a, script)
	}
	_, err := r.ask(ctx, a, question{Op: "hold", When: a.when})
	return err
}

// read takes a value from the page, once it is there and fits.
func (r *run) read(ctx context.Context, a *act) error {
	reading := a.step.Read
	q := question{Op: "read", From: reading.From}
	if reading.From == "url" {
		q.Op = "page"
	}
	for {
		got, err := r.ask(ctx, a, q)
		if err != nil {
			return err
		}
		if value, ok := reading.Take(got.Text); ok {
			return r.keep(reading.Name, value)
		}
		q.Unlike = got.Text
	}
}

// readGiven takes a piece of what is known already, from the mail as a rule.
func (r *run) readGiven(a *act) error {
	value, ok := a.step.Read.Take(a.value)
	if !ok {
		fault := flow.Sender
		if r.published {
			fault = flow.Owner // it is the flow's to look before
		}
		return &trouble{fault: fault, err: fmt.Errorf("%s is not in %q", a.step.Read.Name, clean(a.value))}
	}
	return r.keep(a.step.Read.Name, value)
}

// keep makes a value that was read known, to later steps and to the caller.
func (r *run) keep(name, value string) error {
	value = r.blot.Replace(value)
	r.values[name] = value
	return r.learn(name, value)
}

// readEach takes the same values from inside each of several elements. What is
// not there, or does not fit, is empty.
func (r *run) readEach(ctx context.Context, a *act) error {
	q := question{Op: "each"}
	for i := range a.step.Steps {
		s := &a.step.Steps[i]
		inner, err := r.plan.at(s.At)
		if err != nil {
			return &trouble{fault: flow.Owner, err: err}
		}
		q.Reads = append(q.Reads, taking{At: inner, From: s.Read.From})
	}
	got, err := r.ask(ctx, a, q)
	if err != nil {
		return err
	}
	for _, found := range got.Rows {
		row := map[string]string{}
		for i, text := range found {
			reading := a.step.Steps[i].Read
			if value, ok := reading.Take(text); ok {
				row[reading.Name] = r.blot.Replace(value)
			}
		}
		r.rows = append(r.rows, row)
	}
	return nil
}
