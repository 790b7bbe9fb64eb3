package flow

import (
	"regexp"
	"strings"
	"testing"
)

func TestReadingTake(t *testing.T) {
	group, whole := regexp.MustCompile(`Ad (\d+)(x)?`), regexp.MustCompile(`\d+`)
	tests := []struct {
		r     Reading
		found string
		want  string
		ok    bool
	}{
		{Reading{}, "as it is", "as it is", true},
		{Reading{}, "", "", true},
		{Reading{Matching: group}, "your Ad 12x", "12", true},
		{Reading{Matching: whole}, "your Ad 12x", "12", true},
		{Reading{Matching: group}, "nothing yet", "", false},
		{Reading{Number: true}, "none", "", false},
		{Reading{Number: true, Matching: regexp.MustCompile(`Price: (.*)`)}, "4 rooms, Price: 1.250,- €", "1250", true},
	}
	for _, tt := range tests {
		if got, ok := tt.r.Take(tt.found); got != tt.want || ok != tt.ok {
			t.Errorf("%+v of %q: got %q, %v", tt.r, tt.found, got, ok)
		}
	}
}

// The ways in which people write numbers.
func TestNumber(t *testing.T) {
	for text, want := range map[string]string{
		"40": "40", "$40": "40", "$1,234": "1234", "$1,234.50": "1234.50", "1.234,50 €": "1234.50", "1.234 €": "1234", "1 234,5": "1234.5",
		"1\u00a0234\u202f567,8": "1234567.8", "12.5": "12.5", "12,5 %": "12.5", "0.125": "0.125", "0,125": "0.125", "3.14159": "3.14159",
		"1,234,567": "1234567", "1.234,567": "1234.567", "-3 °C": "-3", "\u22123,5 °C": "-3.5", "-$5": "-5", "CHF 1'250.-": "1250",
		"in 5 min.": "5", "7, 8": "7", "at 40.": "40", "12 34": "12", "10-20": "10", "2 000 km": "2000",
	} {
		if got, ok := number(text); !ok || got != want {
			t.Errorf("%q: got %q, %v; want %q", text, got, ok, want)
		}
	}
}

// A list by which no ad could be known again is found before it is needed.
func TestListsAds(t *testing.T) {
	const head = "origins: [\"https://a.example\"]\nsteps: [{open: \"https://a.example\"}, {publish: Go}]\n"
	const each = "read-each: {at: css/tr, read: {url: {at: css/a, from: link}}}"
	for list, want := range map[string]bool{
		"":                                false,
		"list: [{" + each + "}]":          true,
		"list: [{" + each + ", if: Ads}]": true,
		"list: [{if: Ads, then: [{" + each + "}]}]":                                  true,
		"list: [{pages: {until: End, cases: [{on: Ads, steps: [{" + each + "}]}]}}]": true,
		"list: [{read-each: {at: css/tr, read: {title: {at: css/a}}}}]":              false,
		"list: [{open: \"https://a.example/my\"}]":                                   false,
	} {
		f, err := Parse("test.yaml", []byte(head+list))
		if f.ListsAds() != want || !f.Publishes() {
			t.Errorf("%s: lists %v, publishes %v, %v", list, f.ListsAds(), f.Publishes(), err)
		}
		if err := f.CheckApp(); !want && (err != nil) != (len(f.Sections[List]) > 0) {
			t.Errorf("%s: %v", list, err)
		}
	}
}

// C10: no page but the list passes for an empty list.
func TestEmptyListIsSeen(t *testing.T) {
	const head = "origins: [\"https://a.example\"]\nsteps: [{open: \"https://a.example\"}, {publish: Go}]\nlist: "
	const each = "{read-each: {at: css/tr, read: {url: {at: css/a, from: link}, title: {at: css/a}}}}"
	const ads = "{if: css/tr, then: [" + each + "]}"
	const opened = `{open: "https://a.example/my"}`
	for list, want := range map[string]bool{
		"[" + opened + ", " + each + "]":                                                                        true,
		"[" + opened + ", " + ads + "]":                                                                         false,
		"[" + opened + ", {expect: [css/tr, No ads yet]}, " + ads + "]":                                         true,
		"[" + opened + ", {wait-for: [css/tr, No ads yet]}, " + ads + "]":                                       true,
		"[" + opened + ", {wait-for: My ads, optional: 2s}, " + ads + "]":                                       false,
		"[" + opened + ", " + ads + ", {expect: My ads}]":                                                       true,
		"[" + opened + ", " + ads + ", {open: \"https://a.example/\"}, {expect: Home}]":                         false,
		"[{expect: Log in}, " + opened + ", " + ads + "]":                                                       false,
		"[" + opened + ", {expect: My ads}, {click: Active}, " + ads + "]":                                      false,
		"[" + opened + ", {expect: {gone: Log in}}, " + ads + "]":                                               false,
		"[" + opened + ", {expect: {url: \"*/my\"}}, " + ads + "]":                                              false,
		"[" + opened + ", {expect: [{url: \"*/my\"}, My ads]}, " + ads + "]":                                    false,
		"[" + opened + ", {if: css/tr, then: [" + each + "], else: [{expect: No ads yet}]}]":                    true,
		"[" + opened + ", {if: css/tr, then: [" + each + "], else: [{click: Next}]}]":                           false,
		"[" + opened + ", {if: My ads, then: [{expect: My ads}, " + ads + "]}]":                                 false,
		"[" + opened + ", {pages: {until: The end, cases: [{on: Ads, steps: [" + each + ", {click: Next}]}]}}]": true,
	} {
		f, err := Parse("test.yaml", []byte(head+list))
		if err != nil {
			t.Errorf("%s: %v", list, err)
			continue
		}
		err = f.CheckApp()
		if (err == nil) != want || err != nil && !strings.Contains(err.Error(), "You have no ads") {
			t.Errorf("%s: %v", list, err)
		}
	}
}
