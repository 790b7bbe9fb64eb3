package cmd

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailapp/poster/fakesite"
)

// C18, C19, C20: whoever answers a mail of ours, a person's robot, a list, a
// mail server or another mailapp, everything comes to rest after at most one
// mail of ours. The worlds below route each mail to the addresses on its
// envelope until none is under way.

// letter is a mail under way.
type letter struct {
	from, to string // envelope; from "" is the null sender
	data     string
}

// correspondent takes a letter and gives those that it sends because of it.
type correspondent func(*world, letter) []letter

// world is everybody who has a mailbox that does something; all others only
// collect mail.
type world struct {
	*testing.T
	at   map[string]correspondent
	ours int // mails that a mailapp has sent
}

// run delivers until everything is at rest.
func (w *world) run(first letter) {
	queue := []letter{first}
	for delivered := 0; len(queue) > 0; delivered++ {
		if delivered == 30 {
			w.Fatalf("after %d deliveries it goes on with %+v", delivered, queue[0])
		}
		next := queue[0]
		queue = queue[1:]
		if answer := w.at[next.to]; answer != nil {
			queue = append(queue, answer(w, next)...)
		}
	}
}

// outbox is a sendmail that puts mails aside, one directory each.
const outbox = `#!/bin/sh
box=$(mktemp -d out/XXXXXX) || exit 75
printf %s "$3" >"$box/from"
shift 4
printf '%s\n' "$@" >"$box/to"
cat >"$box/data"
`

// mailapp is an address that is piped into mailapp with rules of its own. Whom
// the From names has logged in: the proof is none of this test's business.
func (w *world) mailapp(address, settings string) {
	w.Helper()
	site, err := fakesite.New("")
	if err != nil {
		w.Fatal(err)
	}
	site.AddAccount("fred@example.org", "correct horse")
	server := httptest.NewServer(site)
	w.Cleanup(server.Close)
	dir := w.TempDir()
	writeFile(w.T, filepath.Join(dir, "rules.yaml"), "state: state\nowner: owner@example.org\nreceipts: {from: "+address+", sendmail: ./sendmail}\n"+settings)
	writeFile(w.T, filepath.Join(dir, "sendmail"), outbox)
	if err := os.Chmod(filepath.Join(dir, "sendmail"), 0o700); err != nil {
		w.Fatal(err)
	}
	if err := setUpFiles(dir, server.URL); err != nil {
		w.Fatal(err)
	}
	w.at[address] = func(w *world, l letter) []letter { return w.pipe(dir, l) }
}

// pipe delivers to the mailapp in dir, as a mail server does, which bounces
// what it is told to refuse.
func (w *world) pipe(dir string, l letter) []letter {
	w.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "out"), 0o700); err != nil {
		w.Fatal(err)
	}
	c := exec.Command("mailapp", "run", "--sender="+l.from, "--recipient="+l.to, "--sasl-user="+author(l))
	c.Dir, c.Stdin = dir, strings.NewReader(l.data)
	c.Env = append(os.Environ(), "HOME="+dir, "MAILAPP_RULES="+filepath.Join(dir, "rules.yaml"))
	var out bytes.Buffer
	c.Stderr = &out
	_ = c.Run()
	sent := w.takeSent(filepath.Join(dir, "out"))
	w.ours += len(sent)
	switch code := c.ProcessState.ExitCode(); {
	case code == exitDone:
	case (code == exitData || code == exitDenied) && len(sent) == 0:
		return w.bounce(l, out.String())
	default:
		w.Errorf("%+v ended with %d, %s, %d mails sent", l, code, out.String(), len(sent))
	}
	return sent
}

func (w *world) takeSent(dir string) (sent []letter) {
	boxes, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		w.Fatal(err)
	}
	for _, box := range boxes {
		var parts [3]string
		for i, name := range []string{"from", "to", "data"} {
			data, err := os.ReadFile(filepath.Join(box, name))
			if err != nil {
				w.Fatal(err)
			}
			parts[i] = string(data)
		}
		for _, to := range strings.Fields(parts[1]) {
			sent = append(sent, letter{parts[0], to, parts[2]})
		}
		if err := os.RemoveAll(box); err != nil {
			w.Fatal(err)
		}
	}
	return sent
}

// bounce is what a mail server says to an envelope sender (RFC 5321 §6.1, RFC
// 6522), and to nobody where there is none.
func (w *world) bounce(l letter, why string) []letter {
	if l.from == "" {
		return nil
	}
	return []letter{{"", l.from, "From: MAILER-DAEMON@mx.example.org\nTo: " + l.from + "\nSubject: Undelivered: Make money fast\n" +
		"Auto-Submitted: auto-replied\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n" +
		"--b\n\n" + why + "\n--b\nContent-Type: message/rfc822\n\n" + l.data + "\n--b--\n"}}
}

// field gives a field of a letter's header.
func field(l letter, name string) string {
	m, err := netmail.ReadMessage(strings.NewReader(l.data))
	if err != nil {
		return ""
	}
	return m.Header.Get(name)
}

// author gives the address in From.
func author(l letter) string {
	a, err := netmail.ParseAddress(field(l, "From"))
	if err != nil {
		return ""
	}
	return a.Address
}

// robot is an out-of-office robot. A polite one keeps to RFC 3834 §2; a rude one
// answers the From of whatever comes, and says nothing of being a robot.
func robot(polite bool) correspondent {
	n := 0
	return func(_ *world, l letter) []letter {
		if polite && (l.from == "" || field(l, "Auto-Submitted") != "" || field(l, "List-Id") != "") {
			return nil
		}
		n++
		return []letter{{l.to, author(l), fmt.Sprintf("From: %s\nTo: %s\nSubject: Re: %s\nMessage-ID: <away%d@example.org>\n\nI am on holiday.\n",
			l.to, author(l), field(l, "Subject"), n)}}
	}
}

// list sends everything on to its members, without the fields that it strips.
func list(strip []string, members ...correspondent) correspondent {
	return func(w *world, l letter) (sent []letter) {
		data := "List-Id: <list.list.example>\n" + without(l.data, strip...)
		for _, member := range members {
			sent = append(sent, member(w, letter{"list-bounces@list.example", "ads@a.example", data})...)
		}
		return sent
	}
}

// signs are what tells that a mail is an answer of ours.
var signs = []string{"auto-submitted", "x-auto-response-suppress", "x-mailapp-loop", "in-reply-to", "references", "envelope sender"}

// stripping is a host before to that takes out all signs but one.
func stripping(to correspondent, left string) correspondent {
	strip := slices.DeleteFunc(slices.Clone(signs), func(sign string) bool { return sign == left })
	return func(w *world, l letter) []letter {
		if l.from == "" && slices.Contains(strip, "envelope sender") {
			l.from = author(l)
		}
		return to(w, letter{l.from, l.to, without(l.data, strip...)})
	}
}

// without takes fields of one line out.
func without(data string, fields ...string) string {
	var kept strings.Builder
	header, body, _ := strings.Cut(data, "\n\n")
	for line := range strings.Lines(header + "\n") {
		if name, _, _ := strings.Cut(line, ":"); !slices.Contains(fields, strings.ToLower(name)) {
			kept.WriteString(line)
		}
	}
	return kept.String() + "\n" + body
}

const (
	// refusing refuses by mail what one of its people sends, an answer to its
	// own answers included.
	refusing = `refusals: mail
people:
  b: {addresses: [ads@b.example], logins: [ads@b.example]}
  a: {addresses: [ads@a.example], logins: [ads@a.example]}
  fred: {addresses: [fred@example.org], logins: [fred@example.org]}
  team: {addresses: [team@list.example], logins: [team@list.example]}
rules:
  - {name: spam, subject: [/make money/], do: reject, reason: We do not take this.}
`
	forwardingTo = "rules:\n  - {name: all, do: forward, to: [%s]}\n"
)

// spam is a mail that every mailapp here refuses.
func spam(from string) letter {
	return letter{from, "ads@a.example", "From: " + from + "\nTo: ads@a.example\nSubject: Make money fast\nMessage-ID: <first@example.org>\n\nx\n"}
}

func TestLoops(t *testing.T) {
	bouncing := strings.Replace(refusing, "refusals: mail", "refusals: bounce", 1)
	for name, c := range map[string]struct {
		world func(*world)
		from  string
		ours  int
	}{
		"two mailapps that refuse by mail": {func(w *world) {
			w.mailapp("ads@b.example", refusing)
		}, "ads@b.example", 1},
		"a host between them that leaves only the loop field": {func(w *world) {
			w.mailapp("ads@b.example", refusing)
			w.at["ads@b.example"] = stripping(w.at["ads@b.example"], "x-mailapp-loop")
		}, "ads@b.example", 1},
		"a host between them that leaves only Auto-Submitted": {func(w *world) {
			w.mailapp("ads@b.example", refusing)
			w.at["ads@b.example"] = stripping(w.at["ads@b.example"], "auto-submitted")
		}, "ads@b.example", 1},
		"a host between them that leaves only the null sender": {func(w *world) {
			w.mailapp("ads@b.example", refusing)
			w.at["ads@b.example"] = stripping(w.at["ads@b.example"], "envelope sender")
		}, "ads@b.example", 1},
		"two mailapps that refuse by bounce": {func(w *world) {
			w.mailapp("ads@a.example", bouncing)
			w.mailapp("ads@b.example", bouncing)
		}, "ads@b.example", 0},
		"a polite robot": {func(w *world) {
			w.at["fred@example.org"] = robot(true)
		}, "fred@example.org", 1},
		"a rude robot": {func(w *world) {
			w.at["fred@example.org"] = robot(false)
		}, "fred@example.org", 1},
		"a rude robot, whose answers are bounced": {func(w *world) {
			w.mailapp("ads@a.example", bouncing)
			w.at["fred@example.org"] = robot(false)
		}, "fred@example.org", 0},
		"a mailing list": {func(w *world) {
			w.at["team@list.example"] = list(nil, w.at["ads@a.example"], robot(true))
		}, "team@list.example", 1},
		"a mail that came by a list": {func(w *world) {
			w.at["ads@a.example"] = list(nil, w.at["ads@a.example"])
		}, "fred@example.org", 0},
		"a mailing list that strips": {func(w *world) {
			w.at["team@list.example"] = list(signs, w.at["ads@a.example"], w.at["ads@a.example"])
		}, "team@list.example", 1},
		"a mail server that bounces our answer to its From": {func(w *world) {
			w.at["fred@example.org"] = func(w *world, l letter) []letter {
				return w.bounce(letter{author(l), l.to, l.data}, "no such user")
			}
		}, "fred@example.org", 1},
		"a mail server that bounces as if it were a person": {func(w *world) {
			w.at["fred@example.org"] = func(_ *world, l letter) []letter {
				return []letter{{"fred@example.org", author(l), "From: fred@example.org\nSubject: Undelivered: Make money fast\n\n" + l.data}}
			}
		}, "fred@example.org", 1},
		"two mailapps that forward to each other": {func(w *world) {
			w.mailapp("ads@a.example", fmt.Sprintf(forwardingTo, "ads@b.example"))
			w.mailapp("ads@b.example", fmt.Sprintf(forwardingTo, "ads@a.example"))
		}, "fred@example.org", 1},
		"a mailapp that forwards to itself": {func(w *world) {
			w.mailapp("ads@a.example", fmt.Sprintf(forwardingTo, "ads@a.example"))
		}, "fred@example.org", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{T: t, at: map[string]correspondent{}}
			w.mailapp("ads@a.example", refusing)
			c.world(w)
			w.run(spam(c.from))
			if w.ours != c.ours {
				t.Errorf("%d mails of ours, not %d", w.ours, c.ours)
			}
		})
	}
}

// The receipt of an ad is answered by a rude robot and bounced by a broken mail
// server: one ad, one receipt.
func TestLoopAfterPosting(t *testing.T) {
	if !haveBrowser(t) {
		t.Skip("no browser here, or -short")
	}
	for name, answer := range map[string]correspondent{
		"a robot": robot(false),
		"a bounce": func(w *world, l letter) []letter {
			return w.bounce(letter{author(l), l.to, l.data}, "no such user")
		},
	} {
		w := &world{T: t, at: map[string]correspondent{"fred@example.org": answer}}
		w.mailapp("mailapp@example.org", strings.Replace(testRules[strings.Index(testRules, "people:"):], "logins: [fred]", "logins: [fred@example.org]", 1))
		w.at["fred_fairground@example.org"] = w.at["mailapp@example.org"]
		w.run(letter{"fred@example.org", "fred_fairground@example.org", "From: fred@example.org\nSubject: A lamp - $5\nMessage-ID: <lamp@example.org>\n\nx\n"})
		if w.ours != 1 {
			t.Errorf("%s: %d mails of ours", name, w.ours)
		}
	}
}
