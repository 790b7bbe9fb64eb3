package browser

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// Frames of other sites. The scripts of one site never reach into the document
// of another, and the engine is no exception. Where a locator leads into such a
// frame, it says so, and is asked for the rest of the way in a world of its own
// in that frame. A place to click is carried outwards again, frame by frame.
//
// For this the browser runs without site isolation, so that a page's frames,
// whatever their sites, all belong to its one DevTools session: their dialogs,
// navigations and requests, the publish request among them, come in the same way
// as the page's own. The sandbox stays as it is. What is given up is the wall
// between processes of sites that one flow names itself, in a profile that holds
// one account and is thrown away: nothing else is let in.

// innerRound is how long a frame is asked before the page is looked at again: it
// may have failed meanwhile, or have replaced the frame.
const innerRound = time.Second

// inner is a frame of another site.
type inner struct {
	frame proto.PageFrameID
	outer *inner // the one that it is in; nil: the page itself
}

// further is the rest of the way, inside a frame of another site.
type further struct {
	Any   [][]flow.Target `json:"any"`
	Frame []int           `json:"frame"`
	When  bool            `json:"when"` // it is of the condition, and not of what is acted on
}

// askWithin asks the page, or a frame of it, and goes on in the frames of other
// sites to which the question leads.
func (t *tab) askWithin(ctx context.Context, q question, in *inner) (answer, error) {
	limit := innerRound
	if in == nil {
		limit = time.Until(q.until)
	}
	t.inner = in
	got, err := t.askIn(ctx, q.within(limit), in)
	if err != nil || got.Foreign == nil {
		got.inside = flow.Point{X: got.X, Y: got.Y}
		return got, err
	}
	deeper, err := t.foreign(ctx, in)
	if err != nil {
		return got, err
	}
	got, err = t.askWithin(ctx, q.further(got.Foreign), deeper)
	if err != nil || !got.Spot {
		return got, err
	}
	return t.through(ctx, q, got, in)
}

// foreign gives the frame that the engine has come to.
func (t *tab) foreign(ctx context.Context, in *inner) (*inner, error) {
	element, err := t.remembered(ctx, "foreign", in)
	if err != nil {
		return nil, err
	}
	node, err := proto.DOMDescribeNode{ObjectID: element}.Call(t.page.Context(ctx))
	if err != nil {
		return nil, cause(ctx, err)
	}
	return &inner{frame: node.Node.FrameID, outer: in}, nil
}

// heldIn gives the frame whose document gets a click on what the engine found last:
// the one that it is in, or that it is.
func (t *tab) heldIn(ctx context.Context) (proto.PageFrameID, error) {
	world, err := t.enter(ctx, t.inner)
	if err != nil {
		return "", err
	}
	// A frame does not see the element that it is in where that is of another site.
	owner, err := t.evaluate(ctx, map[string]any{
		"functionDeclaration": "() => { const el = globalThis.held; return el?.contentWindow ? el : el?.ownerDocument.defaultView?.frameElement }",
		"executionContextId":  world.id,
	})
	switch {
	case err != nil:
		return "", err
	case owner.ObjectID == "" && t.inner != nil:
		return t.inner.frame, nil
	case owner.ObjectID == "":
		return t.page.frame(), nil
	}
	node, err := proto.DOMDescribeNode{ObjectID: owner.ObjectID}.Call(t.page.Context(ctx))
	if err != nil {
		return "", cause(ctx, err)
	}
	return node.Node.FrameID, nil
}

// through gives a spot in a frame as one of what the frame is in.
func (t *tab) through(ctx context.Context, q question, spot answer, in *inner) (answer, error) {
	out, err := t.askIn(ctx, question{Op: "through", X: spot.X, Y: spot.Y, Fails: q.Fails, Typed: q.Typed, until: q.until}.within(innerRound), in)
	if err != nil || !out.Done {
		return out, err
	}
	spot.X, spot.Y = out.X, out.Y
	return spot, nil
}

// unmoved tells whether what was found is still at a spot, and so are the frames
// around it.
func (t *tab) unmoved(ctx context.Context, q question, spot answer) bool {
	q.Op, q.X, q.Y = "same", spot.inside.X, spot.inside.Y
	now, err := t.askOnce(ctx, q)
	if err != nil || !now.Same {
		return false
	}
	now.X, now.Y = q.X, q.Y
	for in := t.inner; in != nil; in = in.outer {
		if now, err = t.through(ctx, q, now, in.outer); err != nil || !now.Done {
			return false
		}
	}
	return math.Abs(now.X-spot.X) < 1 && math.Abs(now.Y-spot.Y) < 1
}

// askEverywhere puts a question to the page and to all frames in it.
func (t *tab) askEverywhere(ctx context.Context, q question) error {
	if _, err := t.ask(ctx, q); err != nil {
		return err
	}
	tree, err := proto.PageGetFrameTree{}.Call(t.page.Context(ctx))
	if err != nil {
		return cause(ctx, err)
	}
	return t.askBelow(ctx, q, tree.FrameTree)
}

func (t *tab) askBelow(ctx context.Context, q question, tree *proto.PageFrameTree) error {
	if err := t.seesAll(ctx, tree); err != nil {
		return err
	}
	for _, child := range tree.ChildFrames {
		in := &inner{frame: child.Frame.ID}
		_, err := t.askIn(ctx, q, in)
		if err != nil && pageWentAway(err) { // its document is another by now
			t.update(func() { delete(t.worlds, in.frame) })
			_, err = t.askIn(ctx, q, in)
		}
		if err == nil {
			err = t.askBelow(ctx, q, child)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// errApart is of a browser elsewhere, which may keep a frame of another site in a
// process of its own.
var errApart = &trouble{fault: flow.Owner, err: errors.New("the browser elsewhere keeps a frame of another site apart, where nothing can be seen or done; hint: start it with --disable-site-isolation-trials")}

// noFrame is the browser's error for a frame that a page does not have, or not in
// its process.
const noFrame = -32602

// apart is the error of entering a frame.
func (t *tab) apart(in *inner, err error) error {
	var e *cdp.Error
	if in != nil && t.proxy == nil && errors.As(err, &e) && e.Code == noFrame {
		return errApart
	}
	return err
}

// seesAll makes sure that no frame in a document is kept apart.
func (t *tab) seesAll(ctx context.Context, tree *proto.PageFrameTree) error {
	if t.proxy != nil {
		return nil
	}
	var in *inner
	if !t.isMain(tree.Frame.ID) {
		in = &inner{frame: tree.Frame.ID}
	}
	world, err := t.enter(ctx, in)
	if err != nil {
		return err
	}
	got, err := t.evaluate(ctx, map[string]any{"functionDeclaration": "() => length", "executionContextId": world.id, "returnByValue": true})
	if err == nil && string(got.Value) != strconv.Itoa(len(tree.ChildFrames)) {
		err = errApart
	}
	return err
}

// further is what is to be asked in a frame of another site. The conditions that
// end the run are the page's own.
func (q question) further(rest *further) question {
	q.Fails = nil
	if !rest.When {
		q.At = q.At.further(rest)
		return q
	}
	when := *q.When
	only := when.Any[0][0]
	only.At = only.At.further(rest)
	when.Any = [][]test{{only}}
	q.When = &when
	return q
}

func (a *at) further(rest *further) *at {
	return &at{Name: a.Name, Any: rest.Any, Frame: rest.Frame}
}

// keepWorld remembers the engine's world in a frame. It is called under the lock.
func (t *tab) keepWorld(frame proto.PageFrameID, w *world) {
	if t.worlds == nil {
		t.worlds = map[proto.PageFrameID]*world{}
	}
	t.worlds[frame] = w
}
