package poster

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
	"strings"
	"sync"
	texttemplate "text/template"
	"time"

	"github.com/jhillyerd/enmime/v2"

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
	b := automatic(p.From, job.Sender, now).
		Subject(subjectOf(o)+job.Title).
		Header("Message-ID", messageID(job.Key, strings.ReplaceAll(string(o.State), " ", "-"), p.From)).
		Text(text.Bytes()).HTML(html.Bytes())
	b = inThread(b, job.References, job.MessageID)
	if r.Screenshot != "" {
		b = b.AddInline(o.Screenshot, picture, "screenshot."+strings.TrimPrefix(picture, "image/"), screenshotID)
	}
	return encode(b)
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
	b := automatic(n.From, n.To, now).
		Subject(n.Subject).
		Header("Message-ID", messageID(n.Key, n.kind(now), n.From)).
		Text([]byte(n.Text))
	if n.ReplyTo != "" {
		b = b.ReplyTo("", n.ReplyTo)
	}
	if n.Screenshot != nil {
		picture := http.DetectContentType(n.Screenshot)
		b = b.AddAttachment(n.Screenshot, picture, "screenshot."+strings.TrimPrefix(picture, "image/"))
	}
	return encode(inThread(b, n.References, n.Answers))
}

// kind tells notices of one job apart: another reason or day is other news.
func (n Notice) kind(now time.Time) string {
	sum := sha256.Sum256([]byte(now.UTC().Format(time.DateOnly) + n.Reason))
	return "notice-" + hex.EncodeToString(sum[:4])
}

// automatic begins a mail that no robot answers (RFC 3834 §3.1.7 and §5) and
// that mailapp itself never acts on.
func automatic(from, to string, now time.Time) enmime.MailBuilder {
	return enmime.Builder().
		From("mailapp", from).To("", to).Date(now).
		Header("Auto-Submitted", "auto-replied").
		Header("X-Auto-Response-Suppress", "All").
		Header(LoopHeader, "1")
}

func messageID(key, kind, from string) string {
	return fmt.Sprintf("<%.24s.%s@%s>", key, kind, domain(from))
}

// inThread makes the mail an answer (RFC 5322 §3.6.4).
func inThread(b enmime.MailBuilder, references, answers string) enmime.MailBuilder {
	if refs := threadIDs(references, answers); len(refs) > 0 {
		b = b.Header("References", strings.Join(refs, " "))
	}
	if id := threadIDs(answers); len(id) == 1 {
		b = b.Header("In-Reply-To", id[0])
	}
	return b
}

// encode gives the mail's bytes with lines that end in LF, as a pipe wants
// them.
func encode(b enmime.MailBuilder) ([]byte, error) {
	part, err := b.Build()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := part.Encode(&out); err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(out.Bytes(), []byte("\r\n"), []byte("\n")), nil
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
