package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// publish makes the click that cannot be undone (C26). All that can fail comes
// before it: the button is found and ready, then the task commits, the guard
// stands, and the button is still where it was. Then the mouse goes down and
// up once. Nothing here is repeated after that, and every failure from then on
// says that the click may have happened, but for one: where the page has moved
// under the mouse, what was hit instead is kept from learning of it.
func (r *run) publish(ctx context.Context, a *act) error {
	if err := r.uploaded(ctx); err != nil {
		return err
	}
	if err := r.accepted(); err != nil {
		return err
	}
	spot, err := r.ready(ctx, a)
	if err != nil {
		return err
	}
	if r.task.Rehearse {
		return errRehearsed
	}
	if err := r.depart(ctx, a); err != nil {
		return err
	}
	r.committed = true
	if r.task.Commit != nil {
		if err := r.task.Commit(ctx); err != nil {
			return &trouble{fault: flow.Owner, err: fmt.Errorf("before publishing: %w", err)}
		}
	}
	if err := r.guard(ctx); err != nil {
		return err
	}
	for {
		stands, err := r.stands(ctx, a, spot)
		if err != nil {
			return err
		}
		if stands {
			break
		}
		if spot, err = r.ready(ctx, a); err != nil {
			return err
		}
	}
	r.published, r.departed = true, r.tab.document()
	if err := r.pressTimes(ctx, a, spot, 1); err != nil {
		return err
	}
	missed, err := r.settle(ctx)
	if err == nil && missed != "" {
		return &trouble{fault: flow.Site, undone: true, err: fmt.Errorf("the page moved under the mouse: %s took the place of %q", missed, a.step.At)}
	}
	return err
}

// suspension is more time than there is between two calls, unless this process, or
// the machine, was put to sleep in between.
const suspension = 5 * time.Second

// stands tells whether the click can be made now: the job is still ours, and the
// button where it was. While we slept, another host may have taken the job over,
// and looked for an ad that is not there yet; so what was asked before a sleep
// counts for nothing.
func (r *run) stands(ctx context.Context, a *act, spot answer) (bool, error) {
	asked := time.Now()
	if r.task.Ours != nil {
		if err := r.task.Ours(ctx); err != nil {
			return false, &trouble{fault: flow.Owner, err: fmt.Errorf("before publishing: %w", err)}
		}
	}
	return r.tab.unmoved(ctx, r.clicking(a), spot) && since(asked) < cmp.Or(r.browser.suspension, suspension), nil
}

// since is the time that has gone by, also if the machine slept, of which only the
// clock on the wall knows, or that clock was set back.
func since(t time.Time) time.Duration { return max(time.Since(t), time.Since(t.Round(0))) }

// ready finds the button and rests the mouse on it, so that whatever the page
// does about that is over before the click.
func (r *run) ready(ctx context.Context, a *act) (answer, error) {
	got, err := r.ask(ctx, a, r.clicking(a))
	if err != nil {
		return got, err
	}
	return got, r.point(ctx, got.X, got.Y)
}

// depart marks the page that is to be left, and notes which of the things that
// later steps look for it already shows: those prove nothing afterwards.
func (r *run) depart(ctx context.Context, a *act) error {
	q := question{Op: "depart"}
	var later []*flow.Step
	for s := range r.plan.all(r.after(a.step)) {
		sought, err := r.sought(s)
		if err != nil {
			return &trouble{fault: flow.Owner, err: err}
		}
		if sought != nil {
			later, q.Others = append(later, s), append(q.Others, sought)
		}
	}
	got, err := r.tab.askOnce(ctx, q)
	if err != nil {
		return err
	}
	r.stale = map[*flow.Step]bool{}
	for i, there := range got.There {
		r.stale[later[i]] = there
	}
	return nil
}

// sought gives what a step looks for as a condition; nil if it is there at any
// time, as the URL is.
func (r *run) sought(s *flow.Step) (*condition, error) {
	if s.Condition.IsSet() {
		return r.plan.condition(s.Condition)
	}
	at, err := r.plan.at(s.At)
	if at == nil || err != nil {
		return nil, err
	}
	return &condition{Name: at.Name, Any: [][]test{{{Kind: flow.See, At: at}}}}, nil
}

// after gives the steps that follow one of the outermost list.
func (r *run) after(s *flow.Step) []flow.Step {
	for i := range r.plan.steps {
		if &r.plan.steps[i] == s {
			return r.plan.steps[i+1:]
		}
	}
	return nil
}

// guard keeps Chromium from sending the request twice: see proxy and courier.
func (r *run) guard(ctx context.Context) error {
	if r.browser.unguard {
		return nil
	}
	var open []*tab
	r.tab.update(func() { r.tab.gate, open = newGate(), slices.Clone(r.tab.tabs) })
	for _, t := range open {
		if err := t.holdRequests(ctx); err != nil && !t.isClosed() {
			return cause(ctx, err)
		}
	}
	if r.proxy != nil {
		r.proxy.cut()
	}
	return nil
}

// holdRequests has the browser ask before each request, and tell how it ends:
// see gate. A worker of the site's is left out, which would answer instead.
func (t *tab) holdRequests(ctx context.Context) error {
	return errors.Join( // each is called, as prepare needs it
		t.tellRequests(ctx),
		proto.NetworkSetBypassServiceWorker{Bypass: true}.Call(t.page.Context(ctx)),
		t.pauseRequests(ctx),
	)
}

// afterPublish does a step that looks at a page. Once publish was clicked, it
// must be the next page: either the old one did not show what the step looks
// for, or the step first waits until the old one has been left.
func (r *run) afterPublish(ctx context.Context, a *act, look func(context.Context, *act) error) error {
	if !r.published || r.arrived {
		return look(ctx, a)
	}
	if r.isStale(a.step) {
		if _, err := r.ask(ctx, a, question{Op: "arrive"}); err != nil {
			return err
		}
	}
	err := look(ctx, a)
	r.arrived = err == nil
	return err
}

// isStale tells whether what a step looks for proves nothing, because the page
// before the click had it, too.
func (r *run) isStale(s *flow.Step) bool {
	there, known := r.stale[s]
	return !known || there
}

// last sees that the page at the end is none that ends the run in failure, and
// that publish has led to it: a click that nothing has followed is no proof.
func (r *run) last(ctx context.Context) error {
	q := question{Op: "page"}
	if r.published && !r.arrived {
		q.Op = "arrive"
	}
	return r.within(ctx, nil, func(ctx context.Context) error {
		got, err := r.put(ctx, q)
		if err != nil {
			return err
		}
		return r.judge(got)
	})
}
