package flow

import (
	"slices"
	"strings"

	"mailapp/filter/strictyaml"
)

// Lists of steps, what stands beside a verb, and the structures.
//
// The rule of the point of no return (C26): publish stands once at most, in no
// part, loop, block or optional step, and after it only what looks.

// steps reads a list of steps; the first has the number after skip.
func (p *parser) steps(n strictyaml.Node, prefix string, skip int) []Step {
	p.depth++
	defer func() { p.depth-- }()
	var all []Step
	for i, item := range p.list(n) {
		all = append(all, p.item(itemNumber(prefix, skip+i+1), item)...)
	}
	return all
}

// branch reads steps that may not be done at all, or more than once: what they
// read is not read in any case.
func (p *parser) branch(n strictyaml.Node, prefix string, skip int) []Step {
	certain := slices.Clone(p.certain)
	defer func() { p.certain = certain }()
	return p.steps(n, prefix, skip)
}

// item is a list item in reading: a verb, what belongs to it, and what may
// stand beside it.
type item struct {
	number string
	node   strictyaml.Node // with the words that precede its mistakes
	verb   strictyaml.Entry
	word   verbWord
	beside map[string]strictyaml.Node // by the keys of modifiers
}

// item reads one list item.
func (p *parser) item(number string, n strictyaml.Node) []Step {
	i, ok := divide(number, n)
	if !ok {
		return nil
	}
	if i.verb.Key == "" {
		return p.block(i)
	}
	for _, key := range []string{"then", "else"} {
		if i.beside[key].IsSet() {
			i.beside[key].Mistake("%s belongs to an if or unless without a verb beside it", key)
		}
	}
	guards := p.guards(i)
	if len(guards) > 0 {
		p.depth++ // a publish here would be one that may not be
		defer func() { p.depth-- }()
	}
	p.order(i)
	acts := p.act(i)
	p.modify(acts, i)
	for _, g := range slices.Backward(guards) {
		acts = []Step{{Number: number, Verb: If, Condition: g, Steps: acts, Pos: n.Pos()}}
	}
	return acts
}

// divide takes an item apart; false if no verb can be told.
func divide(number string, n strictyaml.Node) (item, bool) {
	n = n.In("step %s", number)
	i := item{number: number, node: n, beside: map[string]strictyaml.Node{}}
	entries := n.Entries()
	var unknown []strictyaml.Entry
	besides, several := keys(modifiers), false
	for _, e := range entries {
		if w, ok := wordOf(Verb(e.Key)); ok {
			several = several || i.verb.Key != ""
			i.verb, i.word = e, w
		} else if slices.Contains(besides, e.Key) {
			i.beside[e.Key] = e.Value
		} else {
			unknown = append(unknown, e)
		}
	}
	block := i.beside[string(If)].IsSet() || i.beside[string(Unless)].IsSet()
	switch {
	case len(unknown) > 0 && i.verb.Key == "" && !i.beside["then"].IsSet():
		unknown[0].Name.Mistake("unknown step %q%s", unknown[0].Key, strictyaml.DidYouMean(unknown[0].Key, verbNames()))
		return i, false
	case several, i.verb.Key == "" && !block:
		if n.IsMapping() || !n.IsSet() {
			n.Mistake("a step is one of %s and what it acts on", strings.Join(verbNames(), ", "))
		}
		return i, false
	}
	for _, e := range unknown {
		e.Name.Mistake("unknown key %q%s", e.Key, strictyaml.DidYouMean(e.Key, besides))
	}
	return i, true
}

// guards reads the if and unless of an item.
func (p *parser) guards(i item) []Condition {
	var all []Condition
	for _, key := range []string{string(If), string(Unless)} {
		if n := i.beside[key]; n.IsSet() {
			c := p.guard(n.In("%s", key))
			c.Not = key == string(Unless)
			all = append(all, c)
		}
	}
	return all
}

// block reads if or unless with then and else.
func (p *parser) block(i item) []Step {
	guards := p.guards(i)
	for _, key := range []string{"optional", "timeout"} {
		if i.beside[key].IsSet() {
			i.beside[key].Mistake("%s belongs to a step with a verb", key)
		}
	}
	if len(guards) > 1 {
		i.node.Mistake("a block begins with if or with unless, not with both")
	}
	if !i.beside["then"].IsSet() {
		i.node.Mistake("then is missing: what to do if the condition holds")
	}
	s := Step{Number: i.number, Verb: If, Condition: guards[0], Pos: i.node.Pos()}
	then, otherwise := i.beside["then"].Out(), i.beside["else"].Out()
	defer p.decide(s.Condition, i.node)()
	s.Steps = p.branch(then, i.number+".", 0)
	s.Else = p.branch(otherwise, i.number+".", len(then.List()))
	return []Step{s}
}

// decide notes a condition that a block around this one has decided, so that
// one of the branches is never reached. Only values that are not read stay as
// they are between the two; a page may change. The result ends the block.
func (p *parser) decide(c Condition, at strictyaml.Node) func() {
	mayChange := func(t Test) bool { return t.Kind != Field || slices.Contains(p.flow.reads, t.Name) }
	asked := c.positive().String()
	if slices.ContainsFunc(slices.Concat(c.Any...), mayChange) {
		return func() {}
	}
	if line := p.decided[asked]; line > 0 {
		at.Mistake("the block of line %d has decided this already, so one of the branches is never reached", line)
		return func() {}
	}
	p.decided[asked] = at.Pos().Line
	return func() { delete(p.decided, asked) }
}

// order keeps the rule of the point of no return.
func (p *parser) order(i item) {
	at, verb := i.verb.Name, i.word.verb
	switch {
	case p.published && verb == Publish:
		at.Mistake("publish stands only once in a flow")
	case p.published && !i.word.looks:
		at.Mistake("after publish only expect, wait-for, read, scroll, answer and blocks of them may follow: nothing after it is done twice or undone")
	case verb == ReadEach && p.inSection != List:
		at.Mistake("read-each belongs to the section list")
	case verb != Publish:
	case p.part != "":
		at.Mistake("a part cannot publish: publish stands in steps itself")
	case p.inSection == List || p.inSection == Find:
		at.Mistake("%s only looks: there is nothing to publish", p.inSection)
	case p.depth > 1:
		at.Mistake("publish stands in no block and no loop, and beside no if: it is the one click that is made in any case")
	default:
		p.published = true
	}
}

// act reads what belongs to an item's verb, and numbers it.
func (p *parser) act(i item) []Step {
	acts := p.structure(i)
	if acts == nil {
		acts = p.acts(i.word.verb, i.verb.Value.In("%s", i.word.verb))
	}
	for k := range acts {
		acts[k].Number, acts[k].Verb, acts[k].Pos = i.number, i.word.verb, i.node.Pos()
	}
	return acts
}

// modify reads optional and timeout.
func (p *parser) modify(acts []Step, i item) {
	optional, timeout := i.beside["optional"].Duration(), i.beside["timeout"].Duration()
	switch {
	case optional > 0 && i.word.verb == Expect:
		i.beside["optional"].Mistake("what is expected cannot be optional; did you mean wait-for?")
	case optional > 0 && !i.word.waits, optional > 0 && i.word.verb == Press && len(acts) > 0 && !acts[0].At.IsSet():
		i.beside["optional"].Mistake("%s does not wait for anything that could be missing; did you mean if?", i.word.verb)
	case timeout > p.flow.Limit:
		i.beside["timeout"].Mistake("one step cannot have more time than all of them: limit is %v", p.flow.Limit)
	case optional > p.flow.Limit:
		i.beside["optional"].Mistake("one step cannot have more time than all of them: limit is %v", p.flow.Limit)
	case optional > 0 && timeout > 0 && optional > timeout:
		i.beside["optional"].Mistake("optional is longer than timeout, which ends the step before")
	}
	for k := range acts {
		acts[k].Optional, acts[k].Timeout = optional, timeout
	}
}

// structure reads what belongs to a verb that has steps of its own, or to do.
func (p *parser) structure(i item) []Step {
	n := i.verb.Value.In("%s", i.word.verb)
	switch i.word.verb {
	case Do:
		name := n.Text()
		if !n.IsSet() {
			n.Mistake("here belongs the name of a part")
		} else if name != "" {
			p.calls = append(p.calls, call{from: p.part, to: name, at: n})
		}
		return []Step{{Part: name}}
	case ForEachPhoto:
		return []Step{{Steps: p.photoSteps(i, n)}}
	case Window:
		if !n.IsSet() {
			n.Mistake("here belong the steps to do in the window")
		}
		return []Step{{Steps: p.steps(n.Out(), i.number+".", 0)}}
	case Pages:
		return []Step{p.pages(i, n)}
	}
	return nil
}

func (p *parser) photoSteps(i item, n strictyaml.Node) []Step {
	if !n.IsSet() {
		n.Mistake("here belong the steps to do for each photo")
	}
	if p.inPhotos {
		i.verb.Name.Mistake("for-each-photo cannot stand in another one")
	}
	was := p.inPhotos
	p.inPhotos = true
	defer func() { p.inPhotos = was }()
	return p.branch(n.Out(), i.number+".", 0)
}

// pages reads a walk through pages whose order is not known.
func (p *parser) pages(i item, n strictyaml.Node) Step {
	m := p.mapping(n, thePages)
	s := Step{AtMost: rounds(m["at-most"])}
	if m["until"].IsSet() {
		s.Condition = p.condition(m["until"].In("until"))
	}
	asked := map[string]int{s.Condition.String(): m["until"].Pos().Line}
	for k, c := range p.list(m["cases"]) {
		number := itemNumber(i.number+".", k+1)
		c = c.Out().In("case %s", number)
		read := p.aCase(c, number)
		if line := asked[read.On.String()]; read.On.IsSet() && line > 0 {
			c.Mistake("this is never reached: line %d asks for the same", line)
		}
		asked[read.On.String()] = c.Pos().Line
		s.Cases = append(s.Cases, read)
	}
	return s
}

func rounds(n strictyaml.Node) int {
	if !n.IsSet() {
		return DefaultRounds
	}
	count, ok := wholeNumber(n.Text())
	if (!ok || count < 1 || count > 1000) && n.IsText() {
		n.Mistake("here belongs how often, from 1 to 1000, not %q", n.Text())
	}
	return count
}

func (p *parser) aCase(n strictyaml.Node, number string) Case {
	m := p.mapping(n, aCase)
	c := Case{Pos: n.Pos()}
	if m["on"].IsSet() {
		c.On = p.condition(m["on"].In("on"))
	}
	c.Steps = p.branch(m["steps"].Out(), number+".", 0)
	if len(c.Steps) > 0 && !slices.ContainsFunc(c.Steps, moves) {
		n.Mistake("nothing here leads to another page, so the walk would stay on this one")
	}
	return c
}

// moves tells whether a step can change anything.
func moves(s Step) bool {
	if s.Verb == If {
		return slices.ContainsFunc(s.Steps, moves) || slices.ContainsFunc(s.Else, moves)
	}
	w, _ := wordOf(s.Verb)
	return w.moves
}
