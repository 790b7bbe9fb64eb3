package auth

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func alice() Person {
	return Person{Name: "alice", Addresses: []string{"alice@good.example"}, Logins: []string{"alice"}}
}

func bob() Person {
	return Person{Name: "bob", Addresses: []string{"bob@good.example"}, Logins: []string{"bob"}}
}

// header puts A-R fields above and below the topmost Received.
func header(above, below []string) []Field {
	fields := []Field{{"Return-Path", " <alice@good.example>"}, {"Delivered-To", " alice_ads@example.org"}}
	for _, v := range above {
		fields = append(fields, Field{"Authentication-Results", v})
	}
	fields = append(fields, Field{"Received", " from a by mx.example.org; Mon, 3 Nov 2025 10:00:00 +0000"})
	for _, v := range below {
		fields = append(fields, Field{"Authentication-Results", v})
	}
	return append(fields, Field{"From", " Alice <alice@good.example>"}, Field{"To", " alice_ads@example.org"},
		Field{"Subject", " Sofa"}, Field{"Date", " Mon, 3 Nov 2025 10:00:00 +0000"})
}

func (sp specimen) request() Request {
	return Request{
		Fields:     header(sp.above, sp.below),
		From:       "alice@good.example",
		Recipient:  "alice_ads@example.org",
		AuthservID: "mx.example.org",
		People:     []Person{alice(), bob()},
	}
}

func sentences(ev Evidence) string {
	var all []string
	for _, c := range ev.Checks {
		all = append(all, string(c.Method)+": "+c.Why)
	}
	return strings.Join(all, "\n")
}

// C13, C14: what Authentication-Results prove and what they do not.
func TestCorpus(t *testing.T) {
	n := 0
	for name, specimens := range map[string][]specimen{
		"servers": servers, "planted": planted, "places": places, "grammar": grammar, "meaning": meaning,
	} {
		for i, sp := range specimens {
			n++
			t.Run(fmt.Sprintf("%s/%02d", name, i), func(t *testing.T) { sp.check(t) })
		}
	}
	if n < 60 {
		t.Errorf("the corpus has shrunk to %d specimens", n)
	}
}

func (sp specimen) check(t *testing.T) {
	ev, err := Check(context.Background(), sp.request())
	got := nothing
	switch {
	case errors.Is(err, ErrTemporary):
		got = later
	case err != nil:
		t.Errorf("%s: an error that is not temporary: %v", sp.why, err)
	case ev.Proven():
		got = proof
	}
	said := sentences(ev)
	if got != sp.want {
		t.Errorf("%s: %s, want %s\n%s", sp.why, got, sp.want, said)
	}
	if !strings.Contains(said, sp.says) {
		t.Errorf("%s: nothing says %q\n%s", sp.why, sp.says, said)
	}
	if got == proof && (ev.Person != "alice" || ev.Address != "alice@good.example" || ev.Method != AuthenticationResults) {
		t.Errorf("%s: proved %q, %q by %q", sp.why, ev.Person, ev.Address, ev.Method)
	}
	if strings.ContainsFunc(said, func(r rune) bool { return r < ' ' && r != '\n' }) {
		t.Errorf("%s: control characters in %q", sp.why, said)
	}
}

// C14: without Received no field is surely ours.
func TestNoReceived(t *testing.T) {
	req := specimen{above: one(` mx.example.org; dmarc=pass header.from=good.example`)}.request()
	req.Fields = req.Fields[:3]
	ev, err := Check(context.Background(), req)
	if err != nil || ev.Proven() || !strings.Contains(sentences(ev), "no Received field") {
		t.Errorf("%v\n%s", err, sentences(ev))
	}
}

// C14: a Received with a space before its colon is a border all the same, and
// an Authentication-Results with one is no evidence.
func TestSpaceBeforeColon(t *testing.T) {
	req := specimen{below: one(` mx.example.org; dmarc=pass header.from=good.example`)}.request()
	req.Fields[2].Name = "Received "
	req.Fields = append(req.Fields, Field{"Received", " from b by a"})
	if ev, _ := Check(context.Background(), req); ev.Proven() {
		t.Error("proven from below Received")
	}
	req = specimen{above: one(` mx.example.org; dmarc=pass header.from=good.example`)}.request()
	req.Fields[2].Name = "Authentication-Results "
	if ev, _ := Check(context.Background(), req); ev.Proven() {
		t.Error("proven by a malformed field")
	}
}

// C13: no authserv-id configured, no Authentication-Results believed.
func TestNoAuthservID(t *testing.T) {
	for _, field := range []string{
		` mx.example.org; dmarc=pass header.from=good.example`,
		` ""; dmarc=pass header.from=good.example`,
	} {
		req := specimen{above: one(field)}.request()
		req.AuthservID = ""
		ev, err := Check(context.Background(), req)
		if err != nil || ev.Proven() || !strings.Contains(sentences(ev), "no authserv-id is configured") {
			t.Errorf("%s: %v\n%s", field, err, sentences(ev))
		}
	}
}

func TestParsedParts(t *testing.T) {
	got, err := parseResults(" mx.example.org 1 ;\r\n Dkim / 1 = Pass (c) Reason=\"a \\\"b\\\"\r\n c\" Header.D=Good.Example header.i=\"x y\"@Good.Example; spf=none")
	want := results{id: "mx.example.org", list: []result{
		{method: "dkim", version: "1", word: "pass", reason: `a "b" c`, props: []property{
			{"header", "d", value{text: "Good.Example"}},
			{"header", "i", value{local: "x y", domain: "good.example"}}}},
		{method: "spf", word: "none"}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
}

// write is a field that says r. It serves the fuzz target.
func (r results) write() string {
	var b strings.Builder
	b.WriteString(quote(r.id))
	if len(r.list) == 0 {
		b.WriteString("; none")
	}
	for _, res := range r.list {
		b.WriteString("; " + res.method)
		if res.version != "" {
			b.WriteString("/" + res.version)
		}
		b.WriteString("=" + res.word)
		if res.reason != "" {
			b.WriteString(" reason=" + quote(res.reason))
		}
		for _, p := range res.props {
			fmt.Fprintf(&b, " %s.%s=", p.ptype, p.name)
			switch v := p.value; {
			case v.domain == "":
				b.WriteString(quote(v.text))
			case v.local == "":
				b.WriteString("@" + v.domain)
			default:
				b.WriteString(quote(v.local) + "@" + v.domain)
			}
		}
	}
	return b.String()
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// plantable tells whether a mail server could quote s as it stands.
func plantable(s string) bool {
	return admissible(s) == nil && len(s) < 1000 &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// C14: a field that is read says the same when it is written anew, and nothing
// that a sender can plant in a string or a comment becomes a result.
func FuzzAuthenticationResults(f *testing.F) {
	for _, specimens := range [][]specimen{servers, planted, places, grammar, meaning} {
		for _, sp := range specimens {
			for _, field := range append(sp.above, sp.below...) {
				if len(field) < 2000 {
					f.Add(field, `x; dkim=pass header.d=good.example`)
				}
			}
		}
	}
	f.Add(` mx.example.org; none`, `x"; dkim=pass header.d=good.example; a="`)
	f.Add(` mx.example.org; none`, `x); dkim=pass header.d=good.example; a=(`)
	f.Add(` mx.example.org; none`, `\`)
	f.Fuzz(func(t *testing.T, field, plant string) {
		if r, err := parseResults(field); err == nil {
			again, err := parseResults(r.write())
			// Escapes may make it longer than is read, and may bring an
			// encoded word to light that folding had hidden.
			if err != nil && admissible(r.write()) == nil {
				t.Fatalf("%q\nwritten %q\n%v", field, r.write(), err)
			}
			if err == nil && !reflect.DeepEqual(r, again) {
				t.Fatalf("%q\nread    %+v\nwritten %q\nread    %+v", field, r, r.write(), again)
			}
		}
		if plantable(plant) {
			stays(t, plant)
		}
		_, err := Check(context.Background(), specimen{above: one(field)}.request())
		if err != nil && !errors.Is(err, ErrTemporary) {
			t.Fatal(err)
		}
	})
}

// stays fails if a plant leaves the string or the comment that it is in.
func stays(t *testing.T, plant string) {
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `(`, `\(`, `)`, `\)`).Replace(plant)
	field := fmt.Sprintf(` mx.example.org; spf=fail (domain of %s) reason="%s" smtp.mailfrom="%s"@evil.example`, escaped, escaped, escaped)
	r, err := parseResults(field)
	if err != nil && admissible(field) != nil {
		return
	}
	if err != nil || len(r.list) != 1 || r.list[0].method != "spf" || len(r.list[0].props) != 1 {
		t.Fatalf("%q\n%v %+v", field, err, r)
	}
	if got := r.list[0].props[0].value; got != (value{local: plant, domain: "evil.example"}) {
		t.Fatalf("%q came back as %+v", plant, got)
	}
	req := specimen{above: one(field)}.request()
	if ev, err := Check(context.Background(), req); err != nil || ev.Proven() {
		t.Fatalf("%q proved the sender (%v)", field, err)
	}
}

// C24: time is linear. Bytes a second must not fall with the size.
func BenchmarkParse(b *testing.B) {
	good := servers[6].above[0]
	for name, unit := range map[string]string{
		"good":     strings.TrimPrefix(good, " mx.example.org"),
		"comments": "; a=b " + strings.Repeat("((((((((((((((((x))))))))))))))))", 3),
		"quotes":   `; a=b reason="` + strings.Repeat(`\"`, 50) + `"`,
		"folds":    "; a=b " + strings.Repeat("\r\n ", 30),
		"names":    "; a=b " + strings.Repeat("header.d=a.b ", 10),
	} {
		for _, size := range []int{1 << 10, 8 << 10, 60 << 10} {
			field := " mx.example.org" + strings.Repeat(unit, size/len(unit)+1)
			b.Run(fmt.Sprintf("%s/%dk", name, size>>10), func(b *testing.B) {
				b.SetBytes(int64(len(field)))
				b.ReportAllocs()
				for b.Loop() {
					_, _ = parseResults(field)
				}
			})
		}
	}
}
