package auth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// dnsTime is the time that all DNS questions of one message have together.
// A resolver's usual time limit is 5 s a server, and a mail server may give up
// on us after minutes, so this leaves room for one that does not answer.
const dnsTime = 10 * time.Second

// resolver asks the DNS for TXT records, each name once.
type resolver struct {
	ctx    context.Context
	lookup func(ctx context.Context, name string) ([]string, error) // nil asks nothing
	left   time.Duration
	known  map[string]records
}

// records are the answer for one name.
type records struct {
	txt []string
	err error
}

func newResolver(ctx context.Context, lookup func(context.Context, string) ([]string, error)) *resolver {
	return &resolver{ctx: ctx, lookup: lookup, left: dnsTime, known: map[string]records{}}
}

// txt returns the records of a name, none if there is no such name. An error
// wraps [ErrTemporary]. The name is asked with a dot at its end, so that no
// search list of the system's (resolv.conf(5)) makes another name of it.
func (r *resolver) txt(name string) ([]string, error) {
	answer, ok := r.known[name]
	if !ok {
		answer.txt, answer.err = r.ask(name + ".")
		r.known[name] = answer
	}
	return answer.txt, answer.err
}

func (r *resolver) ask(name string) ([]string, error) {
	ctx, cancel := context.WithTimeout(r.ctx, r.left)
	defer cancel()
	start := time.Now()
	txt, err := r.lookup(ctx, name)
	r.left -= time.Since(start)
	var missing *net.DNSError
	switch {
	case errors.As(err, &missing) && missing.IsNotFound:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%w: asking the DNS: %w", ErrTemporary, err)
	}
	return txt, nil
}

// aLabels returns a domain name in lower-case A-labels (RFC 5890 §2.3.2.1); ""
// for what is none. What becomes a name only by replacing characters, such as
// full-width letters, is none: two programs may disagree on what it becomes.
func aLabels(domain string) string {
	if len(domain) > 4*253 { // the mapping takes the square of the length
		return ""
	}
	name, err := idna.Lookup.ToASCII(lower(domain))
	if err != nil || !hostname(name) {
		return ""
	}
	if name == lower(domain) {
		return name
	}
	back, err := idna.Lookup.ToUnicode(name)
	if err != nil || back != strings.ToLower(domain) {
		return ""
	}
	return name
}

// hostname tells whether a name has two labels or more, of letters, digits and
// hyphens (RFC 1123 §2.1), within the bounds of RFC 1035 §2.3.4.
func hostname(name string) bool {
	return len(name) <= 253 && strings.Contains(name, ".") && ascii(name) && labels(name, label)
}

// labels tells whether a name is labels divided by single dots, of the class
// and of 63 bytes at most, that neither begin nor end with a hyphen.
func labels(name string, c class) bool {
	for l := range strings.SplitSeq(name, ".") {
		s := scanner{in: l}
		if s.run(c, false) != l || l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
	}
	return true
}
