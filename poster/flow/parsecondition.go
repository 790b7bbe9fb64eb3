package flow

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mailapp/filter/strictyaml"
)

// Conditions. A text is a locator that can be seen; a mapping is tests that
// must all hold; a list holds if any of its items does.

// condition reads what is waited for, expected, or asked of a page.
func (p *parser) condition(n strictyaml.Node) Condition {
	switch {
	case n.IsMapping():
		return Condition{Any: [][]Test{p.tests(n)}}
	case n.IsList() && slices.ContainsFunc(n.List(), strictyaml.Node.IsMapping):
		var c Condition
		for _, item := range n.List() {
			c.Any = append(c.Any, p.condition(item).Any...)
		}
		return c
	}
	return Condition{Any: [][]Test{{{Kind: See, At: p.locator(n)}}}}
}

// guard reads the condition of an if, where a text that is one placeholder
// asks whether its value is there: not empty, and not the no of a yes-no.
func (p *parser) guard(n strictyaml.Node) Condition {
	var t Template
	if n.IsText() {
		t, _ = ParseTemplate(n.Text()) // its mistake is the locator's, too
	}
	if len(t.parts) != 1 || t.parts[0].name == "" {
		return p.condition(n)
	}
	p.visible(n)
	name := t.parts[0].name
	is := Pattern{Kind: Set}
	for _, a := range p.flow.Parameters {
		if a.Name == name && a.Type == YesNoType {
			is = Pattern{Kind: Plain, Text: asItStands("yes")}
		}
	}
	return Condition{Any: [][]Test{{{Kind: Field, Name: name, Is: is}}}}
}

// partners are the keys that say more about a test, and of which tests.
var partners = map[string][]TestKind{
	"at": {Says, Holds}, "is": {Count, Field}, "at-least": {Count}, "at-most": {Count},
}

// tests reads a mapping of tests.
func (p *parser) tests(n strictyaml.Node) []Test {
	m := p.mapping(n, theTests)
	p.lonely(n, m)
	var all []Test
	for _, kind := range []TestKind{Field, URL, See, Gone, Count, Says, Holds, Enabled} {
		if v := m[string(kind)]; v.IsSet() {
			all = append(all, p.test(kind, v, m))
		}
	}
	if len(all) == 0 {
		n.Mistake("here belongs what to look for: see, gone, count, url, text, value, enabled or field")
	}
	return all
}

// lonely notes the keys whose test is missing, and those that two claim.
func (p *parser) lonely(n strictyaml.Node, m map[string]strictyaml.Node) {
	for _, key := range []string{"at", "at-least", "at-most", "is"} {
		var words []string
		given := 0
		for _, kind := range partners[key] {
			words = append(words, string(kind))
			if m[string(kind)].IsSet() {
				given++
			}
		}
		if m[key].IsSet() && given == 0 {
			m[key].Mistake("%s belongs to %s, which is not here", key, strings.Join(words, " or "))
		}
		if key == "is" && given > 1 {
			n.Mistake("both count and field take is: put one of them into an if of its own")
		}
	}
}

func (p *parser) test(kind TestKind, n strictyaml.Node, m map[string]strictyaml.Node) Test {
	t := Test{Kind: kind}
	switch kind {
	case See, Gone, Enabled:
		t.At = p.locator(n)
	case Count:
		t.At = p.locator(n)
		t.AtLeast, t.AtMost = p.bounds(n, m)
	case URL:
		t.Is = p.url(n)
	case Says, Holds:
		t.Is = p.pattern(n)
		if m["at"].IsSet() {
			t.At = p.locator(m["at"])
		} else if kind == Holds {
			n.Mistake("at is missing: the field that holds the value")
		}
	case Field:
		t.Name = p.fieldName(n)
		t.Is = p.pattern(m["is"])
		if !m["is"].IsSet() {
			n.Mistake("is is missing: what the field must be, such as empty or set")
		}
	}
	return t
}

// fieldName reads the name of a placeholder, without braces.
func (p *parser) fieldName(n strictyaml.Node) string {
	name := n.Text()
	if n.IsText() && !nameText().MatchString(name) {
		n.Mistake("here belongs the name of a placeholder without its braces, not %q", name)
		return ""
	}
	t := Template{text: "{{" + name + "}}", parts: []part{{name: name}}, pos: n.Pos()}
	inSight(n, t)
	p.use(t, false)
	return name
}

// bounds reads is, at-least and at-most of a count.
func (p *parser) bounds(n strictyaml.Node, m map[string]strictyaml.Node) (least, most Template) {
	is := m["is"].IsSet() && !m["field"].IsSet()
	switch {
	case is && (m["at-least"].IsSet() || m["at-most"].IsSet()):
		n.Mistake("is says it all: at-least and at-most do not stand beside it")
	case is:
		exact := p.bound(m["is"])
		return exact, exact
	case !m["at-least"].IsSet() && !m["at-most"].IsSet():
		n.Mistake("is is missing, or at-least or at-most: how many")
	}
	least, most = p.bound(m["at-least"]), p.bound(m["at-most"])
	low, isLow := wholeNumber(least.text)
	high, isHigh := wholeNumber(most.text)
	if isLow && isHigh && low > high {
		n.Mistake("no count is at least %d and at most %d", low, high)
	}
	return least, most
}

// bound reads a number of elements.
func (p *parser) bound(n strictyaml.Node) Template {
	t := p.visible(n)
	if _, ok := wholeNumber(t.text); !ok && n.IsText() && len(t.Names()) == 0 {
		n.Mistake("here belongs a number such as 3 or \"{{%s}}\", not %q", PhotoCount, t.text)
	}
	return t
}

// wholeNumber reads a number of at most four digits.
func wholeNumber(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0 && n < 10_000
}

// url reads a pattern for the whole address.
func (p *parser) url(n strictyaml.Node) Pattern {
	is := p.pattern(n)
	begins := is.Text.text
	if n.IsText() && (is.Kind == Plain || is.Kind == Glob) && !strings.HasPrefix(begins, "*") &&
		!strings.HasPrefix(begins, "http") && !strings.HasPrefix(begins, "{{") {
		n.Mistake("the whole address is compared: let %q begin with * or http", begins)
	}
	return is
}

// strange is what RE2 and JavaScript do not read alike.
var strange = compiled(`\(\?[imsU-]*[:)]|\(\?P?<|\\[AzQEC]|\[\[:|\\[pP]|\\x\{`)

// pattern reads what a text is compared with.
func (p *parser) pattern(n strictyaml.Node) Pattern {
	text := n.Text()
	switch {
	case n.IsText() && strings.TrimSpace(text) == "":
		n.Mistake("here belongs a text; one that is empty is called: empty")
	case text == string(Empty), text == string(Set):
		return Pattern{Kind: PatternKind(text)}
	case len(text) > 2 && strings.HasPrefix(text, "/") && strings.HasSuffix(text, "/"):
		return p.expression(n, text[1:len(text)-1])
	case strings.Contains(text, "*"):
		return Pattern{Kind: Glob, Text: p.visible(n)}
	}
	return Pattern{Kind: Plain, Text: p.visible(n)}
}

// expression reads a regular expression, written without its slashes.
func (p *parser) expression(n strictyaml.Node, text string) Pattern {
	whole := p.visible(n)
	t, err := ParseTemplate(text)
	if err != nil {
		return Pattern{Kind: Regexp, Text: whole}
	}
	t.pos = whole.pos
	bare := placeholder().ReplaceAllLiteralString(text, "x")
	if _, err := regexp.Compile(bare); err != nil {
		n.Mistake("%v", err)
	} else if s := strange().FindString(strings.ReplaceAll(bare, "(?:", "(")); s != "" {
		n.Mistake("%q is not read alike by browsers and mailapp: write the expression without it", s)
	}
	return Pattern{Kind: Regexp, Text: t}
}
