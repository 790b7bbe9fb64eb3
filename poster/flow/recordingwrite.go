package flow

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// How an imported flow names things: what a person reads on the page first,
// then short selectors, then paths through the page, XPath last.

// named is an alternative as it is written, and how good it is; 0 is best.
type named struct {
	text  string
	worth int
}

// locators gives the alternatives of what a step acts on, quoted for YAML, the
// best one first. It asks for a better one where none is good.
func (w *importer) locators(s Step) []string {
	inside := frames(s.Recorded.Frame)
	if inside != "" {
		w.look("this is in a frame; better than its number is its name, as in css/iframe#editor")
	}
	var all []named
	for _, c := range s.At.Alternatives {
		if c[len(c)-1].Kind == Nth {
			continue // the last resort
		}
		text := inside + asWritten(withoutBraces(c), inside == "")
		links := len(c) + 2*len(s.Recorded.Frame)
		switch said := slices.ContainsFunc(all, func(n named) bool { return n.text == text }); {
		case said:
		case meansItself(text, links):
			all = append(all, named{text, worth(c, s.Verb)})
		case bracePairs().MatchString(text) && worth(c, s.Verb) != byOwnText:
			w.look("a selector is left out, since braces in pairs would be a placeholder here: %s", oneLine(c.String()))
		}
	}
	slices.SortStableFunc(all, func(a, b named) int { return a.worth - b.worth })
	all = distinct(all)
	if len(all) > 0 && all[0].worth >= byPath && s.Verb != WaitFor {
		w.look("known by its place on the page, or by a name that a program made; better is a text that one sees")
	}
	list := make([]string, len(all))
	for i, n := range all {
		list[i] = quote(n.text)
	}
	return list
}

// meansItself tells whether a text is read as a locator of so many links with
// no placeholder in it.
func meansItself(text string, links int) bool {
	l, err := ParseLocator(text)
	if err != nil || l.String() != text || len(l.Alternatives[0]) != links {
		return false
	}
	return !slices.ContainsFunc(l.Alternatives[0], func(l Link) bool { return len(l.Value.Names()) > 0 })
}

// bracePairs are what a placeholder is known by. cssBraces writes the second of
// each two as CSS can, so that they are none.
var (
	bracePairs = compiled(`\{\{|\}\}`)
	cssBraces  = strings.NewReplacer("{{", `{\7b `, "}}", `}\7d `)
)

// withoutBraces is the same chain with no braces in pairs, where it can be had.
func withoutBraces(c Chain) Chain {
	c = slices.Clone(c)
	for i, l := range c {
		if l.Kind == CSS || l.Kind == Pierce {
			c[i].Value = asItStands(cssBraces.Replace(l.Value.text))
		}
	}
	return c
}

// frames writes the way into a frame.
func frames(path []int) string {
	var way strings.Builder
	for _, index := range path {
		fmt.Fprintf(&way, "css/iframe%snth/%d%s", chained, index+1, chained)
	}
	return way.String()
}

// asWritten is a chain as a person would write it: an accessible name plainly.
func asWritten(c Chain, plainly bool) string {
	if last := c[0]; plainly && len(c) == 1 && last.Kind == Aria && last.Role == "" {
		if l, err := ParseLocator(last.Value.text); err == nil && l.Alternatives[0][0].Kind == Named && len(l.Alternatives[0]) == 1 {
			return last.Value.text
		}
	}
	return c.String()
}

// How good the kinds of alternatives are.
const (
	byName = iota
	byText
	bySelector
	byPiercing
	byXPathID
	byNearID // of something around it
	byPath
	byLongXPath
	byOwnText // of a field, what was in it when it was recorded
)

var (
	pathMarks = compiled(`[ >+~]|:nth`)
	generated = compiled(`\d{3,}|:r\w*:|[0-9a-f]{8,}`)
	xpathID   = compiled(`^//\*\[@id="([^"]+)"\]$`)
)

// worth tells how good an alternative is for what a verb does.
func worth(c Chain, verb Verb) int {
	l := c[len(c)-1]
	text := l.Value.text
	switch {
	case l.Kind == Text && verb == Fill:
		return byOwnText
	case l.Kind == Aria && text != "":
		return byName
	case l.Kind == Text:
		return byText
	case generated().MatchString(text):
		return byPath
	case xpathID().MatchString(text):
		return byXPathID
	case l.Kind == XPath:
		return byLongXPath
	case pathMarks().MatchString(text) && strings.HasPrefix(text, "#") && !strings.Contains(text, ":nth"):
		return byNearID
	case pathMarks().MatchString(text) || l.Kind == Aria:
		return byPath
	case l.Kind == Pierce:
		return byPiercing
	}
	return bySelector
}

// distinct leaves out what only says again what a better alternative says, and
// the own text of a field that has a name.
func distinct(all []named) []named {
	said := map[string]bool{}
	return slices.DeleteFunc(all, func(n named) bool {
		meaning := meaning(n.text)
		again := said[meaning] || n.worth == byOwnText && len(said) > 0
		said[meaning] = true
		return again
	})
}

// meaning is what an alternative looks for, whichever way.
func meaning(text string) string {
	kind, rest, _ := strings.Cut(text, "/")
	switch Kind(kind) {
	case Text, CSS, Pierce:
		return rest
	case XPath:
		if m := xpathID().FindStringSubmatch(rest); m != nil {
			return "#" + m[1]
		}
	}
	return text
}

var menuSelector = compiled(`(^|[^\w-])select($|[^\w-])`)

// seemsMenu tells whether a field is a native select, where its selectors say.
func seemsMenu(at Locator) bool {
	return slices.ContainsFunc(at.Alternatives, func(c Chain) bool {
		l := c[len(c)-1]
		if l.Kind == Aria {
			return l.Role == "combobox" || l.Role == "listbox"
		}
		return l.Kind != Text && menuSelector().MatchString(lastPiece(l.Kind, l.Value.text))
	})
}

var (
	plainScalar = compiled(`^[\pL][\pL\pN]*([ /.()+=_>-]+[\pL\pN#.(]+)*[)]?$`)
	yamlWord    = compiled(`(?i)^(true|false|null|yes|no|on|off|y|n)$`)
)

// quote writes a text as a YAML scalar that may stand anywhere in a line.
func quote(text string) string {
	switch {
	case plainScalar().MatchString(text) && !yamlWord().MatchString(text) && !strings.Contains(text, " #"):
		return text
	case strings.ContainsAny(text, `"\`) && strconv.Quote(text) == `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)+`"`:
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return strconv.Quote(text)
}
