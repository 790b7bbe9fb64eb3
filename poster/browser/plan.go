package browser

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"mailapp/poster/flow"
)

// plan is a flow with the task's values: whatever can be found wrong without a
// browser is found when it is made.
type plan struct {
	flow    *flow.Flow
	steps   []flow.Step
	origins []flow.Origin
	secrets map[string]string
	values  map[string]string // all that is known now, secrets and what was read included
}

// newPlan fills the task's values in. Its error is a *flow.Failure of the
// owner: the flow and its settings do not fit.
func newPlan(task flow.Task) (*plan, error) {
	p := &plan{flow: task.Flow, steps: task.Flow.Steps, secrets: map[string]string{}, values: map[string]string{}}
	if task.Section != "" {
		p.steps = task.Flow.Sections[task.Section]
	}
	if task.Section != "" && len(p.steps) == 0 {
		return nil, &flow.Failure{Fault: flow.Owner, Err: fmt.Errorf("%s does not say how to %s", task.Flow.Name, task.Section)}
	}
	maps.Copy(p.secrets, task.Secrets)
	if password, ok := task.Values[flow.Password]; ok {
		p.secrets[flow.Password] = password
	}
	maps.Copy(p.values, task.Values)
	maps.Copy(p.values, p.secrets)
	p.values[flow.PhotoCount] = strconv.Itoa(len(task.Photos))
	step, err := p.check()
	if err == nil {
		for _, name := range task.Flow.Reads() {
			if _, known := p.values[name]; !known {
				p.values[name] = ""
			}
		}
		return p, nil
	}
	failure := &flow.Failure{Fault: flow.Owner, Err: err}
	if step != nil {
		failure.Step = task.Flow.Place(*step)
	}
	return nil, failure
}

// check finds what is wrong; with an error comes the step it is about, if any.
func (p *plan) check() (*flow.Step, error) {
	known := slices.Sorted(maps.Keys(p.values))
	if err := p.flow.Check(known, slices.Sorted(maps.Keys(p.secrets))...); err != nil {
		return nil, err
	}
	for _, t := range p.flow.Origins {
		o, err := expandOrigin(t, p.values)
		if err != nil {
			return nil, err
		}
		p.origins = append(p.origins, o)
	}
	for s := range p.all(p.steps) {
		if s.Verb != flow.Open || !p.knows(s.Value) {
			continue
		}
		if _, err := p.address(s.Value); err != nil {
			return s, err
		}
	}
	return nil, nil
}

// all gives the steps, those inside them and those of the parts they do.
func (p *plan) all(steps []flow.Step) func(yield func(*flow.Step) bool) {
	return func(yield func(*flow.Step) bool) {
		for i := range steps {
			s := &steps[i]
			lists := [][]flow.Step{s.Steps, s.Else}
			for _, c := range s.Cases {
				lists = append(lists, c.Steps)
			}
			if part := p.flow.Part(s.Part); part != nil {
				lists = append(lists, part.Steps)
			}
			if !yield(s) {
				return
			}
			for _, list := range lists {
				for inner := range p.all(list) {
					if !yield(inner) {
						return
					}
				}
			}
		}
	}
}

// knows tells whether a template needs nothing that is found out only later.
func (p *plan) knows(t flow.Template) bool {
	return !slices.ContainsFunc(t.Names(), func(name string) bool {
		_, known := p.values[name]
		return !known
	})
}

// expandOrigin fills in an origin. What {{site}} stands for may have a path,
// which an origin has not; what stands for a piece of a host may not: it would
// choose the host (C28).
func expandOrigin(t flow.Template, values map[string]string) (flow.Origin, error) {
	text, err := t.Expand(values)
	if err != nil {
		return flow.Origin{}, err
	}
	if u, err := url.Parse(text); err == nil && t.Begins() {
		u.Path, u.RawPath, u.RawQuery, u.Fragment = "", "", "", ""
		text = u.String()
	}
	return flow.ParseOrigin(text)
}

// address gives what to open, which must lie within the walls.
func (p *plan) address(t flow.Template) (string, error) {
	text, err := t.ExpandURL(p.values)
	if err != nil {
		return "", err
	}
	o, ok := originOf(text)
	switch {
	case !ok || o.Host == "":
		return "", fmt.Errorf("%q is no http or https address", text)
	case !p.allows(o):
		return "", fmt.Errorf("%s is not among the flow's origins", o)
	}
	return text, nil
}

func (p *plan) allows(o flow.Origin) bool {
	return slices.ContainsFunc(p.origins, func(a flow.Origin) bool { return a.Covers(o) })
}

// act is one step with its values, when it is reached.
type act struct {
	step   *flow.Step
	at     *at
	when   *condition
	value  string
	secret bool // value holds a secret
	window bool // the target of a recording is a window, and not a frame
}

// act fills in a step.
func (p *plan) act(s *flow.Step) (*act, error) {
	a := &act{step: s}
	var err error
	if a.at, err = p.at(s.At); err != nil {
		return nil, err
	}
	if s.Condition.IsSet() {
		if a.when, err = p.condition(s.Condition); err != nil {
			return nil, err
		}
		a.when.within(s.Recorded)
	}
	a.at.within(s.Recorded)
	if s.Verb == flow.Open {
		a.value, err = p.address(s.Value)
		return a, err
	}
	if s.Verb == flow.Upload {
		return a, nil // its value is no text
	}
	a.secret = slices.ContainsFunc(s.Value.Names(), func(name string) bool {
		_, hidden := p.secrets[name]
		return hidden
	})
	a.value, err = s.Value.Expand(p.values)
	return a, err
}

// name is what the step acts on, for a person.
func (a *act) name() string {
	switch {
	case a.step.Verb == flow.Open:
		if u, err := url.Parse(a.value); err == nil {
			return u.EscapedPath()
		}
	case a.step.Verb == flow.Read:
		return a.step.Read.Name
	case a.step.Verb == flow.Press:
		return a.step.String()[len(flow.Press)+1:]
	case a.when != nil:
		return a.when.plainly()
	case a.at != nil:
		return a.at.Name
	}
	return ""
}
