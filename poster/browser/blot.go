package browser

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// blotted stands where a secret was.
const blotted = "•••"

// blotter puts blots in the place of secrets, however a page, a script, a URL
// or a header writes them, and of the beginnings of secrets where a text was
// cut short (C29). The zero blotter knows none.
//
// A saved session can be hundreds of secrets, each as long as the site likes, and
// a page has megabytes: so an expression is made, and the text searched with it,
// only where the secret can be in it.
type blotter struct {
	secrets   []string // longest first, blanks folded
	spellings []spelling
	encoded   []spelling // in base64
}

// spelling finds a secret as it may be written.
type spelling struct {
	sign string // a piece of it that is written in one way only
	find func() *regexp.Regexp
}

func newSpelling(text string, express func() string) spelling {
	return spelling{sign(text), sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(express()) })}
}

// sign gives the longest row of letters and digits of ASCII in a text; "" if it has
// none.
func sign(text string) string {
	long := ""
	for _, row := range strings.FieldsFunc(text, func(c rune) bool { return !isPlain(c) }) {
		if len(row) > len(long) {
			long = row
		}
	}
	return long
}

func newBlotter(secrets ...string) blotter {
	var b blotter
	for _, s := range secrets {
		if s != "" {
			b.secrets = append(b.secrets, s)
		}
	}
	slices.SortFunc(b.secrets, func(a, b string) int { return len(b) - len(a) })
	for i, s := range b.secrets {
		for _, shown := range []string{s, strings.ToUpper(s)} { // as a style sheet may show it
			b.spellings = append(b.spellings, newSpelling(shown, func() string { return spelled(shown) }))
		}
		for _, own := range inBase64(s) {
			b.encoded = append(b.encoded, newSpelling(own, func() string { return base64Spelled.Replace(own) }))
		}
		b.secrets[i] = strings.Join(strings.Fields(s), " ")
	}
	return b
}

// Replace gives the text without secrets.
func (b blotter) Replace(text string) string {
	for _, s := range b.encoded {
		if strings.Contains(text, s.sign) {
			text = withoutBase64(text, s.find())
		}
	}
	for _, s := range b.spellings {
		if strings.Contains(text, s.sign) {
			text = s.find().ReplaceAllLiteralString(text, blotted)
		}
	}
	return b.cutShort(text)
}

// base64Signs are what base64 consists of, also percent-encoded.
const base64Signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-%"

// withoutBase64 takes out the words in base64 in which a secret stands.
func withoutBase64(text string, secret *regexp.Regexp) string {
	var out strings.Builder
	from := 0
	for _, at := range secret.FindAllStringIndex(text, -1) {
		if at[0] < from {
			continue
		}
		before := strings.TrimRight(text[from:at[0]], base64Signs)
		out.WriteString(before + blotted)
		from = len(text) - len(strings.TrimLeft(text[at[1]:], base64Signs+"="))
	}
	return out.String() + text[from:]
}

// cutMark is what stands where a text was cut short, by us or by the engine.
const cutMark = "…"

// minCut is how many characters of a secret tell something of it.
const minCut = 2

// cutShort takes out the beginnings of secrets before each mark.
func (b blotter) cutShort(text string) string {
	pieces := strings.Split(text, cutMark)
	for i, piece := range pieces[:len(pieces)-1] {
		for _, s := range b.secrets {
			pieces[i] = withoutBeginning(piece, s)
			if pieces[i] != piece {
				break
			}
		}
	}
	return strings.Join(pieces, cutMark)
}

// withoutBeginning takes the longest beginning of a secret off the end of a text.
func withoutBeginning(text, secret string) string {
	_, last := utf8.DecodeLastRuneInString(secret)
	for n := min(len(secret)-last, len(text)); n > 0; n-- {
		part := secret[:n]
		whole := utf8.RuneStart(secret[n]) && part[n-1] != ' '
		if whole && strings.HasSuffix(text, part) && utf8.RuneCountInString(part) >= minCut {
			return text[:len(text)-n] + blotted
		}
	}
	return text
}

// blank is any white space, as one or several characters of a text, a URL, HTML
// or a script.
const blank = `(?i:\s|\x{a0}|\+|&nbsp;|&#0*(?:9|10|13|32|160);?|&#x0*(?:9|a|d|20|a0);?|%(?:25)*(?:09|0a|0d|20|c2%(?:25)*a0)|\\+(?:[ntr]|u00(?:20|a0)|x(?:20|a0)))+`

// entities are the characters that HTML names, of those that it must.
var entities = map[rune]string{'&': "amp", '<': "lt", '>': "gt", '"': "quot", '\'': "apos"}

// spelled gives an expression for all spellings of a text. Of letters and
// digits of ASCII there is one each.
func spelled(text string) string {
	var all strings.Builder
	for i, field := range strings.Fields(text) {
		if i > 0 || unicode.IsSpace([]rune(text)[0]) {
			all.WriteString(blank)
		}
		for _, c := range field {
			all.WriteString(spelledOne(c))
		}
	}
	if end := []rune(text); unicode.IsSpace(end[len(end)-1]) {
		all.WriteString(blank)
	}
	return all.String()
}

// isPlain tells whether a character is a letter or digit of ASCII.
func isPlain(c rune) bool {
	return c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c))
}

func spelledOne(c rune) string {
	if isPlain(c) {
		return string(c)
	}
	percent, units := "", ""
	for _, b := range []byte(string(c)) {
		percent += fmt.Sprintf(`%%(?:25)*%02x`, b)
	}
	for _, u := range utf16.Encode([]rune{c}) {
		units += fmt.Sprintf(`\\+u%04x`, u)
	}
	ways := []string{percent, units,
		fmt.Sprintf(`&(?:amp;)*#0*%d;?`, c), fmt.Sprintf(`&(?:amp;)*#x0*%x;?`, c)}
	if c <= 0xff {
		ways = append(ways, fmt.Sprintf(`\\+x%02x`, c))
	}
	if name := entities[c]; name != "" {
		ways = append(ways, `&(?:amp;)*`+name+`;?`)
	}
	// The plain one last: the others begin with it where it is &, % or a backslash.
	return "(?:(?i:" + strings.Join(ways, "|") + ")|" + `\\*` + regexp.QuoteMeta(string(c)) + ")"
}

// minBase64 is how many characters of base64 are no accident.
const minBase64 = 5

// inBase64 gives the base64 in which a text stands, such as that of
// user:password: there are three, since base64 takes three bytes together.
func inBase64(text string) []string {
	var all []string
	for before := range 3 {
		encoded := base64.StdEncoding.EncodeToString(append(make([]byte, before), text...))
		own := encoded[(before*8+5)/6 : (before+len(text))*8/6]
		if len(own) >= minBase64 {
			all = append(all, own)
		}
	}
	return all
}

// base64Spelled makes an expression of base64: there are two alphabets, and URLs
// and scripts have ways of their own.
var base64Spelled = strings.NewReplacer("+", `(?:[+-]|%2[Bb])`, "/", `(?:[/_]|\\/|%2[Ff])`)
