package flow

import (
	"encoding/json"
	"slices"
	"strings"

	"mailapp/filter/strictyaml"
)

// What Chrome's recorder makes of typing. Of a letter it writes down neither
// key nor text, only the field's text as one change, once something else comes.
// But it matches a key that comes up with one that went down by the character:
// where Shift or AltGr is let go first, "{" goes down and "[" comes up, which
// it takes for something else. So "{{price}}" is a change to "{{", the key "["
// coming up, and a change to "{{price}}". Only the last change was meant; the
// others may even have half a placeholder in them, or half a password.

// rawStep has the fields of a step that tell what was typing. Reading them
// finds no mistakes: that is left to [recorder.step].
type rawStep struct {
	Type, Key, Value, Target string
	Frame                    []int
	Selectors                []any
	AssertedEvents           []any
}

// typing tells, of each step, whether it is left out because it is only in the
// midst of typing: a change that the next change of the same field replaces,
// where only keys come up between, and keys that come up behind a change and
// never went down.
func typing(steps []strictyaml.Node) []bool {
	midst := make([]bool, len(steps))
	down := map[string]bool{}
	last, text := -1, rawStep{} // the change behind which only keys have come up
	for i, n := range steps {
		var s rawStep
		if json.Unmarshal([]byte(n.JSON()), &s) != nil {
			s = rawStep{}
		}
		key, known := keyOf(s.Key)
		switch here := len(s.AssertedEvents) == 0; {
		case s.Type == "keyUp" && here:
			midst[i] = last >= 0 && known && !down[key]
			delete(down, key)
		case s.Type == "change" && here && !fakePath().MatchString(s.Value):
			if last >= 0 && last < i-1 && text.sameField(s) {
				midst[last] = true
			}
			last, text = i, s
		default:
			down[key] = s.Type == "keyDown"
			last = -1
		}
	}
	return midst
}

// sameField tells whether two changes are of the same field: all that finds it
// is the same, but for the text that was in it.
func (s rawStep) sameField(other rawStep) bool {
	return mainPage(s.Target) == mainPage(other.Target) && slices.Equal(s.Frame, other.Frame) && slices.Equal(s.lasting(), other.lasting())
}

// mainPage gives a target, empty for the page itself.
func mainPage(target string) string {
	if target == "main" {
		return ""
	}
	return target
}

// lasting gives the selectors of a field as JSON, without those by a text unless
// there are no others.
func (s rawStep) lasting() []string {
	var all, others []string
	for _, selector := range s.Selectors {
		written, _ := json.Marshal(selector) // it was JSON
		if all = append(all, string(written)); !strings.Contains(string(written), `"text/`) {
			others = append(others, string(written))
		}
	}
	if len(others) > 0 {
		return others
	}
	return all
}
