package browser

import (
	"context"
	"errors"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// open goes to an address and waits for the answer to begin. What the page
// needs further is waited for by the steps that need it.
func (r *run) open(ctx context.Context, a *act) error {
	if r.tab.document() != "" { // a page has been opened before
		if err := r.glance(ctx); err != nil {
			return err
		}
	}
	if err := r.uploaded(ctx); err != nil {
		return err
	}
	walls, before := len(r.bounds.walls()), r.tab.document()
	reply, err := proto.PageNavigate{URL: a.value}.Call(r.tab.page.Context(ctx))
	switch {
	case err != nil:
		return cause(ctx, err)
	case reply.ErrorText == "":
		if reply.LoaderID != "" { // it stays on no page that is there
			r.tab.gaveWay(ctx, before)
		}
		_, err := r.ask(ctx, a, question{Op: "page"})
		return err
	}
	if refused := r.bounds.walls(); len(refused) > walls {
		return wall(refused[walls])
	}
	if err := r.bounds.whatFailed(); err != nil {
		return &trouble{fault: flow.Site, err: err}
	}
	if reply.ErrorText == "net::ERR_ABORTED" {
		return &trouble{fault: flow.Owner, err: errors.New("the address leads to no page but to a download or to nothing")}
	}
	return &trouble{fault: flow.Site, err: errors.New(reply.ErrorText)}
}

// click clicks, once or twice, after the photos are on the site.
func (r *run) click(ctx context.Context, a *act, times int) error {
	if err := r.uploaded(ctx); err != nil {
		return err
	}
	return r.clickOn(ctx, a, r.clicking(a), times)
}

// clicking asks where to click; a recording may say it itself. In a recording,
// and where the next step is done in it, a window of its own may open.
func (r *run) clicking(a *act) question {
	q := question{Op: "click", Windows: r.opens, Whole: a.step.Verb == flow.Publish}
	if a.step.Recorded != nil {
		q.Offset = a.step.Recorded.Offset
		q.Windows = a.step.Verb != flow.Publish
	}
	return q
}

// clickOn clicks on what the question finds, and again if the page moved under
// the mouse: then nothing has got the click. It does nothing where the answer
// says that there is nothing to do.
func (r *run) clickOn(ctx context.Context, a *act, q question, times int) error {
	for {
		got, err := r.ask(ctx, a, q)
		if err != nil || got.Was {
			return err
		}
		if err := r.aim(ctx, got.X, got.Y); err != nil {
			return err
		}
		if err := r.pressTimes(ctx, a, got, times); err != nil {
			return err
		}
		if missed, err := r.settle(ctx); err != nil || missed == "" {
			return err
		}
	}
}

// hover rests the mouse on something.
func (r *run) hover(ctx context.Context, a *act) error {
	got, err := r.ask(ctx, a, question{Op: "hover"})
	if err != nil {
		return err
	}
	if err := r.point(ctx, got.X, got.Y); err != nil {
		return err
	}
	return r.settled(ctx)
}

// scroll brings something into view, or an end of the page.
func (r *run) scroll(ctx context.Context, a *act) error {
	var to *flow.Point
	if a.step.Recorded != nil {
		to = a.step.Recorded.ScrollTo
	}
	if a.at != nil {
		_, err := r.ask(ctx, a, question{Op: "scroll", To: to})
		return err
	}
	if _, err := r.put(ctx, question{Op: "edge", At: a.here(), Value: string(a.step.Edge), To: to}); err != nil {
		return err
	}
	return r.settled(ctx)
}

// point moves the mouse, and waits for the frame in which the page learns of it.
func (r *run) point(ctx context.Context, x, y float64) error { return r.dispatch(ctx, moved(x, y)) }

// aim moves the mouse for a press that follows at once: that the page gets right
// behind the move, without waiting for a frame.
func (r *run) aim(ctx context.Context, x, y float64) error { return r.send(ctx, moved(x, y)) }

func moved(x, y float64) proto.InputDispatchMouseEvent {
	return proto.InputDispatchMouseEvent{Type: proto.InputDispatchMouseEventTypeMouseMoved, X: x, Y: y}
}

// buttons are what the browser calls a mouse's buttons, with their bits.
var buttons = map[flow.Button]struct {
	name proto.InputMouseButton
	bit  int
}{
	"": {proto.InputMouseButtonLeft, 1}, flow.Primary: {proto.InputMouseButtonLeft, 1}, flow.Secondary: {proto.InputMouseButtonRight, 2},
	flow.Auxiliary: {proto.InputMouseButtonMiddle, 4}, flow.Back: {proto.InputMouseButtonBack, 8}, flow.Forward: {proto.InputMouseButtonForward, 16},
}

// press presses and releases the mouse once; it is the nth press of a click.
// Which button, and how long it is held, only a recording says.
func (r *run) press(ctx context.Context, a *act, x, y float64, nth int) error {
	var rec flow.Recorded
	if a.step.Recorded != nil {
		rec = *a.step.Recorded
	}
	button := buttons[rec.Button]
	event := proto.InputDispatchMouseEvent{
		Type: proto.InputDispatchMouseEventTypeMousePressed, X: x, Y: y,
		Button: button.name, Buttons: &button.bit, ClickCount: nth, Modifiers: bits(rec.Keys),
	}
	r.pressed = true
	send := r.send
	if rec.Held > 0 {
		send = r.dispatch // it is held from when the page has learned of it
	}
	if err := send(ctx, event); err != nil {
		return err
	}
	if err := wait(ctx, rec.Held); err != nil {
		return err
	}
	event.Type = proto.InputDispatchMouseEventTypeMouseReleased
	event.Buttons = new(int)
	return r.dispatch(ctx, event)
}

// pressTimes clicks, while the keys that a recording says are held.
func (r *run) pressTimes(ctx context.Context, a *act, at answer, times int) error {
	var keys []string
	nth := 1
	if rec := a.step.Recorded; rec != nil {
		keys = rec.Keys
		if rec.Second {
			nth = times
		}
	}
	if err := r.keysDown(ctx, keys); err != nil {
		return err
	}
	for ; nth <= times; nth++ {
		if err := r.press(ctx, a, at.X, at.Y, nth); err != nil {
			return err
		}
	}
	return r.keysUp(ctx, keys)
}

// wait lets some time pass.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// dispatch sends an input event and waits until the page has dealt with it. A
// page that goes away over it has.
func (r *run) dispatch(ctx context.Context, event proto.InputDispatchMouseEvent) error {
	return reached(ctx, event.Call(r.tab.page.Context(ctx)))
}

// send sends an input event that another follows, which is waited for: the page
// deals with them in order.
func (r *run) send(ctx context.Context, event proto.InputDispatchMouseEvent) error {
	return cause(ctx, r.tab.client.send(string(r.tab.page.session), event.ProtoReq(), event))
}

// reached is what the page's going away makes of an input's error: none.
func reached(ctx context.Context, err error) error {
	if err != nil && !pageWentAway(err) {
		return cause(ctx, err)
	}
	return nil
}

// settle lets the page do what it does at once after an act: a navigation that
// has begun by the page's next turn is waited for until it has come to a new
// document or to nothing, so that the next step does not meet the old page.
// After a click, missed is what the mouse met in the place of its target.
func (r *run) settle(ctx context.Context) (missed string, err error) {
	got, err := r.tab.askOnce(ctx, question{Op: "turn"})
	if err != nil && !pageWentAway(err) {
		return "", err
	}
	return got.Missed, r.tab.until(ctx, func() bool { return !r.tab.going })
}

// settled is settle after an act without the mouse.
func (r *run) settled(ctx context.Context) error {
	_, err := r.settle(ctx)
	return err
}
