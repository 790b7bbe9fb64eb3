package filter

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// open reads a whole message.
func open(t testing.TB, text string) *Message {
	t.Helper()
	m, err := Open(strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatalf("reading %.200q: %v", text, err)
	}
	return m
}

// headerOf reads only the header of a message.
func headerOf(t testing.TB, text string) *Message {
	t.Helper()
	m, err := Read(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatalf("reading %.200q: %v", text, err)
	}
	return m
}

// mailFile reads testdata/mail/name.eml.
func mailFile(t testing.TB, name string) *Message {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "mail", name+".eml"))
	if err != nil {
		t.Fatal(err)
	}
	return open(t, string(data))
}

// wantDefect checks that err is a Defect whose text has part in it and is a
// sentence.
func wantDefect(t *testing.T, err error, part string) {
	t.Helper()
	d, ok := errors.AsType[*Defect](err)
	if !ok {
		t.Fatalf("got error %v, want a defect with %q", err, part)
	}
	if !strings.Contains(d.Text, part) || !strings.HasSuffix(d.Text, ".") || strings.ContainsAny(d.Text, "\r\n\x00") {
		t.Errorf("got %q, want a sentence with %q", d.Text, part)
	}
}

func TestReadLeavesTheBody(t *testing.T) {
	for _, end := range []string{"\n", "\r\n"} {
		text := strings.ReplaceAll("From a Sat\nFrom: a@b.c\nX: 1\n\t2\n\nbody\n", "\n", end)
		r := bufio.NewReader(iotest.OneByteReader(strings.NewReader(text)))
		m, err := Read(r)
		if err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(r)
		if string(rest) != "body"+end {
			t.Errorf("rest is %q", rest)
		}
		if got := string(m.raw) + string(rest); got != text {
			t.Errorf("header and rest are %q, want the message %q", got, text)
		}
		if len(m.Fields()) != 2 || m.Fields()[1].Value != " 1"+end+"\t2" {
			t.Errorf("fields are %q", m.Fields())
		}
		if m.HasBody() || m.Size() != -1 {
			t.Error("a mere header has a body or a size")
		}
	}
}

// C24, and the bad input that the issue names.
func TestReadRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "is empty"},
		{"blank", "\n", "is empty"},
		{"no header", "\n\nhello\n", "not a mail"},
		{"text", "hello world\n", "not a mail"},
		{"binary", "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 5000), "not a mail"},
		{"jpeg", "\xff\xd8\xff\xe0\x00\x10JFIF\n\n", "not a mail"},
		{"large binary", strings.Repeat("\x00", 2<<20), "not a mail"},
		{"mbox line alone", "From a@b Sat\n", "not a mail"},
		{"continuation first", " x\nFrom: a@b.c\n\n", "not a mail"},
		{"no field", "From: a@b.c\nhello world\nTo: x\n\n", "After header field 1"},
		{"letters in the name", "From: a@b.c\nBl\xc3\xb6d: x\n\n", "After header field 1"},
		{"second mbox line", "From: a@b.c\nFrom b Sat\n\n", "After header field 1"},
		{"fields", "From: a@b.c\n" + strings.Repeat("X: y\n", 2000), "more than 2000"},
		{"bytes", "From: a@b.c\nX: " + strings.Repeat("y", 1<<20), "larger than 1 MB"},
		{"folded bytes", "From: a@b.c\nX: " + strings.Repeat("\n y", 1<<19), "larger than 1 MB"},
		{"subject", "From: a@b.c\nSubject: " + strings.Repeat("y", 20_000) + "\n\n", "Subject"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(bufio.NewReader(strings.NewReader(tt.text)))
			wantDefect(t, err, tt.want)
		})
	}
}

func TestReadPassesTroubleOn(t *testing.T) {
	trouble := errors.New("disk on fire")
	_, err := Read(bufio.NewReader(io.MultiReader(strings.NewReader("From: a@b.c\n"), iotest.ErrReader(trouble))))
	if !errors.Is(err, trouble) {
		t.Errorf("got %v", err)
	}
}

func TestHeaderOnly(t *testing.T) {
	m := mailFile(t, "only-header")
	content, err := m.Content()
	if err != nil || content.Text != "" || len(content.Photos) != 0 {
		t.Errorf("got %v, %v", content, err)
	}
	if _, err := headerOf(t, "From: a@b.c\n\nx").Content(); err == nil {
		t.Error("a mere header gave content")
	}
}

func TestGet(t *testing.T) {
	m := headerOf(t, "From: a@b.c\nX: one\n two\nX: three\nY: =?utf-8?q?a=0Ab=E2=80=AEc?=\n\n")
	for name, want := range map[string]string{"x": "one two", "Y": "a bc", "Z": ""} {
		if got := m.Get(name); got != want {
			t.Errorf("Get(%q) = %q, want %q", name, got, want)
		}
	}
}

// C8
func TestMessageID(t *testing.T) {
	tests := []struct{ header, want string }{
		{"Message-ID: <a@b>\n", "<a@b>"},
		{"message-id:\n <a@b> \n", "<a@b>"},
		{"", ""},
		{"Message-ID: <a@b>\nMessage-ID: <c@d>\n", ""},
		{"Message-ID: a@b\n", ""},
		{"Message-ID: <>\n", ""},
		{"Message-ID: >\n", ""},
		{"Message-ID: <a b>\n", ""},
		{"Message-ID: <a> <b>\n", ""},
		{"Message-ID: <a\x00@b>\n", ""},
		{"Message-ID: <" + strings.Repeat("a", 2000) + ">\n", ""},
	}
	for _, tt := range tests {
		if got := headerOf(t, "From: a@b.c\n"+tt.header+"\n").MessageID(); got != tt.want {
			t.Errorf("%.60q: got %q, want %q", tt.header, got, tt.want)
		}
	}
}

// The line before the header tells the envelope sender where nothing else does;
// older ones tell nothing.
func TestMboxSender(t *testing.T) {
	for before, want := range map[string]string{
		"": "none", "From a@b.c Sat Nov 21 09:41:07 2026\n": "a@b.c", "From <a@b.c> Sat Nov 21\n": "a@b.c",
		"From MAILER-DAEMON Sat Nov 21\n": "", "From <> Sat Nov 21\n": "", "From nobody\n": "none",
		">From a@b.c Sat Nov 21\n":                            "none",
		"From a@b.c Sat Nov 21\n>From x@y.z Sat Nov 20\n":     "a@b.c",
		">From a@b.c Sat Nov 21\nFrom x@y.z Sat Nov 20\n":     "none",
		"From a@b.c Sat Nov 21\n>From x@y Sat\n>From z Sat\n": "a@b.c",
	} {
		m := open(t, before+"From: f@g.h\n\nx\n")
		got, ok := m.MboxSender()
		if !ok {
			got = "none"
		}
		if author, err := m.Author(); got != want || author != "f@g.h" || err != nil {
			t.Errorf("%q: %q, want %q; author %q, %v", before, got, want, author, err)
		}
	}
}

// C8: what servers add changes nothing, what the author wrote does.
func TestDigest(t *testing.T) {
	const mail = "From: a@b.c\nDate: today\nSubject: Sofa\n  red\n\nbody\n\nend\n"
	same := map[string]string{
		"received":  "Received: by x\n" + strings.Replace(mail, "Subject", "Delivered-To: x\nSubject", 1),
		"crlf":      strings.ReplaceAll(mail, "\n", "\r\n"),
		"mbox":      "From a@b.c Sat\n" + mail + "\n",
		"ends":      mail + "\n\n\r\n",
		"refolded":  strings.Replace(mail, "Sofa\n  red", "Sofa red", 1),
		"no end":    strings.TrimSuffix(mail, "\n"),
		"other tos": strings.Replace(mail, "From", "To: y\nFrom", 1),
	}
	differ := map[string]string{
		"from":       strings.Replace(mail, "a@b.c", "a@b.d", 1),
		"date":       strings.Replace(mail, "today", "yesterday", 1),
		"subject":    strings.Replace(mail, "Sofa", "Bed", 1),
		"body":       strings.Replace(mail, "body", "bodY", 1),
		"lines":      strings.Replace(mail, "body\n\nend", "body\nend", 1),
		"bare cr":    strings.Replace(mail, "body", "bo\rdy", 1),
		"two crs":    strings.Replace(mail, "body\n", "body\r\r\n", 1),
		"no subject": strings.Replace(mail, "Subject", "X-Subject", 1),
		"moved text": strings.Replace(mail, "today\nSubject: Sofa\n  red", "todaySofa\nSubject: red", 1),
	}
	digest := func(text string) []byte {
		d, err := open(t, text).Digest()
		if err != nil || len(d) != 32 {
			t.Fatal(d, err)
		}
		return d
	}
	want := digest(mail)
	for name, text := range same {
		if !bytes.Equal(digest(text), want) {
			t.Errorf("%s changes the digest", name)
		}
	}
	for name, text := range differ {
		if bytes.Equal(digest(text), want) {
			t.Errorf("%s does not change the digest", name)
		}
	}
	if _, err := headerOf(t, mail).Digest(); err == nil {
		t.Error("a mere header has a digest")
	}
}

func asReader(text string) io.ReaderAt { return strings.NewReader(text) }
