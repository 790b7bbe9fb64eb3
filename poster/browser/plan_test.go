package browser

import (
	"testing"

	"mailapp/poster/flow"
)

// C28: a value that is a piece of a host does not choose another host.
func TestExpandOrigin(t *testing.T) {
	values := map[string]string{"site": "https://example.org/ads", "area": "bern", "evil": "evil.org/"}
	for text, want := range map[string]string{
		"{{site}}":                     "https://example.org",
		"https://{{area}}.example.org": "https://bern.example.org",
		"https://{{evil}}.example.org": "",
	} {
		tmpl, err := flow.ParseTemplate(text)
		if err != nil {
			t.Fatal(err)
		}
		if o, err := expandOrigin(tmpl, values); (err == nil) != (want != "") || err == nil && o.String() != want {
			t.Errorf("%s: %v, %v; want %q", text, o, err, want)
		}
	}
}
