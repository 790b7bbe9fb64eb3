package flow

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"mailapp/filter/strictyaml"
)

// Verb is what a step does.
type Verb string

// The verbs of the language. What else of [Step] each one uses stands beside it.
const (
	Open        Verb = "open"         // a page by its URL, Value
	Click       Verb = "click"        // At
	DoubleClick Verb = "double-click" // At
	Hover       Verb = "hover"        // the mouse over At
	Fill        Verb = "fill"         // the field At with Value, in place of what is there
	Type        Verb = "type"         // Value into At by keys, after what is there; a newline is Enter
	Press       Verb = "press"        // Keys, in At if it is set, else where the focus is
	Choose      Verb = "choose"       // the option Value, by its text or else its value, of the select At
	Check       Verb = "check"        // the box At
	Uncheck     Verb = "uncheck"      // the box At
	Upload      Verb = "upload"       // to the file input At: Value is {{photos}} or {{photo}}
	Scroll      Verb = "scroll"       // to At, or to Edge of the page
	WaitFor     Verb = "wait-for"     // Condition to hold
	Expect      Verb = "expect"       // Condition to hold; fails with the site's own words
	Read        Verb = "read"         // Read from the page, at At if it is set
	ReadEach    Verb = "read-each"    // for every element At, Steps, which are of read and look inside it
	Answer      Verb = "answer"       // the page's dialogs as Answers says, from here on
	Resize      Verb = "viewport"     // the page to Viewport
	Publish     Verb = "publish"      // the click that cannot be undone, on At

	Do           Verb = "do"             // the part whose name is Part
	If           Verb = "if"             // Steps if Condition holds when the page has come to rest, Else if not
	Unless       Verb = "unless"         // as it is written; read as an If with Condition.Not
	ForEachPhoto Verb = "for-each-photo" // Steps, with {{photo}} and {{photo-number}}
	Window       Verb = "window"         // Steps, in the window that the page has opened
	Pages        Verb = "pages"          // the first of Cases that holds, again and again, until Condition holds
)

// The verbs that only recordings have.
const (
	Close    Verb = "close"                      // the window
	Throttle Verb = "emulate network conditions" // as Recorded.Network says, from here on
)

// Step is one act. A list item that names several fields is several steps of
// the same number. An item with `if` or `unless` beside its verb is an If step
// around the verb's steps, all of the same number.
type Step struct {
	// Number is that of the list item as messages show it: "7"; "7.2" for the
	// second inside the seventh; in pages "7.1.2" for the second step of the
	// first case; "login.2" in the part login; "remove.2" in that section. In an
	// If block the steps of else are counted on from those of then.
	Number string
	Verb   Verb

	At        Locator   // unset for open, for reading the URL, and where a verb's line says so
	Value     Template  // of open, fill, type, choose, upload, and of read from Given
	Keys      []string  // of press: modifiers first, such as Control, A
	Edge      Edge      // of scroll without At
	Read      Reading   // of read
	Answers   Answers   // of answer
	Viewport  Viewport  // of viewport
	Condition Condition // of wait-for, expect, if; of pages the until
	Part      string    // of do; see [Flow.Part]
	Steps     []Step    // of if (the then), for-each-photo, window, read-each
	Else      []Step    // of if
	Cases     []Case    // of pages
	AtMost    int       // rounds of pages

	// Optional is how long At, or the condition of wait-for, is waited for
	// before the step is skipped; 0 if the step must succeed.
	Optional time.Duration
	Timeout  time.Duration // in place of the flow's step limit; 0 if it holds
	Recorded *Recorded     // what only recordings say; nil in a YAML flow
	Pos      strictyaml.Pos
}

// Case is one of the pages of a pages step.
type Case struct {
	On    Condition
	Steps []Step
	Pos   strictyaml.Pos
}

// DefaultRounds is how many rounds a pages step makes where it does not say.
const DefaultRounds = 12

// Edge is an end of the page to scroll to.
type Edge string

// The edges of a page.
const (
	Top    Edge = "top"
	Bottom Edge = "bottom"
)

// Answers says what to do with the native dialogs of a page from a step on. An
// empty field leaves as it is what held before. At the start each of them fails
// the step with the dialog's text: nothing is confirmed and no page is left.
type Answers struct {
	Alert     Reply    // Fail or Accept
	Confirm   Reply    // Fail, Accept or Dismiss
	Prompt    Template // the text to enter, if HasPrompt
	HasPrompt bool
	Leaving   Reply // when the page asks whether to leave it: Stay, which fails the step, or Leave
}

// Reply is what a dialog gets.
type Reply string

// The replies to dialogs.
const (
	Fail    Reply = "fail" // end the run with the dialog's text
	Accept  Reply = "accept"
	Dismiss Reply = "dismiss"
	Stay    Reply = "stay"
	Leave   Reply = "leave"
)

// Item is the number of the list item of steps that the step belongs to; 0 in
// parts and sections, which are not counted.
func (s Step) Item() int {
	first, _, _ := strings.Cut(s.Number, ".")
	n, _ := strconv.Atoi(first) // the name of a part is no number, so 0
	return n
}

// AllPhotos tells whether an upload takes all photos, and not the one of this
// round of for-each-photo.
func (s Step) AllPhotos() bool { return s.Value.only(Photos) }

// String gives the step as a person calls it: click "Log in". A value is
// never part of it.
func (s Step) String() string {
	switch s.Verb {
	case Open:
		return fmt.Sprintf("%s %q", s.Verb, s.Value)
	case Read:
		return fmt.Sprintf("%s %s", s.Verb, s.Read.Name)
	case WaitFor, Expect:
		return fmt.Sprintf("%s %s", s.Verb, s.Condition)
	case If:
		if s.Condition.Not {
			return fmt.Sprintf("unless %s", s.Condition.positive())
		}
		return fmt.Sprintf("if %s", s.Condition)
	case Pages:
		return fmt.Sprintf("%s until %s", s.Verb, s.Condition)
	case Do:
		return fmt.Sprintf("%s %s", s.Verb, s.Part)
	case Press:
		return s.pressing()
	case Scroll:
		if s.Recorded != nil && !s.At.IsSet() {
			return fmt.Sprintf("%s the page", s.Verb)
		}
		if !s.At.IsSet() {
			return fmt.Sprintf("%s %s", s.Verb, s.Edge)
		}
	case Resize:
		return fmt.Sprintf("%s %dx%d", s.Verb, s.Viewport.Width, s.Viewport.Height)
	case Answer, ForEachPhoto, Window, Throttle:
		return string(s.Verb)
	case Close:
		return "close the window"
	}
	return fmt.Sprintf("%s %q", s.Verb, s.At)
}

func (s Step) pressing() string {
	keys := strings.Join(s.Keys, "+")
	if s.At.IsSet() {
		return fmt.Sprintf("%s %s in %q", s.Verb, keys, s.At)
	}
	return fmt.Sprintf("%s %s", s.Verb, keys)
}
