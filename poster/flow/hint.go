package flow

import "slices"

// Hints says what is no mistake of the flow but may be one of its writer.
func (f *Flow) Hints() []Note {
	var hints []Note
	lists := [][]Step{f.Steps}
	for _, section := range []Section{Remove, Renew, Change} {
		lists = append(lists, f.Sections[section])
	}
	for _, steps := range lists {
		i := slices.IndexFunc(steps, func(s Step) bool { return s.Verb == Publish })
		if i >= 0 && !prove(steps[i+1:]) {
			hints = append(hints, Note{File: f.Name, Pos: steps[i].Pos, Text: "after publish no step proves that it has worked, " +
				"so any page that follows it is taken for success; " + proof(steps[i])})
		}
	}
	return hints
}

// proof says what to add behind a publish. A recording has no expect.
func proof(publish Step) string {
	const what = " of something that only the site's confirmation says"
	if publish.Recorded != nil {
		return "add a waitForElement" + what + ", or import the recording as YAML and add an expect there"
	}
	return "add an expect" + what
}

// prove tells whether one of the steps fails where publish has not worked: it
// is done in any case, and looks for something that not every page has.
func prove(steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool {
		switch {
		case s.Optional > 0:
			return false
		case s.Verb == Expect || s.Verb == WaitFor:
			return !s.Condition.Not && !slices.ContainsFunc(s.Condition.Any, vague)
		case s.Verb == Read:
			return s.Read.From != Given && (s.At.IsSet() || s.Read.Matching != nil)
		case s.Verb == If:
			return prove(s.Steps) && prove(s.Else)
		}
		return false
	})
}

// vague tells whether tests hold on many a page: something is not there, or
// the mail says so.
func vague(tests []Test) bool {
	return !slices.ContainsFunc(tests, func(t Test) bool {
		none := t.Kind == Count && (t.AtLeast.String() == "" || t.AtLeast.String() == "0")
		return t.Kind != Gone && t.Kind != Field && !none
	})
}
