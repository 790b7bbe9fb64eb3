package browser

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
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
		"A \u00a0B&C":        "•••", // as a style sheet may write it
		"the word is a b…":   "the word is •••…",
		"A b&c is no secret": "A b&c is no secret",
	} {
		if got := b.Replace(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := newBlotter().Replace("abc"); got != "abc" {
		t.Errorf("without secrets: %q", got)
	}
}

// C29: a secret is known in every way in which a page, a URL or a header writes it.
func TestBlotterSpellings(t *testing.T) {
	const secret = `pä/ss<"w&o'r\d+`
	b := newBlotter(secret)
	spellings := []string{
		`p%c3%a4%2fss%3c%22w%26o%27r%5cd%2b`, `p%C3%A4%2Fss%3C%22w%26o'r%5Cd%2B`, `p%25C3%25A4%252Fss%253C%2522w%2526o%2527r%255Cd%252B`,
		`p\u00e4\/ss\u003c\"w\u0026o\u0027r\\d\u002b`, `p\u00E4/ss\u003C\u0022w\u0026o'r\\d\u002B`, `p\xe4\x2fss\x3C\"w\x26o\'r\\d+`,
		`pä/ss&lt;&quot;w&amp;o&#39;r\d+`, `pä&#x2F;ss&#60;&#34;w&#38;o&#x27;r\d&#43;`, `p&#228;/ss&amp;lt;"w&amp;amp;o&apos;r\d+`,
	}
	for _, before := range []string{"", "f:", "fred@example.org:", "x:"} {
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
			spellings = append(spellings, encoding.EncodeToString([]byte(before+secret)))
		}
	}
	for _, s := range spellings {
		if got := b.Replace("[" + s + "]"); got != "["+blotted+"]" {
			t.Errorf("%s became %s", s, got)
		}
	}
	for _, whole := range []string{secret, "a long pass word"} {
		b := newBlotter(whole)
		for n := 2; n < len([]rune(whole)); n++ {
			part := strings.TrimSpace(string([]rune(whole)[:n]))
			if len(part) < minCut {
				continue
			}
			if got := b.Replace(`"x ` + part + `…" it says`); got != `"x •••…" it says` {
				t.Errorf("of the first %d characters: %s", n, got)
			}
		}
	}
}

// C24, C29: the site decides how many and how long the secrets are that it keeps in
// the browser, and how large its pages: all are looked for in seconds.
func TestBlotterOfManySecrets(t *testing.T) {
	row := func(i int) string { return fmt.Sprintf("%x", sha256.Sum256([]byte{byte(i), byte(i >> 8)})) }
	long := ""
	for i := range 500 {
		long += row(i)
	}
	items := map[string]string{"all": long}
	for i := range 150 {
		items[row(i)] = "the login is " + row(1000 + i)[:20] + "_" + row(1000 + i)[20:]
	}
	var r run
	r.hideStorage(storage{"https://site.example": items})
	page := strings.Repeat("<p>Words, and "+long[:10]+"…</p>\n", 40_000)
	begun := time.Now()
	got := r.blot.Replace(page + strings.Join(slices.Sorted(maps.Values(items)), "\n"))
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	want := strings.Repeat("<p>Words, and •••…</p>\n", 40_000) + strings.Repeat("•••", 32) + strings.Repeat("\nthe login is •••", 150)
	if got != want {
		t.Errorf("%d bytes came of it, not %d", len(got), len(want))
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
