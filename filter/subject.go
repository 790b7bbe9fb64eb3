package filter

// C21: subjects, and other header values, are compared as a reader sees them
// and not as they are spelled: RFC 2047 decoded, unfolded, without characters
// that cannot be seen, blanks collapsed, NFC, case-folded.

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// fold gives a raw header value as it is compared.
func fold(raw string) string { return foldText(comparable(raw)) }

// comparable gives a raw header value decoded and cleaned, its case as written.
func comparable(raw string) string {
	if strings.Contains(raw, "=?") || !isPlain(raw) {
		raw = decodeWords(unfold(raw))
	}
	return comparableText(raw)
}

// comparableText cleans decoded text.
func comparableText(text string) string {
	if !isPlain(text) {
		text = nfc(removeInvisible(text))
	}
	return strings.Join(strings.Fields(text), " ")
}

// foldText folds the case of decoded text.
func foldText(text string) string {
	if isPlain(text) {
		return strings.ToLower(text)
	}
	return nfc(strings.Map(foldCherokee, cases.Fold().String(text)))
}

// nfc normalises, without the joiner (U+034F) that x/text puts after thirty
// accents in a row.
func nfc(text string) string {
	return strings.ReplaceAll(norm.NFC.String(text), "\u034f", "")
}

// foldCherokee mends what x/text turns round: of all scripts Cherokee folds to
// its capitals, and x/text folds those to small letters as well.
func foldCherokee(r rune) rune {
	if unicode.Is(unicode.Cherokee, r) {
		return unicode.ToUpper(r)
	}
	return r
}

// isPlain tells whether text is printable ASCII, which most subjects are.
func isPlain(text string) bool {
	for _, b := range []byte(text) {
		if b < ' ' || b >= 0x7f {
			return false
		}
	}
	return true
}

// readable gives an unfolded header value for people to read.
func readable(value string) string {
	text := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return visible(r)
	}, decodeWords(value))
	return strings.Join(strings.Fields(text), " ")
}

// removeInvisible takes out what a reader does not see, and makes every blank a
// space.
func removeInvisible(text string) string {
	return strings.Map(func(r rune) rune {
		if isIgnorable(r) {
			return -1
		}
		return visible(r)
	}, text)
}

// visible drops control characters and makes every kind of blank a space.
func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r) || r == utf8.RuneError:
		return -1
	}
	return r
}

// isIgnorable tells whether r is shown as nothing (Unicode's default ignorable
// code points: zero-width, bidi, soft hyphen, variation selectors, fillers).
func isIgnorable(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
