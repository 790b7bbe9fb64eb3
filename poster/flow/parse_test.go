package flow

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mailapp/filter/strictyaml"
)

const whole = `origins: ["{{site}}", "https://*.example.org:8443"]
step-limit: 5s
limit: 1m
fails-when:
  - {see: css/.errors, fault: sender}
  - {see: "Are you human?", fault: owner}
steps:
  - open: "{{site}}/login"
  - fill: {Email: "{{account}}", Password: "{{password}}"}
  - click: Log in
  - choose: {Condition: "{{condition}}"}
  - check: I am the owner
  - uncheck: text/Newsletter
  - upload: {Photos: "{{photos}}"}
  - expect: Your ad
  - publish: css/button[name="go"]
  - read: {url: {from: url}, number: {at: css/.number, from: text, matching: 'Ad number (\d+)'}}
`

func TestParseWhole(t *testing.T) {
	f, err := Parse("site.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	if f.StepLimit != 5*time.Second || f.Limit != time.Minute || len(f.Origins) != 2 || len(f.FailsWhen) != 2 {
		t.Errorf("got %+v", f)
	}
	want := []string{
		`open "{{site}}/login"`, `fill "Email"`, `fill "Password"`, `click "Log in"`, `choose "Condition"`,
		`check "I am the owner"`, `uncheck "text/Newsletter"`, `upload "Photos"`, `expect "Your ad"`,
		`publish "css/button[name=\"go\"]"`, `read url`, `read number`,
	}
	var got []string
	for _, s := range f.Steps {
		got = append(got, s.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("steps:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !publishes(f) || f.Len() != 10 || f.Steps[2].Number != 2 {
		t.Errorf("publish %v, %d items, third step is of item %d", publishes(f), f.Len(), f.Steps[2].Number)
	}
	if got, want := f.Place(f.Steps[3]), `step 3 (click "Log in"), site.yaml:10:5`; got != want {
		t.Errorf("place %q, want %q", got, want)
	}
	if err := f.Check([]string{"site", "account", "condition"}, "password"); err != nil {
		t.Errorf("check: %v", err)
	}
}

func TestParseDefaults(t *testing.T) {
	f, err := Parse("f", []byte("origins: [http://localhost:8080]\nsteps:\n  - open: http://localhost:8080/\n  - read: {n: {at: Number}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if f.StepLimit != DefaultStepLimit || f.Limit != DefaultLimit || publishes(f) {
		t.Errorf("got %+v", f)
	}
	if r := f.Steps[1].Read; r.From != "text" || r.Name != "n" {
		t.Errorf("read %+v", r)
	}
}

// Each mistake is found, at its place.
func TestParseMistakes(t *testing.T) {
	const head = "origins: [https://a.org]\nsteps:\n"
	tests := []struct{ name, yaml, want string }{
		{"empty", "", `f:1:1: origins is missing`},
		{"no steps", "origins: [https://a.org]\n", `f:1:1: steps is missing`},
		{"not yaml", "steps: [", `f:1:1: not YAML`},
		{"unknown key", head + "  - click: a\nstep: 3\n", `f:4:1: unknown key "step"; did you mean "steps"?`},
		{"unknown verb", head + "  - clik: a\n", `f:3:5: step 1: unknown step "clik"; did you mean "click"?`},
		{"two verbs", head + "  - {click: a, expect: b}\n", `f:3:5: step 1: a step is one of`},
		{"no verb", head + "  -\n", `f:3:4: step 1: a step is one of`},
		{"text as step", head + "  - click\n", `f:3:5: step 1: here belong keys and values`},
		{"empty click", head + "  - click:\n", `f:3:11: step 1: click: here belongs what to look for`},
		{"list as click", head + "  - click: [a, b]\n", `f:3:12: step 1: click: here belongs a text, not a list`},
		{"reserved prefix", head + "  - click: xpath///a\n", `locators are plain text, text/… or css/…`},
		{"broken placeholder", head + "  - click: '{{ti tle}}'\n", `a placeholder is a name in two pairs of braces`},
		{"half placeholder", head + "  - click: 'a {{title}'\n", `something is missing`},
		{"relative open", head + "  - open: /login\n", `f:3:11: step 1: open: an address begins with http://`},
		{"empty open", head + "  - open:\n", `here belongs an address`},
		{"fill without fields", head + "  - fill: {}\n", `here belong a field and its value`},
		{"fill a text", head + "  - fill: Title\n", `here belong keys and values, not "Title"`},
		{"field twice", head + "  - fill: {A: x, A: y}\n", `"A" is given twice`},
		{"upload other", head + "  - upload: {Photos: \"{{title}}\"}\n", `f:3:22: step 1: upload: upload takes "{{photos}}" and nothing else`},
		{"upload more", head + "  - upload: {Photos: \"{{photos}}.jpg\"}\n", `upload takes "{{photos}}" and nothing else`},
		{"photos in fill", head + "  - fill: {A: \"{{photos}}\"}\n", `{{photos}} belongs to upload`},
		{"publish twice", head + "  - publish: a\n  - publish: b\n", `f:4:5: step 2: publish stands only once in a flow`},                 // C26
		{"click after publish", head + "  - publish: a\n  - click: b\n", `f:4:5: step 2: after publish only expect and read`},             // C26
		{"open after publish", head + "  - publish: a\n  - open: https://a.org/\n", `after publish only expect and read`},                 // C26
		{"password in open", head + "  - open: \"https://a.org/?p={{password}}\"\n", `{{password}} is a secret: only fill takes it`},      // C29
		{"password in click", head + "  - click: \"{{password}}\"\n", `{{password}} is a secret: only fill takes it`},                     // C29
		{"password in choose", head + "  - choose: {A: \"{{password}}\"}\n", `{{password}} is a secret`},                                  // C29
		{"password in locator of fill", head + "  - fill: {\"{{password}}\": x}\n", `{{password}} is a secret`},                           // C29
		{"password in origin", "origins: [\"https://{{password}}.org\"]\nsteps: [{click: a}]\n", `{{password}} is a secret`},              // C29
		{"password in fails-when", head + "  - click: a\nfails-when: {see: \"{{password}}\", fault: site}\n", `{{password}} is a secret`}, // C29
		{"origin with path", "origins: [https://a.org/x]\nsteps: [{click: a}]\n", `f:1:11: "https://a.org/x" is no origin such as https://www.example.org: only a scheme`},
		{"origin without scheme", "origins: a.org\nsteps: [{click: a}]\n", `it must begin with http:// or https://`},
		{"origin for all", "origins: [\"https://*\"]\nsteps: [{click: a}]\n", `a * can only stand for the beginning`},
		{"origin for most", "origins: [\"https://*.org\"]\nsteps: [{click: a}]\n", `that is most of the web`},
		{"origin in letters", "origins: [\"https://bücher.example\"]\nsteps: [{click: a}]\n", `write the host as the browser does`},
		{"fails-when without fault", head + "  - click: a\nfails-when:\n  - see: x\n", `f:5:5: fails-when: fault is missing: sender, owner or site`},
		{"fails-when without see", head + "  - click: a\nfails-when:\n  - fault: site\n", `see is missing`},
		{"unknown fault", head + "  - click: a\nfails-when:\n  - {see: x, fault: senders}\n", `f:5:21: fails-when: unknown fault "senders"; did you mean "sender"?`},
		{"read nothing", head + "  - read: {}\n", `here belong names and where to read them`},
		{"read without at", head + "  - read: {a: {from: text}}\n", `at is missing: the element to read text from`},
		{"read url at", head + "  - read: {a: {from: url, at: b}}\n", `the page's url is not read at an element; did you mean from: link?`},
		{"read twice", head + "  - read: {a: {from: url}}\n  - read: {a: {from: url}}\n", `"a" is read twice`},
		{"read bad from", head + "  - read: {a: {from: Inner HTML, at: b}}\n", `from is text, url, link, value or the name of an attribute`},
		{"read bad pattern", head + "  - read: {a: {from: url, matching: '('}}\n", `missing closing )`},
		{"read bad name", head + "  - read: {a b: {from: url}}\n", `a name consists of letters`},
		{"read text only", head + "  - read: {a: url}\n", `here belong keys and values`},
		{"zero limit", head + "  - click: a\nlimit: 0s\n", `f:4:8: here belongs a time`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("f", []byte(tt.yaml))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

// All mistakes come at once, in the order of the file.
func TestParseAllMistakes(t *testing.T) {
	_, err := Parse("f", []byte("origins: [ftp://a]\nlimit: soon\nsteps:\n  - clik: a\n  - open: x\n  - publish: a\n  - fill: {B: c}\n"))
	ms, ok := err.(strictyaml.Mistakes)
	if !ok || len(ms) != 5 {
		t.Fatalf("got %v", err)
	}
	if !slices.IsSortedFunc(ms, func(a, b strictyaml.Mistake) int { return a.Line - b.Line }) {
		t.Errorf("not in order: %v", err)
	}
}

func TestCheck(t *testing.T) {
	f, err := Parse("site.yaml", []byte(strings.Replace(whole, "click: Log in", `click: "{{pin}}"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	err = f.Check([]string{"site", "acount", "condition"}, "password", "pin")
	want := []string{
		`site.yaml:9:19: nothing is known as {{account}}; did you mean "acount"?`,
		`site.yaml:10:12: {{pin}} is a secret: only fill takes it`, // C29
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("got\n%v\nwant\n%s", err, strings.Join(want, "\n"))
	}
}

// The shipped example is a valid flow.
func TestExample(t *testing.T) {
	data, err := os.ReadFile("../../cmd/demo/fakesite.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse("fakesite.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Check([]string{"site", "account", "category", "title", "body", "price"}, "password"); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(""))
	f.Add([]byte("steps: [{read: {a: {from: url, matching: '(?P<n>\\d+)'}}}]"))
	f.Add([]byte("origins: https://*.a.org\nsteps:\n- fill:\n    ? [a]\n    : b\n"))
	f.Add([]byte("steps: [{open: \"{{site}}{{\"}, {publish: text/}, {upload: {css/x: '{{photos}}'}}]"))
	f.Add([]byte("fails-when: x\nsteps: {a: b}\nlimit: -3s"))
	f.Fuzz(func(t *testing.T, data []byte) {
		flow, err := Parse("f", data)
		flow.Check(nil)
		if err != nil {
			if _, ok := err.(strictyaml.Mistakes); !ok {
				t.Fatalf("error %T %v", err, err)
			}
			return
		}
		published := false
		for _, s := range flow.Steps {
			flow.Place(s)
			if published && s.Verb != Expect && s.Verb != Read { // C26
				t.Fatalf("%v after publish", s)
			}
			published = published || s.Verb == Publish
			if slices.Contains(s.At.Value.Names(), Password) { // C29
				t.Fatalf("a password in %v", s)
			}
		}
		again, err := Parse("f", data)
		if err != nil || !reflect.DeepEqual(texts(flow), texts(again)) {
			t.Fatalf("read differently the second time: %v", err)
		}
	})
}

func publishes(f *Flow) bool {
	return slices.ContainsFunc(f.Steps, func(s Step) bool { return s.Verb == Publish })
}

func texts(f *Flow) []string {
	var all []string
	for _, s := range f.Steps {
		all = append(all, s.String())
	}
	return all
}

func BenchmarkParse(b *testing.B) {
	b.SetBytes(int64(len(whole)))
	for b.Loop() {
		if _, err := Parse("site.yaml", []byte(whole)); err != nil {
			b.Fatal(err)
		}
	}
}
