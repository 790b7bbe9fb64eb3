package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Secret in the recipient address: fred_sofas+token@ (RFC 5233).
//
// The token is made from a key of the person's, so that nothing need be stored
// of the addresses that were given out. It holds for one person and one app and
// may end on a day. It proves the person whom the recipient address names, and
// only if From is an address of that person.
//
// The token is 20 characters of lower-case base32 without padding, since mail
// servers lower-case extensions; ASCII case does not count. It stands for 12
// bytes: the last day on which it counts, as 2 bytes big endian of days since
// 1970-01-01 UTC, 0 for no end; then the first 10 bytes of
//
//	HMAC-SHA256(key, "mailapp address 1\x00" person "\x00" app "\x00" day)
//
// Those 80 bits are beyond guessing by mail (RFC 2104 §5). The sentence that
// explains never holds the key or the extension, since it goes to terminals
// and logs (C29).

// minKey is the least length of a key, in characters.
const minKey = 16

const tokenSize = 12

var tokenText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

const day = 24 * time.Hour

// Token makes the address extension that proves a person to an app. It counts
// up to the end of the day of until, in UTC; the zero time means for ever. The
// error says that the key is shorter than 16 characters, that until is not
// between 1970-01-02 and 2149-06-06, or that there is no person or app.
func Token(key, person, app string, until time.Time) (string, error) {
	var last int64
	if !until.IsZero() {
		if last = until.Unix() / int64(day/time.Second); last < 1 || last > 0xffff {
			return "", errors.New("an address secret can end between 1970-01-02 and 2149-06-06 only")
		}
	}
	key = strings.TrimSpace(key)
	switch {
	case len(key) < minKey:
		return "", fmt.Errorf("the key is shorter than %d characters", minKey)
	case person == "" || app == "" || strings.ContainsRune(person+app, 0):
		return "", errors.New("an address secret needs a person and an app")
	}
	return tokenOf(key, person, app, uint16(last)), nil
}

func tokenOf(key, person, app string, last uint16) string {
	code := hmac.New(sha256.New, []byte(key))
	end := binary.BigEndian.AppendUint16(nil, last)
	fmt.Fprintf(code, "mailapp address 1\x00%s\x00%s\x00%s", person, app, end)
	return tokenText.EncodeToString(code.Sum(end)[:tokenSize])
}

// trySecret resolves the key only where it can still decide: resolving it may
// run a command of the owner's.
func (q *inquiry) trySecret(needless bool) trial {
	if q.Extension == "" {
		return trial{why: "the recipient address has no extension, so it holds no secret (RFC 5233 §4)"}
	}
	if q.Claimed == "" || q.ClaimedApp == "" {
		return trial{why: "the recipient address does not name the person and the app that its extension could be the secret of (RFC 5233 §4)"}
	}
	named := peopleWho(q.People, func(p *Person) bool { return p.Name == q.Claimed })
	if len(named) != 1 {
		return trial{why: fmt.Sprintf("there is no one person %s under people in rules.yaml, whom the recipient address names", shown(q.Claimed))}
	}
	who, name := named[0], shown(named[0].Name)
	switch {
	case !who.has(q.from):
		return trial{why: fmt.Sprintf("From %s is not an address of %s, whom the recipient address names", shown(q.from.String()), name)}
	case who.Secret == nil:
		return trial{why: fmt.Sprintf("%s has no address secret", name)}
	case !who.accepts(AddressSecret):
		return trial{who: who, why: "the extension was not compared"}
	case needless:
		return trial{why: notNeeded}
	case q.results.failsDMARC(q.from):
		// The secret leaks wherever To is shown, so whoever read it there
		// is kept out where the owner of the From domain asks for it.
		return trial{why: "our mail server says dmarc=fail, so the extension was not compared (RFC 7489 §6.6.2)"}
	}
	return q.compareToken(who)
}

const notNeeded = "not needed: the sender is proven already"

func (q *inquiry) compareToken(who *Person) trial {
	name := shown(who.Name)
	key, err := who.Secret()
	key = strings.TrimSpace(key)
	switch {
	case err != nil:
		return trial{who: who, why: fmt.Sprintf("the address key of %s cannot be read just now", name),
			err: fmt.Errorf("%w: reading the address key of %s: %w", ErrTemporary, name, err)}
	case len(key) < minKey:
		return trial{who: who, why: fmt.Sprintf("the address key of %s is too weak: it is shorter than %d characters", name, minKey)}
	}
	given := lower(q.Extension)
	bytes, err := tokenText.DecodeString(given)
	if err != nil || len(bytes) != tokenSize {
		return trial{who: who, why: "the extension of the recipient address has not the form of a secret (RFC 5233 §4)"}
	}
	last := binary.BigEndian.Uint16(bytes)
	if subtle.ConstantTimeCompare([]byte(given), []byte(tokenOf(key, who.Name, q.ClaimedApp, last))) != 1 {
		return trial{who: who, why: fmt.Sprintf("the extension of the recipient address is not a secret of %s for %s (RFC 5233 §4)", name, shown(q.ClaimedApp))}
	}
	end := time.Unix(0, 0).UTC().Add(time.Duration(last) * day)
	if last != 0 && (q.Now.IsZero() || !q.Now.Before(end.Add(day))) {
		return trial{who: who, why: fmt.Sprintf("the address was good until %s (RFC 5233 §4)", end.Format(time.DateOnly))}
	}
	return trial{who: who, passed: true, why: fmt.Sprintf("the extension of the recipient address is a secret of %s for %s, and From is an address of that person (RFC 5233 §4)", name, shown(q.ClaimedApp))}
}
