package browser

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"mailapp/poster/flow"
)

// branch does one list of steps or the other, as a condition decides. It is
// decided when the page has come to rest, or before if nothing that is still
// to come could change it. After publish that must be the page which follows.
func (r *run) branch(ctx context.Context, s *flow.Step) error {
	var holds bool
	err := r.traced(ctx, s, func() (string, error) {
		when, err := r.plan.condition(s.Condition)
		if err != nil {
			return "", &trouble{fault: flow.Owner, err: err}
		}
		holds, err = r.decide(ctx, s, question{Op: "decide", When: when, Again: r.published && !r.arrived, On: r.isStale(s)})
		return map[bool]string{true: "yes", false: "no"}[holds], err
	})
	if err != nil {
		return err
	}
	if holds {
		return r.list(ctx, s.Steps, false)
	}
	return r.list(ctx, s.Else, false)
}

// decide asks whether something holds. A page that does not come to rest
// leaves it undecided, which is a no.
func (r *run) decide(ctx context.Context, s *flow.Step, q question) (holds bool, err error) {
	if len(q.When.Any) > 0 && onlyFields(q.When) {
		return r.fieldsHold(q.When), nil
	}
	err = r.within(ctx, s, func(ctx context.Context) error {
		got, err := r.put(ctx, q)
		if err != nil {
			return err
		}
		r.arrived = r.arrived || r.published && got.Done
		holds = got.Holds
		if got.Late != "" && !got.Loading && time.Now().Before(r.end) {
			return nil
		}
		return r.judge(got)
	})
	return holds, err
}

// onlyFields tells whether a condition needs no page.
func onlyFields(c *condition) bool {
	for _, tests := range c.Any {
		for _, t := range tests {
			if t.Kind != flow.Field {
				return false
			}
		}
	}
	return true
}

func (r *run) fieldsHold(c *condition) bool {
	for _, tests := range c.Any {
		all := true
		for _, t := range tests {
			all = all && t.Holds
		}
		if all {
			return !c.Not
		}
	}
	return c.Not
}

// part does the steps of a part, unless the page shows that they are not needed.
func (r *run) part(ctx context.Context, s *flow.Step) error {
	part := r.task.Flow.Part(s.Part)
	if part == nil {
		return &trouble{fault: flow.Owner, err: fmt.Errorf("there is no part %q", s.Part)}
	}
	done := false
	err := r.traced(ctx, s, func() (note string, err error) {
		if part.NeededUnless.IsSet() {
			done, err = r.needless(ctx, s, part)
		}
		return map[bool]string{true: "not needed", false: ""}[done], err
	})
	if err != nil || done {
		return err
	}
	return r.list(ctx, part.Steps, false)
}

// needless waits until the page shows either that a part is not needed or what
// its first step acts on.
func (r *run) needless(ctx context.Context, s *flow.Step, part *flow.Part) (bool, error) {
	when, err := r.plan.condition(part.NeededUnless)
	if err != nil {
		return false, &trouble{fault: flow.Owner, err: err}
	}
	q := question{Op: "need", When: when}
	if first := part.Steps[0]; ops[first.Verb] != "" {
		q.As = ops[first.Verb]
		if q.At, err = r.plan.at(first.At); err != nil {
			return false, &trouble{fault: flow.Owner, err: err}
		}
	}
	return r.decide(ctx, s, q)
}

// eachPhoto does steps for one photo after the other.
func (r *run) eachPhoto(ctx context.Context, s *flow.Step) error {
	for i := range r.photos {
		r.photo = i + 1
		if err := r.learn(flow.PhotoNumber, strconv.Itoa(i+1)); err != nil {
			return err
		}
		if err := r.list(ctx, s.Steps, false); err != nil {
			return err
		}
	}
	r.photo = 0
	return nil
}

// walk does what belongs to the page that is there, again and again, until the
// wanted page has come. A round that changes nothing ends it: it would be the
// same for ever.
func (r *run) walk(ctx context.Context, s *flow.Step) error {
	was := -1
	for round := 0; ; round++ {
		which, err := r.whichPage(ctx, s, was)
		if err != nil || which == 0 {
			return err
		}
		if round == s.AtMost {
			return &trouble{fault: flow.Owner, err: fmt.Errorf("%s has not come after %d pages", r.plan.shown(s.Condition.String()), round)}
		}
		if err := r.markPage(ctx); err != nil {
			return err
		}
		if err := r.list(ctx, s.Cases[which-1].Steps, false); err != nil {
			return err
		}
		was = which
	}
}

// whichPage gives the first of the walk's conditions that holds: 0 is its end,
// 1 its first case. After a case the page must have changed for it to count again.
func (r *run) whichPage(ctx context.Context, s *flow.Step, was int) (which int, err error) {
	q := question{Op: "which", Was: was}
	for i := range len(s.Cases) + 1 {
		when := s.Condition
		if i > 0 {
			when = s.Cases[i-1].On
		}
		c, err := r.plan.condition(when)
		if err != nil {
			return 0, &trouble{fault: flow.Owner, err: err}
		}
		q.Cases = append(q.Cases, c)
	}
	err = r.traced(ctx, s, func() (note string, err error) {
		err = r.within(ctx, s, func(ctx context.Context) error {
			got, err := r.put(ctx, q)
			if err == nil {
				err = r.judge(got)
			}
			if err == nil {
				which, note = got.Which, q.Cases[got.Which].Name
			}
			return err
		})
		return note, err
	})
	return which, err
}

func (r *run) markPage(ctx context.Context) error {
	_, err := r.tab.askOnce(ctx, question{Op: "mark"})
	return reached(ctx, err)
}
