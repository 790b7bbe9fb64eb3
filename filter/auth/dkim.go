package auth

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"slices"
	"strings"
)

// DKIM signatures verified here (RFC 6376), aligned with From (RFC 7489 §3.1.1).
//
// One good signature is enough, whatever others there are (RFC 6376 §6.1). It
// proves the author if
//   - the header has exactly one From, Subject, Date and To, and no field twice
//     that says how the body is read: the RFC leaves open which of two a reader
//     shows, and only one of them need be signed (§8.15);
//   - the signed To, or the signed Cc, names the envelope recipient: whoever
//     was ever sent a signed mail can send it on to anybody (§8.6);
//   - its domain is aligned (align.go), and field and key are sound
//     (signature.go);
//   - our own mail server's results do not speak against the author: if ours
//     says dmarc=fail and a signature verifies, one of them is wrong.

// Limits of what is verified in one message. Over one of them nothing is
// proven, and a Finding says so.
const (
	maxSignatures  = 5         // signatures that could prove the author
	maxSignedField = 64 << 10  // bytes of a signed field
	maxSignedAll   = 256 << 10 // bytes of all signed fields
)

func (q *inquiry) tryDKIM(needless bool) trial {
	if needless {
		return trial{why: notNeeded}
	}
	who, why := q.author()
	switch {
	case who == nil:
		return trial{why: why}
	case !who.accepts(DKIM):
		return trial{who: who, why: "no signature was verified"}
	case q.Message == nil || q.LookupTXT == nil:
		return trial{why: "no signature was verified, because the body or the DNS is not at hand"}
	}
	if against := q.weigh(who).against; against != "" {
		return trial{why: "no signature was verified, because " + against}
	}
	if err := q.unambiguous(); err != nil {
		return trial{why: err.Error()}
	}
	return q.trySignatures(who)
}

// unambiguous tells whether a signature of one field of a name is one of the
// only field of that name.
func (q *inquiry) unambiguous() error {
	for _, name := range []string{"From", "Subject", "Date", "To"} {
		if len(q.values(name)) == 0 {
			return fmt.Errorf("the message has no %s field, which anybody could add (RFC 6376 §8.15)", name)
		}
	}
	return q.doubled()
}

// doubled tells whether a field stands twice of which a reader shows, or goes
// by, only one.
func (q *inquiry) doubled() error {
	for _, name := range []string{"From", "Subject", "Date", "To", "Cc", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"} {
		if n := len(q.values(name)); n > 1 {
			return fmt.Errorf("the message has %d %s fields, so a signature does not say which is meant (RFC 6376 §8.15)", n, name)
		}
	}
	return nil
}

// values returns the values of all fields of a name, also those with a blank
// before the colon.
func (q *inquiry) values(name string) []string {
	var values []string
	for _, f := range q.Fields {
		if isNamed(f, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

func isNamed(f Field, name string) bool {
	return strings.EqualFold(strings.TrimRight(f.Name, " \t"), name)
}

// trySignatures verifies those that could prove the author, until one does.
func (q *inquiry) trySignatures(who *Person) trial {
	candidates, notes := q.signatures()
	t := trial{who: who, notes: notes}
	for i, sig := range candidates {
		if i == maxSignatures {
			t.notes = append(t.notes, fmt.Sprintf("of %d signatures that could prove the author only %d were verified", len(candidates), maxSignatures))
			break
		}
		err := q.verify(&sig)
		if err == nil {
			return q.proven(who, &sig, t.notes)
		}
		if errors.Is(err, ErrTemporary) {
			t.err = cmp.Or(t.err, err)
			err = errors.New("it cannot be verified just now (RFC 6376 §6.1.2)")
		}
		t.notes = append(t.notes, fmt.Sprintf("%s proves nothing: %v", sig.String(), err))
	}
	t.why = fmt.Sprintf("no signature proves the From domain %s (RFC 6376 §6.1)", shown(q.from.domain))
	if t.err != nil {
		t.why = fmt.Sprintf("a signature that could prove the From domain %s cannot be verified just now (RFC 6376 §6.1.2)", shown(q.from.domain))
	}
	return t
}

func (sig *signature) String() string {
	return fmt.Sprintf("the signature by d=%s s=%s", shown(sig.domain), shown(sig.tags["s"]))
}

// proven is the trial that a good signature passes. If the signature covers
// the one Message-ID, that stands for the message, else the signature does.
func (q *inquiry) proven(who *Person, sig *signature, notes []string) trial {
	t := trial{who: who, passed: true, notes: notes}
	t.why = fmt.Sprintf("%s, aligned with From, verifies (RFC 6376 §6.1, RFC 7489 §3.1.1)", sig.String())
	if len(q.values("Message-ID")) == 0 || !slices.Contains(sig.signed, "message-id") {
		t.signature = sig.digest()
	}
	return t
}

// signatures returns those that could prove the author, those of the From
// domain itself first, and a few sentences on those that cannot.
func (q *inquiry) signatures() (candidates []signature, notes []string) {
	to, cc := q.names("To"), q.names("Cc")
	foreign := 0
	for i, f := range q.Fields {
		if !strings.EqualFold(f.Name, "DKIM-Signature") {
			continue
		}
		sig, err := parseSignature(f)
		sig.place = i
		if err == nil && !related(sig.domain, q.from.domain) {
			foreign++
			continue
		}
		if err == nil {
			err = q.fault(&sig, to, cc)
		}
		switch {
		case err == nil:
			candidates = append(candidates, sig)
		case len(notes) < maxSignatures:
			notes = append(notes, fmt.Sprintf("a signature proves nothing: %v", err))
		}
	}
	if foreign > 0 {
		notes = append(notes, fmt.Sprintf("%d signatures by domains of other organisations than From's were not looked at (RFC 7489 §3.1.1)", foreign))
	}
	slices.SortStableFunc(candidates, func(a, b signature) int { return q.rank(&a) - q.rank(&b) })
	return candidates, notes
}

// rank orders signatures by how little must be asked to see that they count.
func (q *inquiry) rank(sig *signature) int {
	switch {
	case sig.domain == q.from.domain:
		return 0
	case within(q.from.domain, sig.domain):
		return 1
	}
	return 2
}

// fault tells why a signature cannot prove the author of this message, before
// anything is looked up; to and cc tell which of the fields name the recipient.
func (q *inquiry) fault(sig *signature, to, cc bool) error {
	if err := sig.fault(q.Now); err != nil {
		return err
	}
	if q.Recipient == "" {
		return errors.New("the envelope recipient is not known, so it could be a copy sent on (RFC 6376 §8.6)")
	}
	if !to && !(cc && slices.Contains(sig.signed, "cc")) {
		return errors.New("no signed To or Cc names the recipient, so it could be a copy sent on (RFC 6376 §8.6)")
	}
	return nil
}

// names tells whether the only field of a name holds the envelope recipient,
// with or without an extension.
func (q *inquiry) names(name string) bool {
	values := q.values(name)
	recipient, err := parseAddress(q.Recipient)
	if err != nil || len(values) != 1 || len(values[0]) > maxSignedField {
		return false
	}
	parser := mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: anyCharset}}
	list, err := parser.ParseList(unfold.Replace(values[0]))
	if err != nil {
		return false
	}
	return slices.ContainsFunc(list, func(m *mail.Address) bool {
		at := strings.LastIndexByte(m.Address, '@')
		a := address{lower(m.Address[:at]), aLabels(m.Address[at+1:])}
		base, _, _ := strings.Cut(a.local, "+")
		return a == recipient || base == recipient.local && a.domain == recipient.domain
	})
}

var unfold = strings.NewReplacer("\r\n", "", "\n", "") // RFC 5322 §2.2.3

// anyCharset lets net/mail read past words in charsets that it does not know:
// only the address is of interest.
func anyCharset(_ string, r io.Reader) (io.Reader, error) { return r, nil }

// verify tells why a signature proves nothing, nil if it is good. An error that
// wraps [ErrTemporary] may go away.
func (q *inquiry) verify(sig *signature) error {
	ok, err := q.dns.aligned(sig.domain, q.from.domain, adkim)
	if err != nil {
		return err
	}
	if !ok {
		return errors.New("its domain is not aligned with From (RFC 7489 §3.1.1)")
	}
	header, err := q.signedHeader(sig)
	if err != nil {
		return err
	}
	key, err := q.dns.txt(sig.keyName())
	if err != nil {
		return err
	}
	if err := sig.checkKey(key); err != nil {
		return err
	}
	body, err := bodyOf(q.Message())
	if err != nil {
		return err
	}
	return verified(&wireReader{in: io.MultiReader(strings.NewReader(header), body)}, key)
}

// signedHeader is the header that the signature speaks of, with the empty line
// below: the signature itself and the fields of all names that it signs.
// Other signatures are left out, so that one that is signed by another does
// not count.
func (q *inquiry) signedHeader(sig *signature) (string, error) {
	var header strings.Builder
	for i, f := range q.Fields {
		name := lower(strings.TrimRight(f.Name, " \t"))
		if i != sig.place && (name == "dkim-signature" || !slices.Contains(sig.signed, name)) {
			continue
		}
		if strings.Contains(strings.ReplaceAll(f.Value, "\r\n", ""), "\r") {
			return "", errBareCR
		}
		if header.WriteString(f.Name + ":" + f.Value + "\r\n"); len(f.Value) > maxSignedField || header.Len() > maxSignedAll {
			return "", fmt.Errorf("the signed header is larger than %d bytes, or a field of it than %d", maxSignedAll, maxSignedField)
		}
	}
	return header.String() + "\r\n", nil
}
