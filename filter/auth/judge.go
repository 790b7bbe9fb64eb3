package auth

import "fmt"

// What results of our own mail server say of a From address.
//
// It is proven by one of, in this order:
//   - dmarc=pass with header.from equal to the From domain (RFC 7489 §6.6.2);
//   - dkim=pass with header.d, or lacking that the domain of header.i, equal
//     to the From domain (RFC 7489 §3.1.1);
//   - auth=pass with a smtp.auth that is a login of the author (RFC 4954).
//
// Nothing is proven if a result of ours speaks against it (C14): a dmarc
// result that is neither pass nor none; any header.from that is not the From
// domain; an unaligned or unnamed login, since where our server knows which of
// its users wrote, what holds for their whole domain says nothing; two fields
// that disagree on DMARC, or on a signature of the From domain. A failed
// signature beside a good one in the same field is no disagreement: mailing
// lists break some, and one is enough (RFC 6376 §6.1).
//
// spf=pass proves nothing by itself, however well smtp.mailfrom fits. It says
// that the client may send for the domain, and on shared hosting every other
// customer of the same machines may. Where the owner of the domain is content
// with that, the domain has a DMARC record and dmarc=pass says it.

// aligned is strict alignment (RFC 7489 §3.1.1). Relaxed alignment needs the
// public suffix list and belongs here, nowhere else.
func aligned(domain string, from address) bool { return domain == from.domain }

// scales weighs the results of all our fields.
type scales struct {
	from address
	who  *Person // whose address from is

	dmarc           string // the word that dmarc results agree on so far
	pass            [3]string
	badSignature    string // of a field without a good aligned one
	against, unsure string // the first of each kind
}

// The places in scales.pass, in the order in which they are preferred.
const (
	passDMARC = iota
	passDKIM
	passAuth
)

// note keeps the first sentence of its kind.
func note(kind *string, format string, args ...any) {
	if *kind == "" {
		*kind = fmt.Sprintf(format, args...)
	}
}

// weigh returns the reason why from is proven, else the reason against it,
// else why it is not known for now; all "" if the results say nothing of it.
func weigh(fields []results, from address, who *Person) (proof, against, unsure string) {
	s := scales{from: from, who: who}
	for _, f := range fields {
		s.field(f)
	}
	if s.pass[passDKIM] != "" && s.badSignature != "" {
		note(&s.against, "one field of our mail server says dkim=pass and another %s for the From domain (RFC 8601 §2.7.1)", s.badSignature)
	}
	if s.against != "" {
		return "", s.against, ""
	}
	for _, why := range s.pass {
		if why != "" {
			return why, "", ""
		}
	}
	return "", "", s.unsure
}

func (s *scales) field(f results) {
	var good, bad string
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
			s.weighDKIM(r, &good, &bad)
		case "auth":
			s.weighAuth(r)
		case "spf":
			s.weighSPF(r)
		}
	}
	if good != "" {
		note(&s.pass[passDKIM], "%s", good)
	} else if bad != "" {
		note(&s.badSignature, "%s", bad)
	}
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
		domain := p.value.domain
		if domain == "" {
			domain = lower(p.value.text)
		}
		if domain != s.from.domain || p.value.local != "" && lower(p.value.local) != s.from.local {
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

func (s *scales) weighDKIM(r result, good, bad *string) {
	domain, ok := signer(r)
	switch {
	case r.temporary():
		if ok && (domain == "" || aligned(domain, s.from)) {
			note(&s.unsure, "our mail server could not check a DKIM signature for now: dkim=%s (RFC 6376 §6.1)", r.word)
		}
	case r.word == "none":
		note(bad, "dkim=none")
	case !ok || !aligned(domain, s.from):
	case r.word == "pass":
		note(good, "our mail server says dkim=pass for the From domain %s (RFC 7489 §3.1.1)", shown(domain))
	default:
		note(bad, "dkim=%s", shownWord(r.word))
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
		return i.domain, true
	}
	domain = lower(d.text)
	return domain, is == 0 || i.domain == "" || within(i.domain, domain)
}

// within tells whether a domain is another or a subdomain of it.
func within(domain, parent string) bool {
	n := len(domain) - len(parent)
	return domain == parent || n > 0 && domain[n-1] == '.' && domain[n:] == parent
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

// weighSPF only ever finds out that DMARC may pass another time.
func (s *scales) weighSPF(r result) {
	v, n := r.property("smtp", "mailfrom")
	domain := v.domain
	if domain == "" {
		domain = lower(v.text)
	}
	if r.temporary() && (n == 0 || aligned(domain, s.from)) {
		note(&s.unsure, "our mail server could not evaluate SPF for now: spf=%s (RFC 7208 §2.6.6)", r.word)
	}
}

// shownWord bounds a keyword, which needs no quotes.
func shownWord(s string) string { return s[:min(len(s), 20)] }
