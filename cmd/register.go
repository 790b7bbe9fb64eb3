package cmd

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailapp/filter"
	"mailapp/filter/auth"
	"mailapp/poster"
	"mailapp/poster/ledger"
)

// Registration: who is invited and mails to the register address is asked back
// by one mail with a code, and is a person of ours once a reply brings the code
// back. It is not a proof of later mails, whose From anybody can write; so each
// person gets addresses with a secret, in a mail that only they read.

// registering is the kind of the codes that confirm an address. At most one is
// mailed to an address in a day, and so few in all that nobody can use us to
// flood others.
const registering = "register "

var registerLimit = ledger.CodeLimit{Mailbox: 1, Total: 50, Window: 24 * time.Hour, Expires: 72 * time.Hour}

// register takes in who brings a code back, and asks anybody else to.
func (m *mail) register(ctx context.Context) error {
	address, err := m.message.Author()
	if err != nil {
		return err
	}
	return m.exclusively(registering+strings.ToLower(address), func() error { return m.registerAlone(ctx, address) })
}

func (m *mail) registerAlone(ctx context.Context, address string) error {
	if who := m.settings.PersonOf(address); who != nil && who.Key == "" {
		m.note("is a person already")
		return nil
	}
	code := codeIn(m.message.Subject())
	_, err := m.ledger.Code(ctx, registering, code, address, time.Now())
	switch {
	case err == nil:
		return m.confirmed(ctx, address, code)
	case errors.Is(err, ledger.ErrUsed):
		m.note("registered already")
		return nil
	case !errors.Is(err, ledger.ErrUnknown):
		return err
	}
	return m.askBack(ctx, question{
		kind: registering, to: address, limit: registerLimit,
		subject: "Please confirm your address",
		text: "Somebody, hopefully you, asked to register " + address + " for posting by mail.\n\n" +
			"If it was you, answer this mail and leave its subject as it is: the code in it\n" +
			"counts once, for three days. If it was not you, do nothing, and nothing more\n" +
			"will come of it.\n",
	})
}

// confirmed makes the author a person of ours, then says so. The code is used
// up last: dying in between says it twice rather than never.
func (m *mail) confirmed(ctx context.Context, address, code string) error {
	p, err := m.personFor(ctx, address)
	if err != nil {
		return err
	}
	m.report.Outcome, m.report.Sender = "registered", address
	addresses, err := secretAddresses(m.settings, p)
	if err != nil {
		return err
	}
	if err := m.send(ctx, poster.Notice{
		To: address, Key: poster.Key(registering, m.recipient(), address, code), Reason: "welcome",
		Subject: "You are registered",
		Text: address + " is registered. You can post by mail to\n\n    " + strings.Join(addresses, "\n    ") +
			"\n\nKeep these addresses to yourself: whoever knows one can post in your name.\n",
		References: m.message.Get("References"), Answers: m.message.MessageID(),
	}); err != nil {
		return err
	}
	m.report.note(m.sendOnce(ctx, poster.Notice{
		To: m.settings.Owner, Key: poster.Key(registering, "", address, ""), Reason: "registered " + address,
		Subject: "mailapp: " + address + " has registered",
		Text: fmt.Sprintf("%s has confirmed the address and is now the person %q.\n\n    mailapp people remove %s\n\n"+
			"undoes that, until the address is confirmed again.\n", address, p.Name, p.Name),
	}))
	return m.ledger.UseCode(ctx, code)
}

// personFor gives the person of this address, whom it adds where there is none.
// One whose name the settings have since given to somebody else gets another.
func (m *mail) personFor(ctx context.Context, address string) (ledger.Person, error) {
	people, err := m.ledger.People(ctx)
	if err != nil {
		return ledger.Person{}, err
	}
	p := ledger.Person{Address: address, Key: newKey(), Since: time.Now()}
	for _, known := range people {
		if !strings.EqualFold(known.Address, address) {
			continue
		}
		if m.settings.PersonOf(address) != nil {
			return known, nil
		}
		p.Key = known.Key
		if err := m.ledger.RemovePerson(ctx, known.Name); err != nil {
			return p, err
		}
	}
	if p.Name, err = newName(m.settings, people, p); err != nil {
		return p, err
	}
	return p, m.ledger.AddPerson(ctx, p)
}

// newKey gives a key for address secrets, of 160 bits.
func newKey() string {
	var random [20]byte
	_, _ = rand.Read(random[:]) // it never fails (crypto/rand)
	return strings.ToLower(base32.StdEncoding.EncodeToString(random[:]))
}

var notInNames = compiled(`[^a-z0-9]+`)

// newName finds a free name: the local part, with dots and hyphens where the
// recipients of the rules allow them, or with a number, and short enough for
// addresses with a secret.
func newName(s *filter.Settings, people []ledger.Person, p ledger.Person) (string, error) {
	local, _, _ := strings.Cut(strings.ToLower(p.Address), "@")
	local, _, _ = strings.Cut(local, "+")
	plain := notInNames().ReplaceAllString(local, "")
	if plain == "" {
		plain = "person"
	}
	candidates := []string{local, plain, fmt.Sprintf("%.20s", plain)}
	for i := range 1000 {
		candidates = append(candidates, fmt.Sprintf("%.17s%d", plain, i+2))
	}
	var err error
	for _, p.Name = range candidates {
		if slices.ContainsFunc(people, func(other ledger.Person) bool { return other.Name == p.Name }) {
			continue
		}
		if _, err = s.CheckPerson(p.Name, p.Address); err == nil {
			_, err = secretAddresses(s, p)
		}
		if err == nil {
			return p.Name, nil
		}
	}
	return "", fmt.Errorf("no name was found for %s: %w", p.Address, err)
}

// secretAddresses gives the addresses that a person who has registered posts
// to, one for each app.
func secretAddresses(s *filter.Settings, p ledger.Person) ([]string, error) {
	var all []string
	for _, a := range s.PostAddresses(p.Name) {
		address, err := secretAddress(a, p.Name, p.Key, time.Time{})
		if err != nil {
			return nil, err
		}
		all = append(all, a.App+": "+address)
	}
	return all, nil
}

// secretAddress puts into an address the secret by which it proves who mails
// there. The zero until means that it always counts.
func secretAddress(a filter.PostAddress, person, key string, until time.Time) (string, error) {
	token, err := auth.Token(key, person, a.App, until)
	if err != nil {
		return "", err
	}
	local, domain, _ := strings.Cut(a.Address, "@")
	if local += "+" + token; len(local) > maxLocal {
		return "", fmt.Errorf("the address %s becomes too long with its secret", a.Address)
	}
	return local + "@" + domain, nil
}

// maxLocal is the longest local part of an address (RFC 5321 §4.5.3.1.1).
const maxLocal = 64
