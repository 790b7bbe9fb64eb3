package auth

import (
	"cmp"
	"fmt"
)

// What results of our own mail server say of a From address.
//
// It is proven by one of, in this order:
//   - dmarc=pass with header.from equal to the From domain (RFC 7489 §6.6.2);
//   - dkim=pass with header.d, or lacking that the domain of header.i, aligned
//     with the From domain (RFC 7489 §3.1.1);
//   - auth=pass with a smtp.auth that is a login of the author (RFC 4954);
//   - spf=pass with one smtp.mailfrom, whose domain is aligned with the From
//     domain (RFC 7489 §3.1.2).
//
// The last is worth the least. It says that the client may send for the domain,
// and on shared hosting every other customer of the same machines may. Who does
// not want that takes it from the person's accepted proofs, or has the owner of
// the domain publish DMARC. smtp.helo says nothing of the author, and arc= is
// no result about From: where our server lets ARC decide, its dmarc= says so.
//
// Nothing is proven if a result of ours speaks against it (C14): a dmarc
// result that is neither pass nor none; any header.from that is not the From
// domain; an unaligned or unnamed login, since where our server knows which of
// its users wrote, what holds for their whole domain says nothing; two fields
// that disagree on DMARC, on SPF, or on the signatures of one domain. A failed
// signature beside a good one in the same field is no disagreement: mailing
// lists break some, and one is enough (RFC 6376 §6.1).

// scales weighs the results of all our fields.
type scales struct {
	from address
	who  *Person // whose address from is
	dns  *resolver

	dmarc   string // the word that dmarc results agree on so far
	pass    [4]string
	signers []string            // aligned domains with dkim=pass
	dkim    []map[string]string // of each field: the best word by signing domain, "" for no signature
	badSPF  string              // the spf word of an aligned domain that is no pass

	proof, against, unsure string // what it comes to, the first of each kind
}

// The places in scales.pass, in the order in which they are preferred.
const (
	passDMARC = iota
	passDKIM
	passAuth
	passSPF
)

// note keeps the first sentence of its kind.
func note(kind *string, format string, args ...any) {
	if *kind == "" {
		*kind = fmt.Sprintf(format, args...)
	}
}

// weigh finds the reason why From is proven to be of who, else the reason
// against it, else why it is not known for now; all "" if the results say
// nothing of it.
func (q *inquiry) weigh(who *Person) scales {
	s := scales{from: q.from, who: who, dns: q.dns}
	for _, f := range q.results.ours {
		s.field(f)
	}
	s.disagreements()
	for _, why := range s.pass {
		if why != "" && s.against == "" {
			note(&s.proof, "%s", why)
		}
	}
	return s
}

func (s *scales) field(f results) {
	said := map[string]string{}
	s.dkim = append(s.dkim, said)
	for _, r := range f.list {
		s.author(r)
		switch r.method {
		case "dmarc", "dkim", "auth", "spf":
			s.version(r)
		}
		switch r.method {
		case "dmarc":
			s.weighDMARC(r)
		case "dkim":
			s.weighDKIM(r, said)
		case "auth":
			s.weighAuth(r)
		case "spf":
			s.weighSPF(r)
		}
	}
}

// disagreements finds results that gainsay those that pass (C14).
func (s *scales) disagreements() {
	for _, domain := range s.signers {
		for _, said := range s.dkim {
			if word := cmp.Or(said[domain], said[""]); word != "" && word != "pass" {
				note(&s.against, "one field of our mail server says dkim=pass and another dkim=%s for %s (RFC 8601 §2.7.1)", shownWord(word), shown(domain))
			}
		}
	}
	if s.pass[passSPF] != "" && s.badSPF != "" {
		note(&s.against, "our mail server says both spf=pass and spf=%s for the From domain (RFC 8601 §2.7.2)", shownWord(s.badSPF))
	}
}

// aligned tells whether a domain, as a result spells it, is aligned with From.
func (s *scales) aligned(domain, tag string) bool {
	ok, err := s.dns.aligned(aLabels(domain), s.from.domain, tag)
	if err != nil {
		note(&s.unsure, "whether %s is aligned with From cannot be looked up just now (RFC 7489 §6.6.3)", shown(domain))
	}
	return ok
}

// failsDMARC tells whether a field of ours says dmarc=fail of the From domain.
func (s *survey) failsDMARC(from address) bool {
	for _, f := range s.ours {
		for _, r := range f.list {
			v, n := r.property("header", "from")
			if r.method == "dmarc" && r.word == "fail" && (n != 1 || aLabels(v.host()) == from.domain) {
				return true
			}
		}
	}
	return false
}

// version checks that a result is in a version of its method that we know.
func (s *scales) version(r result) {
	if r.version != "" && r.version != "1" {
		note(&s.against, "our mail server used an unknown version of the method %s (RFC 8601 §2.2)", r.method)
	}
}

// author checks that a result, of whatever method, speaks of our From (C14).
func (s *scales) author(r result) {
	for _, p := range r.props {
		if p.ptype != "header" || p.name != "from" {
			continue
		}
		if aLabels(p.value.host()) != s.from.domain || p.value.local != "" && lower(p.value.local) != s.from.local {
			note(&s.against, "our mail server's %s result is about header.from=%s, but From is %s (RFC 7489 §6.6.2)",
				shownWord(r.method), shown(p.value.String()), shown(s.from.String()))
		}
	}
}

// temporary knows Exim's old misspelling too.
func (r result) temporary() bool { return r.word == "temperror" || r.word == "tmperror" }

func (s *scales) weighDMARC(r result) {
	if r.temporary() {
		note(&s.unsure, "our mail server could not evaluate DMARC for now: dmarc=%s (RFC 7489 §11.2)", r.word)
		return
	}
	if s.dmarc == "" {
		s.dmarc = r.word
	}
	_, named := r.property("header", "from")
	switch {
	case r.word != "pass" && r.word != "none":
		note(&s.against, "our mail server says dmarc=%s (RFC 7489 §6.6.2)", shownWord(r.word))
	case r.word != s.dmarc:
		note(&s.against, "our mail server says both dmarc=%s and dmarc=%s (RFC 7489 §11.2)", s.dmarc, r.word)
	case r.word == "none":
	case named == 0:
		note(&s.against, "our mail server says dmarc=pass without header.from (RFC 7489 §11.1)")
	default:
		note(&s.pass[passDMARC], "our mail server says dmarc=pass for the From domain %s (RFC 7489 §6.6.2)", shown(s.from.domain))
	}
}

// weighDKIM also notes in said what the result's field says of its domain.
func (s *scales) weighDKIM(r result, said map[string]string) {
	domain, ok := signer(r)
	switch {
	case r.temporary():
		if ok && (domain == "" || s.aligned(domain, adkim)) {
			note(&s.unsure, "our mail server could not check a DKIM signature for now: dkim=%s (RFC 6376 §6.1)", r.word)
		}
	case r.word == "none":
		said[""] = r.word
	case !ok || domain == "":
	case r.word != "pass":
		said[domain] = cmp.Or(said[domain], r.word)
	case s.aligned(domain, adkim):
		said[domain] = r.word
		s.signers = append(s.signers, domain)
		note(&s.pass[passDKIM], "our mail server says dkim=pass for %s, aligned with From (RFC 7489 §3.1.1)", shown(domain))
	}
}

// signer returns the domain that signed: header.d, or the domain of header.i
// where that stands alone. header.i is chosen by the signer at or below its d
// (RFC 6376 §3.5), so alone it can only name a domain whose owner, or whose
// parent's owner, signed. A result that contradicts itself is not ok.
func signer(r result) (domain string, ok bool) {
	d, ds := r.property("header", "d")
	i, is := r.property("header", "i")
	if ds > 1 || is > 1 {
		return "", false
	}
	if ds == 0 {
		return aLabels(i.domain), true
	}
	domain = aLabels(d.text)
	return domain, domain != "" && (is == 0 || i.domain == "" || within(aLabels(i.domain), domain))
}

// weighAuth: a result other than pass says that there was no login, which is
// how mail from elsewhere comes, and so is not against anything.
func (s *scales) weighAuth(r result) {
	login, n := r.property("smtp", "auth")
	switch {
	case r.temporary():
		note(&s.unsure, "our mail server could not check a login for now: auth=%s (RFC 8601 §2.7.4)", r.word)
	case r.word != "pass":
	case n != 1:
		note(&s.against, "our mail server says auth=pass but not for which one login (RFC 8601 §2.7.4)")
	case !s.who.hasLogin(login.String()):
		note(&s.against, "our mail server says auth=pass for the login %s, which is not a login of %s (RFC 8601 §2.7.4)",
			shown(login.String()), shown(s.who.Name))
	default:
		note(&s.pass[passAuth], "our mail server says auth=pass for the login %s of %s (RFC 8601 §2.7.4)",
			shown(login.String()), shown(s.who.Name))
	}
}

// weighSPF: a result without smtp.mailfrom is about the HELO name, which says
// nothing of the author.
func (s *scales) weighSPF(r result) {
	v, n := r.property("smtp", "mailfrom")
	switch {
	case r.temporary() && n == 0, r.temporary() && n == 1 && s.aligned(v.host(), aspf):
		note(&s.unsure, "our mail server could not evaluate SPF for now: spf=%s (RFC 7208 §2.6.6)", r.word)
	case r.temporary(), n != 1, !s.aligned(v.host(), aspf):
	case r.word == "pass":
		note(&s.pass[passSPF], "our mail server says spf=pass for %s, aligned with From (RFC 7489 §3.1.2)", shown(v.host()))
	default:
		note(&s.badSPF, "%s", r.word)
	}
}

// shownWord bounds a keyword, which needs no quotes.
func shownWord(s string) string { return s[:min(len(s), 20)] }
