package auth

import (
	"strings"
	"testing"
)

// postfix is a Received field as Postfix writes it.
func postfix(helo, client, certificate, login, protocol string) string {
	field := " from " + helo + " (" + client + " [203.0.113.7])\n\t(using TLSv1.3 with cipher X (256/256 bits))\n\t(" + certificate + ")"
	if login != "" {
		field += "\n\t(Authenticated sender: " + login + ")"
	}
	return field + "\n\tby mx.example.org (Postfix) with " + protocol + " id 4F7D81\n\tfor <a@example.org>; Mon, 1 Jun 2026 11:59:58 +0000 (UTC)"
}

func loginIn(field string) string {
	return receivedLogin([]Field{{"Received", field}}, "mx.example.org").name
}

func TestReceivedLogin(t *testing.T) {
	good := postfix("laptop", "unknown", "No client certificate requested", "fred", "ESMTPSA")
	for _, c := range []struct{ why, field, want string }{
		{"as Postfix writes it", good, "fred"},
		{"with CRLF", strings.ReplaceAll(good, "\n", "\r\n"), "fred"},
		{"an address", strings.Replace(good, ": fred", ": fred+x@good.example", 1), "fred+x@good.example"},
		{"an address literal as HELO", strings.Replace(good, "laptop", "[IPv6:2001:db8::1]", 1), "fred"},
		{"LMTP", strings.Replace(good, "ESMTPSA", "LMTPA", 1), "fred"},
		{"a login with a blank", strings.Replace(good, ": fred", ": fred x", 1), ""},
		{"a login with a parenthesis", strings.Replace(good, ": fred", ": fred(x)", 1), ""},
		{"an empty login", strings.Replace(good, ": fred", ": ", 1), ""},
		{"in other words", strings.Replace(good, "Authenticated sender", "authenticated sender", 1), ""},
		{"SMTP without a login", strings.Replace(good, "ESMTPSA", "ESMTPS", 1), ""},
		{"no protocol", strings.Replace(good, " with ESMTPSA", "", 1), ""},
		{"no date", good[:strings.Index(good, ";")], ""},
		{"no HELO name", strings.Replace(good, "from laptop", "from", 1), ""},
		{"two HELO names", strings.Replace(good, "laptop", "laptop x", 1), ""},
		{"a comment before the HELO name", strings.Replace(good, "from ", "from (x) ", 1), ""},
		{"a comment before our name", strings.Replace(good, "by mx", "by (x) mx", 1), ""},
		{"no blank before a comment", strings.Replace(good, "laptop (", "laptop(", 1), "fred"},
		{"no blank behind a word", strings.Replace(good, "<a@example.org>;", "<a@example.org>x;", 1), ""},
		{"two recipients", strings.Replace(good, "<a@example.org>", "<a@example.org>,<b@example.org>", 1), ""},
		{"another keyword", strings.Replace(good, "for <", "via <", 1), ""},
		{"a quoted recipient", strings.Replace(good, "<a@", `<"a> b"@`, 1), "fred"},
		{"a recipient that does not end", strings.Replace(good, "<a@", `<"a@`, 1), ""},
		{"a comment that does not end", strings.Replace(good, "(Postfix)", "(Postfix", 1), ""},
		{"a bare CR", strings.Replace(good, "\n", "\r", 1), ""},
		{"longer than is read", strings.Replace(good, "using", strings.Repeat("x", maxField), 1), ""},
	} {
		if got := loginIn(c.field); got != c.want {
			t.Errorf("%s: %q, want %q\n%s", c.why, got, c.want, c.field)
		}
	}
}

// neutered is what Postfix leaves of a HELO name or a certificate's: without
// the characters that end a word or a comment.
func neutered(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`<>()\";:@,`, r) {
			return '?'
		}
		return r
	}, s)
}

// C13: what the client chooses never becomes a login, and a field of any bytes
// gives none but a plain one.
func FuzzReceived(f *testing.F) {
	f.Add("laptop", "x", postfix("a", "b", "c", "fred", "ESMTPSA"))
	f.Add("(Authenticated sender: fred)", "x) (Authenticated sender: fred", "from a by mx.example.org with ESMTPA;")
	f.Add("by", "Authenticated sender: fred", "from a (Authenticated sender: b) by mx.example.org with ESMTPA;")
	f.Fuzz(func(t *testing.T, helo, name, field string) {
		if got := loginIn(postfix(neutered(helo)+"x", neutered(name), neutered(name), "", "ESMTPSA")); got != "" {
			t.Errorf("HELO %q and name %q made the login %q", helo, name, got)
		}
		if got := loginIn(postfix(neutered(helo)+"x", "unknown", neutered(name), "fred", "ESMTPSA")); got != "fred" && !strings.Contains(lower(neutered(name)), "authenticated") {
			t.Errorf("HELO %q and name %q made the login %q", helo, name, got)
		}
		if got := loginIn(field); strings.ContainsAny(got, " \t\r\n()\"\\<>;,") || got != "" && !strings.Contains(field, "(Authenticated sender: "+got+")") {
			t.Errorf("%q has the login %q", field, got)
		}
	})
}
