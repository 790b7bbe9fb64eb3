package flow

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mailapp/filter/strictyaml"
)

// The types of steps in a recording, and what each becomes. What is done on an
// element waits for it as everywhere; the rest is as the reference has it:
//   - doubleClick right behind a click on the same element is the second half of
//     it, since Chrome writes down both;
//   - change sets whatever the field is: text, select, box, colour, editor;
//   - waitForElement counts elements whether they can be seen or not. Its
//     operator is >= unless it is given, though the schema's text says ==, and
//     visible: false turns the whole condition round;
//   - customStep does nothing.

// everyStep has the fields that every type of step may have.
var everyStep = []string{"type", "timeout", "assertedEvents", "target", "frame"}

// recordedKind is a type of step. Its read fills in a step whose common fields
// are there; false if nothing is left to do.
type recordedKind struct {
	name   string
	fields []string // beside those of every step
	needed []string
	read   func(r *recorder, s *Step, m map[string]strictyaml.Node) bool
}

var (
	clickFields    = []string{"selectors", "offsetX", "offsetY", "button", "deviceType", "duration"}
	viewportFields = []string{"width", "height", "deviceScaleFactor", "isMobile", "hasTouch", "isLandscape"}
	networkFields  = []string{"download", "upload", "latency"}
	elementFields  = []string{"selectors", "operator", "count", "visible", "properties", "attributes"}
)

// recordedKinds has every type of the schema.
var recordedKinds = []recordedKind{
	{"setViewport", viewportFields, viewportFields, (*recorder).setViewport},
	{"navigate", []string{"url"}, []string{"url"}, (*recorder).navigate},
	{"click", clickFields, clickFields[:3], (*recorder).click},
	{"doubleClick", clickFields, clickFields[:3], (*recorder).doubleClick},
	{"hover", []string{"selectors"}, []string{"selectors"}, (*recorder).hover},
	{"change", []string{"selectors", "value"}, []string{"selectors", "value"}, (*recorder).change},
	{"keyDown", []string{"key"}, []string{"key"}, (*recorder).keyDown},
	{"keyUp", []string{"key"}, []string{"key"}, (*recorder).keyUp},
	{"scroll", []string{"selectors", "x", "y"}, nil, (*recorder).scroll},
	{"waitForElement", elementFields, elementFields[:1], (*recorder).waitForElement},
	{"waitForExpression", []string{"expression"}, []string{"expression"}, (*recorder).waitForExpression},
	{"customStep", []string{"name", "parameters"}, []string{"name"}, (*recorder).customStep},
	{"close", nil, nil, (*recorder).closePage},
	{"emulateNetworkConditions", networkFields, networkFields, (*recorder).networkConditions},
}

func (r *recorder) setViewport(s *Step, m map[string]strictyaml.Node) bool {
	s.Verb = Resize
	s.Viewport = Viewport{pixels(m["width"]), pixels(m["height"])}
	s.Recorded.Scale, _ = m["deviceScaleFactor"].Number()
	s.Recorded.Mobile, s.Recorded.Touch = m["isMobile"].Bool(), m["hasTouch"].Bool()
	m["isLandscape"].Bool() // width and height say it, too
	return true
}

// pixels reads a side of the page.
func pixels(n strictyaml.Node) int {
	x, ok := n.Number()
	if ok && (x < 1 || x > 10_000) {
		n.Mistake("a page has from 1 to 10000 pixels, not %g", x)
		return 0
	}
	return int(x)
}

// point reads two numbers; what is not there is 0.
func point(x, y strictyaml.Node) *Point {
	left, _ := x.Number()
	top, _ := y.Number()
	return &Point{left, top}
}

// navigate opens a page of the web. What the browser shows before that, such
// as its new tab, is no page.
func (r *recorder) navigate(s *Step, m map[string]strictyaml.Node) bool {
	s.Verb = Open
	address := m["url"].Text()
	u, err := url.Parse(address)
	switch {
	case address == "":
		return false
	case err == nil && slices.Contains([]string{"about", "chrome", "edge", "chrome-search"}, u.Scheme):
		r.note(s, "left out: %s is a page of the browser itself", oneLine(address))
		return false
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		m["url"].Mistake("only addresses that begin with http:// or https:// are opened")
		return false
	}
	r.origin(address)
	if s.Value, err = r.use(address, m["url"].Pos(), false); err != nil {
		m["url"].Mistake("%v", err)
	}
	return true
}

func (r *recorder) click(s *Step, m map[string]strictyaml.Node) bool {
	s.Verb = Click
	buttons := []string{string(Primary), string(Auxiliary), string(Secondary), string(Back), string(Forward)}
	s.Recorded.Button = Primary
	if m["button"].IsSet() {
		s.Recorded.Button = Button(m["button"].OneOf("button", buttons...))
	}
	s.Recorded.Offset = point(m["offsetX"], m["offsetY"])
	if s.Recorded.Held, _ = milliseconds(m["duration"]); s.Recorded.Held < 0 {
		m["duration"].Mistake("duration is a number of milliseconds")
	}
	if d := m["deviceType"].OneOf("deviceType", "mouse", "pen", "touch"); d != "" && d != "mouse" {
		r.note(s, "it was done by %s; the flow uses the mouse", d)
	}
	s.Recorded.Keys = r.held()
	return true
}

func (r *recorder) doubleClick(s *Step, m map[string]strictyaml.Node) bool {
	r.click(s, m)
	s.Verb = DoubleClick
	if last := len(r.flow.Steps) - 1; last >= 0 {
		before := r.flow.Steps[last]
		s.Recorded.Second = before.Verb == Click && before.Recorded.Button == s.Recorded.Button && sameElement(before, *s)
	}
	return true
}

func (r *recorder) hover(s *Step, _ map[string]strictyaml.Node) bool {
	s.Verb = Hover
	return true
}

// fakePath is what a page is told of a chosen file.
var fakePath = compiled(`(?i)^c:[\\/]fakepath[\\/]`)

// change puts something into a field. Files become the photos of the mail, and
// what the person typed for them becomes the fields of the mail.
func (r *recorder) change(s *Step, m map[string]strictyaml.Node) bool {
	s.Verb = Fill
	typed := m["value"].Text()
	text := placeholders(typed)
	switch {
	case fakePath().MatchString(typed):
		s.Verb, text = Upload, "{{"+Photos+"}}"
		if !r.chosen(s) {
			return false
		}
	case forPassword(s.At) && text != "{{"+Password+"}}":
		text = "{{" + Password + "}}"
		r.note(s, "this seems to be a password, so it becomes {{%s}}; if it was a real one, take it out of the recording", Password)
	}
	var err error
	if s.Value, err = r.use(text, m["value"].Pos(), true); err != nil {
		m["value"].Mistake("%v", err)
	}
	if s.Verb == Fill {
		noPhotos(m["value"], s.Value)
	}
	return true
}

// chosen tells whether an upload is needed: files that were chosen one after
// the other are one upload. The click that opened the browser's own window for
// it goes, since nobody would close that.
func (r *recorder) chosen(s *Step) bool {
	last := len(r.flow.Steps) - 1
	if last < 0 || !sameElement(r.flow.Steps[last], *s) {
		return true
	}
	switch before := r.flow.Steps[last]; before.Verb {
	case Upload:
		r.note(s, "left out: all photos are uploaded there already")
		return false
	case Click:
		r.note(&before, "left out: the click only opened the window to choose a file in")
		r.flow.Notes[len(r.flow.Notes)-1].settled = true
		r.flow.Steps = r.flow.Steps[:last]
	}
	return true
}

// keyDown presses a key. Modifiers are kept until they are let go.
func (r *recorder) keyDown(s *Step, m map[string]strictyaml.Node) bool {
	key, ok := keyOf(m["key"].Text())
	switch {
	case !ok:
		unknownKey(m["key"])
		return false
	case slices.Contains(modifierKeys, key):
		if !slices.Contains(r.held(), key) {
			s.Verb, s.Keys = Press, []string{key}
			r.down = append(r.down, heldKey{name: key, step: *s})
		}
		return false
	}
	s.Verb, s.Keys = Press, append(r.held(), key)
	return true
}

// held gives the modifiers that are down, for something to be done with them.
func (r *recorder) held() []string {
	var names []string
	for i := range r.down {
		names = append(names, r.down[i].name)
		r.down[i].used = true
	}
	return names
}

// keyUp ends what keyDown has begun. A page may come only now.
func (r *recorder) keyUp(s *Step, m map[string]strictyaml.Node) bool {
	key, ok := keyOf(m["key"].Text())
	if !ok {
		unknownKey(m["key"])
		return false
	}
	if at := slices.IndexFunc(r.down, func(k heldKey) bool { return k.name == key }); at >= 0 {
		alone := r.down[at]
		r.down = slices.Delete(r.down, at, at+1)
		navigates := s.Recorded.Navigates
		*s = alone.step
		s.Recorded.Navigates = s.Recorded.Navigates || navigates
		return !alone.used
	}
	for _, before := range slices.Backward(r.flow.Steps) {
		if before.Verb == Press && before.Keys[len(before.Keys)-1] == key {
			before.Recorded.Navigates = before.Recorded.Navigates || s.Recorded.Navigates
			return false
		}
	}
	if !slices.Contains(modifierKeys, key) {
		r.note(s, "left out: the key %s was pressed before the recording began", key)
	}
	return false
}

func unknownKey(n strictyaml.Node) {
	if n.IsText() {
		n.Mistake("unknown key %q%s", n.Text(), strictyaml.DidYouMean(n.Text(), slices.Concat(namedKeys, modifierKeys)))
	}
}

func (r *recorder) scroll(s *Step, m map[string]strictyaml.Node) bool {
	s.Verb = Scroll
	s.Recorded.ScrollTo = point(m["x"], m["y"])
	return true
}

func (r *recorder) waitForElement(s *Step, m map[string]strictyaml.Node) bool {
	s.Verb = WaitFor
	count, given := m["count"].Number()
	if !given {
		count = 1
	}
	if count < 0 || count > 9999 || count != float64(int(count)) {
		m["count"].Mistake("count is a number of elements from 0 to 9999")
		return false
	}
	t := Test{Kind: Count, At: s.At, Hidden: true}
	number := strconv.Itoa(int(count))
	bound := asItStands(number)
	switch operator := m["operator"].OneOf("operator", ">=", "==", "<="); {
	case operator == "==":
		t.AtLeast, t.AtMost = bound, bound
	case operator == "<=":
		t.AtMost = bound
	default:
		t.AtLeast = bound
	}
	t.Attributes = attributes(m["attributes"])
	if p := m["properties"]; p.IsMapping() && len(p.Entries()) > 0 {
		t.Properties = p.JSON()
	} else if p.IsSet() && !p.IsMapping() {
		p.Mistake("properties is an object")
	}
	s.Condition = Condition{Any: [][]Test{{t}}, Not: m["visible"].IsSet() && !m["visible"].Bool()}
	s.At = Locator{}
	return true
}

func attributes(n strictyaml.Node) map[string]string {
	var all map[string]string
	if n.IsSet() && !n.IsMapping() {
		n.Mistake("attributes is an object")
		return nil
	}
	for _, e := range n.Entries() {
		if all == nil {
			all = map[string]string{}
		}
		if e.Value.IsText() && !strings.HasPrefix(e.Value.JSON(), `"`) || !e.Value.IsSet() {
			e.Value.Mistake("attributes: the value of %q is no text", e.Key)
		}
		all[e.Key] = e.Value.Text()
	}
	return all
}

func (r *recorder) waitForExpression(s *Step, m map[string]strictyaml.Node) bool {
	s.Verb = WaitFor
	s.Condition = Condition{Any: [][]Test{{{Kind: Script, Expression: m["expression"].Text()}}}}
	return true
}

func (r *recorder) customStep(s *Step, m map[string]strictyaml.Node) bool {
	r.note(s, "left out: nothing is known of the customStep %q", oneLine(m["name"].Text()))
	return false
}

// closePage closes a window; the page itself is closed when the run is over.
func (r *recorder) closePage(s *Step, _ map[string]strictyaml.Node) bool {
	s.Verb = Close
	if s.Recorded.Target == "" {
		r.note(s, "left out: the page is closed when the run is over")
		return false
	}
	return true
}

func (r *recorder) networkConditions(s *Step, m map[string]strictyaml.Node) bool {
	s.Verb = Throttle
	s.Recorded.Network.Download, _ = m["download"].Number()
	s.Recorded.Network.Upload, _ = m["upload"].Number()
	s.Recorded.Network.Latency, _ = milliseconds(m["latency"])
	return true
}
