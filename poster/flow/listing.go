package flow

import (
	"slices"

	"mailapp/filter/strictyaml"
)

// An empty list of the account's ads has an ad in doubt published again. So it
// must be seen that the page is the list, and not that of a login, of an error or
// of a robot check, on which no ad stands either. read-each sees to it where it
// must find an ad; where it may be left out, something else must be there for
// sure: what the list shows to an account without ads.

// showsEmpty reports a list that could take any page for an empty list.
func (f *Flow) showsEmpty() error {
	list := f.Sections[List]
	if !f.Publishes() || certain(list) {
		return nil
	}
	at := list[slices.IndexFunc(list, func(s Step) bool { return readsURLs([]Step{s}) })]
	return strictyaml.Mistakes{{File: f.Name, Pos: at.Pos, Text: "list may find no ad on a page that is not the list, such as that of a login, and an ad that is up would be published once more; " +
		"hint: on the same page, expect what the list shows, such as [css/.my-ad, You have no ads]"}}
}

// certain tells whether the steps, where they come to their end, have read an ad or
// seen that the page on which they looked for one was the list.
func certain(steps []Step) bool {
	seen, looked := false, false
	for _, s := range steps {
		switch {
		case s.Verb == ReadEach && s.Optional == 0, s.Verb == If && certain(s.Steps) && certain(s.Else):
			return true
		case s.proves():
			seen = true
		case readsURLs([]Step{s}):
			looked = true
		case s.stays():
		case looked:
			return seen
		default:
			seen = false
		}
	}
	return seen && len(steps) > 0
}

// proves tells that the step fails on a page that does not show what it looks for.
func (s Step) proves() bool {
	waits := s.Verb == Expect || s.Verb == WaitFor && s.Optional == 0 || s.Verb == Pages
	return waits && s.Condition.shows()
}

// stays tells that the step does not go to another page.
func (s Step) stays() bool {
	return slices.Contains([]Verb{Expect, WaitFor, Read, ReadEach, Scroll, Hover, Answer, Resize}, s.Verb)
}

// shows tells that the condition holds only on a page that shows something. An
// address alone, or that something is not there, says too little.
func (c Condition) shows() bool {
	return !c.Not && !slices.ContainsFunc(c.Any, func(all []Test) bool {
		return !slices.ContainsFunc(all, func(t Test) bool {
			return slices.Contains([]TestKind{See, Says, Holds, Enabled}, t.Kind)
		})
	})
}
