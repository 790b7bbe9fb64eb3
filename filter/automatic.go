package filter

// C18: what a machine sent is neither posted nor answered (RFC 3834 §2, RFC
// 2919, RFC 6522). Here is the part that the header shows; the envelope sender
// is judged in decide.go.

import (
	"slices"
	"strings"
)

// Automatic says by which sign no person wrote this message, "" if there is
// none.
func (m *Message) Automatic() string {
	for _, f := range m.fields {
		name := strings.ToLower(strings.TrimRight(f.Name, " \t"))
		if why := automaticSign(name, f.Value); why != "" {
			return why
		}
	}
	return ""
}

func automaticSign(name, value string) string {
	switch {
	case name == strings.ToLower(loopField):
		return "mailapp itself sent it"
	case strings.HasPrefix(name, "list-"):
		return "it has a " + listName(name) + " field, as mailing lists write"
	case name == "auto-submitted" && keyword(value) != "no":
		return "its Auto-Submitted field is not \"no\""
	case name == "precedence" && slices.Contains([]string{"bulk", "junk", "list"}, keyword(value)):
		return "its Precedence field says " + keyword(value)
	case name == "content-type" && keyword(value) == "multipart/report":
		return "it is a report (multipart/report)"
	case name == "return-path" && strings.Join(strings.Fields(value), "") == "<>":
		return "its Return-Path is empty"
	}
	return ""
}

// keyword gives the first word of a structured value, in lower case and without
// comments (RFC 5322 §3.2.2) and parameters.
func keyword(value string) string {
	value = strings.TrimSpace(unfold(value))
	for strings.HasPrefix(value, "(") {
		_, after, ok := strings.Cut(value, ")")
		if !ok {
			return ""
		}
		value = strings.TrimSpace(after)
	}
	if i := strings.IndexAny(value, " \t;("); i >= 0 {
		value = value[:i]
	}
	return strings.ToLower(value)
}

// listName shows a List-* name without trusting the mail with its length.
func listName(name string) string {
	known := []string{"list-id", "list-post", "list-help", "list-unsubscribe", "list-unsubscribe-post", "list-subscribe", "list-owner", "list-archive"}
	if slices.Contains(known, name) {
		return "List" + name[len("list"):]
	}
	return "List-*"
}
