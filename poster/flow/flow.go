// Package flow is the language in which a user says what to do on a site: the
// types, the strict reading of a flow file, and what passes between a flow and
// whoever runs it. It starts no browser.
//
// A flow is a YAML file of steps; mailapp-flow(5) is its manual and
// flow.schema.json what an editor knows of it, generated from the same tables
// that [Parse] reads by. Parse finds every mistake at once, each with its
// place. It promises that at most one step is the one that cannot be undone
// (publish), that nothing which could send something stands after it (C26),
// and that a password can only be filled or typed into a field, or be the answer
// to a site that asks for it by HTTP, never shown, opened or looked for (C29).
//
// It does not promise that a flow fits its site: only a run can tell.
package flow

import (
	"fmt"
	"slices"
	"time"

	"mailapp/filter/strictyaml"
)

// How long a step and a whole run may take where the flow does not say.
const (
	DefaultStepLimit = 30 * time.Second
	DefaultLimit     = 3 * time.Minute
)

// Placeholders that the language itself knows.
const (
	Photos      = "photos"       // all photos of the message; only upload takes it
	OnePhoto    = "photo"        // the photo of this round of for-each-photo; only upload takes it
	PhotoNumber = "photo-number" // which one it is, from 1
	PhotoCount  = "photo-count"  // how many there are; known everywhere
	Password    = "password"     // always a secret; only fill, type and http-login take it
)

// Flow is one flow file.
type Flow struct {
	Name       string // as messages call the file
	Origins    []Template
	Viewport   Viewport // the zero Viewport where the flow does not say
	StepLimit  time.Duration
	Limit      time.Duration
	Photos     PhotoLimits
	HTTPLogin  *HTTPLogin // nil: there is none
	FailsWhen  []Failing
	Parameters []Parameter // in the order of the file
	Parts      []Part      // in the order of the file
	Steps      []Step
	// Sections are the other things that one can do on the site.
	Sections map[Section][]Step
	// Notes say what a person should know of a recording; empty for YAML.
	Notes []Note

	uses  []use    // every template with what is known where it stands
	reads []string // every name that a read gives, in the order of the file
}

// HTTPLogin is what a site gets that asks for a name and password by HTTP, before
// it shows anything: the first origin only.
type HTTPLogin struct {
	User     Template
	Password Template // its value is a secret, as a rule
}

// Section is one of the other things that one can do with an ad.
type Section string

// The sections that a flow may have beside its steps.
const (
	List   Section = "list"   // the account's own ads, by read-each
	Find   Section = "find"   // one ad among them
	Remove Section = "remove" // take it off the site
	Renew  Section = "renew"  // put it on top again
	Change Section = "change" // its text or price
)

// Viewport is the size of the page in CSS pixels.
type Viewport struct{ Width, Height int }

// Failing is a state of a page that ends the run as soon as it holds. It is
// watched all through.
type Failing struct {
	When  Condition // see, url and text only
	Fault Fault
	Say   Template // what the sender reads in place of the site's own words; may be empty
	// Unpublished: on a page that follows publish it proves that the click has
	// published nothing, so that the job may be done anew.
	Unpublished bool
	Pos         strictyaml.Pos
}

// Part is a list of steps with a name, such as login. It cannot publish, and
// does neither itself nor a part that does it.
type Part struct {
	Name string
	// NeededUnless is not set where the part always runs. Else it is decided as
	// soon as the page shows either that it holds, so that the part is skipped,
	// or what the part's first step acts on; at the latest when the page has come
	// to rest, and then the part runs.
	NeededUnless Condition
	Steps        []Step
	Pos          strictyaml.Pos
}

// Part gives the part of that name, or nil.
func (f *Flow) Part(name string) *Part {
	for i := range f.Parts {
		if f.Parts[i].Name == name {
			return &f.Parts[i]
		}
	}
	return nil
}

// CanSkip tells whether what a page shows may make the flow leave out steps,
// such as a login that is not needed. A recording does all of its steps.
func (f *Flow) CanSkip() bool {
	return canSkip(f.Steps) || slices.ContainsFunc(f.Parts, func(p Part) bool {
		return p.NeededUnless.IsSet() || canSkip(p.Steps)
	})
}

func canSkip(steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool {
		return s.Optional > 0 || s.Verb == Pages || s.Verb == If && s.Condition.needsPage() ||
			canSkip(s.Steps) || canSkip(s.Else)
	})
}

// Reads gives the names of all values that the flow may read. Those that have
// not been read yet, or whose read was skipped, are known and empty.
func (f *Flow) Reads() []string { return f.reads }

// Publishes tells whether the flow has the click that cannot be undone.
func (f *Flow) Publishes() bool {
	return slices.ContainsFunc(f.Steps, func(s Step) bool { return s.Verb == Publish })
}

// ListsAds tells whether the section list gives the account's ads with their
// addresses, by which they can be told apart.
func (f *Flow) ListsAds() bool { return readsURLs(f.Sections[List]) }

func readsURLs(steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool {
		column := func(r Step) bool { return r.Read.Name == "url" }
		return s.Verb == ReadEach && slices.ContainsFunc(s.Steps, column) ||
			s.Verb == If && (readsURLs(s.Steps) || readsURLs(s.Else)) ||
			s.Verb == Pages && slices.ContainsFunc(s.Cases, func(c Case) bool { return readsURLs(c.Steps) })
	})
}

// Place gives the step with its number and its place in the file.
func (f *Flow) Place(s Step) string {
	return fmt.Sprintf("step %s (%s), %s:%d:%d", s.Number, s, f.Name, s.Pos.Line, s.Pos.Column)
}

// Len is the number of the list items of steps, nested ones not counted: the
// last of them has this [Step.Item].
func (f *Flow) Len() int {
	if len(f.Steps) == 0 {
		return 0
	}
	return f.Steps[len(f.Steps)-1].Item()
}
