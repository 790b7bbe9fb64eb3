package poster

import "testing"

// C10: titles that a site has rewritten still match, and others do not.
func TestFits(t *testing.T) {
	for _, c := range []struct {
		title, shown string
		want         bool
	}{
		{"Sofa, two seats", "Sofa, two seats", true},
		{"Sofa, two seats", "SOFA two seats!", true},
		{"Küche & Tisch", "Kueche Tisch", true},
		{"Küche & Tisch", "Kuche & Tisch", true},
		{"Ku\u0308che", "KÜCHE", true}, // decomposed
		{"Straßenrad", "STRASSENRAD", true},
		{"Œuvre à l’huile", "Oeuvre a l'huile", true},
		{"ﬁne chair", "fine chair", true},
		{"Sofa", "Verkaufe: Sofa – 40 €", true},
		{"A very long title of a very old sofa", "A very long title of a…", true},
		{"Sofa bed with drawers", "Sofa", false}, // too little is left to know it by
		{"Sofa", "Lamp", false},
		{"Sofa, blue", "Sofa, red", false},
		{"沙发", "沙发", true},
		{"沙发", "灯", false},
		{"!!!", "!!!", true},
		{"!!!", "???", false},
		{"", "Lamp", false},
	} {
		if got := fits(c.title, c.shown); got != c.want {
			t.Errorf("%q shown as %q: %v (%q, %q)", c.title, c.shown, got, Fold(c.title), Fold(c.shown))
		}
	}
}
