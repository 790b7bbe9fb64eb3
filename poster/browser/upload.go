package browser

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// Photos go to a file input, hidden or not, or to whatever asks for files when
// it is clicked. Pages send them on in the background: from the first upload
// on, requests that carry files are watched, and nothing that could leave the
// page is done before they are answered.

// upload gives the photos, or the one of this round, to a file input.
func (r *run) upload(ctx context.Context, a *act) error {
	files := r.photos
	if !a.step.AllPhotos() {
		files = files[r.photo-1 : r.photo]
	}
	if len(files) == 0 {
		return nil
	}
	if err := r.tab.watchUploads(ctx); err != nil {
		return err
	}
	for {
		got, err := r.ask(ctx, a, question{Op: "upload", Photos: len(files)})
		if err == nil && got.Asks {
			return r.asked(ctx, a, got, files)
		}
		if err != nil {
			return err
		}
		input, err := r.tab.held(ctx)
		if err == nil {
			set := proto.DOMSetFileInputFiles{Files: files, ObjectID: input}
			err = cause(ctx, set.Call(r.tab.page.Context(ctx)))
		}
		if err == nil {
			return r.settled(ctx)
		}
		if !pageWentAway(err) {
			return err
		}
	}
}

// asked clicks where the page then asks for files, and answers.
func (r *run) asked(ctx context.Context, a *act, spot answer, files []string) error {
	intercept := func(on bool) error {
		return cause(ctx, proto.PageSetInterceptFileChooserDialog{Enabled: on}.Call(r.tab.page.Context(ctx)))
	}
	r.tab.update(func() { r.tab.chooser = nil })
	if err := intercept(true); err != nil {
		return err
	}
	if err := r.point(ctx, spot.X, spot.Y); err != nil {
		return err
	}
	if err := r.press(ctx, a, spot.X, spot.Y, 1); err != nil {
		return err
	}
	waiting, cancel := context.WithDeadline(ctx, r.stepEnd)
	defer cancel()
	var chooser *proto.PageFileChooserOpened
	asks := func() bool { chooser = r.tab.chooser; return chooser != nil }
	if err := r.tab.until(waiting, asks); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return &trouble{fault: flow.Owner, err: errors.New("it is no file input, and the page does not ask for files when it is clicked")}
	}
	if err := r.choosing(ctx, chooser, files); err != nil {
		return err
	}
	if err := intercept(false); err != nil {
		return err
	}
	return r.settled(ctx)
}

// choosing gives files to the input that asks for them.
func (r *run) choosing(ctx context.Context, c *proto.PageFileChooserOpened, files []string) error {
	if len(files) > 1 && c.Mode == proto.PageFileChooserOpenedModeSelectSingle {
		return &trouble{fault: flow.Owner, err: fmt.Errorf("the page asks for one photo, not %d", len(files))}
	}
	set := proto.DOMSetFileInputFiles{Files: files, BackendNodeID: c.BackendNodeID}
	return cause(ctx, set.Call(r.tab.page.Context(ctx)))
}

// uploaded waits until the site has answered all requests that carry files.
func (r *run) uploaded(ctx context.Context) error {
	waiting, cancel := context.WithDeadline(ctx, r.stepEnd)
	defer cancel()
	err := r.tab.until(waiting, func() bool { return len(r.tab.uploads) == 0 })
	if err != nil && ctx.Err() == nil {
		return &trouble{fault: flow.Site, err: fmt.Errorf("the photos were still on their way to the site after %v", r.limit.Round(time.Millisecond))}
	}
	return err
}

// watchUploads has the browser tell of its requests.
func (t *tab) watchUploads(ctx context.Context) error {
	if t.uploads != nil {
		return nil
	}
	t.update(func() { t.uploads = map[proto.NetworkRequestID]bool{} })
	none := 0
	return cause(ctx, proto.NetworkEnable{MaxTotalBufferSize: &none, MaxResourceBufferSize: &none, MaxPostDataSize: &none}.Call(t.page.Context(ctx)))
}

// networkEvent keeps which requests with files are under way.
func (t *tab) networkEvent(m *cdp.Event) {
	var sent proto.NetworkRequestWillBeSent
	var done proto.NetworkLoadingFinished
	var failed proto.NetworkLoadingFailed
	switch {
	case load(m, &sent):
		inPage := sent.Type != proto.NetworkResourceTypeDocument || !t.isMain(sent.FrameID)
		t.update(func() {
			delete(t.uploads, sent.RequestID) // a redirect
			if inPage && carriesFiles(sent.Request) {
				t.uploads[sent.RequestID] = true
			}
		})
	case load(m, &done):
		t.update(func() { delete(t.uploads, done.RequestID) })
	case load(m, &failed):
		t.update(func() { delete(t.uploads, failed.RequestID) })
	}
}

// carriesFiles tells whether a request is one that sends files.
func carriesFiles(q *proto.NetworkRequest) bool {
	if q.Method != "POST" && q.Method != "PUT" && q.Method != "PATCH" {
		return false
	}
	for name, value := range q.Headers {
		if strings.EqualFold(name, "Content-Type") {
			kind := strings.ToLower(value.String())
			return strings.HasPrefix(kind, "multipart/") || strings.HasPrefix(kind, "image/") || strings.HasPrefix(kind, "application/octet-stream")
		}
	}
	return false
}
