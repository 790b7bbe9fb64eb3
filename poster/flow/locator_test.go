package flow

import (
	"encoding/json"
	"slices"
	"testing"
)

// C25: a value cannot end the string or the name that it stands in, and a name
// or text is not read as a locator once more.
func TestLocatorExpand(t *testing.T) {
	tests := []struct{ written, value, want string }{
		{"Log in", "", `[{"kind":"named","value":"Log in"}]`},
		{" Log in ", "", `[{"kind":"named","value":"Log in"}]`},
		{"and/or", "", `[{"kind":"named","value":"and/or"}]`},
		{"More >>", "", `[{"kind":"named","value":"More \u003e\u003e"}]`},
		{"For {{v}}", `"x"`, `[{"kind":"named","value":"For \"x\""}]`},
		{"{{v}}", "css/x >> nth/2", `[{"kind":"named","value":"css/x \u003e\u003e nth/2"}]`},
		{"text/{{v}}", "css/x", `[{"kind":"text","value":"css/x"}]`},
		{`css/[data-x="{{v}}"]`, `a"],b[c="`, `[{"kind":"css","value":"[data-x=\"a\\22 \\5d \\2c b\\5b c\\3d \\22 \"]"}]`},
		{`css/#{{v}}`, "1a", `[{"kind":"css","value":"#\\31 a"}]`},
		{`css/#{{v}}`, "-2", `[{"kind":"css","value":"#\\2d 2"}]`},
		{`pierce/#{{v}}`, "été_x", `[{"kind":"pierce","value":"#été_x"}]`},
		{`xpath///a[text()={{v}}]`, `x`, `[{"kind":"xpath","value":"//a[text()='x']"}]`},
		{`xpath///a[text()={{v}}]`, `it's`, `[{"kind":"xpath","value":"//a[text()=\"it's\"]"}]`},
		{`xpath///a[text()={{v}}]`, `'] | //b["`, `[{"kind":"xpath","value":"//a[text()=concat('', \"'\", '] | //b[\"')]"}]`},
		{`aria/Save`, "", `[{"kind":"aria","value":"Save"}]`},
		{`aria/Save {{v}}[role="button"]`, `[role="link"]`, `[{"kind":"aria","value":"Save [role=\"link\"]","role":"button"}]`},
		{`aria/[name="Save"][role='button']`, "", `[{"kind":"aria","value":"Save","role":"button"}]`},
		{`aria/[role="main"]`, "", `[{"kind":"aria","role":"main"}]`},
		{"role/button", "", `[{"kind":"role","role":"button"}]`},
		{"role/button Publish {{v}}", "now", `[{"kind":"role","value":"Publish now","role":"button"}]`},
		{"css/iframe >> Title >> nth/last", "", `[{"kind":"css","value":"iframe"},{"kind":"named","value":"Title"},{"kind":"nth","nth":-1}]`},
		{"css/li >> nth/3", "", `[{"kind":"css","value":"li"},{"kind":"nth","nth":3}]`},
	}
	for _, tt := range tests {
		l, err := ParseLocator(tt.written)
		if err != nil {
			t.Errorf("%s: %v", tt.written, err)
			continue
		}
		found, err := l.Expand(map[string]string{"v": tt.value})
		got, jsonErr := json.Marshal(found[0])
		if err != nil || jsonErr != nil || string(got) != tt.want {
			t.Errorf("%s with %q: got %s, %v; want %s", tt.written, tt.value, got, err, tt.want)
		}
	}
	if _, err := (Locator{Alternatives: []Chain{{{Kind: Named, Value: mustTemplate(t, "{{w}}")}}}}).Expand(nil); err == nil {
		t.Error("a placeholder without a value gives no error")
	}
}

// A locator is written as it was read, so that messages show what the file says.
func TestLocatorString(t *testing.T) {
	for _, written := range []string{
		"Log in", "text/a", "css/a >> nth/2", "a >> nth/last", "role/button", "role/button Save it", `aria/Save[role="button"]`,
		`aria/[role="main"]`, "xpath//html/body", "pierce/#x", "css/iframe >> {{title}}",
	} {
		l, err := ParseLocator(written)
		if err != nil || l.String() != written {
			t.Errorf("%s is written %s, %v", written, l, err)
		}
	}
	if (Locator{}).IsSet() || (Locator{}).String() != "" {
		t.Error("the zero locator names something")
	}
}

func TestPatternExpand(t *testing.T) {
	tests := []struct {
		is       Pattern
		anchored bool
		want     string
	}{
		{Pattern{Kind: Plain, Text: mustTemplate(t, "A. {{v}}")}, false, `A\.[\s\u00a0]+1\*2`},
		{Pattern{Kind: Plain, Text: mustTemplate(t, "{{v}}")}, true, `^\s*1\*2\s*$`},
		{Pattern{Kind: Glob, Text: mustTemplate(t, "*/ad/*?id={{v}}")}, true, `^\s*[\s\S]*/ad/[\s\S]*\?id=1\*2\s*$`},
		{Pattern{Kind: Glob, Text: mustTemplate(t, "a*")}, false, `^\s*a[\s\S]*\s*$`},
		{Pattern{Kind: Regexp, Text: mustTemplate(t, "^{{v}}+$")}, true, `^1\*2+$`},
		{Pattern{Kind: Empty}, true, `^\s*$`},
		{Pattern{Kind: Set}, true, `\S`},
		{Pattern{}, false, ``},
	}
	for _, tt := range tests {
		got, err := tt.is.Expand(map[string]string{"v": "1*2"}, tt.anchored)
		if err != nil || got != tt.want {
			t.Errorf("%s: got %s, %v; want %s", tt.is, got, err, tt.want)
		}
	}
	if _, err := (Pattern{Kind: Plain, Text: mustTemplate(t, "{{v}}")}).Expand(nil, false); err == nil {
		t.Error("a placeholder without a value gives no error")
	}
}

func TestKeyCombination(t *testing.T) {
	for written, want := range map[string][]string{
		"Enter": {"Enter"}, "Control+Shift+A": {"Control", "Shift", "A"}, "+": {"+"}, "Control++": {"Control", "+"}, "ä": {"ä"},
	} {
		f, err := Parse("f", []byte("origins: http://a\nsteps: [press: \""+written+"\"]"))
		if err != nil || !slices.Equal(f.Steps[0].Keys, want) {
			t.Errorf("%s: got %q, %v; want %q", written, f.Steps[0].Keys, err, want)
		}
	}
}
