package browser

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"
)

const (
	// aloneTime is how long a request that changes something keeps others from
	// its host while it has no answer: it may be one that is meant to wait.
	aloneTime = 3 * time.Second
	// quietTime is how long such a request waits for others to be over.
	quietTime = time.Second
)

// safe are the methods that change nothing: RFC 9110 §9.2.1.
var safe = []string{http.MethodGet, http.MethodHead, http.MethodOptions}

// gate is what the requests of all windows go through from publish on. One that
// changes something, such as a POST of a form or of a script, is let go on a
// fresh connection, while nothing else goes to its host: see proxy and crossing.
type gate struct {
	alone   map[string]*passage // by host
	passing map[proto.NetworkRequestID]*passage
}

// passage is a request that has been let go, and has not ended.
type passage struct {
	tab      *tab
	id       proto.NetworkRequestID
	host     string    // see tunnelHost
	changes  bool      // its method is not safe
	crossing *crossing // if it changes something; nil until it goes
}

func newGate() *gate {
	return &gate{alone: map[string]*passage{}, passing: map[proto.NetworkRequestID]*passage{}}
}

// passage makes one of a request that the browser holds.
func (t *tab) passage(paused *proto.FetchRequestPaused) *passage {
	q := paused.Request
	p := &passage{
		tab: t, id: paused.NetworkID, host: tunnelHost(q.URL),
		changes: !slices.Contains(safe, q.Method),
	}
	if p.id == "" {
		p.id = proto.NetworkRequestID(paused.RequestID)
	}
	return p
}

// letGo sends a paused request on its way, when it is its turn. The proxy itself
// answers for what goes through no tunnel, and there the browser repeats nothing.
func (t *tab) letGo(paused *proto.FetchRequestPaused) {
	t.mu.Lock()
	g := t.gate
	t.mu.Unlock()
	p := t.passage(paused)
	if t.proxy == nil {
		t.letOut(paused, g != nil && p.changes)
		return
	}
	if g != nil {
		t.update(func() { g.end(p.id) }) // it may have been redirected
	}
	if g != nil && p.host != "" {
		t.takeTurn(g, p)
	}
	err := t.call(func(page target) error { return proto.FetchContinueRequest{RequestID: paused.RequestID}.Call(page) })
	if err != nil && g != nil {
		t.update(func() { g.end(p.id) })
	}
}

// takeTurn waits until a request may go. No wait is for ever: a request that is
// late is better than none.
func (t *tab) takeTurn(g *gate, p *passage) {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	if t.until(ctx, func() bool { return g.admit(p) }) != nil {
		t.update(func() { g.begin(p) })
	}
	if p.changes {
		t.cross(g, p)
	}
}

// cross gives a request that changes something its fresh connection, when what
// goes to the same host is over or has had its time.
func (t *tab) cross(g *gate, p *passage) {
	quiet, cancel := context.WithTimeout(context.Background(), quietTime)
	defer cancel()
	_ = t.until(quiet, func() bool { return !g.isBusy(p) })
	t.update(func() {
		if g.passing[p.id] == p { // else the page has given it up meanwhile
			p.crossing = t.proxy.cross(p.host)
		}
	})
	time.AfterFunc(aloneTime, func() { t.update(func() { g.share(p) }) })
}

// admit lets a request begin if no other must be alone with its host.
func (g *gate) admit(p *passage) bool {
	if g.alone[p.host] != nil {
		return false
	}
	g.begin(p)
	return true
}

func (g *gate) begin(p *passage) {
	if p.changes {
		g.alone[p.host] = p
	}
	g.passing[p.id] = p
}

// isBusy tells whether a request that would be cut off is under way to the host
// of another.
func (g *gate) isBusy(p *passage) bool {
	for _, other := range g.passing {
		if other.host == p.host && !other.changes {
			return true
		}
	}
	return false
}

// share lets other requests go to the host beside this one.
func (g *gate) share(p *passage) {
	if g.alone[p.host] == p {
		delete(g.alone, p.host)
	}
	if p.crossing != nil {
		p.crossing.share()
	}
}

// end takes note that a request has its answer, or has failed.
func (g *gate) end(id proto.NetworkRequestID) {
	p := g.passing[id]
	if p == nil {
		return
	}
	delete(g.passing, id)
	g.share(p)
	if p.crossing != nil {
		p.crossing.end()
	}
}

// left ends what a page has had under way that is closed.
func (g *gate) left(t *tab) {
	if g == nil {
		return
	}
	for id, p := range g.passing {
		if p.tab == t {
			g.end(id)
		}
	}
}

// gateEvent takes in how requests end: those that change something, with the
// answer's beginning, after which the browser repeats nothing.
func (t *tab) gateEvent(m *cdp.Event) {
	var answered proto.NetworkResponseReceived
	var done proto.NetworkLoadingFinished
	var failed proto.NetworkLoadingFailed
	switch {
	case load(m, &answered):
		t.passed(answered.RequestID, true)
	case load(m, &done):
		t.passed(done.RequestID, false)
	case load(m, &failed):
		t.passed(failed.RequestID, false)
	}
}

func (t *tab) passed(id proto.NetworkRequestID, onlyChange bool) {
	t.mu.Lock()
	known := t.gate != nil && t.gate.passing[id] != nil && (t.gate.passing[id].changes || !onlyChange)
	t.mu.Unlock()
	if known {
		t.update(func() { t.gate.end(id) })
	}
}
