package flow

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Condition is something that holds on a page, or of the values, or not. The
// zero Condition is none.
type Condition struct {
	Any [][]Test // holds if all tests of any of these hold
	Not bool     // holds if it does not: an unless
}

// IsSet tells whether there is a condition.
func (c Condition) IsSet() bool { return len(c.Any) > 0 }

// needsPage tells whether the condition is about more than values.
func (c Condition) needsPage() bool {
	return slices.ContainsFunc(c.Any, func(all []Test) bool {
		return slices.ContainsFunc(all, func(t Test) bool { return t.Kind != Field })
	})
}

// TestKind is what a test looks at.
type TestKind string

// The kinds of tests, and what of [Test] each one uses.
const (
	See     TestKind = "see"     // At is visible; a plain name or text matches any part of a line
	Gone    TestKind = "gone"    // nothing that At finds is visible
	Count   TestKind = "count"   // so many visible elements fit At: AtLeast, AtMost
	URL     TestKind = "url"     // Is fits the page's address, the query too
	Says    TestKind = "text"    // Is fits the visible text of At, or of the page if At is unset
	Holds   TestKind = "value"   // Is fits what is in the field At
	Enabled TestKind = "enabled" // At is visible and can be used
	Field   TestKind = "field"   // Is fits the value whose placeholder is Name; needs no page
	Script  TestKind = "script"  // Expression comes true; only recordings have it
)

// Test is one thing to look at.
type Test struct {
	Kind            TestKind
	At              Locator
	AtLeast, AtMost Template // numbers; the empty text is no bound
	Is              Pattern
	Name            string // of field

	// What only recordings ask for.
	Hidden     bool              // of count: elements that nobody sees count, too
	Attributes map[string]string // of count: what every element's attributes must be
	Properties string            // of count: a JSON object that every element must match; may be empty
	Expression string            // of script: JavaScript; a promise is awaited
}

// PatternKind is how a pattern is to be read.
type PatternKind string

// The kinds of patterns.
const (
	Plain  PatternKind = "plain"  // the text itself; case and white space do not matter
	Glob   PatternKind = "glob"   // the whole text, where * stands for anything
	Regexp PatternKind = "regexp" // written between slashes; anywhere in the text
	Empty  PatternKind = "empty"  // nothing but white space
	Set    PatternKind = "set"    // anything else
)

// Pattern is what a text is compared with. The zero Pattern is none.
type Pattern struct {
	Kind PatternKind
	Text Template // of a regexp what stands between the slashes
}

// Expand gives an expression that is found in exactly those texts that the
// pattern fits. RE2 and JavaScript read it alike; a plain one is to be read
// without regard to case. In anchored, a plain text must be the whole one,
// else it may be any part. A value that is put in stands for itself (C25).
func (p Pattern) Expand(values map[string]string, anchored bool) (expression string, err error) {
	switch p.Kind {
	case Empty:
		return `^\s*$`, nil
	case Set:
		return `\S`, nil
	case Regexp:
		return p.Text.expand(values, func(_ int, v string) string { return regexp.QuoteMeta(v) })
	}
	text, err := p.Text.rewrite(values, p.literal, literal)
	if p.Kind == Glob || anchored {
		text = `^\s*` + text + `\s*$`
	}
	return text, err
}

// literal writes the pattern's own text as an expression.
func (p Pattern) literal(text string) string {
	if p.Kind != Glob {
		return literal(text)
	}
	pieces := strings.Split(text, "*")
	for i, piece := range pieces {
		pieces[i] = literal(piece)
	}
	return strings.Join(pieces, `[\s\S]*`)
}

var blanks = compiled(`\s+`)

// literal writes text as an expression in which any white space fits any other.
func literal(text string) string {
	return blanks().ReplaceAllLiteralString(regexp.QuoteMeta(strings.ReplaceAll(text, "\u00a0", " ")), `[\s\u00a0]+`)
}

// String gives the pattern as it is written.
func (p Pattern) String() string {
	switch p.Kind {
	case Regexp:
		return "/" + p.Text.String() + "/"
	case Empty, Set:
		return string(p.Kind)
	}
	return fmt.Sprintf("%q", p.Text)
}

// String gives the condition as messages show it: "Log out", or url "*/ad/*".
func (c Condition) String() string {
	any := make([]string, len(c.Any))
	for i, tests := range c.Any {
		all := make([]string, len(tests))
		for j, t := range tests {
			all[j] = t.String()
		}
		any[i] = strings.Join(all, " and ")
	}
	text := strings.Join(any, " or ")
	if c.Not {
		return "not " + text
	}
	return text
}

// positive is the condition without its Not.
func (c Condition) positive() Condition {
	c.Not = false
	return c
}

// String gives the test as messages show it.
func (t Test) String() string {
	switch t.Kind {
	case See:
		return fmt.Sprintf("%q", t.At)
	case Count:
		return t.counting()
	case URL:
		return fmt.Sprintf("url %s", t.Is)
	case Field:
		return fmt.Sprintf("field %s is %s", t.Name, t.Is)
	case Script:
		return "a JavaScript expression"
	case Says, Holds:
		if t.At.IsSet() {
			return fmt.Sprintf("%s %s at %q", t.Kind, t.Is, t.At)
		}
		return fmt.Sprintf("%s %s", t.Kind, t.Is)
	}
	return fmt.Sprintf("%s %q", t.Kind, t.At)
}

func (t Test) counting() string {
	text := fmt.Sprintf("count of %q", t.At)
	least, most := t.AtLeast.String(), t.AtMost.String()
	switch {
	case least == most:
		return text + " is " + least
	case most == "":
		return text + " at least " + least
	case least == "":
		return text + " at most " + most
	}
	return text + " from " + least + " to " + most
}
