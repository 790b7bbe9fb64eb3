package browser

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"
	"github.com/go-rod/rod/lib/utils"
)

// callLimit is how long the browser may take to answer what needs no site.
const callLimit = 10 * time.Second

// maxPages is how many visited pages are remembered.
const maxPages = 200

// tab is the browser's one page: what has happened to it, and who waits for
// something to happen.
type tab struct {
	page    *rod.Page
	proxy   *proxy
	context proto.BrowserBrowserContextID // of its own; "" if it has the browser to itself
	deafen  func()                        // has the tab hear of nothing any more

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced whenever something below changes
	interrupt context.CancelCauseFunc
	broken    error  // ended the running step, or will end the next
	loader    string // of the document that is there
	url       string // its address, or the one that it could not reach
	world     int    // the engine's execution context in it; 0: not made yet
	going     bool   // a navigation has begun
	moves     int    // navigations so far, of frames and within the page, too
	guarded   bool   // publish: see guard
	pages     []string
	replies   replies
	uploads   map[proto.NetworkRequestID]bool // requests with files that are not answered; nil: nobody watches
	chooser   *proto.PageFileChooserOpened    // the page asks for files
}

// openTab takes over the page that the browser has opened.
func openTab(ctx context.Context, p *process, px *proxy) (*tab, error) {
	return openTabIn(ctx, newClient(p), px, "")
}

// openTabIn opens a page in a browser context, or takes over the browser's own,
// and closes every door that a page could use.
func openTabIn(ctx context.Context, c *client, px *proxy, in proto.BrowserBrowserContextID) (_ *tab, err error) {
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
	limited := b.Context(ctx)
	id, err := firstPage(limited, in)
	if err != nil {
		return nil, err
	}
	page, err := b.PageFromTarget(id)
	if err != nil {
		return nil, err
	}
	t := &tab{page: page, proxy: px, context: in, changed: make(chan struct{})}
	stop := c.listen(t.hear, func() { t.breakOff(errGone) })
	t.deafen = func() { stop(); end() }
	downloads := proto.BrowserSetDownloadBehavior{Behavior: proto.BrowserSetDownloadBehaviorBehaviorDeny, BrowserContextID: in}
	if err := downloads.Call(limited); err != nil {
		return nil, err
	}
	if in != "" {
		if err := (proto.EmulationSetFocusEmulationEnabled{Enabled: true}).Call(page.Context(ctx)); err != nil {
			return nil, err
		}
	}
	return t, t.greet(ctx)
}

// firstPage gives the page that the browser has opened, or opens one in a browser
// context. That is as large, and acts as if it were the one in front.
func firstPage(b *rod.Browser, in proto.BrowserBrowserContextID) (proto.TargetTargetID, error) {
	if in != "" {
		var width, height int
		if _, err := fmt.Sscanf(windowSize, "%d,%d", &width, &height); err != nil {
			return "", err
		}
		made, err := proto.TargetCreateTarget{URL: "about:blank", BrowserContextID: in, NewWindow: true, Width: &width, Height: &height}.Call(b)
		if err != nil {
			return "", err
		}
		return made.TargetID, nil
	}
	targets, err := proto.TargetGetTargets{}.Call(b)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(targets.TargetInfos, func(t *proto.TargetTargetInfo) bool {
		return t.Type == proto.TargetTargetInfoTypePage
	})
	if i < 0 {
		return "", errors.New("the browser has opened no page")
	}
	return targets.TargetInfos[i].TargetID, nil
}

// greet opens a page of the proxy's own, which asks for the password, so that
// the browser knows it from then on.
func (t *tab) greet(ctx context.Context) error {
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
func (t *tab) hear(m *cdp.Event) {
	var e proto.TargetTargetCreated
	switch {
	case m.SessionID == string(t.page.SessionID):
		t.pageEvent(m)
	case load(m, &e) && e.TargetInfo.Type == proto.TargetTargetInfoTypePage && e.TargetInfo.TargetID != t.page.TargetID && t.isOurs(e.TargetInfo):
		go t.closePopup(e.TargetInfo.TargetID)
	}
}

// isOurs tells whether a page was opened by this tab's, and not in another run.
func (t *tab) isOurs(i *proto.TargetTargetInfo) bool {
	return t.context == "" || i.BrowserContextID == t.context
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
		if load(m, &e) {
			t.update(func() { t.chooser = &e })
		}
	case "Network.requestWillBeSent", "Network.loadingFinished", "Network.loadingFailed":
		t.networkEvent(m)
	case "Inspector.targetCrashed":
		t.breakOff(errors.New("the page has crashed"))
	case "Fetch.authRequired", "Fetch.requestPaused":
		t.fetchEvent(m)
	}
}

// fetchEvent answers the proxy's question for the password, and lets paused
// requests go on.
func (t *tab) fetchEvent(m *cdp.Event) {
	var auth proto.FetchAuthRequired
	if load(m, &auth) {
		answer := &proto.FetchAuthChallengeResponse{Response: proto.FetchAuthChallengeResponseResponseCancelAuth}
		if auth.AuthChallenge.Source == proto.FetchAuthChallengeSourceProxy {
			answer = &proto.FetchAuthChallengeResponse{
				Response: proto.FetchAuthChallengeResponseResponseProvideCredentials,
				Username: proxyUser, Password: t.proxy.password,
			}
		}
		go t.call(func(p *rod.Page) error {
			return proto.FetchContinueWithAuth{RequestID: auth.RequestID, AuthChallengeResponse: answer}.Call(p)
		})
		return
	}
	var paused proto.FetchRequestPaused
	if load(m, &paused) {
		go t.letGo(&paused)
	}
}

// letGo sends a paused request on its way. One that publish causes, and that
// leads to a new page, goes out on a fresh connection whatever the page did
// before it.
func (t *tab) letGo(paused *proto.FetchRequestPaused) {
	t.mu.Lock()
	guarded := t.guarded
	t.mu.Unlock()
	if guarded && paused.Request.Method != "GET" && paused.Request.Method != "HEAD" {
		t.proxy.cut()
	}
	t.call(func(p *rod.Page) error { return proto.FetchContinueRequest{RequestID: paused.RequestID}.Call(p) })
}

// call does something short that must not hang.
func (t *tab) call(do func(p *rod.Page) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	return do(t.page.Context(ctx))
}

// arrive notes that a new document is there. One that the flow may not open
// ends the step (C28).
func (t *tab) arrive(f *proto.PageFrame) {
	t.update(func() {
		t.loader, t.url, t.world, t.going = string(f.LoaderID), f.URL, 0, false
		if f.UnreachableURL != "" {
			t.url = f.UnreachableURL
		}
		if page := pageURL(t.url); page != "" && len(t.pages) < maxPages {
			t.pages = append(t.pages, page)
		}
	})
	if o, ok := originOf(t.address()); ok && !t.proxy.allows(o) {
		t.breakOff(wall(o.String()))
	}
}

// closePopup closes a window that the browser opened although its flags tell
// it not to.
func (t *tab) closePopup(id proto.TargetTargetID) {
	t.call(func(p *rod.Page) error {
		_, err := proto.TargetCloseTarget{TargetID: id}.Call(p.Browser())
		return err
	})
}

// breakOff ends the step that is running, or the next one if none is. The
// first cause counts.
func (t *tab) breakOff(cause error) {
	t.update(func() {
		if t.broken == nil {
			t.broken = cause
		}
		if t.interrupt != nil {
			t.interrupt(t.broken)
		}
	})
}

// interruptible gives a context that breakOff ends.
func (t *tab) interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.interrupt = cancel
	if t.broken != nil {
		cancel(t.broken)
	}
	return ctx, func() { cancel(nil) }
}

// brokenOff gives what breakOff was told.
func (t *tab) brokenOff() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.broken
}

// isGoing tells whether the page is on its way to another.
func (t *tab) isGoing() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.going
}

func (t *tab) isMain(frame proto.PageFrameID) bool { return frame == t.page.FrameID }

func (t *tab) update(change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change()
	close(t.changed)
	t.changed = make(chan struct{})
}

// until waits until ready, which is asked under the lock, says yes.
func (t *tab) until(ctx context.Context, ready func() bool) error {
	for {
		t.mu.Lock()
		ok, changed := ready(), t.changed
		t.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (t *tab) navigations() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.moves
}

func (t *tab) address() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.url
}

func (t *tab) visited() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.pages)
}
