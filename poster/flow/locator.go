package flow

import (
	"strconv"
	"strings"
)

// Kind is how a link of a locator finds its element.
type Kind string

// The kinds of links. All but Named are written as a prefix, as in Chrome's
// recordings. White space, no-break spaces too, is folded in names and texts.
const (
	Named  Kind = "named"  // by label, visible text or accessible name; written plain
	Text   Kind = "text"   // the same, and any other element's text
	Aria   Kind = "aria"   // by the exact accessible name, and Role if it is given
	Role   Kind = "role"   // by Role, and accessible name if it is given
	CSS    Kind = "css"    // by a selector
	XPath  Kind = "xpath"  // by an expression
	Pierce Kind = "pierce" // by a CSS selector that looks into open shadow roots
	Nth    Kind = "nth"    // of what the link before finds, one
)

// Last is the Nth of nth/last.
const Last = -1

// Locator names an element of a page: the first of its alternatives that finds
// one. The zero Locator names none.
//
// Of several matches of a selector (css, xpath, pierce) the first visible one
// counts; several of a name or text are an error that lists them, unless an
// nth picks one.
type Locator struct {
	Alternatives []Chain
}

// Chain is one way to an element. Each link but the first is looked for inside
// what the one before has found: below it, inside its shadow root, or in its
// document if it is a frame.
type Chain []Link

// Link is one step on the way.
type Link struct {
	Kind  Kind
	Value Template // the text, name or selector; empty for nth and for a role without a name
	Role  string   // of role and aria; may be empty for aria
	Nth   int      // of nth: from 1, or [Last]
	Part  bool     // of text in a recording: any part of a text, as it is written; the first element counts
}

// Target is a [Link] with its placeholders filled, as an engine takes it.
type Target struct {
	Kind  Kind   `json:"kind"`
	Value string `json:"value,omitempty"`
	Role  string `json:"role,omitempty"`
	Nth   int    `json:"nth,omitempty"`
	Part  bool   `json:"part,omitempty"`
}

// Expand gives, for each alternative, what to look for with the placeholders
// filled. In a selector a value is quoted so that it cannot change the
// selector's meaning (C25): in CSS it stays one name or string, in XPath it is
// a literal, and a name or text is taken as it is and never parsed.
func (l Locator) Expand(values map[string]string) ([][]Target, error) {
	all := make([][]Target, len(l.Alternatives))
	for i, chain := range l.Alternatives {
		for _, link := range chain {
			value, err := link.expand(values)
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], Target{Kind: link.Kind, Value: value, Role: link.Role, Nth: link.Nth, Part: link.Part})
		}
	}
	return all, nil
}

func (l Link) expand(values map[string]string) (string, error) {
	switch l.Kind {
	case CSS, Pierce:
		return l.Value.expandCSS(values)
	case XPath:
		return l.Value.expandXPath(values)
	}
	return l.Value.Expand(values)
}

// IsSet tells whether the locator names something.
func (l Locator) IsSet() bool { return len(l.Alternatives) > 0 }

// String gives the locator as it is written; of several alternatives the
// first, which a person knows it by.
func (l Locator) String() string {
	if !l.IsSet() {
		return ""
	}
	return l.Alternatives[0].String()
}

// String gives the chain as it is written.
func (c Chain) String() string {
	links := make([]string, len(c))
	for i, l := range c {
		links[i] = l.String()
	}
	return strings.Join(links, chained)
}

// String gives the link as it is written.
func (l Link) String() string {
	switch {
	case l.Kind == Named:
		return l.Value.String()
	case l.Kind == Nth && l.Nth == Last:
		return "nth/last"
	case l.Kind == Nth:
		return "nth/" + strconv.Itoa(l.Nth)
	case l.Kind == Role:
		return strings.TrimSuffix("role/"+l.Role+" "+l.Value.String(), " ")
	case l.Kind == Aria && l.Role != "":
		return "aria/" + l.Value.String() + `[role="` + l.Role + `"]`
	}
	return string(l.Kind) + "/" + l.Value.String()
}
