package flow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestImport(t *testing.T) {
	for _, name := range samples {
		t.Run(name, func(t *testing.T) {
			got, notes, err := Import(name+".json", sample(t, name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(filepath.Join("testdata", name+".yaml"), got, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if want := sample(t, name+".yaml"); string(got) != string(want) {
				t.Errorf("%s.yaml has changed (-update writes it anew):\n%s", name, got)
			}
			f, err := Parse(name+".yaml", got)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Check(recordedFields, Password); err != nil {
				t.Error(err)
			}
			words := strings.Join(strings.Fields(strings.ReplaceAll(string(got), "\n  #", "")), " ")
			for _, n := range notes {
				if !strings.Contains(words, strings.Join(strings.Fields(n.Text), " ")) {
					t.Errorf("no comment says: %s", n)
				}
			}
		})
	}
}

// A recording that is all in one line becomes the same flow, each note at its
// step.
func TestImportOfOneLine(t *testing.T) {
	for _, name := range samples {
		var line bytes.Buffer
		if err := json.Compact(&line, sample(t, name+".json")); err != nil {
			t.Fatal(err)
		}
		got, notes, err := Import(name+".json", line.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if want := sample(t, name+".yaml"); string(got) != string(want) {
			t.Errorf("%s.json in one line becomes:\n%s", name, got)
		}
		for _, n := range notes {
			if n.Step > 0 && !strings.HasPrefix(n.Text, fmt.Sprintf("step %d: ", n.Step)) || n.Line != 1 {
				t.Errorf("note of step %d: %s", n.Step, n)
			}
		}
	}
}

func TestImportRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"origins: []":                    "s.json:1:1: this is no recording",
		string(record(`{"type": "go"}`)): `s.json:2:10: step 1: unknown type "go"`,
	} {
		if _, _, err := Import("s.json", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// Single steps, by what is written for them.
func TestImportedSteps(t *testing.T) {
	for _, c := range []struct{ name, step, want string }{
		{"another site", `{"type": "navigate", "url": "https://site.example.org/a"}`, "- open: \"https://site.example.org/a\"\n"},
		{"the same site otherwise", `{"type": "navigate", "url": "HTTPS://Site.Example:443/A"}`, "- open: \"{{site}}/A\"\n"},
		{"same site", `{"type": "navigate", "url": "https://site.example?a=1"}`, "- open: \"{{site}}?a=1\"\n"},
		{"no plain name", `{"type": "hover", "selectors": ["aria/text/plain"]}`, "- hover: aria/text/plain\n"},
		{"a name like a chain", `{"type": "hover", "selectors": ["aria/Home >> Cars", "#a"]}`, "- hover: css/#a\n"},
		{"nothing to write", `{"type": "hover", "selectors": ["aria/Home >> Cars"]}`, "# look: hover \"aria/Home >> Cars\": none of the recorded selectors can be written here\n"},
		{"the order", `{"type": "hover", "selectors": ["xpath//html/body/p", "body > p", "pierce/#b", "xpath///*[@id=\"c\"]", "#a", "text/Go", "aria/Go on"]}`,
			`- hover: [Go on, text/Go, css/#a, pierce/#b, 'xpath///*[@id="c"]', css/body > p, xpath//html/body/p]`},
		{"braces in CSS", `{"type": "hover", "selectors": ["[x=\"{{{a}}} b\"]", "aria/{{a}}"]}`, `# look: step 2: a selector has {{a}} in it`},
		{"braces written as CSS can", `{"type": "hover", "selectors": ["[x=\"{{{a}}} b\"]", "aria/{{a}}"]}`, `- hover: 'css/[x="{\7b {a}\7d } b"]'` + "\n"},
		{"braces in a name", `{"type": "hover", "selectors": ["aria/a }} b", "#a"]}`, "# look: a selector is left out, since braces in pairs would be a placeholder here: aria/a\n  #   }} b\n  - hover: css/#a\n"},
		{"only braces", `{"type": "hover", "selectors": ["aria/{{a}}"]}`, "# look: hover \"aria/{{a}}\": none of the recorded selectors can be written here\n"},
		{"dollars of the page", `{"type": "hover", "selectors": ["text/$price now"]}`, `- hover: "text/$price now"` + "\n"},
		{"said twice", `{"type": "hover", "selectors": ["aria/Go", "#a", "xpath///*[@id=\"a\"]", "pierce/#a", "text/Go"]}`, "- hover: [Go, css/#a]\n"},
		{"made by a program", `{"type": "hover", "selectors": ["#ember1234"]}`, "or by a name that a program made"},
		{"a name to log in with", `{"type": "change", "selectors": ["#u"], "value": "fred"}, {"type": "keyDown", "key": "Tab"}, {"type": "change", "selectors": ["#password"], "value": "x"}`,
			"# look: the name to log in with? Better is {{account}}, which the app has in rules.yaml\n  - fill: {css/#u: fred}\n"},
		{"a field before that", `{"type": "change", "selectors": ["#a"], "value": "fred"}, {"type": "change", "selectors": ["#u"], "value": "{{account}}"}, {"type": "change", "selectors": ["#password"], "value": "x"}`,
			"# look: the same in every post? If not, write a field such as {{title}}\n  - fill: {css/#a: fred}\n"},
		{"the window for files", `{"type": "click", "selectors": ["#f"], "offsetX": 1, "offsetY": 1}, {"type": "change", "selectors": ["#f"], "value": "C:\\fakepath\\a.jpg"}`,
			"  # step 2: left out: the click only opened the window to choose a file in\n"},
		{"a menu", `{"type": "change", "selectors": ["#a > select"], "value": "b"}`, "- choose: {css/#a > select: b}\n"},
		{"a field's own text", `{"type": "change", "selectors": ["text/old", "#a"], "value": "{{title}}"}`, "- fill: {css/#a: \"{{title}}\"}\n"},
		{"lines", `{"type": "change", "selectors": ["#a"], "value": "a\nb: \"c\""}`, `- fill: {css/#a: "a\nb: \"c\""}` + "\n"},
		{"words of YAML", `{"type": "change", "selectors": ["aria/On"], "value": "no"}`, `- fill: {"On": "no"}` + "\n"},
		{"a frame", `{"type": "hover", "frame": [1], "selectors": ["aria/Go"]}`, "- hover: css/iframe >> nth/2 >> aria/Go\n"},
		{"a popup", `{"type": "hover", "target": "https://p.example/", "selectors": ["aria/Go"]}`, "https://p.example/\n  - hover: Go\n"},
		{"a double click", `{"type": "click", "selectors": ["#a"], "offsetX": 1, "offsetY": 1}, {"type": "doubleClick", "selectors": ["#a"], "offsetX": 1, "offsetY": 1}`,
			"# Left out: the first click of the double-click.\n  - double-click: css/#a\n"},
		{"gone", `{"type": "waitForElement", "selectors": ["p"], "visible": false}`, "- wait-for: {gone: css/p}\n"},
		{"fewer", `{"type": "waitForElement", "selectors": ["p"], "count": 3, "visible": false}`, "- wait-for: {count: css/p, at-most: 2}\n"},
		{"more", `{"type": "waitForElement", "selectors": ["p"], "operator": "<=", "count": 3, "visible": false}`, "- wait-for: {count: css/p, at-least: 4}\n"},
		{"other than", `{"type": "waitForElement", "selectors": ["p"], "operator": "==", "count": 3, "visible": false}`, "# look: the recording waits here: not count of \"css/p\" is 3\n"},
		{"a viewport", `{"type": "setViewport", "width": 500, "height": 400, "deviceScaleFactor": 1, "isMobile": false, "hasTouch": false, "isLandscape": false}`, "- viewport: 500x400\n"},
		{"a tiny viewport", `{"type": "setViewport", "width": 5, "height": 4, "deviceScaleFactor": 1, "isMobile": false, "hasTouch": false, "isLandscape": false}`, "# look: left out: viewport 5x4\n"},
		{"a timeout", `{"type": "keyDown", "key": "Enter", "timeout": 1500}`, "- press: Enter\n    timeout: 1.5s\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			yaml, _, err := Import("r.json", record(visit, c.step))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(yaml), "  "+c.want) && !strings.Contains(string(yaml), c.want) {
				t.Errorf("want %s in:\n%s", c.want, yaml)
			}
			if _, err := Parse("r.yaml", yaml); err != nil {
				t.Errorf("%v\n%s", err, yaml)
			}
		})
	}
}

// The failures that an import asks for can be taken as they stand, each with the
// fault that it has (C27).
func TestImportAsksForFailures(t *testing.T) {
	yaml, _, err := Import("r.json", record(visit))
	if err != nil {
		t.Fatal(err)
	}
	_, asked, _ := strings.Cut(string(yaml), "# fails-when:\n")
	asked, _, _ = strings.Cut(asked, "\n\n")
	f, err := Parse("r.yaml", []byte(strings.Replace(string(yaml), "# fails-when:\n"+asked, "fails-when:\n"+strings.ReplaceAll(asked, "# ", ""), 1)))
	if err != nil {
		t.Fatal(err)
	}
	if fails := f.FailsWhen; len(fails) != 2 || fails[0].Fault != Owner || fails[1].Fault != Sender {
		t.Errorf("asked for %+v", fails)
	}
}

// A publish that nothing proves is asked about right behind it.
func TestImportAsksForProof(t *testing.T) {
	const click = `{"type": "click", "selectors": ["#go"], "offsetX": 1, "offsetY": 1, "assertedEvents": [{"type": "navigation"}]}`
	const asked = "  - publish: css/#go\n  # look: after publish no step proves that it has worked; add an expect of what only the\n" +
		"  #   site's confirmation says, as in expect: Your ad is online\n"
	for name, c := range map[string]struct {
		steps []string
		want  bool
	}{
		"nothing":       {[]string{click}, true},
		"not written":   {[]string{click, `{"type": "waitForExpression", "expression": "1"}`}, true},
		"an element":    {[]string{click, `{"type": "waitForElement", "selectors": ["text/Online"]}`}, false},
		"nothing there": {[]string{click, `{"type": "waitForElement", "selectors": ["#busy"], "visible": false}`}, true},
		"no publish":    {nil, false},
	} {
		yaml, _, err := Import("r.json", record(append([]string{visit}, c.steps...)...))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(yaml), asked) != c.want || !c.want && strings.Contains(string(yaml), "no step proves") {
			t.Errorf("%s:\n%s", name, yaml)
		}
		if _, err := Parse("r.yaml", yaml); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The longest sample has every type of step that the schema has.
func TestSampleHasEveryType(t *testing.T) {
	text := string(sample(t, "classifieds.json"))
	for _, kind := range recordedKinds {
		if !strings.Contains(text, `"type": "`+kind.name+`"`) {
			t.Errorf("classifieds.json has no %s", kind.name)
		}
	}
}
