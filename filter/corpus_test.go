package filter_test

// The corpus of testdata/auth: who is proven to have sent a message (C13 to
// C16). Each case is an archive whose comment says why in a line or two, with
//
//	settings  key: value lines; what is left out is as newScene has it
//	dns       lines `name TXT "…"`, `name SERVFAIL`, `name TIMEOUT`; no other name exists
//	message   the message as our mail server hands it over
//	signed    the same as it was signed, if it has been changed since
//	want      proven PERSON by METHOD, nobody, temporary (exit 75) or refused (C15);
//	          then lines that must stand in a finding or in the error
//
// Every signature is real: @BH@ and @B@ in a DKIM-Signature are filled in by
// signer_test.go, and @RSA@ and the like in dns are its public keys.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/net/publicsuffix"

	"mailapp/filter"
	"mailapp/filter/auth"
)

const fredsKey = "correct-horse-battery-staple"

func TestAuthCorpus(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0") // so that our own limit is seen, not that of crypto/rsa
	files, err := filepath.Glob("../testdata/auth/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	good := 0
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			if newScene(t, file).play(t) {
				good++
			}
		})
	}
	if len(files) < 90 || good < 25 {
		t.Errorf("the corpus has shrunk to %d cases, %d of them good mails", len(files), good)
	}
}

// scene is one case.
type scene struct {
	why, message string
	want         string
	says         []string
	request      auth.Request
	asked        []string // names that the DNS was asked for
	dns          map[string][]string
	people       map[string]*auth.Person
}

func newScene(t *testing.T, file string) *scene {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range archive.Files {
		files[f.Name] = string(f.Data)
	}
	s := &scene{why: strings.TrimSpace(string(archive.Comment)), dns: map[string][]string{}}
	if s.why == "" || files["want"] == "" || files["message"] == "" {
		t.Fatal("a comment, a message and what is wanted must be there")
	}
	lines := strings.Split(strings.TrimSpace(files["want"]), "\n")
	s.want, s.says = lines[0], lines[1:]
	s.message = sign(t, files["message"], files["signed"])
	s.request = auth.Request{
		AuthservID: "mx.example.org", Recipient: "fred_sofas@example.org", Claimed: "fred", ClaimedApp: "sofas",
		Now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), LookupTXT: s.lookup,
	}
	key := func() (string, error) { return fredsKey, nil }
	s.people = map[string]*auth.Person{
		"fred": {Name: "fred", Addresses: []string{"fred@good.example"}, Logins: []string{"fred"}, Secret: key},
		"ann":  {Name: "ann", Addresses: []string{"ann@good.example"}, Logins: []string{"ann"}, Secret: key},
	}
	for line := range strings.Lines(files["settings"]) {
		s.set(t, strings.TrimSpace(line))
	}
	for line := range strings.Lines(publicKeys(files["dns"])) {
		name, answer, _ := strings.Cut(strings.TrimSpace(line), " ")
		s.dns[name+"."] = append(s.dns[name+"."], answer)
	}
	for _, name := range []string{"ann", "fred"} {
		s.request.People = append(s.request.People, *s.people[name])
	}
	return s
}

// set takes one line of settings.
func (s *scene) set(t *testing.T, line string) {
	key, value, _ := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	var err error
	switch key {
	case "authserv-id":
		s.request.AuthservID = value
	case "received-by":
		s.request.ReceivedBy = value
	case "recipient":
		s.request.Recipient = value
	case "extension":
		s.request.Extension = value
	case "token": // key, person, app, last day or -
		words := strings.Fields(value)
		until, _ := time.Parse(time.DateOnly, words[3])
		s.request.Extension, err = auth.Token(words[0], words[1], words[2], until)
	case "sasl-login":
		s.request.SASLLogin = value
	case "claimed":
		s.request.Claimed = value
	case "app":
		s.request.ClaimedApp = value
	case "now":
		s.request.Now, err = time.Parse(time.RFC3339, value)
	case "address": // one more of fred's
		s.people["fred"].Addresses = append(s.people["fred"].Addresses, value)
	case "accept":
		for _, m := range strings.Fields(value) {
			s.people["fred"].Accept = append(s.people["fred"].Accept, auth.Method(m))
		}
	case "thorough":
		s.request.Thorough = true
	case "line-ends":
		s.message = strings.ReplaceAll(s.message, "\n", "\r\n")
	case "bare-cr": // the word that is divided by one
		s.message = strings.Replace(s.message, value, value[:1]+"\r"+value[1:], 1)
	case "no-dns":
		s.request.LookupTXT = nil
	default:
		t.Fatalf("unknown setting %q", line)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// lookup answers from the dns file.
func (s *scene) lookup(_ context.Context, name string) ([]string, error) {
	s.asked = append(s.asked, name)
	var texts []string
	for _, answer := range s.dns[name] {
		switch answer {
		case "SERVFAIL":
			return nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
		case "TIMEOUT":
			return nil, &net.DNSError{Err: "i/o timeout", Name: name, IsTimeout: true}
		}
		text, err := strconv.Unquote(strings.TrimPrefix(answer, "TXT "))
		if err != nil {
			return nil, fmt.Errorf("dns: %q: %w", answer, err)
		}
		texts = append(texts, text)
	}
	if texts == nil {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return texts, nil
}

// play checks what the case comes to, and what holds in every case. It tells
// whether somebody was to be proven.
func (s *scene) play(t *testing.T) bool {
	got, said := s.verdict(t)
	if got != s.want {
		t.Errorf("%s\ngot %s, want %s\n%s", s.why, got, s.want, said)
	}
	for _, words := range s.says {
		if !strings.Contains(said, words) {
			t.Errorf("nothing says %q\n%s", words, said)
		}
	}
	if strings.ContainsFunc(said, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }) {
		t.Errorf("control characters in %q", said)
	}
	if x := s.request.Extension; x != "" && strings.Contains(said, x) {
		t.Errorf("the secret is shown:\n%s", said) // C29
	}
	s.checkAsked(t)
	return strings.HasPrefix(s.want, "proven")
}

// verdict reads the message as cmd does and asks who sent it.
func (s *scene) verdict(t *testing.T) (verdict, said string) {
	m, err := filter.Open(strings.NewReader(s.message), int64(len(s.message)))
	var defect *filter.Defect
	if errors.As(err, &defect) {
		return "refused", defect.Text
	}
	if err != nil {
		t.Fatal(err)
	}
	s.request.Fields, s.request.Message = m.Fields(), m.Reader
	s.request.From, err = m.Author()
	ev, trouble := auth.Check(t.Context(), s.request)
	var all strings.Builder
	for _, c := range ev.Checks {
		fmt.Fprintf(&all, "%s: %t: %s\n", c.Method, c.Passed, c.Why)
	}
	switch {
	case err != nil && !ev.Proven() && trouble == nil:
		return "refused", err.Error()
	case errors.Is(trouble, auth.ErrTemporary):
		fmt.Fprint(&all, trouble)
		return "temporary", all.String()
	case ev.Proven():
		fmt.Fprintf(&all, "signature=%.12s", ev.Signature)
		return fmt.Sprintf("proven %s by %s", ev.Person, ev.Method), all.String()
	case trouble != nil || err != nil:
		t.Fatal(trouble, err)
	}
	return "nobody", all.String()
}

// checkAsked: the DNS is asked for names of From's own organisation only, and
// for few of them.
func (s *scene) checkAsked(t *testing.T) {
	_, domain, _ := strings.Cut(s.request.From, "@")
	organisation, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		organisation = domain
	}
	for _, name := range s.asked {
		if !strings.HasSuffix(name, "."+organisation+".") || !slices.Contains([]string{"_dmarc", "_domainkey"}, strings.Split(name, ".")[0]) && !strings.Contains(name, "._domainkey.") {
			t.Errorf("the DNS was asked for %q, though the mail is from %q", name, domain)
		}
	}
	if len(s.asked) > 7 {
		t.Errorf("the DNS was asked %d times", len(s.asked))
	}
}
