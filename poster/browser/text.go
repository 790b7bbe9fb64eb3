package browser

import (
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

const maxSaid = 500 // characters of a site's own words

// clean makes a text fit for one line of a message.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > maxSaid {
		s = string(runes[:maxSaid-1]) + "…"
	}
	return s
}

// pathParameters are those of a path's parts (RFC 3986, 3.3).
var pathParameters = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`;[^/]*`) })

// pageURL gives a URL without what may identify a session: query, fragment,
// user, and what follows a semicolon in the path, such as ;jsessionid=.
func pageURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	path := pathParameters().ReplaceAllString(u.EscapedPath(), "")
	return (&url.URL{Scheme: u.Scheme, Host: u.Host}).String() + path
}
