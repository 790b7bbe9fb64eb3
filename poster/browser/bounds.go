package browser

import (
	"slices"
	"sync"

	"mailapp/poster/flow"
)

const maxRefused = 20 // origins that are remembered for a message

// bounds know where a run may go, and what it has met on the way (C28). What
// keeps the browser within them is a proxy of ours or, for a browser elsewhere, a
// fence.
type bounds struct {
	lock    sync.Mutex
	allowed []flow.Origin
	refused []string // origins that were asked for and are not allowed
	trouble error    // the last failure to reach an allowed origin
}

// allow lets it go to these origins, in place of what it could before.
func (b *bounds) allow(origins []flow.Origin) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.allowed = origins
}

func (b *bounds) allows(o flow.Origin) bool {
	b.lock.Lock()
	defer b.lock.Unlock()
	return slices.ContainsFunc(b.allowed, func(a flow.Origin) bool { return a.Covers(o) })
}

func (b *bounds) refuse(o flow.Origin) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if len(b.refused) < maxRefused && !slices.Contains(b.refused, o.String()) {
		b.refused = append(b.refused, o.String())
	}
}

// walls gives the origins that were refused so far.
func (b *bounds) walls() []string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return slices.Clone(b.refused)
}

func (b *bounds) fail(err error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.trouble = err
}

// whatFailed gives the last failure to reach the site, or nil.
func (b *bounds) whatFailed() error {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.trouble
}
