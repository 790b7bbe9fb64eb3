package flow

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mailapp/filter/strictyaml"
)

// The way from a recording to a flow in YAML, for a person to finish. What
// such a flow says is what a person would have written; where the recording
// does not tell, a comment that begins with "look" asks.

// Import writes a recording as a YAML flow. Name is the file that holds it, for
// messages and the comment at the top. The YAML can be read by [Parse], and is
// the same whenever the recording is. The notes stand in it as comments, too.
// The error is [strictyaml.Mistakes] as in [Parse].
func Import(name string, recording []byte) (yaml []byte, notes []Note, err error) {
	if !isRecording(recording) {
		return nil, nil, strictyaml.Mistakes{{File: name, Pos: strictyaml.Pos{Line: 1, Column: 1}, Text: "this is no recording: a JSON object with steps, as the Recorder panel exports it"}}
	}
	f, err := parseRecording(name, recording)
	if err != nil {
		return nil, f.Notes, err
	}
	w := &importer{flow: f, notes: f.Notes}
	w.head()
	w.steps()
	w.askProof()
	return w.Bytes(), f.Notes, nil
}

// importer writes one flow.
type importer struct {
	bytes.Buffer
	flow  *Flow
	site  string // the origin that {{site}} stands for; empty if no page is opened
	notes []Note // those that are not written yet
	shape bool   // the viewport stands at the top
	login bool   // what is written is the name to log in with
	proof int    // where a proof of publish belongs, in bytes; 0 without publish
}

func (w *importer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// look writes a comment for the person, broken into lines.
func (w *importer) look(format string, args ...any) {
	const width = 90
	line := "  # look:"
	for _, word := range strings.Fields(fmt.Sprintf(format, args...)) {
		if len(line)+len(word) > width {
			w.line("%s", line)
			line = "  #  "
		}
		line += " " + word
	}
	w.line("%s", line)
}

func (w *importer) head() {
	w.line("# Made by mailapp flow import from %s. Read it through, above all where a", oneLine(w.flow.Name))
	w.line("# comment begins with \"look\", and rehearse it: see mailapp-flow(5). The steps that")
	w.line("# comments name are those of the recording.")
	var origins []string
	for _, s := range w.flow.Steps {
		if u, err := url.Parse(s.Value.text); s.Verb == Open && err == nil {
			w.site = OriginOf(u).String()
			w.line("#\n# The app says in rules.yaml: url: %s", w.site)
			break
		}
	}
	for _, o := range w.flow.Origins {
		if o.text == w.site {
			origins = slices.Insert(origins, 0, quote("{{site}}"))
		} else {
			origins = append(origins, quote(o.text))
		}
	}
	w.line("\norigins: [%s]", strings.Join(origins, ", "))
	if first := w.flow.Steps[0]; first.Verb == Resize && writable(first.Viewport) {
		w.shape = true
		w.line("viewport: %dx%d", first.Viewport.Width, first.Viewport.Height)
	}
	if w.flow.StepLimit != DefaultStepLimit {
		w.line("step-limit: %v", w.flow.StepLimit)
	}
	w.line("\n%s", askFailures)
}

// askFailures asks for error pages. Whose fault it is differs: a refused login
// is never the sender's (C27), though sites often mark up both errors alike.
const askFailures = `# look: how does the site say that it refuses the login, and how that it refuses the ad?
# The first is the owner's fault, the second the sender's. As in
# fails-when:
#   - {see: "css/form:has([type=password]) .error", fault: owner}
#   - {see: "css/form:has(textarea) .error", fault: sender}`

// writable tells whether a viewport can be written in YAML.
func writable(v Viewport) bool {
	return v.Width >= 100 && v.Height >= 100 && v.Width < 10_000 && v.Height < 10_000
}

func (w *importer) steps() {
	w.line("\nsteps:")
	all := w.flow.Steps
	var clicked, published bool
	for i, s := range all {
		w.notesUntil(s.Item())
		clicked, published = clicked || s.Verb == Click, published || s.Verb == Publish
		var next Step
		if i+1 < len(all) {
			next = all[i+1]
		}
		switch {
		case i == 0 && w.shape:
		case s.Verb == Click && next.Recorded != nil && w.leadsOnlyTo(s, next):
			w.line("  # Left out: the click into this field, which %s makes needless.", next.Verb)
		case s.Verb == Click && next.Verb == DoubleClick && next.Recorded.Second:
			w.line("  # Left out: the first click of the double-click.")
		default:
			w.login = beforePassword(all[i:])
			w.step(s)
		}
		if s.Verb == Publish {
			w.proof = w.Len()
		}
	}
	w.notesUntil(strictyaml.MaxSize) // that many steps no recording has
	switch {
	case published:
	case clicked:
		w.look("which click sends the post? Let it be publish in place of click, and only wait and read after it")
	default:
		w.look("a flow without publish only reads. What is the answer? As in read: {answer: {at: css/.forecast}}")
	}
}

// leadsOnlyTo tells whether a click does nothing but begin what comes next.
func (w *importer) leadsOnlyTo(click, next Step) bool {
	into := next.Verb == Fill && sameElement(click, next)
	return into && click.Recorded.Button == Primary && !click.Recorded.Navigates
}

// askProof asks for what proves that publish has worked, if nothing does that
// could be written.
func (w *importer) askProof() {
	f, err := Parse(w.flow.Name, w.Bytes())
	if w.proof == 0 || err != nil || len(f.Hints()) == 0 {
		return
	}
	after := bytes.Clone(w.Bytes()[w.proof:])
	w.Truncate(w.proof)
	w.look("after publish no step proves that it has worked; add an expect of what only the site's confirmation says, as in expect: Your ad is online")
	w.Write(after)
}

// beforePassword tells whether the first step fills the field right before one
// for the password, so that it is the name to log in with.
func beforePassword(steps []Step) bool {
	i := slices.IndexFunc(steps[1:], func(s Step) bool { return s.Verb == Fill })
	return steps[0].Verb == Fill && i >= 0 && slices.Contains(steps[1+i].Value.Names(), Password)
}

// notesUntil writes the notes up to a step of the recording.
func (w *importer) notesUntil(step int) {
	for len(w.notes) > 0 && w.notes[0].Step <= step {
		if n := w.notes[0]; n.settled {
			w.line("  # %s", n.Text)
		} else {
			w.look("%s", n.Text)
		}
		w.notes = w.notes[1:]
	}
}

// step writes one step, or a comment where it cannot be written.
func (w *importer) step(s Step) {
	if s.Recorded.Target != "" && s.Verb != Close {
		w.look("this was done in another window, so it belongs into window, or in another site's frame, so css/iframe >> belongs before its locator: %s", oneLine(s.Recorded.Target))
	}
	var at []string
	if s.At.IsSet() {
		if at = w.locators(s); len(at) == 0 {
			w.look("%s: none of the recorded selectors can be written here", s)
			return
		}
	}
	switch s.Verb {
	case Open:
		w.line("  - open: %s", w.address(s.Value.text))
	case Resize:
		w.resize(s)
		return
	case Scroll:
		w.scroll(s, at)
	case WaitFor:
		if !w.wait(s) {
			return
		}
	case Close:
		w.line("  # Left out: the window is closed here.")
		return
	case Throttle:
		w.line("  # Left out: the network was made slower here.")
		return
	case Press:
		w.line("  - press: %s", quote(strings.Join(s.Keys, "+")))
	case Fill, Upload:
		w.put(s, at)
	case Read:
		w.line("  - read: {url: {from: url}}")
	default:
		w.clicked(s)
		w.on(string(s.Verb), at)
	}
	if s.Timeout > 0 && !(s.Verb == Scroll && len(at) == 0) {
		w.line("    timeout: %v", s.Timeout)
	}
}

// address writes what is opened, on the site itself by {{site}}.
func (w *importer) address(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return quote(text)
	}
	origin := OriginOf(u).String()
	_, rest, _ := strings.Cut(text, "//")
	rest = rest[len(rest)-len(strings.TrimLeftFunc(rest, func(c rune) bool { return !strings.ContainsRune("/?#", c) })):]
	if origin == w.site {
		origin = "{{site}}"
	}
	return quote(origin + rest)
}

func (w *importer) resize(s Step) {
	if !writable(s.Viewport) {
		w.look("left out: %s", s)
		return
	}
	w.line("  - viewport: %dx%d", s.Viewport.Width, s.Viewport.Height)
}

// scroll writes that something is scrolled to; the page scrolls by itself.
func (w *importer) scroll(s Step, at []string) {
	to := s.Recorded.ScrollTo
	if len(at) == 0 {
		w.line("  # Left out: the page was scrolled to %g, %g; steps bring what they need into view.", to.X, to.Y)
		return
	}
	w.look("it was scrolled inside, to %g, %g", to.X, to.Y)
	w.on(string(s.Verb), at)
}

// clicked asks what a click was that is none with the left button alone.
func (w *importer) clicked(s Step) {
	if keys := s.Recorded.Keys; len(keys) > 0 {
		w.look("%s was held during this click", strings.Join(keys, "+"))
	}
	if b := s.Recorded.Button; b != Primary && b != "" {
		w.look("this click was made with the %s button", b)
	}
}

// put writes what goes into a field.
func (w *importer) put(s Step, at []string) {
	verb := s.Verb
	if verb == Fill && seemsMenu(s.At) {
		verb = Choose
	}
	switch given := verb == Upload || len(s.Value.Names()) > 0; {
	case given:
	case w.login:
		w.look("the name to log in with? Better is {{account}}, which the app has in rules.yaml")
	default:
		w.look("the same in every post? If not, write a field such as {{title}}")
	}
	value := quote(s.Value.text)
	if len(at) == 1 && len(at[0]) < 60 {
		w.line("  - %s: {%s: %s}", verb, at[0], value)
		return
	}
	w.line("  - %s:\n      - at: [%s]\n        with: %s", verb, strings.Join(at, ", "), value)
}

// on writes a verb and what it acts on.
func (w *importer) on(verb string, at []string) {
	w.line("  - %s: %s", verb, locatorList(at))
}

func locatorList(at []string) string {
	if len(at) == 1 {
		return at[0]
	}
	return "[" + strings.Join(at, ", ") + "]"
}

// wait writes what is waited for; false if that cannot be written.
func (w *importer) wait(s Step) bool {
	t := s.Condition.Any[0][0]
	if t.Kind == Script {
		w.look("the recording waits here for an expression; wait for what one sees: %s", oneLine(t.Expression))
		return false
	}
	at := w.locators(Step{Verb: WaitFor, At: t.At, Recorded: s.Recorded})
	least, most, ok := bounds(t, s.Condition.Not)
	if !ok || len(at) == 0 {
		w.look("the recording waits here: %s", s.Condition)
		return false
	}
	if len(t.Attributes) > 0 || t.Properties != "" {
		w.look("the recording asks for attributes or properties, too: see step %s", s.Number)
	}
	list := locatorList(at)
	switch {
	case least == 1 && most < 0:
		w.line("  - wait-for: %s", list)
	case most == 0:
		w.line("  - wait-for: {gone: %s}", list)
	case least == most:
		w.line("  - wait-for: {count: %s, is: %d}", list, least)
	case most < 0:
		w.line("  - wait-for: {count: %s, at-least: %d}", list, least)
	default:
		w.line("  - wait-for: {count: %s, at-most: %d}", list, most)
	}
	return true
}

// bounds gives the smallest and largest count that fit, -1 for no largest;
// false if no such two do.
func bounds(t Test, not bool) (least, most int, ok bool) {
	low, _ := strconv.Atoi(t.AtLeast.text)
	high, err := strconv.Atoi(t.AtMost.text)
	if err != nil {
		high = -1
	}
	switch {
	case !not:
		return low, high, true
	case low > 0 && high < 0:
		return 0, low - 1, true
	case low == 0 && high >= 0:
		return high + 1, -1, true
	}
	return 0, 0, false
}
