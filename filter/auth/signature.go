package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What a DKIM-Signature field must say to be worth a question to the DNS
// (RFC 6376 §3.5, §6.1.1), and what its key record must not say (§3.6.1).
//
// Stricter than the RFC, because a signature authorises here:
//   - From, Subject and To must be signed (§5.4.1 only advises the latter two).
//   - A signature with l= proves nothing, whatever its number: what stands
//     behind that many bytes is anybody's (§8.2), and a signer who wants the
//     whole body signed has no need of it.
//   - rsa-sha1 proves nothing (RFC 8301 §3.1).
//   - The base64 of b= and bh= is in the one form that RFC 4648 §3.5 asks for,
//     so that a signature has one spelling and can stand for its message.

// Limits of a signature, beyond all that is in use.
const (
	maxSignature  = 16 << 10 // bytes of its field
	maxSigned     = 200      // names in h=
	maxKeyRecord  = 8 << 10  // bytes
	signatureSkew = 5 * time.Minute
)

// signature is a DKIM-Signature field.
type signature struct {
	field            Field
	place            int // in the header, 0 is the topmost field
	tags             map[string]string
	domain, selector string   // d= and s=, in lower case
	signed           []string // h=, in lower case
}

// parseSignature reads a field as far as whose signature it is.
func parseSignature(f Field) (signature, error) {
	sig := signature{field: f}
	if len(f.Value) > maxSignature {
		return sig, fmt.Errorf("longer than %d bytes", maxSignature)
	}
	tags, err := parseTags(f.Value)
	if err != nil {
		return sig, err
	}
	sig.tags, sig.signed = tags, list(tags["h"])
	sig.domain, sig.selector = aLabels(tags["d"]), aSelector(tags["s"])
	if sig.domain == "" {
		return sig, errors.New("d= is no domain name (RFC 6376 §3.5)")
	}
	return sig, nil
}

// aSelector checks a selector (RFC 6376 §3.1); "" if it is none. Internationalised
// ones (RFC 8616 §4) are mapped.
func aSelector(s string) string {
	if !ascii(s) {
		return aLabels(s)
	}
	if !labels(s, selector) {
		return ""
	}
	return lower(s)
}

var (
	canonical = compiled(`^(simple|relaxed)(/(simple|relaxed))?$`)
	seconds   = compiled(`^[0-9]{1,12}$`)
	// bTag is what go-msgauth takes for the tag b= when it empties it for
	// the hash. It must find that tag and nothing else.
	bTag = compiled(`b\s*=[^;]`)
)

// fault tells why the signature proves nothing whatever its key is, nil if
// that is not so.
func (sig *signature) fault(now time.Time) error {
	t := sig.tags
	for _, name := range []string{"v", "a", "b", "bh", "d", "h", "s"} {
		if t[name] == "" {
			return fmt.Errorf("the tag %s= is missing (RFC 6376 §3.5)", name)
		}
	}
	_, limited := t["l"]
	switch {
	case t["v"] != "1":
		return errors.New("its version is not 1 (RFC 6376 §3.5)")
	case t["a"] == "rsa-sha1":
		return errors.New("rsa-sha1 is too weak (RFC 8301 §3.1)")
	case t["a"] != "rsa-sha256" && t["a"] != "ed25519-sha256":
		return errors.New("its algorithm is not known (RFC 6376 §3.3)")
	case limited:
		return errors.New("l= says that not all of the body is signed (RFC 6376 §8.2)")
	case t["c"] != "" && !canonical().MatchString(t["c"]):
		return errors.New("its canonicalization is not known (RFC 6376 §3.4)")
	case t["q"] != "" && !slices.Contains(list(t["q"]), "dns/txt"):
		return errors.New("its key cannot be asked for (RFC 6376 §3.5)")
	case sig.selector == "" || len(sig.keyName()) > 253:
		return errors.New("s= is no selector (RFC 6376 §3.1)")
	case len(bTag().FindAllString(sig.field.Value, -1)) != 1:
		return errors.New("b= stands in it twice")
	case !strictBase64(t["bh"], sha256.Size) || !strictBase64(t["b"], 0):
		return errors.New("b= or bh= is not base64 of its length (RFC 4648 §3.5)")
	case !sig.identified():
		return errors.New("i= is not within d= (RFC 6376 §3.5)")
	}
	if err := sig.covers("from", "subject", "to"); err != nil {
		return err
	}
	return sig.inTime(now)
}

// keyName is the name that its key is asked for by (RFC 6376 §3.6.2.1).
func (sig *signature) keyName() string { return sig.selector + "._domainkey." + sig.domain }

// strictBase64 tells whether text is base64 of size bytes; 0 for any number.
func strictBase64(text string, size int) bool {
	b, err := base64.StdEncoding.Strict().DecodeString(withoutBlanks(text))
	return err == nil && (size == 0 || len(b) == size)
}

// identity is the domain of i=, d= if there is none (RFC 6376 §3.5).
func (sig *signature) identity() string {
	i, ok := sig.tags["i"]
	if !ok {
		return sig.domain
	}
	return aLabels(i[strings.LastIndexByte(i, '@')+1:])
}

func (sig *signature) identified() bool {
	i, ok := sig.tags["i"]
	return (!ok || strings.Contains(i, "@")) && within(sig.identity(), sig.domain)
}

// covers tells which of the fields are not signed.
func (sig *signature) covers(names ...string) error {
	if len(sig.signed) > maxSigned {
		return fmt.Errorf("h= names more than %d fields", maxSigned)
	}
	for _, name := range names {
		if !slices.Contains(sig.signed, name) {
			return fmt.Errorf("it does not sign %s (RFC 6376 §5.4.1)", name)
		}
	}
	return nil
}

// inTime judges t= and x= (RFC 6376 §3.5). A signature of the future is a
// clock that is wrong, or somebody's who wants it to count for long.
func (sig *signature) inTime(now time.Time) error {
	made, ends := sig.tags["t"], sig.tags["x"]
	if made != "" && !seconds().MatchString(made) || ends != "" && !seconds().MatchString(ends) {
		return errors.New("t= or x= is no time (RFC 6376 §3.5)")
	}
	if ends != "" && (now.IsZero() || unix(ends).Before(now)) {
		return errors.New("it has expired (RFC 6376 §3.5)")
	}
	if made != "" && unix(made).After(now.Add(signatureSkew)) {
		return errors.New("it was made in the future (RFC 6376 §3.5)")
	}
	if made != "" && ends != "" && !unix(ends).After(unix(made)) {
		return errors.New("it ends before it was made (RFC 6376 §3.5)")
	}
	return nil
}

func unix(seconds string) time.Time {
	n, _ := strconv.ParseInt(seconds, 10, 64) // twelve digits fit
	return time.Unix(n, 0)
}

// checkKey tells why a key record gives the signature no key. That the key is
// there, long enough and for the algorithms is seen when it is used.
func (sig *signature) checkKey(records []string) error {
	switch {
	case len(records) == 0:
		return errors.New("it has no key in the DNS (RFC 6376 §6.1.2)")
	case len(records) > 1:
		return errors.New("it has several keys in the DNS (RFC 6376 §3.6.2.2)")
	case len(records[0]) > maxKeyRecord:
		return fmt.Errorf("its key record is longer than %d bytes", maxKeyRecord)
	}
	tags, err := parseTags(records[0])
	flags := list(tags["t"])
	switch {
	case err != nil:
		return errors.New("its key record is malformed (RFC 6376 §3.6.1)")
	case slices.Contains(flags, "y"):
		// "Verifiers MUST NOT treat messages from Signers in testing mode
		// differently from unsigned email."
		return errors.New("its key is only being tested (RFC 6376 §3.6.1)")
	case slices.Contains(flags, "s") && sig.identity() != sig.domain:
		return errors.New("its key is not for subdomains, but i= is in one (RFC 6376 §3.6.1)")
	}
	return nil
}

// digest stands for the signed message (see [Evidence].Signature).
func (sig *signature) digest() string {
	sum := sha256.Sum256([]byte(withoutBlanks(sig.tags["b"])))
	return "dkim:" + hex.EncodeToString(sum[:])
}

// compiled gives a pattern that is compiled when it is first asked for: most
// mails end with their header, and all patterns together take longer than they.
func compiled(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
