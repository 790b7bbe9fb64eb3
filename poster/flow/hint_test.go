package flow

import (
	"strings"
	"testing"
)

// A publish that nothing proves is no mistake, but worth a word.
func TestHints(t *testing.T) {
	tests := []struct {
		name, after string
		hint        bool
	}{
		{"nothing", "", true},
		{"expect", "- expect: It is online", false},
		{"one of several", "- expect: [It is online, {url: '*/ad/*'}]", false},
		{"wait-for", "- wait-for: {text: online, gone: css/.spinner}", false},
		{"maybe", "- {wait-for: It is online, optional: 2s}", true},
		{"only gone", "- expect: {gone: css/.spinner}", true},
		{"one of several is vague", "- expect: [It is online, {gone: Publish}]", true},
		{"counted none", "- expect: {count: css/.error, is: 0}", true},
		{"counted", "- expect: {count: css/.ad, at-least: 1}", false},
		{"what the mail says", "- expect: {field: title, is: set}", true},
		{"any address", "- read: {url: {from: url}}", true},
		{"an address of the site's", "- read: {url: {from: url, matching: '/ad/\\d+'}}", false},
		{"an element", "- read: {number: {at: css/#n}}", false},
		{"from the mail", "- read: {n: {from: '{{title}}', matching: '\\d+'}}", true},
		{"in one case", "- if: Check your mail\n    then: [expect: Thanks]", true},
		{"in both cases", "- if: Check your mail\n    then: [expect: Thanks]\n    else: [read: {url: {at: Your ad, from: link}}]", false},
		{"scrolled", "- scroll: bottom", true},
	}
	for _, tt := range tests {
		text := "origins: ['https://a.example']\nsteps:\n  - open: https://a.example/\n  - publish: Publish\n  " + tt.after + "\n"
		f, err := Parse("f", []byte(text))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		hints := f.Hints()
		if (len(hints) == 1) != tt.hint {
			t.Errorf("%s: got %v", tt.name, hints)
		}
		if tt.hint && len(hints) == 1 && !strings.HasPrefix(hints[0].String(), "f:4:5: after publish no step proves") {
			t.Errorf("%s: got %s", tt.name, hints[0])
		}
	}
	section := "origins: ['https://a.example']\nsteps:\n  - open: https://a.example/\nremove:\n  - open: https://a.example/\n  - publish: Delete\n"
	if f, err := Parse("f", []byte(section)); err != nil || len(f.Hints()) != 1 {
		t.Errorf("in a section: %v", err)
	}
}

// A recording has no expect, so its hint names what it has.
func TestHintsOfRecording(t *testing.T) {
	const click = `{"type": "click", "selectors": ["#go"], "offsetX": 1, "offsetY": 1}`
	f, err := Parse("r.json", record(visit, click))
	if err != nil {
		t.Fatal(err)
	}
	if hints := f.Hints(); len(hints) != 1 || !strings.Contains(hints[0].String(), "r.json:3:1: after publish no step proves") || !strings.Contains(hints[0].Text, "add a waitForElement of something") {
		t.Errorf("got %v", hints)
	}
	f, err = Parse("r.json", record(visit, click, `{"type": "waitForElement", "selectors": ["text/It is online"]}`))
	if err != nil || len(f.Hints()) != 0 {
		t.Errorf("with a waitForElement: %v, %v", err, f.Hints())
	}
}
