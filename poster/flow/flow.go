// Package flow is the language in which a user says what to do on a site: the
// types, the strict reading of a flow file, and what passes between a flow and
// whoever runs it. It starts no browser.
//
// A flow is a YAML file of steps; mailapp-flow(5) is its manual. [Parse] finds
// every mistake at once, each with its place. It promises that at most one
// step is the one that cannot be undone (publish), that nothing which could
// send something stands after it (C26), and that a password can only be
// filled into a field, never shown, opened or looked for (C29).
//
// It does not promise that a flow fits its site: only a run can tell.
package flow

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"mailapp/filter/strictyaml"
)

// How long a step and a whole run may take where the flow does not say.
const (
	DefaultStepLimit = 15 * time.Second
	DefaultLimit     = 3 * time.Minute
)

// Photos is the placeholder for the message's photos; only upload takes it.
const Photos = "photos"

// Password is the placeholder that is always a secret; only fill takes it.
const Password = "password"

// Flow is one flow file.
type Flow struct {
	Name      string // as messages call the file
	Origins   []Template
	StepLimit time.Duration
	Limit     time.Duration
	FailsWhen []Failing
	Steps     []Step
}

// Failing is something on a page that ends the run as soon as it is visible.
type Failing struct {
	See   Locator
	Fault Fault
	Pos   strictyaml.Pos
}

// Verb is what a step does.
type Verb string

// The verbs of the language.
const (
	Open    Verb = "open"    // a page by its URL, Step.Value
	Click   Verb = "click"   // on what Step.At names
	Fill    Verb = "fill"    // the field At with Value, in place of what is there
	Choose  Verb = "choose"  // the option Value of the select At
	Check   Verb = "check"   // the box At
	Uncheck Verb = "uncheck" // the box At
	Upload  Verb = "upload"  // all photos to the file input At
	Publish Verb = "publish" // the click that cannot be undone, on At
	Expect  Verb = "expect"  // At to be visible
	Read    Verb = "read"    // Step.Read from the page
)

var verbs = []string{
	string(Open), string(Click), string(Fill), string(Choose), string(Check),
	string(Uncheck), string(Upload), string(Publish), string(Expect), string(Read),
}

// Step is one act. A list item that names several fields is several steps of
// the same number.
type Step struct {
	Number int // of the list item, from 1
	Verb   Verb
	At     Locator  // unset for open and for reading the URL
	Value  Template // of open, fill, choose
	Read   Reading  // of read
	Pos    strictyaml.Pos
}

// Reading says what read takes from the page.
type Reading struct {
	Name string // of the value in Result.Values
	// From is "text", "url" (of the page), "link" (where a link leads, absolute),
	// "value" (what is in a field) or the name of an attribute.
	From string
	// Matching picks what its first group matches, or the whole match; nil takes all.
	Matching *regexp.Regexp
}

// String gives the step as a person calls it: click "Log in". A value is
// never part of it.
func (s Step) String() string {
	switch s.Verb {
	case Open:
		return fmt.Sprintf("%s %q", s.Verb, s.Value)
	case Read:
		return fmt.Sprintf("%s %s", s.Verb, s.Read.Name)
	}
	return fmt.Sprintf("%s %q", s.Verb, s.At)
}

// Place gives the step with its number and its place in the file.
func (f *Flow) Place(s Step) string {
	return fmt.Sprintf("step %d (%s), %s:%d:%d", s.Number, s, f.Name, s.Pos.Line, s.Pos.Column)
}

// Len is the number of the flow's list items, as Step.Number counts them.
func (f *Flow) Len() int {
	if len(f.Steps) == 0 {
		return 0
	}
	return f.Steps[len(f.Steps)-1].Number
}

// Check reports, as [strictyaml.Mistakes], the placeholders that are not among
// known and those of secrets that stand where they could be seen.
func (f *Flow) Check(known []string, secrets ...string) error {
	var mistakes strictyaml.Mistakes
	known = append([]string{Photos}, append(known, secrets...)...)
	note := func(t Template, format string, args ...any) {
		mistakes = append(mistakes, strictyaml.Mistake{File: f.Name, Pos: t.pos, Text: fmt.Sprintf(format, args...)})
	}
	f.each(func(t Template, hidden bool) {
		for _, name := range t.Names() {
			switch {
			case !slices.Contains(known, name):
				note(t, "nothing is known as {{%s}}%s", name, strictyaml.DidYouMean(name, known))
			case !hidden && slices.Contains(secrets, name):
				note(t, "{{%s}} is a secret: only fill takes it", name)
			}
		}
	})
	if len(mistakes) == 0 {
		return nil
	}
	return mistakes
}

// each calls do for every template; hidden tells that it stands in the value
// of a fill, the one place for secrets.
func (f *Flow) each(do func(t Template, hidden bool)) {
	for _, o := range f.Origins {
		do(o, false)
	}
	for _, w := range f.FailsWhen {
		do(w.See.Value, false)
	}
	for _, s := range f.Steps {
		do(s.At.Value, false)
		do(s.Value, s.Verb == Fill)
	}
}
