package filter

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"mailapp/filter/auth"
)

const (
	plainMail = "From: Fred <fred@example.org>\nSubject: Sofa - $40\nMessage-ID: <1@example.org>\n\nA sofa.\n"
	adRule    = "- {name: ads, recipient: '{person}_{app}@example.org', do: post}\n"
)

var fredsProof = &auth.Evidence{Person: "fred", Address: "fred@example.org", Method: auth.SASL}

func toFred() Envelope {
	return Envelope{Sender: "fred@example.org", SenderKnown: true, Recipient: "fred_sofas@example.org"}
}

// words gives the trace as one text.
func words(v Verdict) string {
	var b strings.Builder
	for _, step := range v.Trace {
		fmt.Fprintf(&b, "%s %d %t: %s\n", step.Rule, step.Line, step.Matched, step.Why)
	}
	return b.String()
}

func TestPost(t *testing.T) {
	s := parse(t, household+adRule)
	v, err := s.Decide(open(t, plainMail), toFred(), fredsProof)
	if err != nil || v.Action != Post || v.Rule != "ads" || v.RuleDef != s.Rules[0] || v.Person != "fred" || v.App != "sofas" {
		t.Fatalf("got %+v, %v", v, err)
	}
	if v.Fields["title"] != "Sofa" || v.Fields["price"] != "40" || v.Fields["body"] != "A sofa." {
		t.Errorf("fields are %q", v.Fields)
	}
	if got := words(v); got != "ads 9 true: recipient \"fred_sofas@example.org\" fits {person}_{app}@example.org\n" {
		t.Errorf("trace is %s", got)
	}
}

// C13, C16, C17: who may post, and what becomes of what is not proven.
func TestPostNeedsProof(t *testing.T) {
	ann := &auth.Evidence{Person: "ann.b", Address: "ann@example.com"}
	tests := []struct {
		unproven string
		ev       *auth.Evidence
		want     Action
		reason   string
	}{
		{"", &auth.Evidence{}, Hold, ""},
		{"trust: {unproven: drop}\n", &auth.Evidence{}, Drop, ""},
		{"trust: {unproven: reject}\n", &auth.Evidence{}, Reject, unprovenReason},
		{"", ann, Hold, ""},
		{"trust: {unproven: reject}\n", ann, Reject, unprovenReason},
		{"trust: {unproven: reject}\n", nil, Undecided, ""},
		{"trust: {unproven: reject}\n", fredsProof, Post, ""},
	}
	for _, tt := range tests {
		s := parse(t, tt.unproven+household+adRule)
		v, err := s.Decide(open(t, plainMail), toFred(), tt.ev)
		if err != nil || v.Action != tt.want || v.Reason != tt.reason || v.Person != "fred" || v.App != "sofas" {
			t.Errorf("%q, %+v: got %+v, %v; want %q", tt.unproven, tt.ev, v, err, tt.want)
		}
		if tt.want != Post && tt.want != Undecided && !strings.Contains(words(v), "but the ") {
			t.Errorf("trace does not say why: %s", words(v))
		}
	}
	if strings.Contains(unprovenReason, "fred") {
		t.Error("the public reason tells of people")
	}
}

// C15: no author, no post, whoever is proven. C17: only who is known to have
// sent it hears of that.
func TestPostNeedsAnAuthor(t *testing.T) {
	s := parse(t, household+adRule)
	loggedIn, byHand := toFred(), toFred()
	loggedIn.SASLLogin = "fred"
	byHand.Sender, byHand.SenderKnown = "", false
	for _, ev := range []*auth.Evidence{nil, fredsProof} {
		for _, e := range []Envelope{loggedIn, byHand} {
			v, err := s.Decide(mailFile(t, "two-from"), e, ev)
			wantDefect(t, err, "2 From fields")
			if v.Action != Undecided {
				t.Errorf("got %+v", v)
			}
		}
		v, err := s.Decide(mailFile(t, "two-from"), toFred(), ev)
		if err != nil || v.Action != Hold || !strings.Contains(v.Why, "2 From fields") {
			t.Errorf("of a stranger: %+v, %v", v, err)
		}
	}
	_, err := s.Decide(open(t, "From: fred@example.org\n\nA sofa.\n"), toFred(), fredsProof)
	wantDefect(t, err, "no subject")
}

// What the header cannot show leaves the verdict open, and nothing else does.
func TestUndecided(t *testing.T) {
	const rest = "- {name: rest, do: hold}\n"
	tests := []struct {
		name, rules string
		ev          *auth.Evidence
		header      Action
		whole       Action
	}{
		{"proof", adRule, nil, Undecided, Undecided},
		{"body", adRule, fredsProof, Undecided, Post},
		{"unproven needs no body", adRule, &auth.Evidence{}, Hold, Hold},
		{"size", "- {name: x, size: under 10k, do: drop}\n" + rest, nil, Undecided, Drop},
		{"size, other way", "- {name: x, size: over 10k, do: drop}\n" + rest, nil, Undecided, Hold},
		{"photos", "- {name: x, photos: false, do: drop}\n" + rest, nil, Undecided, Drop},
		{"earlier condition failed", "- {name: x, subject: y, photos: false, do: drop}\n" + rest, nil, Hold, Hold},
		{"later condition failed", "- {name: x, photos: false, header: {X: present}, do: drop}\n" + rest, nil, Hold, Hold},
		{"decided before", "- {name: y, sender: '@example.org', do: keep, maildir: m}\n- {name: x, photos: true, do: drop}\n", nil, Keep, Keep},
		{"no match", "- {name: x, subject: y, do: drop}\n", nil, Hold, Hold},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := parse(t, household+tt.rules)
			for _, c := range []struct {
				m    *Message
				want Action
			}{{headerOf(t, plainMail), tt.header}, {open(t, plainMail), tt.whole}} {
				v, err := s.Decide(c.m, toFred(), tt.ev)
				if err != nil || v.Action != c.want {
					t.Errorf("body %t: got %q, %v; want %q\n%s", c.m.HasBody(), v.Action, err, c.want, words(v))
				}
			}
		})
	}
}

// C18: automatic mail is never posted nor answered; what serves to keep it is
// honoured.
func TestAutomaticMail(t *testing.T) {
	null, daemon, list := toFred(), toFred(), toFred()
	null.Sender = ""
	daemon.Sender = "MAILER-DAEMON"
	unknown := Envelope{Recipient: "fred_sofas@example.org"}
	tests := []struct {
		name   string
		header string
		e      Envelope
		auto   bool
	}{
		{"a person", "", toFred(), false},
		{"unknown sender", "", unknown, false},
		{"null sender", "", null, true},
		{"daemon", "", daemon, true},
		{"list", "List-Id: <x>\n", list, true},
		{"answer", "Auto-Submitted: auto-replied\n", toFred(), true},
		{"empty return path", "Return-Path: <>\n", toFred(), true},
	}
	actions := []struct {
		rule        string
		person, bot Action
	}{
		{adRule, Post, Drop},
		{"- {name: x, do: reject}\n", Reject, Drop},
		{"- {name: x, do: keep, maildir: m}\n", Keep, Keep},
		{"- {name: x, do: forward, to: a@b.c}\n", Forward, Forward},
		{"- {name: x, do: hold}\n", Hold, Hold},
		{"- {name: x, do: drop}\n", Drop, Drop},
		{"- {name: x, subject: other, do: hold}\n", Hold, Drop},
	}
	for _, tt := range tests {
		for _, a := range actions {
			want := a.person
			if tt.auto {
				want = a.bot
			}
			v, err := parse(t, household+a.rule).Decide(open(t, tt.header+plainMail), tt.e, fredsProof)
			if err != nil || v.Action != want {
				t.Errorf("%s, %s: got %q, %v; want %q", tt.name, a.rule, v.Action, err, want)
			}
			if want == Drop && a.person == Post && (v.Reason != "" || !strings.Contains(words(v), "never posted nor answered")) {
				t.Errorf("%s: got %q, %s", tt.name, v.Reason, words(v))
			}
		}
	}
	// Own mail is dropped before any rule.
	v, err := parse(t, household+"- {name: x, do: forward, to: a@b.c}\n").Decide(headerOf(t, "X-Mailapp-Loop: 1\n"+plainMail), toFred(), nil)
	if err != nil || v.Action != Drop || v.Rule != OwnMail || v.RuleDef != nil {
		t.Errorf("own mail: got %+v, %v", v, err)
	}
}

func TestConditions(t *testing.T) {
	const header = "From: Fred <Fred@example.org>\nTo: x@y.z\nX-Spam: Yes,\n very\nX-Two: a\nX-Two: b\n"
	tests := []struct {
		condition, subject string
		e                  Envelope
		want               bool
		why                string
	}{
		// C21
		{"subject: make money FAST", "=?utf-8?b?TWFrZSBtb25leSBmYXN0?=", Envelope{}, true, "is the text"},
		{"subject: make money", "make money fast", Envelope{}, false, `subject "make money fast" is not the one given`},
		{"subject: [a, b]", "Sofa", Envelope{}, false, `subject "Sofa" is none of 2`},
		{"subject: '/cheap .* watches/'", "Very CHEAP gold\u200b watches!", Envelope{}, true, "is /cheap .* watches/"},
		{"subject: '/^straße$/'", "STRASSE", Envelope{}, false, ""},
		{"subject: '/^strasse$/'", "Straße", Envelope{}, true, ""},
		{"subject: '/^straße$/'", "Straße", Envelope{}, true, ""},
		{"subject: ''", "", Envelope{}, true, ""},
		{"subject: second", "first\nSubject: second", Envelope{}, true, ""},
		{"domains: [example.org]", "", Envelope{Recipient: "a@EXAMPLE.org"}, true, ""},
		{"domains: [bücher.example]", "", Envelope{Recipient: "a@xn--bcher-kva.example"}, true, ""},
		{"domains: [example.org]", "", Envelope{Recipient: "a@sub.example.org"}, false, `"sub.example.org" is not one of example.org`},
		{"domains: [example.org]", "", Envelope{}, false, "not known"},
		{"sender: FRED@example.org", "", Envelope{}, true, ""},
		{"sender: '@example.org'", "", Envelope{Sender: "x@other.example", SenderKnown: true}, true, ""},
		{"sender: x@other.example", "", Envelope{Sender: "X@Other.Example", SenderKnown: true}, true, ""},
		{"sender: '@other.example'", "", Envelope{Sender: "x@sub.other.example"}, false, "neither envelope sender"},
		{"sender: <>", "", Envelope{SenderKnown: true}, true, "null"},
		{"sender: <>", "", Envelope{}, false, ""},
		{"header: {X-Spam: present, X-None: absent}", "", Envelope{}, true, ""},
		{"header: {x-spam: 'yes, VERY'}", "", Envelope{}, true, ""},
		{"header: {X-Spam: /^yes/}", "", Envelope{}, true, ""},
		{"header: {X-Spam: 'yes'}", "", Envelope{}, false, "field X-Spam is not the one given"},
		{"header: {X-Two: [c, b]}", "", Envelope{}, true, ""},
		{"header: {X-None: present}", "", Envelope{}, false, "X-None is not there"},
		{"header: {X-None: /./}", "", Envelope{}, false, "X-None is not there"},
		{"header: {X-Spam: absent}", "", Envelope{}, false, "X-Spam is there"},
		{"header: {X-Spam: present, X-Two: c}", "", Envelope{}, false, "X-Two"},
		{"size: over 1k", "", Envelope{}, false, "is not over 1k"},
		{"size: under 1k", "", Envelope{}, true, ""},
		{"photos: true", "", Envelope{}, true, "1 photos"},
		{"photos: false", "", Envelope{}, false, ""},
		{"recipient: a@example.org", "", Envelope{Recipient: "A@example.org"}, true, ""},
		{"recipient: [b@x.y, '*@example.org']", "", Envelope{Recipient: "a@example.org"}, true, ""},
		{"recipient: a.c@example.org", "", Envelope{Recipient: "abc@example.org"}, false, "does not fit"},
		{"recipient: a@example.org", "", Envelope{Recipient: "a@example.org.evil.example"}, false, ""},
		{"recipient: a@example.org", "", Envelope{Recipient: "a+x@example.org"}, true, ""},
		{"recipient: a+x@example.org", "", Envelope{Recipient: "a+x@example.org"}, true, "fits a+x@example.org"},
		{"recipient: '{person}_{app}@example.org'", "", Envelope{Recipient: "fred_sofa@example.org"}, false, `there is no app "sofa"`},
		{"recipient: '{person}_{app}@example.org'", "", Envelope{Recipient: "joe_sofas+hush@example.org"}, false, `there is no person "joe"`},
		{"recipient: '{person}_{app}@example.org'", "", Envelope{}, false, "not known"},
	}
	photo := "Content-Type: image/gif\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte("GIF89a...."))
	for _, tt := range tests {
		s := parse(t, household+"- name: x\n  "+tt.condition+"\n  do: hold\n- {name: rest, do: drop}\n").WithRegistered(nil)
		v, err := s.Decide(open(t, header+"Subject: "+tt.subject+"\n"+photo), tt.e, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Rule == "x"; got != tt.want || !strings.Contains(v.Trace[0].Why, tt.why) || v.Trace[0].Matched != tt.want {
			t.Errorf("%s of %+v: got %t because %s", tt.condition, tt.e, got, v.Trace[0].Why)
		}
		if strings.Contains(words(v), "hush") {
			t.Errorf("the trace tells the secret: %s", words(v))
		}
	}
}

// The extension is what the rule's pattern leaves over, whatever the mail server
// takes for it.
func TestExtensionOfThePattern(t *testing.T) {
	s := parse(t, household+"- {name: plus, recipient: '{person}+{app}@plus.example', do: post}\n- {name: ads, recipient: '{person}_{app}@example.org', do: post}\n").WithRegistered(nil)
	for _, tt := range []struct{ recipient, extension, rule, took, left string }{
		{"fred_sofas+hush@example.org", "", "ads", "fred_sofas@example.org", "hush"},
		{"fred_sofas+hush@example.org", "hush", "ads", "fred_sofas@example.org", "hush"},
		{"Fred_Sofas+Hush@example.org", "sofas+hush", "ads", "fred_sofas@example.org", "hush"},
		{"fred_sofas-hush@example.org", "hush", "ads", "fred_sofas@example.org", "hush"},
		{"fred_sofas@example.org", "", "ads", "fred_sofas@example.org", ""},
		{"fred+sofas@plus.example", "sofas", "plus", "fred+sofas@plus.example", ""},
		{"fred+sofas+hush@plus.example", "sofas+hush", "plus", "fred+sofas@plus.example", "hush"},
		{"fred+bikes-ch@plus.example", "", "plus", "fred+bikes-ch@plus.example", ""},
	} {
		v, err := s.Decide(open(t, plainMail), Envelope{Recipient: tt.recipient, Extension: tt.extension}, nil)
		if err != nil || v.Rule != tt.rule || v.Recipient != tt.took || v.Extension != tt.left {
			t.Errorf("%s with %q: rule %q, recipient %q, extension %q, %v", tt.recipient, tt.extension, v.Rule, v.Recipient, v.Extension, err)
		}
	}
}

// C29: the secret that a mail was sent to is not in what is posted of it.
func TestSecretIsNotPosted(t *testing.T) {
	const secret = "aaaao4o45ucum2lqgi4q"
	s := parse(t, household+adRule)
	e := toFred()
	e.Recipient = "fred_sofas+" + secret + "@example.org"
	v, err := s.Decide(open(t, "From: fred@example.org\nSubject: Fwd: Sofa for fred_sofas+"+strings.ToUpper(secret)+"@example.org\n\nOn Monday fred_sofas+"+secret+"@example.org wrote: sofa\n"), e, fredsProof)
	if err != nil || v.Action != Post || v.Fields["body"] != "On Monday fred_sofas@example.org wrote: sofa" || strings.Contains(strings.ToLower(v.Fields["title"]), secret) {
		t.Errorf("%+v, %v", v, err)
	}
	e.Recipient = "fred_sofas+red@example.org"
	if v, err = s.Decide(open(t, "From: fred@example.org\nSubject: Sofa\n\nA red sofa\n"), e, fredsProof); err != nil || v.Fields["body"] != "A red sofa" {
		t.Errorf("a word: %+v, %v", v, err)
	}
}

// The recipient names person and app, and what is left of it may be a secret.
func TestNaming(t *testing.T) {
	const both, byKey = "recipient: '{person}_{app}@example.org'", "recipient: '*@example.org', person: fred, app: sofas"
	tests := []struct {
		rule, recipient, extension     string
		person, app, secret, unwritten string
	}{
		{both, "fred_sofas@example.org", "", "fred", "sofas", "", ""},
		{both, "Fred_Sofas@Example.ORG", "", "fred", "sofas", "", ""},
		{both, "ann.b_bikes-ch@example.org", "", "ann.b", "bikes-ch", "", ""},
		{both, "fred_sofas+hush@example.org", "", "fred", "sofas", "hush", "hush"},
		{both, "fred_sofas+hush@example.org", "hush", "fred", "sofas", "hush", "hush"},
		{both, "fred_sofas+a+b@example.org", "a+b", "fred", "sofas", "a+b", "a+b"},
		{both, "fred_sofas-hush@example.org", "hush", "fred", "sofas", "hush", ""},
		{both, "fred_sofas@example.org", "hush", "fred", "sofas", "hush", "hush"},
		{both, "<fred_sofas@example.org>", "", "fred", "sofas", "", ""},
		{"recipient: '{person}-{app}@example.org'", "fred-sofas@example.org", "sofas", "fred", "sofas", "", ""},
		{"recipient: '{person}+{app}@example.org'", "fred+sofas@example.org", "sofas", "fred", "sofas", "", ""},
		{"recipient: '{person}+{app}@example.org'", "fred+sofas+hush@example.org", "", "fred", "sofas", "hush", "hush"},
		{byKey, "x+hush@example.org", "", "fred", "sofas", "hush", "hush"},
		{"person: fred, app: sofas", "x+hush@example.org", "", "fred", "sofas", "hush", "hush"},
		{"person: fred, app: sofas", "", "hush", "fred", "sofas", "hush", "hush"},
		{"recipient: 'ads+{person}@example.org', app: sofas", "ads+fred@example.org", "fred", "fred", "sofas", "", ""},
		{both, "fred_sofas_x@example.org", "", "", "", "", ""},
		{both, "fredx_sofas@example.org", "", "", "", "", ""},
		{both, "xfred_sofas@example.org", "", "", "", "", ""},
		{both, "fred_sofas@example.org.evil.example", "", "", "", "", ""},
		{both, "fred_sofas+@example.org", "", "", "", "", ""},
	}
	for _, tt := range tests {
		base := household
		if strings.Contains(tt.rule, "}-{") {
			base = strings.ReplaceAll(household, "bikes-ch", "bikes")
		}
		s := parse(t, base+"- {name: x, "+tt.rule+", do: post}\n")
		v, err := s.Decide(open(t, plainMail), Envelope{Recipient: tt.recipient, Extension: tt.extension}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if v.Person != tt.person || v.App != tt.app || v.Extension != tt.secret {
			t.Errorf("%s of %s (%s): got %q, %q, %q", tt.rule, tt.recipient, tt.extension, v.Person, v.App, v.Extension)
		}
		if tt.unwritten != "" && strings.Contains(words(v), tt.unwritten) { // C29
			t.Errorf("the trace tells the secret: %s", words(v))
		}
	}
}

func TestFirstMatchDecides(t *testing.T) {
	s := parse(t, household+"- {name: a, subject: x, do: drop}\n- {name: b, subject: /sofa/, do: reject, reason: No sofas.}\n- {name: c, do: hold}\n")
	v, err := s.Decide(headerOf(t, plainMail), toFred(), nil)
	if err != nil || v.Action != Reject || v.Rule != "b" || v.Reason != "No sofas." || v.RuleDef.Line != 10 {
		t.Errorf("got %+v, %v", v, err)
	}
	want := "a 9 false: subject \"Sofa - $40\" is not the one given\nb 10 true: subject \"Sofa - $40\" is /sofa/\n"
	if got := words(v); got != want {
		t.Errorf("got trace\n%swant\n%s", got, want)
	}
}

// BenchmarkRules tries a thousand subjects, in one rule, in a hundred and in as many
// rules.
func BenchmarkRules(b *testing.B) {
	for _, rules := range []int{1, 100, 1000} {
		text := ""
		for rule := range rules {
			text += fmt.Sprintf("- name: r%d\n  do: drop\n  subject:\n", rule)
			for i := range 1000 / rules {
				text += fmt.Sprintf("    - Make %d money fast\n", 1000*rule+i)
			}
		}
		b.Run(fmt.Sprint(rules), func(b *testing.B) {
			s := parse(b, household+text+"- {name: rest, do: hold}\n")
			m := headerOf(b, strings.Replace(plainMail, "Sofa", "=?utf-8?q?S=C3=B6fa?=", 1))
			for b.Loop() {
				if v, err := s.Decide(m, toFred(), nil); err != nil || v.Rule != "rest" {
					b.Fatal(v, err)
				}
			}
		})
	}
}
