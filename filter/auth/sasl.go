package auth

import (
	"fmt"
	"slices"
	"strings"
)

// SASL login → person.
//
// The mail server checked a password and hands the login over (RFC 4954). A
// login proves the person who lists it in Logins, or, where it looks like an
// address, the person who has that address. It proves nothing unless From is
// one of that same person's addresses: a mail server lets its users write any
// From they like, and Postfix ties the login to nothing unless it is told.
//
// Case: a login without @ is compared byte for byte. RFC 4616 §2 folds no
// case, a server with Unix accounts may have both Fred and fred, and who uses
// another spelling can list it. A login with @ is compared as an address.

func trySASL(req Request, from address) trial {
	if req.SASLLogin == "" {
		return trial{why: "the mail server handed over no login (RFC 4954)"}
	}
	login := shown(req.SASLLogin)
	holders := peopleWho(req.People, func(p *Person) bool { return p.hasLogin(req.SASLLogin) })
	if len(holders) == 0 {
		return trial{why: fmt.Sprintf("the login %s belongs to nobody in the settings (RFC 4954)", login)}
	}
	authors := slices.DeleteFunc(slices.Clone(holders), func(p *Person) bool { return !p.has(from) })
	if len(authors) == 0 {
		return trial{why: fmt.Sprintf("the login %s belongs to %s, but From %s is not an address of that person (RFC 6409 §6.1)",
			login, shown(holders[0].Name), shown(from.String()))}
	}
	who := choose(authors, req.Claimed)
	if who == nil {
		return trial{why: fmt.Sprintf("several people share the login %s and the address %s, and the recipient address does not say which of them is meant",
			login, shown(from.String()))}
	}
	return trial{who: who, passed: true, why: fmt.Sprintf("the mail server checked the login %s of %s, and From is an address of that person (RFC 4954)",
		login, shown(who.Name))}
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
