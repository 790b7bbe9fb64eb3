package browser

import (
	"context"
	"errors"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// maxPicture is the size of a screenshot, in bytes, that is kept.
const maxPicture = 300 << 10

// maxDOM is the size of a page, in bytes, that is kept.
const maxDOM = 2 << 20

// qualities of JPEG that are tried until a screenshot is small enough.
var qualities = []int{75, 45, 20}

const (
	// evidenceLimit is how long looking at a failed page may take at most.
	evidenceLimit = 5 * time.Second
	// imagesLimit is how long the last screenshot waits for pictures in view.
	imagesLimit = 2 * time.Second
)

// evidence adds to a failure what the page shows and says.
func (r *run) evidence(ctx context.Context, f *flow.Failure) {
	ctx, cancel := context.WithTimeout(ctx, evidenceLimit)
	defer cancel()
	r.hideSession(ctx)
	f.Page = r.blot.Replace(pageURL(r.tab.address()))
	if r.tab.isGoing() { // until it has come somewhere the page answers nothing
		if err := (proto.PageStopLoading{}).Call(r.tab.page.Context(ctx)); err != nil {
			return
		}
	}
	if f.Said == "" {
		if a, err := r.tab.askOnce(ctx, question{Op: "said"}); err == nil {
			f.Said = a.Said
		}
	}
	if a, err := r.tab.askOnce(ctx, question{Op: "source"}); err == nil && len(a.Text) <= maxDOM {
		f.DOM = []byte(r.blot.Replace(a.Text))
	}
	f.Screenshot = r.picture(ctx)
}

// screenshot gives a picture of the last page, with its own pictures in it.
// A run that has come so far does not fail for want of one.
func (r *run) screenshot(ctx context.Context) []byte {
	ctx, cancel := context.WithTimeout(ctx, imagesLimit+evidenceLimit)
	defer cancel()
	if _, err := r.tab.ask(ctx, question{Op: "painted", until: time.Now().Add(imagesLimit)}); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return r.picture(ctx)
}

// picture takes the viewport as JPEG, after hiding whatever shows a secret
// (C29), which stays hidden; nil if that cannot be done.
func (r *run) picture(ctx context.Context) []byte {
	r.hideSession(ctx)
	if len(r.words) > 0 {
		if err := r.tab.askEverywhere(ctx, question{Op: "hide", Words: r.words}); err != nil {
			return nil
		}
	}
	for _, quality := range qualities {
		shot, err := proto.PageCaptureScreenshot{
			Format: proto.PageCaptureScreenshotFormatJpeg, Quality: &quality, OptimizeForSpeed: true,
		}.Call(r.tab.page.Context(ctx))
		if err != nil {
			return nil
		}
		if len(shot.Data) <= maxPicture {
			return shot.Data
		}
	}
	return nil
}
