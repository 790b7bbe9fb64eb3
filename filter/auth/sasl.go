package auth

import (
	"fmt"
	"slices"
	"strings"
)

// SASL login → person.
//
// The mail server checked a password and hands the login over (RFC 4954): in
// the environment, or where that has none, in its Received field (see
// received.go). If both have one, they must be the same. A
// login proves the person who lists it in Logins, or, where it looks like an
// address, the person who has that address. It proves nothing unless From is
// one of that same person's addresses: a mail server lets its users write any
// From they like, and Postfix ties the login to nothing unless it is told.
//
// Case: a login without @ is compared byte for byte. RFC 4616 §2 folds no
// case, a server with Unix accounts may have both Fred and fred, and who uses
// another spelling can list it. A login with @ is compared as an address.

func (q *inquiry) trySASL() trial {
	name, from := q.SASLLogin, "the mail server"
	if name == "" {
		name, from = q.received.name, "the Received field of the mail server"
	}
	switch {
	case name == "" && q.ReceivedBy != "":
		return trial{why: "the mail server handed over no login, and " + q.received.why + " (RFC 4954)"}
	case name == "":
		return trial{why: "the mail server handed over no login (RFC 4954)"}
	case q.received.name != "" && q.received.name != name:
		return trial{why: fmt.Sprintf("the mail server handed over the login %s, but its Received field names %s (RFC 4954)", shown(name), shown(q.received.name))}
	}
	return q.loggedIn(name, from)
}

// loggedIn finds the person of a login; source says who told of it.
func (q *inquiry) loggedIn(name, source string) trial {
	login := shown(name)
	holders := peopleWho(q.People, func(p *Person) bool { return p.hasLogin(name) })
	if len(holders) == 0 {
		return trial{why: fmt.Sprintf("the login %s is no person's; whoever may post by it needs it under people, logins, in rules.yaml (RFC 4954)", login)}
	}
	authors := slices.DeleteFunc(slices.Clone(holders), func(p *Person) bool { return !p.has(q.from) })
	if len(authors) == 0 {
		return trial{why: fmt.Sprintf("the login %s belongs to %s, but From %s is not an address of that person (RFC 6409 §6.1)",
			login, shown(holders[0].Name), shown(q.from.String()))}
	}
	who := choose(authors, q.Claimed)
	if who == nil {
		return trial{why: fmt.Sprintf("several people share the login %s and the address %s, and the recipient address does not say which of them is meant",
			login, shown(q.from.String()))}
	}
	return trial{who: who, passed: true, why: fmt.Sprintf("%s names the login %s of %s, and From is an address of that person (RFC 4954)",
		source, login, shown(who.Name))}
}

// hasLogin tells whether the login is one of the person's.
func (p *Person) hasLogin(login string) bool {
	if !strings.Contains(login, "@") {
		return login != "" && slices.Contains(p.Logins, login)
	}
	a, err := parseAddress(login)
	if err != nil {
		return slices.Contains(p.Logins, login)
	}
	return p.has(a) || slices.ContainsFunc(p.Logins, func(s string) bool {
		own, err := parseAddress(s)
		return err == nil && own == a
	})
}
