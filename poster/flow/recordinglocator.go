package flow

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mailapp/filter/strictyaml"
)

// What a recording says in texts: selectors, what was typed, and keys.

// recordedPrefixes are the kinds of selectors; without one it is CSS.
var recordedPrefixes = []Kind{CSS, Aria, Text, XPath, Pierce}

// selectors reads alternatives, each a selector or a chain of them. One that
// cannot be read is left out while there are others. What looks like a
// placeholder in one is none: a page can have braces and dollars of its own,
// and only what was typed into a field is known to be meant so.
//
// The reference takes the first element that a name fits; here several are
// ambiguous, unless it is a text. So the last resort is the first element of the
// first alternative, if that is a name.
func (r *recorder) selectors(s *Step, n strictyaml.Node) Locator {
	var all Locator
	var wrong []error
	if !n.IsList() || len(n.List()) == 0 {
		n.Mistake("here belongs a list of selectors")
		return all
	}
	for _, item := range n.List() {
		chain, err := r.chain(item)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		all.Alternatives = append(all.Alternatives, chain)
	}
	if !all.IsSet() {
		n.Mistake("%v", wrong[0])
		return all
	}
	for _, err := range wrong {
		r.note(s, "one of the selectors is left out: %v", err)
	}
	first := all.Alternatives[0]
	if kind := first[len(first)-1].Kind; kind == Aria {
		resort := append(slices.Clone(first), Link{Kind: Nth, Nth: 1})
		all.Alternatives = append(all.Alternatives, resort)
	}
	return all
}

// likePlaceholder notes, once, what a page may show because it was typed before.
// The text of a field is what is typed there in any case.
func (r *recorder) likePlaceholder(s *Step, at Locator) {
	for _, c := range at.Alternatives {
		for _, l := range c {
			like := cmp.Or(placeholder().FindString(l.Value.text), shellStyle().FindString(l.Value.text))
			if like != "" && (l.Kind != Text || s.Verb != Fill) {
				r.note(s, "a selector has %s in it, which is looked for as it stands; if the page shows there what was typed before, the flow needs a placeholder instead", like)
				return
			}
		}
	}
}

func (r *recorder) chain(n strictyaml.Node) (Chain, error) {
	var chain Chain
	for _, text := range n.Texts() {
		for _, piece := range pieces(text) {
			link, err := recordedLink(piece)
			if err != nil {
				return nil, err
			}
			chain = append(chain, link)
		}
	}
	if len(chain) == 0 {
		return nil, errors.New("a selector is empty")
	}
	return chain, nil
}

// pieces takes a CSS selector apart at the combinators of puppeteer's own: >>> is
// for anything below, in shadow roots too, and >>>> for a shadow root.
func pieces(selector string) []string {
	if slices.ContainsFunc(recordedPrefixes, func(k Kind) bool { return strings.HasPrefix(selector, string(k)+"/") }) {
		return []string{selector}
	}
	var all []string
	kind := ""
	for {
		at := outermost(selector, ">>>")
		if at < 0 {
			return append(all, kind+selector)
		}
		if before := strings.TrimSpace(selector[:at]); before != "" && before != ":scope" {
			all = append(all, kind+before)
		}
		var shadow bool
		selector, shadow = strings.CutPrefix(selector[at+3:], ">")
		kind = map[bool]string{true: "", false: string(Pierce) + "/"}[shadow]
	}
}

// outermost gives where a piece of CSS stands outside of brackets and quotes; -1
// if it does not.
func outermost(selector, piece string) int {
	var quote byte
	depth := 0
	for i := 0; i < len(selector); i++ {
		switch c := selector[i]; {
		case c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case depth == 0 && strings.HasPrefix(selector[i:], piece):
			return i
		}
	}
	return -1
}

// recordedLink reads one selector.
func recordedLink(text string) (Link, error) {
	l := Link{Kind: CSS}
	for _, k := range recordedPrefixes {
		if rest, ok := strings.CutPrefix(text, string(k)+"/"); ok {
			l.Kind, text = k, rest
			break
		}
	}
	text = strings.TrimSpace(text)
	l.Part = l.Kind == Text
	var err error
	switch {
	case text == "":
		err = errors.New("a selector is empty")
	case l.Kind == Aria:
		l.Role, text, err = parseAria(text)
	case l.Kind == CSS || l.Kind == Pierce:
		err = plainCSS(text)
	case l.Kind == XPath:
		err = checkXPath(asItStands(text))
	}
	l.Value = asItStands(text)
	return l, err
}

// plainCSS refuses what only puppeteer reads.
func plainCSS(selector string) error {
	if own := "::-p-"; strings.Contains(selector, own) {
		return fmt.Errorf("%q is no CSS: in %q", own, selector)
	}
	return balanced(selector)
}

// sameElement tells whether two steps act on the same element of the same
// page: if they have an alternative in common.
func sameElement(a, b Step) bool {
	if a.Recorded.Target != b.Recorded.Target || !slices.Equal(a.Recorded.Frame, b.Recorded.Frame) {
		return false
	}
	return slices.ContainsFunc(a.At.Alternatives, func(c Chain) bool {
		return slices.ContainsFunc(b.At.Alternatives, func(d Chain) bool { return c.String() == d.String() })
	})
}

// What a person types for a field of the mail: {{title}} as in flows, $title
// within a text, or TITLE alone.
var (
	shellStyle = compiled(`(?i)\$(title|body|price|account|password)\b`)
	capitals   = compiled(`^\s*(TITLE|BODY|PRICE|ACCOUNT|PASSWORD)\s*$`)
)

func shellName(text string) string { return "{{" + strings.ToLower(text[1:]) + "}}" }

// placeholders writes what was typed for a field as a placeholder.
func placeholders(typed string) string {
	if m := capitals().FindStringSubmatch(typed); m != nil {
		return "{{" + strings.ToLower(m[1]) + "}}"
	}
	return shellStyle().ReplaceAllStringFunc(typed, shellName)
}

// passwordWords are how fields for passwords are named, in code and by label.
var passwordWords = compiled(`(?i)passwor[dt]|passwd|passphrase|\bpwd\b|\bpass\b|kennwort|mot de passe|contraseña|wachtwoord|senha|hasło|lösenord|пароль`)

// forPassword tells whether a field seems to be for a password: by its name,
// or by what its selectors say of it and not of what is around it.
func forPassword(at Locator) bool {
	return slices.ContainsFunc(at.Alternatives, func(c Chain) bool {
		l := c[len(c)-1]
		return passwordWords().MatchString(lastPiece(l.Kind, l.Value.text))
	})
}

// lastPiece is the part of a selector that is about the element itself.
func lastPiece(kind Kind, selector string) string {
	depth, begin := 0, 0
	for i, c := range []byte(selector) {
		switch {
		case c == '[' || c == '(':
			depth++
		case c == ']' || c == ')':
			depth--
		case depth == 0 && (kind == CSS || kind == Pierce) && strings.IndexByte(" >+~", c) >= 0, depth == 0 && kind == XPath && c == '/':
			begin = i + 1
		}
	}
	return selector[begin:]
}

// keyNames are keys that the DOM's KeyboardEvent.code, or the keyboard itself,
// calls otherwise than we do.
var keyNames = map[string]string{
	" ": "Space", "\r": "Enter", "\n": "Enter", "NumpadEnter": "Enter", "Esc": "Escape",
	"Semicolon": ";", "Equal": "=", "NumpadEqual": "=", "Comma": ",", "Minus": "-", "Period": ".", "Slash": "/", "Backquote": "`",
	"BracketLeft": "[", "Backslash": `\`, "BracketRight": "]", "Quote": "'",
	"NumpadMultiply": "*", "NumpadAdd": "+", "NumpadSubtract": "-", "NumpadDivide": "/", "NumpadDecimal": ".",
}

var (
	sidedKey    = compiled(`^(Shift|Control|Alt|Meta)(?:Left|Right)$`)
	letterKey   = compiled(`^Key([A-Z])$`)
	numberedKey = compiled(`^(?:Digit|Numpad)([0-9])$`)
)

// keyOf gives our name of a recorded key; false if it cannot be pressed.
func keyOf(recorded string) (string, bool) {
	key := recorded
	if name, ok := keyNames[key]; ok {
		key = name
	} else if m := sidedKey().FindStringSubmatch(key); m != nil {
		key = m[1]
	} else if m := letterKey().FindStringSubmatch(key); m != nil {
		key = strings.ToLower(m[1])
	} else if m := numberedKey().FindStringSubmatch(key); m != nil {
		key = m[1]
	}
	ok := len([]rune(key)) == 1 && key >= " " || slices.Contains(namedKeys, key) || slices.Contains(modifierKeys, key)
	return key, ok
}
