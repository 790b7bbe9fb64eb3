package flow

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// samples are recordings in testdata, and what is known to their flows.
var samples = []string{"fairground", "classifieds", "weather"}

var recordedFields = strings.Fields("site title body price account")

func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// record gives a recording of these steps, each on a line of its own from the second.
func record(steps ...string) []byte {
	return []byte(`{"title": "test", "steps": [` + "\n" + strings.Join(steps, ",\n") + "\n]}")
}

const visit = `{"type": "navigate", "url": "https://site.example/"}`

// summary is a flow's steps, one a line.
func summary(f *Flow) string {
	var lines []string
	for _, s := range f.Steps {
		line := s.Number + " " + s.String()
		if s.Verb == Fill || s.Verb == Upload {
			line += " with " + s.Value.String()
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func noteText(f *Flow) string {
	lines := make([]string, len(f.Notes))
	for i, n := range f.Notes {
		lines[i] = n.String()
	}
	return strings.Join(lines, "\n")
}

func TestRecordingAsItIs(t *testing.T) {
	f, err := Parse("fairground.json", sample(t, "fairground.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := `1 viewport 1280x900
2 open "http://localhost:8025/login"
3 click "aria/Email"
4 fill "aria/Email" with {{account}}
5 press Tab
7 fill "aria/Password" with {{password}}
8 click "aria/Log in"
9 click "aria/Post an ad"
10 click "aria/For sale"
11 click "aria/Title"
12 fill "aria/Title" with {{title}}
13 click "aria/Price"
14 fill "aria/Price" with {{price}}
15 fill "aria/Description" with {{body}}
16 fill "aria/Condition" with Used
18 upload "aria/Photos" with {{photos}}
19 click "aria/I am the owner"
20 click "aria/Continue"
21 publish "aria/Publish"
22 wait-for count of "text/Your ad is online" at least 1
23 read url`
	if got := summary(f); got != want {
		t.Errorf("steps:\n%s\nwant:\n%s", got, want)
	}
	if got := fmt.Sprint(f.Origins); got != "[http://localhost:8025]" {
		t.Errorf("origins %s", got)
	}
	if err := f.Check(recordedFields, Password); err != nil {
		t.Error(err)
	}
	if err := f.Check([]string{"title"}, Password); err == nil || !strings.Contains(err.Error(), "nothing is known as {{account}}") {
		t.Errorf("without account: %v", err)
	}
	login := f.Steps[6]
	if !login.Recorded.Navigates || login.Recorded.Button != Primary || *login.Recorded.Offset != (Point{41, 9.5}) {
		t.Errorf("the login click is %+v", login.Recorded)
	}
	if last := f.Steps[len(f.Steps)-2]; last.Timeout != 20*time.Second {
		t.Errorf("the last step's timeout is %v", last.Timeout)
	}
}

// Each step type, by what it becomes.
func TestRecordedSteps(t *testing.T) {
	click := func(more string) string {
		return `{"type": "click", "selectors": ["#go"], "offsetX": 1, "offsetY": 2` + more + `}`
	}
	key := func(kind, key string) string { return fmt.Sprintf(`{"type": %q, "key": %q}`, kind, key) }
	change := func(value string) string {
		return fmt.Sprintf(`{"type": "change", "selectors": [["#x"]], "value": %q}`, value)
	}
	for _, c := range []struct {
		name  string
		steps []string
		want  string // after the navigate
		note  string // a part of the notes; empty if there must be none but that nothing is clicked
	}{
		{"a browser's page", []string{`{"type": "navigate", "url": "chrome://newtab/"}`}, "", "step 2: left out: chrome://newtab/ is a page of the browser itself"},
		{"the last click", []string{click(""), click("")}, "2 click \"css/#go\"\n3 publish \"css/#go\"", `r.json:4:1: step 3: the last click, on "css/#go", is taken for the one that publishes`},
		{"a click that leads elsewhere", []string{click(`, "assertedEvents": [{"type": "navigation"}]`)}, "2 publish \"css/#go\"\n3 read url", "is taken"},
		{"looking after it", []string{click(""), `{"type": "scroll", "y": 9}`, `{"type": "waitForElement", "selectors": ["p"]}`},
			"2 publish \"css/#go\"\n3 scroll the page\n4 wait-for count of \"css/p\" at least 1", "is taken"},
		{"opening after it", []string{click(""), visit}, "2 publish \"css/#go\"", "step 3: left out, since only looking may follow publish: open"},
		{"typing after it", []string{click(""), change("a")}, "2 click \"css/#go\"\n3 fill \"css/#x\" with a", "no step is publish"},
		{"another button", []string{click(`, "button": "secondary"`)}, "2 click \"css/#go\"", "nothing is clicked"},
		{"a touch", []string{click(`, "deviceType": "touch"`)}, "2 publish \"css/#go\"", "step 2: it was done by touch"},
		{"double click and hover", []string{`{"type": "doubleClick", "selectors": ["#a"], "offsetX": 0, "offsetY": 0}`, `{"type": "hover", "selectors": ["#b"]}`},
			"2 double-click \"css/#a\"\n3 hover \"css/#b\"", ""},
		{"a key", []string{key("keyDown", "Enter"), key("keyUp", "Enter")}, "2 press Enter", ""},
		{"keys at once", []string{key("keyDown", "a"), key("keyDown", "b"), key("keyUp", "a"), key("keyUp", "b")}, "2 press a\n3 press b", ""},
		{"a modifier", []string{key("keyDown", "ShiftLeft"), key("keyDown", "Control"), key("keyDown", "KeyZ"), key("keyUp", "KeyZ"), key("keyUp", "Control"), key("keyUp", "Shift"), key("keyDown", "Digit1")},
			"4 press Shift+Control+z\n8 press 1", ""},
		{"a modifier at a click", []string{key("keyDown", "Control"), click("")}, "3 publish \"css/#go\"", "step 3: the last click"},
		{"a modifier alone", []string{key("keyDown", "Alt"), key("keyUp", "Alt")}, "2 press Alt", ""},
		{"a key that comes up", []string{key("keyUp", "F5")}, "", "step 2: left out: the key F5 was pressed before"},
		{"codes", []string{key("keyDown", " "), key("keyDown", "\r"), key("keyDown", "NumpadAdd"), key("keyDown", "Slash"), key("keyDown", "Numpad7")},
			"2 press Space\n3 press Enter\n4 press +\n5 press /\n6 press 7", ""},
		{"fields of the mail", []string{change("{{ title }}"), change("$price EUR"), change(" BODY "), change("TITLES"), change("{{colour}}")},
			"2 fill \"css/#x\" with {{ title }}\n3 fill \"css/#x\" with {{price}} EUR\n4 fill \"css/#x\" with {{body}}\n5 fill \"css/#x\" with TITLES\n6 fill \"css/#x\" with {{colour}}", ""},
		{"files", []string{`{"type": "change", "selectors": ["#f"], "value": "C:\\fakepath\\a.jpg"}`, `{"type": "change", "selectors": ["#f"], "value": "C:\\fakepath\\b.jpg"}`},
			"2 upload \"css/#f\" with {{photos}}", "step 3: left out: all photos are uploaded"},
		{"the window for files", []string{`{"type": "click", "selectors": ["#f"], "offsetX": 1, "offsetY": 1}`, `{"type": "change", "selectors": ["#f"], "value": "C:\\fakepath\\a.jpg"}`},
			"3 upload \"css/#f\" with {{photos}}", "step 2: left out: the click only opened the window"},
		{"braces with Shift let go first", []string{change("{{"), key("keyUp", "["), change("{{price}}"), key("keyUp", "]")}, "4 fill \"css/#x\" with {{price}}", ""},
		{"a dollar and capitals", []string{change("$"), key("keyUp", "4"), key("keyUp", "Shift"), change("$title"), change("B"), key("keyUp", "b"), change("BO"), key("keyUp", "o"), change("BODY")},
			"5 fill \"css/#x\" with {{title}}\n10 fill \"css/#x\" with {{body}}", ""},
		{"into a field that Tab came to", []string{key("keyDown", "Tab"), change("{{"), key("keyUp", "Tab"), change("{{body}}")}, "2 press Tab\n5 fill \"css/#x\" with {{body}}", ""},
		{"a key between", []string{change("a"), key("keyDown", "Enter"), key("keyUp", "Enter"), change("b")},
			"2 fill \"css/#x\" with a\n3 press Enter\n5 fill \"css/#x\" with b", ""},
		{"another field", []string{change("A"), key("keyUp", "a"), `{"type": "change", "selectors": ["#y"], "value": "B"}`},
			"2 fill \"css/#x\" with A\n4 fill \"css/#y\" with B", ""},
		{"the same in another frame", []string{change("A"), key("keyUp", "a"), `{"type": "change", "frame": [0], "selectors": [["#x"]], "value": "B"}`},
			"2 fill \"css/#x\" with A\n4 fill \"css/#x\" with B", ""},
		{"a field known by its text, too", []string{`{"type": "change", "target": "main", "selectors": [["#x"], ["text/A"]], "value": "A"}`, key("keyUp", "a"), change("AB")},
			"4 fill \"css/#x\" with AB", ""},
		{"a page between", []string{change("a"), `{"type": "keyUp", "key": "F5", "assertedEvents": [{"type": "navigation"}]}`, change("b")},
			"2 fill \"css/#x\" with a\n4 fill \"css/#x\" with b", "step 3: left out: the key F5 was pressed before"},
		{"an expression", []string{`{"type": "waitForExpression", "expression": "1 + 2"}`}, "2 wait-for a JavaScript expression", ""},
		{"a custom step", []string{`{"type": "customStep", "name": "x", "parameters": [null, {"a": 1}]}`}, "", `step 2: left out: nothing is known of the customStep "x"`},
		{"close", []string{`{"type": "close", "target": "https://pop.example/"}`}, "2 close the window", ""},
		{"close of the page", []string{`{"type": "close", "target": "main"}`}, "", "step 2: left out: the page is closed"},
		{"network", []string{`{"type": "emulateNetworkConditions", "download": 1, "upload": 1, "latency": 1}`}, "2 emulate network conditions", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Parse("r.json", record(append([]string{visit}, c.steps...)...))
			if err != nil {
				t.Fatal(err)
			}
			want := strings.TrimSpace("1 open \"https://site.example/\"\n" + c.want)
			if got := summary(f); got != want {
				t.Errorf("steps:\n%s\nwant:\n%s", got, want)
			}
			if c.note == "" && (len(f.Notes) != 1 || !strings.Contains(noteText(f), "nothing is clicked")) || !strings.Contains(noteText(f), c.note) {
				t.Errorf("notes:\n%s\nwant: %s", noteText(f), c.note)
			}
		})
	}
}

func TestRecordedDetails(t *testing.T) {
	f, err := Parse("r.json", record(
		`{"type": "setViewport", "width": 390, "height": 844, "deviceScaleFactor": 3, "isMobile": true, "hasTouch": true, "isLandscape": false}`,
		visit,
		`{"type": "click", "target": "https://pop.example/a?b", "frame": [0, 2], "selectors": [["x-a", "pierce/b"], "aria/Go[role=\"link\"]"], "offsetX": -1.5, "offsetY": 2, "duration": 120, "button": "back", "timeout": 700, "assertedEvents": [{"type": "navigation", "url": "https://next.example/", "title": ""}]}`,
		`{"type": "scroll", "selectors": ["#box"], "x": 3, "y": 4.5}`,
	))
	if err != nil {
		t.Fatal(err)
	}
	screen := f.Steps[0]
	if screen.Viewport != (Viewport{390, 844}) || !reflect.DeepEqual(screen.Recorded, &Recorded{Scale: 3, Mobile: true, Touch: true}) {
		t.Errorf("viewport %v, %+v", screen.Viewport, screen.Recorded)
	}
	click := f.Steps[2]
	want := &Recorded{Target: "https://pop.example/a?b", Frame: []int{0, 2}, Navigates: true, Button: Back, Offset: &Point{-1.5, 2}, Held: 120 * time.Millisecond}
	if !reflect.DeepEqual(click.Recorded, want) || click.Timeout != 700*time.Millisecond {
		t.Errorf("click %+v, timeout %v", click.Recorded, click.Timeout)
	}
	if got, want := fmt.Sprint(click.At.Alternatives), `[css/x-a >> pierce/b aria/Go[role="link"]]`; got != want {
		t.Errorf("selectors %s, want %s", got, want)
	}
	if to := f.Steps[3].Recorded.ScrollTo; *to != (Point{3, 4.5}) {
		t.Errorf("scrolled to %v", to)
	}
	if got := fmt.Sprint(f.Origins); got != "[https://site.example https://pop.example https://next.example]" {
		t.Errorf("origins %s", got)
	}
}

// The reference's meaning of waitForElement, whose text says otherwise in places.
func TestWaitForElement(t *testing.T) {
	for _, c := range []struct{ fields, want string }{
		{``, `count of "css/p" at least 1`},
		{`, "count": 2`, `count of "css/p" at least 2`},
		{`, "count": 2, "operator": "=="`, `count of "css/p" is 2`},
		{`, "count": 0, "operator": "<="`, `count of "css/p" at most 0`},
		{`, "visible": true`, `count of "css/p" at least 1`},
		{`, "visible": false`, `not count of "css/p" at least 1`},
		{`, "properties": {}, "attributes": {}`, `count of "css/p" at least 1`},
	} {
		f, err := Parse("r.json", record(visit, `{"type": "waitForElement", "selectors": ["p"]`+c.fields+`}`))
		if err != nil {
			t.Errorf("%s: %v", c.fields, err)
			continue
		}
		s := f.Steps[1]
		if got := s.Condition.String(); got != c.want || !s.Condition.Any[0][0].Hidden {
			t.Errorf("%s: %s, want %s", c.fields, got, c.want)
		}
	}
	f, err := Parse("r.json", record(visit, `{"type": "waitForElement", "selectors": ["p"], "attributes": {"id": "b"}, "properties": {"id": "\u00e9\"", "a": {"n": 1.50, "ok": [true, null]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	test := f.Steps[1].Condition.Any[0][0]
	if want := `{"id":"é\"","a":{"n":1.50,"ok":[true,null]}}`; test.Properties != want || test.Attributes["id"] != "b" {
		t.Errorf("properties %s, attributes %v", test.Properties, test.Attributes)
	}
}

func TestRecordedSelectors(t *testing.T) {
	for _, c := range []struct{ selectors, want, note string }{
		{`["#a"]`, `css/#a`, ""},
		{`["css/.a"]`, `css/.a`, ""},
		{`[["aria/Log in"], ["#a"]]`, `aria/Log in|css/#a|aria/Log in >> nth/1`, ""},
		{`["text/my (\"text\")"]`, `text/my ("text")`, ""},
		{`["text/'", "xpath///*[@id=\"a\"]"]`, `text/'|xpath///*[@id="a"]`, ""},
		{`["pierce/.a"]`, `pierce/.a`, ""},
		{`[["aria/$title"]]`, `aria/$title|aria/$title >> nth/1`, `step 2: a selector has $title in it, which is looked for as it stands`},
		{`["text/{{ x }}"]`, `text/{{ x }}`, `a selector has {{ x }} in it`},
		{`["[x=\"it's }} {{\"]"]`, `css/[x="it's }} {{"]`, ""},
		{`["xpath//a[@b=\"{{c}}\"]"]`, `xpath//a[@b="{{c}}"]`, ""},
		{`["a[", "#b"]`, `css/#b`, `one of the selectors is left out: in the selector "a[" a ']' is missing`},
		{`["a::-p-text(b)", "#b"]`, `css/#b`, `"::-p-" is no CSS`},
		{`["a >>> b", ":scope >>> i", "a >>>> b[t='>>>']"]`, `css/a >> pierce/b|pierce/i|css/a >> css/b[t='>>>']`, ""},
		{`["aria/a[b=\"c\"]", "#b"]`, `css/#b`, `aria/ knows a name and`},
		{`[[], "#b"]`, `css/#b`, `a selector is empty`},
	} {
		f, err := Parse("r.json", record(visit, `{"type": "hover", "selectors": `+c.selectors+`}`))
		if err != nil {
			t.Errorf("%s: %v", c.selectors, err)
			continue
		}
		var got []string
		for _, chain := range f.Steps[1].At.Alternatives {
			got = append(got, chain.String())
		}
		if err := f.Check(nil, Password); err != nil {
			t.Errorf("%s: %v", c.selectors, err)
		}
		if strings.Join(got, "|") != c.want || !strings.Contains(noteText(f), c.note) {
			t.Errorf("%s: %q, want %s; notes %s", c.selectors, got, c.want, noteText(f))
		}
	}
}

func TestPasswordFields(t *testing.T) {
	for selector, want := range map[string]bool{
		`input[type=\"password\"]`:                     true,
		`#login > [name='passwd']`:                     true,
		`#inputPassword`:                               true,
		`aria/Password`:                                true,
		`aria/Passwort:`:                               true,
		`text/Mot de passe`:                            true,
		`xpath///*[@id=\"password\"]`:                  true,
		`xpath//html/body/form/input[@name='pwd']`:     true,
		`#password-form > #email`:                      false,
		`xpath///*[@id=\"password-form\"]/div/input`:   false,
		`#compass`:                                     false,
		`aria/Email`:                                   false,
		`input[name=\"email\"] + input[type=password]`: true,
	} {
		f, err := Parse("r.json", record(visit, `{"type": "change", "selectors": ["`+selector+`"], "value": "hunter2"}`))
		if err != nil {
			t.Errorf("%s: %v", selector, err)
			continue
		}
		if got := f.Steps[1].Value.String() == "{{password}}"; got != want {
			t.Errorf("%s takes %s", selector, f.Steps[1].Value)
		}
		if strings.Contains(noteText(f), "hunter2") {
			t.Errorf("%s: a note shows the password: %s", selector, noteText(f))
		}
	}
}

// A capital at its beginning must not spread a password over several steps.
func TestPasswordInTheMidst(t *testing.T) {
	password := func(value string) string {
		return `{"type": "change", "selectors": ["#password"], "value": "` + value + `"}`
	}
	f, err := Parse("r.json", record(visit, password("H"), `{"type": "keyUp", "key": "h"}`, password("Hunter2")))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := summary(f), "1 open \"https://site.example/\"\n4 fill \"css/#password\" with {{password}}"; got != want || len(f.Notes) != 2 {
		t.Errorf("got %s\nnotes:\n%s", got, noteText(f))
	}
}

// Every mistake of a recording, with its place.
func TestRecordingMistakes(t *testing.T) {
	for _, c := range []struct{ recording, want string }{
		{`{"title": "x", "steps": [`, `r.json:1:26: not JSON: unexpected EOF`},
		{`{"title": "x", "steps": [}`, `r.json:1:26: not JSON: `},
		{"{\"title\": \"é\",\n \"steps\": [], nope}", `r.json:2:15: not JSON: invalid character 'n'`},
		{`{"title": "x", "steps": []} {}`, `r.json:1:29: not JSON: something follows`},
		{`{"steps": []}`, `r.json:1:1: recording: title is missing`},
		{`{"title": "x", "steps": []}`, `r.json:1:1: nothing is done in this recording`},
		{`{"title": "x", "steps": {}}`, `r.json:1:25: recording: here belongs a list of steps`},
		{`{"title": "x", "steps": [1]}`, `r.json:1:26: step 1: here belongs a step`},
		{`{"title": "x", "steps": [null]}`, `r.json:1:26: step 1: here belongs a step`},
		{`{"title": "x", "timeout": 0, "steps": []}`, `r.json:1:27: recording: a timeout is between 1 and 30000 milliseconds`},
		{`{"title": "x", "timeout": 30001, "steps": []}`, `r.json:1:27: recording: a timeout is between`},
		{`{"title": "x", "timeout": "5", "steps": []}`, `r.json:1:27: recording: here belongs a number, not "5"`},
		{`{"title": "x", "step": [], "steps": []}`, `r.json:1:16: recording: unknown key "step"; did you mean "steps"?`},
		{`{"title": "x", "title": "y", "steps": []}`, `r.json:1:16: recording: "title" is given twice`},
		{string(record(`{}`)), `r.json:2:1: step 1: type is missing`},
		{string(record(`{"type": "clik"}`)), `r.json:2:10: step 1: unknown type "clik"; did you mean "click"?`},
		{string(record(visit, `  {"type": "hover", "selector": "#a", "selectors": ["#a"]}`)), `r.json:3:21: step 2: unknown key "selector"; did you mean "selectors"?`},
		{string(record(`{"type": "hover"}`)), `r.json:2:1: step 1: selectors is missing`},
		{string(record(`{"type": "hover", "selectors": []}`)), `r.json:2:32: step 1: here belongs a list of selectors`},
		{string(record(`{"type": "hover", "selectors": "#a"}`)), `r.json:2:32: step 1: here belongs a list of selectors`},
		{string(record(`{"type": "hover", "selectors": ["a("]}`)), `r.json:2:32: step 1: in the selector "a("`},
		{string(record(`{"type": "click", "selectors": ["#a"]}`)), `step 1: offsetX is missing`},
		{string(record(`{"type": "click", "selectors": ["#a"], "offsetX": "1", "offsetY": 1}`)), `r.json:2:51: step 1: here belongs a number, not "1"`},
		{string(record(`{"type": "click", "selectors": ["#a"], "offsetX": 1, "offsetY": 1, "button": "left"}`)), `step 1: unknown button "left"`},
		{string(record(`{"type": "click", "selectors": ["#a"], "offsetX": 1, "offsetY": 1, "deviceType": "mouze"}`)), `unknown deviceType "mouze"; did you mean "mouse"?`},
		{string(record(`{"type": "click", "selectors": ["#a"], "offsetX": 1, "offsetY": 1, "duration": -5}`)), `step 1: duration is a number of milliseconds`},
		{string(record(`{"type": "hover", "selectors": ["#a"], "frame": 1}`)), `step 1: frame is a list of numbers`},
		{string(record(`{"type": "hover", "selectors": ["#a"], "frame": [0.5]}`)), `r.json:2:50: step 1: frames are counted`},
		{string(record(`{"type": "hover", "selectors": ["#a"], "assertedEvents": [{"type": "load"}]}`)), `assertedEvents: unknown event "load"`},
		{string(record(`{"type": "hover", "selectors": ["#a"], "assertedEvents": [{"url": "x"}]}`)), `assertedEvents: type is missing`},
		{string(record(`{"type": "navigate", "url": "file:///etc/passwd"}`)), `r.json:2:29: step 1: only addresses that begin with http`},
		{string(record(`{"type": "navigate", "url": "/post"}`)), `only addresses that begin with http`},
		{string(record(`{"type": "navigate", "url": "https://a.example/{{x"}`)), `a placeholder is a name in two pairs of braces`},
		{string(record(`{"type": "change", "selectors": ["#a"], "value": "a }} b"}`)), `r.json:2:50: step 1: a placeholder is`},
		{string(record(`{"type": "change", "selectors": ["#a"], "value": "{{photos}}"}`)), `{{photos}} belongs to upload`},
		{string(record(`{"type": "keyDown", "key": "Entr"}`)), `r.json:2:28: step 1: unknown key "Entr"; did you mean "Enter"?`},
		{string(record(visit, `{"type": "change", "selectors": ["#a"], "value": "{{", "key": "a"}, {"type": "keyUp", "key": "["}, {"type": "change", "selectors": ["#a"], "value": "{{title}}"}`)),
			`r.json:3:56: step 2: unknown key "key"`},
		{string(record(`{"type": "setViewport", "width": 0, "height": 9, "deviceScaleFactor": 1, "isMobile": "no", "hasTouch": false, "isLandscape": false}`)), `r.json:2:34: step 1: a page has from 1 to 10000 pixels, not 0`},
		{string(record(`{"type": "setViewport", "width": 9, "height": 9, "deviceScaleFactor": 1, "isMobile": "maybe", "hasTouch": false, "isLandscape": false}`)), `here belongs true or false, not "maybe"`},
		{string(record(`{"type": "waitForElement", "selectors": ["p"], "operator": ">"}`)), `step 1: unknown operator ">"`},
		{string(record(`{"type": "waitForElement", "selectors": ["p"], "count": -1}`)), `count is a number of elements`},
		{string(record(`{"type": "waitForElement", "selectors": ["p"], "attributes": {"n": 5}}`)), `attributes: the value of "n" is no text`},
		{string(record(`{"type": "waitForElement", "selectors": ["p"], "properties": 5}`)), `properties is an object`},
		{string(record(`{"type": "hover", "selectors": ["#a"]}`)), `r.json:1:1: this recording opens no page`},
		{`{"title": "x", "steps": [` + strings.Repeat("[", 100), `not JSON: nested too deeply`},
	} {
		_, err := Parse("r.json", []byte(c.recording))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\n%v\nwant %s", c.recording, err, c.want)
		}
	}
}

// What is no recording is read as YAML.
func TestIsRecording(t *testing.T) {
	for text, want := range map[string]bool{
		string(record()):                   true,
		"\ufeff\n {\"steps\" : []}":        true,
		`{"title": "a"}`:                   false,
		`{"origins": [], "steps": []}`:     false,
		"origins: []\nsteps: [\"steps:\"]": false,
		`{"steps": ["\"origins\":"]}`:      true,
	} {
		if isRecording([]byte(text)) != want {
			t.Errorf("isRecording(%q) is not %v", text, want)
		}
	}
}

// FuzzRecording: nothing panics, and what can be imported can be read as YAML,
// with the same things done in the same order.
func FuzzRecording(f *testing.F) {
	for _, name := range samples {
		f.Add(sample(f, name+".json"))
	}
	f.Add(record(visit, `{"type": "change", "selectors": [["aria/a: b #c", "text/- x"], "xpath//a"], "frame": [3], "value": "\ud83d\ude00\u0085\n'\"\\ yes"}`))
	f.Add(record(visit, `{"type": "waitForElement", "selectors": ["p"], "operator": "==", "count": 3, "visible": false, "timeout": 0.5}`))
	f.Add(record(visit, `{"type": "hover", "selectors": ["a[b=\"{{x}}\"]", ["aria/}}}{{", "pierce/{{{"], "text/{{title}} $title \"'"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = Parse("r.json", data)
		yaml, _, err := Import("r.json", data)
		if err != nil {
			return
		}
		flow, err := Parse("r.yaml", yaml)
		if err != nil {
			t.Fatalf("%v\n%s", err, yaml)
		}
		recorded, _ := Parse("r.json", data)
		if is, was := publishes(flow), publishes(recorded); is != was {
			t.Errorf("publishes: %v; the recording: %v\n%s", is, was, yaml)
		}
	})
}

func publishes(f *Flow) bool {
	return slices.ContainsFunc(f.Steps, func(s Step) bool { return s.Verb == Publish })
}

// A click that seems to publish, with another behind it, is warned of, since
// the rehearsal would make it (C26).
func TestBeware(t *testing.T) {
	click := func(name string) string {
		return `{"type": "click", "selectors": [["aria/` + name + `"], ["#b"]], "offsetX": 1, "offsetY": 2}`
	}
	const fill = `{"type": "change", "selectors": ["#a"], "value": "{{title}}"}`
	for _, c := range []struct {
		name  string
		steps []string
		want  bool
	}{
		{"my ads", []string{fill, click("Publish now"), click("My ads")}, true},
		{"what was posted", []string{fill, click("Post"), click("View post")}, true},
		{"German", []string{fill, click("Anzeige veröffentlichen"), click("Zur Anzeige")}, true},
		{"with a question behind it", []string{fill, click("Submit"), click("Submit")}, false},
		{"the way to the form", []string{click("Post an ad"), fill, click("Continue")}, false},
		{"only ways", []string{fill, click("Postcards"), click("OK")}, false},
	} {
		f, err := Parse("r.json", record(append([]string{visit}, c.steps...)...))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(noteText(f), "BEWARE: step 3, the click on "); got != c.want {
			t.Errorf("%s: notes:\n%s", c.name, noteText(f))
		}
	}
}

// C26: a recording that sends something and has no publish is no app's flow.
func TestRecordingOfAnApp(t *testing.T) {
	const click = `{"type": "click", "selectors": ["#go"], "offsetX": 1, "offsetY": 2}`
	const enter = `{"type": "keyDown", "key": "Enter"}`
	for steps, want := range map[string]bool{
		click: true, click + ", " + enter: false, enter: false, visit: true,
	} {
		f, err := Parse("r.json", record(visit, steps))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.CheckApp(); (err == nil) != want {
			t.Errorf("%s: %v", steps, err)
		}
	}
}
