// Package auth says who really sent a message: it turns the header, the
// delivery environment and the people of the settings into [Evidence].
//
// What is promised:
//   - From alone proves nothing (C13). Every method needs something that the
//     sender cannot write: a login that our mail server checked, a result
//     field that our mail server wrote, or a secret in the recipient address.
//   - Whoever is proven, From is one of that person's own addresses (C16).
//   - Authentication-Results are read by a tokenizer of our own to the letter
//     of RFC 8601 §2.2; a field that is not grammatical is never evidence (C14).
//   - Time is linear in the size of the header, and nothing is looked up
//     outside: no DNS, no file, no process, save what [Person].Secret does.
//
// What is not promised: DKIM signatures are not verified here, SPF is not
// computed, domains are aligned strictly (no public suffix list), and domains
// are compared as the A-labels that the caller gives, without IDNA mapping.
// A field that our mail server writes below its own Received field is not
// believed, because a sender can write there too. An address secret is enough
// by itself, even where DMARC failed, although it leaks wherever To is shown.
package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// ErrTemporary is in every error that [Check] returns: nobody is proven now,
// but somebody may be later, so the message must be tried again (exit 75).
var ErrTemporary = errors.New("the sender cannot be proven just now")

// Field is one header field as it stands on the wire.
type Field struct {
	Name  string // without the colon
	Value string // raw bytes after the colon, folding kept, no final line end
}

// Method is a way to prove a sender, by the name that rules.yaml uses.
type Method string

// The methods, in the order in which they are tried.
const (
	SASL                  Method = "sasl"
	AuthenticationResults Method = "authentication-results"
	AddressSecret         Method = "address-secret"
)

// Person is one of the people of the settings.
type Person struct {
	Name      string                 // as the settings and the recipient address name the person; never empty
	Addresses []string               // domains as A-labels
	Logins    []string               // SASL logins beside the addresses
	Accept    []Method               // the proofs that count for this person; empty means all
	Secret    func() (string, error) // the address secret; nil if there is none; called only when an extension was given
}

func (p *Person) accepts(m Method) bool {
	return len(p.Accept) == 0 || slices.Contains(p.Accept, m)
}

// Request is all that is known of the sender of one message.
type Request struct {
	Fields     []Field  // the header, topmost first
	From       string   // the one author's address, A-label domain; "" if there is none that is acceptable (C15)
	SASLLogin  string   // the login that the mail server handed over, "" if none
	Extension  string   // the extension of the envelope recipient, "" if none
	Claimed    string   // the person that the recipient address names, "" if none
	AuthservID string   // of our own mail server; "" means that no Authentication-Results is believed
	People     []Person // all who may be proven
}

// Finding is what became of one method, for people who ask why.
type Finding struct {
	Method Method
	Passed bool   // the method proved the sender, and the person accepts this proof
	Why    string // one sentence, safe to print: what the mail chose is quoted and cut, a secret is never in it
}

// Evidence is who was proven to have sent a message, if anybody.
type Evidence struct {
	Person  string // "" if nobody is proven
	Address string // the From address, spelt as the settings spell it
	Method  Method
	Checks  []Finding // every method in order; more than one of a method where something needs to be told
}

// Proven tells whether somebody is.
func (e Evidence) Proven() bool { return e.Person != "" }

// trial is what one method comes to.
type trial struct {
	who    *Person  // the person whom it proves, or would if err went away
	passed bool     // it does prove who
	why    string   // one sentence
	notes  []string // further sentences, each a Finding of its own
	err    error    // temporary trouble
}

// Check tries every method, strongest first, and returns what is proven. The
// first method that passes and that its person accepts wins. An error wraps
// [ErrTemporary] and is returned only if nothing is proven; the Evidence
// beside it still explains.
func Check(ctx context.Context, req Request) (Evidence, error) {
	var ev Evidence
	var trouble error
	if err := ctx.Err(); err != nil {
		return ev, fmt.Errorf("%w: %w", ErrTemporary, err)
	}
	from, err := parseAddress(req.From)
	if err != nil {
		return nobody(err), nil
	}
	for _, m := range []Method{SASL, AuthenticationResults, AddressSecret} {
		t := try(m, req, from, ev.Proven())
		if err := ev.add(m, t, from); err != nil && trouble == nil {
			trouble = err
		}
	}
	if ev.Proven() {
		trouble = nil
	}
	return ev, trouble
}

func try(m Method, req Request, from address, proven bool) trial {
	switch m {
	case SASL:
		return trySASL(req, from)
	case AuthenticationResults:
		return tryResults(req, from)
	default:
		return trySecret(req, from, proven)
	}
}

// add notes a trial and takes its proof if it is the first that counts. It
// returns the trial's trouble where waiting could help.
func (e *Evidence) add(m Method, t trial, from address) error {
	accepted := t.who != nil && t.who.accepts(m)
	if t.who != nil && !accepted {
		t.why = fmt.Sprintf("%s; it does not count, because %s does not accept %s", t.why, shown(t.who.Name), m)
	}
	passed := t.passed && accepted
	e.Checks = append(e.Checks, Finding{Method: m, Passed: passed, Why: t.why})
	for _, note := range t.notes {
		e.Checks = append(e.Checks, Finding{Method: m, Why: note})
	}
	if passed && !e.Proven() {
		e.Person, e.Method = t.who.Name, m
		e.Address = t.who.spelling(from)
	}
	if !accepted {
		return nil
	}
	return t.err
}

// nobody is the evidence where there is no From address to prove: whatever a
// login or a secret may say, there is no author for it to speak of.
func nobody(err error) Evidence {
	var ev Evidence
	for _, m := range []Method{SASL, AuthenticationResults, AddressSecret} {
		ev.Checks = append(ev.Checks, Finding{Method: m, Why: "nobody is proven: " + err.Error()})
	}
	return ev
}

// choose picks the one person whom a proof is about. Several people may share
// an address or a login; then only the recipient address can tell which of
// them is meant, and if it does not, nobody is.
func choose(people []*Person, claimed string) *Person {
	if len(people) == 1 {
		return people[0]
	}
	for _, p := range people {
		if p.Name == claimed {
			return p
		}
	}
	return nil
}

// peopleWho returns those named people of whom is holds.
func peopleWho(people []Person, is func(*Person) bool) []*Person {
	var found []*Person
	for i := range people {
		if p := &people[i]; p.Name != "" && is(p) {
			found = append(found, p)
		}
	}
	return found
}
