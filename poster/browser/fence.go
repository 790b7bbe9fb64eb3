package browser

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// The walls of a browser elsewhere (C28), to which no proxy of ours can be given.
// A run's browser context is told of a proxy that nobody is at, and that the
// flow's origins alone are reached without: Chromium's own network then lets
// nothing else out, whoever asks, be it a page, a worker, a websocket, a redirect
// or a guess. Only WebRTC goes by no proxy, so pages do not get it.

// deadEnd is where nobody listens, on the host of the browser.
const deadEnd = "http://127.0.0.1:1"

// atDeadEnd is what Chromium says of a request that has been sent there.
const atDeadEnd = "net::ERR_PROXY_CONNECTION_FAILED"

// noWebRTC runs in each document before the site's own scripts do.
const noWebRTC = "delete globalThis.RTCPeerConnection; delete globalThis.webkitRTCPeerConnection"

// fenced makes a browser context that reaches only these origins. It is gone with
// the connection at the latest, so that nothing is left when we are killed (C7).
func fenced(origins []flow.Origin) proto.TargetCreateBrowserContext {
	rules := []string{"<-loopback>"}
	for _, o := range origins {
		host := o.Host
		if o.Below {
			host = "*." + host
		}
		at := "://" + net.JoinHostPort(host, o.Port)
		rules = append(rules, o.Scheme+at, strings.Replace(o.Scheme, "http", "ws", 1)+at)
	}
	return proto.TargetCreateBrowserContext{DisposeOnDetach: true, ProxyServer: deadEnd, ProxyBypassList: strings.Join(rules, ";")}
}

// fenceIn sees that the fence stands, and closes what it leaves open. Nothing is
// heard of the page yet.
func (t *tab) fenceIn(ctx context.Context) error {
	page := t.page.Context(ctx)
	reply, err := proto.PageNavigate{URL: "http://" + greetingHost + "/"}.Call(page)
	switch {
	case err != nil:
		return err
	case reply.ErrorText != atDeadEnd:
		return fmt.Errorf("the browser elsewhere does not keep to the flow's origins (a request that leads nowhere ended with %q): use one whose browser contexts can have a proxy", reply.ErrorText)
	}
	if _, err := (proto.PageNavigate{URL: "about:blank"}).Call(page); err != nil {
		return err
	}
	none := proto.BrowserGrantPermissions{Permissions: []proto.BrowserPermissionType{}, BrowserContextID: t.context} // denies all others
	if err := none.Call(t.browser.Context(ctx)); err != nil {
		return err
	}
	return t.fence(ctx)
}

// fence takes WebRTC from a page, and has the browser tell what it is refused. The
// page looks as in a browser of ours, which shows no scroll bars.
func (t *tab) fence(ctx context.Context) error {
	page := t.page.Context(ctx)
	_, err := proto.PageAddScriptToEvaluateOnNewDocument{Source: noWebRTC}.Call(page)
	return errors.Join(err, proto.EmulationSetScrollbarsHidden{Hidden: true}.Call(page), t.tellRequests(ctx))
}

// fenceEvent notes what a page has asked for in vain.
func (t *tab) fenceEvent(m *cdp.Event) {
	var sent proto.NetworkRequestWillBeSent
	var done proto.NetworkLoadingFinished
	var failed proto.NetworkLoadingFailed
	switch {
	case t.proxy != nil:
	case load(m, &sent):
		t.remember(sent.RequestID, sent.Request.URL)
	case load(m, &done):
		t.recollect(done.RequestID)
	case load(m, &failed):
		if address := t.recollect(failed.RequestID); !failed.Canceled && !isRefused(&failed) {
			t.bounds.note(address, failed.ErrorText)
		}
	}
}

// maxAsked bounds the requests whose addresses are kept.
const maxAsked = 1000

func (w *windows) remember(id proto.NetworkRequestID, address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.asked == nil || len(w.asked) >= maxAsked {
		w.asked = map[proto.NetworkRequestID]string{}
	}
	w.asked[id] = address
}

// recollect gives the address of a request that is over.
func (w *windows) recollect(id proto.NetworkRequestID) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer delete(w.asked, id)
	return w.asked[id]
}

// note takes in that a request was refused, or failed.
func (b *bounds) note(address, why string) {
	o, ok := originOf(address)
	switch {
	case !ok:
	case !b.allows(o):
		b.refuse(o)
	default:
		b.fail(unanswered(o, strings.TrimPrefix(why, "net::ERR_")))
	}
}

// unanswered says why an origin gave no answer, as the proxy does: either there
// was no connection, or it ended too early.
func unanswered(o flow.Origin, why string) error {
	at := net.JoinHostPort(o.Host, o.Port)
	switch why {
	case "EMPTY_RESPONSE", "CONNECTION_CLOSED", "CONNECTION_RESET", "CONNECTION_ABORTED", "SOCKET_NOT_CONNECTED", "HTTP2_PROTOCOL_ERROR":
		return fmt.Errorf("%s closed the connection without an answer", at)
	}
	return fmt.Errorf("%s cannot be reached: %s", at, strings.ToLower(strings.ReplaceAll(why, "_", " ")))
}

// guests are the browser contexts of ours. Others may be using a browser elsewhere
// as well. The browser holds each new page for all who have asked for
// that; pages of others are let go at once.
type guests struct {
	mu sync.Mutex
	in map[proto.BrowserBrowserContextID]bool
}

func (g *guests) enter(id proto.BrowserBrowserContextID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.in == nil {
		g.in = map[proto.BrowserBrowserContextID]bool{}
	}
	g.in[id] = true
}

func (g *guests) leave(id proto.BrowserBrowserContextID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.in, id)
}

func (g *guests) has(id proto.BrowserBrowserContextID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.in[id]
}

// passBy lets a page go that is not ours.
func (c *client) passBy(m *cdp.Event) {
	var opened proto.TargetAttachedToTarget
	if !load(m, &opened) || c.guests.has(opened.TargetInfo.BrowserContextID) {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), callLimit)
		defer cancel()
		_, _ = c.Call(ctx, string(opened.SessionID), proto.RuntimeRunIfWaitingForDebugger{}.ProtoReq(), nil)
		_ = proto.TargetDetachFromTarget{SessionID: opened.SessionID}.Call(c.root(ctx))
	}()
}
