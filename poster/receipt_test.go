package poster

import (
	"bytes"
	"flag"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mailapp/poster/ledger"
)

var update = flag.Bool("update", false, "write the golden files anew")

// onePixel is the smallest PNG that is one.
const onePixel = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU" +
	"\x00\x00\x00\nIDATx\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82"

var boundary = regexp.MustCompile(`mailapp-[A-Z2-7]{26}`)

// C19: golden receipts, to the byte but for MIME boundaries.
func TestGoldenReceipts(t *testing.T) {
	p := &Poster{From: "mailapp@example.org"}
	now := time.Date(2026, 11, 21, 9, 42, 0, 0, time.UTC)
	job := aJob()
	job.Title, job.Subject = "Küche & <Tisch>", "Küche & <Tisch> - 40 €"
	job.References = "<0@example.org>\r\nBcc: everybody@example.org"
	for name, o := range map[string]Outcome{
		"posted": {State: ledger.Posted, Photos: 2, Screenshot: []byte(onePixel),
			Result: ledger.Result{URL: "https://site.example/ad/1001?a=1&b=2", Number: "1001", Reads: "expires: 21 December\n"}},
		"answer": {State: ledger.Posted, Screenshot: []byte(onePixel),
			Result: ledger.Result{Answer: true, Reads: "bus: 12 to <Main> Street\nleaves: 9:57\n"}},
		"posted-plain": {State: ledger.Posted},
		"rejected":     {State: ledger.Rejected, Result: ledger.Result{Said: "Price required <b>now</b>"}},
		"given-up":     {State: ledger.Held, GivenUp: true, Result: ledger.Result{Said: "It was tried for 3 days, and each time something was in the way that you cannot mend."}},
		"held":         {State: ledger.Held, Result: ledger.Result{Said: lostInDoubt}, Screenshot: []byte("not a picture")},
	} {
		t.Run(name, func(t *testing.T) {
			job.LeftOut = nil
			if name == "posted" {
				job.LeftOut = []string{"signature: Fred, 555 <1234>", "plan.pdf (not a picture)"}
			}
			got, err := p.compose(job, o, now)
			if err != nil {
				t.Fatal(err)
			}
			headers(t, got)
			compare(t, filepath.Join("testdata", "receipt-"+name+".eml"), boundary.ReplaceAll(got, []byte("BOUNDARY")))
		})
	}
}

// headers checks what RFC 3834 and C19 ask of every mail of ours.
func headers(t *testing.T, data []byte) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Auto-Submitted": "auto-replied", LoopHeader: "1",
		"In-Reply-To": "<1@example.org>", "References": "<0@example.org> <1@example.org>", "Bcc": "",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if id := m.Header.Get("Message-ID"); !regexp.MustCompile(`^<[0-9a-f]{24}\.[a-z0-9-]+@example\.org>$`).MatchString(id) {
		t.Errorf("Message-ID %q", id)
	}
}

func compare(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s; got:\n%s", path, got)
	}
}

// C25: nothing from a mail becomes a header of ours.
func TestThreadIDs(t *testing.T) {
	many := strings.Repeat("<x@y> ", 5)
	for in, want := range map[string]string{
		"<a@b>":                   "<a@b>",
		"<a@b>\r\nBcc: x@y":       "<a@b>",
		"<a@\r\nb>":               "",
		"<a b@c> junk <d@e><f@g>": "<d@e> <f@g>",
		"<ä@b>":                   "",
		many:                      "<x@y>",
	} {
		if got := strings.Join(threadIDs(in), " "); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestNotice(t *testing.T) {
	data, err := Notice{From: "mailapp@example.org", To: "you@example.org", Key: strings.Repeat("0123456789", 5),
		Subject: "mailapp: x needs a look", Text: "Look.\n", Answers: "<1@example.org>", References: "<0@example.org>",
		Screenshot: []byte(onePixel)}.Compose(time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	headers(t, data)
	if !bytes.Contains(data, []byte("image/png")) {
		t.Errorf("no screenshot in\n%s", data)
	}
}
