package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

const (
	// nextTime is how long a page has for sending the next photo after one.
	nextTime = 500 * time.Millisecond
	// againTime is how long a page has for sending a photo again that the site
	// has refused.
	againTime = 3 * time.Second
	// maxFormText is how much of a form without files, in bytes, the browser
	// shows us; a longer one is taken to have a photo in it.
	maxFormText = 64 << 10
)

// sending is what pages do by requests of their own with the photos that they
// were given; a window may hand them on to the page that has opened it. A request that was refused is made good by a later one of the same
// size, which is the same again, or when there are as many good ones as photos:
// a page may send a photo again in another form.
type sending struct {
	given    map[string]bool // files
	underway map[proto.NetworkRequestID]*shipment
	sizes    map[proto.NetworkRequestID]string // what the browser's network says of each request
	taken    int                               // requests
	refused  []*shipment                       // and not made good, of each size the last
	last     time.Time                         // when one was answered
}

// shipment is one request with photos.
type shipment struct {
	tab    *tab   // that sends it
	size   string // Content-Length; empty if it is not known
	status int    // of the answer; 0 if there was none
	shown  bool   // the flow has seen the photos on the page after that
}

// doubtful tells whether the site may have kept the photo all the same: the
// editor of WordPress, for one, finishes by another request what ended so.
func (s *shipment) doubtful() bool { return s.status == 0 || s.status >= 500 }

func newSending() *sending {
	return &sending{
		given: map[string]bool{}, underway: map[proto.NetworkRequestID]*shipment{}, sizes: map[proto.NetworkRequestID]string{},
	}
}

// isOver tells whether nothing is to be waited for: nothing is under way, as
// many photos were taken as there are, or the page has begun to send them and
// goes on no more.
func (s *sending) isOver() bool {
	switch {
	case s == nil:
		return true
	case len(s.underway) > 0:
		return false
	case len(s.missing()) > 0:
		return time.Since(s.last) >= againTime
	}
	return s.taken >= len(s.given) || time.Since(s.last) >= nextTime
}

// missing gives what was refused and not made good.
func (s *sending) missing() []*shipment {
	if s == nil || s.taken >= len(s.given) {
		return nil
	}
	return s.refused
}

// counted notes that the flow has seen the photos on the page: a better sign
// than an answer that leaves it open, be it one that is still being read.
func (s *sending) counted() {
	s.refused = slices.DeleteFunc(s.refused, (*shipment).doubtful)
	for _, one := range s.underway {
		one.shown = one.status > 0
	}
}

// end takes note of how a request ended. One that the page gave up, or left
// behind, before there was an answer is none; of an answer that came it need
// not have read the rest.
func (s *sending) end(id proto.NetworkRequestID, givenUp bool) {
	one := s.underway[id]
	delete(s.underway, id)
	if one == nil || givenUp && one.status == 0 {
		return
	}
	one.size = s.sizes[id]
	again := func(other *shipment) bool { return one.size != "" && other.size == one.size }
	s.refused = slices.DeleteFunc(s.refused, again)
	s.last = time.Now()
	switch {
	case one.status > 0 && one.status < http.StatusBadRequest:
		s.taken++
	case one.shown && one.doubtful():
	default:
		s.refused = append(s.refused, one)
	}
}

// left ends what a page has had under way that is closed.
func (s *sending) left(t *tab) {
	if s == nil {
		return
	}
	for id, one := range s.underway {
		if one.tab == t {
			s.end(id, true)
		}
	}
}

// watchSending has the browser tell of all pages' requests, from the first
// photos on.
func (w *windows) watchSending(ctx context.Context, files []string) error {
	var open []*tab
	w.update(func() {
		if w.sending == nil {
			w.sending, open = newSending(), slices.Clone(w.tabs)
		}
		for _, f := range files {
			w.sending.given[f] = true
		}
	})
	for _, t := range open {
		if err := t.tellRequests(ctx); err != nil && !t.isClosed() {
			return cause(ctx, err)
		}
	}
	return nil
}

// tellRequests has the browser tell of a page's requests.
func (t *tab) tellRequests(ctx context.Context) error {
	none, text := 0, maxFormText
	return proto.NetworkEnable{MaxTotalBufferSize: &none, MaxResourceBufferSize: &none, MaxPostDataSize: &text}.Call(t.page.Context(ctx))
}

// networkEvent keeps what becomes of requests with photos. A redirect is the
// same request.
func (t *tab) networkEvent(m *cdp.Event) {
	var sent proto.NetworkRequestWillBeSent
	var wired proto.NetworkRequestWillBeSentExtraInfo
	var answered proto.NetworkResponseReceived
	var done proto.NetworkLoadingFinished
	var failed proto.NetworkLoadingFailed
	switch {
	case !t.isWatching():
	case load(m, &sent):
		inPage := sent.Type != proto.NetworkResourceTypeDocument || !t.isMain(sent.FrameID)
		if inPage && sent.Type != proto.NetworkResourceTypePing && t.carriesPhotos(sent.Request) {
			t.update(func() { t.sending.underway[sent.RequestID] = &shipment{tab: t} })
		}
	case load(m, &wired):
		if size := header(wired.Headers, "Content-Length"); size != "" {
			t.update(func() { t.sending.sizes[wired.RequestID] = size })
		}
	case load(m, &answered):
		t.update(func() {
			if one := t.sending.underway[answered.RequestID]; one != nil {
				one.status = answered.Response.Status
			}
		})
	case load(m, &done):
		t.update(func() { t.sending.end(done.RequestID, false) })
	case load(m, &failed):
		t.update(func() { t.sending.end(failed.RequestID, failed.Canceled) })
	}
}

func (t *tab) isWatching() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sending != nil
}

// carriesPhotos tells whether a request is one that sends files. Of a form the
// browser gives the text only if no file is in it; bytes of no kind that go to
// another site may be what a page reports of its visitors.
func (t *tab) carriesPhotos(q *proto.NetworkRequest) bool {
	if q.Method != "POST" && q.Method != "PUT" && q.Method != "PATCH" {
		return false
	}
	kind := strings.ToLower(header(q.Headers, "Content-Type"))
	if strings.HasPrefix(kind, "multipart/form-data") {
		text := slices.ContainsFunc(q.PostDataEntries, func(e *proto.NetworkPostDataEntry) bool {
			return !bytes.Contains(e.Bytes, []byte("; filename="))
		})
		return !text
	}
	return strings.HasPrefix(kind, "multipart/") || strings.HasPrefix(kind, "image/") || strings.HasPrefix(kind, "application/octet-stream") && t.isAllowed(q.URL)
}

func (t *tab) isAllowed(address string) bool {
	o, ok := originOf(address)
	return ok && t.bounds.allows(o)
}

func header(headers proto.NetworkHeaders, name string) string {
	for key, value := range headers {
		if strings.EqualFold(key, name) {
			return value.String()
		}
	}
	return ""
}

// uploaded waits until the site has answered all requests that carry photos.
func (r *run) uploaded(ctx context.Context) error {
	waiting, cancel := context.WithDeadline(ctx, r.stepEnd)
	defer cancel()
	err := r.tab.untilEvery(waiting, nextTime/10, func() bool { return r.tab.sending.isOver() })
	if err != nil && ctx.Err() == nil && r.tab.isSending() {
		return &trouble{fault: flow.Site, err: inWords(flow.ErrPhotos, "the photos were still on their way to the site after %v", r.limit.Round(time.Millisecond))}
	}
	if ctx.Err() == nil {
		return nil
	}
	return err
}

func (t *tab) isSending() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sending != nil && len(t.sending.underway) > 0
}

// accepted sees, before publish, that the site has not refused a photo.
func (r *run) accepted() error {
	r.tab.mu.Lock()
	defer r.tab.mu.Unlock()
	missing := r.tab.sending.missing()
	if len(missing) == 0 {
		return nil
	}
	number, status := "a photo", missing[0].status
	if n := min(len(missing), len(r.tab.sending.given)); n > 1 {
		number = fmt.Sprintf("%d photos", n)
	}
	return r.refusal(number, status)
}

// refusal is the trouble with photos that were answered so; status is 0 if the
// browser got no answer, as from where the flow may not go.
func (r *run) refusal(photos string, status int) *trouble {
	wanted := r.alsoWanted()
	fault, said := refusalFault(status), fmt.Sprintf("the site refused %s (%d %s)", photos, status, http.StatusText(status))
	if status == 0 {
		said = photos + " did not reach the site, which gave no answer"
	}
	if status == 0 && wanted != "" {
		fault = flow.Owner
	}
	t := &trouble{fault: fault, err: errors.New(said + wanted)}
	if fault == flow.Sender {
		t.said = said
	}
	return t
}

// refusalFault tells who can do something about a photo that was refused.
func refusalFault(status int) flow.Fault {
	switch status {
	case http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return flow.Sender
	case http.StatusUnauthorized, http.StatusForbidden:
		return flow.Owner
	}
	return flow.Site
}
