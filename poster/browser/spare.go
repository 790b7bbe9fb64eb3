package browser

import (
	"context"
	"slices"

	"github.com/go-rod/rod/lib/proto"
)

// A site's pictures, video and sound can be spared: the browser tells of each
// before it asks the site, and is told that it has failed, as what a person's
// blocker stops has. That is no wall: what a page's script fetches as data, or a
// worker of the site's in the background, it gets. It is done only where it is
// asked for, as all other requests then pass by the browser's interceptor, too,
// which costs a page of many small files more than it saves.

// sparable are the kinds of requests that are spared. What a page has made itself
// of photos that it was given, it shows without a request.
var sparable = []proto.NetworkResourceType{proto.NetworkResourceTypeImage, proto.NetworkResourceTypeMedia}

// spare has no window ask a site for its pictures from now on, if the task wants
// none.
func (r *run) spare(ctx context.Context) error {
	if !r.task.NoImages || r.tab == nil {
		return nil
	}
	return r.pauseFrom(ctx, func(w *windows) { w.sparing = true })
}

// pauseFrom changes which requests are paused, in all windows.
func (r *run) pauseFrom(ctx context.Context, change func(*windows)) error {
	var open []*tab
	r.tab.update(func() {
		change(r.tab.windows)
		open = slices.Clone(r.tab.tabs)
	})
	for _, t := range open {
		if err := t.pauseRequests(ctx); err != nil && !t.isClosed() {
			return cause(ctx, err)
		}
	}
	return nil
}

// pauseRequests has the browser ask before those requests of the page that are
// spared; before all of them from publish on, see gate, and where a site may want
// a login, which only requests that are paused can be given.
func (t *tab) pauseRequests(ctx context.Context) error {
	t.mu.Lock()
	all, sparing := t.gate != nil || t.login != nil, t.sparing
	t.mu.Unlock()
	switch page := t.page.Context(ctx); {
	case all:
		return t.pauseAll(page)
	case sparing:
		return proto.FetchEnable{Patterns: sparablePatterns()}.Call(page)
	}
	return nil
}

func sparablePatterns() (patterns []*proto.FetchRequestPattern) {
	for _, kind := range sparable {
		patterns = append(patterns, &proto.FetchRequestPattern{URLPattern: "*", ResourceType: kind})
	}
	return patterns
}

// pauseAll has the browser ask before each request of a page, and for the login
// if there is one.
func (w *windows) pauseAll(page target) error {
	w.mu.Lock()
	asks := w.login != nil
	w.mu.Unlock()
	return proto.FetchEnable{HandleAuthRequests: asks, Patterns: []*proto.FetchRequestPattern{{URLPattern: "*"}}}.Call(page)
}

// spares tells whether a paused request is one to be spared.
func (w *windows) spares(paused *proto.FetchRequestPaused) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sparing && slices.Contains(sparable, paused.ResourceType)
}

// refuse has a paused request fail.
func (t *tab) refuse(id proto.FetchRequestID) {
	t.call(func(page target) error {
		return proto.FetchFailRequest{RequestID: id, ErrorReason: proto.NetworkErrorReasonBlockedByClient}.Call(page)
	})
}

// isRefused tells whether what has failed was refused from here, and not by the
// site or the way there.
func isRefused(failed *proto.NetworkLoadingFailed) bool {
	return failed.BlockedReason == proto.NetworkBlockedReasonInspector
}
