package browser

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// Windows. A page may open another, as a login, a map or a picker of photos
// does. Such a window is let live if it shows nothing but the flow's origins, and
// only steps that say so are done in it. It is taken over before it loads
// anything: the browser holds it until the tab is ready.

// maxPages is how many visited pages are remembered.
const maxPages = 200

// maxWindows is how many pages may be open at once; more are closed.
const maxWindows = 6

// windows is what the tabs of one browser have in common.
type windows struct {
	client  *client
	browser *rod.Browser
	bounds  *bounds
	proxy   *proxy                        // the way out; nil in a browser elsewhere
	context proto.BrowserBrowserContextID // of the run's own; "" if it has the browser to itself
	home    proto.BrowserBrowserContextID // where its pages are: that, or the browser's own
	deafen  func()                        // has the tabs hear of nothing any more
	life    context.Context               // ends with deafen

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced whenever something below, or of a tab, changes
	interrupt context.CancelCauseFunc
	broken    error // ended the running step, or will end the next
	pages     []string
	replies   replies
	first     *tab                                           // the one that the run began with
	held      map[proto.TargetTargetID]proto.TargetSessionID // new pages, before there is a first
	tabs      []*tab                                         // those that are open, the newest last
	front     *tab                                           // where steps are done
	gate      *gate                                          // nil: publish is yet to come
	blank     string                                         // address of an empty page of our own; see storage
	sparing   bool                                           // the site's pictures are spared
	login     *httpLogin                                     // nil: who asks by HTTP gets nothing
	sending   *sending                                       // of photos, by all tabs; nil: nobody watches
	asked     map[proto.NetworkRequestID]string              // addresses of requests under way, in a browser elsewhere
}

// await has the browser tell of new windows, and hold them until they are taken over.
func await(b proto.Client) error {
	return proto.TargetSetAutoAttach{
		AutoAttach: true, WaitForDebuggerOnStart: true, Flatten: true,
		Filter: proto.TargetTargetFilter{{Type: string(proto.TargetTargetInfoTypePage)}},
	}.Call(b)
}

// tabOf gives the tab of a session; nil if there is none.
func (w *windows) tabOf(session proto.TargetSessionID) *tab {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.tabs {
		if t.page.session == session {
			return t
		}
	}
	return nil
}

// targetEvent takes in that a window has opened or closed.
func (w *windows) targetEvent(m *cdp.Event) {
	var opened proto.TargetAttachedToTarget
	var closed proto.TargetDetachedFromTarget
	switch {
	case load(m, &opened):
		if opened.WaitingForDebugger && w.isOurs(opened.TargetInfo) {
			w.receive(opened)
		}
	case load(m, &closed):
		if t := w.tabOf(closed.SessionID); t != nil {
			w.update(func() { w.forget(t) })
		}
	}
}

// isOurs tells whether a page was opened by those of this run, and is not that of
// another or its darkroom.
func (w *windows) isOurs(i *proto.TargetTargetInfo) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return i.BrowserContextID == w.home
}

// receive takes in that the browser holds a new page: the run's first, or one
// that this opens.
func (w *windows) receive(e proto.TargetAttachedToTarget) {
	first := false
	w.update(func() {
		if first = w.first == nil; first {
			w.held = map[proto.TargetTargetID]proto.TargetSessionID{e.TargetInfo.TargetID: e.SessionID}
		}
	})
	if !first {
		go w.begin(e)
	}
}

// forget takes a tab out that has closed. The browser leaves what it was asked
// about it unanswered, so whoever waits for that is told. It is called under the
// lock.
func (w *windows) forget(t *tab) {
	t.closed, t.going = true, false
	w.sending.left(t)
	w.gate.left(t)
	w.tabs = slices.DeleteFunc(w.tabs, func(o *tab) bool { return o == t })
	if t == w.front && w.interrupt != nil {
		w.interrupt(errClosed)
	}
}

// begin takes over a new window, and lets it load. The browser shows it in front,
// and a page that is not there does not draw: so what was in front comes back.
func (w *windows) begin(e proto.TargetAttachedToTarget) {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	page := target{browser: w.browser, id: e.TargetInfo.TargetID, session: e.SessionID}
	t := &tab{windows: w, page: page, opened: time.Now()}
	full, guarded, watched := false, false, false
	w.update(func() {
		guarded, watched = w.gate != nil, w.sending != nil
		if full = len(w.tabs) >= maxWindows; !full {
			w.tabs = append(w.tabs, t)
		}
	})
	t.prepare(guarded, watched)
	// Until then the window, and the script that has opened it, stand still.
	err := proto.RuntimeRunIfWaitingForDebugger{}.Call(page.Context(ctx))
	if full {
		_, err = proto.TargetCloseTarget{TargetID: page.id}.Call(w.browser.Context(ctx))
	}
	if err == nil {
		_ = w.toFront(ctx) // if that has closed, another will come
	}
}

// prepare has the browser tell of a window that it holds, and ask before its
// requests as in those that are open. The browser deals with a window's calls in
// their order, but answers some of them only when the window is no longer held:
// so nobody waits.
func (t *tab) prepare(guarded, watched bool) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = proto.PageEnable{}.Call(t.page.Context(ctx))
	if t.proxy == nil {
		_ = t.fence(ctx)
	}
	if guarded {
		_ = t.holdRequests(ctx)
	} else {
		_ = t.pauseRequests(ctx)
	}
	if watched {
		_ = t.tellRequests(ctx)
	}
}

// toFront brings the window in which steps are done in front again.
func (w *windows) toFront(ctx context.Context) error {
	w.mu.Lock()
	front := w.front
	w.mu.Unlock()
	if front.isClosed() {
		front = w.first
	}
	return proto.PageBringToFront{}.Call(front.page.Context(ctx))
}

// close closes a window.
func (t *tab) close() {
	t.call(func(p target) error {
		_, err := proto.TargetCloseTarget{TargetID: p.id}.Call(t.browser.Context(p.GetContext()))
		return err
	})
}

// astray ends what has come to an origin that the flow does not name (C28): a
// window is closed, and the page that the run began with ends the step.
func (t *tab) astray(o flow.Origin) {
	if t == t.first {
		t.breakOff(wall(o.String()))
		return
	}
	go t.close()
}

// breakOff ends the step that is running, or the next one if none is. The
// first cause counts.
func (w *windows) breakOff(cause error) {
	w.update(func() {
		if w.broken == nil {
			w.broken = cause
		}
		if w.interrupt != nil {
			w.interrupt(w.broken)
		}
	})
}

// interruptible gives a context that breakOff ends.
func (w *windows) interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.interrupt = cancel
	if w.broken != nil {
		cancel(w.broken)
	}
	return ctx, func() { cancel(nil) }
}

// brokenOff gives what breakOff was told.
func (w *windows) brokenOff() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken
}

func (w *windows) update(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	close(w.changed)
	w.changed = make(chan struct{})
}

// until waits until ready, which is asked under the lock, says yes.
func (w *windows) until(ctx context.Context, ready func() bool) error {
	return w.untilEvery(ctx, time.Hour, ready)
}

// untilEvery is until, where time alone may make ready say yes: it is asked
// that often at least.
func (w *windows) untilEvery(ctx context.Context, often time.Duration, ready func() bool) error {
	tick := time.NewTicker(often)
	defer tick.Stop()
	for {
		w.mu.Lock()
		ok, changed := ready(), w.changed
		w.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (w *windows) visited() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.pages)
}
