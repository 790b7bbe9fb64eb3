package poster

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// spellings are the ways in which a letter is written where it cannot be
// written as it is. Both spellings become the shorter one.
var spellings = strings.NewReplacer("ß", "s", "ss", "s", "æ", "a", "ae", "a", "œ", "o", "oe", "o", "ø", "o", "ue", "u", "ł", "l")

// Fold gives what is left of a title that a site may have rewritten: letters
// and digits, without case and accents, ü and ue alike. Two ads whose titles
// fold to the same may be one.
func Fold(title string) string {
	kept := strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(title))
	return spellings.Replace(kept)
}

// shortest is the least number of letters that a title which a site has cut
// short must have kept to be known again.
const shortest = 10

// fits tells whether a site may show an ad of this title under the other: the
// same once folded, cut short, or with something put before or behind it.
func fits(title, shown string) bool {
	a, b := Fold(title), Fold(shown)
	if a == "" || b == "" {
		return a == b && strings.TrimSpace(title) == strings.TrimSpace(shown)
	}
	return foldedFits(a, b)
}

func foldedFits(title, shown string) bool {
	if title == "" || strings.Contains(shown, title) {
		return title != ""
	}
	return utf8.RuneCountInString(shown) >= shortest && strings.HasPrefix(title, shown)
}
