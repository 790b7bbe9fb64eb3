package flow

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func mustTemplate(t testing.TB, s string) Template {
	t.Helper()
	tpl, err := ParseTemplate(s)
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

func TestTemplate(t *testing.T) {
	values := map[string]string{"site": "https://a.org/", "title": "Sofa & {{body}}", "q": "a/b?c#d é", "empty": ""}
	tests := []struct{ text, want, url string }{
		{"", "", ""},
		{"plain", "plain", "plain"},
		{"{{title}}", "Sofa & {{body}}", "Sofa & {{body}}"}, // a value is not read again
		{"{{ title }}!", "Sofa & {{body}}!", "Sofa & {{body}}!"},
		{"x{{empty}}y", "xy", "xy"},
		{"{{site}}/x?q={{q}}", "https://a.org//x?q=a/b?c#d é", "https://a.org/x?q=a%2Fb%3Fc%23d%20%C3%A9"}, // C25
	}
	for _, tt := range tests {
		tpl := mustTemplate(t, tt.text)
		got, err := tpl.Expand(values)
		if err != nil || got != tt.want {
			t.Errorf("%q: got %q, %v; want %q", tt.text, got, err, tt.want)
		}
		if got, err := tpl.ExpandURL(values); err != nil || got != tt.url {
			t.Errorf("%q as URL: got %q, %v; want %q", tt.text, got, err, tt.url)
		}
		if tpl.String() != tt.text {
			t.Errorf("%q is written %q", tt.text, tpl.String())
		}
	}
	if _, err := mustTemplate(t, "{{nobody}}").Expand(values); err == nil {
		t.Error("an unknown placeholder gives no error")
	}
	if got := mustTemplate(t, "{{a}}{{b}}{{a}}").Names(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("names %v", got)
	}
}

func TestOrigin(t *testing.T) {
	tests := []struct {
		origin, url string
		want        bool
	}{
		{"https://a.org", "https://a.org/x?y", true},
		{"https://a.org/", "https://A.ORG.:443/", true},
		{"https://a.org", "http://a.org/", false},
		{"https://a.org", "https://a.org:8443/", false},
		{"https://a.org:8443", "https://a.org:8443/", true},
		{"https://a.org", "https://www.a.org/", false},
		{"https://a.org", "https://a.org.evil.net/", false},
		{"https://a.org", "https://a.org@evil.net/", false},
		{"https://*.a.org", "https://x.y.a.org/", true},
		{"https://*.a.org", "https://a.org/", false},
		{"https://*.a.org", "https://xa.org/", false},
		{"http://[::1]:80", "http://[::1]/", true},
		{"http://127.0.0.1:1234", "http://localhost:1234/", false},
	}
	for _, tt := range tests {
		o, err := ParseOrigin(tt.origin)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := o.Covers(OriginOf(u)); got != tt.want { // C28
			t.Errorf("%s covers %s: %v, want %v", tt.origin, tt.url, got, tt.want)
		}
		if again, err := ParseOrigin(o.String()); err != nil || again != o {
			t.Errorf("%v written as %s is read as %v, %v", o, o.String(), again, err)
		}
	}
}

func TestFailure(t *testing.T) {
	cause := errors.New("the page shows it")
	f := &Failure{Step: "step 1 (click \"x\"), f:1:1", Page: "https://a.org/x", Said: "Price required", Err: cause}
	if want := `step 1 (click "x"), f:1:1 on https://a.org/x: the page shows it; the page says: Price required`; f.Error() != want {
		t.Errorf("got %s\nwant %s", f, want)
	}
	if !errors.Is(f, cause) {
		t.Error("the cause is lost")
	}
	if got := (&Failure{Err: cause}).Error(); strings.HasPrefix(got, ":") || got != cause.Error() {
		t.Errorf("got %q", got)
	}
}
