package flow

import (
	"fmt"
	"regexp"
	"strings"
)

// Kind is how a locator finds its element.
type Kind string

// The kinds of locators.
const (
	Named Kind = "named" // by label, visible text or accessible name; written plain
	Text  Kind = "text"  // the same, and any other element's text; written text/…
	CSS   Kind = "css"   // by a selector, the first visible match; written css/…
)

// Locator names an element of a page. The zero Locator names none.
type Locator struct {
	Kind  Kind
	Value Template
}

// String gives the locator as it is written.
func (l Locator) String() string {
	if l.Kind == Named || l.Kind == "" {
		return l.Value.String()
	}
	return string(l.Kind) + "/" + l.Value.String()
}

// IsSet tells whether the locator names something.
func (l Locator) IsSet() bool { return l.Kind != "" }

// Expand gives what to look for with the placeholders filled. In a selector a
// value is quoted so that it cannot change the selector's meaning (C25).
func (l Locator) Expand(values map[string]string) (string, error) {
	if l.Kind == CSS {
		return l.Value.expandCSS(values)
	}
	return l.Value.Expand(values)
}

// reserved are prefixes that Chrome's recordings know and that will get a
// meaning here; until then they must not pass for text.
var reserved = regexp.MustCompile(`^(aria|xpath|pierce|role|id|frame)/`)

// ParseLocator reads a locator as it is written in a flow.
func ParseLocator(written string) (Locator, error) {
	l, text := Locator{Kind: Named}, written
	for _, kind := range []Kind{CSS, Text} {
		if rest, ok := strings.CutPrefix(written, string(kind)+"/"); ok {
			l.Kind, text = kind, rest
		}
	}
	switch {
	case strings.TrimSpace(text) == "":
		return Locator{}, fmt.Errorf("here belongs what to look for: the text that one sees, or css/ and a selector")
	case l.Kind == Named && reserved.MatchString(text):
		return Locator{}, fmt.Errorf("locators are plain text, text/… or css/…, not %q", written)
	}
	var err error
	l.Value, err = ParseTemplate(text)
	return l, err
}
