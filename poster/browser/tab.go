package browser

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"
	"github.com/go-rod/rod/lib/utils"
)

// callLimit is how long the browser may take to answer what needs no site.
const callLimit = 10 * time.Second

// tab is one page of the browser: what has happened to it, and who waits for
// something to happen.
type tab struct {
	*windows
	page target

	loader  string                       // of the document that is there
	url     string                       // its address, or the one that it could not reach
	world   *world                       // the engine's in it; nil: not made yet
	worlds  map[proto.PageFrameID]*world // the same, in its frames of other sites
	going   bool                         // a navigation has begun
	moves   int                          // navigations so far, of frames and within the page, too
	opened  time.Time                    // of a window
	closed  bool                         // the page is no longer there
	asks    proto.PageFrameID            // the frame that may ask for files
	chooser *proto.PageFileChooserOpened // it does

	used  bool   // steps have been done in this window; as inner
	inner *inner // where the engine has found something last; only the run's goroutine uses it
}

// openTab takes over the page that the browser has opened.
func openTab(ctx context.Context, p *process, px *proxy) (*tab, error) {
	return openTabIn(ctx, newClient(p), px.bounds, px, "")
}

// openTabIn opens a page in a browser context, or takes over the browser's own,
// and closes every door that a page could use. A browser elsewhere has no proxy.
func openTabIn(ctx context.Context, c *client, bs *bounds, px *proxy, in proto.BrowserBrowserContextID) (_ *tab, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*callLimit)
	defer cancel()
	life, end := context.WithCancel(context.Background()) // of what rod has running for the tab
	defer func() {
		if err != nil {
			end()
		}
	}()
	b := rod.New().ControlURL("").Client(c).Context(life).
		Trace(false).SlowMotion(0).Monitor("").Logger(utils.LoggerQuiet).NoDefaultDevice()
	if err := b.Connect(); err != nil {
		return nil, err
	}
	w := &windows{browser: b, client: c, bounds: bs, proxy: px, context: in, home: in, changed: make(chan struct{}), life: life}
	stop := c.listen(w.hear, func() { w.breakOff(c.gone) })
	w.deafen = func() { stop(); end() }
	t := &tab{windows: w}
	if t.page, err = w.firstPage(ctx); err != nil {
		w.deafen()
		return nil, err
	}
	w.update(func() { w.first, w.front, w.tabs = t, t, []*tab{t} })
	if err := t.shut(ctx); err != nil {
		w.deafen()
		return nil, err
	}
	return t, nil
}

// shut closes every door that the page could use, and has the browser tell of it.
func (t *tab) shut(ctx context.Context) error {
	limited, page := t.browser.Context(ctx), t.page.Context(ctx)
	downloads := proto.BrowserSetDownloadBehavior{Behavior: proto.BrowserSetDownloadBehaviorBehaviorDeny, BrowserContextID: t.context}
	if err := downloads.Call(limited); err != nil {
		return err
	}
	if t.proxy == nil {
		if err := t.fenceIn(ctx); err != nil {
			return err
		}
	}
	greeted := make(chan error, 1)
	go func() { greeted <- t.greet(ctx) }() // which needs nothing of the page's own process, that may be yet to start
	if err := errors.Join(proto.PageEnable{}.Call(page), <-greeted); err != nil {
		return err
	}
	if t.context == "" {
		return await(limited)
	}
	// It acts as if it were the one in front.
	return proto.EmulationSetFocusEmulationEnabled{Enabled: true}.Call(page)
}

// firstPage gives the page that the browser has opened, or opens one in the
// run's browser context, which is as large.
func (w *windows) firstPage(ctx context.Context) (target, error) {
	limited := w.browser.Context(ctx)
	if w.context != "" {
		return w.newPage(ctx)
	}
	targets, err := proto.TargetGetTargets{}.Call(limited)
	if err != nil {
		return target{}, err
	}
	i := slices.IndexFunc(targets.TargetInfos, func(t *proto.TargetTargetInfo) bool {
		return t.Type == proto.TargetTargetInfoTypePage
	})
	if i < 0 {
		return target{}, errors.New("the browser has opened no page")
	}
	w.update(func() { w.home = targets.TargetInfos[i].BrowserContextID })
	page := target{browser: w.browser, id: targets.TargetInfos[i].TargetID}
	attached, err := proto.TargetAttachToTarget{TargetID: page.id, Flatten: true}.Call(limited)
	if err != nil {
		return target{}, err
	}
	page.session = attached.SessionID
	return page, nil
}

// newPage opens a page in the run's browser context. It is held like every new
// window, see await, and the browser tells of it before it answers.
func (w *windows) newPage(ctx context.Context) (target, error) {
	limited := w.browser.Context(ctx)
	var width, height int
	if _, err := fmt.Sscanf(windowSize, "%d,%d", &width, &height); err != nil {
		return target{}, err
	}
	made, err := proto.TargetCreateTarget{URL: "about:blank", BrowserContextID: w.context, NewWindow: true, Width: &width, Height: &height}.Call(limited)
	if err != nil {
		return target{}, err
	}
	page := target{browser: w.browser, id: made.TargetID}
	known := func() bool { page.session = w.held[page.id]; return page.session != "" }
	if err := w.until(ctx, known); err != nil {
		return target{}, err
	}
	return page, proto.RuntimeRunIfWaitingForDebugger{}.Call(page.Context(ctx))
}

// greet opens a page of the proxy's own, which asks for the password, so that
// the browser knows it from then on. One elsewhere has no such proxy.
func (t *tab) greet(ctx context.Context) error {
	if t.proxy == nil {
		return nil
	}
	page := t.page.Context(ctx)
	greeting := "http://" + greetingHost + "/"
	err := proto.FetchEnable{
		HandleAuthRequests: true,
		Patterns:           []*proto.FetchRequestPattern{{URLPattern: greeting + "*"}},
	}.Call(page)
	if err != nil {
		return err
	}
	if _, err := (proto.PageNavigate{URL: greeting}).Call(page); err != nil {
		return err
	}
	return proto.FetchDisable{}.Call(page)
}

// hear takes in what the browser tells. It never waits: whatever asks the
// browser something because of it goes its own way.
func (w *windows) hear(m *cdp.Event) {
	if t := w.tabOf(proto.TargetSessionID(m.SessionID)); t != nil {
		t.pageEvent(m)
	} else {
		w.targetEvent(m)
	}
}

func (t *tab) pageEvent(m *cdp.Event) {
	switch m.Method {
	case "Page.frameRequestedNavigation":
		var e proto.PageFrameRequestedNavigation
		if load(m, &e) && t.isMain(e.FrameID) && e.Disposition == proto.PageClientNavigationDispositionCurrentTab {
			t.update(func() { t.going = true })
		}
	case "Page.frameNavigated":
		var e proto.PageFrameNavigated
		load(m, &e)
		t.update(func() { t.moves++ })
		if e.Frame.ParentID == "" {
			t.arrive(e.Frame)
		}
	case "Page.navigatedWithinDocument":
		var e proto.PageNavigatedWithinDocument
		if load(m, &e) && t.isMain(e.FrameID) {
			t.update(func() { t.url, t.moves = e.URL, t.moves+1 })
		}
	case "Page.frameStoppedLoading":
		var e proto.PageFrameStoppedLoading
		if load(m, &e) && t.isMain(e.FrameID) {
			t.update(func() { t.going = false })
		}
	case "Page.javascriptDialogOpening":
		var e proto.PageJavascriptDialogOpening
		load(m, &e)
		go t.dialogue(e)
	case "Page.fileChooserOpened":
		var e proto.PageFileChooserOpened
		load(m, &e)
		t.update(func() {
			if e.FrameID == t.asks {
				t.chooser = &e
			}
		})
	case "Network.requestWillBeSent", "Network.requestWillBeSentExtraInfo", "Network.responseReceived", "Network.loadingFinished", "Network.loadingFailed":
		t.networkEvent(m)
		t.gateEvent(m)
		t.fenceEvent(m)
	case "Inspector.targetCrashed":
		t.breakOff(errors.New("the page has crashed"))
	case "Fetch.authRequired", "Fetch.requestPaused":
		t.fetchEvent(m)
	}
}

// fetchEvent answers the proxy's question for the password, and a site's, and
// lets paused requests go on but for those that are spared.
func (t *tab) fetchEvent(m *cdp.Event) {
	var auth proto.FetchAuthRequired
	if load(m, &auth) {
		var answer *proto.FetchAuthChallengeResponse
		if auth.AuthChallenge.Source == proto.FetchAuthChallengeSourceProxy && t.proxy != nil {
			answer = &proto.FetchAuthChallengeResponse{
				Response: proto.FetchAuthChallengeResponseResponseProvideCredentials,
				Username: proxyUser, Password: t.proxy.password,
			}
		} else {
			answer = t.identify(&auth)
		}
		go t.call(func(p target) error {
			return proto.FetchContinueWithAuth{RequestID: auth.RequestID, AuthChallengeResponse: answer}.Call(p)
		})
		return
	}
	var paused proto.FetchRequestPaused
	if !load(m, &paused) {
		return
	}
	t.mu.Lock()
	ours := t.blank != "" && t.blank == paused.Request.URL
	t.mu.Unlock()
	switch {
	case ours:
		go t.empty(paused.RequestID)
	case t.spares(&paused):
		go t.refuse(paused.RequestID)
	default:
		go t.letGo(&paused)
	}
}

// call does something short that must not hang.
func (t *tab) call(do func(p target) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	return do(t.page.Context(ctx))
}

// arrive notes that a new document is there. One that the flow may not open
// ends the step (C28).
func (t *tab) arrive(f *proto.PageFrame) {
	t.update(func() {
		t.loader, t.url, t.world, t.worlds, t.going = string(f.LoaderID), f.URL, nil, nil, false
		if f.UnreachableURL != "" {
			t.url = f.UnreachableURL
		}
		if page := pageURL(t.url); page != "" && len(t.pages) < maxPages {
			t.pages = append(t.pages, page)
		}
	})
	if o, ok := originOf(t.address()); ok && !t.bounds.allows(o) {
		t.astray(o)
	}
}

// gaveWay waits a moment until a document has given way to the one that the browser
// says is coming: a question would still be put to the first.
func (t *tab) gaveWay(ctx context.Context, document string) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = t.until(ctx, func() bool { return t.loader != document || t.closed })
}

// isGoing tells whether the page is on its way to another.
func (t *tab) isGoing() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.going
}

func (t *tab) isMain(frame proto.PageFrameID) bool { return frame == t.page.frame() }

func (t *tab) navigations() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.moves
}

// document gives what tells the document that is there from any other.
func (t *tab) document() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.loader
}

func (t *tab) address() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.url
}
