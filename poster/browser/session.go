package browser

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// maxSession is the size of a session, in bytes, that is kept.
const maxSession = 1 << 20

// tellingCookie is how long a cookie's value is, in bytes, that can stand for an
// account. Shorter ones are numbers and words, which pages and mails have, too.
const tellingCookie = 16

// cookie is one cookie as the browser takes it. Without a dot before its domain
// it is for that host alone.
type cookie = proto.NetworkCookieParam

// session is how a session is written.
type session struct {
	Cookies []*cookie `json:"cookies"`
	Storage storage   `json:"storage,omitempty"`
}

// recall reads the task's session. One that cannot be read is none, and of one
// that can, nothing counts that is for elsewhere than the flow's origins.
func (r *run) recall() {
	if r.task.Session == nil {
		return
	}
	var saved session
	if json.Unmarshal(r.task.Session.Saved, &saved) != nil {
		return
	}
	for _, c := range saved.Cookies {
		if c == nil || c.URL != "" || c.PartitionKey != nil || !r.plan.reaches(c.Domain) {
			continue
		}
		r.cookies = append(r.cookies, c)
		r.hideCookie(c)
	}
	r.storage = r.plan.reachable(saved.Storage)
	r.hideStorage(r.storage)
}

// hideCookie hides a cookie that may be a login. What pages' scripts can read is
// seldom one, and often something that people are to see.
func (r *run) hideCookie(c *cookie) {
	if c.HTTPOnly && len(c.Value) >= tellingCookie && !slices.Contains(r.words, c.Value) {
		r.hide(c.Value)
	}
}

// hideSession hides the session as it is now, if it will be kept.
func (r *run) hideSession(ctx context.Context) {
	if r.task.Session == nil {
		return
	}
	for _, c := range r.jar(ctx) {
		r.hideCookie(c)
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	r.hideStorage(r.stored(ctx))
}

// hide adds to what no error, trace or picture may show (C29).
func (r *run) hide(secrets ...string) {
	known := len(r.words)
	for _, s := range secrets {
		if s != "" {
			r.words = append(r.words, s)
		}
	}
	if len(r.words) > known {
		r.blot = newBlotter(r.words...)
	}
}

// reaches tells whether a page of the flow's origins could have set a cookie
// for that domain.
func (p *plan) reaches(domain string) bool {
	host, wide := strings.CutPrefix(domain, ".")
	return slices.ContainsFunc(p.origins, func(o flow.Origin) bool {
		below := strings.HasSuffix(host, "."+o.Host)
		switch {
		case host == o.Host:
			return wide || !o.Below
		case wide && strings.HasSuffix(o.Host, "."+host):
			return true
		}
		return below && o.Below
	})
}

// resume puts the saved session into the browser, before it opens a page. What
// it does not take may be out of date.
func (r *run) resume(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	for _, c := range r.cookies {
		err := proto.StorageSetCookies{Cookies: []*cookie{c}, BrowserContextID: r.tab.context}.Call(r.tab.browser.Context(ctx))
		r.resumed = r.resumed || err == nil
	}
	_ = r.refill(ctx)
}

// session gives what the next run can begin with, now that all steps have gone
// well. It is nil if there is nothing to keep: the run does not fail for want
// of one.
func (r *run) session(ctx context.Context) []byte {
	if r.task.Session == nil {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	s := session{r.jar(ctx), r.stored(limited)}
	data, err := json.Marshal(s)
	if err != nil || len(s.Cookies)+len(s.Storage) == 0 || len(data) > maxSession {
		return nil
	}
	return data
}

// jar gives the cookies of the flow's origins that the browser has now; none
// if the session is not kept.
func (r *run) jar(ctx context.Context) []*cookie {
	if r.task.Session == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	all, err := proto.StorageGetCookies{BrowserContextID: r.tab.context}.Call(r.tab.browser.Context(ctx))
	if err != nil {
		return nil
	}
	var jar []*cookie
	for _, c := range all.Cookies {
		if c.PartitionKey == nil && !c.PartitionKeyOpaque && r.plan.reaches(c.Domain) {
			jar = append(jar, kept(c))
		}
	}
	return jar
}

// kept is a cookie as it is put back. Most logins are in cookies that the
// browser would forget at its end, and those are kept, too.
func kept(c *proto.NetworkCookie) *cookie {
	return &cookie{
		Name: c.Name, Value: c.Value, Domain: c.Domain, Path: c.Path, Expires: max(c.Expires, 0),
		Secure: c.Secure, HTTPOnly: c.HTTPOnly, SameSite: c.SameSite, Priority: c.Priority,
		SourceScheme: c.SourceScheme, SourcePort: &c.SourcePort,
	}
}

// anew does with a fresh profile what has failed with a saved session, which is
// forgotten: the site may have shown other pages for its sake. It is not done
// again where the sender is at fault, for whom nothing would change; once the
// task has committed to publishing (C26); or without the time for it.
func (r *run) anew(ctx context.Context, failure *flow.Failure, begun time.Time) (flow.Result, *flow.Failure) {
	if failure.Fault == flow.Sender || errors.Is(failure, context.Canceled) {
		return flow.Result{}, failure
	}
	r.task.Session.Forget()
	took := time.Since(begun)
	deadline, limited := ctx.Deadline()
	if r.committed || ctx.Err() != nil || limited && time.Until(deadline) < took {
		return flow.Result{}, failure
	}
	fresh, err := r.browser.newRun(r.task)
	if err != nil {
		return flow.Result{}, failure
	}
	fresh.trace = []flow.TraceStep{{
		Step: "begin with the saved session", Note: clean("forgotten, and begun without it, because " + failure.Error()),
		Page: failure.Page, Start: begun, Took: took,
	}}
	if r.task.Done != nil {
		r.task.Done(fresh.trace[0])
	}
	return fresh.whole(ctx)
}
