package browser

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"os"
	"time"

	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/photo"
)

//go:embed darkroom.js
var darkroomSource string

const (
	// photoQuality is that of the JPEGs that the browser makes, of 1. Higher
	// ones cost half as many bytes again, for what nobody sees.
	photoQuality = 0.88
)

// darkroom is where photos are decoded and made into JPEGs: a blank page of the
// browser that is running anyway, in a browser context of its own. So it shares
// no process with the site's pages and reaches no network, and a bad file, which
// may crash, hang or fill it, costs that photo and no other: the page is thrown
// away, and the next photo gets a new one. It is for one goroutine.
type darkroom struct {
	client    *client
	elsewhere bool   // the browser does not see our disk
	file      string // a path for the picture at hand, which the browser reads

	page  *blankPage    // nil: none is open
	limit time.Duration // for tests, in place of photo.Limit
}

// order is what darkroom.js is asked to make.
type order struct {
	Side    int     `json:"side"`
	Turn    int     `json:"turn"`
	Bytes   int64   `json:"bytes"`
	Quality float64 `json:"quality"`
}

// develop gives a picture as a JPEG. Its error is a [*photo.Spoilt] if that is the
// picture's own doing.
func (d *darkroom) develop(ctx context.Context, data []byte, o order) (_ []byte, err error) {
	if d.page == nil {
		if d.page, err = d.client.openBlank(ctx); err != nil {
			return nil, err
		}
	}
	jpeg, err := d.print(ctx, data, o)
	if err != nil && err != photo.ErrUnreadable {
		d.close() // whatever it is doing
	}
	return jpeg, err
}

// print is develop with a page. It keeps to the limit.
func (d *darkroom) print(ctx context.Context, data []byte, o order) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(d.page.ended, func() { cancel(context.Cause(d.page.ended)) })()
	go photo.Watch(ctx, cancel, cmp.Or(d.limit, photo.Limit), d.page.client.busiest(ctx))
	input, err := d.give(ctx, data)
	if err != nil {
		return nil, cause(ctx, err)
	}
	text, err := d.page.call(ctx, input, darkroomSource, o)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return base64.StdEncoding.DecodeString(text)
}

// give puts a picture into the page, and gives the file input that holds it.
func (d *darkroom) give(ctx context.Context, data []byte) (proto.RuntimeRemoteObjectID, error) {
	if err := os.WriteFile(d.file, data, 0o600); err != nil {
		return "", err
	}
	page := d.page.caller(ctx)
	input, err := proto.RuntimeEvaluate{Expression: "Object.assign(document.createElement('input'), {type: 'file'})"}.Call(page)
	if err != nil {
		return "", err
	}
	if id := input.Result.ObjectID; d.elsewhere {
		return id, carryTo(page, id, []string{d.file})
	}
	return input.Result.ObjectID, proto.DOMSetFileInputFiles{Files: []string{d.file}, ObjectID: input.Result.ObjectID}.Call(page)
}

// close removes the page, whatever it is doing, and the picture.
func (d *darkroom) close() {
	if d.page != nil {
		d.page.close()
	}
	d.page = nil
	os.Remove(d.file)
}

// blankPage is an empty page in a browser context of its own.
type blankPage struct {
	client  *client
	context proto.BrowserBrowserContextID
	session proto.TargetSessionID
	ended   context.Context // with the page's process, or the browser
	deafen  func()
	leave   func() error
}

// openBlank opens one. The browser holds it, like every new page, until it is
// told that it may run.
func (c *client) openBlank(ctx context.Context) (_ *blankPage, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*callLimit)
	defer cancel()
	p := &blankPage{client: c}
	p.context, p.leave, err = c.newContext(ctx, proto.TargetCreateBrowserContext{
		ProxyServer: deadEnd, ProxyBypassList: "<-loopback>", DisposeOnDetach: true,
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	ended, end := context.WithCancelCause(context.Background())
	p.ended = ended
	opened := make(chan proto.TargetSessionID, 1)
	p.deafen = c.listen(p.hearing(opened, end), func() { end(errGone) })
	if _, err := (proto.TargetCreateTarget{URL: "about:blank", BrowserContextID: p.context}).Call(c.root(ctx)); err != nil {
		return nil, err
	}
	select {
	case p.session = <-opened:
	case <-ended.Done():
		return nil, context.Cause(ended)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return p, proto.RuntimeRunIfWaitingForDebugger{}.Call(p.caller(ctx))
}

// hearing takes in that the page is there, and that its process has ended.
func (p *blankPage) hearing(opened chan<- proto.TargetSessionID, end context.CancelCauseFunc) func(*cdp.Event) {
	var session proto.TargetSessionID
	return func(e *cdp.Event) {
		var attached proto.TargetAttachedToTarget
		switch {
		case session == "" && load(e, &attached) && attached.TargetInfo.BrowserContextID == p.context:
			session = attached.SessionID
			opened <- session
		case session != "" && e.SessionID == string(session) && e.Method == "Inspector.targetCrashed":
			end(photo.ErrTooMuch)
		}
	}
}

// call calls a function with one argument on an object of the page, and gives
// the text that it returns. It throws only over a
// picture: photo.ErrUnreadable.
func (p *blankPage) call(ctx context.Context, this proto.RuntimeRemoteObjectID, function string, argument any) (string, error) {
	answer, err := p.client.Call(ctx, string(p.session), "Runtime.callFunctionOn", map[string]any{
		"objectId": this, "functionDeclaration": function, "arguments": []any{map[string]any{"value": argument}},
		"awaitPromise": true, "returnByValue": true,
	})
	if err != nil {
		return "", err
	}
	var reply struct {
		Result    struct{ Value any }
		Exception json.RawMessage `json:"exceptionDetails"`
	}
	if err := json.Unmarshal(answer, &reply); err != nil {
		return "", err
	}
	text, ok := reply.Result.Value.(string)
	if reply.Exception != nil || !ok {
		return "", photo.ErrUnreadable
	}
	return text, nil
}

// busiest tells how much time of the processor's a page has used at most since it was
// first asked: that of the page which used most each time. The browser does not say
// whose process is which.
func (c *client) busiest(ctx context.Context) func() (time.Duration, error) {
	var before map[int]float64
	used := 0.0
	return func() (time.Duration, error) {
		ctx, cancel := context.WithTimeout(ctx, callLimit)
		defer cancel()
		all, err := proto.SystemInfoGetProcessInfo{}.Call(c.root(ctx))
		if err != nil {
			return 0, err
		}
		now, most := map[int]float64{}, 0.0
		for _, p := range all.ProcessInfo {
			if p.Type == "renderer" {
				now[p.ID], most = p.CPUTime, max(most, p.CPUTime-before[p.ID])
			}
		}
		if before != nil {
			used += most
		}
		before = now
		return time.Duration(used * float64(time.Second)), nil
	}
}

func (p *blankPage) close() {
	if p.deafen != nil {
		p.deafen()
	}
	_ = p.leave() // else it goes with the browser
}

// caller is where calls go that are for this page.
func (p *blankPage) caller(ctx context.Context) pageCaller {
	return pageCaller{rootCaller{p.client, ctx}, p.session}
}

type pageCaller struct {
	rootCaller
	session proto.TargetSessionID
}

// GetSessionID is part of proto.Sessionable.
func (c pageCaller) GetSessionID() proto.TargetSessionID { return c.session }
