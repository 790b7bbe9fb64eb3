package filter

import "testing"

// C15: one author, judged on raw bytes.
func TestAuthor(t *testing.T) {
	tests := []struct{ from, want string }{
		{"fred@example.org", "fred@example.org"},
		{"<fred@example.org>", "fred@example.org"},
		{"Fred Bloggs <fred@example.org>", "fred@example.org"},
		{"\n Fred Bloggs\n <fred@example.org>", "fred@example.org"},
		{`"Bloggs, Fred" <fred@example.org>`, "fred@example.org"},
		{`"Bloggs: Fred; <x>" <fred@example.org>`, "fred@example.org"},
		{"fred@example.org (Fred)", "fred@example.org"},
		{"Fred (of (nested) Bern, CH) <fred@example.org>", "fred@example.org"},
		{"Fred <Fred.X+tag@EXAMPLE.org>", "Fred.X+tag@example.org"},
		{"=?utf-8?q?Fr=C3=A9d?= <fred@example.org>", "fred@example.org"},
		{"=?x-unknown?q?Fr=C3=A9d?= <fred@example.org>", "fred@example.org"},
		{"Fréd <fred@example.org>", "fred@example.org"},
		{"Fred <fred@bücher.example>", "fred@xn--bcher-kva.example"},
		{"Fred <fred@BÜCHER.example>", "fred@xn--bcher-kva.example"},
		{"Fred <fred@XN--BCHER-KVA.example>", "fred@xn--bcher-kva.example"},
		{"O'Brien <o'brien@example.org>", "o'brien@example.org"},
		{`"'fred@example.org'" <fred@example.org>`, "fred@example.org"},
		{`"FRED@example.org" <fred@example.org>`, "fred@example.org"},
		{"=?utf-8?q?fred=40example=2Eorg?= <fred@example.org>", "fred@example.org"},
		{`"Fred @ Home" <fred@example.org>`, "fred@example.org"},
		{"root <root@localhost>", "root@localhost"},
		{"josé@example.org", "josé@example.org"},
	}
	for _, tt := range tests {
		got, err := headerOf(t, "From: "+tt.from+"\n\n").Author()
		if err != nil || got != tt.want {
			t.Errorf("%q: got %q, %v; want %q", tt.from, got, err, tt.want)
		}
	}
}

// C15
func TestAuthorRefused(t *testing.T) {
	tests := []struct{ name, header, want string }{
		{"none", "To: fred@example.org\n", "no From field"},
		{"two fields", "From: fred@example.org\nFrom: fred@example.org\n", "2 From fields"},
		{"two fields, one odd", "From: fred@example.org\nfrom : eve@evil.example\n", "2 From fields"},
		{"blank before the colon", "From : fred@example.org\n", "blank before its colon"},
		{"mbox line like a field", "From : fred@example.org\nX: y\n", "blank before its colon"},
		{"two addresses", "From: fred@example.org, eve@evil.example\n", "more than one"},
		{"the fake one first", "From: alice@a.example <evil@b.example>\n", "one plain"},
		{"two angles", "From: <fred@example.org> <evil@b.example>\n", "more than one"},
		{"group", "From: Friends: fred@example.org;\n", "group"},
		{"group of two", "From: Friends: fred@example.org, eve@evil.example;\n", "group"},
		{"empty group", "From: undisclosed:;\n", "group"},
		{"route", "From: <@evil.example:fred@example.org>\n", "group"},
		{"NUL", "From: fred@example.org\x00\n", "control"},
		{"NUL inside", "From: Fred\x00 <fred@example.org>\n", "control"},
		{"bare CR", "From: fred@example.org\rX: y\n", "control"},
		{"bare CR before the end", "From: fred@example.org\r\r\n", "control"},
		{"ESC", "From: \x1b[0m <fred@example.org>\n", "control"},
		{"not UTF-8", "From: Fr\xe9d <fred@example.org>\n", "neither ASCII"},
		{"other address shown", "From: \"fred@example.org\" <eve@evil.example>\n", "another address"},
		{"shown with a word", "From: \"Fred fred@example.org\" <eve@evil.example>\n", "another address"},
		{"shown in a comment", "From: eve@evil.example (fred@example.org)\n", "another address"},
		{"shown in a comment after", "From: Eve <eve@evil.example> (fred@example.org)\n", "another address"},
		{"shown encoded", "From: =?utf-8?q?fred=40example=2Eorg?= <eve@evil.example>\n", "another address"},
		{"shown in base64", "From: =?utf-8?b?ZnJlZEBleGFtcGxlLm9yZw?= <eve@evil.example>\n", "another address"},
		{"shown in two words", "From: =?utf-8?q?fred=40?= =?utf-8?q?example=2Eorg?= <eve@evil.example>\n", "another address"},
		{"shown full-width", "From: =?utf-8?b?ZnJlZO+8oGV4YW1wbGXvvI5vcmc=?= <eve@evil.example>\n", "another address"},
		{"shown with zero widths", "From: \"fred\u200b@\u200bexample.org\" <eve@evil.example>\n", "another address"},
		{"shown with a longer name", "From: \"fred@example.org\" <d@example.org>\n", "another address"},
		{"quoted at", "From: \"ceo@good.example\"@evil.example\n", "not one that can be answered"},
		{"quoted blank", "From: \"a b\"@example.org\n", "not one that can be answered"},
		{"encoded address", "From: =?utf-8?q?fred=40example=2Eorg?=\n", "one plain"},
		{"encoded local part", "From: =?utf-8?q?fred?=@example.org\n", "not one that can be answered"},
		{"encoded domain", "From: fred@=?utf-8?q?example.org?=\n", "not one that can be answered"},
		{"full-width domain", "From: fred@ｅxample.org\n", "not one that can be answered"},
		{"literal", "From: fred@[192.0.2.1]\n", "not one that can be answered"},
		{"empty", "From:\n", "one plain"},
		{"null", "From: <>\n", "one plain"},
		{"no domain", "From: fred\n", "one plain"},
		{"open quote", "From: \"fred@example.org\n", "does not end"},
		{"open comment", "From: fred@example.org (x\n", "does not end"},
		{"hidden by a comment", "From: fred@example.org (\\) <eve@evil.example>\n", "does not end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := headerOf(t, tt.header+"\n").Author()
			wantDefect(t, err, tt.want)
			if got != "" {
				t.Errorf("gave %q with the error", got)
			}
		})
	}
	_, err := mailFile(t, "two-from").Author()
	wantDefect(t, err, "2 From fields")
}

func FuzzAuthor(f *testing.F) {
	for _, seed := range []string{"fred@example.org", `"a\"b" <a@b.c>`, "=?utf-8?q?a=40b?= <a@b.c>", "a:b@c;", "(x)a@b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, from string) {
		m, err := Open(asReader("From: "+from+"\n\n"), int64(len(from)+8))
		if err != nil {
			return
		}
		author, err := m.Author()
		if err != nil {
			wantDefect(t, err, "")
			return
		}
		if again, err := normalAddress(author); err != nil || again != author {
			t.Errorf("%q gives %q, which gives %q, %v", from, author, again, err)
		}
	})
}
