package browser

import (
	"fmt"
	"maps"
	"net/url"
	"slices"

	"mailapp/poster/flow"
)

// plan is a flow with all placeholders filled: whatever can be found wrong
// without a browser is found here.
type plan struct {
	acts    []act
	fails   []at
	origins []flow.Origin
	secrets map[string]string
}

// act is one step with its values.
type act struct {
	step   flow.Step
	at     at
	value  string
	secret bool // value holds a secret
}

// at is a locator as the engine takes it.
type at struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// name is what the step acts on, for a person.
func (a *act) name() string {
	switch a.step.Verb {
	case flow.Open:
		if u, err := url.Parse(a.value); err == nil {
			return u.EscapedPath()
		}
	case flow.Read:
		return a.step.Read.Name
	}
	return a.at.Value
}

// newPlan fills the task's values in. Its error is a *flow.Failure of the
// owner: the flow and its settings do not fit.
func newPlan(task flow.Task) (*plan, error) {
	p := &plan{secrets: maps.Clone(task.Secrets)}
	if password, ok := task.Values[flow.Password]; ok {
		if p.secrets == nil {
			p.secrets = map[string]string{}
		}
		p.secrets[flow.Password] = password
	}
	values := map[string]string{}
	maps.Copy(values, task.Values)
	maps.Copy(values, p.secrets)
	step, err := p.fill(task.Flow, values)
	if err == nil {
		return p, nil
	}
	failure := &flow.Failure{Fault: flow.Owner, Err: err}
	if step != nil {
		failure.Step = task.Flow.Place(*step)
	}
	return nil, failure
}

// fill expands everything; with an error comes the step it is about, if any.
func (p *plan) fill(f *flow.Flow, values map[string]string) (*flow.Step, error) {
	secrets := slices.Sorted(maps.Keys(p.secrets))
	if err := f.Check(slices.Sorted(maps.Keys(values)), secrets...); err != nil {
		return nil, err
	}
	for _, t := range f.Origins {
		o, err := expandOrigin(t, values)
		if err != nil {
			return nil, err
		}
		p.origins = append(p.origins, o)
	}
	for _, w := range f.FailsWhen {
		see, err := expandLocator(w.See, values)
		if err != nil {
			return nil, err
		}
		p.fails = append(p.fails, see)
	}
	for i, s := range f.Steps {
		a, err := p.act(s, values)
		if err != nil {
			return &f.Steps[i], err
		}
		p.acts = append(p.acts, a)
	}
	return nil, nil
}

// expandOrigin fills in an origin. What {{site}} stands for may have a path,
// which an origin has not.
func expandOrigin(t flow.Template, values map[string]string) (flow.Origin, error) {
	text, err := t.Expand(values)
	if err != nil {
		return flow.Origin{}, err
	}
	if u, err := url.Parse(text); err == nil && len(t.Names()) > 0 {
		u.Path, u.RawPath, u.RawQuery, u.Fragment = "", "", "", ""
		text = u.String()
	}
	return flow.ParseOrigin(text)
}

func expandLocator(l flow.Locator, values map[string]string) (at, error) {
	text, err := l.Expand(values)
	return at{Kind: string(l.Kind), Value: text}, err
}

func (p *plan) act(s flow.Step, values map[string]string) (act, error) {
	a := act{step: s}
	var err error
	if s.At.IsSet() {
		if a.at, err = expandLocator(s.At, values); err != nil {
			return act{}, err
		}
	}
	if s.Verb == flow.Open {
		a.value, err = p.address(s.Value, values)
		return a, err
	}
	for _, name := range s.Value.Names() {
		_, hidden := p.secrets[name]
		a.secret = a.secret || hidden
	}
	a.value, err = s.Value.Expand(values)
	return a, err
}

// address gives what to open, which must lie within the walls.
func (p *plan) address(t flow.Template, values map[string]string) (string, error) {
	text, err := t.ExpandURL(values)
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
