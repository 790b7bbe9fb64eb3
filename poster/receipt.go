package poster

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	texttemplate "text/template"
	"time"

	"mailapp/poster/ledger"
)

// LoopHeader is in every mail that we send or pass on; a mail that has it is
// never acted on.
const LoopHeader = "X-Mailapp-Loop"

//go:embed receipt.txt
var receiptText string

//go:embed receipt.html
var receiptHTML string

// The templates are read when the first receipt is written: most mail gets none.
var (
	textReceipt = sync.OnceValue(func() *texttemplate.Template {
		return texttemplate.Must(texttemplate.New("receipt.txt").Parse(receiptText))
	})
	htmlReceipt = sync.OnceValue(func() *template.Template {
		return template.Must(template.New("receipt.html").Parse(receiptHTML))
	})
)

// receipt is what the templates see.
type receipt struct {
	State      ledger.State
	Title      string
	Result     ledger.Result
	Reads      []string // the lines of Result.Reads
	App, Rule  string
	Site       string
	Photos     int
	LeftOut    []string
	Subject    string
	GivenUp    bool
	Screenshot template.URL // cid: of the picture, or ""
}

// tell sends the sender a receipt: what was posted, why not, or that nobody
// can know.
func (p *Poster) tell(ctx context.Context, job Job, o Outcome) error {
	data, err := p.compose(job, o, p.now())
	if err != nil {
		return err
	}
	return p.Send(ctx, Letter{To: []string{job.Sender}, Data: data})
}

// compose writes the receipt as C19 wants it. Its Message-ID is derived from
// the job and its state, so that a mailbox shows a repeated one once.
func (p *Poster) compose(job Job, o Outcome, now time.Time) ([]byte, error) {
	r := receipt{
		State: o.State, Title: job.Title, Result: o.Result, Reads: lines(o.Result.Reads),
		App: job.App, Rule: job.Rule, Site: job.Site, Photos: o.Photos, LeftOut: job.LeftOut, Subject: job.Subject, GivenUp: o.GivenUp,
	}
	picture := http.DetectContentType(o.Screenshot)
	if strings.HasPrefix(picture, "image/") {
		r.Screenshot = template.URL("cid:" + screenshotID)
	}
	var text, html bytes.Buffer
	if err := textReceipt().Execute(&text, r); err != nil {
		return nil, err
	}
	if err := htmlReceipt().Execute(&html, r); err != nil {
		return nil, err
	}
	body := multipart("alternative", textPart("text/plain", text.Bytes()), textPart("text/html", html.Bytes()))
	if r.Screenshot != "" {
		shot := screenshot(o.Screenshot, picture, "inline")
		shot.add("Content-ID", "<"+screenshotID+">")
		body = multipart("related", body, shot)
	}
	m := automatic(p.From, job.Sender, subjectOf(o)+job.Title, now)
	m.add("Message-ID", messageID(job.Key, strings.ReplaceAll(string(o.State), " ", "-"), p.From))
	m.inThread(job.References, job.MessageID)
	return m.with(body), nil
}

const screenshotID = "screenshot@mailapp"

var subjectPrefix = map[ledger.State]string{
	ledger.Posted: "Posted: ", ledger.Rejected: "Not posted: ", ledger.Held: "Unconfirmed: ",
}

func subjectOf(o Outcome) string {
	switch {
	case o.Result.Answer:
		return "Answer: "
	case o.GivenUp:
		return "Not posted: "
	}
	return subjectPrefix[o.State]
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// Notice is a plain automatic mail about a message: a refusal to its sender or
// a word to the owner.
type Notice struct {
	From, To            string
	ReplyTo             string // where an answer is to go, or ""
	Key, Reason         string // what the Message-ID is derived from, with the day
	Subject, Text       string
	References, Answers string // the message's own References and Message-ID, or ""
	Screenshot          []byte // attached, or nil
}

// Compose writes the notice as C19 wants it.
func (n Notice) Compose(now time.Time) ([]byte, error) {
	m := automatic(n.From, n.To, n.Subject, now)
	m.add("Message-ID", messageID(n.Key, n.kind(now), n.From))
	if n.ReplyTo != "" {
		m.add("Reply-To", (&mail.Address{Address: n.ReplyTo}).String())
	}
	m.inThread(n.References, n.Answers)
	body := textPart("text/plain", []byte(n.Text))
	if n.Screenshot != nil {
		body = multipart("mixed", body, screenshot(n.Screenshot, http.DetectContentType(n.Screenshot), "attachment"))
	}
	return m.with(body), nil
}

// kind tells notices of one job apart: another reason or day is other news.
func (n Notice) kind(now time.Time) string {
	sum := sha256.Sum256([]byte(now.UTC().Format(time.DateOnly) + n.Reason))
	return "notice-" + hex.EncodeToString(sum[:4])
}

// automatic begins a mail that no robot answers (RFC 3834 §3.1.7 and §5) and
// that mailapp itself never acts on.
func automatic(from, to, subject string, now time.Time) *part {
	m := &part{}
	m.add("From", (&mail.Address{Name: "mailapp", Address: from}).String())
	m.add("To", (&mail.Address{Address: to}).String())
	m.add("Subject", encodedWords(subject))
	m.add("Date", now.Format(time.RFC1123Z))
	m.add("Auto-Submitted", "auto-replied")
	m.add("X-Auto-Response-Suppress", "All")
	m.add(LoopHeader, "1")
	return m
}

func messageID(key, kind, from string) string {
	return fmt.Sprintf("<%.24s.%s@%s>", key, kind, domain(from))
}

// inThread makes the mail an answer (RFC 5322 §3.6.4).
func (p *part) inThread(references, answers string) {
	if refs := threadIDs(references, answers); len(refs) > 0 {
		p.add("References", strings.Join(refs, " "))
	}
	if id := threadIDs(answers); len(id) == 1 {
		p.add("In-Reply-To", id[0])
	}
}

func screenshot(picture []byte, kind, disposition string) *part {
	name := "screenshot." + strings.TrimPrefix(kind, "image/")
	p := filePart(kind, picture)
	p.add("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": name}))
	return p
}

func domain(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

var msgID = compiled(`<[!-;=?-~]{1,250}>`)

// threadIDs gives the well-formed message identifiers (RFC 5322 §3.6.4) in
// the texts, at most the last ten, each once: the mail's own bytes reach no
// header.
func threadIDs(texts ...string) []string {
	var ids []string
	seen := map[string]bool{}
	for _, id := range msgID().FindAllString(strings.Join(texts, " "), -1) {
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids[max(0, len(ids)-10):]
}

// compiled gives a pattern that is compiled when it is first asked for: most
// mails end with their header, and all patterns together take longer than they.
func compiled(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
