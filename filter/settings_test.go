package filter

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mailapp/filter/auth"
	"mailapp/filter/strictyaml"
)

// parse reads settings that must be right.
func parse(t testing.TB, text string) *Settings {
	t.Helper()
	s, err := ParseSettings("rules.yaml", []byte(text))
	if err != nil {
		t.Fatalf("reading settings:\n%v", err)
	}
	return s
}

// household is what rules in tests build on.
const household = `owner: you@home.example
people:
  fred: {addresses: [fred@example.org], secret: {env: FRED}}
  ann.b: {addresses: ann@example.com}
apps:
  sofas: {flow: sofas.yaml, url: "https://sofas.example"}
  bikes-ch: {flow: bikes.yaml, url: "https://bikes.example"}
rules:
`

// The example in the tree is valid, and shows every key.
func TestExampleSettings(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s := parse(t, string(data))
	if s.Deadline != 4*time.Minute || s.GiveUp != 72*time.Hour || s.SizeLimit != 50<<20 || s.Refusals != ByBounce || !s.Browser.Sandbox ||
		s.Trust != (Trust{AuthservID: "mx.example.org", ReceivedBy: "mx.example.org", Unproven: Hold}) || s.Receipts != (Receipts{From: "mailapp@example.org", Sendmail: DefaultSendmail}) {
		t.Errorf("got %+v", s)
	}
	fred, app := s.Person("fred"), s.App("classifieds")
	if fred == nil || app == nil || len(fred.Accept) != 4 || fred.Secret.File != "secrets/fred" {
		t.Fatalf("got %+v, %+v", fred, app)
	}
	if app.Flow != "flows/classifieds.yaml" || app.With["category"] != "For sale" ||
		app.Pace != (Pace{Every: 2 * time.Minute, PerDay: 30, SameTitle: 48 * time.Hour}) ||
		!slices.Equal(app.Password.Command, []string{"pass", "show", "classifieds/fred"}) {
		t.Errorf("got %+v", app)
	}
	var shown []string
	for _, words := range objects {
		for _, key := range keys(words) {
			if !slices.Contains(keys(conditions), key) {
				key += ":"
			}
			shown = append(shown, key)
		}
	}
	for _, key := range slices.Concat(shown, enumerations[anAction], enumerations[aProof], enumerations[anMTA]) {
		if !strings.Contains(string(data), key) {
			t.Errorf("the example does not show %s", key)
		}
	}
}

func TestDefaults(t *testing.T) {
	s := parse(t, "owner: You@Example.org\nrules: [{name: all, do: hold}]")
	want := &Settings{
		File: "rules.yaml", Owner: "You@example.org", Deadline: DefaultDeadline, GiveUp: DefaultGiveUp, SizeLimit: DefaultSizeLimit,
		Refusals: ByBounce, Receipts: Receipts{From: "You@example.org", Sendmail: DefaultSendmail},
		Browser: Browser{Sandbox: true}, Trust: Trust{Unproven: Hold}, Rules: s.Rules,
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v, want %+v", s, want)
	}
}

// A site's pictures are loaded unless its app says otherwise.
func TestImages(t *testing.T) {
	for written, without := range map[string]bool{"": false, ", images: true": false, ", images: false": true, ", images: no": true} {
		s := parse(t, "owner: you@example.org\napps: {x: {flow: f, url: 'http://a'"+written+"}}\nrules: [{name: all, do: hold}]")
		if got := s.App("x").NoImages; got != without {
			t.Errorf("%q: without images: %v", written, got)
		}
	}
}

// Every mistake at once, each with its place and what to do about it.
func TestTenMistakes(t *testing.T) {
	_, err := ParseSettings("rules.yaml", []byte(`owner: you
mta: postfx
deadline: 20m
trust: {unproven: bounce}
people:
  fred_b: {addresses: [fred@example.org], acept: [sasl]}
apps:
  sofas: {flow: sofas.yaml, url: sofas.example, password: geheim}
rules:
  - name: weekly
    do: pots
  - {name: ads, do: post, app: sofs, person: fred}
`))
	mistakes, ok := errors.AsType[strictyaml.Mistakes](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	want := strings.TrimSpace(`
rules.yaml:1:8: here belongs a mail address such as fred@example.org, not "you"
rules.yaml:2:6: unknown mta "postfx"; did you mean "postfix"?
rules.yaml:3:11: the deadline is over 15m, beyond which mail servers bounce
rules.yaml:4:19: trust: unknown treatment of unproven mail "bounce"; there are: hold, drop, reject
rules.yaml:6:3: the name of a person is made of a-z, 0-9, . and -, and begins with a letter or digit; "fred_b" is not
rules.yaml:6:43: person "fred_b": unknown key "acept"; did you mean "accept"?
rules.yaml:8:34: app "sofas": here belongs an address such as https://www.example.org, not "sofas.example"
rules.yaml:8:59: app "sofas": a secret is not written into this file; give one of file, env or command
rules.yaml:11:9: rule "weekly": unknown action "pots"; did you mean "post"?
rules.yaml:12:5: rule "ads": it is never reached, because rule "weekly" before it has no conditions
rules.yaml:12:32: rule "ads": unknown app "sofs"; did you mean "sofas"?
rules.yaml:12:46: rule "ads": unknown person "fred"; did you mean "fred_b"?`)
	if got := mistakes.Error(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestMistakes(t *testing.T) {
	tests := []struct{ rules, want string }{
		// The whole file.
		{"", "owner is missing"},
		{"", "rules is missing"},
		{"owner: a@b.c\nrules: []", "there are no rules"},
		{"owner: a@b.c\nrules: {name: x, do: hold}", "a list of rules"},
		{"owner: a@b.c\nrules: hold", "a list of rules"},
		{"owner: [a@b.c", "not YAML"},
		{"owner: a@b.c\nowner: d@e.f", "given twice"},
		{"ownr: a@b.c", `unknown key "ownr"; did you mean "owner"?`},
		{"size-limit: 0", "lets no mail in"},
		{"size-limit: big", "here belongs a size"},
		{"deadline: -1s", "here belongs a time"},
		{"give-up: 10m", "the least is 1h"},
		{"give-up: never", "here belongs a time"},
		{"apps: {x: {flow: f, url: 'https://x', pace: {}}}", `app "x": pace: here belongs at least one of`},
		{"apps: {x: {flow: f, url: 'https://x', pace: 2m}}", `app "x": pace:`},
		{"apps: {x: {flow: f, url: 'https://x', pace: {per-day: 0}}}", `pace: here belongs a number of ads such as 30, not "0"`},
		{"apps: {x: {flow: f, url: 'https://x', pace: {per-day: many}}}", `not "many"`},
		{"apps: {x: {flow: f, url: 'https://x', pace: {every: 0s}}}", "here belongs a time"},
		{"apps: {x: {flow: f, url: 'https://x', pace: {evry: 2m}}}", `did you mean "every"`},
		{"allow-root: perhaps", "here belongs true or false"},
		{"ledger: /var/lib/ledger", "here belongs the URL of a PostgreSQL database"},
		{"ledger: postgres://db.example.org", "here belongs the URL of a PostgreSQL database"},
		{"ledger: postgres://me:sesame@db.example.org/mail", "a password is not written into this file; give it by ledger-password"},
		{"ledger: postgres://me@db.example.org/mail?password=sesame", "a password is not written into this file; give it by ledger-password"},
		{"ledger-password: sesame", "a secret is not written into this file"},
		{"ledger-password: {file: x}", "there is no ledger: that it would be the password for"},
		{"refusals: no", `unknown way to refuse "no"; there are: bounce, mail`},
		{"receipts: {smtp: localhost}", "a host and its port"},
		{"receipts: {smtp: 'localhost:0'}", "a host and its port"},
		{"receipts: {smtp: 'localhost:25', maildir: x}", "only one of"},
		{"receipts: {from: nobody}", "receipts: here belongs a mail address"},
		{"browser: {sandbox: perhaps}", "true or false"},
		{"browser: {most: 0}", `here belongs a number of browsers from 1 to 1000, not "0"`},
		{"browser: {most: many}", `not "many"`},
		{"browser: /usr/bin/chromium", "browser: here belongs the address of a browser elsewhere"},
		{"browser: {url: 'ws:///devtools'}", "here belongs the address of a browser elsewhere"},
		{"browser: 'wss://chrome.example.org?token=sesame'", "a token is not written into this file"},
		{"browser: {url: 'wss://me:sesame@chrome.example.org'}", "a token is not written into this file"},
		{"browser: {url: {file: x, env: Y}}", "exactly one of file, env and command"},
		{"browser: {url: 'ws://chrome:3000', path: /usr/bin/chromium}", "url is of a browser elsewhere"},
		{"trust: {authserv-id: a b}", "is one word"},
		// People and apps.
		{"people: {fred: }", `person "fred": addresses is missing`},
		{"people: {fred: {logins: f}}", `person "fred": addresses is missing`},
		{"people: {fred: {addresses: [a@b.c, ]}, joe: {addresses: A@B.C}}", `"A@b.c" is given to fred already`},
		{"people: {fred: {addresses: a@b.c, logins: x}, joe: {addresses: d@e.f, logins: X}}", `login "X" is given to fred already`},
		{"people: {fred: {addresses: []}}", "the list of addresses is empty"},
		{"people: {fred: {addresses: a@b.c, accept: []}}", "the list of accept is empty"},
		{"people: {fred: {addresses: a@b.c, accept: }}", `person "fred": accept has no value`},
		{"people: {Fred: {addresses: a@b.c}}", "the name of a person"},
		{"people: {fred: {addresses: a@b.c, accept: [sals]}}", `unknown proof "sals"; did you mean "sasl"?`},
		{"people: {fred: {addresses: a@b.c, accept: address-secret}}", "there is no secret"},
		{"people: {fred: {addresses: a@b.c, accept: sasl, secret: {env: X}}}", "of no use"},
		{"people: {fred: {addresses: a@b.c, secret: {env: X, file: y}}}", "exactly one of"},
		{"people: {fred: {addresses: a@b.c, secret: {}}}", "exactly one of"},
		{"people: {fred: {addresses: a@b.c, secret: {command: }}}", "exactly one of"},
		{"people: {fred: {addresses: a@b.c, secret: {command: ' '}}}", "the command is empty"},
		{"people: {fred: {addresses: 'Fred <a@b.c>'}}", "here belongs a mail address"},
		{"apps: {x: }", "flow is missing"},
		{"apps: {x: {flow: f}}", "url is missing"},
		{"apps: {x: {flow: f, url: 'ftp://a.b'}}", "here belongs an address such as https"},
		{"apps: {x: {flow: f, url: 'https://u:p@a.b'}}", "here belongs an address such as https"},
		{"apps: {x: {with: {title: y}}}", `"title" is filled by the mail`},
		{"apps: {x: {with: {A: y}}}", "the name of a parameter"},
		{"apps: {x: {with: {a: [y]}}}", "here belongs a text"},
		// Rules.
		{"rules: [{do: hold}]", "rule 1: name is missing"},
		{"rules: [{name: ' ', do: hold}]", "this text is empty"},
		{"rules: [{name: 'a\x1b', do: hold}]", "not YAML"},
		{`rules: [{name: "a\x1b", do: hold}]`, "control characters"},
		{"rules: [{name: x}]", "do is missing"},
		{"rules: [{name: x, sender: '<>', do: hold}, {name: x, do: hold}]", "another rule of that name"},
		{"rules: [{name: x, subjct: y, do: hold}]", `rule "x": unknown key "subjct"; did you mean "subject"?`},
		{"rules: [{name: x, reason: Because., do: post}]", "reason is not used by post"},
		{"rules: [{name: x, to: a@b.c, do: keep, maildir: m}]", "to is not used by keep"},
		{"rules: [{name: x, do: keep}]", "exactly one of maildir and command"},
		{"rules: [{name: x, do: keep, maildir: m, command: c}]", "exactly one of maildir and command"},
		{"rules: [{name: x, do: forward}]", "forward needs to:"},
		{"rules: [{name: x, do: forward, to: [a]}]", "here belongs a mail address"},
		{`rules: [{name: x, do: reject, reason: "two\nlines"}]`, "must be one line"},
		{"rules: [{name: x, do: reject, reason: '" + strings.Repeat("long ", 100) + "'}]", "longer than 300"},
		{"rules: [{name: x, subject: [], do: hold}]", "the list of subject is empty"},
		{"rules: [{name: x, subject: [a, ~], do: hold}]", "an item of this list is empty"},
		{"rules: [{name: x, subject: , do: hold}]", `rule "x": subject has no value`},
		{"rules: [{name: x, do: keep, maildir: ~}]", "maildir has no value"},
		{"rules: [{name: x, subject: /a, do: hold}]", "between two slashes"},
		{"rules: [{name: x, subject: //, do: hold}]", "between two slashes"},
		{"rules: [{name: x, subject: '/(/', do: hold}]", "not RE2: missing closing )"},
		{"rules: [{name: x, domains: 'a b', do: hold}]", "here belongs a domain"},
		{"rules: [{name: x, sender: fred, do: hold}]", "here belongs a mail address"},
		{"rules: [{name: x, sender: '@', do: hold}]", "here belongs @ and a domain"},
		{"rules: [{name: x, size: 10M, do: hold}]", "over 10M or under 800k"},
		{"rules: [{name: x, size: over ten, do: hold}]", `"ten" is not a size`},
		{"rules: [{name: x, header: {'X Y': present}, do: hold}]", "not the name of a header field"},
		{"rules: [{name: x, header: {X: }, do: hold}]", "needs present, absent"},
		{"rules: [{name: x, header: {}, do: hold}]", "names no field"},
		{"state: ''", "state has no value"},
		{"people: {fred: {addresses: a@b.c, secret: {env: ''}}}", "env has no value"},
		{"rules: [{name: x, header: X, do: hold}]", "here belong keys and values"},
		{"apps: {x: {flow: f, url: 'http://a', keep-session: perhaps}}", "true or false"},
		{"apps: {x: {flow: f, url: 'http://a', images: few}}", "true or false"},
		{"rules: [{name: x, photos: many, do: hold}]", "true or false"},
		{"rules: [{name: x, recipient: '{person}', do: hold}]", "a whole address"},
		{"rules: [{name: x, recipient: '{persn}@a.b', do: hold}]", `unknown placeholder "{persn}"; did you mean "{person}"?`},
		{"rules: [{name: x, recipient: '{person@a.b', do: hold}]", "has no other"},
		{"rules: [{name: x, recipient: '{app}@a.b', do: hold}]", "there are no apps"},
		{household + "- {name: x, recipient: '{app}_{app}@a.b', do: hold}", "{app} stands twice"},
		{"receipts: {from: Fred_sofas@Example.org}\n" + household + "- {name: x, recipient: '{person}_{app}@example.org', do: post}", "rules.yaml:1:11: receipts come from fred_sofas@example.org, but rule \"x\" is for"},
		{strings.Replace(household, "you@home.example", "garage@example.org", 1) + "- {name: x, recipient: 'gar*@example.org', person: fred, app: sofas, do: post}", "take answers to receipts"},
		{strings.Replace(household, "you@home.example", "garage@example.org", 1) + "- {name: mine, recipient: garage@example.org, subject: a, do: drop}\n- {name: x, recipient: 'gar*@example.org', photos: true, person: fred, app: sofas, do: post}", "take answers to receipts"},
		{household + "- {name: x, recipient: '{person}{app}@a.b', do: hold}", "between {person} and {app} must stand"},
		{household + "- {name: x, recipient: '{person}*@a.b', do: hold}", "between {person} and * must stand"},
		{household + "- {name: x, recipient: '{person}-{app}@a.b', do: hold}", `but also in the name "bikes-ch"; use _`},
		{household + "- {name: x, recipient: '{person}.x@a.b', do: post}", "post needs {app}"},
		{household + "- {name: x, do: post, app: sofas}", "post needs {person}"},
		{household + "- {name: x, recipient: ['{person}_{app}@a.b', b@a.b], do: post}", "post needs {person}"},
		{household + "- {name: x, recipient: '{person}_{app}@a.b', person: fred, do: post}", "names the person already"},
		{household + "- {name: x, recipient: '{person}@a.b', app: sofa, do: post}", `unknown app "sofa"; did you mean "sofas"?`},
	}
	for _, tt := range tests {
		_, err := ParseSettings("rules.yaml", []byte(tt.rules))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s\ngot:\n%v\nwant: %s", tt.rules, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "sesame") { // C29
			t.Errorf("%s\nquotes the secret: %v", tt.rules, err)
		}
	}
}

func TestBrowserElsewhere(t *testing.T) {
	for rules, want := range map[string]Browser{
		"browser: ws://chrome.example.org:3000":        {Sandbox: true, URL: "ws://chrome.example.org:3000"},
		"browser: {url: 'http://[::1]:9222', most: 4}": {Sandbox: true, URL: "http://[::1]:9222", Most: 4},
		"browser: {url: {file: secrets/chrome}}":       {Sandbox: true, URLKey: Source{File: "secrets/chrome"}},
		"browser: {url: 'wss://grid:4444/se/cdp?a=b'}": {Sandbox: true, URL: "wss://grid:4444/se/cdp?a=b"},
		"browser:": {Sandbox: true},
	} {
		if s := parse(t, "owner: a@b.c\nrules: [{name: all, do: hold}]\n"+rules); !reflect.DeepEqual(s.Browser, want) {
			t.Errorf("%s: got %+v", rules, s.Browser)
		}
	}
}

// An earlier rule may keep answers to receipts from being posted.
func TestAnswersThatAreKept(t *testing.T) {
	parse(t, strings.Replace(household, "you@home.example", "garage@example.org", 1)+
		"- {name: mine, recipient: garage@example.org, do: hold}\n- {name: x, recipient: 'gar*@example.org', person: fred, app: sofas, do: post}")
}

func TestPath(t *testing.T) {
	s := &Settings{File: "/etc/mailapp/rules.yaml", Home: "/home/fred"}
	for in, want := range map[string]string{
		"": "", "/x": "/x", "flows/a.yaml": "/etc/mailapp/flows/a.yaml", "~/Maildir": "/home/fred/Maildir", "~fred": "/etc/mailapp/~fred",
	} {
		if got := s.Path(in); got != want {
			t.Errorf("Path(%q) = %q, want %q", in, got, want)
		}
	}
	s.Home = ""
	if got := s.Path("~/Maildir"); got != "/dev/null/Maildir" {
		t.Errorf("without a home: %q", got)
	}
}

func TestAuthRequest(t *testing.T) {
	s := parse(t, household+"- {name: ads, recipient: '{person}_{app}@example.org', do: post}\n")
	s.Trust.AuthservID = "mx.example.org"
	m := headerOf(t, "From: Fred <Fred@Example.org>\n\n")
	const key = "s3cret-s3cret-s3cret"
	secret, err := auth.Token(key, "fred", "sofas", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	e := Envelope{Recipient: "fred_sofas+" + secret + "@example.org", SASLLogin: "fred"}
	v, err := s.Decide(m, e, nil)
	if err != nil || v.Action != Undecided {
		t.Fatalf("got %+v, %v", v, err)
	}
	request := s.AuthRequest(m, e, v, func(source Source) func() (string, error) {
		return func() (string, error) { return strings.TrimPrefix(source.Env, "FRED") + key, nil }
	})
	if request.From != "Fred@example.org" || request.Claimed != "fred" || request.Extension != secret ||
		request.ClaimedApp != "sofas" || request.Recipient != "fred_sofas@example.org" || request.Message != nil ||
		request.SASLLogin != "fred" || request.AuthservID != "mx.example.org" || len(request.Fields) != 1 {
		t.Errorf("got %+v", request)
	}
	fred, ann := request.People[0], request.People[1]
	if got, err := fred.Secret(); got != key || err != nil || ann.Secret != nil {
		t.Errorf("secrets: %q, %v, %t", got, err, ann.Secret != nil)
	}
	evidence, err := auth.Check(t.Context(), request)
	if err != nil || evidence.Person != "fred" {
		t.Errorf("got %+v, %v", evidence, err)
	}
	if request := s.AuthRequest(headerOf(t, "X: y\n\n"), e, v, noSecret); request.From != "" {
		t.Errorf("From is %q", request.From)
	}
}

func noSecret(Source) func() (string, error) { return nil }

func FuzzParseSettings(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("..", "rules.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(household + "- {name: ads, recipient: ['{person}_{app}@a.b', '*@*'], do: post}"))
	f.Add([]byte("rules: [{name: x, header: {X: [/a/, b]}, size: over 1M, sender: ['<>', '@b'], do: forward, to: a@b}]"))
	f.Add([]byte("a: &b [*b]\n<<: *b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseSettings("rules.yaml", data)
		if err != nil {
			if mistakes, ok := errors.AsType[strictyaml.Mistakes](err); !ok || len(mistakes) == 0 {
				t.Errorf("got %v", err)
			}
			return
		}
		m := open(t, "From: a@b.c\nSubject: x\n\nbody\n")
		v, err := s.Decide(m, Envelope{Recipient: "fred_sofas@example.org"}, &auth.Evidence{})
		if err != nil || v.Action == Undecided || v.Action == Post {
			t.Errorf("got %+v, %v", v, err)
		}
	})
}
