package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// The engine's parts: each is a function, and says at its top of what.
var (
	//go:embed names.js
	namesSource string
	//go:embed finder.js
	finderSource string
	//go:embed mouse.js
	mouseSource string
	//go:embed conditions.js
	conditionsSource string
	//go:embed actions.js
	actionsSource string
	//go:embed source.js
	sourceSource string
	//go:embed engine.js
	engineSource string
)

// engineFunction is the engine as a function of its task.
var engineFunction = sync.OnceValue(func() string {
	return "task => {" +
		"const names = (" + namesSource + ")();" +
		"const finder = (" + finderSource + ")(names);" +
		"const mouse = (" + mouseSource + ")(names, finder);" +
		"const source = (" + sourceSource + ")();" +
		"const conditions = (" + conditionsSource + ")(names, finder, source, task.typed || []);" +
		"const actions = (" + actionsSource + ")(task, names, finder, mouse);" +
		"return (" + engineSource + ")(task, names, finder, mouse, source, conditions, actions) }"
})

// world is the engine's execution context in one document.
type world struct {
	id  int
	has atomic.Bool // the engine
}

// call is the function that puts a question there. The first one in a document
// brings the engine; all others find it.
func (w *world) call() string {
	if w.has.Load() {
		return "task => globalThis.engine(task)"
	}
	return "task => (globalThis.engine = " + engineFunction() + ")(task)"
}

// worldName is the isolated world that the engine runs in.
const worldName = "mailapp"

// slack is how much later than the engine gives up a call to it does.
const slack = 2 * time.Second

// question is what the engine is asked; engine.js says what each op wants.
type question struct {
	until time.Time // when to give up looking

	Op     string       `json:"op"`
	At     *at          `json:"at,omitempty"`
	As     string       `json:"as,omitempty"` // the op that At is looked for by, if not Op
	When   *condition   `json:"when,omitempty"`
	Cases  []*condition `json:"cases,omitempty"`
	Was    int          `json:"was"`
	Limit  float64      `json:"limit"` // milliseconds
	Fails  []*condition `json:"fails,omitempty"`
	Typed  []string     `json:"typed,omitempty"` // see conditions.js
	Others []*condition `json:"others,omitempty"`
	Value  string       `json:"value"`
	Secret bool         `json:"secret,omitempty"`
	Again  bool         `json:"again,omitempty"`
	Shaped bool         `json:"shaped,omitempty"` // the paragraphs and lines of the text count, too
	On     bool         `json:"on"`
	Photos int          `json:"photos,omitempty"`
	From   string       `json:"from,omitempty"`
	Reads  []taking     `json:"reads,omitempty"`
	Unlike string       `json:"unlike,omitempty"`
	Words  []string     `json:"words,omitempty"`
	X      float64      `json:"x"`
	Y      float64      `json:"y"`

	Windows bool `json:"windows,omitempty"` // a click may open one
	Whole   bool `json:"whole,omitempty"`   // before it, the page has a moment to load whole

	// Of a recording:
	Recorded bool        `json:"recorded,omitempty"`
	Offset   *flow.Point `json:"offset,omitempty"`
	To       *flow.Point `json:"to,omitempty"`
}

// taking is one value to read from inside an element.
type taking struct {
	At   *at    `json:"at,omitempty"`
	From string `json:"from"`
}

// answer is what the engine says.
type answer struct {
	Done       bool       `json:"done"`
	Failing    *int       `json:"failing"`
	Said       string     `json:"said"`
	Status     int        `json:"status"`
	Broken     bool       `json:"broken"`
	Refused    string     `json:"refused"`
	Fault      string     `json:"fault"`
	Late       string     `json:"late"`
	Loading    bool       `json:"loading"`
	Locked     bool       `json:"locked"`     // the site wanted a login by HTTP
	Candidates []string   `json:"candidates"` // what was meant may be any of these
	Near       []string   `json:"near"`       // what is called alike
	X          float64    `json:"x"`
	Y          float64    `json:"y"`
	Text       string     `json:"text"`
	Rows       [][]string `json:"rows"`
	Filled     bool       `json:"filled"`
	Lines      bool       `json:"lines"`  // the text goes in line by line
	Clear      bool       `json:"clear"`  // after what is there was taken out
	Begins     bool       `json:"begins"` // an editor without a paragraph to write in
	Gone       bool       `json:"gone"`
	Differs    string     `json:"differs"`
	Kept       bool       `json:"kept"` // what differs is not the words
	Was        bool       `json:"was"`
	Same       bool       `json:"same"`
	Holds      bool       `json:"holds"`
	Which      int        `json:"which"`
	Asks       bool       `json:"asks"`  // a click here makes the page ask for files
	Opens      bool       `json:"opens"` // a click here opens a list to choose from
	There      []bool     `json:"there"`
	Missed     string     `json:"missed"`
	Spot       bool       `json:"spot"`    // X and Y are where to click
	Foreign    *further   `json:"foreign"` // to be asked again in a frame of another site

	inside flow.Point // where to click, in the frame of another site if it is in one
}

// ask puts a question to the page that is there, and again to the next page if
// that one goes away meanwhile. The engine gives up at q.until, and a page that
// does not even run the engine when ctx ends.
func (t *tab) ask(ctx context.Context, q question) (answer, error) {
	for {
		if err := context.Cause(ctx); err != nil {
			return answer{}, err
		}
		before := t.document()
		a, err := t.askWithin(ctx, q, nil)
		switch {
		case err == nil && a.Late != "" && t.inner != nil && time.Now().Before(q.until):
			continue
		case err == nil || !pageWentAway(err):
			return a, err
		}
		if err := t.turnedOver(ctx, before); err != nil {
			return answer{}, err
		}
	}
}

// within gives the time that the engine has for a question.
func (q question) within(limit time.Duration) question {
	q.Limit = float64(max(min(time.Until(q.until), limit), 0)) / float64(time.Millisecond)
	return q
}

// turnedOver waits a moment for the new document that an error announced, unless
// it has come in the place of the one before already.
func (t *tab) turnedOver(ctx context.Context, before string) error {
	t.mu.Lock()
	t.world, t.worlds = nil, nil
	changed, closed, came := t.changed, t.closed, t.loader != before
	t.mu.Unlock()
	if closed {
		return errClosed
	}
	if came {
		return nil
	}
	timer := time.NewTimer(20 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// askOnce puts a question to the document that is there now. What is about the
// element that was found last is asked where that was.
func (t *tab) askOnce(ctx context.Context, q question) (answer, error) {
	if followUps[q.Op] {
		return t.askIn(ctx, q, t.inner)
	}
	return t.askIn(ctx, q, nil)
}

// followUps are the questions about the element that was found last.
var followUps = map[string]bool{"filled": true, "emptied": true, "paragraph": true, "paste": true, "chosen": true, "turn": true, "same": true}

// askIn puts a question to a frame of another site, or to the page itself.
func (t *tab) askIn(ctx context.Context, q question, in *inner) (answer, error) {
	world, err := t.enter(ctx, in)
	if err != nil {
		return answer{}, err
	}
	data, err := t.evaluate(ctx, map[string]any{
		"functionDeclaration": world.call(),
		"executionContextId":  world.id,
		"arguments":           []any{map[string]any{"value": q}},
		"awaitPromise":        true,
		"returnByValue":       true,
	})
	if err != nil {
		return answer{}, err
	}
	world.has.Store(true)
	var a answer
	if err := json.Unmarshal(data.Value, &a); err != nil {
		return answer{}, fmt.Errorf("the engine's answer: %w", err)
	}
	return a, nil
}

// remote is the result of a function in the page.
type remote struct {
	ObjectID proto.RuntimeRemoteObjectID `json:"objectId"`
	Value    json.RawMessage             `json:"value"`
}

// evaluate calls a function in the page.
func (t *tab) evaluate(ctx context.Context, params map[string]any) (remote, error) {
	data, err := t.page.Call(ctx, string(t.page.session), "Runtime.callFunctionOn", params)
	if err != nil {
		return remote{}, cause(ctx, err)
	}
	var reply struct {
		Result    remote `json:"result"`
		Exception *struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	if err := json.Unmarshal(data, &reply); err != nil {
		return remote{}, fmt.Errorf("the browser's answer: %w", err)
	}
	if reply.Exception != nil {
		return remote{}, fmt.Errorf("the engine failed: %s %s", reply.Exception.Text, clean(reply.Exception.Exception.Description))
	}
	return reply.Result, nil
}

// held gives the element that the engine found last, for calls that want one.
func (t *tab) held(ctx context.Context) (proto.RuntimeRemoteObjectID, error) {
	return t.remembered(ctx, "held", t.inner)
}

// remembered gives a global of the engine's.
func (t *tab) remembered(ctx context.Context, name string, in *inner) (proto.RuntimeRemoteObjectID, error) {
	world, err := t.enter(ctx, in)
	if err != nil {
		return "", err
	}
	r, err := t.evaluate(ctx, map[string]any{
		"functionDeclaration": "function() { return globalThis." + name + " }",
		"executionContextId":  world.id,
	})
	return r.ObjectID, err
}

// enter gives the engine's world in the document that is there, in the page or
// in a frame of another site.
func (t *tab) enter(ctx context.Context, in *inner) (*world, error) {
	t.mu.Lock()
	there, loader := t.world, t.loader
	frame := t.page.frame()
	if in != nil {
		frame, there = in.frame, t.worlds[in.frame]
	}
	t.mu.Unlock()
	if there != nil {
		return there, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	made, err := proto.PageCreateIsolatedWorld{FrameID: frame, WorldName: worldName}.Call(t.page.Context(ctx))
	if err != nil {
		return nil, t.apart(in, cause(ctx, err))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	there = &world{id: int(made.ExecutionContextID)}
	switch {
	case t.loader != loader:
	case in == nil:
		t.world = there
	default:
		t.keepWorld(frame, there)
	}
	return there, nil
}

// noSession is the browser's error for a page that is closed.
const noSession = -32001

// pageWentAway tells whether an error only means that a new document comes, or
// that the page has closed.
func pageWentAway(err error) bool {
	var e *cdp.Error
	return errors.As(err, &e) && (e.Code == -32000 || e.Code == noSession)
}

// cause prefers the reason why ctx has ended to what it did to a call.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
