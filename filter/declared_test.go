package filter

import (
	"slices"
	"strings"
	"testing"
)

// anApp takes every type of field.
var anAppWithFields = &App{
	Fields: []Field{
		{"category", ChoiceField, []string{"Furniture", "Bücher"}}, {"area", TextField, nil}, {"rooms", NumberField, nil},
		{"price", PriceField, nil}, {"end", DateField, nil}, {"swap", YesNoField, nil}, {"tags", TagsField, nil}, {"title", TextField, nil}, {"currency", ChoiceField, []string{"EUR", "CHF"}},
	},
	PriceFormat: "1.234,56",
}

func TestDeclaredFields(t *testing.T) {
	tests := []struct{ subject, text, name, want, body string }{
		{"Sofa", "category: furniture\n\nBlue.", "category", "Furniture", "Blue."},
		{"Sofa", "Category : BÜCHER\nBlue.", "category", "Bücher", "Blue."},
		{"Sofa", "\ncolour: blue\narea: Bern\nx: y\n\nBlue.", "area", "Bern", "colour: blue\nx: y\n\nBlue."},
		{"Sofa", "area: Bern\n\nrooms: 2,5\n\nBlue.\nrooms: 3", "rooms", "2.5", "Blue.\nrooms: 3"},
		{"Sofa", "Blue.\narea: Bern", "area", "", "Blue.\narea: Bern"},
		{"Sofa", "x: y\n\ncolour: blue\narea: Bern", "area", "", "x: y\n\ncolour: blue\narea: Bern"},
		{"Sofa - $40", "price: CHF 1'200.50", "price", "1.200,50", ""},
		{"Sofa - $40", "price: CHF 1'200.50", "title", "Sofa", ""},
		{"Sofa - $40", "price: CHF 1'200.50", "currency", "CHF", ""},
		{"Sofa - $40", "currency: chf", "currency", "CHF", ""},
		{"Sofa - $40", "price: free", "price", "0", ""},
		{"Sofa", "price: 40 obo", "price", "40", ""},
		{"Sofa", "price: 40", "price", "40", ""},
		{"Sofa 1234 €", "Blue.", "price", "1.234", "Blue."},
		{"Sofa", "end: 24.12.2026", "end", "2026-12-24", ""},
		{"Sofa", "end: 2026-12-24", "end", "2026-12-24", ""},
		{"Sofa", "swap: Ja", "swap", "yes", ""},
		{"Sofa", "tags: #sofa, big  blue,sofa", "tags", "sofa, big blue", ""},
		{"Sofa #red", "Blue #sofa here.\n#Blue #red #1\n#sofa  #Red\n", "tags", "red, sofa", "Blue #sofa here.\n#Blue #red #1"},
		{"Sofa #red", "tags: x\nBlue.", "title", "Sofa", "Blue."},
		{"Re: x", "title: A sofa: blue\nBlue.", "title", "A sofa: blue", "Blue."},
		{"", "title: A sofa", "title", "A sofa", ""},
		{"Sofa", "area： Bern\nBlue.", "area", "Bern", "Blue."},
	}
	for _, tt := range tests {
		fields, _, err := open(t, "From: a@b.c\nSubject: "+tt.subject+"\nContent-Type: text/plain; charset=utf-8\n\n"+tt.text).PostFields(anAppWithFields)
		if err != nil {
			t.Fatalf("%q: %v", tt.text, err)
		}
		if fields[tt.name] != tt.want || fields["body"] != tt.body {
			t.Errorf("%q: %s is %q, want %q; body %q, want %q", tt.text, tt.name, fields[tt.name], tt.want, fields["body"], tt.body)
		}
	}
}

// A wrong value is answered with its line and an example that is right; and the
// example is taken.
func TestWrongFields(t *testing.T) {
	for text, want := range map[string]string{
		"category: sofas":                   `The line "category: sofas" of the message cannot be understood. Please write it as in: category: Furniture (category is one of Furniture, Bücher).`,
		"rooms: many":                       "rooms: 12.5 (rooms is a number).",
		"price: a lot":                      "price: 40 (price is a price).",
		"price: $40 and more":               "price: 40 ",
		"price: $40 - $50":                  "price: 40 ",
		"end: tomorrow":                     "end: 2026-12-24 (end is a date).",
		"swap: perhaps":                     "swap: yes (swap is a yes or a no).",
		"tags: 1":                           "tags: sofa, blue ",
		"area: " + strings.Repeat("ä", 201): "area: Bern (area is at most 200 letters long).",
		"area:":                             "area: Bern (area has no value).",
		"rooms: 1\n\nrooms: 2":              `The message says rooms twice; the second time it is "rooms: 2".`,
		"rooms: \x1b[2J1":                   `The line "rooms: [2J1"`,
		"area: x\nrooms: 1" + "234" + ",":   `The line "rooms: 1234,"`,
	} {
		_, _, err := open(t, "From: a@b.c\nSubject: Sofa\nContent-Type: text/plain; charset=utf-8\n\n"+text).PostFields(anAppWithFields)
		wantDefect(t, err, want)
	}
	for _, f := range anAppWithFields.Fields {
		if _, ok := f.read(f.Example()); !ok {
			t.Errorf("%s: the example %q is wrong", f.Name, f.Example())
		}
	}
}

func TestPrices(t *testing.T) {
	for subject, want := range map[string]price{
		"Sofa - $40":               {"40", "$"},
		"Sofa US$40":               {"40", "USD"},
		"Sofa 40 €":                {"40", "EUR"},
		"Sofa 12.5 €":              {"12.50", "EUR"},
		"Sofa CHF 1'200.-":         {"1200", "CHF"},
		"Sofa Fr. 40.–":            {"40", "CHF"},
		"Sofa 1.234,56 EUR":        {"1234.56", "EUR"},
		"Sofa £1,200":              {"1200", "GBP"},
		"Диван 500 руб":            {"500", "RUB"},
		"Sofa 40.-":                {"40", ""},
		"Sofa 40,- VB":             {"40", ""},
		"Sofa 40 VB":               {"40", ""},
		"Sofa VB 40":               {"40", ""},
		"Sofa, asking 40":          {"40", ""},
		"Sofa $40 obo":             {"40", "$"},
		"Zu verschenken: Sofa":     {"0", ""},
		"[FREE] Sofa":              {"0", ""},
		"Sofa à donner":            {},
		"Sofa - gratis":            {"0", ""},
		"Free range eggs":          {},
		"Best price 2024 model":    {},
		"Mattress 140 firm":        {},
		"Sofa 40 x 50 cm":          {},
		"Vase 40.5 cm":             {},
		"iPhone 12 VB 300":         {}, // or 12?
		"Sofa 40 VB, chair 10 VB":  {},
		"Sofa $40 obo, chair 10.-": {},
		"Sofa $1 200":              {},
		"Sofa €1\u00a0200":         {},
		"Sofa 1\u202f200 €":        {},
		"₹12,50,000 Swift car":     {},
		"Rs. 1,50,000 bike":        {},
		"House €1 Mio":             {},
		"House 1.5 € million":      {},
		"House $2 million":         {},
		"House $2M":                {},
		"Sofa 40 to 50 €":          {},
		"Sofa 40 bis 50 €":         {},
		"Sofa $40 to 50":           {},
		"Boat 14 ft":               {},
		"Boat 14 Ft":               {},
		"Sofa 14000 Ft":            {"14000", "HUF"},
		"Dumbbells 20 pounds":      {},
		"100 Dollar Bill framed":   {},
		"2 Euro Münze":             {},
		"Sofa $40 to go":           {"40", "$"},
		"Sofa $300, 140 cm":        {"300", "$"},
		"Sofa 40 € and table":      {"40", "EUR"},
	} {
		if _, got := splitSubject(subject); got != want {
			t.Errorf("%q: got %q, want %q", subject, got, want)
		}
	}
	for _, example := range PriceFormats {
		if got := formatPrice("1234.56", example); got != example {
			t.Errorf("as %q: %q", example, got)
		}
	}
	if got := formatPrice("1234567", "1'234.56") + formatPrice("123", "1,234.56") + formatPrice("", "1,234.56"); got != "1'234'567123" {
		t.Error(got)
	}
}

func TestCutTitle(t *testing.T) {
	for _, tt := range []struct {
		title string
		most  int
		want  string
	}{
		{"Sofa, blue", 10, "Sofa, blue"}, {"Sofa, blue", 9, "Sofa"}, {"Sofa, blue", 5, "Sofa"}, {"Sofa, blue", 3, "Sof"},
		{"Küchentisch", 5, "Küche"}, {"Sofa", 0, "Sofa"}, {"沙发 很好", 4, "沙发"},
	} {
		if got := CutTitle(tt.title, tt.most); got != tt.want {
			t.Errorf("%q to %d: %q, want %q", tt.title, tt.most, got, tt.want)
		}
	}
}

// C25: the HTML has nothing of the mail but words and addresses of the web.
func TestSimpleHTML(t *testing.T) {
	text := "One <b>&\ntwo\n\nIt has:\n- legs\n- a back\n1. x\n\n\n\nhttps://example.org/?a=1&b=\"x. https://e.org/a)."
	want := "<p>One &lt;b&gt;&amp;<br>\ntwo</p>\n<p>It has:</p>\n<ul>\n<li>legs</li>\n<li>a back</li>\n</ul>\n<ol>\n<li>x</li>\n</ol>\n" +
		`<p><a href="https://example.org/?a=1&amp;b=">https://example.org/?a=1&amp;b=</a>&#34;x. <a href="https://e.org/a">https://e.org/a</a>).</p>` + "\n"
	if got := simpleHTML(text); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := simpleHTML("\n\n \n"); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}

// Each rule can be switched off, and then cuts nothing.
func TestRulesSwitchedOff(t *testing.T) {
	for rule, text := range map[string]string{
		cleanEnd:        "One\n[end]\nTwo",
		cleanSignature:  "One\n-- \nFred",
		cleanSentFrom:   "One\n\nSent from my iPhone",
		cleanQuotes:     "One\n\nOn 1.1.2026 a@b.c wrote:\n> Two",
		cleanForwarded:  "Forwarded message:\nFrom: a\nTo: b\nSubject: c\n\nOne",
		cleanListFooter: "One\n\n________________\nx mailing list\nx@y.z",
		cleanDisclaimer: "One\n\nDisclaimer: this e-mail is confidential.",
	} {
		m := open(t, "From: a@b.c\nSubject: Sofa\n\n"+text)
		fields, cut, err := m.PostFields(nil)
		if err != nil || fields["body"] != "One" || len(cut) != 1 || cut[0].Rule != rule {
			t.Errorf("%s: got %q, %q, %v", rule, fields["body"], cut, err)
		}
		fields, cut, err = m.PostFields(&App{NotCleaned: []string{rule}})
		if err != nil || fields["body"] != strings.ReplaceAll(text, "-- \n", "--\n") || len(cut) != 0 {
			t.Errorf("%s off: got %q, %q, %v", rule, fields["body"], cut, err)
		}
	}
	if !slices.Equal(CleanRules, slices.Compact(slices.Clone(CleanRules))) || len(CleanRules) != 7 {
		t.Error("the rules are not those that are tried here")
	}
}

// FuzzClean: nothing is lost. What is not in the text has been cut, and is kept.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{
		"One\n\nOn 1.1.2026 a@b.c wrote:\n> Two\n\n-- \nFred", "a\n-- \nb\n> c\nd", "On 1.1.2026 a@b.c wrote:\n> x\n\ny",
		"Forwarded message:\n\n> From: a\n> To: b\n> Subject: c\n> \n> x", "x\n[end]\ny", "x\n\n____________\nmailing list x@y\n\nDisclaimer: x",
	} {
		f.Add("Fwd: x", seed)
		f.Add("Re: x", seed)
	}
	f.Fuzz(func(t *testing.T, subject, text string) {
		text = cleanText(text)
		m := open(t, "From: Fred <a@b.c>\nSubject: "+strings.Map(func(r rune) rune { return max(r, ' ') }, subject)+"\n\n")
		got, cuts := m.cleaner(nil).clean([]passage{{text, true}})
		for _, c := range cuts {
			got += c.Text
		}
		if want := letters(text); letters(got) != want && letters(strings.Replace(got, "[end]", "", 1)) != strings.Replace(want, letters("[end]"), "", 1) {
			t.Errorf("of %q is left %q", text, got)
		}
	})
}

// letters counts the letters and digits of a text, which is how it is known again
// whatever the order of its pieces.
func letters(text string) string {
	text = strings.ToLower(strings.Replace(strings.ToLower(text), "[end]", "", 1))
	runes := []rune(text)
	runes = slices.DeleteFunc(runes, func(r rune) bool { return strings.ContainsRune(" \t\n>-–—_=*~#\u00a0", r) || r < ' ' })
	slices.Sort(runes)
	return string(runes)
}
