package flow

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mailapp/filter/strictyaml"
)

// ParameterType is what a parameter's value must be.
type ParameterType string

// The types of parameters.
const (
	TextType   ParameterType = "text"
	NumberType ParameterType = "number" // digits, and perhaps a sign and a decimal point
	ChoiceType ParameterType = "choice" // one of Choices
	YesNoType  ParameterType = "yes-no"
)

// Parameter is a setting of the flow, which an app gives in its `with`.
type Parameter struct {
	Name     string
	Type     ParameterType
	Default  string   // its value where the app gives none
	Choices  []string // of a choice
	Required bool     // the app must give it
	Help     string   // for the person who writes the app
	Pos      strictyaml.Pos
}

// WrongSetting is a setting of an app that does not fit its flow.
type WrongSetting struct {
	Name string // the key in the app's `with`, or the one that is missing there
	Text string // what is wrong, naming the key
}

// Settings gives what an app's `with` means for the flow, with the defaults of
// the parameters that it leaves out, and everything that is wrong with it. A
// flow that declares no parameters takes any setting.
func (f *Flow) Settings(with map[string]string) (map[string]string, []WrongSetting) {
	values := maps.Clone(with)
	if values == nil {
		values = map[string]string{}
	}
	if len(f.Parameters) == 0 {
		return values, nil
	}
	var wrong []WrongSetting
	var names []string
	for _, p := range f.Parameters {
		names = append(names, p.Name)
		value, given := with[p.Name]
		switch {
		case given && value == "" && !p.Required:
			values[p.Name] = p.Default
		case given:
			wrong = p.check(value, wrong)
		case p.Required:
			wrong = append(wrong, WrongSetting{p.Name, fmt.Sprintf("%q is missing%s", p.Name, p.help())})
		default:
			values[p.Name] = p.Default
		}
	}
	for _, name := range slices.Sorted(maps.Keys(with)) {
		if !slices.Contains(names, name) {
			wrong = append(wrong, WrongSetting{name, fmt.Sprintf("the flow has no parameter %q%s", name, strictyaml.DidYouMean(name, names))})
		}
	}
	return values, wrong
}

// check appends what is wrong with a value that an app gives.
func (p Parameter) check(value string, wrong []WrongSetting) []WrongSetting {
	if why := p.wrong(value); why != "" {
		wrong = append(wrong, WrongSetting{p.Name, fmt.Sprintf("%q %s%s", p.Name, why, p.help())})
	}
	return wrong
}

var plainNumber = compiled(`^[-+]?\d+(\.\d+)?$`)

// wrong says why value is none of the parameter's type, or nothing.
func (p Parameter) wrong(value string) string {
	switch {
	case value == "" && p.Required:
		return "is empty"
	case p.Type == NumberType && !plainNumber().MatchString(value):
		return fmt.Sprintf("must be a number, not %q", value)
	case p.Type == YesNoType && value != "yes" && value != "no":
		return fmt.Sprintf("must be yes or no, not %q", value)
	case p.Type == ChoiceType && !slices.Contains(p.Choices, value):
		return fmt.Sprintf("must be one of %s, not %q", strings.Join(p.Choices, ", "), value)
	}
	return ""
}

func (p Parameter) help() string {
	if p.Help == "" {
		return ""
	}
	return ": " + p.Help
}
