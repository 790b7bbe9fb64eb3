package cmd

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"regexp"
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

var registerLimit = ledger.CodeLimit{Address: 1, Total: 50, Window: 24 * time.Hour, Expires: 72 * time.Hour}

// register takes in who brings a code back, and asks anybody else to.
func (m *mail) register(ctx context.Context) error {
	address, err := m.message.Author()
	if err != nil {
		return err
	}
	known := m.settings.PersonOf(address)
	if known != nil && known.Key == "" {
		m.report.Outcome = "is a person already"
		return nil
	}
	code := codeIn(m.message.Subject())
	_, err = m.ledger.Code(ctx, registering, code, address, time.Now())
	switch {
	case err == nil:
		return m.confirmed(ctx, known, address, code)
	case !errors.Is(err, ledger.ErrUnknown):
		return err
	}
	return m.askToConfirm(ctx, address)
}

func (m *mail) askToConfirm(ctx context.Context, address string) error {
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
func (m *mail) confirmed(ctx context.Context, known *filter.Person, address, code string) error {
	if known == nil {
		added, err := m.addPerson(ctx, address)
		if err != nil {
			return err
		}
		known = added
	}
	m.report.Outcome, m.report.Sender = "registered", address
	text, err := m.welcome(known)
	if err != nil {
		return err
	}
	if err := m.send(ctx, poster.Notice{
		To: address, Key: poster.Key(registering, m.Recipient, address, code), Reason: "welcome",
		Subject: "You are registered", Text: text,
		References: m.message.Get("References"), Answers: m.message.MessageID(),
	}); err != nil {
		return err
	}
	m.report.note(m.sendOnce(ctx, poster.Notice{
		To: m.settings.Owner, Key: poster.Key(registering, "", address, ""), Reason: "registered " + address,
		Subject: "mailapp: " + address + " has registered",
		Text: fmt.Sprintf("%s has confirmed the address and is now the person %q.\n\n    mailapp people remove %s\n\nundoes that.\n",
			address, known.Name, known.Name),
	}))
	return m.ledger.UseCode(ctx, code)
}

// addPerson gives the address a name made of its local part, and a key.
func (m *mail) addPerson(ctx context.Context, address string) (*filter.Person, error) {
	name, err := newName(m.settings, address)
	if err != nil {
		return nil, err
	}
	p := ledger.Person{Name: name, Address: address, Key: newKey(), Since: time.Now()}
	if err := m.ledger.AddPerson(ctx, p); err != nil {
		return nil, err
	}
	return &filter.Person{Name: p.Name, Addresses: []string{p.Address}, Key: p.Key}, nil
}

// newKey gives a key for address secrets, of 160 bits.
func newKey() string {
	var random [20]byte
	_, _ = rand.Read(random[:]) // it never fails (crypto/rand)
	return strings.ToLower(base32.StdEncoding.EncodeToString(random[:]))
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// newName finds a free name: the local part, with dots and hyphens where the
// recipients of the rules allow them, or with a number.
func newName(s *filter.Settings, address string) (string, error) {
	local, _, _ := strings.Cut(strings.ToLower(address), "@")
	local, _, _ = strings.Cut(local, "+")
	plain := notInNames.ReplaceAllString(local, "")
	if plain == "" {
		plain = "person"
	}
	candidates := []string{local, plain}
	for i := range 1000 {
		candidates = append(candidates, fmt.Sprintf("%.50s%d", plain, i+2))
	}
	var err error
	for _, name := range candidates {
		if _, err = s.CheckPerson(name, address); err == nil {
			return name, nil
		}
	}
	return "", fmt.Errorf("no name was found for %s: %w", address, err)
}

// welcome tells the person where to mail to.
func (m *mail) welcome(p *filter.Person) (string, error) {
	text := p.Addresses[0] + " is registered. You can post by mail to\n\n"
	for _, a := range m.settings.PostAddresses(p.Name) {
		address, err := secretAddress(a, p.Name, p.Key, time.Time{})
		if err != nil {
			return "", err
		}
		text += "    " + a.App + ": " + address + "\n"
	}
	return text + "\nKeep these addresses to yourself: whoever knows one can post in your name.\n", nil
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
