// Package auth says who really sent a message: it turns the header, the
// delivery environment and the people of the settings into [Evidence].
//
// What is promised:
//   - From alone proves nothing (C13). Every method needs something that the
//     sender cannot write: a login that our mail server checked, a result
//     field that our mail server wrote, a token in the recipient address, or a
//     signature by the owner of the From domain.
//   - Whoever is proven, From is one of that person's own addresses (C16).
//   - Authentication-Results and Received are read by a tokenizer of our own to
//     the letter of RFC 8601 §2.2 and of what Postfix writes; a field that is
//     not grammatical is never evidence (C14).
//   - DKIM signatures (RFC 6376) prove only what they cover, and only to the
//     recipient whom the signed header names. A domain is aligned with From as
//     RFC 7489 §3.1 says, by the public suffix list.
//   - The DNS is asked last, only for names of the From domain's own
//     organisation, and for ten seconds at most. Time is linear in the size of
//     the message.
//   - What cannot be known for now is an error that wraps [ErrTemporary], if it
//     could have proven somebody. Limits end in "not proven", never in a proof.
//
// What is not promised: SPF is not computed, and ARC (RFC 8617) is not read:
// for both the word of our own mail server is taken or none. A field that our
// mail server writes below its own Received field is not believed, because a
// sender can write there too. DKIM proves a domain, so users of one domain are
// told apart by its owner's server only. Many mail services do not sign
// Content-Type, so it may be changed on the way, though not doubled. An
// address secret is enough by itself unless our mail server says dmarc=fail,
// although it leaks wherever To is shown.
package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
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
	DKIM                  Method = "dkim" // last, since it reads the whole message and asks the DNS
)

var methods = []Method{SASL, AuthenticationResults, AddressSecret, DKIM}

// Person is one of the people of the settings.
type Person struct {
	Name      string                 // as the settings and the recipient address name the person; never empty
	Addresses []string               // domains as A-labels
	Logins    []string               // SASL logins beside the addresses
	Accept    []Method               // the proofs that count for this person; empty means all
	Secret    func() (string, error) // the key of the person's address secrets; nil if there is none; called only when an extension was given
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
	ClaimedApp string   // the app that the recipient address names, "" if none
	Recipient  string   // the envelope recipient without its extension, "" if unknown
	AuthservID string   // of our own mail server; "" means that no Authentication-Results is believed
	ReceivedBy string   // the name of our own mail server in its Received fields; "" means that no login in them is believed
	Untraced   bool     // the whole header may be the sender's: no field in it is surely our mail server's
	People     []Person // all who may be proven

	// Message gives the whole message from its first header field on, for
	// DKIM; nil if only the header is known.
	Message func() io.Reader
	// LookupTXT asks the DNS for a name that ends with a dot. An error that is
	// not a *net.DNSError with IsNotFound is temporary. nil means that nothing
	// is looked up.
	LookupTXT func(ctx context.Context, name string) ([]string, error)
	Now       time.Time // for tokens and signatures that expire; the zero time is later than all of them
	// Thorough has every method tried, also after one has proven somebody,
	// for people who ask why.
	Thorough bool
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
	// Signature stands for the message where DKIM proved its sender but does
	// not cover its Message-ID, which anybody could have changed (C8).
	Signature string
	Checks    []Finding // every method in order; more than one of a method where something needs to be told
}

// Proven tells whether somebody is.
func (e Evidence) Proven() bool { return e.Person != "" }

// trial is what one method comes to.
type trial struct {
	who       *Person  // the person whom it proves, or would if err went away
	passed    bool     // it does prove who
	signature string   // for Evidence.Signature
	why       string   // one sentence
	notes     []string // further sentences, each a Finding of its own
	err       error    // temporary trouble
}

// inquiry is one call of [Check].
type inquiry struct {
	Request
	from     address
	received login  // of the topmost Received field
	results  survey // the Authentication-Results fields
	dns      *resolver
}

// Check tries every method in order and returns what is proven. The first
// method that passes and that its person accepts wins; after it, those that
// cost something are tried only if the request is Thorough. An error wraps
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
	q := inquiry{Request: req, from: from, dns: newResolver(ctx, req.LookupTXT)}
	q.received = receivedLogin(req.Fields, req.ReceivedBy)
	if req.Untraced {
		q.received = login{why: untraced}
	}
	q.results = surveyHeader(req.Fields, req.AuthservID)
	for _, m := range methods {
		t := q.try(m, ev.Proven() && !req.Thorough)
		if err := ev.add(m, t, from); err != nil && trouble == nil {
			trouble = err
		}
	}
	if ev.Proven() {
		trouble = nil
	}
	return ev, trouble
}

// try makes one method's trial; needless tells that its proof is not needed.
func (q *inquiry) try(m Method, needless bool) trial {
	switch m {
	case SASL:
		return q.trySASL()
	case AuthenticationResults:
		return q.tryResults()
	case AddressSecret:
		return q.trySecret(needless)
	default:
		return q.tryDKIM(needless)
	}
}

// author is the one person whose address From is; nil and why not, if there is
// none. A login of somebody else speaks against everybody: the sender is then
// a user of our own server who is known by name, and what was found out of the
// From domain, a signature of our own server's included, cannot tell its users
// apart.
func (q *inquiry) author() (*Person, string) {
	authors := peopleWho(q.People, func(p *Person) bool { return p.has(q.from) })
	if len(authors) == 0 {
		return nil, fmt.Sprintf("From %s is no person's address; whoever may post from it needs it under people, addresses, in rules.yaml", shown(q.from.String()))
	}
	who := choose(authors, q.Claimed)
	if who == nil {
		return nil, fmt.Sprintf("several people share the address %s, and the recipient address does not say which of them is meant", shown(q.from.String()))
	}
	for _, name := range []string{q.SASLLogin, q.received.name} {
		if name != "" && !who.hasLogin(name) {
			return nil, fmt.Sprintf("the mail server handed over the login %s, which is not a login of %s, so what is known of the From domain proves nothing (RFC 4954)",
				shown(name), shown(who.Name))
		}
	}
	return who, ""
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
		e.Person, e.Method, e.Signature = t.who.Name, m, t.signature
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
	for _, m := range methods {
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
