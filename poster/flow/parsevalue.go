package flow

import (
	"slices"

	"mailapp/filter/strictyaml"
)

// Locators and texts with placeholders, and where which placeholder may stand:
// {{photos}} and {{photo}} in upload, {{password}} in fill and type (C29).

// locator reads a text, or a list of texts, which are alternatives.
func (p *parser) locator(n strictyaml.Node) Locator {
	var all Locator
	if n.IsMapping() {
		n.Text() // notes the mistake
		return Locator{}
	}
	items := p.list(n)
	if !n.IsSet() {
		items = []strictyaml.Node{n}
	}
	written := map[string]bool{}
	for _, item := range items {
		if item.IsSet() && !item.IsText() {
			item.Text()
			continue
		}
		text := item.Text()
		l, err := ParseLocator(text)
		if err == nil && written[text] {
			item.Mistake("%q is given twice", text)
		}
		if err != nil {
			item.Mistake("%v", err)
			continue
		}
		written[text] = true
		p.links(item, l.Alternatives[0])
		all.Alternatives = append(all.Alternatives, l.Alternatives...)
	}
	return all
}

// links gives the templates of a chain their place.
func (p *parser) links(n strictyaml.Node, chain Chain) {
	for i := range chain {
		t := &chain[i].Value
		t.pos = n.Pos()
		inSight(n, *t)
		p.use(*t, false)
	}
}

// template reads a text with placeholders, whichever they are.
func (p *parser) template(n strictyaml.Node) Template {
	t, err := ParseTemplate(n.Text())
	if err != nil {
		n.Mistake("%v", err)
	}
	t.pos = n.Pos()
	return t
}

// hidden reads a text that nobody sees, since it goes into a field.
func (p *parser) hidden(n strictyaml.Node) Template {
	t := p.template(n)
	noPhotos(n, t)
	p.use(t, true)
	return t
}

// visible reads a text that can be seen on the page, in a URL or in a log.
func (p *parser) visible(n strictyaml.Node) Template {
	t := p.template(n)
	inSight(n, t)
	p.use(t, false)
	return t
}

// use keeps a template for [Flow.Check], with what is known at this place.
func (p *parser) use(t Template, hidden bool) {
	if len(t.parts) == 0 {
		return
	}
	u := use{template: t, hidden: hidden, anyRead: p.part != ""}
	u.known = slices.Clip(p.flow.reads)
	if p.inPhotos {
		u.known = append(u.known, PhotoNumber)
	}
	p.flow.uses = append(p.flow.uses, u)
}

func inSight(n strictyaml.Node, t Template) {
	if slices.Contains(t.Names(), Password) {
		n.Mistake("%s", secretText(Password))
	}
	noPhotos(n, t)
}

func noPhotos(n strictyaml.Node, t Template) {
	for _, name := range []string{Photos, OnePhoto} {
		if slices.Contains(t.Names(), name) {
			n.Mistake("{{%s}} belongs to upload; {{%s}} tells how many there are", name, PhotoCount)
		}
	}
}
