package browser

import (
	"io"
	"os"
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	long := strings.Repeat("é", 600)
	for in, want := range map[string]string{
		" a\r\n\tb\u00a0c ":     "a b c",
		"\x1b[31mred\x07\u202e": "[31mred",
		"\ufffd":                "",
		long:                    strings.Repeat("é", 499) + "…",
	} {
		if got := clean(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// C29
func TestBlotter(t *testing.T) {
	b := newBlotter("a b&c", "a b", "")
	for in, want := range map[string]string{
		"login a b&c failed": "login ••• failed",
		"?p=a+b%26c&q=1":     "?p=•••&q=1",
		"/a%20b&c/":          "/•••/",
		"pin a b":            "pin •••",
		"nothing":            "nothing",
	} {
		if got := b.Replace(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := newBlotter().Replace("abc"); got != "abc" {
		t.Errorf("without secrets: %q", got)
	}
}

func TestPageURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://u:p@a.org:8443/x%2Fy?session=1#z": "https://a.org:8443/x%2Fy",
		"https://a.org/x;jsessionid=1/y;a=b":       "https://a.org/x/y",
		"https://a.org/%3B;v":                      "https://a.org/%3B",
		"https://a.org":                            "https://a.org",
		"about:blank":                              "",
		"chrome-error://x/":                        "",
		"data:text/html,secret":                    "",
		"::":                                       "",
	} {
		if got := pageURL(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// Messages of any length pass the pipe whole; half of one is none.
func TestPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := newPipe(w, r)
	messages := []string{"{}", strings.Repeat("x", 200<<10), ""}
	go func() {
		for _, m := range messages {
			p.Send([]byte(m))
		}
		io.WriteString(w, "half")
		w.Close()
	}()
	for _, want := range messages {
		got, err := p.Read()
		if err != nil || string(got) != want {
			t.Errorf("got %d bytes, %v; want %d", len(got), err, len(want))
		}
	}
	if got, err := p.Read(); err != io.EOF {
		t.Errorf("got %q, %v at the end", got, err)
	}
}
