package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
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
var engineFunction = "task => {" +
	"const names = (" + namesSource + ")();" +
	"const finder = (" + finderSource + ")(names);" +
	"const mouse = (" + mouseSource + ")(names, finder);" +
	"const source = (" + sourceSource + ")();" +
	"const conditions = (" + conditionsSource + ")(names, finder, source, task.typed || []);" +
	"const actions = (" + actionsSource + ")(task, names, finder, mouse);" +
	"return (" + engineSource + ")(task, names, finder, mouse, source, conditions, actions) }"

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
	On     bool         `json:"on"`
	Photos int          `json:"photos,omitempty"`
	From   string       `json:"from,omitempty"`
	Reads  []taking     `json:"reads,omitempty"`
	Unlike string       `json:"unlike,omitempty"`
	Words  []string     `json:"words,omitempty"`
	X      float64      `json:"x"`
	Y      float64      `json:"y"`

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
	Was        bool       `json:"was"`
	Same       bool       `json:"same"`
	Holds      bool       `json:"holds"`
	Which      int        `json:"which"`
	Asks       bool       `json:"asks"` // a click here makes the page ask for files
	There      []bool     `json:"there"`
	Missed     string     `json:"missed"`
}

// ask puts a question to the page that is there, and again to the next page if
// that one goes away meanwhile. The engine gives up at q.until, and a page that
// does not even run the engine when ctx ends.
func (t *tab) ask(ctx context.Context, q question) (answer, error) {
	for {
		if err := context.Cause(ctx); err != nil {
			return answer{}, err
		}
		q.Limit = float64(max(time.Until(q.until), 0)) / float64(time.Millisecond)
		a, err := t.askOnce(ctx, q)
		if err == nil || !pageWentAway(err) {
			return a, err
		}
		if err := t.turnedOver(ctx); err != nil {
			return answer{}, err
		}
	}
}

// turnedOver waits a moment for the new document that an error announced.
func (t *tab) turnedOver(ctx context.Context) error {
	t.mu.Lock()
	t.world = 0
	changed := t.changed
	t.mu.Unlock()
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

// askOnce puts a question to the document that is there now.
func (t *tab) askOnce(ctx context.Context, q question) (answer, error) {
	world, err := t.enter(ctx)
	if err != nil {
		return answer{}, err
	}
	data, err := t.evaluate(ctx, map[string]any{
		"functionDeclaration": engineFunction,
		"executionContextId":  world,
		"arguments":           []any{map[string]any{"value": q}},
		"awaitPromise":        true,
		"returnByValue":       true,
	})
	if err != nil {
		return answer{}, err
	}
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
	data, err := t.page.Call(ctx, string(t.page.SessionID), "Runtime.callFunctionOn", params)
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
	world, err := t.enter(ctx)
	if err != nil {
		return "", err
	}
	r, err := t.evaluate(ctx, map[string]any{
		"functionDeclaration": "function() { return globalThis.held }",
		"executionContextId":  world,
	})
	return r.ObjectID, err
}

// enter gives the engine's world in the document that is there.
func (t *tab) enter(ctx context.Context) (int, error) {
	t.mu.Lock()
	world, loader := t.world, t.loader
	t.mu.Unlock()
	if world != 0 {
		return world, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	made, err := proto.PageCreateIsolatedWorld{FrameID: t.page.FrameID, WorldName: worldName}.Call(t.page.Context(ctx))
	if err != nil {
		return 0, cause(ctx, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.loader == loader {
		t.world = int(made.ExecutionContextID)
	}
	return int(made.ExecutionContextID), nil
}

// pageWentAway tells whether an error only means that a new document comes.
func pageWentAway(err error) bool {
	var e *cdp.Error
	return errors.As(err, &e) && e.Code == -32000
}

// cause prefers the reason why ctx has ended to what it did to a call.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
