package browser

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"

	"github.com/go-rod/rod/lib/proto"
)

// What a site has its pages keep in the browser beside cookies, the localStorage
// of its origin: some keep their login there. It is taken from the pages that are
// open at the end of a run. Before the next run's steps it is put back by an empty
// page of our own at each origin, of which the site learns nothing, so that the
// first script of the site's finds it.

// maxStorage is how much of it is kept, in bytes, of all origins together. What is
// more stays behind, and the cookies are kept without.
const maxStorage = 512 << 10

// storage is what is kept, by origin, key and value.
type storage map[string]map[string]string

// reachable gives the part of it that is the flow's own origins'.
func (p *plan) reachable(s storage) storage {
	ours := storage{}
	for origin, items := range s {
		if o, ok := originOf(origin); ok && p.allows(o) && len(items) > 0 {
			ours[o.String()] = items
		}
	}
	return ours
}

// tellingItem is a value, or a piece of one, that can stand for an account: a long
// row of letters and digits that is no word, address or sentence.
var tellingItem = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[A-Za-z_.~+=-]*[0-9][A-Za-z0-9_.~+=-]{18,}|[A-Za-z_.~+=-]{18,}[0-9][A-Za-z0-9_.~+=-]*`)
})

const (
	// maxTelling is how many such pieces are hidden.
	maxTelling = 200
	// longTelling is how long a piece is, in bytes, that is hidden as one: what is
	// longer is hidden in several, lest looking for it take too long.
	longTelling = 1000
)

// hideStorage hides what may be a login in it.
func (r *run) hideStorage(s storage) {
	var words []string
	for _, items := range s {
		for _, value := range items {
			for _, word := range tellingItem().FindAllString(value, maxTelling) {
				words = append(words, inPieces(word)...)
			}
		}
	}
	slices.Sort(words)
	words = slices.DeleteFunc(slices.Compact(words), func(w string) bool { return slices.Contains(r.words, w) })
	r.hide(words[:min(len(words), maxTelling)]...)
}

// inPieces cuts a word where it is too long. What is left over at its end may tell
// nothing.
func inPieces(word string) (pieces []string) {
	for ; len(word) > longTelling; word = word[longTelling:] {
		pieces = append(pieces, word[:longTelling])
	}
	if len(word) >= tellingCookie || pieces == nil {
		pieces = append(pieces, word)
	}
	return pieces
}

// refill puts what was kept back into the browser, before it opens a page of the
// site's.
func (r *run) refill(ctx context.Context) error {
	for _, origin := range slices.Sorted(maps.Keys(r.storage)) {
		if err := r.refillOne(ctx, origin, r.storage[origin]); err != nil {
			return err
		}
		r.resumed = true
	}
	if len(r.storage) == 0 {
		return nil
	}
	page := r.tab.page.Context(ctx)
	if err := r.tab.goTo(ctx, "about:blank"); err != nil {
		return err
	}
	r.tab.update(func() { r.tab.pages = nil })
	return proto.PageResetNavigationHistory{}.Call(page)
}

// refillOne opens an empty page at an origin, and fills in what is kept there.
func (r *run) refillOne(ctx context.Context, origin string, items map[string]string) error {
	t, page := r.tab, r.tab.page.Context(ctx)
	blank := origin + "/"
	t.update(func() { t.blank = blank })
	defer t.update(func() { t.blank = "" })
	if err := (proto.FetchEnable{Patterns: []*proto.FetchRequestPattern{{URLPattern: blank + "*"}}}).Call(page); err != nil {
		return err
	}
	if err := t.goTo(ctx, blank); err != nil {
		return err
	}
	if err := (proto.FetchDisable{}).Call(page); err != nil {
		return err
	}
	return t.inPage(ctx, `items => {
		for (const [key, value] of Object.entries(items)) localStorage.setItem(key, value);
	}`, items, nil)
}

// goTo opens an address, and waits until its document is there.
func (t *tab) goTo(ctx context.Context, address string) error {
	reply, err := proto.PageNavigate{URL: address}.Call(t.page.Context(ctx))
	if err != nil {
		return err
	}
	return t.until(ctx, func() bool { return t.loader == string(reply.LoaderID) })
}

// empty answers a request with a page that holds nothing.
func (t *tab) empty(id proto.FetchRequestID) error {
	return t.call(func(page target) error {
		return proto.FetchFulfillRequest{
			RequestID: id, ResponseCode: http.StatusOK, Body: []byte("<!DOCTYPE html>"),
			ResponseHeaders: []*proto.FetchHeaderEntry{{Name: "Content-Type", Value: "text/html"}, {Name: "Cache-Control", Value: "no-store"}},
		}.Call(page)
	})
}

// stored gives what the next run can begin with: what the open pages' origins
// hold now, and what others held at the beginning.
func (r *run) stored(ctx context.Context) storage {
	all := storage{}
	maps.Copy(all, r.storage)
	for _, t := range r.openTabs() {
		var got struct {
			Origin string            `json:"origin"`
			Items  map[string]string `json:"items"`
		}
		err := t.inPage(ctx, `limit => {
			const all = Object.entries(localStorage);
			const size = all.reduce((n, [key, value]) => n + key.length + value.length, 0);
			return {origin: location.origin, items: size > limit ? {} : Object.fromEntries(all)};
		}`, maxStorage, &got)
		if u, bad := url.Parse(got.Origin); err == nil && bad == nil && u.Host != "" {
			delete(all, got.Origin)
			maps.Copy(all, r.plan.reachable(storage{got.Origin: got.Items}))
		}
	}
	if data, err := json.Marshal(all); err != nil || len(data) > maxStorage {
		return nil
	}
	return all
}

// openTabs gives the windows that are open.
func (r *run) openTabs() []*tab {
	r.tab.mu.Lock()
	defer r.tab.mu.Unlock()
	return slices.Clone(r.tab.tabs)
}

// inPage calls a function in the page that is there, with one argument: what it
// is given is data, and never source (C25).
func (t *tab) inPage(ctx context.Context, function string, argument, result any) error {
	world, err := t.enter(ctx, nil)
	if err != nil {
		return err
	}
	got, err := t.evaluate(ctx, map[string]any{
		"functionDeclaration": function, "executionContextId": world.id, "returnByValue": true,
		"arguments": []any{map[string]any{"value": argument}},
	})
	if err != nil || result == nil {
		return err
	}
	return json.Unmarshal(got.Value, result)
}
