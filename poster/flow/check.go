package flow

import (
	"cmp"
	"fmt"
	"slices"

	"mailapp/filter/strictyaml"
)

// use is a template where it stands.
type use struct {
	template Template
	hidden   bool     // the value of a fill or type, the one place for secrets
	known    []string // what is known there beside the task's values
	anyRead  bool     // all that is read anywhere in the flow is known, too
}

// Check reports, as [strictyaml.Mistakes], the placeholders that are not among
// known and those of secrets that stand where they could be seen. What the
// flow itself brings, such as its parameters and what it has read before, is
// known in any case.
func (f *Flow) Check(known []string, secrets ...string) error {
	known = append([]string{Photos, PhotoCount}, append(known, secrets...)...)
	for _, p := range f.Parameters {
		if !slices.Contains(known, p.Name) {
			known = append(known, p.Name)
		}
	}
	var mistakes strictyaml.Mistakes
	for _, u := range f.uses {
		here := append(slices.Clone(known), u.known...)
		if u.anyRead {
			here = append(here, f.reads...)
		}
		for _, name := range u.template.Names() {
			if text := f.wrongName(name, here, u, secrets); text != "" {
				mistakes = append(mistakes, strictyaml.Mistake{File: f.Name, Pos: u.template.pos, Text: text})
			}
		}
	}
	if len(mistakes) == 0 {
		return nil
	}
	slices.SortStableFunc(mistakes, func(a, b strictyaml.Mistake) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
	return mistakes
}

// Names gives, sorted and each once, the placeholders that stand anywhere in the
// flow: in its steps, parts, sections and conditions, and in what it says of
// failures.
func (f *Flow) Names() []string {
	var names []string
	for _, u := range f.uses {
		names = append(names, u.template.Names()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// wrongName says what is wrong with a placeholder where it stands, or nothing.
func (f *Flow) wrongName(name string, known []string, u use, secrets []string) string {
	switch {
	case slices.Contains(known, name) && !u.hidden && slices.Contains(secrets, name):
		return secretText(name)
	case slices.Contains(known, name):
		return ""
	case name == OnePhoto || name == PhotoNumber:
		return fmt.Sprintf("{{%s}} is known only inside for-each-photo", name)
	case slices.Contains(f.reads, name):
		return fmt.Sprintf("{{%s}} is read only later", name)
	}
	return fmt.Sprintf("nothing is known as {{%s}}%s", name, strictyaml.DidYouMean(name, known))
}

func secretText(name string) string {
	return fmt.Sprintf("{{%s}} is a secret: only fill, type and http-login take it", name)
}

// CheckApp reports what keeps the flow from being that of an app as it is: a
// list by which no ad could be known again, or which could take any page for an
// empty list, or a recording that is cut off at the wrong place.
func (f *Flow) CheckApp() error {
	if list := f.Sections[List]; len(list) > 0 && !f.ListsAds() {
		return strictyaml.Mistakes{{File: f.Name, Pos: list[0].Pos, Text: "list reads no url: without a read-each that gives url and title of each ad, no ad can be known again"}}
	}
	if f.ListsAds() {
		if err := f.showsEmpty(); err != nil {
			return err
		}
	}
	return f.checkRecording()
}

// checkRecording reports why a recording cannot be the flow of an app: it
// sends something, and no step of it is publish. It would be done anew whenever
// its mail is delivered again, and rehearsed to its end. What a flow in YAML does
// without publish, its writer is taken at their word for.
func (f *Flow) checkRecording() error {
	var sending *Step
	for i, s := range f.Steps {
		switch {
		case s.Verb == Publish:
			return nil
		case s.Recorded != nil && sends(s):
			sending = &f.Steps[i]
		}
	}
	if sending == nil {
		return nil
	}
	return strictyaml.Mistakes{{File: f.Name, Pos: sending.Pos, Text: fmt.Sprintf(
		"no step of this recording is publish, because it goes on after its last click or clicks nothing, and so %s could be done twice; cut it off behind the click that publishes, or import it as YAML", sending)}}
}
