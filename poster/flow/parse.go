package flow

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"mailapp/filter/strictyaml"
)

// Parse reads a flow file, the content of the file that messages call name: YAML,
// or a recording of Chrome's DevTools as it was exported.
// The error is [strictyaml.Mistakes]: all of them, in the order of the file.
// Beside it the flow is what could be read, so that it can be checked for more.
func Parse(name string, data []byte) (*Flow, error) {
	if isRecording(data) {
		return parseRecording(name, data)
	}
	doc := strictyaml.Parse(name, data)
	f := &Flow{Name: name, StepLimit: DefaultStepLimit, Limit: DefaultLimit, Sections: map[Section][]Step{}}
	root := doc.Root()
	p := &parser{flow: f, decided: map[string]int{}}
	m := p.mapping(root, theFlow)
	p.limits(m)
	f.Viewport = viewport(m["viewport"])
	f.Photos = p.photoLimits(m[Photos])
	p.parameters(m["parameters"])
	f.Origins = p.origins(m["origins"])
	f.HTTPLogin = p.httpLogin(m["http-login"])
	for _, n := range p.list(m["fails-when"]) {
		f.FailsWhen = append(f.FailsWhen, p.failing(n))
	}
	p.parts(m["parts"])
	f.Steps = p.section(m["steps"], "")
	for _, s := range []Section{List, Find, Remove, Renew, Change} {
		if m[string(s)].IsSet() {
			f.Sections[s] = p.section(m[string(s)], s)
		}
	}
	if rows := f.Sections[List]; len(rows) > 0 && !slices.ContainsFunc(rows, readsRows) {
		m[string(List)].Mistake("read-each is missing: a list reads url and title of each ad")
	}
	p.checkParts()
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

// parser reads one file. Its fields say where in it the reading is.
type parser struct {
	flow      *Flow
	inSection Section        // whose steps these are; empty in steps and parts
	part      string         // whose steps these are
	depth     int            // lists of steps around this one
	inPhotos  bool           // inside for-each-photo
	published bool           // publish stands before
	certain   []string       // names that have been read in any case
	decided   map[string]int // conditions of values by the lines of the blocks around
	calls     []call
}

// call is a do, kept until all parts are known.
type call struct {
	from, to string // from is empty outside of parts
	at       strictyaml.Node
}

// mapping reads the keys of a mapping and notes those that are missing.
func (p *parser) mapping(n strictyaml.Node, s shape) map[string]strictyaml.Node {
	m := n.Mapping(keys(objects[s])...)
	if s == theFlow || !n.IsMapping() {
		return m
	}
	for _, w := range objects[s] {
		if w.needed && !m[w.key].IsSet() {
			n.Mistake("%s is missing: %s", w.key, w.meaning())
		}
	}
	return m
}

// list reads a list that must not be empty; a single value is a list of one.
func (p *parser) list(n strictyaml.Node) []strictyaml.Node {
	if n.IsList() && len(n.List()) == 0 {
		n.Mistake("this list is empty")
	}
	return n.List()
}

func (p *parser) limits(m map[string]strictyaml.Node) {
	if d := m["step-limit"].Duration(); d > 0 {
		p.flow.StepLimit = d
	}
	if d := m["limit"].Duration(); d > 0 {
		p.flow.Limit = d
	}
	if m["step-limit"].IsSet() && p.flow.StepLimit > p.flow.Limit {
		m["step-limit"].Mistake("one step cannot have more time than all of them: limit is %v", p.flow.Limit)
	}
}

var viewportText = compiled(`^(\d{3,4})x(\d{3,4})$`)

func viewport(n strictyaml.Node) Viewport {
	if !n.IsSet() {
		return Viewport{}
	}
	m := viewportText().FindStringSubmatch(n.Text())
	if m == nil {
		if n.IsText() {
			n.Mistake("a viewport is width and height in pixels, such as 1280x900")
		}
		return Viewport{}
	}
	width, _ := strconv.Atoi(m[1]) // they are digits
	height, _ := strconv.Atoi(m[2])
	return Viewport{width, height}
}

func (p *parser) origins(n strictyaml.Node) []Template {
	var all []Template
	for _, item := range p.list(n) {
		t := p.visible(item)
		if len(t.Names()) == 0 && item.IsText() {
			if _, err := ParseOrigin(t.String()); err != nil {
				item.Mistake("%v", err)
			}
		}
		all = append(all, t)
	}
	return all
}

func (p *parser) httpLogin(n strictyaml.Node) *HTTPLogin {
	if !n.IsSet() {
		return nil
	}
	m := p.mapping(n.In("http-login"), aLogin)
	return &HTTPLogin{User: p.visible(m["user"]), Password: p.hidden(m["password"])}
}

func (p *parser) failing(n strictyaml.Node) Failing {
	n = n.In("fails-when")
	m := p.mapping(n, aFailing)
	var tests []Test
	if m["see"].IsSet() {
		tests = append(tests, Test{Kind: See, At: p.locator(m["see"])})
	}
	if m["url"].IsSet() {
		tests = append(tests, Test{Kind: URL, Is: p.url(m["url"])})
	}
	if m["text"].IsSet() {
		tests = append(tests, Test{Kind: Says, Is: p.pattern(m["text"])})
	}
	f := Failing{Fault: Fault(m["fault"].OneOf("fault", enumerations[aFault]...)), Say: p.visible(m["say"]), Unpublished: m["unpublished"].Bool(), Pos: n.Pos()}
	if len(tests) > 0 {
		f.When = Condition{Any: [][]Test{tests}}
	} else if n.IsMapping() {
		n.Mistake("see is missing, or url or text: what to look for")
	}
	return f
}

var nameText = compiled(`^[A-Za-z][A-Za-z0-9_-]*$`)

// goodName notes a name that could not be a placeholder.
func goodName(e strictyaml.Entry) {
	if !nameText().MatchString(e.Key) {
		e.Name.Mistake("a name consists of letters, digits, - and _, not %q", e.Key)
	}
}

// ours are the placeholders that nothing else may be called by.
var ours = []string{Photos, OnePhoto, PhotoNumber, PhotoCount, Password}

func (p *parser) parameters(n strictyaml.Node) {
	for _, e := range n.Entries() {
		goodName(e)
		if slices.Contains(ours, e.Key) {
			e.Name.Mistake("{{%s}} is a word of the language", e.Key)
		}
		p.flow.Parameters = append(p.flow.Parameters, p.parameter(e))
	}
}

func (p *parser) parameter(e strictyaml.Entry) Parameter {
	n := e.Value.In("parameter %q", e.Key)
	if !n.IsSet() {
		e.Name.Mistake("parameter %q: type is missing: what its value must be", e.Key)
	}
	m := p.mapping(n, aParameter)
	a := Parameter{
		Name: e.Key, Default: m["default"].Text(), Choices: m["choices"].Texts(),
		Required: m["required"].Bool(), Help: m["help"].Text(), Pos: e.Name.Pos(),
	}
	a.Type = ParameterType(m["type"].OneOf("type", enumerations[aType]...))
	switch {
	case a.Type == ChoiceType && len(a.Choices) == 0:
		n.Mistake("choices is missing: the values of a choice")
	case a.Type != ChoiceType && a.Type != "" && m["choices"].IsSet():
		m["choices"].Mistake("only a choice has choices; did you mean type: choice?")
	case a.Required && m["default"].IsSet():
		m["default"].Mistake("a parameter that is required needs no default")
	case a.Type != "" && m["default"].IsText():
		if why := a.wrong(a.Default); why != "" {
			m["default"].Mistake("the default %s", why)
		}
	}
	return a
}

func (p *parser) parts(n strictyaml.Node) {
	for _, e := range n.Entries() {
		goodName(e)
		p.part = e.Key
		value := e.Value.In("part %q", e.Key)
		if !value.IsSet() {
			e.Name.Mistake("part %q: steps is missing: what to do", e.Key)
		}
		m := p.mapping(value, aPart)
		part := Part{Name: e.Key, Pos: e.Name.Pos()}
		if m["needed-unless"].IsSet() {
			part.NeededUnless = p.condition(m["needed-unless"].In("needed-unless"))
		}
		part.Steps = p.steps(m["steps"].Out(), e.Key+".", 0)
		p.flow.Parts = append(p.flow.Parts, part)
	}
	p.part, p.certain = "", nil
}

// section reads the steps of a section, or of `steps` where it is "".
func (p *parser) section(n strictyaml.Node, s Section) []Step {
	p.inSection, p.published, p.certain = s, false, nil
	prefix := ""
	if s != "" {
		prefix = string(s) + "."
	}
	return p.steps(n, prefix, 0)
}

// readsRows tells whether a step of a list reads rows, be it in a block.
func readsRows(s Step) bool {
	if s.Verb == ReadEach {
		return true
	}
	inside := slices.Concat(s.Steps, s.Else)
	for _, c := range s.Cases {
		inside = append(inside, c.Steps...)
	}
	return slices.ContainsFunc(inside, readsRows)
}

// checkParts notes what is done that is no part, and parts that do themselves.
func (p *parser) checkParts() {
	var names []string
	next := map[string][]string{}
	for _, part := range p.flow.Parts {
		names = append(names, part.Name)
	}
	for _, c := range p.calls {
		next[c.from] = append(next[c.from], c.to)
	}
	for _, c := range p.calls {
		switch {
		case !slices.Contains(names, c.to) && len(names) == 0:
			c.at.Mistake("unknown part %q: the flow has no parts", c.to)
		case !slices.Contains(names, c.to):
			c.at.Mistake("unknown part %q%s", c.to, strictyaml.DidYouMean(c.to, names))
		case c.from != "" && reaches(next, c.to, c.from, map[string]bool{}):
			c.at.Mistake("part %q would do itself without end", c.from)
		}
	}
}

// reaches tells whether from leads to to.
func reaches(next map[string][]string, from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	return slices.ContainsFunc(next[from], func(n string) bool { return reaches(next, n, to, seen) })
}

// itemNumber gives the number of a list item.
func itemNumber(prefix string, i int) string { return fmt.Sprintf("%s%d", prefix, i) }

// compiled gives a pattern that is compiled when it is first asked for: most
// mails end with their header, and all patterns together take longer than they.
func compiled(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
