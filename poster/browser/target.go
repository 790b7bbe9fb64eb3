package browser

import (
	"context"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"
)

// target is a page as the browser knows it: calls on it go to that page. rod's
// own waits, when it is made, for an answer that a page which is held until we
// have taken it over may not give.
type target struct {
	browser *rod.Browser
	ctx     context.Context
	id      proto.TargetTargetID
	session proto.TargetSessionID
}

// frame is the page's main frame.
func (p target) frame() proto.PageFrameID { return proto.PageFrameID(p.id) }

// Context gives the same page, for calls that end with ctx.
func (p target) Context(ctx context.Context) target {
	p.ctx = ctx
	return p
}

// Call is part of proto.Client.
func (p target) Call(ctx context.Context, session, method string, params any) ([]byte, error) {
	return p.browser.Call(ctx, session, method, params)
}

// GetContext is part of proto.Contextable.
func (p target) GetContext() context.Context { return p.ctx }

// GetSessionID is part of proto.Sessionable.
func (p target) GetSessionID() proto.TargetSessionID { return p.session }
