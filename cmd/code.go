package cmd

import (
	"context"
	"errors"
	"math"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"mailapp/filter"
	"mailapp/poster"
	"mailapp/poster/ledger"
)

// A question is mailed with a code in its subject; the reply that brings the
// code back is the answer. It shows that its writer reads the mail of the
// address that was asked, which a From field does not.

// codeInSubject is the form of a code as ledger makes it and askBack writes it.
var codeInSubject = compiled(`(?i)\(code ([a-z2-7]{20})\)`)

// codeIn gives the code that a reply's subject brings back, or "".
func codeIn(subject string) string {
	if m := codeInSubject().FindStringSubmatch(subject); m != nil {
		return strings.ToLower(m[1])
	}
	return ""
}

// withoutCode gives a subject as it may be stored and shown.
func withoutCode(subject string) string {
	return codeInSubject().ReplaceAllString(subject, "(code …)")
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
// than never. Who cannot be asked because too many others were is held for the
// owner, whose retry asks.
func (m *mail) askBack(ctx context.Context, q question) error {
	if m.retry != "" {
		q.limit.Total = math.MaxInt
	}
	code, err := m.ledger.NewCode(ctx, q.kind, q.about, q.to, q.limit, time.Now())
	switch {
	case errors.Is(err, ledger.ErrAsked):
		m.note("asked already")
		return nil
	case errors.Is(err, ledger.ErrCrowded):
		return m.holdFor(ctx, "too many others have been asked to confirm today")
	case err != nil:
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
	m.note("asked to confirm")
	return m.ledger.SentCode(ctx, code)
}

// note says what came of the mail, unless something more telling did.
func (m *mail) note(outcome string) {
	if m.report.Outcome == "" {
		m.report.Outcome = outcome
	}
}

// releasing is the kind of the codes by which a person releases a first post.
const releasing = "release "

var releaseLimit = ledger.CodeLimit{Mailbox: 1, Total: 200, Window: 14 * 24 * time.Hour, Expires: 14 * 24 * time.Hour}

// firstPost is why a first post is held; the owner reads it.
const firstPost = "it is the first post of this person"

// waitsAsFirst holds the first post of a person, where the rule wants that, and
// asks the person to release it. What has once got further is not held back.
func (m *mail) waitsAsFirst(ctx context.Context, job poster.Job) (bool, error) {
	if m.verdict.RuleDef.First != filter.Hold || m.retry != "" || m.released {
		return false, nil
	}
	posted, err := m.ledger.HasPosted(ctx, m.settings.Person(job.Person).Addresses)
	if err != nil || posted {
		return false, err
	}
	entry, err := poster.Standing(ctx, m.ledger, job)
	// One that is only claimed may have died before it was held.
	begun := entry.State != ledger.None && entry.State != ledger.Claimed && !waitsForWord(entry)
	if err != nil || begun || entry.Key != job.Key {
		return false, err
	}
	return true, m.exclusively(releasing+job.Key, func() error {
		if err := m.ledger.Hold(ctx, job.Job, firstPost, func() error { return m.keepForOwner(job.ID()) }); err != nil {
			return err
		}
		m.report.Outcome, m.report.Why = string(ledger.Held), firstPost
		return m.askBack(ctx, question{
			kind: releasing, about: job.Key, to: job.Sender, limit: releaseLimit,
			subject: "Please confirm: " + job.Title,
			text: "This is your first post here, so it waits until you confirm that it is yours.\n\n" +
				"Answer this mail and leave its subject as it is, and it is published. The code in\n" +
				"it counts once, for two weeks. If you did not send anything, do nothing.\n",
		})
	})
}

// waitsForWord tells that a job is held as a first post and for nothing else.
func waitsForWord(e ledger.Entry) bool { return e.State == ledger.Held && e.Said == firstPost }

// exclusively does what two deliveries must not do at once.
func (m *mail) exclusively(name string, do func() error) error {
	unlock, err := m.ledger.Lock(name)
	if err != nil {
		return err
	}
	defer unlock()
	return do()
}

// bringsCode tells whether the mail answers a question of ours at an address
// that posts. Whatever the code is worth, such a mail is no ad.
func (m *mail) bringsCode() bool {
	rule := m.verdict.RuleDef
	return rule != nil && rule.Action == filter.Post && codeIn(m.message.Subject()) != "" && !automatic(m.message, m.Envelope)
}

// release does what was held, by the word of the person who sent it: the code
// was mailed to the very address that the answer is from. Nothing else of the
// answer need be proven. An answer that brings nothing is what the rules make of
// it, but no ad.
func (m *mail) release(ctx context.Context) error {
	code, key := codeIn(m.message.Subject()), ""
	author, err := m.message.Author()
	if err == nil {
		key, err = m.ledger.Code(ctx, releasing, code, author, time.Now())
	}
	var defect *filter.Defect
	switch {
	case errors.Is(err, ledger.ErrUsed):
		m.note("released already")
		return nil
	case errors.Is(err, ledger.ErrUnknown) || errors.As(err, &defect):
		if m.verdict.Action == filter.Post {
			return m.holdFor(ctx, "it brings a code that is unknown or has expired")
		}
		return m.carryOut(ctx)
	case err != nil:
		return err
	}
	if err := m.again(ctx, key); err != nil {
		return err
	}
	return m.ledger.UseCode(ctx, code)
}

// holdFor holds the mail for a reason of ours.
func (m *mail) holdFor(ctx context.Context, why string) error {
	m.verdict.Action, m.verdict.Why, m.report.Decision = filter.Hold, why, string(filter.Hold)
	return m.hold(ctx)
}

// again handles a held mail. Only what waits for its sender's word alone is
// done by that; what has got further goes on from there as if the mail server
// had delivered it once more, since nothing is clicked twice but by the owner's
// word, and is not closed for being something else by the rules of today: its ad may
// be up.
func (m *mail) again(ctx context.Context, key string) error {
	entry, err := m.ledger.Find(ctx, key)
	if err != nil {
		return err
	}
	message, kept, err := m.state.openKept(entry.ID())
	switch {
	case errors.Is(err, os.ErrNotExist) && waitsForWord(entry):
		return m.holdFor(ctx, "the mail that it releases is not kept any more")
	case errors.Is(err, os.ErrNotExist):
		return nil // it has been dealt with
	case err != nil:
		return err
	}
	defer message.Close()
	info, err := message.Stat()
	if err != nil {
		return err
	}
	first := &mail{
		file: message, size: info.Size(), keptMail: kept, released: true, unbounced: m.unbounced, shop: m.shop, tell: m.tell, report: m.report,
		settings: m.settings, state: m.state, ledger: m.ledger,
	}
	defer first.close()
	if waitsForWord(entry) {
		first.retry = entry.Key
	}
	if err := first.handle(ctx); err != nil || first.retry == "" {
		return err
	}
	return closeIfReplaced(ctx, m.ledger, m.state, entry.ID(), m.report.ID)
}

// closeIfReplaced ends a job whose mail has been dealt with as another one,
// since the rules have changed.
func closeIfReplaced(ctx context.Context, l *ledger.Ledger, state stateDir, id, successor string) error {
	if id == successor {
		return nil
	}
	claim, err := l.Take(ctx, id)
	if err != nil {
		return err
	}
	defer claim.Close()
	if err := claim.Answer(ctx); err != nil {
		return err
	}
	return state.forget(id)
}

// compiled gives a pattern that is compiled when it is first asked for: most
// mails end with their header, and all patterns together take longer than they.
func compiled(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
