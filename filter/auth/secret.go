package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
)

// Secret in the recipient address: user+secret@ (RFC 5233).
//
// It proves the one person whom the recipient address names, and only if From
// is an address of that person. Mail servers lower-case extensions, so ASCII
// case does not count. The sentence that explains never holds the secret or
// the extension, since it goes to terminals and logs (C29).

// minSecret is the least length of a secret, in bytes. Sixteen characters of
// base32 are 80 bits, beyond guessing by mail.
const minSecret = 16

// trySecret resolves the secret only where it can still decide: resolving it
// may run a command of the owner's.
func trySecret(req Request, from address, proven bool) trial {
	if req.Extension == "" {
		return trial{why: "the recipient address has no extension, so it holds no secret (RFC 5233 §4)"}
	}
	if req.Claimed == "" {
		return trial{why: "the recipient address names no person whose secret its extension could be (RFC 5233 §4)"}
	}
	named := peopleWho(req.People, func(p *Person) bool { return p.Name == req.Claimed })
	if len(named) != 1 {
		return trial{why: fmt.Sprintf("the settings have no one person %s, whom the recipient address names", shown(req.Claimed))}
	}
	who, name := named[0], shown(named[0].Name)
	switch {
	case !who.has(from):
		return trial{why: fmt.Sprintf("From %s is not an address of %s, whom the recipient address names", shown(from.String()), name)}
	case who.Secret == nil:
		return trial{why: fmt.Sprintf("%s has no address secret", name)}
	case !who.accepts(AddressSecret):
		return trial{who: who, why: "the extension was not compared"}
	case proven:
		return trial{why: "not needed: the sender is proven already"}
	}
	return compareSecret(who, req.Extension)
}

func compareSecret(who *Person, extension string) trial {
	name := shown(who.Name)
	secret, err := who.Secret()
	secret = strings.TrimSpace(secret)
	switch {
	case err != nil:
		return trial{who: who, why: fmt.Sprintf("the address secret of %s cannot be read just now", name),
			err: fmt.Errorf("%w: reading the address secret of %s: %w", ErrTemporary, name, err)}
	case secret == "":
		return trial{who: who, why: fmt.Sprintf("the address secret of %s is empty, and an empty one never matches", name)}
	case len(secret) < minSecret:
		return trial{who: who, why: fmt.Sprintf("the address secret of %s is too weak: it is shorter than %d characters", name, minSecret)}
	case !equalSecret(secret, extension):
		return trial{who: who, why: fmt.Sprintf("the extension of the recipient address is not the secret of %s (RFC 5233 §4)", name)}
	}
	return trial{who: who, passed: true, why: fmt.Sprintf("the extension of the recipient address is the secret of %s, and From is an address of that person (RFC 5233 §4)", name)}
}

// equalSecret takes the same time wherever the two differ and however long the
// secret is: digests are compared, not texts.
func equalSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(lower(a))), sha256.Sum256([]byte(lower(b)))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
