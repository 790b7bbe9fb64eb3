package flow

import (
	"regexp"
	"slices"
	"strings"

	"mailapp/filter/strictyaml"
)

// What belongs to the verbs that act.
//
// The rule of secrets (C29): {{password}} stands in the text of a fill or type
// and nowhere else; {{photos}} and {{photo}} in upload.

// acts reads what belongs to a verb.
func (p *parser) acts(verb Verb, n strictyaml.Node) []Step {
	switch verb {
	case Open:
		return []Step{{Value: p.address(n)}}
	case Fill, Type, Choose, Upload:
		return p.fields(verb, n)
	case Press:
		return p.presses(n)
	case Scroll:
		if n.IsText() && (n.Text() == string(Top) || n.Text() == string(Bottom)) {
			return []Step{{Edge: Edge(n.Text())}}
		}
	case WaitFor, Expect:
		return []Step{{Condition: p.condition(n)}}
	case Read:
		return p.readings(n)
	case ReadEach:
		return []Step{p.readEach(n)}
	case Answer:
		return []Step{{Answers: p.answers(n)}}
	case Resize:
		if !n.IsSet() {
			n.Mistake("here belongs width and height in pixels, such as 1280x900")
		}
		return []Step{{Viewport: viewport(n)}}
	}
	return []Step{{At: p.locator(n)}}
}

// address reads what open opens.
func (p *parser) address(n strictyaml.Node) Template {
	t := p.visible(n)
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

// pair is a field and the node of what it gets.
type pair struct {
	at   Locator
	with strictyaml.Node
}

// pairs reads `{Title: …, Price: …}` or, where a field needs several locators,
// `[{at: …, with: …}, …]`.
func (p *parser) pairs(n strictyaml.Node) []pair {
	if n.IsList() || n.Peek("at") != "" && n.Peek("with") != "" {
		return p.listed(n)
	}
	var all []pair
	entries := n.Entries()
	if len(entries) == 0 && (!n.IsSet() || n.IsMapping()) {
		n.Mistake("here belong a field and its value, as in Title: \"{{title}}\"")
	}
	for _, e := range entries {
		all = append(all, pair{p.locator(e.Name), e.Value})
	}
	return all
}

func (p *parser) listed(n strictyaml.Node) []pair {
	var all []pair
	for _, item := range p.list(n) {
		m := p.mapping(item, fieldText)
		if m["at"].IsSet() && m["with"].IsSet() {
			all = append(all, pair{p.locator(m["at"]), m["with"]})
		}
	}
	return all
}

func (p *parser) fields(verb Verb, n strictyaml.Node) []Step {
	var steps []Step
	for _, f := range p.pairs(n) {
		s := Step{At: f.at}
		switch verb {
		case Fill, Type:
			s.Value = p.hidden(f.with)
		case Choose:
			s.Value = p.visible(f.with)
		case Upload:
			s.Value = p.photos(f.with)
		}
		steps = append(steps, s)
	}
	return steps
}

// photos reads what upload takes.
func (p *parser) photos(n strictyaml.Node) Template {
	t := p.template(n)
	switch {
	case t.only(OnePhoto) && !p.inPhotos:
		n.Mistake("{{%s}} is known only inside for-each-photo; did you mean {{%s}}?", OnePhoto, Photos)
	case t.only(Photos) && p.inPhotos:
		n.Mistake("inside for-each-photo upload takes \"{{%s}}\": the others have rounds of their own", OnePhoto)
	case !t.only(Photos) && !t.only(OnePhoto) && (n.IsText() || !n.IsSet()):
		n.Mistake("upload takes \"{{%s}}\" and nothing else", Photos)
	}
	return t
}

func (p *parser) presses(n strictyaml.Node) []Step {
	if n.IsText() || !n.IsSet() {
		return []Step{{Keys: keyCombination(n)}}
	}
	var steps []Step
	for _, f := range p.pairs(n) {
		steps = append(steps, Step{At: f.at, Keys: keyCombination(f.with)})
	}
	return steps
}

// Keys as the DOM's KeyboardEvent.key names them.
var (
	modifierKeys = []string{"Control", "Shift", "Alt", "Meta"}
	namedKeys    = strings.Fields("Enter Tab Escape Backspace Delete Insert Home End PageUp PageDown ArrowUp ArrowDown " +
		"ArrowLeft ArrowRight Space F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 ContextMenu")
)

// keyCombination reads Enter or Control+Shift+A.
func keyCombination(n strictyaml.Node) []string {
	if !n.IsSet() {
		n.Mistake("here belongs a key such as Enter, or Control+A")
		return nil
	}
	text := n.Text()
	keys := strings.Split(text, "+")
	if text == "+" || strings.HasSuffix(text, "++") {
		keys = append(strings.Split(strings.TrimSuffix(text, "+"), "+"), "+")
		keys = slices.DeleteFunc(keys, func(k string) bool { return k == "" })
	}
	for i, key := range keys {
		last := i == len(keys)-1
		switch {
		case !n.IsText():
		case !last && !slices.Contains(modifierKeys, key):
			n.Mistake("only %s can be held with another key, not %q", strings.Join(modifierKeys, ", "), key)
		case last && len([]rune(key)) != 1 && !slices.Contains(namedKeys, key):
			n.Mistake("unknown key %q%s", key, strictyaml.DidYouMean(key, namedKeys))
		}
	}
	return keys
}

// answers reads how dialogs are to be answered.
func (p *parser) answers(n strictyaml.Node) Answers {
	m := p.mapping(n, theAnswers)
	if n.IsMapping() && len(n.Entries()) == 0 || !n.IsSet() {
		n.Mistake("here belong dialogs and what they get, as in confirm: accept")
	}
	return Answers{
		Alert:     Reply(m["alert"].OneOf("reply", enumerations[failOrAccept]...)),
		Confirm:   Reply(m["confirm"].OneOf("reply", enumerations[yesOrNo]...)),
		Prompt:    p.visible(m["prompt"]),
		HasPrompt: m["prompt"].IsSet(),
		Leaving:   Reply(m["leaving"].OneOf("reply", enumerations[stayOrLeave]...)),
	}
}

func (p *parser) readings(n strictyaml.Node) []Step {
	entries := n.Entries()
	if len(entries) == 0 && (!n.IsSet() || n.IsMapping()) {
		n.Mistake("here belong names and where to read them, as in url: {from: url}")
	}
	var steps []Step
	for _, e := range entries {
		steps = append(steps, p.reading(e))
		p.name(e)
	}
	return steps
}

// name notes that a value is read, and what is wrong with its name.
func (p *parser) name(e strictyaml.Entry) {
	goodName(e)
	isParameter := func(a Parameter) bool { return a.Name == e.Key }
	switch {
	case slices.Contains(p.certain, e.Key):
		e.Name.Mistake("%q is read twice", e.Key)
	case slices.Contains(ours, e.Key):
		e.Name.Mistake("{{%s}} is a word of the language; give the value another name", e.Key)
	case slices.ContainsFunc(p.flow.Parameters, isParameter):
		e.Name.Mistake("%q is a parameter; give the value another name", e.Key)
	}
	p.certain = append(p.certain, e.Key)
	if !slices.Contains(p.flow.reads, e.Key) {
		p.flow.reads = append(p.flow.reads, e.Key)
	}
}

// readEach reads `{at: css/.ad, read: {url: …}}`. Its names are those of a
// list's columns, not of single values.
func (p *parser) readEach(n strictyaml.Node) Step {
	m := p.mapping(n, eachReading)
	s := Step{}
	if m["at"].IsSet() {
		s.At = p.locator(m["at"])
	}
	for _, e := range m["read"].Entries() {
		goodName(e)
		column := p.reading(e)
		if from := column.Read.From; from == Given || from == "url" {
			e.Value.Mistake("%s: every row would have the same: read it by a read of its own", e.Key)
		}
		column.Verb, column.Pos = Read, e.Name.Pos()
		s.Steps = append(s.Steps, column)
	}
	for _, name := range rowNames {
		isIt := func(column Step) bool { return column.Read.Name == name }
		if m["read"].IsMapping() && !slices.ContainsFunc(s.Steps, isIt) {
			m["read"].Mistake("%s is missing: an ad is known again by its url and title", name)
		}
	}
	return s
}

// rowNames are the values that each row of a list must have.
var rowNames = []string{"url", "title"}

var (
	attribute = compiled(`^[a-z][a-z0-9_-]*$`)
	property  = compiled(`^property/[A-Za-z_$][A-Za-z0-9_$]*$`)
)

// reading reads one `number: {at: css/.number, from: text, matching: '(\d+)'}`.
func (p *parser) reading(e strictyaml.Entry) Step {
	n := e.Value.In("%s", e.Key)
	m := p.mapping(n, aReading)
	s := Step{Read: Reading{Name: e.Key, From: "text", Matching: matching(m["matching"])}}
	if m["from"].IsSet() {
		s.Read.From = m["from"].Text()
	}
	if m["at"].IsSet() {
		s.At = p.locator(m["at"])
	}
	if strings.Contains(s.Read.From, "{{") {
		s.Read.From, s.Value = Given, p.visible(m["from"])
	}
	s.Read.Number = m["as"].OneOf("form", "number") != ""
	checkReading(e, n, m, s.Read.From)
	return s
}

// checkReading notes what does not fit together in a reading.
func checkReading(e strictyaml.Entry, n strictyaml.Node, m map[string]strictyaml.Node, from string) {
	switch {
	case !n.IsSet():
		e.Name.Mistake("here belongs where to read %s, as in {at: css/.%s}", e.Key, e.Key)
	case !n.IsMapping():
	case from == "url" && m["at"].IsSet():
		n.Mistake("the page's url is not read at an element; did you mean from: link?")
	case from == Given && m["at"].IsSet():
		n.Mistake("a value is not read at an element: at does not stand beside it")
	case from == Given && m["from"].Text() == Given:
		m["from"].Mistake("the value itself stands here, as in from: \"{{title}}\"")
	case from == Given && !m["matching"].IsSet() && !m["as"].IsSet():
		n.Mistake("matching is missing: what to take of the value")
	case from == Given:
	case from != "url" && !m["at"].IsSet():
		n.Mistake("at is missing: the element to read %s from", from)
	case m["from"].IsText() && !attribute().MatchString(from) && !property().MatchString(from):
		m["from"].Mistake("from is text, url, link, value, property/NAME or the name of an attribute, not %q", from)
	}
}

// matching reads a regular expression; nil where there is none.
func matching(n strictyaml.Node) *regexp.Regexp {
	if !n.IsSet() {
		return nil
	}
	re, err := regexp.Compile(n.Text())
	if err != nil {
		n.Mistake("%v", err)
	}
	return re
}
