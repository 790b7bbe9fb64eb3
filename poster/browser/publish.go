package browser

import (
	"context"
	"fmt"

	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// publish makes the click that cannot be undone (C26). All that can fail comes
// before it: the button is found and ready, then the task commits, the guard
// stands, and the button is still where it was. Then the mouse goes down and
// up once. Nothing here is repeated after that, and every failure from then on
// says that the click may have happened.
func (r *run) publish(ctx context.Context, a *act) error {
	spot, err := r.ready(ctx, a)
	if err != nil {
		return err
	}
	if err := r.depart(ctx, a); err != nil {
		return err
	}
	if r.task.Commit != nil {
		if err := r.task.Commit(ctx); err != nil {
			return &trouble{fault: flow.Owner, err: fmt.Errorf("before publishing: %w", err)}
		}
	}
	if err := r.guard(ctx); err != nil {
		return err
	}
	for !r.unmoved(ctx, spot) {
		if spot, err = r.ready(ctx, a); err != nil {
			return err
		}
	}
	r.published = true
	if err := r.press(ctx, spot.X, spot.Y); err != nil {
		return err
	}
	missed, err := r.settle(ctx)
	if err == nil && missed != "" {
		return &trouble{fault: flow.Owner, err: fmt.Errorf("the page moved under the mouse: %s took the place of %q", missed, a.step.At)}
	}
	return err
}

// ready finds the button and rests the mouse on it, so that whatever the page
// does about that is over before the click.
func (r *run) ready(ctx context.Context, a *act) (answer, error) {
	got, err := r.ask(ctx, a, question{Op: "click"})
	if err != nil {
		return got, err
	}
	return got, r.point(ctx, got.X, got.Y)
}

func (r *run) unmoved(ctx context.Context, spot answer) bool {
	got, err := r.tab.askOnce(ctx, question{Op: "same", X: spot.X, Y: spot.Y})
	return err == nil && got.Same
}

// depart marks the page that is to be left, and notes which of the elements
// that later steps look for it already shows: those prove nothing afterwards.
func (r *run) depart(ctx context.Context, a *act) error {
	q := question{Op: "depart"}
	after := r.after(a)
	for _, later := range after {
		if later.step.At.IsSet() {
			q.Others = append(q.Others, later.at)
		}
	}
	got, err := r.tab.askOnce(ctx, q)
	if err != nil {
		return err
	}
	r.stale = nil
	for _, later := range after {
		if !later.step.At.IsSet() || len(got.There) == 0 {
			r.stale = append(r.stale, true) // the URL is there at any time
			continue
		}
		r.stale = append(r.stale, got.There[0])
		got.There = got.There[1:]
	}
	return nil
}

// after gives the steps that follow a.
func (r *run) after(a *act) []act {
	for i := range r.plan.acts {
		if &r.plan.acts[i] == a {
			return r.plan.acts[i+1:]
		}
	}
	return nil
}

// guard keeps Chromium from sending the request twice: see proxy.
func (r *run) guard(ctx context.Context) error {
	if r.browser.unguard {
		return nil
	}
	err := proto.FetchEnable{Patterns: []*proto.FetchRequestPattern{{
		URLPattern: "*", ResourceType: proto.NetworkResourceTypeDocument,
	}}}.Call(r.tab.page.Context(ctx))
	if err != nil {
		return cause(ctx, err)
	}
	r.tab.update(func() { r.tab.guarded = true })
	r.proxy.cut()
	return nil
}

// afterPublish does a step that looks at a page. Once publish was clicked, it
// must be the next page: either the old one did not show what the step looks
// for, or the step first waits until the old one has been left.
func (r *run) afterPublish(ctx context.Context, a *act, look func(context.Context, *act) error) error {
	if !r.published || r.arrived {
		return look(ctx, a)
	}
	if r.isStale(a) {
		if _, err := r.ask(ctx, a, question{Op: "arrive"}); err != nil {
			return err
		}
	}
	err := look(ctx, a)
	r.arrived = err == nil
	return err
}

func (r *run) isStale(a *act) bool {
	i := len(r.stale) - 1 - len(r.after(a))
	return i < 0 || r.stale[i]
}

// last sees that the page at the end is none that ends the run in failure.
func (r *run) last(ctx context.Context) error {
	return r.within(ctx, func(ctx context.Context) error {
		got, err := r.tab.ask(ctx, question{Op: "page", Fails: r.plan.fails, until: r.stepEnd})
		if err != nil {
			return err
		}
		return r.judge(nil, got)
	})
}
