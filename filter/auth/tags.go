package auth

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// parseTags reads a tag list (RFC 6376 §3.2): the value of a DKIM-Signature
// field, a key record, or a DMARC record (RFC 7489 §6.4). White space around
// names and values is taken off. A name that stands twice makes the whole list
// no list, since two readers may believe different ones.
func parseTags(list string) (map[string]string, error) {
	if !utf8.ValidString(list) || strings.ContainsFunc(list, forbiddenInTags) {
		return nil, errors.New("forbidden characters in a tag list")
	}
	tags := map[string]string{}
	for spec := range strings.SplitSeq(list, ";") {
		name, value, ok := strings.Cut(spec, "=")
		name = strings.Trim(name, blanks)
		_, twice := tags[name]
		switch {
		case name == "" && !ok: // behind the last semicolon
			continue
		case !ok || !tagName(name):
			return nil, errors.New("malformed tag list")
		case twice:
			return nil, fmt.Errorf("the tag %s stands twice", shown(name))
		}
		tags[name] = strings.Trim(value, blanks)
	}
	return tags, nil
}

// blanks are those of folding white space (RFC 6376 §2.8).
const blanks = " \t\r\n"

func forbiddenInTags(r rune) bool { return r < ' ' && !strings.ContainsRune(blanks, r) || r == 0x7f }

func tagName(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; ('a' > c || c > 'z') && (i == 0 || s[i] != '_' && (s[i] < '0' || s[i] > '9')) {
			return false
		}
	}
	return s != ""
}

// list divides a tag's value at its colons, in lower case and without blanks
// around the items.
func list(value string) []string {
	items := strings.Split(lower(value), ":")
	for i, item := range items {
		items[i] = strings.Trim(item, blanks)
	}
	return items
}

// withoutBlanks takes out the white space that may stand anywhere in base64
// (RFC 6376 §2.10).
func withoutBlanks(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(blanks, r) {
			return -1
		}
		return r
	}, s)
}
