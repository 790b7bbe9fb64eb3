package browser

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// errRehearsed ends a rehearsal, well, where publish would click.
var errRehearsed = errors.New("rehearsed")

// all carries out the flow, from the first step to the state of the last page.
func (r *run) all(ctx context.Context) error {
	if size := r.task.Flow.Viewport; size != (flow.Viewport{}) {
		if err := r.resize(ctx, size, nil); err != nil {
			return err
		}
	}
	if r.task.Listed != nil {
		if err := r.listed(ctx); err != nil {
			return err
		}
	}
	if err := r.list(ctx, r.plan.steps, true); err != nil {
		return err
	}
	r.comeBack()
	return r.last(ctx)
}

// list does steps one after the other. The items of the outermost list are
// counted for whoever watches.
func (r *run) list(ctx context.Context, steps []flow.Step, outermost bool) error {
	for i := range steps {
		s := &steps[i]
		switch {
		case outermost && r.task.Section == "":
			r.item = s.Item()
		case outermost:
			r.item = i + 1
		}
		r.opens = i+1 < len(steps) && steps[i+1].Verb == flow.Window
		if err := r.one(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// one does a step or what it consists of. That only looking follows publish is
// the parser's rule; it is kept here for every flow, wherever it comes from (C26).
func (r *run) one(ctx context.Context, s *flow.Step) error {
	r.current = s
	if r.published && !looking[s.Verb] {
		return &trouble{fault: flow.Owner, err: fmt.Errorf("nothing but looking may follow publish, not %s", s.Verb)}
	}
	if s.AsksForPhotos() || s.Verb == flow.Publish {
		if err := r.takePhotos(ctx); err != nil {
			return err
		}
	}
	switch s.Verb {
	case flow.If:
		return r.branch(ctx, s)
	case flow.Do:
		return r.part(ctx, s)
	case flow.ForEachPhoto:
		return r.eachPhoto(ctx, s)
	case flow.Pages:
		return r.walk(ctx, s)
	case flow.Window:
		return r.inWindow(ctx, s)
	}
	return r.step(ctx, s)
}

// looking has what may stand after publish.
var looking = map[flow.Verb]bool{
	flow.Expect: true, flow.WaitFor: true, flow.Read: true, flow.ReadEach: true,
	flow.Scroll: true, flow.Answer: true, flow.If: true,
}

// step does one act, unless it is optional and there is nothing to do it on.
func (r *run) step(ctx context.Context, s *flow.Step) error {
	a, err := r.plan.act(s)
	if err != nil {
		return &trouble{fault: flow.Owner, err: err}
	}
	r.progress(a)
	return r.traced(ctx, s, func() (string, error) {
		if s.Optional > 0 {
			there, err := r.appears(ctx, a)
			if err != nil || !there {
				return "left out: not there", err
			}
		}
		err = r.within(ctx, s, func(ctx context.Context) error {
			if err := r.turnTo(ctx, a); err != nil {
				return err
			}
			return r.leading(ctx, a)
		})
		return r.values[s.Read.Name], err
	})
}

// traced notes what a step did and how long it took.
func (r *run) traced(ctx context.Context, s *flow.Step, do func() (note string, err error)) error {
	r.current = s
	begun := time.Now()
	page := r.blot.Replace(pageURL(r.tab.address()))
	note, err := do()
	t := flow.TraceStep{
		Step: clean(r.blot.Replace(s.String())), Number: s.Number, Page: page,
		Note: clean(r.blot.Replace(note)), Start: begun, Took: time.Since(begun),
	}
	if r.task.Pictures && err == nil {
		t.Screenshot = r.screenshot(ctx)
		_ = r.tab.askEverywhere(ctx, question{Op: "unhide"}) // a page that is gone shows nothing
	}
	if len(r.trace) < maxTrace {
		r.trace = append(r.trace, t)
	}
	if r.task.Done != nil && err == nil {
		r.task.Done(t)
	}
	return err
}

// maxTrace is how many steps of a run are remembered.
const maxTrace = 1000

// within does something that what happens on the page may break off: a native
// dialog, say, which is then why it failed. It has the time that the step has.
func (r *run) within(ctx context.Context, s *flow.Step, do func(context.Context) error) error {
	limit := r.task.Flow.StepLimit
	if s != nil && s.Timeout > 0 {
		limit = s.Timeout
	}
	return r.limited(ctx, limit, do)
}

// limited is within, where the time is not the step's.
func (r *run) limited(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	r.limit, r.pressed = limit, false
	r.stepEnd = time.Now().Add(limit)
	if r.end.Before(r.stepEnd) {
		r.stepEnd = r.end
	}
	ctx, cancel := context.WithDeadline(ctx, r.stepEnd.Add(slack))
	defer cancel()
	ctx, done := r.tab.interruptible(ctx)
	defer done()
	err := do(ctx)
	if broken := r.tab.brokenOff(); broken != nil {
		return r.sorted(broken)
	}
	if errors.Is(err, errClosed) {
		if r.pressed {
			return nil // by that, as a rule
		}
		return &trouble{fault: flow.Owner, err: r.late(answer{Late: err.Error()})}
	}
	if errors.Is(err, context.DeadlineExceeded) && r.tab.isGoing() {
		return &trouble{fault: flow.Site, err: fmt.Errorf("the site did not answer within %v", limit)}
	}
	return err
}

// appears waits for what an optional step needs.
func (r *run) appears(ctx context.Context, a *act) (there bool, err error) {
	q := question{Op: "appear", At: a.at, As: ops[a.step.Verb]}
	if a.when != nil {
		q = question{Op: "hold", When: a.when}
	}
	if q.At == nil && q.When == nil {
		return true, nil
	}
	// A page that is too busy to say whether it is there has the step's time.
	err = r.within(ctx, a.step, func(ctx context.Context) error {
		q.Fails, q.Typed, q.until = r.fails, r.typed, time.Now().Add(a.step.Optional)
		got, err := r.tab.ask(ctx, q)
		if err != nil || got.Late != "" && time.Now().Before(r.end) {
			return err
		}
		there = got.Done
		return r.judge(got)
	})
	return there, err
}

// ops is how a verb's element is looked for: see finder.js.
var ops = map[flow.Verb]string{
	flow.Click: "click", flow.DoubleClick: "click", flow.Publish: "click", flow.Hover: "hover",
	flow.Fill: "fill", flow.Type: "type", flow.Press: "focus", flow.Choose: "choose",
	flow.Check: "box", flow.Uncheck: "box", flow.Upload: "upload", flow.Scroll: "scroll",
	flow.Read: "read", flow.ReadEach: "see",
}

// leading does a step and, if a recording says that it leads to another page,
// waits for that.
func (r *run) leading(ctx context.Context, a *act) error {
	if a.step.Recorded == nil || !a.step.Recorded.Navigates || a.step.Verb == flow.Open {
		return r.do(ctx, a)
	}
	before := r.tab.navigations()
	if err := r.do(ctx, a); err != nil {
		return err
	}
	waiting, cancel := context.WithDeadline(ctx, r.stepEnd)
	defer cancel()
	err := r.tab.until(waiting, func() bool { return r.tab.moves > before || r.tab.closed })
	if err != nil && ctx.Err() == nil {
		return &trouble{fault: flow.Owner, err: errors.New("in the recording this leads to another page, and here it did not")}
	}
	return err
}

// do does what the verb says.
func (r *run) do(ctx context.Context, a *act) error {
	switch a.step.Verb {
	case flow.Open:
		return r.open(ctx, a)
	case flow.Click:
		return r.click(ctx, a, 1)
	case flow.DoubleClick:
		return r.click(ctx, a, 2)
	case flow.Hover:
		return r.hover(ctx, a)
	case flow.Scroll:
		return r.scroll(ctx, a)
	case flow.Fill:
		return r.fill(ctx, a)
	case flow.Type:
		return r.typeIn(ctx, a)
	case flow.Press:
		return r.pressKeys(ctx, a)
	case flow.Choose:
		return r.choose(ctx, a)
	case flow.Check, flow.Uncheck:
		return r.tick(ctx, a, a.step.Verb == flow.Check)
	case flow.Upload:
		return r.upload(ctx, a)
	case flow.Publish:
		return r.publish(ctx, a)
	case flow.Expect, flow.WaitFor:
		err := r.afterPublish(ctx, a, r.expect)
		if err == nil && a.when.counts() && r.tab.sending != nil {
			r.tab.update(r.tab.sending.counted)
		}
		r.confirmed = r.confirmed || err == nil && r.published
		return err
	case flow.Read:
		if a.step.Read.From == flow.Given {
			return r.readGiven(a)
		}
		return r.afterPublish(ctx, a, r.read)
	case flow.ReadEach:
		return r.afterPublish(ctx, a, r.readEach)
	case flow.Answer:
		return r.answer(a.step.Answers)
	case flow.Close:
		return r.closeWindow(ctx)
	case flow.Throttle:
		return r.throttle(ctx, a.step.Recorded.Network)
	case flow.Resize:
		return r.resize(ctx, a.step.Viewport, a.step.Recorded)
	}
	return &trouble{fault: flow.Owner, err: fmt.Errorf("the browser cannot %s", a.step.Verb)}
}

// put puts a question of the running step.
func (r *run) put(ctx context.Context, q question) (answer, error) {
	q.Fails, q.Typed, q.until = r.fails, r.typed, r.stepEnd
	return r.tab.ask(ctx, q)
}

// ask puts the question about what a acts on, and judges the answer.
func (r *run) ask(ctx context.Context, a *act, q question) (answer, error) {
	q.At = a.at
	got, err := r.put(ctx, q)
	if err != nil {
		return got, err
	}
	return got, r.judge(got)
}

// glance sees that the page which is about to be left is none that ends the
// run: an error message would be lost with it.
func (r *run) glance(ctx context.Context) error {
	got, err := r.tab.askOnce(ctx, question{Op: "glance", Fails: r.fails, Typed: r.typed})
	if err != nil && !pageWentAway(err) {
		return err
	}
	return r.judge(answer{Done: got.Done || err != nil, Failing: got.Failing, Said: got.Said, Status: got.Status, Broken: got.Broken})
}

// answer changes what native dialogs get from now on.
func (r *run) answer(new flow.Answers) error {
	text, err := new.Prompt.Expand(r.plan.values)
	if err != nil {
		return &trouble{fault: flow.Owner, err: err}
	}
	r.tab.update(func() { r.tab.replies = r.tab.replies.changed(new, text) })
	return nil
}

// resize gives the page another size, and the kind of screen of a recording.
func (r *run) resize(ctx context.Context, size flow.Viewport, rec *flow.Recorded) error {
	metrics := proto.EmulationSetDeviceMetricsOverride{Width: size.Width, Height: size.Height, DeviceScaleFactor: 1}
	touch := false
	if rec != nil {
		metrics.Mobile, touch = rec.Mobile, rec.Touch
		if rec.Scale > 0 {
			metrics.DeviceScaleFactor = rec.Scale
		}
	}
	err := metrics.Call(r.tab.page.Context(ctx))
	if err == nil && touch {
		err = proto.EmulationSetTouchEmulationEnabled{Enabled: true}.Call(r.tab.page.Context(ctx))
	}
	return reached(ctx, err)
}

// throttle makes the network as slow as it was when a recording was made.
func (r *run) throttle(ctx context.Context, n flow.Network) error {
	if err := r.tab.tellRequests(ctx); err != nil { // without which nothing is slower
		return cause(ctx, err)
	}
	return cause(ctx, proto.NetworkEmulateNetworkConditions{
		Latency: float64(n.Latency) / float64(time.Millisecond), DownloadThroughput: n.Download, UploadThroughput: n.Upload,
	}.Call(r.tab.page.Context(ctx)))
}

// learn makes a value known to the steps that follow.
func (r *run) learn(name, value string) error {
	r.plan.values[name] = value
	return r.watchFails()
}

// watchFails puts the values that are known now into the states that end the run.
func (r *run) watchFails() error {
	fails, err := r.plan.fails()
	if err != nil {
		return &trouble{fault: flow.Owner, err: err}
	}
	r.fails = slices.Clip(fails)
	return nil
}
