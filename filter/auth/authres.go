package auth

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The grammar of Authentication-Results, RFC 8601 §2.2:
//
//	payload    = [CFWS] authserv-id [ CFWS version ] ( no-result / 1*resinfo ) [CFWS]
//	no-result  = [CFWS] ";" [CFWS] "none"
//	resinfo    = [CFWS] ";" methodspec [ CFWS reasonspec ] [ CFWS 1*propspec ]
//	methodspec = [CFWS] method [ [CFWS] "/" [CFWS] version ] [CFWS] "=" [CFWS] result
//	reasonspec = "reason" [CFWS] "=" [CFWS] value
//	propspec   = ptype [CFWS] "." [CFWS] property [CFWS] "=" pvalue
//	pvalue     = [CFWS] ( value / [ [local-part] "@" ] domain-name ) [CFWS]
//
// A field that does not fit is no evidence as a whole. A reader that guesses
// where the next result begins can be led to begin inside a quoted string or
// a comment, and there the sender writes: MAIL FROM is quoted in the field.
//
// It is kept to the letter, but for two freedoms that servers take: Yahoo ends
// the field with a semicolon, and Exim does not quote an IPv6 address. It is
// stricter in two places, where no server is known to need the freedom: CFWS must
// stand between two properties even after a quoted string, and nothing that looks
// like an encoded word (RFC 2047) may stand anywhere, since another reader of the
// same field could decode it.

// maxField is the longest field that is read, in bytes.
const maxField = 64 << 10

// results is what one field says.
type results struct {
	id   string // the authserv-id, as it is written; set even if the rest is malformed
	list []result
}

// result is one resinfo.
type result struct {
	method  string // lower case, like word and the names of properties
	version string // of the method, "" if not said
	word    string // the result: pass, fail …
	reason  string
	props   []property
}

// property is one propspec.
type property struct {
	ptype, name string
	value       value
}

// value is a pvalue: an address if domain is set (its local part may be
// empty), else a text.
type value struct {
	text          string
	local, domain string
}

func (v value) String() string {
	if v.domain == "" {
		return v.text
	}
	return v.local + "@" + v.domain
}

// host is the domain of a value that is an address or a bare domain.
func (v value) host() string { return cmp.Or(v.domain, v.text) }

// parseResults reads the value of a field. If there is an error, id is set as
// far as it could be read, and list does not count.
func parseResults(field string) (results, error) {
	s := scanner{in: field[:min(len(field), maxField)]}
	s.space()
	r := results{id: s.value()}
	if s.err != nil {
		return results{}, s.err
	}
	if err := admissible(field); err != nil {
		return r, err
	}
	s.payload(&r)
	return r, s.err
}

// admissible checks what must hold for the field as a whole.
func admissible(field string) error {
	start := strings.Index(field, "=?")
	switch {
	case len(field) > maxField:
		return fmt.Errorf("longer than %d bytes", maxField)
	case !utf8.ValidString(field):
		return errors.New("8-bit bytes that are not the UTF-8 of RFC 6532 §3.2")
	case start >= 0 && strings.Contains(field[start+2:], "?="):
		return errors.New("an encoded word of RFC 2047 §5 in it")
	}
	return nil
}

// payload reads what follows the authserv-id.
func (s *scanner) payload(r *results) {
	if s.space() && s.is(digit) {
		if v := s.run(digit, false); v != "1" {
			s.fail("unknown version of the field")
		}
		s.space()
	}
	for first := true; first || !s.done(); first = false {
		s.want(';')
		if s.space(); !first && s.done() {
			return // Yahoo ends its field with a semicolon
		}
		method := s.keyword()
		s.space()
		if first && method == "none" && s.done() {
			return
		}
		r.list = append(r.list, s.result(method))
	}
}

// result reads a resinfo from behind its method's name.
func (s *scanner) result(method string) result {
	r := result{method: method}
	if s.take('/') {
		s.space()
		if r.version = s.run(digit, false); r.version == "" {
			s.fail("method version missing")
		}
		s.space()
	}
	s.want('=')
	s.space()
	r.word = s.keyword()
	for first := true; ; first = false {
		space := s.space()
		if s.done() || s.next(';') {
			return r
		}
		if !space {
			s.fail("no space between two properties")
		}
		s.detail(&r, first)
	}
}

// detail reads a propspec, or the reasonspec, which only the first may be.
func (s *scanner) detail(r *result, first bool) {
	word := s.keyword()
	s.space()
	if first && word == "reason" && s.take('=') {
		s.space()
		r.reason = s.value()
		return
	}
	s.want('.')
	s.space()
	name := s.keyword()
	s.space()
	s.want('=')
	s.space()
	r.props = append(r.props, property{word, name, s.pvalue()})
}

// pvalue reads a token, a quoted string, or an address without CFWS in it.
func (s *scanner) pvalue() value {
	if ip := s.address6(); ip != "" {
		return value{text: ip}
	}
	wasQuoted := s.next('"')
	var text string
	if wasQuoted {
		text = s.quoted()
	} else {
		text = s.run(atext, true)
	}
	if s.take('@') {
		if !wasQuoted && text != "" && !dotString(text) {
			s.fail("malformed local part")
		}
		return value{local: text, domain: s.domain()}
	}
	if !wasQuoted && (text == "" || strings.ContainsAny(text, "/=?")) {
		s.fail("value missing, or one that would have to be quoted,")
	}
	return value{text: text}
}

// address6 reads an IPv6 address, which Exim does not quote although a token
// holds no colon.
func (s *scanner) address6() string {
	rest := s.in[s.at:]
	end := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF:.", r) })
	if end < 0 {
		end = len(rest)
	}
	if strings.Count(rest[:end], ":") < 2 {
		return ""
	}
	s.at += end
	return rest[:end]
}

// dotString tells whether atoms are divided by single dots (RFC 5321 §4.1.2).
func dotString(s string) bool {
	return s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..")
}

// property returns the one value of a property, and how many different ones
// the result names.
func (r result) property(ptype, name string) (v value, n int) {
	for _, p := range r.props {
		if p.ptype != ptype || p.name != name || n > 0 && p.value == v {
			continue
		}
		v = p.value
		n++
	}
	return v, n
}
