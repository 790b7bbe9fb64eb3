package browser

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"
)

// The guard against the second POST in a browser elsewhere (C26; see proxy). No
// connection of Chromium's can be cut from here, and one that was used before is
// what it sends a request again on. So from publish on, a request that changes
// something is not let go: a courier takes it. That is a page in a browser context
// made for this one request, which has never had a connection, and the same
// cookies. What it is answered, the page that asked is answered. To the site the
// request comes from the same browser, by the same way.

// letOut sends a paused request on its way; one that changes something by a
// courier. One whose body the browser does not show goes as it is: Chromium may
// send that again.
func (t *tab) letOut(paused *proto.FetchRequestPaused, changes bool) {
	body, shown := bodyOf(paused.Request)
	if !changes || !shown || !t.isAllowed(paused.Request.URL) {
		t.call(func(page target) error { return proto.FetchContinueRequest{RequestID: paused.RequestID}.Call(page) })
		return
	}
	got, err := t.courier(paused, body)
	t.call(func(page target) error {
		if err != nil {
			return proto.FetchFailRequest{RequestID: paused.RequestID, ErrorReason: reasonOf(err)}.Call(page)
		}
		got.RequestID = paused.RequestID
		return got.Call(page)
	})
}

// bodyOf gives the body of a request, if all of it is shown.
func bodyOf(q *proto.NetworkRequest) (body []byte, shown bool) {
	for _, e := range q.PostDataEntries {
		if e.Bytes == nil {
			return nil, false
		}
		body = append(body, e.Bytes...)
	}
	return body, len(q.PostDataEntries) > 0 || !q.HasPostData
}

// lost is that a request had no answer.
type lost proto.NetworkErrorReason

func (l lost) Error() string { return "no answer: " + string(l) }

// reasonOf says why there is no answer. Failed is also what Chromium calls an
// empty one.
func reasonOf(err error) proto.NetworkErrorReason {
	var l lost
	switch {
	case !errors.As(err, &l):
		return proto.NetworkErrorReasonFailed
	case l == lost(proto.NetworkErrorReasonFailed):
		return proto.NetworkErrorReasonConnectionClosed
	}
	return proto.NetworkErrorReason(l)
}

// errand is the one request that a courier makes.
type errand struct {
	page   target
	tab    *tab // for whom
	held   chan proto.TargetSessionID
	paused chan *proto.FetchRequestPaused
}

// courier makes a request once, and gives what answers it.
func (t *tab) courier(paused *proto.FetchRequestPaused, body []byte) (*proto.FetchFulfillRequest, error) {
	ctx, cancel := context.WithCancel(t.life)
	defer cancel()
	in, leave, err := t.client.newContext(ctx, fenced(t.bounds.allowed))
	if err != nil {
		return nil, err
	}
	defer func() { go leave() }()
	before, err := t.lendCookies(ctx, in, cookiesOf(paused.Request))
	if err != nil {
		return nil, err
	}
	e := &errand{tab: t, held: make(chan proto.TargetSessionID, 1), paused: make(chan *proto.FetchRequestPaused, 8)}
	defer t.client.listen(e.hear(in), cancel)()
	if err := e.begin(ctx, t.windows, in, paused.Request.URL); err != nil {
		return nil, err
	}
	got, err := e.run(paused, body)
	t.takeCookies(ctx, in, before)
	return got, err
}

// hear takes in what the browser tells of the errand's page.
func (e *errand) hear(in proto.BrowserBrowserContextID) func(*cdp.Event) {
	var session proto.TargetSessionID
	return func(m *cdp.Event) {
		var opened proto.TargetAttachedToTarget
		var paused proto.FetchRequestPaused
		var asked proto.FetchAuthRequired
		switch {
		case load(m, &opened):
			if session == "" && opened.TargetInfo.BrowserContextID == in {
				session = opened.SessionID
				e.held <- session
			}
		case session != "" && m.SessionID == string(session) && load(m, &paused):
			select {
			case e.paused <- &paused:
			default: // a page that does nothing else asks for no more
			}
		case session != "" && m.SessionID == string(session) && load(m, &asked):
			answer := proto.FetchContinueWithAuth{RequestID: asked.RequestID, AuthChallengeResponse: e.tab.identify(&asked)}
			go answer.Call(e.page)
		}
	}
}

// begin opens a page that seems to be one of the site's own, without asking it
// for one.
func (e *errand) begin(ctx context.Context, w *windows, in proto.BrowserBrowserContextID, address string) error {
	made, err := proto.TargetCreateTarget{URL: "about:blank", BrowserContextID: in}.Call(w.client.root(ctx))
	if err != nil {
		return err
	}
	e.page = target{browser: w.browser, id: made.TargetID, ctx: ctx}
	select {
	case e.page.session = <-e.held:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	err = e.tab.pauseAll(e.page)
	if err = errors.Join(err, proto.RuntimeRunIfWaitingForDebugger{}.Call(e.page)); err != nil {
		return err
	}
	o, _ := originOf(address)
	there := make(chan error, 1)
	go func() {
		_, err := proto.PageNavigate{URL: o.String() + "/"}.Call(e.page)
		there <- err
	}()
	first, err := e.next(o.String() + "/")
	if err != nil {
		return err
	}
	err = proto.FetchFulfillRequest{
		RequestID: first.RequestID, ResponseCode: http.StatusOK, Body: []byte(barePage),
		ResponseHeaders: []*proto.FetchHeaderEntry{{Name: "Content-Type", Value: "text/html"}},
	}.Call(e.page)
	if err = errors.Join(err, <-there); err != nil {
		return err
	}
	_, err = proto.RuntimeEvaluate{Expression: whenRead, AwaitPromise: true}.Call(e.page)
	return err
}

// whenRead is over when there is a body to put a form into.
const whenRead = `document.body ? 0 : new Promise(done => addEventListener('DOMContentLoaded', done))`

// barePage asks for nothing, not even for an icon.
const barePage = `<!DOCTYPE html><link rel=icon href="data:,"><body>`

// next gives the next request of the page for an address.
func (e *errand) next(address string) (*proto.FetchRequestPaused, error) {
	for {
		select {
		case p := <-e.paused:
			if p.Request.URL == address {
				return p, nil
			}
		case <-e.page.ctx.Done():
			return nil, context.Cause(e.page.ctx)
		}
	}
}

// run makes the request: as a form does, if a page is to follow, else as a script.
func (e *errand) run(as *proto.FetchRequestPaused, body []byte) (*proto.FetchFulfillRequest, error) {
	script := byScript
	if as.ResourceType == proto.NetworkResourceTypeDocument && as.Request.Method == http.MethodPost {
		script = byForm
	}
	address, _, _ := strings.Cut(as.Request.URL, "#")
	call := fmt.Sprintf("(%s)(%s, %s)", script, quoted(address), quoted(as.Request.Method))
	if _, err := (proto.RuntimeEvaluate{Expression: call, UserGesture: true}).Call(e.page); err != nil {
		return nil, err
	}
	mine, err := e.next(address)
	if err != nil {
		return nil, err
	}
	goes := proto.FetchContinueRequest{
		RequestID: mine.RequestID, Method: as.Request.Method, PostData: body, Headers: headersOf(as.Request), InterceptResponse: true,
	}
	if err := goes.Call(e.page); err != nil {
		return nil, err
	}
	answered, err := e.next(address)
	if err != nil {
		return nil, err
	}
	return e.answer(answered)
}

const (
	byForm = `address => {
		const form = document.body.appendChild(document.createElement('form'));
		form.method = 'post';
		form.action = address;
		form.submit();
	}`
	byScript = `(address, method) => { fetch(address, {method, mode: 'same-origin', redirect: 'manual', body: ''}) }`
)

// quoted gives a text as a script has it.
func quoted(text string) string {
	data, _ := json.Marshal(text)
	return string(data)
}

// headersOf gives the headers of a request, without those that the browser makes
// of the cookies and the body.
func headersOf(q *proto.NetworkRequest) []*proto.FetchHeaderEntry {
	var all []*proto.FetchHeaderEntry
	for name, value := range q.Headers {
		if !slices.Contains([]string{"cookie", "content-length"}, strings.ToLower(name)) {
			all = append(all, &proto.FetchHeaderEntry{Name: name, Value: value.String()})
		}
	}
	return all
}

// answer reads what the site has answered.
func (e *errand) answer(p *proto.FetchRequestPaused) (*proto.FetchFulfillRequest, error) {
	if p.ResponseErrorReason != "" || p.ResponseStatusCode == nil {
		return nil, lost(cmp.Or(p.ResponseErrorReason, proto.NetworkErrorReasonFailed))
	}
	got := &proto.FetchFulfillRequest{ResponseCode: *p.ResponseStatusCode, ResponsePhrase: p.ResponseStatusText, Body: []byte{}}
	redirects := false
	for _, h := range p.ResponseHeaders {
		switch strings.ToLower(h.Name) {
		case "location":
			redirects = got.ResponseCode/100 == 3
		case "content-encoding", "content-length", "transfer-encoding", "set-cookie": // of what is undone by now
			continue
		}
		got.ResponseHeaders = append(got.ResponseHeaders, h)
	}
	if redirects {
		return got, nil
	}
	body, err := proto.FetchGetResponseBody{RequestID: p.RequestID}.Call(e.page)
	if err != nil {
		return nil, lost(proto.NetworkErrorReasonConnectionClosed) // in the middle of the answer
	}
	got.Body = []byte(body.Body)
	if body.Base64Encoded {
		got.Body, err = base64.StdEncoding.DecodeString(body.Body)
	}
	return got, err
}

// cookiesOf gives the cookies that a request would carry, each with its value.
func cookiesOf(q *proto.NetworkRequest) []string {
	return strings.Split(header(q.Headers, "Cookie"), "; ")
}

// lendCookies gives a browser context these cookies of the run's.
func (w *windows) lendCookies(ctx context.Context, to proto.BrowserBrowserContextID, which []string) (map[string]*proto.NetworkCookie, error) {
	all, err := w.cookies(ctx, w.context)
	if err != nil {
		return nil, err
	}
	for key, c := range all {
		if slices.Contains(which, c.Name+"="+c.Value) {
			w.setCookie(ctx, to, c, max(c.Expires, 0))
		} else {
			delete(all, key)
		}
	}
	return all, nil
}

// takeCookies brings back what an answer has changed. It need not: the run goes on
// without, as it would if the site had set none.
func (w *windows) takeCookies(ctx context.Context, from proto.BrowserBrowserContextID, before map[string]*proto.NetworkCookie) {
	after, err := w.cookies(ctx, from)
	if err != nil {
		return
	}
	for key, c := range after {
		if was := before[key]; was == nil || was.Value != c.Value || was.Expires != c.Expires {
			w.setCookie(ctx, w.context, c, max(c.Expires, 0))
		}
	}
	for key, c := range before {
		if after[key] == nil {
			w.setCookie(ctx, w.context, c, 1) // long ago
		}
	}
}

// cookies gives those of a browser context by what tells them apart.
func (w *windows) cookies(ctx context.Context, in proto.BrowserBrowserContextID) (map[string]*proto.NetworkCookie, error) {
	got, err := proto.StorageGetCookies{BrowserContextID: in}.Call(w.client.root(ctx))
	if err != nil {
		return nil, err
	}
	all := map[string]*proto.NetworkCookie{}
	for _, c := range got.Cookies {
		if !c.PartitionKeyOpaque {
			all[fmt.Sprint(c.Name, "\n", c.Domain, "\n", c.Path, "\n", c.PartitionKey)] = c
		}
	}
	return all, nil
}

func (w *windows) setCookie(ctx context.Context, in proto.BrowserBrowserContextID, c *proto.NetworkCookie, expires proto.TimeSinceEpoch) {
	as := kept(c)
	as.PartitionKey, as.Expires = c.PartitionKey, expires
	_ = proto.StorageSetCookies{Cookies: []*cookie{as}, BrowserContextID: in}.Call(w.client.root(ctx))
}
