package browser

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// fillTries is how often a text is put into a field that does not keep it.
const fillTries = 3

// step does one step within its limit and the run's.
func (r *run) step(ctx context.Context, a *act) error {
	return r.within(ctx, func(ctx context.Context) error { return r.do(ctx, a) })
}

// within does something that what happens on the page may break off: a native
// dialog, say, which is then why it failed.
func (r *run) within(ctx context.Context, do func(context.Context) error) error {
	r.stepEnd = time.Now().Add(r.task.Flow.StepLimit)
	if r.end.Before(r.stepEnd) {
		r.stepEnd = r.end
	}
	ctx, cancel := context.WithDeadline(ctx, r.stepEnd.Add(slack))
	defer cancel()
	ctx, done := r.tab.interruptible(ctx)
	defer done()
	err := do(ctx)
	if broken := r.tab.brokenOff(); broken != nil {
		return broken
	}
	if errors.Is(err, context.DeadlineExceeded) && r.tab.isGoing() {
		return &trouble{fault: flow.Site, err: fmt.Errorf("the site did not answer within %v", r.task.Flow.StepLimit)}
	}
	return err
}

// do does what the verb says. That only looking follows publish is the parser's
// rule; it is kept here for every flow, wherever it comes from (C26).
func (r *run) do(ctx context.Context, a *act) error {
	if r.published && a.step.Verb != flow.Expect && a.step.Verb != flow.Read {
		return &trouble{fault: flow.Owner, err: fmt.Errorf("nothing but expect and read may follow publish, not %s", a.step.Verb)}
	}
	switch a.step.Verb {
	case flow.Open:
		return r.open(ctx, a)
	case flow.Click:
		return r.click(ctx, a)
	case flow.Fill:
		return r.fill(ctx, a)
	case flow.Choose:
		return r.choose(ctx, a)
	case flow.Check, flow.Uncheck:
		return r.tick(ctx, a, a.step.Verb == flow.Check)
	case flow.Upload:
		return r.upload(ctx, a)
	case flow.Publish:
		return r.publish(ctx, a)
	case flow.Expect:
		return r.afterPublish(ctx, a, r.expect)
	case flow.Read:
		return r.afterPublish(ctx, a, r.read)
	}
	return &trouble{fault: flow.Owner, err: fmt.Errorf("the browser cannot %s", a.step.Verb)}
}

// ask puts the step's question and judges the answer.
func (r *run) ask(ctx context.Context, a *act, q question) (answer, error) {
	q.At, q.Fails, q.until = a.at, r.plan.fails, r.stepEnd
	got, err := r.tab.ask(ctx, q)
	if err != nil {
		return got, err
	}
	return got, r.judge(a, got)
}

// open goes to an address and waits for the answer to begin. What the page
// needs further is waited for by the steps that need it.
func (r *run) open(ctx context.Context, a *act) error {
	if err := r.glance(ctx, a); err != nil {
		return err
	}
	walls := len(r.proxy.walls())
	reply, err := proto.PageNavigate{URL: a.value}.Call(r.tab.page.Context(ctx))
	switch {
	case err != nil:
		return cause(ctx, err)
	case reply.ErrorText == "":
		_, err := r.ask(ctx, a, question{Op: "page"})
		return err
	}
	if refused := r.proxy.walls(); len(refused) > walls {
		return wall(refused[walls])
	}
	if err := r.proxy.whatFailed(); err != nil {
		return &trouble{fault: flow.Site, err: err}
	}
	if reply.ErrorText == "net::ERR_ABORTED" {
		return &trouble{fault: flow.Owner, err: errors.New("the address leads to no page but to a download or to nothing")}
	}
	return &trouble{fault: flow.Site, err: errors.New(reply.ErrorText)}
}

// glance sees that the page which is about to be left is none that ends the
// run: an error message would be lost with it.
func (r *run) glance(ctx context.Context, a *act) error {
	got, err := r.tab.askOnce(ctx, question{Op: "glance", Fails: r.plan.fails})
	if err != nil && !pageWentAway(err) {
		return err
	}
	return r.judge(a, answer{Done: got.Done || err != nil, Failing: got.Failing, Said: got.Said, Status: got.Status, Broken: got.Broken})
}

func (r *run) click(ctx context.Context, a *act) error {
	return r.clickOn(ctx, a, question{Op: "click"})
}

// clickOn clicks on what the question finds, and again if the page moved under
// the mouse: then nothing has got the click. It does nothing where the answer
// says that there is nothing to do.
func (r *run) clickOn(ctx context.Context, a *act, q question) error {
	for {
		got, err := r.ask(ctx, a, q)
		if err != nil || got.Was {
			return err
		}
		if err := r.point(ctx, got.X, got.Y); err != nil {
			return err
		}
		if err := r.press(ctx, got.X, got.Y); err != nil {
			return err
		}
		if missed, err := r.settle(ctx); err != nil || missed == "" {
			return err
		}
	}
}

// point moves the mouse.
func (r *run) point(ctx context.Context, x, y float64) error {
	return r.dispatch(ctx, proto.InputDispatchMouseEvent{Type: proto.InputDispatchMouseEventTypeMouseMoved, X: x, Y: y})
}

// press presses and releases the mouse once.
func (r *run) press(ctx context.Context, x, y float64) error {
	held := 1
	event := proto.InputDispatchMouseEvent{
		Type: proto.InputDispatchMouseEventTypeMousePressed, X: x, Y: y,
		Button: proto.InputMouseButtonLeft, Buttons: &held, ClickCount: 1,
	}
	if err := r.dispatch(ctx, event); err != nil {
		return err
	}
	event.Type = proto.InputDispatchMouseEventTypeMouseReleased
	event.Buttons = new(int)
	return r.dispatch(ctx, event)
}

// dispatch sends an input event and waits until the page has dealt with it. A
// page that goes away over it has.
func (r *run) dispatch(ctx context.Context, event proto.InputDispatchMouseEvent) error {
	err := event.Call(r.tab.page.Context(ctx))
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

// fill puts the text in place of what is in the field, as one insertion, and
// leaves the field. If the page replaced the field meanwhile, it begins again.
func (r *run) fill(ctx context.Context, a *act) error {
	for try := 1; ; try++ {
		left, err := r.fillOnce(ctx, a, try)
		switch {
		case err != nil:
			return err
		case left.Gone && ctx.Err() == nil:
			try-- // as often as the page likes, until the limit
		case left.Differs == "":
			return r.settled(ctx)
		case try >= fillTries:
			return &trouble{fault: flow.Owner, err: fmt.Errorf("%q holds something else after it was filled: %s", a.step.At, left.Differs)}
		}
	}
}

func (r *run) fillOnce(ctx context.Context, a *act, try int) (answer, error) {
	got, err := r.ask(ctx, a, question{Op: "fill", Value: a.value, Secret: a.secret})
	if err != nil {
		return got, err
	}
	if !got.Filled {
		err := proto.InputInsertText{Text: got.Text}.Call(r.tab.page.Context(ctx))
		if err != nil && !pageWentAway(err) {
			return got, cause(ctx, err)
		}
	}
	left, err := r.tab.askOnce(ctx, question{Op: "filled", Value: a.value, Secret: a.secret, Again: try > 1})
	if err != nil && pageWentAway(err) {
		return answer{Gone: true}, nil
	}
	return left, err
}

// choose picks an option; an empty value leaves the choice as it is.
func (r *run) choose(ctx context.Context, a *act) error {
	if strings.TrimSpace(a.value) == "" {
		return nil
	}
	if _, err := r.ask(ctx, a, question{Op: "choose", Value: a.value}); err != nil {
		return err
	}
	return r.settled(ctx)
}

// tick clicks a box unless it is as wanted, and then waits until it is.
func (r *run) tick(ctx context.Context, a *act, on bool) error {
	if err := r.clickOn(ctx, a, question{Op: "box", On: on}); err != nil {
		return err
	}
	_, err := r.ask(ctx, a, question{Op: "box", On: on, Again: true})
	return err
}

// upload gives the photos to a file input, hidden or not.
func (r *run) upload(ctx context.Context, a *act) error {
	if len(r.photos) == 0 {
		return nil
	}
	for {
		if _, err := r.ask(ctx, a, question{Op: "upload", Photos: len(r.photos)}); err != nil {
			return err
		}
		input, err := r.tab.held(ctx)
		if err == nil {
			files := proto.DOMSetFileInputFiles{Files: r.photos, ObjectID: input}
			err = cause(ctx, files.Call(r.tab.page.Context(ctx)))
		}
		if err == nil {
			return r.settled(ctx)
		}
		if !pageWentAway(err) {
			return err
		}
	}
}

func (r *run) expect(ctx context.Context, a *act) error {
	_, err := r.ask(ctx, a, question{Op: "see"})
	return err
}

// read takes a value from the page, once it is there and matches.
func (r *run) read(ctx context.Context, a *act) error {
	reading := a.step.Read
	q := question{Op: "read", From: reading.From}
	if reading.From == "url" {
		q.Op = "page"
	}
	for {
		got, err := r.ask(ctx, a, q)
		if err != nil {
			return err
		}
		if value, ok := matched(reading.Matching, got.Text); ok {
			r.values[reading.Name] = r.blot.Replace(value)
			return nil
		}
		q.Unlike = got.Text
	}
}

// matched gives what the pattern picks: its first group, or all that it matches.
func matched(pattern *regexp.Regexp, text string) (string, bool) {
	if pattern == nil {
		return text, true
	}
	m := pattern.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return m[min(1, len(m)-1)], true
}
