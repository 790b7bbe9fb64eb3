package flow

import (
	"fmt"
	"slices"
	"strings"

	"mailapp/filter/strictyaml"
)

// Template is a text with placeholders: "{{site}}/login". The zero Template is
// the empty text.
type Template struct {
	text  string // as written
	parts []part
	pos   strictyaml.Pos
}

// part is a piece of plain text or, if name is set, a placeholder.
type part struct{ text, name string }

var placeholder = compiled(`\{\{\s*([A-Za-z][A-Za-z0-9_-]*)\s*\}\}`)

// ParseTemplate reads a text with placeholders. Braces in pairs that are no
// placeholder are an error.
func ParseTemplate(text string) (Template, error) {
	t := Template{text: text}
	plain := func(s string) error {
		if strings.Contains(s, "{{") || strings.Contains(s, "}}") {
			return fmt.Errorf("a placeholder is a name in two pairs of braces, as {{title}}; in %q something is missing", text)
		}
		if s != "" {
			t.parts = append(t.parts, part{text: s})
		}
		return nil
	}
	rest := 0
	for _, m := range placeholder().FindAllStringSubmatchIndex(text, -1) {
		if err := plain(text[rest:m[0]]); err != nil {
			return Template{}, err
		}
		t.parts = append(t.parts, part{name: text[m[2]:m[3]]})
		rest = m[1]
	}
	return t, plain(text[rest:])
}

// asItStands is a text in which nothing is a placeholder.
func asItStands(text string) Template {
	t := Template{text: text}
	if text != "" {
		t.parts = []part{{text: text}}
	}
	return t
}

// String gives the template as it is written, placeholders unfilled.
func (t Template) String() string { return t.text }

// Names gives the placeholders in their order, each once.
func (t Template) Names() []string {
	var names []string
	for _, p := range t.parts {
		if p.name != "" && !slices.Contains(names, p.name) {
			names = append(names, p.name)
		}
	}
	return names
}

// Expand puts values in the place of the placeholders, exactly as they are.
// A placeholder without a value is an error.
func (t Template) Expand(values map[string]string) (string, error) {
	return t.expand(values, func(_ int, v string) string { return v })
}

// ExpandURL does it for a URL. A placeholder at the very start, such as
// {{site}}, is part of the address as it is; any other value becomes one
// percent-encoded piece that can neither add a parameter nor lead elsewhere.
func (t Template) ExpandURL(values map[string]string) (string, error) {
	return t.expand(values, func(i int, v string) string {
		if i > 0 {
			return escapeURL(v)
		}
		if len(t.parts) > 1 && strings.HasPrefix(t.parts[1].text, "/") {
			return strings.TrimSuffix(v, "/")
		}
		return v
	})
}

// expandCSS does it for a selector: a value stays one name or quoted string.
func (t Template) expandCSS(values map[string]string) (string, error) {
	return t.expand(values, func(_ int, v string) string { return escapeCSS(v) })
}

// expandXPath does it for an XPath expression: a value is one string literal.
func (t Template) expandXPath(values map[string]string) (string, error) {
	return t.expand(values, func(_ int, v string) string { return quoteXPath(v) })
}

func (t Template) expand(values map[string]string, escape func(i int, value string) string) (string, error) {
	var b strings.Builder
	for i, p := range t.parts {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		value, ok := values[p.name]
		if !ok {
			return "", fmt.Errorf("nothing is known as {{%s}}", p.name)
		}
		b.WriteString(escape(i, value))
	}
	return b.String(), nil
}

// rewrite gives the template with its own text and its values rewritten.
func (t Template) rewrite(values map[string]string, text, value func(string) string) (string, error) {
	own := Template{text: t.text, parts: slices.Clone(t.parts)}
	for i, p := range own.parts {
		own.parts[i].text = text(p.text)
	}
	return own.expand(values, func(_ int, v string) string { return value(v) })
}

// only tells whether the template is nothing but this placeholder.
func (t Template) only(name string) bool { return slices.Equal(t.parts, []part{{name: name}}) }

// Begins tells whether the template begins with a placeholder.
func (t Template) Begins() bool { return len(t.parts) > 0 && t.parts[0].name != "" }

// escapeURL percent-encodes all but RFC 3986's unreserved characters, and a name
// that would lead out of its folder so that no browser takes it for that.
func escapeURL(s string) string {
	if s == "." || s == ".." {
		return strings.Repeat("%252E", len(s))
	}
	var b strings.Builder
	for _, c := range []byte(s) {
		if isWord(rune(c)) || c == '.' || c == '~' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// escapeCSS writes s so that it means itself both as an identifier and inside
// quotes. A leading digit or hyphen must not begin a number.
func escapeCSS(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == 0:
			b.WriteRune('\uFFFD')
		case r >= 0x80, isWord(r) && (i > 0 || r == '_' || r > '9'):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "\\%x ", r)
		}
	}
	return b.String()
}

// quoteXPath writes s as an expression of XPath 1.0, whose literals know no
// escapes: one that holds both kinds of quotes is put together from pieces.
func quoteXPath(s string) string {
	switch {
	case !strings.Contains(s, "'"):
		return "'" + s + "'"
	case !strings.Contains(s, `"`):
		return `"` + s + `"`
	}
	return "concat('" + strings.ReplaceAll(s, "'", `', "'", '`) + "')"
}

func isWord(r rune) bool {
	return r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}
