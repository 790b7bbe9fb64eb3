package flow

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"mailapp/filter/strictyaml"
)

// chained stands between the links of a locator.
const chained = " >> "

// prefixes are how the kinds of links begin, as in Chrome's recordings.
var prefixes = []Kind{Text, Aria, Role, CSS, XPath, Pierce, Nth}

// likePrefix is what could be meant for a prefix; text that begins so is
// written text/….
var likePrefix = compiled(`^([a-z]{2,8})/\S`)

// ParseLocator reads one alternative of a locator as it is written in a flow.
func ParseLocator(written string) (Locator, error) {
	var chain Chain
	for _, piece := range strings.Split(written, chained) {
		link, err := parseLink(piece)
		if err != nil {
			return Locator{}, err
		}
		chain = append(chain, link)
	}
	if chain[0].Kind == Nth {
		return Locator{}, fmt.Errorf("%s says which one, but not of what: put a locator and >> before it", chain[0])
	}
	return Locator{Alternatives: []Chain{chain}}, nil
}

func parseLink(written string) (Link, error) {
	kind, rest := Named, written
	for _, k := range prefixes {
		if after, ok := strings.CutPrefix(written, string(k)+"/"); ok {
			kind, rest = k, after
		}
	}
	if strings.TrimSpace(rest) == "" {
		return Link{}, errors.New("here belongs what to look for: the text that one sees, or css/ and a selector")
	}
	link := Link{Kind: kind}
	var err error
	switch kind {
	case Named:
		err = noPrefix(written)
	case Nth:
		link.Nth, err = parseNth(rest)
		return link, err
	case Role:
		link.Role, rest, _ = strings.Cut(strings.TrimSpace(rest), " ")
		err = knownRole(link.Role)
	case Aria:
		link.Role, rest, err = parseAria(rest)
	case CSS, Pierce:
		err = balanced(rest)
	}
	if err == nil {
		link.Value, err = ParseTemplate(strings.TrimSpace(rest))
	}
	if err == nil && kind == XPath {
		err = checkXPath(link.Value)
	}
	return link, err
}

// noPrefix refuses text that may be a mistyped prefix.
func noPrefix(written string) error {
	m := likePrefix().FindStringSubmatch(written)
	if m == nil {
		return nil
	}
	words := make([]string, len(prefixes))
	for i, k := range prefixes {
		words[i] = string(k)
	}
	hint := strictyaml.DidYouMean(m[1], words)
	if !strings.Contains(hint, "mean") {
		return nil // such as "and/or": there is nothing that it resembles
	}
	return fmt.Errorf("unknown kind of locator %q%s text that really begins so is written text/…", m[1]+"/", hint)
}

func parseNth(text string) (int, error) {
	if text == "last" {
		return Last, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 9999 {
		return 0, fmt.Errorf("nth/ takes a number from 1, or last, not %q", text)
	}
	return n, nil
}

// attribute of an accessible name's query, as Chrome's recordings write it.
var ariaAttribute = compiled(`\[\s*([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')\s*\]`)

// parseAria takes Name[role="button"] or [name="…"][role="…"] apart.
func parseAria(text string) (role, name string, err error) {
	name = strings.TrimSpace(ariaAttribute().ReplaceAllString(text, ""))
	for _, m := range ariaAttribute().FindAllStringSubmatch(text, -1) {
		switch value := m[2] + m[3]; {
		case m[1] == "role":
			role, err = value, knownRole(value)
		case m[1] == "name" && name == "":
			name = value
		default:
			err = fmt.Errorf("aria/ knows a name and [role=\"…\"], not [%s=…]", m[1])
		}
		if err != nil {
			return "", "", err
		}
	}
	if name == "" && role == "" {
		err = errors.New("aria/ takes a name, a role or both")
	}
	return role, name, err
}

// roles are those of WAI-ARIA 1.2 that something on a page can have.
var roles = strings.Fields("alert alertdialog application article banner blockquote button caption cell checkbox code " +
	"columnheader combobox complementary contentinfo definition deletion dialog directory document emphasis feed figure " +
	"form generic grid gridcell group heading image img insertion link list listbox listitem log main marquee math menu menubar " +
	"menuitem menuitemcheckbox menuitemradio meter navigation none note option paragraph presentation progressbar radio " +
	"radiogroup region row rowgroup rowheader scrollbar search searchbox separator slider spinbutton status strong " +
	"subscript superscript switch tab table tablist tabpanel term textbox time timer toolbar tooltip tree treegrid treeitem")

func knownRole(role string) error {
	for _, r := range roles {
		if r == role {
			return nil
		}
	}
	return fmt.Errorf("unknown role %q%s", role, strictyaml.DidYouMean(role, roles))
}

// checkXPath looks for what Go can see: brackets and quotes that do not fit,
// and a placeholder inside quotes, where its value would not be a literal.
func checkXPath(t Template) error {
	var quote byte
	for _, p := range t.parts {
		if p.name != "" && quote != 0 {
			return fmt.Errorf("in XPath a placeholder stands without quotes, since its value brings its own: text()={{%s}}", p.name)
		}
		for _, c := range []byte(p.text) {
			switch {
			case quote == 0 && (c == '\'' || c == '"'):
				quote = c
			case quote == c:
				quote = 0
			}
		}
	}
	return balanced(strings.ReplaceAll(t.text, `\`, ""))
}

// balanced tells whether all quotes and brackets of a selector are closed.
func balanced(selector string) error {
	var open []byte
	closing := map[byte]byte{'[': ']', '(': ')', '"': '"', '\'': '\''}
	text := placeholder().ReplaceAllString(selector, "x")
	for i := 0; i < len(text); i++ {
		c := text[i]
		last := byte(0)
		if len(open) > 0 {
			last = open[len(open)-1]
		}
		switch {
		case c == '\\':
			i++ // what follows is a character like any other
		case last == c:
			open = open[:len(open)-1]
		case last == '"' || last == '\'':
		case closing[c] != 0:
			open = append(open, closing[c])
		case c == ']' || c == ')':
			return fmt.Errorf("in the selector %q a %q closes nothing", selector, c)
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("in the selector %q a %q is missing", selector, open[len(open)-1])
	}
	return nil
}
