package browser

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const (
	maxSaid = 500 // characters of a site's own words
	blotted = "•••"
)

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

// blotter puts blots in the place of secrets, also where they stand
// percent-encoded as in a URL or escaped as in HTML or a script (C29).
type blotter struct{ *strings.Replacer }

// How browsers write text and attributes (HTML standard, 13.3), in which older
// ones leave < and > as they are.
var (
	inText         = strings.NewReplacer("&", "&amp;", "\u00a0", "&nbsp;", "<", "&lt;", ">", "&gt;")
	inAttribute    = strings.NewReplacer("&", "&amp;", "\u00a0", "&nbsp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
	inOldAttribute = strings.NewReplacer("&", "&amp;", "\u00a0", "&nbsp;", `"`, "&quot;")
)

func newBlotter(secrets ...string) blotter {
	var words []string
	for _, s := range secrets {
		if s != "" {
			words = append(words, s, url.QueryEscape(s), url.PathEscape(s), strings.Join(strings.Fields(s), " "),
				inText.Replace(s), inAttribute.Replace(s), inOldAttribute.Replace(s), strings.Trim(strconv.Quote(s), `"`))
		}
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, w := range slices.Compact(words) {
		if w != "" {
			pairs = append(pairs, w, blotted)
		}
	}
	return blotter{strings.NewReplacer(pairs...)}
}

// pathParameters are those of a path's parts (RFC 3986, 3.3).
var pathParameters = regexp.MustCompile(`;[^/]*`)

// pageURL gives a URL without what may identify a session: query, fragment,
// user, and what follows a semicolon in the path, such as ;jsessionid=.
func pageURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	path := pathParameters.ReplaceAllString(u.EscapedPath(), "")
	return (&url.URL{Scheme: u.Scheme, Host: u.Host}).String() + path
}
