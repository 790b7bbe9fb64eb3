package browser

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// runsEach is how many runs one browser is kept for: its memory grows slowly.
const runsEach = 50

// Kept is a browser that stays for many runs, several at once. What [Browser.Run]
// promises holds for each: a run has a browser context of its own, which has its
// own profile in memory, its own walls, and is gone when the run ends. A browser
// that has ended by itself costs the runs that were in it and no other; it is
// started again, as is one that many runs have used.
type Kept struct {
	browser Browser
	turn    chan struct{} // holds one while somebody has what is below
	house   *house        // the running browser; nil before the first run
}

// host is a browser that runs: a process of ours, or one elsewhere.
type host interface {
	messages
	hasExited() bool
	end() error
	explain(error) error // of what has gone wrong with it
}

// house is one running browser with the runs in it.
type house struct {
	host   host
	client *client
	wall   *proxy // lets nothing out: what belongs to no run stays in; nil elsewhere
	dir    *runDir
	free   func() // its slot

	begun  int           // runs so far
	active int           // runs now
	worn   bool          // nobody comes in any more
	empty  chan struct{} // closed when it has ended
}

// Keep gives a browser like b that stays. Close ends it.
func (b *Browser) Keep() *Kept {
	k := &Kept{browser: *b, turn: make(chan struct{}, 1)}
	k.browser.kept = k
	return k
}

// Run carries out a task as [Browser.Run] does.
func (k *Kept) Run(ctx context.Context, task flow.Task) (flow.Result, error) {
	return k.browser.Run(ctx, task)
}

// Close ends the browser, with all runs that are in it.
func (k *Kept) Close() error {
	k.turn <- struct{}{}
	defer func() { <-k.turn }()
	if k.house == nil {
		return nil
	}
	return k.vacate()
}

// start brings up what a run needs: a browser, or a place in the one that is
// kept. stop ends it.
func (r *run) start(ctx context.Context) (stop func() error, err error) {
	if r.browser.kept != nil {
		return r.browser.kept.lodge(ctx, r)
	}
	if r.browser.Remote != "" {
		return r.visit(ctx)
	}
	return r.alone(ctx)
}

// visit is for one run in a browser elsewhere, which drops what was the run's
// when the connection ends.
func (r *run) visit(ctx context.Context) (stop func() error, err error) {
	k := r.browser.Keep()
	if _, err := k.lodge(ctx, r); err != nil {
		k.Close()
		return nil, err
	}
	return func() error { r.tab.deafen(); return k.Close() }, nil
}

// lodge gives a run its place.
func (k *Kept) lodge(ctx context.Context, r *run) (stop func() error, err error) {
	h, err := k.join(ctx)
	if err != nil {
		return nil, err
	}
	checkOut, err := h.admit(ctx, r)
	if err != nil {
		ours := ctx.Err() == nil // else the run had too little time
		k.leave(h, checkOut() != nil || ours)
		return nil, err
	}
	return func() error {
		err := checkOut()
		k.leave(h, err != nil)
		return nil // the browser pays for it, not the run
	}, nil
}

// join finds the browser for one more run, and starts it where there is none.
func (k *Kept) join(ctx context.Context) (*house, error) {
	for {
		select {
		case k.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		h, err := k.open(ctx)
		<-k.turn
		if err != nil || !h.worn {
			return h, err
		}
		select {
		case <-h.empty:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// open counts a run in, unless the browser takes none and others are still in it.
func (k *Kept) open(ctx context.Context) (_ *house, err error) {
	if h := k.house; h != nil && (h.worn || h.begun >= runsEach || h.host.hasExited()) {
		h.worn = true
		if h.active > 0 {
			return h, nil
		}
		k.vacate()
	}
	if k.house == nil {
		if k.house, err = k.browser.build(ctx); err != nil {
			k.house = nil
			return nil, err
		}
	}
	k.house.begun++
	k.house.active++
	return k.house, nil
}

// leave counts a run out. worn says that the browser has not done as it should.
func (k *Kept) leave(h *house, worn bool) {
	k.turn <- struct{}{}
	defer func() { <-k.turn }()
	h.active--
	h.worn = h.worn || worn
	if h == k.house && h.worn && h.active == 0 {
		k.vacate()
	}
}

// vacate ends the browser.
func (k *Kept) vacate() error {
	h := k.house
	k.house = nil
	defer close(h.empty)
	defer h.free()
	err := h.host.end()
	if h.wall != nil {
		h.wall.close()
	}
	return errors.Join(err, h.dir.removeWithin(time.Second))
}

// build starts a browser for many runs.
func (b *Browser) build(ctx context.Context) (_ *house, err error) {
	h := &house{empty: make(chan struct{})}
	var undo []func()
	defer func() {
		if err == nil {
			return
		}
		for _, do := range slices.Backward(undo) {
			do()
		}
	}()
	if h.free, err = b.slot(ctx); err != nil {
		return nil, err
	}
	undo = append(undo, h.free)
	if h.dir, err = newRunDir(b.Dir); err != nil {
		return nil, err
	}
	undo = append(undo, func() { h.dir.removeWithin(time.Second) })
	if b.Remote != "" {
		err = h.connect(ctx, b.Remote)
	} else {
		err = h.launch(b)
	}
	if err != nil {
		return nil, err
	}
	undo = append(undo, func() { h.host.end() })
	if h.wall != nil {
		undo = append(undo, h.wall.close)
	}
	if err = h.client.ready(ctx); err == nil {
		err = await(h.client.root(ctx))
	}
	if err != nil {
		err = h.host.explain(err)
	}
	return h, err
}

// launch starts the browser's process.
func (h *house) launch(b *Browser) error {
	program, err := find(b.Path, b.Show)
	if err != nil {
		return err
	}
	if h.wall, err = newProxy(nil); err != nil {
		return err
	}
	p, err := launch(program, h.dir.path, h.wall.address(), b.NoSandbox, b.Show, b.extra...)
	if err != nil {
		h.wall.close()
		return err
	}
	h.host, h.client = p, newClient(p)
	if b.started != nil {
		b.started(h.dir.path, p.cmd.Process.Pid)
	}
	return nil
}

// ready waits until the browser answers.
func (c *client) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*callLimit)
	defer cancel()
	began := time.Now()
	_, err := c.Call(ctx, "", proto.BrowserGetVersion{}.ProtoReq(), nil)
	if errors.Is(err, context.DeadlineExceeded) {
		return inWords(err, "the browser does not answer (waited %v)", time.Since(began).Round(100*time.Millisecond))
	}
	return err
}

// admit makes a run's own browser context, with its page, its photos and its
// walls (C28). checkOut removes all of it, also what is there after an error; its
// own error says that something of the run may be left in the browser.
func (h *house) admit(ctx context.Context, r *run) (checkOut func() error, err error) {
	var undo []func() error
	checkOut = func() error {
		var errs []error
		for _, do := range slices.Backward(undo) {
			errs = append(errs, do())
		}
		return errors.Join(errs...)
	}
	if r.shelf, err = os.MkdirTemp(h.dir.path, "photos-"); err != nil {
		return checkOut, err
	}
	undo = append(undo, func() error { return os.RemoveAll(r.shelf) })
	way, err := h.wayOut(r)
	if err != nil {
		return checkOut, err
	}
	if r.proxy != nil {
		undo = append(undo, func() error { r.proxy.close(); return nil })
	}
	in, leave, err := h.client.newContext(ctx, way)
	if err != nil {
		return checkOut, err
	}
	undo = append(undo, leave)
	if r.tab, err = openTabIn(ctx, h.client, r.bounds, r.proxy, in); err != nil {
		return checkOut, err
	}
	undo = append(undo, func() error { r.tab.deafen(); return nil })
	return checkOut, nil
}

// wayOut gives a run its bounds, and what makes a browser context that keeps to
// them.
func (h *house) wayOut(r *run) (way proto.TargetCreateBrowserContext, err error) {
	if h.wall == nil {
		r.bounds = &bounds{allowed: r.plan.origins}
		return fenced(r.plan.origins), nil
	}
	if r.proxy, err = newProxy(r.plan.origins); err != nil {
		return way, err
	}
	r.bounds = r.proxy.bounds
	return proto.TargetCreateBrowserContext{
		ProxyServer: r.proxy.address(), ProxyBypassList: "<-loopback>",
	}, nil
}

// newContext makes a browser context of ours. leave removes it.
func (c *client) newContext(ctx context.Context, way proto.TargetCreateBrowserContext) (in proto.BrowserBrowserContextID, leave func() error, err error) {
	made, err := way.Call(c.root(ctx))
	if err != nil {
		return "", nil, err
	}
	in = made.BrowserContextID
	c.guests.enter(in)
	return in, func() error {
		defer c.guests.leave(in)
		return c.dispose(in)
	}, nil
}

// dispose removes a browser context with all pages in it, whatever they do.
func (c *client) dispose(id proto.BrowserBrowserContextID) error {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	return proto.TargetDisposeBrowserContext{BrowserContextID: id}.Call(c.root(ctx))
}

// root is where calls go that are for the browser and not for a page.
func (c *client) root(ctx context.Context) proto.Client { return rootCaller{c, ctx} }

type rootCaller struct {
	*client
	ctx context.Context
}

// GetContext and Call are what proto needs.
func (r rootCaller) GetContext() context.Context { return r.ctx }

func (p *process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}
