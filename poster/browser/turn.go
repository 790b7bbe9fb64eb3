package browser

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// Which window a step is done in. A recording names it by the address that it
// showed when it was recorded; a flow says so by the step window.

const (
	// windowPause is between two looks for the frame that a recording names.
	windowPause = 100 * time.Millisecond
	// blankLimit is how long a window may show nothing before steps are done in
	// it, and how long a new one is waited for where an older one is there.
	blankLimit = time.Second
)

var errClosed = errors.New("the window has closed")

// turnTo goes to the window of a recorded step. Other steps stay where they are.
func (r *run) turnTo(ctx context.Context, a *act) error {
	rec := a.step.Recorded
	if rec == nil {
		return nil
	}
	if rec.Target == "" {
		return r.show(ctx, r.tab.first)
	}
	for {
		t, framed, err := r.showing(ctx, rec.Target)
		if err != nil {
			return err
		}
		if t != nil && !framed {
			a.inWindow()
		}
		if t != nil || time.Now().After(r.stepEnd) {
			return r.show(ctx, t)
		}
		if err := wait(ctx, windowPause); err != nil {
			return err
		}
	}
}

// show lets the steps that follow be done in a window; nil is the first.
func (r *run) show(ctx context.Context, t *tab) error {
	if t == nil || t.isClosed() {
		t = r.tab.first
	}
	if t == r.tab {
		return nil
	}
	r.tab = t
	t.update(func() { t.front = t })
	return reached(ctx, proto.PageBringToFront{}.Call(t.page.Context(ctx)))
}

// comeBack goes to the first window if the one at hand has closed.
func (r *run) comeBack() {
	if r.tab.isClosed() {
		r.tab = r.tab.first
	}
}

// showing gives the window that shows an address: the one that shows exactly
// that, else the one that did so for an earlier step, else the page whose frame
// shows it, else a window whose address differs in its query only. It is nil if
// none does.
func (r *run) showing(ctx context.Context, address string) (t *tab, framed bool, err error) {
	if t = r.tab.withAddress(address, samePage); t != nil {
		r.remember(address, t)
		return t, false, nil
	}
	if t = r.turned[address]; t != nil {
		return t, false, nil
	}
	if framed, err = r.tab.first.frames(ctx, address); framed || err != nil {
		return r.tab.first, framed, err
	}
	if t = r.tab.withAddress(address, samePath); t != nil {
		r.remember(address, t)
	}
	return t, false, nil
}

func (r *run) remember(address string, t *tab) {
	if r.turned == nil {
		r.turned = map[string]*tab{}
	}
	r.turned[address] = t
}

// withAddress gives the newest window whose address is the same; nil if none is.
func (w *windows) withAddress(address string, same func(a, b string) bool) *tab {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range slices.Backward(w.tabs) {
		if same(t.url, address) {
			return t
		}
	}
	return nil
}

// frames tells whether an address, or in a frame of another site another of its
// origin, is shown in a frame of the page.
func (t *tab) frames(ctx context.Context, address string) (bool, error) {
	tree, err := proto.PageGetFrameTree{}.Call(t.page.Context(ctx))
	if err != nil {
		return false, reached(ctx, err)
	}
	wanted, _ := originOf(address)
	main, _ := originOf(t.address())
	var below func(tree *proto.PageFrameTree) bool
	below = func(tree *proto.PageFrameTree) bool {
		return slices.ContainsFunc(tree.ChildFrames, func(child *proto.PageFrameTree) bool {
			o, ok := originOf(child.Frame.URL)
			return child.Frame.URL == address || ok && o == wanted && o != main || below(child)
		})
	}
	return below(tree.FrameTree), nil
}

func samePage(a, b string) bool { return withoutFragment(a) == withoutFragment(b) }

func samePath(a, b string) bool {
	x, err1 := url.Parse(a)
	y, err2 := url.Parse(b)
	return err1 == nil && err2 == nil && x.Host != "" && x.Scheme == y.Scheme && x.Host == y.Host && x.Path == y.Path
}

func withoutFragment(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.Fragment, u.RawFragment = "", ""
	return u.String()
}

// inWindow does steps in the window that the page has opened last, which is
// waited for, and comes back.
func (r *run) inWindow(ctx context.Context, s *flow.Step) error {
	before := r.tab
	err := r.traced(ctx, s, func() (string, error) {
		return "", r.within(ctx, s, func(ctx context.Context) error { return r.enterWindow(ctx, before) })
	})
	if err != nil {
		return err
	}
	if err := r.list(ctx, s.Steps, false); err != nil {
		return err
	}
	return r.within(ctx, s, func(ctx context.Context) error { return r.show(ctx, before) })
}

// closeWindow closes the window that a recording has closed; the page that the
// run began with stays.
func (r *run) closeWindow(ctx context.Context) error {
	t := r.tab
	if t == t.first {
		return nil
	}
	if err := r.show(ctx, nil); err != nil {
		return err
	}
	t.close()
	return t.until(ctx, func() bool { return t.closed })
}

// enterWindow goes to a window other than the one at hand: to the newest that no
// step has been done in yet, if one comes soon.
func (r *run) enterWindow(ctx context.Context, from *tab) error {
	var found *tab
	opened := func(old bool) func() bool {
		return func() bool {
			found = from.other(old)
			return found != nil
		}
	}
	soon, done := context.WithTimeout(ctx, blankLimit)
	defer done()
	if err := from.until(soon, opened(false)); err != nil {
		waiting, cancel := context.WithDeadline(ctx, r.stepEnd)
		defer cancel()
		err := from.until(waiting, opened(true))
		switch {
		case ctx.Err() != nil:
			return err
		case err != nil:
			return &trouble{fault: flow.Owner, err: r.late(answer{Late: "the page has opened no window"})}
		}
	}
	found.used = true
	loaded, done := context.WithTimeout(ctx, time.Until(found.opened.Add(blankLimit)))
	defer done()
	if err := found.until(loaded, func() bool { return found.loader != "" || found.closed }); err != nil && ctx.Err() != nil {
		return err
	}
	return r.show(ctx, found)
}

// other gives the newest window beside t and the page that the run began with;
// with old, one that steps were done in, too. It is called under the lock.
func (t *tab) other(old bool) *tab {
	for _, o := range slices.Backward(t.tabs) {
		if o != t && o != t.first && (old || !o.used) {
			return o
		}
	}
	return nil
}

func (t *tab) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}
