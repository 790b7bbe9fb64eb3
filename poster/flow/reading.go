package flow

import (
	"regexp"
	"strings"
)

// Given is the From of what is taken from a text with placeholders, Step.Value,
// and not from the page: the number of a ticket from the subject. If that does
// not match, it never will, and the sender is the one who can do something
// about it.
const Given = "given"

// Reading says what read takes from the page.
type Reading struct {
	Name string // of the value in Result.Values, and as a placeholder in later steps
	// From is "text", "url" (of the page), "link" (where a link leads),
	// "value" (what is in a field), "property/NAME" of the DOM, the name of an
	// attribute, or [Given]. Addresses become absolute: link, and the attributes href, src,
	// action, formaction, poster and data.
	From string
	// Matching picks what its first group matches, or the whole match; nil takes all.
	Matching *regexp.Regexp
	Number   bool // the value is a number, written with a point and nothing else
}

// Take gives the value that r makes of what was found on the page; false if
// there is none yet, so that the step goes on waiting.
func (r Reading) Take(found string) (value string, ok bool) {
	value = found
	if r.Matching != nil {
		groups := r.Matching.FindStringSubmatch(found)
		if groups == nil {
			return "", false
		}
		value = groups[min(1, len(groups)-1)]
	}
	if r.Number {
		return number(value)
	}
	return value, true
}

var (
	digits = compiled(`([-+\x{2212}]?)\s?\p{Sc}?\s?(\d+(?:[.,'’]\d+|[\s\x{a0}\x{2009}\x{202f}]\d{3}\b)*)`)
	// decimals is what stands behind a comma or point that is no mark of thousands.
	decimals = compiled(`[.,](\d{1,2}|\d{4,})$`)
)

// number reads the first number in a text as people write them, "1.234,50 €"
// or "$1,234.5", and gives it as 1234.50 or 1234.5. One comma or point before
// exactly three digits is a mark of thousands, unless 0 stands before it.
func number(text string) (string, bool) {
	found := digits().FindStringSubmatch(text)
	if found == nil {
		return "", false
	}
	sign, whole, fraction := "", found[2], ""
	if found[1] == "-" || found[1] == "\u2212" {
		sign = "-"
	}
	if at := decimalMark(whole); at > 0 {
		whole, fraction = whole[:at], "."+whole[at+1:]
	}
	whole = strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, whole)
	return sign + whole + fraction, true
}

// decimalMark gives the place of the comma or point before the decimals, or 0.
func decimalMark(number string) int {
	last := strings.LastIndexAny(number, ".,")
	switch {
	case last <= 0:
		return 0
	case decimals().MatchString(number), number[:last] == "0":
		return last
	case strings.ContainsAny(number[:last], ".,") && !strings.Contains(number[:last], number[last:last+1]):
		return last // the marks before it are others: 1.234,567
	}
	return 0
}
