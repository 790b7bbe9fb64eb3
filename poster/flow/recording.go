package flow

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"mailapp/filter/strictyaml"
)

// Recordings: what the Recorder panel of Chrome's DevTools exports as JSON, in
// the schema of @puppeteer/replay. A recording becomes an ordinary flow.
//
// The rules:
//   - Every type of step and every field of the schema is known; anything else
//     is a mistake, as in YAML. What means nothing to a run is left out, and a
//     note says so.
//   - The origins are those of all pages that were opened or led to.
//   - Publish is the last click, so that it is never repeated (C26). If more
//     than looking follows it, there is no telling which step publishes, and
//     none does: a note says so. After it the page's address is read as url.
//   - What a field held in the midst of typing is nothing, and neither are the
//     keys that came up then.
//   - Only what was typed, or opened, can hold a placeholder: a selector's braces
//     and dollars are the page's own.
//   - A password never comes out of a recording: what went into a password
//     field is {{password}} (C29).

// Recorded is what only a recording says of a step.
type Recorded struct {
	Target    string // URL of the window, or of the frame of another site, where it is done; empty for the page itself
	Frame     []int  // the way down from there: indexes of child frames, from 0, hidden ones counted
	Navigates bool   // it leads to another document, which is waited for

	Button Button        // of click, double-click, publish
	Offset *Point        // the same: from the top left of the element in CSS pixels; nil is its middle
	Held   time.Duration // the same: between mouse down and mouse up
	Keys   []string      // the same: modifiers that are down meanwhile, such as Shift

	// Second is of double-click: the step before was its first click, since Chrome
	// writes down both.
	Second bool

	// ScrollTo is of scroll: how far what is At, or else the page, is scrolled.
	ScrollTo *Point

	Scale  float64 // of viewport: device pixels for a CSS pixel
	Mobile bool    // of viewport: the page is laid out as on a phone
	Touch  bool    // of viewport: there is a touch screen

	Network Network // of emulate network conditions
}

// Network is how slow the network is made.
type Network struct {
	Download, Upload float64       // bytes a second; below 0 as fast as it is
	Latency          time.Duration // from a request to its answer
}

// Point is a place or distance in CSS pixels.
type Point struct{ X, Y float64 }

// Button is one of a mouse's.
type Button string

// The buttons of a mouse.
const (
	Primary   Button = "primary"
	Auxiliary Button = "auxiliary"
	Secondary Button = "secondary"
	Back      Button = "back"
	Forward   Button = "forward"
)

// Note is something about a recording that a person should know. It is no
// mistake: the flow can be run.
type Note struct {
	File string
	strictyaml.Pos
	Step int    // of the recording, from 1; 0 if it is about the whole
	Text string // begins with the step

	settled bool // nobody has to do anything about it
}

// String gives the note as file:line:column: text.
func (n Note) String() string { return fmt.Sprintf("%s:%d:%d: %s", n.File, n.Line, n.Column, n.Text) }

var (
	beginsAsJSON = compiled(`^(\x{feff})?\s*\{\s*"`)
	hasSteps     = compiled(`"steps"\s*:`)
	hasOrigins   = compiled(`"origins"\s*:`) // a flow of ours that is written as JSON
)

// isRecording tells a recording from a flow by its content.
func isRecording(data []byte) bool {
	return beginsAsJSON().Match(data) && hasSteps().Match(data) && !hasOrigins().Match(data)
}

// recorder turns one recording into a flow.
type recorder struct {
	flow *Flow
	down []heldKey // modifiers
}

// heldKey is a modifier that is down.
type heldKey struct {
	name string
	step Step // that pressed it
	used bool // together with something
}

// The longest and shortest time that the schema lets a step have.
const (
	minRecordedTimeout = time.Millisecond
	maxRecordedTimeout = 30 * time.Second
)

func parseRecording(name string, data []byte) (*Flow, error) {
	doc := strictyaml.ParseJSON(name, bytes.TrimPrefix(data, []byte("\ufeff")))
	f := &Flow{Name: name, StepLimit: DefaultStepLimit, Limit: DefaultLimit, Sections: map[Section][]Step{}}
	r := &recorder{flow: f}
	root := doc.Root()
	m := root.In("recording").Mapping("title", "timeout", "selectorAttribute", "steps")
	needed(root.In("recording"), m, "title", "steps")
	m["title"].Text()
	if t := r.timeout(m["timeout"]); t > 0 {
		f.StepLimit = t
	}
	if m["steps"].IsSet() && !m["steps"].IsList() {
		m["steps"].Mistake("here belongs a list of steps")
	}
	steps := m["steps"].Out().List()
	midst := typing(steps)
	for i, n := range steps {
		r.step(i+1, n, midst[i])
	}
	if doc.Err() == nil {
		r.publish()
		r.whole(root)
	}
	slices.SortStableFunc(f.Notes, func(a, b Note) int { return a.Step - b.Step }) // often all is on one line
	return f, doc.Err()
}

// needed notes the fields that must be there and are not.
func needed(n strictyaml.Node, m map[string]strictyaml.Node, fields ...string) {
	for _, f := range fields {
		if n.IsMapping() && !m[f].IsSet() {
			n.Mistake("%s is missing", f)
		}
	}
}

// whole notes what every flow must have.
func (r *recorder) whole(root strictyaml.Node) {
	switch {
	case len(r.flow.Steps) == 0:
		root.Mistake("nothing is done in this recording")
	case len(r.flow.Origins) == 0:
		root.Mistake("this recording opens no page: begin it with one that navigates to the site")
	}
}

// note notes something about a step.
func (r *recorder) note(s *Step, format string, args ...any) {
	text := fmt.Sprintf("step %s: ", s.Number) + fmt.Sprintf(format, args...)
	r.flow.Notes = append(r.flow.Notes, Note{File: r.flow.Name, Pos: s.Pos, Step: s.Item(), Text: text})
}

// noteWhole notes something about the whole recording.
func (r *recorder) noteWhole(text string) {
	r.flow.Notes = append(r.flow.Notes, Note{File: r.flow.Name, Pos: strictyaml.Pos{Line: 1, Column: 1}, Text: text})
}

// step reads one step, which may become none, as it does in the midst of typing.
func (r *recorder) step(number int, n strictyaml.Node, midst bool) {
	n = n.In("step %d", number)
	kind, ok := kindOf(n)
	if !ok {
		return
	}
	m := n.Mapping(slices.Concat(everyStep, kind.fields)...)
	needed(n, m, kind.needed...)
	if midst {
		return
	}
	s := Step{Number: strconv.Itoa(number), Pos: n.Pos(), Recorded: &Recorded{}}
	s.Timeout = r.timeout(m["timeout"])
	if target := mainPage(m["target"].Text()); target != "" {
		s.Recorded.Target = target
		r.origin(target)
	}
	s.Recorded.Frame = frame(m["frame"])
	s.Recorded.Navigates = r.assertedEvents(m["assertedEvents"])
	if m["selectors"].IsSet() {
		s.At = r.selectors(&s, m["selectors"])
	}
	at := s.At
	if kind.read(r, &s, m) {
		r.likePlaceholder(&s, at)
		r.flow.Steps = append(r.flow.Steps, s)
	}
}

// kindOf finds out what a step does; false if that cannot be told.
func kindOf(n strictyaml.Node) (recordedKind, bool) {
	if !n.IsMapping() {
		n.Mistake("here belongs a step: an object with a type")
		return recordedKind{}, false
	}
	for _, e := range n.Entries() {
		if e.Key != "type" {
			continue
		}
		var names []string
		for _, k := range recordedKinds {
			if names = append(names, k.name); k.name == e.Value.Text() {
				return k, true
			}
		}
		e.Value.Mistake("unknown type %q%s", e.Value.Text(), strictyaml.DidYouMean(e.Value.Text(), names))
		return recordedKind{}, false
	}
	n.Mistake("type is missing: what is done")
	return recordedKind{}, false
}

// timeout reads milliseconds; 0 if there are none.
func (r *recorder) timeout(n strictyaml.Node) time.Duration {
	t, ok := milliseconds(n)
	if ok && (t < minRecordedTimeout || t > maxRecordedTimeout) {
		n.Mistake("a timeout is between %d and %d milliseconds", minRecordedTimeout.Milliseconds(), maxRecordedTimeout.Milliseconds())
		return 0
	}
	return t
}

// milliseconds reads a time; false if there is none.
func milliseconds(n strictyaml.Node) (t time.Duration, ok bool) {
	x, ok := n.Number()
	return time.Duration(min(max(x, -1), 1e9) * float64(time.Millisecond)), ok
}

// assertedEvents tells whether the step leads to another page. As in the
// reference that is waited for, but its address and title are not compared.
func (r *recorder) assertedEvents(n strictyaml.Node) (navigates bool) {
	if n.IsSet() && !n.IsList() {
		n.Mistake("assertedEvents is a list")
		return false
	}
	for _, e := range n.List() {
		m := e.In("assertedEvents").Mapping("type", "url", "title")
		if e.IsMapping() && m["type"].OneOf("event", "navigation") == "" && !m["type"].IsSet() {
			e.Mistake("assertedEvents: type is missing: navigation")
		}
		r.origin(m["url"].Text())
		m["title"].Text()
		navigates = navigates || e.IsMapping()
	}
	return navigates
}

// frame reads the way to a frame.
func frame(n strictyaml.Node) []int {
	var path []int
	if n.IsSet() && !n.IsList() {
		n.Mistake("frame is a list of numbers")
		return nil
	}
	for _, item := range n.List() {
		switch index, ok := item.Number(); {
		case ok && (index < 0 || index > 999 || index != float64(int(index))):
			item.Mistake("frames are counted 0, 1, 2 and so on")
		case ok:
			path = append(path, int(index))
		}
	}
	return path
}

// origin lets the run reach the origin of an address, if it is one of the web.
func (r *recorder) origin(address string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return
	}
	text := OriginOf(u).String()
	if _, err := ParseOrigin(text); err != nil {
		return
	}
	t := asItStands(text)
	if !slices.ContainsFunc(r.flow.Origins, func(o Template) bool { return o.text == text }) {
		r.flow.Origins = append(r.flow.Origins, t)
	}
}

// publish makes the last click the one that cannot be undone.
func (r *recorder) publish() {
	steps := r.flow.Steps
	last := -1
	for i, s := range steps {
		if s.Verb == Click && s.Recorded.Button == Primary {
			last = i
		}
	}
	if last < 0 {
		r.noteWhole("nothing is clicked, so no step is publish: if one of them sends something, it may be sent twice")
		return
	}
	click, after := &steps[last], steps[last+1:]
	if i := slices.IndexFunc(after, sends); i >= 0 {
		r.note(click, "the last click is not the last thing that is done, so no step is publish: if one of them sends something, it may be sent twice (see step %s, %s)", after[i].Number, after[i])
		return
	}
	click.Verb = Publish
	r.note(click, "the last click, on %q, is taken for the one that publishes%s", click.At, beware(steps[:last+1]))
	r.flow.Steps = slices.Clip(steps[:last+1])
	for _, s := range after {
		if w, _ := wordOf(s.Verb); w.looks {
			r.flow.Steps = append(r.flow.Steps, s)
		} else {
			r.note(&s, "left out, since only looking may follow publish: %s", s)
		}
	}
	if click.Recorded.Navigates {
		r.address(click.Pos, steps[len(steps)-1])
	}
}

// publishing is what buttons that publish say: the verb comes first, or last in
// German and Dutch. So "Post now", but neither "My posts" nor "View post".
var publishing = compiled(`(?i)^\W*(publish|post|submit|send|save|publier|envoyer|enregistrer|publicar|enviar|guardar|pubblica|invia|salva)\b` +
	`|(veröffentlichen|absenden|senden|speichern|aufgeben|inserieren|publiceren|plaatsen|verzenden|opslaan)\W*$`)

// saysPublish tells whether a click's name says that it publishes.
func saysPublish(s Step) bool {
	return s.Verb == Click && slices.ContainsFunc(s.At.Alternatives, func(c Chain) bool {
		l := c[len(c)-1]
		return (l.Kind == Aria || l.Kind == Text) && publishing().MatchString(l.Value.text)
	})
}

// beware says, of steps up to publish, if an earlier click seems to be the one
// that publishes: a rehearsal would make it. What a form was filled in after was
// only the way there, though it may be called "Post an ad".
func beware(steps []Step) string {
	last := steps[len(steps)-1]
	last.Verb = Click
	if saysPublish(last) {
		return ""
	}
	for _, s := range slices.Backward(steps[:len(steps)-1]) {
		switch {
		case s.Verb == Fill || s.Verb == Upload:
			return ""
		case saysPublish(s):
			return fmt.Sprintf(". BEWARE: step %s, the click on %q, seems to be that one, and a REHEARSAL WOULD CLICK IT and publish for real; "+
				"let it be publish and leave out the clicks behind it, or record again and stop there", s.Number, s.At)
		}
	}
	return ""
}

// address reads, as the last step, where the ad is. Only a click that led to
// another page, when it was recorded, can have told that.
func (r *recorder) address(at strictyaml.Pos, last Step) {
	number, _ := strconv.Atoi(last.Number) // it is one
	r.flow.Steps = append(r.flow.Steps, Step{
		Number: strconv.Itoa(number + 1), Verb: Read, Read: Reading{Name: "url", From: "url"}, Recorded: &Recorded{}, Pos: at,
	})
	r.flow.reads = []string{"url"}
}

// sends tells whether a step could send something.
func sends(s Step) bool {
	return slices.Contains([]Verb{Click, DoubleClick, Fill, Press, Upload}, s.Verb)
}

// use gives a text with its placeholders and keeps it for [Flow.Check].
func (r *recorder) use(text string, at strictyaml.Pos, hidden bool) (Template, error) {
	t, err := ParseTemplate(text)
	t.pos = at
	if err == nil && len(t.Names()) > 0 {
		r.flow.uses = append(r.flow.uses, use{template: t, hidden: hidden})
	}
	return t, err
}

// oneLine is a text as notes and comments show it: short, and all in one line.
func oneLine(text string) string {
	line := []rune(strings.Join(strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || !unicode.IsGraphic(c) }), " "))
	if len(line) > 100 {
		return string(line[:100]) + "…"
	}
	return string(line)
}
