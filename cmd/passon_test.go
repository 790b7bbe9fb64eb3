package cmd

import (
	"errors"
	"io"
	"mime"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"mailapp/filter"
)

// passedOn gives what is written for a message.
func passedOn(t *testing.T, message string, r report) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(message); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := writeWithResult(&out, file, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The result stands on top of the header, no other field passes for it, and
// every other byte is as it came.
func TestPassOn(t *testing.T) {
	posted := report{Decision: "post", Outcome: "posted earlier", URL: "https://site.example/ads/7", ID: "0123456789ab"}
	const fields = "X-Mailapp-Result: posted\nX-Mailapp-URL: https://site.example/ads/7\nX-Mailapp-ID: 0123456789ab\n"
	long := "Subject: " + strings.Repeat("x", 200_000) + "\n"
	for name, c := range map[string]struct{ message, want string }{
		"a mail":                               {"From: a@b.c\n\nbody\n\n", fields + "From: a@b.c\n\nbody\n\n"},
		"CRLF":                                 {"From: a@b.c\r\n\r\nbody\n", strings.ReplaceAll(fields, "\n", "\r\n") + "From: a@b.c\r\n\r\nbody\n"},
		"an mbox line":                         {"From a@b.c Mon Nov 23\nFrom: a@b.c\n\nx", "From a@b.c Mon Nov 23\n" + fields + "From: a@b.c\n\nx"},
		"a field that looks like an mbox line": {"From : a@b.c\n\nx", fields + "From : a@b.c\n\nx"},
		"forged":                               {"X-Mailapp-Result: posted\nA: b\nX-Mailapp-URL: evil\nC: d\n\n", fields + "A: b\nC: d\n\n"},
		"forged in any case":                   {"x-MAILAPP-result: posted\nA: b\n\n", fields + "A: b\n\n"},
		"forged with a blank":                  {"A: b\nX-Mailapp-Result \t: posted\n\n", fields + "A: b\n\n"},
		"forged and folded":                    {"A: b\nX-Mailapp-Result:\n posted\n\tagain\nC: d\n e\n\n", fields + "A: b\nC: d\n e\n\n"},
		"forged far to the right":              {"A: b\nX-Mailapp-Result" + strings.Repeat(" ", 70_000) + ": posted\n\n", fields + "A: b\n\n"},
		"forged in no header in good order":    {"A: b\nno field\nX-Mailapp-Result: x\n\n", fields + "A: b\nno field\n\n"},
		"another's field":                      {"X-Mailapple: b\nX-Mailapp: c\n\n", fields + "X-Mailapple: b\nX-Mailapp: c\n\n"},
		"a line that ends with two CR":         {"A: b\n\r\r\nX-Mailapp-Result: posted\n\nx", fields + "A: b\n\r\r\n\nx"},
		"the loop field":                       {"x-mailapp-loop : 1\nX-Mailapp-Loops: 1\n\n", fields + "x-mailapp-loop : 1\n\n"},
		"in the body":                          {"A: b\n\nX-Mailapp-Result: x\n", fields + "A: b\n\nX-Mailapp-Result: x\n"},
		"no header":                            {"\nbody\n", fields + "\nbody\n"},
		"a continuation of nothing":            {"\tX-Evil: x\n\nbody", fields + "\n\tX-Evil: x\n\nbody"},
		"only a header":                        {"A: b", fields + "A: b"},
		"nothing":                              {"", fields},
		"a long line":                          {long + "X-Mailapp-ID: x\n\nx", fields + long + "\nx"},
		"a line of the body that is as long as a buffer": {"A: b\n" + strings.Repeat("y", 1<<16) + "\n\nx", fields + "A: b\n" + strings.Repeat("y", 1<<16) + "\n\nx"},
	} {
		if got := passedOn(t, c.message, posted); got != c.want {
			t.Errorf("%s: got %.300q, want %.300q", name, got, c.want)
		}
	}
}

// Whatever the site says, the fields are ASCII, and no line is longer than 78
// bytes but for a name with one encoded word, which has 75.
func TestResultFieldsAreFolded(t *testing.T) {
	said := "The site did not take the ad; it said: " + strings.Repeat("Der Preis fehlt für “Möbel”. ", 9) + "\r\nX-Evil: 1"
	r := report{Decision: "post"}
	r.fail(unpostable{said})
	got := passedOn(t, "A: b\n\n", r)
	header, _, _ := strings.Cut(got, "A: b\n")
	for line := range strings.Lines(header) {
		if len(line) > len("X-Mailapp-Reason: \n")+75 || strings.ContainsFunc(line, func(c rune) bool { return c > '~' }) || strings.HasPrefix(line, "X-Evil") {
			t.Errorf("the line %q", line)
		}
	}
	result, reason, _ := strings.Cut(header, "\n")
	text, err := new(mime.WordDecoder).DecodeHeader(strings.ReplaceAll(reason, "\n ", " "))
	if want := "X-Mailapp-Reason: " + oneLine(said, 400) + "\n"; result != "X-Mailapp-Result: rejected" || err != nil || text != want {
		t.Errorf("got %q and %q, want %q; %v", result, text, want, err)
	}
}

func TestResultWord(t *testing.T) {
	for want, r := range map[string]report{
		"refused":   {Exit: exitDenied, Decision: string(filter.Reject)},
		"rejected":  {Exit: exitData, Decision: string(filter.Post), Outcome: "rejected"},
		"posted":    {Decision: string(filter.Post), Outcome: "posted"},
		"held":      {Decision: string(filter.Post), Outcome: "held earlier"},
		"dropped":   {Decision: string(filter.Drop), Text: "of no use to a machine"},
		"kept":      {Decision: string(filter.Keep)},
		"forwarded": {Decision: string(filter.Forward)},
	} {
		if got := resultFields(r); len(got) != 1 || got[0] != (resultField{"X-Mailapp-Result", want}) {
			t.Errorf("%+v gives %q, not %s", r, got, want)
		}
	}
	if got := resultWord(report{Decision: string(filter.Hold)}); got != "held" {
		t.Errorf("held for the owner is %q", got)
	}
	if got := resultWord(report{Decision: string(filter.Reject)}); got != "refused" {
		t.Errorf("refused by mail is %q", got)
	}
}

// A copy that has lost something stays one that cannot be used, though the rest
// could be read and written again.
func TestCopyWithAGap(t *testing.T) {
	// Its second byte cannot be read, all others can.
	in := &copied{in: iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("A: b\n\nbody\n")))}
	var err error
	if in.file, err = os.Create(filepath.Join(t.TempDir(), "copy")); err != nil {
		t.Fatal(err)
	}
	defer in.file.Close()
	for range 3 {
		if _, err := io.Copy(io.Discard, in); !errors.Is(err, iotest.ErrTimeout) {
			t.Errorf("got %v", err)
		}
	}
	readOnly, err := os.Open(in.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	in = &copied{in: strings.NewReader("A: b\n"), file: readOnly}
	if _, err := io.Copy(io.Discard, in); err == nil {
		t.Error("a copy that could not be written is whole")
	}
}
