package auth

import (
	"fmt"
	"strings"
)

// The tokens of Authentication-Results and Received fields: CFWS and quoted strings of
// RFC 5322 §3.2, tokens of RFC 2045 §5.1, keywords and domains of RFC 5321
// §4.1.2. Bytes beyond ASCII are let through where RFC 6532 §3.2 does; that
// they are UTF-8 is checked before.

// maxNesting bounds comments within comments; real fields have one level.
const maxNesting = 16

// class says what a byte may be part of.
type class uint16

const (
	wsp     class = 1 << iota // SP, HT
	visible                   // VCHAR
	ctext                     // a comment's text
	qtext                     // a quoted string's text
	atext                     // an atom
	token                     // a MIME token
	keyword                   // Keyword: letters, digits, hyphen
	digit
	label     // a domain's label: letters, digits, hyphen, and U-labels of RFC 6531 §3.3
	selector  // a label of a DKIM selector, with the underscores that are in use
	traceText // a word in a Received field, address literals and ids included
)

var classes = func() (t [256]class) {
	t[' '], t['\t'] = wsp, wsp
	for i := 0x21; i < 0x100; i++ {
		c := byte(i)
		alnum := '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
		for _, in := range [...]struct {
			set class
			is  bool
		}{
			{visible, c != 0x7f},
			{ctext, c != 0x7f && !strings.ContainsRune(`()\`, rune(c))},
			{qtext, c != 0x7f && !strings.ContainsRune(`"\`, rune(c))},
			{atext, c >= 0x80 || alnum || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", rune(c))},
			{token, c != 0x7f && !strings.ContainsRune(`()<>@,;:\"/[]?=`, rune(c))},
			{keyword, alnum || c == '-'},
			{digit, '0' <= c && c <= '9'},
			{label, c >= 0x80 || alnum || c == '-'},
			{selector, alnum || c == '-' || c == '_'},
			{traceText, c < 0x7f && !strings.ContainsRune(`()<>@,;"\`, rune(c))},
		} {
			if in.is {
				t[c] |= in.set
			}
		}
	}
	return t
}()

// scanner reads tokens from the front of in. The first mistake stays in err
// and puts the scanner at the end, so that every loop stops there; callers
// look at err once, when they are through.
type scanner struct {
	in  string
	at  int
	err error
}

func (s *scanner) fail(what string) {
	if s.err == nil {
		s.err = fmt.Errorf("%s at byte %d", what, s.at+1)
	}
	s.at = len(s.in)
}

func (s *scanner) done() bool { return s.at >= len(s.in) }

// is tells whether the next byte is of the class.
func (s *scanner) is(c class) bool { return !s.done() && classes[s.in[s.at]]&c != 0 }

// next tells whether c comes next.
func (s *scanner) next(c byte) bool { return !s.done() && s.in[s.at] == c }

// take reads c if it comes next.
func (s *scanner) take(c byte) bool {
	if !s.next(c) {
		return false
	}
	s.at++
	return true
}

// want reads c, which must come next.
func (s *scanner) want(c byte) {
	if !s.take(c) {
		s.fail(fmt.Sprintf("%q missing", c))
	}
}

// run reads as many bytes of the classes as there are, and dots where dots.
func (s *scanner) run(c class, dots bool) string {
	start := s.at
	for s.is(c) || dots && s.next('.') {
		s.at++
	}
	return s.in[start:s.at]
}

// space skips CFWS (RFC 5322 §3.2.2) and tells whether there was any.
func (s *scanner) space() bool {
	start := s.at
	for !s.done() {
		switch s.in[s.at] {
		case ' ', '\t':
			s.at++
		case '\r', '\n':
			s.fold()
		case '(':
			s.comment()
		default:
			return s.at > start
		}
	}
	return s.at > start
}

// fold reads the line end of a folded line. LF alone is a line end too: that
// is how Unix mail servers hand a message over.
func (s *scanner) fold() {
	s.take('\r')
	switch {
	case !s.take('\n'):
		s.fail("bare CR")
	case !s.is(wsp):
		s.fail("line end that begins no folded line")
	}
}

// comment reads a comment and those within it, without recursion.
func (s *scanner) comment() {
	for depth := 0; !s.done(); {
		switch {
		case s.take('('):
			if depth++; depth > maxNesting {
				s.fail("comments nested too deeply")
			}
		case s.take(')'):
			if depth--; depth == 0 {
				return
			}
		case s.next('\\'):
			s.pair()
		case s.next('\r'), s.next('\n'):
			s.fold()
		case s.is(ctext | wsp):
			s.at++
		default:
			s.fail("forbidden character in a comment")
		}
	}
	s.fail("comment not closed")
}

// pair reads a backslash and the one byte that it quotes.
func (s *scanner) pair() byte {
	s.at++
	if !s.is(visible | wsp) {
		s.fail("backslash before nothing that it can quote")
		return 0
	}
	s.at++
	return s.in[s.at-1]
}

// quoted reads a quoted string and returns what it means: unfolded, without
// quotes and backslashes (RFC 5322 §3.2.4).
func (s *scanner) quoted() string {
	var text strings.Builder
	s.want('"')
	for !s.done() {
		switch {
		case s.take('"'):
			return text.String()
		case s.next('\\'):
			text.WriteByte(s.pair())
		case s.next('\r'), s.next('\n'):
			s.fold()
		case s.is(qtext | wsp):
			text.WriteByte(s.in[s.at])
			s.at++
		default:
			s.fail("forbidden character in a quoted string")
		}
	}
	s.fail("quoted string not closed")
	return ""
}

// value reads a token or a quoted string (RFC 2045 §5.1).
func (s *scanner) value() string {
	if s.next('"') {
		return s.quoted()
	}
	text := s.run(token, false)
	if text == "" {
		s.fail("value missing")
	}
	return text
}

// keyword reads a Keyword (RFC 5321 §4.1.2) and returns it in lower case.
func (s *scanner) keyword() string {
	word := s.run(keyword, false)
	if word == "" || strings.HasSuffix(word, "-") {
		s.fail("keyword missing")
	}
	return lower(word)
}

// domain reads a domain of two labels or more (RFC 6376 §3.5) and returns it
// in lower case. U-labels stay what they are.
func (s *scanner) domain() string {
	name := s.run(label, true)
	labels := strings.Split(name, ".")
	for _, l := range labels {
		if l == "" || l[0] == '-' || l[len(l)-1] == '-' || len(labels) < 2 {
			s.fail("domain missing or malformed")
			return ""
		}
	}
	return lower(name)
}
