package browser

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// lone is a browser with its one page, for one run.
type lone struct {
	process *process
	dir     *runDir
	proxy   *proxy
	tab     *tab
	free    func()       // its slot
	ended   chan<- error // if it was started ahead: how it has ended
}

// begun is a browser that was started ahead, or why there is none.
type begun struct {
	browser *lone
	err     error
}

// Ahead starts the browser for the next run, and for no other, while its caller
// has something else to do. What goes wrong with that is the run's error. The run
// kills that browser, but leaves it to end, which must be called, to wait until
// nothing is left of it: so that what is to be done after the run need not. end
// also ends a browser that no run has taken.
func (b *Browser) Ahead(ctx context.Context) (end func() error) {
	ctx, cancel := context.WithCancel(ctx)
	started, ended := make(chan begun, 1), make(chan error, 1)
	b.ahead = started
	go func() {
		l, err := b.begin(ctx)
		if err != nil {
			ended <- nil
		} else {
			l.ended = ended
		}
		started <- begun{l, err}
	}()
	return func() error {
		cancel()
		if b.ahead != nil {
			b.ahead = nil
			if got := <-started; got.err == nil {
				return got.browser.end()
			}
		}
		return <-ended
	}
}

// take gives the browser that was started ahead, or a new one.
func (b *Browser) take(ctx context.Context) (*lone, error) {
	if b.ahead == nil {
		return b.begin(ctx)
	}
	started := b.ahead
	b.ahead = nil
	got := <-started // it ends with ctx
	return got.browser, got.err
}

// begin takes a slot and brings up the proxy, which lets nothing through yet,
// the browser and its page.
func (b *Browser) begin(ctx context.Context) (*lone, error) {
	free, err := b.slot(ctx)
	if err != nil {
		return nil, err
	}
	l := &lone{free: free}
	if err := l.begin(ctx, b); err != nil {
		l.end() //nolint:errcheck // there is a reason that says more
		return nil, err
	}
	return l, nil
}

func (l *lone) begin(ctx context.Context, b *Browser) error {
	program, err := find(b.Path, b.Show)
	if err != nil {
		return err
	}
	if l.dir, err = newRunDir(b.Dir); err != nil {
		return err
	}
	if l.proxy, err = newProxy(nil); err != nil {
		return err
	}
	if l.process, err = launch(program, l.dir.path, l.proxy.address(), b.NoSandbox, b.Show, b.extra...); err != nil {
		return err
	}
	if b.started != nil {
		b.started(l.dir.path, l.process.cmd.Process.Pid)
	}
	defer context.AfterFunc(ctx, l.process.kill)()
	if l.tab, err = openTab(ctx, l.process, l.proxy); err != nil {
		return l.process.explain(err)
	}
	return nil
}

// stop is end; one that was started ahead is only killed before it returns.
func (l *lone) stop() error {
	if l.ended == nil {
		return l.end()
	}
	l.process.kill()
	go func() { l.ended <- l.end() }()
	return nil
}

// end ends all that there is of it.
func (l *lone) end() (err error) {
	defer l.free()
	if l.process != nil {
		err = l.process.end()
	}
	if l.proxy != nil {
		l.proxy.close()
	}
	if l.dir != nil {
		if gone := l.dir.removeWithin(time.Second); err == nil {
			err = gone
		}
	}
	return err
}

// alone gives the run a browser of its own. stop ends it.
func (r *run) alone(ctx context.Context) (stop func() error, err error) {
	l, err := r.browser.take(ctx)
	if err != nil {
		return nil, err
	}
	r.shelf = filepath.Join(l.dir.path, "photos")
	if err := os.Mkdir(r.shelf, 0o700); err != nil {
		l.stop() //nolint:errcheck // there is a reason that says more
		return nil, err
	}
	l.proxy.allow(r.plan.origins)
	r.proxy, r.bounds, r.tab = l.proxy, l.proxy.bounds, l.tab
	unwatch := context.AfterFunc(ctx, l.process.kill)
	return func() error {
		unwatch()
		return l.stop()
	}, nil
}
