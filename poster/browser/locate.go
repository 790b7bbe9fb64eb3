package browser

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"

	"mailapp/poster/flow"
)

// This file puts locators and conditions into the form in which the engine
// takes them: finder.js and conditions.js say what they mean.

// at is a locator.
type at struct {
	Name string          `json:"name"` // for a person
	Any  [][]flow.Target `json:"any"`

	// Of a recording: the page or frame, and the way down from there.
	Target string `json:"target,omitempty"`
	Frame  []int  `json:"frame,omitempty"`
}

// condition is one thing or another that may hold on a page.
type condition struct {
	Name string   `json:"name"`
	Any  [][]test `json:"any"`
	Not  bool     `json:"not,omitempty"`
}

// plainly is the condition's name, without quotes where it is just a locator.
func (c *condition) plainly() string {
	if !c.Not && len(c.Any) == 1 && len(c.Any[0]) == 1 && c.Any[0][0].Kind == flow.See {
		return c.Any[0][0].At.Name
	}
	return c.Name
}

type test struct {
	Kind  flow.TestKind `json:"kind"`
	At    *at           `json:"at,omitempty"`
	Least *int          `json:"least,omitempty"`
	Most  *int          `json:"most,omitempty"`
	Is    *pattern      `json:"is,omitempty"`
	Holds bool          `json:"holds,omitempty"` // of a field: its value is known here

	Hidden     bool              `json:"hidden,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Properties json.RawMessage   `json:"properties,omitempty"`
	expression string            // of a script
}

// pattern is a JavaScript regular expression.
type pattern struct {
	Source string `json:"source"`
	Flags  string `json:"flags"`
}

// at gives a locator with the values that are known now; nil if there is none.
func (p *plan) at(l flow.Locator) (*at, error) {
	if !l.IsSet() {
		return nil, nil
	}
	any, err := l.Expand(p.values)
	return &at{Name: p.shown(l.String()), Any: any}, err
}

// shown fills a text in for a person; one that cannot be filled in stays as it is.
func (p *plan) shown(text string) string {
	t, err := flow.ParseTemplate(text)
	if err != nil {
		return text
	}
	filled, err := t.Expand(p.values)
	if err != nil {
		return text
	}
	return filled
}

// condition gives a condition with the values that are known now.
func (p *plan) condition(c flow.Condition) (*condition, error) {
	out := &condition{Name: p.shown(c.String()), Not: c.Not}
	for _, tests := range c.Any {
		var all []test
		for _, t := range tests {
			one, err := p.test(t)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
		out.Any = append(out.Any, all)
	}
	return out, nil
}

func (p *plan) test(t flow.Test) (test, error) {
	out := test{Kind: t.Kind, Hidden: t.Hidden, Attributes: t.Attributes, expression: t.Expression}
	if t.Properties != "" {
		out.Properties = json.RawMessage(t.Properties)
	}
	var err error
	if out.At, err = p.at(t.At); err != nil {
		return out, err
	}
	if out.Least, err = p.number(t.AtLeast); err != nil {
		return out, err
	}
	if out.Most, err = p.number(t.AtMost); err != nil {
		return out, err
	}
	if t.Is.Kind == "" {
		return out, nil
	}
	if out.Is, err = p.pattern(t.Is, t.Kind != flow.Says); err != nil || t.Kind != flow.Field {
		return out, err
	}
	out.Holds, err = out.Is.fits(p.values[t.Name])
	return out, err
}

// number gives a bound; nil if there is none.
func (p *plan) number(t flow.Template) (*int, error) {
	if t.String() == "" {
		return nil, nil
	}
	text, err := t.Expand(p.values)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no number to count to", text)
	}
	return &n, nil
}

func (p *plan) pattern(is flow.Pattern, whole bool) (*pattern, error) {
	source, err := is.Expand(p.values, whole)
	out := &pattern{Source: source}
	if is.Kind == flow.Plain {
		out.Flags = "i"
	}
	return out, err
}

// fits compares a text that is known without the page.
func (is *pattern) fits(text string) (bool, error) {
	source := is.Source
	if is.Flags != "" {
		source = "(?" + is.Flags + ")" + source
	}
	expression, err := regexp.Compile(source)
	return err == nil && expression.MatchString(text), err
}

// fails gives the states that end the run, with the values known now.
func (p *plan) fails() ([]*condition, error) {
	var all []*condition
	for _, f := range p.flow.FailsWhen {
		c, err := p.condition(f.When)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// within has the condition's locators begin where a recording says.
func (c *condition) within(rec *flow.Recorded) {
	for _, tests := range c.Any {
		for _, t := range tests {
			t.At.within(rec)
		}
	}
}

// here is where a recorded step is done that acts on no element; nil is the page.
func (a *act) here() *at {
	rec := a.step.Recorded
	if rec == nil || len(rec.Frame) == 0 && (rec.Target == "" || a.window) {
		return nil
	}
	here := &at{Name: "the page"}
	here.within(rec)
	if a.window {
		here.Target = ""
	}
	return here
}

// inWindow has all that is looked for begin on the page itself.
func (a *act) inWindow() {
	rec := &flow.Recorded{Frame: a.step.Recorded.Frame}
	a.window = true
	a.at.within(rec)
	if a.when != nil {
		a.when.within(rec)
	}
}

func (a *at) within(rec *flow.Recorded) {
	if a != nil && rec != nil {
		a.Target, a.Frame = rec.Target, rec.Frame
	}
}

// script gives the test of a recording that is JavaScript of its own; nil if
// there is none.
func (c *condition) script() *test {
	if len(c.Any) > 0 && len(c.Any[0]) > 0 && c.Any[0][0].Kind == flow.Script {
		return &c.Any[0][0]
	}
	return nil
}

// counts tells whether a condition counts something, as the previews of photos.
func (c *condition) counts() bool {
	for _, tests := range c.Any {
		for _, t := range tests {
			if t.Kind == flow.Count && !c.Not {
				return true
			}
		}
	}
	return false
}

// mentions tells whether a condition looks for something that a text says: an
// alert, which is no part of the page.
func (c *condition) mentions(text string) bool {
	for _, tests := range c.Any {
		for _, t := range tests {
			if t.mentioned(text) {
				return true
			}
		}
	}
	return false
}

func (t test) mentioned(text string) bool {
	if t.Kind == flow.Says && t.At == nil {
		fits, err := t.Is.fits(text)
		return fits && err == nil
	}
	if t.Kind != flow.See {
		return false
	}
	for _, chain := range t.At.Any {
		if last := chain[len(chain)-1]; last.Kind == flow.Named || last.Kind == flow.Text {
			wanted := pattern{Source: regexp.QuoteMeta(clean(last.Value)), Flags: "i"}
			if fits, err := wanted.fits(clean(text)); fits && err == nil {
				return true
			}
		}
	}
	return false
}
