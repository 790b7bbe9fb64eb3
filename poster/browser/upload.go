package browser

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// Photos go to a file input, hidden or not, or to whatever asks for files when
// it is clicked. Pages send them on in the background: from the first upload
// on, requests that carry photos are watched, nothing that could leave the page
// is done before they are answered, and nothing is published if the site has
// refused one.

// upload gives the photos, or the one of this round, to a file input.
func (r *run) upload(ctx context.Context, a *act) error {
	files := r.photos
	if !a.step.AllPhotos() {
		files = files[r.photo-1 : r.photo]
	}
	if len(files) == 0 {
		return nil
	}
	if err := r.tab.watchSending(ctx, files); err != nil {
		return err
	}
	for {
		got, err := r.ask(ctx, a, question{Op: "upload", Photos: len(files)})
		if err != nil {
			return err
		}
		if got.Asks {
			var frame proto.PageFrameID
			if frame, err = r.tab.heldIn(ctx); err == nil {
				return r.asked(ctx, a, got, frame, files)
			}
		} else if err = r.tab.giveHeld(ctx, files); err == nil {
			return r.settled(ctx)
		}
		if !pageWentAway(err) {
			return err
		}
	}
}

// asked clicks where the page then asks for files, and answers. Others may ask just
// then, too, such as a frame of another site that the flow lets in: only the
// document that is clicked gets the photos.
func (r *run) asked(ctx context.Context, a *act, spot answer, frame proto.PageFrameID, files []string) error {
	intercept := func(on bool) error {
		return cause(ctx, proto.PageSetInterceptFileChooserDialog{Enabled: on}.Call(r.tab.page.Context(ctx)))
	}
	r.tab.update(func() { r.tab.asks, r.tab.chooser = frame, nil })
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
	frame := &inner{frame: c.FrameID}
	if r.tab.isMain(c.FrameID) {
		frame = nil
	}
	world, err := r.tab.enter(ctx, frame)
	if err != nil {
		return err
	}
	input, err := proto.DOMResolveNode{BackendNodeID: c.BackendNodeID, ExecutionContextID: proto.RuntimeExecutionContextID(world.id)}.Call(r.tab.page.Context(ctx))
	if err != nil {
		return cause(ctx, err)
	}
	return r.tab.give(ctx, input.Object.ObjectID, files)
}
