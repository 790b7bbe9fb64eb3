package flow

import (
	"regexp"
	"slices"
	"strings"

	"mailapp/filter/strictyaml"
)

// Parse reads a flow file, the content of the file that messages call name.
// The error is [strictyaml.Mistakes]: all of them, in the order of the file.
// Beside it the flow is what could be read, so that it can be checked for more.
func Parse(name string, data []byte) (*Flow, error) {
	doc := strictyaml.Parse(name, data)
	f := &Flow{Name: name, StepLimit: DefaultStepLimit, Limit: DefaultLimit}
	root := doc.Root()
	m := root.Mapping("origins", "step-limit", "limit", "fails-when", "steps")
	f.Origins = parseOrigins(m["origins"])
	if d := m["step-limit"].Duration(); d > 0 {
		f.StepLimit = d
	}
	if d := m["limit"].Duration(); d > 0 {
		f.Limit = d
	}
	for _, n := range m["fails-when"].List() {
		f.FailsWhen = append(f.FailsWhen, parseFailing(n))
	}
	p := parser{names: map[string]bool{}}
	for i, n := range m["steps"].List() {
		p.item(i+1, n)
	}
	f.Steps = p.steps
	if doc.Err() == nil {
		requireWhole(root, f)
	}
	return f, doc.Err()
}

// requireWhole notes what every flow must have.
func requireWhole(root strictyaml.Node, f *Flow) {
	switch {
	case len(f.Origins) == 0:
		root.Mistake("origins is missing: the addresses that the browser may open, as in origins: [\"{{site}}\"]")
	case len(f.Steps) == 0:
		root.Mistake("steps is missing: what to do, as in steps: [open: \"{{site}}\"]")
	}
}

func parseOrigins(n strictyaml.Node) []Template {
	var origins []Template
	for _, item := range n.List() {
		t := visible(item)
		if len(t.Names()) == 0 && item.IsText() {
			if _, err := ParseOrigin(t.String()); err != nil {
				item.Mistake("%v", err)
			}
		}
		origins = append(origins, t)
	}
	return origins
}

func parseFailing(n strictyaml.Node) Failing {
	n = n.In("fails-when")
	m := n.Mapping("see", "fault")
	if n.IsMapping() && !m["fault"].IsSet() {
		n.Mistake("fault is missing: sender, owner or site")
	}
	fault := m["fault"].OneOf("fault", string(Sender), string(Owner), string(Site))
	if n.IsMapping() && !m["see"].IsSet() {
		n.Mistake("see is missing: what to look for")
		return Failing{}
	}
	return Failing{See: locator(m["see"]), Fault: Fault(fault), Pos: n.Pos()}
}

// parser gathers the steps and what later ones depend on.
type parser struct {
	steps     []Step
	published bool
	names     map[string]bool // read so far
}

// item reads one list item, which is one key, the verb, and what belongs to it.
func (p *parser) item(number int, n strictyaml.Node) {
	entries := n.In("step %d", number).Entries()
	if len(entries) != 1 {
		if n.IsMapping() || !n.IsSet() {
			n.Mistake("step %d: a step is one of %s and what it acts on", number, strings.Join(verbs, ", "))
		}
		return
	}
	e := entries[0]
	verb := Verb(e.Key)
	if !slices.Contains(verbs, e.Key) {
		e.Name.Mistake("unknown step %q%s", e.Key, strictyaml.DidYouMean(e.Key, verbs))
		return
	}
	p.order(verb, e.Name)
	for _, s := range p.acts(verb, e.Value.In("%s", verb)) {
		s.Number, s.Verb, s.Pos = number, verb, n.Pos()
		p.steps = append(p.steps, s)
	}
}

// order keeps the rule of the point of no return: one publish, and after it
// only looking (C26).
func (p *parser) order(verb Verb, at strictyaml.Node) {
	switch {
	case p.published && verb == Publish:
		at.Mistake("publish stands only once in a flow")
	case p.published && verb != Expect && verb != Read:
		at.Mistake("after publish only expect and read may follow: nothing after it is done twice or undone")
	case verb == Publish:
		p.published = true
	}
}

// acts reads what belongs to a verb.
func (p *parser) acts(verb Verb, n strictyaml.Node) []Step {
	switch verb {
	case Open:
		return []Step{{Value: address(n)}}
	case Fill, Choose, Upload:
		return fields(verb, n)
	case Read:
		return p.readings(n)
	}
	return []Step{{At: locator(n)}}
}

// fields reads `{Title: "{{title}}", Price: …}`, several in order.
func fields(verb Verb, n strictyaml.Node) []Step {
	entries := n.Entries()
	if len(entries) == 0 && (!n.IsSet() || n.IsMapping()) {
		n.Mistake("here belong a field and its value, as in Title: \"{{title}}\"")
	}
	var steps []Step
	for _, e := range entries {
		s := Step{At: locator(e.Name)}
		switch verb {
		case Fill:
			s.Value = template(e.Value)
			noPhotos(e.Value, s.Value)
		case Choose:
			s.Value = visible(e.Value)
		case Upload:
			if t := template(e.Value); !slices.Equal(t.parts, []part{{name: Photos}}) {
				e.Value.Mistake("upload takes \"{{%s}}\" and nothing else", Photos)
			}
		}
		steps = append(steps, s)
	}
	return steps
}

func (p *parser) readings(n strictyaml.Node) []Step {
	entries := n.Entries()
	if len(entries) == 0 && (!n.IsSet() || n.IsMapping()) {
		n.Mistake("here belong names and where to read them, as in url: {from: url}")
	}
	var steps []Step
	for _, e := range entries {
		if p.names[e.Key] {
			e.Name.Mistake("%q is read twice", e.Key)
		}
		p.names[e.Key] = true
		steps = append(steps, reading(e))
	}
	return steps
}

var (
	readName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)
	attribute = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)
)

// reading reads one `number: {at: css/.number, from: text, matching: '(\d+)'}`.
func reading(e strictyaml.Entry) Step {
	if !readName.MatchString(e.Key) {
		e.Name.Mistake("a name consists of letters, digits, - and _, not %q", e.Key)
	}
	n := e.Value.In("%s", e.Key)
	m := n.Mapping("at", "from", "matching")
	s := Step{Read: Reading{Name: e.Key, From: "text", Matching: pattern(m["matching"])}}
	if m["from"].IsSet() {
		s.Read.From = m["from"].Text()
	}
	if m["at"].IsSet() {
		s.At = locator(m["at"])
	}
	switch {
	case !n.IsSet() || !n.IsMapping():
		e.Name.Mistake("%s: where to read it is missing, as in %s: {at: css/.number}", e.Key, e.Key)
	case !attribute.MatchString(s.Read.From):
		m["from"].Mistake("from is text, url, link, value or the name of an attribute")
	case s.Read.From == "url" && m["at"].IsSet():
		m["at"].Mistake("the page's url is not read at an element; did you mean from: link?")
	case s.Read.From != "url" && !m["at"].IsSet():
		n.Mistake("at is missing: the element to read %s from", s.Read.From)
	}
	return s
}

func pattern(n strictyaml.Node) *regexp.Regexp {
	if !n.IsSet() {
		return nil
	}
	re, err := regexp.Compile(n.Text())
	if err != nil {
		n.Mistake("%v", err)
	}
	return re
}

// address reads what open opens.
func address(n strictyaml.Node) Template {
	t := visible(n)
	if !n.IsText() || len(t.parts) > 0 && t.parts[0].name != "" {
		if !n.IsSet() {
			n.Mistake("here belongs an address, as in \"{{site}}/login\"")
		}
		return t
	}
	if !strings.HasPrefix(t.text, "http://") && !strings.HasPrefix(t.text, "https://") {
		n.Mistake("an address begins with http://, https:// or a placeholder such as {{site}}")
	}
	return t
}

func locator(n strictyaml.Node) Locator {
	text := n.Text()
	if n.IsSet() && !n.IsText() {
		return Locator{}
	}
	l, err := ParseLocator(text)
	if err != nil {
		n.Mistake("%v", err)
		return Locator{}
	}
	l.Value.pos = n.Pos()
	inSight(n, l.Value)
	return l
}

// template reads a text with placeholders, whichever they are.
func template(n strictyaml.Node) Template {
	t, err := ParseTemplate(n.Text())
	if err != nil {
		n.Mistake("%v", err)
	}
	t.pos = n.Pos()
	return t
}

// visible reads a text that can be seen on the page, in a URL or in a log.
func visible(n strictyaml.Node) Template {
	t := template(n)
	inSight(n, t)
	return t
}

func inSight(n strictyaml.Node, t Template) {
	if slices.Contains(t.Names(), Password) {
		n.Mistake("{{%s}} is a secret: only fill takes it", Password)
	}
	noPhotos(n, t)
}

func noPhotos(n strictyaml.Node, t Template) {
	if slices.Contains(t.Names(), Photos) {
		n.Mistake("{{%s}} belongs to upload", Photos)
	}
}
