package flow

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mailapp/filter/strictyaml"
)

const whole = `origins: ["{{site}}", "https://*.example.org:8443"]
viewport: 1280x900
step-limit: 5s
limit: 1m
fails-when:
  - {see: css/.errors, fault: sender, say: "The site does not like {{title}}."}
  - {see: "Are you human?", fault: owner}
  - {url: "*/blocked*", text: too many, fault: site}
parameters:
  area: {type: choice, choices: [sfo, nyc], default: sfo, help: where the ad appears}
  featured: {type: yes-no, default: no}
parts:
  login:
    needed-unless: Log out
    steps:
      - fill: {Email: "{{account}}", Password: "{{password}}"}
      - {click: Log in, timeout: 20s}
steps:
  - open: "{{site}}/post"
  - do: login
  - {click: Close, optional: 3s}
  - pages:
      until: Title
      at-most: 8
      cases:
        - {on: {url: "*?s=area"}, steps: [choose: {Area: "{{area}}"}, click: Next]}
        - on: [Skip, aria/Skip this]
          steps:
            - click: Skip
  - fill: [{at: [aria/Title, css/#t], with: "{{title}}"}]
  - {fill: {Price: "{{price}}", Zip: "1"}, if: "{{price}}"}
  - type: {css/iframe.editor >> css/body: "{{body}}"}
  - press: Control+End
  - press: {Tags: Enter}
  - for-each-photo:
      - upload: {Photo: "{{photo}}"}
      - wait-for: {count: css/.thumb, is: "{{photo-number}}"}
  - if: {field: featured, is: yes}
    then:
      - check: Featured
    else:
      - uncheck: text/Newsletter
      - hover: role/button More >> nth/2
  - {double-click: "xpath///a[text()={{title}}]", unless: "{{featured}}"}
  - scroll: bottom
  - scroll: pierce/.map
  - viewport: 390x844
  - answer: {confirm: accept, leaving: stay, prompt: why}
  - expect: {see: Your ad, gone: css/.spinner, enabled: Publish}
  - read: {ticket: {from: "{{title}}", matching: 'Bug (\d+)'}, draft: {at: css/.id, from: data-id}}
  - publish: css/button[name="go"]
  - {expect: Your ad is online, timeout: 30s}
  - {wait-for: [{url: "*/done"}, Done], optional: 1s}
  - read: {url: {from: url}, number: {at: css/.number, from: property/textContent, as: number, matching: 'Ad number (\d+)'}}
list:
  - open: "{{site}}/mine?after={{draft}}"
  - read-each: {at: css/.ad, read: {url: {at: css/a, from: link}, title: {at: css/b}}}
remove:
  - click: Delete
  - publish: Really
http-login: {user: "{{account}}", password: "{{password}}"}
`

// What is read in a window is known after it.
func TestParseWindow(t *testing.T) {
	f, err := Parse("f", []byte("origins: [https://a.org]\nsteps:\n  - click: Map\n  - {window: [{read: {place: {at: css/b}}}, {click: Take}], timeout: 5s}\n  - fill: {A: \"{{place}}\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := "1 click \"Map\"\n2 window\n3 fill \"A\" with {{place}}"
	if got := summary(f); got != want || len(f.Steps[1].Steps) != 2 || f.Steps[1].Steps[1].Number != "2.2" || f.Steps[1].Timeout != 5*time.Second {
		t.Errorf("got\n%s", got)
	}
	if err := f.Check(nil); err != nil {
		t.Error(err)
	}
}

func TestParseWhole(t *testing.T) {
	f, err := Parse("site.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	if f.StepLimit != 5*time.Second || f.Limit != time.Minute || f.Viewport != (Viewport{1280, 900}) || len(f.Origins) != 2 {
		t.Errorf("got %+v", f)
	}
	want := `1 open "{{site}}/post"
2 do login
3 click "Close"
4 pages until "Title"
4.1.1 choose "Area"
4.1.2 click "Next"
4.2.1 click "Skip"
5 fill "aria/Title"
6 if field price is set
6 fill "Price"
6 fill "Zip"
7 type "css/iframe.editor >> css/body"
8 press Control+End
9 press Enter in "Tags"
10 for-each-photo
10.1 upload "Photo"
10.2 wait-for count of "css/.thumb" is {{photo-number}}
11 if field featured is "yes"
11.1 check "Featured"
11.2 uncheck "text/Newsletter"
11.3 hover "role/button More >> nth/2"
12 unless field featured is "yes"
12 double-click "xpath///a[text()={{title}}]"
13 scroll bottom
14 scroll "pierce/.map"
15 viewport 390x844
16 answer
17 expect "Your ad" and gone "css/.spinner" and enabled "Publish"
18 read ticket
18 read draft
19 publish "css/button[name=\"go\"]"
20 expect "Your ad is online"
21 wait-for url "*/done" or "Done"
22 read url
22 read number`
	if got := strings.Join(written(f.Steps), "\n"); got != want {
		t.Errorf("steps:\n%s\nwant\n%s", got, want)
	}
	if got := strings.Join(written(f.Part("login").Steps), ", "); got != `login.1 fill "Email", login.1 fill "Password", login.2 click "Log in"` {
		t.Errorf("part: %s", got)
	}
	if got := strings.Join(written(f.Sections[Remove]), ", "); got != `remove.1 click "Delete", remove.2 publish "Really"` {
		t.Errorf("section: %s", got)
	}
	if got := strings.Join(written(f.Sections[List]), ", "); got != `list.1 open "{{site}}/mine?after={{draft}}", list.2 read-each "css/.ad"` {
		t.Errorf("section: %s", got)
	}
	if l := f.HTTPLogin; l == nil || l.User.String() != "{{account}}" || l.Password.String() != "{{password}}" {
		t.Errorf("http-login: %+v", l)
	}
	if f.Len() != 22 || f.Steps[1].Item() != 2 || f.Steps[3].Cases[0].Steps[0].Item() != 4 || f.Part("login").Steps[0].Item() != 0 {
		t.Errorf("%d items", f.Len())
	}
	if got, want := f.Place(f.Steps[9].Steps[0]), `step 10.1 (upload "Photo"), site.yaml:36:9`; got != want {
		t.Errorf("place %q, want %q", got, want)
	}
	if err := f.Check([]string{"site", "account", "title", "price", "body"}, "password"); err != nil {
		t.Errorf("check: %v", err)
	}
}

// What stands beside a verb, and what a verb takes, is where the engine looks.
func TestParseDetails(t *testing.T) {
	f, err := Parse("site.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	s := f.Steps
	is := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	is("optional", s[2].Optional, 3*time.Second)
	is("rounds", s[3].AtMost, 8)
	is("alternatives", len(s[4].At.Alternatives), 2)
	is("alternatives of a case", len(s[3].Cases[1].On.Any[0][0].At.Alternatives), 2)
	is("keys", s[7].Keys, []string{"Control", "End"})
	is("one photo", s[9].Steps[0].AllPhotos(), false)
	is("else", len(s[10].Else), 2)
	is("unless", s[11].Condition.Not, true)
	is("edge", s[12].Edge, Bottom)
	is("answers", []any{s[15].Answers.Confirm, s[15].Answers.Leaving, s[15].Answers.HasPrompt, s[15].Answers.Alert}, []any{Accept, Stay, true, Reply("")})
	is("timeout", s[20].Timeout, 30*time.Second)
	is("any of", len(s[21].Condition.Any), 2)
	is("reading", s[23].Read.Number, true)
	is("reading of a value", []string{s[17].Read.From, s[17].Value.String()}, []string{Given, "{{title}}"})
	is("reads", f.Reads(), []string{"ticket", "draft", "url", "number"})
	is("failing", f.FailsWhen[2].When.String(), `url "*/blocked*" and text "too many"`)
	is("needed", f.Part("login").NeededUnless.String(), `"Log out"`)
	is("columns", f.Sections[List][1].Steps[1].Read.Name, "title")
}

// Forms that stand near to mistakes, and are none.
func TestParseGood(t *testing.T) {
	for _, steps := range []string{
		"[{if: \"{{n}}\", then: [click: a]}, {if: \"{{n}}\", then: [click: b]}]", // one after the other
		"[{unless: \"{{n}}\", then: [read: {n: {at: a}}, {unless: \"{{n}}\", then: [click: b]}]}]",
		"[{if: a, then: [{if: a, then: [click: b], else: [click: c]}]}]", // the page may have changed
		"[{if: a, then: [read: {n: {at: b}}], else: [read: {n: {at: c}}]}, read: {n: {at: d}}]",
		"[{click: a, if: b, unless: c, optional: 2s, timeout: 3s}]",
		"[publish: a, {if: b, then: [read: {n: {at: c}}], else: [wait-for: d]}, scroll: top, answer: {alert: accept}]",
		"[{read: {n: {at: a}}, optional: 2s}, {upload: {a: \"{{photos}}\"}, optional: 2s}]",
		"[fill: {at: Title, with: x}, fill: {at: x}, press: [{at: [a, b], with: Tab}]]",
		"[wait-for: [{see: a, gone: b}, c, [d, e]], expect: {count: [a, b], is: 0}]",
		"[wait-for: {text: \"/a{{n}}+/\"}, wait-for: {url: https://a.org/x}, wait-for: {value: empty, at: a}]",
		"[click: 'Is it /a/ or b*?', click: '{{n}}', expect: '{{n}}']",
		"[{if: [{field: n, is: '7'}, {url: '*x'}], then: [click: a]}]",
	} {
		f, err := Parse("f", []byte("origins: https://a.org\nsteps: "+steps))
		if err != nil {
			t.Errorf("%s: %v", steps, err)
		} else if got := written(f.Steps); len(got) == 0 {
			t.Errorf("%s: nothing was read", steps)
		}
	}
}

func TestConditionString(t *testing.T) {
	for yaml, want := range map[string]string{
		"{count: a, at-least: 2}":              `count of "a" at least 2`,
		"{count: a, at-most: 2}":               `count of "a" at most 2`,
		"{count: a, at-least: 2, at-most: 12}": `count of "a" from 2 to 12`,
		"{text: /x y/, at: a}":                 `text /x y/ at "a"`,
		"{text: x}":                            `text "x"`,
		"{value: set, at: a}":                  `value set at "a"`,
		"[{see: a, url: '*'}, b]":              `url "*" and "a" or "b"`,
	} {
		f, err := Parse("f", []byte("origins: http://a\nsteps: [wait-for: "+yaml+"]"))
		if err != nil || f.Steps[0].Condition.String() != want {
			t.Errorf("%s: got %s, %v; want %s", yaml, f.Steps[0].Condition, err, want)
		}
	}
}

func TestParseDefaults(t *testing.T) {
	f, err := Parse("f", []byte("origins: [http://localhost:8080]\nsteps:\n  - open: http://localhost:8080/\n  - read: {n: {at: Number}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if f.StepLimit != DefaultStepLimit || f.Limit != DefaultLimit {
		t.Errorf("got %+v", f)
	}
	if r := f.Steps[1].Read; r.From != "text" || r.Name != "n" {
		t.Errorf("read %+v", r)
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
	const text = `origins: ["{{site}}"]
parameters: {area: {type: text}}
parts: {after: {steps: [fill: {Again: "{{number}}"}]}}
steps:
  - fill: {A: "{{account}}", B: "{{area}}", C: "{{photo-count}}", D: "{{number}}"}
  - click: "{{pin}}"
  - for-each-photo: [fill: {Caption: "{{photo-number}}"}]
  - fill: {Caption: "{{photo-number}}", Pin: "{{pin}}"}
  - {click: Save, if: {field: prise, is: set}}
  - read: {number: {at: css/.n}}
  - fill: {E: "{{number}}"}
  - expect: {text: "Ad {{nummer}}"}
`
	f, err := Parse("f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	err = f.Check([]string{"site", "acount", "price"}, "password", "pin")
	want := []string{
		`f:5:15: nothing is known as {{account}}; did you mean "acount"?`,
		`f:5:70: {{number}} is read only later`,
		`f:6:12: {{pin}} is a secret: only fill, type and http-login take it`, // C29
		`f:8:21: {{photo-number}} is known only inside for-each-photo`,
		`f:9:31: nothing is known as {{prise}}; did you mean "price"?`,
		`f:12:20: nothing is known as {{nummer}}; did you mean "number"?`,
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("got\n%v\nwant\n%s", err, strings.Join(want, "\n"))
	}
}

// What a recording and its like always do cannot be left out.
func TestCanSkip(t *testing.T) {
	for text, want := range map[string]bool{
		`steps: [click: Go]`:                                                             false,
		`steps: [{click: Go, if: "{{price}}"}]`:                                          false,
		`steps: [for-each-photo: [click: Go]]`:                                           false,
		"parts: {a: {steps: [click: Go]}}\nsteps: [do: a]":                               false,
		`steps: [{click: Go, if: Log in}]`:                                               true,
		`steps: [{click: Go, optional: 1s}]`:                                             true,
		`steps: [{if: "{{price}}", then: [{click: Go, unless: Log out}]}]`:               true,
		`steps: [{if: "{{price}}", then: [click: Go], else: [{click: No, if: Log in}]}]`: true,
		`steps: [pages: {until: Done, cases: [{on: Log in, steps: [click: Go]}]}]`:       true,
		"parts: {a: {needed-unless: Log out, steps: [click: Go]}}\nsteps: [do: a]":       true,
		"parts: {a: {steps: [{click: Go, if: Log in}]}}\nsteps: [do: a]":                 true,
	} {
		f, err := Parse("f", []byte("origins: http://a\n"+text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := f.CanSkip(); got != want {
			t.Errorf("%s: got %v", text, got)
		}
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
	f.Add([]byte("origins: http://a\nparts: {a: {steps: [do: b]}, b: {steps: [do: a]}}\nsteps: [{if: x, then: [{publish: x}]}]"))
	f.Add([]byte("origins: http://a\nsteps: [{wait-for: {text: '/{{a}}(/', at: [a, b >> nth/3]}, if: {count: x, is: 3}, unless: '{{b}}'}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		flow, err := Parse("f", data)
		flow.Check(nil)
		flow.Settings(nil)
		if err != nil {
			if _, ok := err.(strictyaml.Mistakes); !ok {
				t.Fatalf("error %T %v", err, err)
			}
			return
		}
		published := false
		for _, s := range every(flow.Steps) {
			flow.Place(s)
			if w, _ := wordOf(s.Verb); published && !w.looks && s.Verb != If { // C26
				t.Fatalf("%v after publish", s)
			}
			published = published || s.Verb == Publish
			expandAll(t, s)
		}
		again, err := Parse("f", data)
		if err != nil || !reflect.DeepEqual(written(flow.Steps), written(again.Steps)) {
			t.Fatalf("read differently the second time: %v", err)
		}
	})
}

// expandAll expands what a step looks for: nothing that parses fails then, and
// no secret is in it.
func expandAll(t *testing.T, s Step) {
	values := map[string]string{}
	tests := slices.Concat(s.Condition.Any...)
	for _, test := range append(tests, Test{At: s.At}) {
		for _, chain := range test.At.Alternatives {
			for _, link := range chain {
				for _, name := range link.Value.Names() {
					values[name] = `it's "x" * (`
				}
			}
		}
		for _, name := range test.Is.Text.Names() {
			values[name] = `it's "x" * (`
		}
		if _, hidden := values[Password]; hidden { // C29
			t.Fatalf("a password in %v", s)
		}
		if _, err := test.At.Expand(values); err != nil {
			t.Fatalf("%v: %v", s, err)
		}
		expression, err := test.Is.Expand(values, true)
		if err != nil {
			t.Fatalf("%v: %v", s, err)
		}
		if _, err := regexp.Compile(expression); err != nil {
			t.Fatalf("%v: %v", s, err)
		}
	}
}

// every gives all steps, those inside others too.
func every(steps []Step) []Step {
	var all []Step
	for _, s := range steps {
		all = append(all, s)
		if s.Verb != ReadEach {
			all = append(all, every(s.Steps)...)
		}
		all = append(all, every(s.Else)...)
		for _, c := range s.Cases {
			all = append(all, every(c.Steps)...)
		}
	}
	return all
}

func written(steps []Step) []string {
	var all []string
	for _, s := range every(steps) {
		all = append(all, s.Number+" "+s.String())
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
