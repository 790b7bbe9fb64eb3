package auth

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// address is a mail address made ready to be compared.
//
// Local parts are compared without regard to ASCII case. RFC 5321 §2.4 lets a
// server tell Fred@ from fred@, but discourages it, and no mail service that
// hands out addresses does; phones, however, capitalise. What stands in the
// settings are a person's own addresses, so the one who could profit is a
// neighbour whose address differs in case alone. Only ASCII is folded: under
// Unicode folding the Kelvin sign equals k and strangers would become equal.
//
// A quoted local part is compared as it is written and not unquoted.
type address struct {
	local  string // ASCII in lower case
	domain string // A-labels in lower case
}

func (a address) String() string { return a.local + "@" + a.domain }

// parseAddress splits at the last @, since a quoted local part may hold others
// (RFC 5321 §4.1.2). A domain that is not ASCII is refused: it would have to
// be mapped to A-labels (RFC 5890) first, and that is the caller's.
func parseAddress(s string) (address, error) {
	at := strings.LastIndexByte(s, '@')
	switch {
	case s == "":
		return address{}, errors.New("there is no From field with exactly one address (RFC 5322 §3.6.2)")
	case at <= 0 || at == len(s)-1:
		return address{}, fmt.Errorf("the From field has no local part or no domain: %s (RFC 5322 §3.4.1)", shown(s))
	case !ascii(s[at+1:]):
		return address{}, fmt.Errorf("the domain of From is not in A-labels: %s (RFC 5890 §2.3.2.1)", shown(s))
	}
	return address{lower(s[:at]), lower(s[at+1:])}, nil
}

// spelling returns the person's address that equals a as the settings spell
// it, "" if there is none.
func (p *Person) spelling(a address) string {
	for _, s := range p.Addresses {
		if own, err := parseAddress(s); err == nil && own == a {
			return s
		}
	}
	return ""
}

func (p *Person) has(a address) bool { return p.spelling(a) != "" }

// lower folds ASCII letters and leaves every other byte as it is.
func lower(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return 'A' <= r && r <= 'Z' }) {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// shown makes text that the mail may have chosen fit for a sentence: quoted,
// without control characters, and of bounded length.
func shown(s string) string {
	const most = 80
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "…"
	}
	return strconv.QuoteToASCII(s)
}
