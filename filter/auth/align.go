package auth

import (
	"golang.org/x/net/publicsuffix"
)

// Alignment: whether a domain that signed, or that may send, speaks for the
// From domain (RFC 7489 §3.1). This is the only place that decides it.
//
//   - The same domain does.
//   - A parent of the From domain within the same organisational domain does,
//     unless the From domain's DMARC record asks for strict alignment: who owns
//     the parent owns what is below it.
//   - A child or a sibling within the organisational domain does only if the
//     From domain has a DMARC record and that does not ask for strict alignment.
//     Below some domains everybody can have a subdomain, and only an owner who
//     has published DMARC has said that he knows.
//   - No other does. Organisational domains are told by the public suffix list
//     (RFC 7489 §3.2), its private part included: two users of github.io have
//     nothing in common.

// The tags of a DMARC record that ask for strict alignment (RFC 7489 §6.3).
const (
	adkim = "adkim"
	aspf  = "aspf"
)

// related tells whether both domains are of one organisation, so that one may
// be aligned with the other.
func related(domain, from string) bool {
	org, err := publicsuffix.EffectiveTLDPlusOne(from)
	return domain == from || err == nil && hostname(from) && within(domain, org)
}

// within tells whether a domain is another or a subdomain of it.
func within(domain, parent string) bool {
	n := len(domain) - len(parent)
	return domain == parent || n > 0 && domain[n-1] == '.' && domain[n:] == parent
}

// aligned tells whether a domain is aligned with the From domain; tag says by
// which method. Both are A-labels. Where nothing can be looked up, only the
// same domain is, since an owner may have asked for strict alignment. An error
// wraps [ErrTemporary].
func (r *resolver) aligned(domain, from, tag string) (bool, error) {
	if domain == from {
		return true, nil
	}
	if r.lookup == nil || !related(domain, from) {
		return false, nil
	}
	mode, err := r.alignmentMode(from, tag)
	if err != nil {
		return false, err
	}
	return mode == relaxed || mode == unsaid && within(from, domain), nil
}

// mode is what a DMARC record says of alignment.
type mode string

const (
	unsaid  mode = "" // there is no record
	relaxed mode = "r"
	strict  mode = "s"
)

// alignmentMode finds the DMARC record that applies to the From domain, as
// RFC 7489 §6.6.3 says. Several records, or one that is broken, are none.
func (r *resolver) alignmentMode(from, tag string) (mode, error) {
	org, err := publicsuffix.EffectiveTLDPlusOne(from)
	if err != nil {
		org = from
	}
	for _, domain := range []string{from, org} {
		txt, err := r.txt("_dmarc." + domain)
		if err != nil {
			return unsaid, err
		}
		var found []string
		for _, record := range txt {
			if isDMARC().MatchString(record) {
				found = append(found, record)
			}
		}
		if len(found) > 1 {
			return unsaid, nil
		}
		if len(found) == 1 {
			return modeIn(found[0], tag), nil
		}
	}
	return unsaid, nil
}

var isDMARC = compiled(`^v[ \t]*=[ \t]*DMARC1[ \t]*(;|$)`)

// modeIn reads one record. Who asks for strict alignment in a record that is
// otherwise broken gets it.
func modeIn(record, tag string) mode {
	tags, err := parseTags(record)
	asked, said := tags[tag]
	switch {
	case err != nil:
		return unsaid
	case said && lower(asked) != "r":
		return strict
	case !policy().MatchString(tags["p"]):
		return unsaid
	}
	return relaxed
}

var policy = compiled(`^(?i:none|quarantine|reject)$`)
