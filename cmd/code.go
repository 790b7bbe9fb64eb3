package cmd

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"time"

	"mailapp/filter"
	"mailapp/poster"
	"mailapp/poster/ledger"
)

// A question is mailed with a code in its subject; the reply that brings the
// code back is the answer. It shows that its writer reads the mail of the
// address that was asked, which a From field does not.

// codeInSubject is the form of a code as ledger makes it and askBack writes it.
var codeInSubject = regexp.MustCompile(`\(code ([a-z2-7]{20})\)`)

// codeIn gives the code that a reply's subject brings back, or "".
func codeIn(subject string) string {
	if m := codeInSubject.FindStringSubmatch(strings.ToLower(subject)); m != nil {
		return m[1]
	}
	return ""
}

// question is a mail that wants to be answered.
type question struct {
	kind, about   string // what the code is good for
	to            string
	limit         ledger.CodeLimit
	subject, text string
}

// askBack mails the question, unless enough have been mailed. The code counts
// as mailed only after that, so that a failure in between asks twice rather
// than never.
func (m *mail) askBack(ctx context.Context, q question) error {
	unlock, err := m.ledger.Lock(q.kind + q.about + strings.ToLower(q.to))
	if err != nil {
		return err
	}
	defer unlock()
	code, err := m.ledger.NewCode(ctx, q.kind, q.about, q.to, q.limit, time.Now())
	if errors.Is(err, ledger.ErrEnough) {
		if m.report.Outcome == "" {
			m.report.Outcome = "asked already"
		}
		return nil
	}
	if err != nil {
		return err
	}
	err = m.send(ctx, poster.Notice{
		To: q.to, ReplyTo: withoutSecret(m.Envelope), Key: poster.Key(q.kind, q.about, q.to, code), Reason: q.kind,
		Subject: q.subject + " (code " + code + ")", Text: q.text,
		References: m.message.Get("References"), Answers: m.message.MessageID(),
	})
	if err != nil {
		return err
	}
	if m.report.Outcome == "" {
		m.report.Outcome = "asked to confirm"
	}
	return m.ledger.SentCode(ctx, code)
}

// releasing is the kind of the codes by which a person releases a first post.
const releasing = "release "

var releaseLimit = ledger.CodeLimit{Address: 1, Total: 200, Window: 14 * 24 * time.Hour, Expires: 14 * 24 * time.Hour}

// firstPost is why a first post is held; the owner reads it.
const firstPost = "it is the first post of this person"

// waitsAsFirst holds the first post of a person, where the rule wants that, and
// asks the person to release it. What has once got further is not held back.
func (m *mail) waitsAsFirst(ctx context.Context, job poster.Job) (bool, error) {
	if m.verdict.RuleDef.First != filter.Hold || m.retry {
		return false, nil
	}
	posted, err := m.ledger.HasPosted(ctx, job.Person)
	if err != nil || posted {
		return false, err
	}
	entry, err := m.ledger.Find(ctx, job.Key)
	begun := err == nil && entry.State != ledger.None && entry.State != ledger.Held
	if err != nil && !errors.Is(err, ledger.ErrUnknown) || begun {
		return false, err
	}
	if err := m.ledger.Hold(ctx, job.Job, firstPost, func() error { return m.keepForOwner(job.ID()) }); err != nil {
		return true, err
	}
	m.report.Outcome = string(ledger.Held)
	return true, m.askBack(ctx, question{
		kind: releasing, about: job.ID(), to: job.Sender, limit: releaseLimit,
		subject: "Please confirm: " + job.Title,
		text: "This is your first post here, so it waits until you confirm that it is yours.\n\n" +
			"Answer this mail and leave its subject as it is, and it is published. The code in\n" +
			"it counts once, for two weeks. If you did not send anything, do nothing.\n",
	})
}

// bringsCode tells whether the mail answers a question of ours at an address
// that posts. Whatever the code is worth, such a mail is no ad.
func (m *mail) bringsCode() bool {
	rule := m.verdict.RuleDef
	return rule != nil && rule.Action == filter.Post && codeIn(m.message.Subject()) != "" && !automatic(m.message, m.Envelope)
}

// release does what was held, by the word of the person who sent it: the code
// was mailed to the very address that the answer is from. Nothing else of the
// answer need be proven.
func (m *mail) release(ctx context.Context) error {
	code := codeIn(m.message.Subject())
	author, err := m.message.Author()
	if err != nil {
		return err
	}
	id, err := m.ledger.Code(ctx, releasing, code, author, time.Now())
	if errors.Is(err, ledger.ErrUnknown) {
		m.verdict.Why = "it brings a code that is unknown, used up or expired"
		m.report.Decision = string(filter.Hold)
		return m.hold(ctx)
	}
	if err != nil {
		return err
	}
	message, kept, err := m.state.openKept(id)
	if errors.Is(err, os.ErrNotExist) {
		return m.ledger.UseCode(ctx, code) // the owner has dealt with it
	}
	if err != nil {
		return err
	}
	defer message.Close()
	if err := m.again(ctx, message, kept); err != nil {
		return err
	}
	return m.ledger.UseCode(ctx, code)
}

// again handles a kept mail, as the owner's retry does.
func (m *mail) again(ctx context.Context, message *os.File, kept keptMail) error {
	info, err := message.Stat()
	if err != nil {
		return err
	}
	first := &mail{
		file: message, size: info.Size(), keptMail: kept, retry: true, tell: m.tell, report: m.report,
		settings: m.settings, state: m.state, ledger: m.ledger,
	}
	return first.handle(ctx)
}
