package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"mailapp/filter"
	"mailapp/filter/auth"
	"mailapp/poster"
	"mailapp/poster/browser"
	"mailapp/poster/flow"
	"mailapp/poster/ledger"
)

// sendBy gives the way in which the settings want mail sent.
func sendBy(s *filter.Settings) poster.Send {
	switch r := s.Receipts; {
	case r.SMTP != "":
		return poster.SMTP(r.SMTP)
	case r.Maildir != "":
		return poster.Maildir(s.Path(r.Maildir))
	default:
		return poster.Sendmail(s.Path(r.Sendmail))
	}
}

// receiptFrom is the address that our own mails come from.
func receiptFrom(s *filter.Settings) string {
	if s.Receipts.From != "" {
		return s.Receipts.From
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return "mailapp@" + host
}

// reject refuses the mail: by the exit code, which makes the mail server
// bounce it, or, where the settings say so and the sender is proven, by one
// mail a day and reason (C17, C20). Never both.
func (m *mail) reject(ctx context.Context) error {
	if !refusedByMail(m.settings, m.evidence) {
		return verdictError(m.verdict)
	}
	return m.sendRefusal(ctx, m.verdict.Reason)
}

func (m *mail) sendRefusal(ctx context.Context, reason string) error {
	entry, err := m.entry(m.evidence.Address)
	if err != nil {
		return err
	}
	return m.sendOnce(ctx, poster.Notice{
		To: m.evidence.Address, Key: entry.Key, Reason: reason,
		Subject:    "Not accepted: " + entry.Subject,
		Text:       "Your mail was not accepted.\n\n    " + reason + "\n\nNothing was posted.\n",
		References: entry.References, Answers: entry.MessageID,
	})
}

// tellRefusal sends by mail what an error would have the mail server bounce,
// where there is none: to a proven sender, and never to a machine (C17, C18).
func (m *mail) tellRefusal(ctx context.Context, err error) error {
	end := endingOf(err)
	refusal := end.Code == exitData || end.Code == exitDenied
	if !refusal || !m.evidence.Proven() || automatic(m.message, m.Envelope) {
		return err
	}
	if failed := m.sendRefusal(ctx, end.Text); failed != nil {
		return failed
	}
	return err
}

// refusedByMail tells that a refusal is a mail of ours, not the mail server's.
func refusedByMail(s *filter.Settings, e auth.Evidence) bool {
	return s.Refusals == filter.ByMail && e.Proven()
}

// sendOnce sends the notice unless its recipient has been told the same reason
// today.
func (m *mail) sendOnce(ctx context.Context, n poster.Notice) error {
	return m.ledger.TellOnce(ctx, n.To, n.Reason, time.Now(), func() error { return m.send(ctx, n) })
}

func (m *mail) send(ctx context.Context, n poster.Notice) error {
	n.From = receiptFrom(m.settings)
	data, err := n.Compose(time.Now())
	if err != nil {
		return err
	}
	return sendBy(m.settings)(ctx, poster.Letter{To: []string{n.To}, Data: data})
}

// keep delivers the mail into a Maildir or hands it to a program, whose exit
// code other than 0 means that it must be tried again.
func (m *mail) keep(ctx context.Context) error {
	rule := m.verdict.RuleDef
	if rule.Maildir != "" {
		data, err := m.bytes()
		if err != nil {
			return err
		}
		return poster.Maildir(m.settings.Path(rule.Maildir))(ctx, poster.Letter{Data: data})
	}
	cmd := exec.CommandContext(ctx, rule.Command[0], rule.Command[1:]...)
	cmd.Stdin = io.NewSectionReader(m.file, 0, m.size)
	if _, err := poster.RunDetached(cmd); err != nil {
		return fmt.Errorf("keeping the mail with %s: %w", rule.Command[0], err)
	}
	return nil
}

// forward passes the mail on under its own envelope sender, marked so that it
// is never acted on should it come back.
func (m *mail) forward(ctx context.Context) error {
	data, err := m.bytes()
	if err != nil {
		return err
	}
	data = append([]byte(poster.LoopHeader+": 1\n"), data...)
	if err := sendBy(m.settings)(ctx, poster.Letter{From: m.Envelope.Sender, To: m.verdict.RuleDef.To, Data: data}); err != nil {
		return fmt.Errorf("forwarding: %w", err)
	}
	return nil
}

// bytes is the whole mail without the line "From …" that some mail servers put
// before it.
func (m *mail) bytes() ([]byte, error) {
	data, err := io.ReadAll(io.NewSectionReader(m.file, 0, m.size))
	if isMboxLine(data) {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	return data, err
}

// hold keeps the mail for the owner, quietly. What was held already and is retried
// stays the job that it is, and its mail is kept as that.
func (m *mail) hold(ctx context.Context) error {
	why := m.verdict.Why
	if why == "" {
		why = fmt.Sprintf("rule %q says so", m.verdict.Rule)
	}
	m.report.Outcome, m.report.Why = string(ledger.Held), oneLine(why, 500)
	if m.retry != "" {
		return m.holdOn(ctx, why)
	}
	entry, err := m.entry(m.evidence.Address)
	if err != nil {
		return err
	}
	entry.App = "" // it never became a job
	m.report.ID = entry.ID()
	return m.ledger.Hold(ctx, entry, why, func() error { return m.keepForOwner(entry.ID()) })
}

// holdOn has the job that is retried wait on, for the reason why.
func (m *mail) holdOn(ctx context.Context, why string) error {
	claim, err := m.ledger.Take(ctx, m.retry)
	if err != nil {
		return err
	}
	defer claim.Close()
	m.report.ID = claim.ID()
	return claim.Settle(ctx, ledger.Held, ledger.Result{Said: why})
}

func (m *mail) keepForOwner(id string) error {
	kept := keptMail{Envelope: m.Envelope}
	if m.evidence.Proven() {
		kept.Evidence = &auth.Evidence{Person: m.evidence.Person, Address: m.evidence.Address, Method: m.evidence.Method, Signature: m.evidence.Signature}
	}
	return m.state.keep(id, m.file, m.size, kept)
}

// ownerTime is for a notice to the owner, within what the worker has left.
const ownerTime = 4 * time.Second

// notifyOwner tells the owner, at most once a day and cause, what only they
// can mend: a login, a captcha, a page that has changed, an ad in doubt, a job
// that was given up (C27). That the owner cannot be told only stands in the log:
// the mail's own end is not changed by it.
func (m *mail) notifyOwner(job poster.Job, o poster.Outcome, cause error) {
	var failure *flow.Failure
	if errors.As(cause, &failure) && failure.Unfit {
		return // the sender alone can mend it
	}
	untold := failure == nil && (cause == nil || o.State != ledger.Held)
	if untold || errors.Is(cause, browser.ErrBusy) {
		return
	}
	text := fmt.Sprintf("A mail to app %q could not be posted.\n\n%v\n\n%s", job.App, cause, advice(job.ID(), o))
	if m.report.Trace != "" {
		text += fmt.Sprintf("\nWhat was done, step by step, and the page as it was then:\n\n    %s\n", m.report.Trace)
	}
	ctx, cancel := context.WithTimeout(context.Background(), ownerTime)
	defer cancel()
	m.report.note(m.sendOnce(ctx, poster.Notice{
		To: m.settings.Owner, Key: job.Key, Subject: "mailapp: " + job.App + " needs a look", Text: text,
		Reason: noticeReason(job, o, failure), Screenshot: o.Screenshot,
	}))
}

// noteUntold tells the owner of a sender who never heard that their ad is up. The
// mail to the owner may go the same way as theirs, so it stands in the log, too.
func (m *mail) noteUntold(job poster.Job, o poster.Outcome) {
	if o.Untold == nil {
		return
	}
	m.report.note(fmt.Errorf("the sender was not told: %w", o.Untold))
	if o.State != ledger.Posted {
		return // of an ad in doubt the owner hears anyway, a refusal is bounced
	}
	ctx, cancel := context.WithTimeout(context.Background(), ownerTime)
	defer cancel()
	m.report.note(m.sendOnce(ctx, poster.Notice{
		To: m.settings.Owner, Key: job.Key, Subject: "mailapp: a receipt could not be sent", Reason: "untold: " + job.Key,
		Text: fmt.Sprintf("The ad %q of %s is online:\n\n    %s\n\nThe receipt could not be sent, and is not tried any more:\n\n    %v\n",
			job.Title, job.Sender, o.Result.URL, o.Untold),
	}))
}

// advice tells the owner what becomes of the job, and what they can do.
func advice(id string, o poster.Outcome) string {
	switch {
	case o.GivenUp:
		return "It is not tried any more: it is held, and nothing is online. The sender was told.\n" +
			"When the cause is mended, have it posted, or close it:\n\n" +
			fmt.Sprintf("    mailapp ledger retry %[1]s\n    mailapp ledger forget %[1]s\n", id)
	case o.State == ledger.Held:
		return "Nobody can know whether the ad is online. Look at the site, then settle it:\n\n" +
			fmt.Sprintf("    mailapp ledger posted %[1]s URL\n    mailapp ledger retry %[1]s\n    mailapp ledger forget %[1]s\n", id)
	case o.State == ledger.Doubt:
		return "The ad may be online. It is looked for on the site when the mail server brings the\n" +
			"mail again, and not published twice.\n"
	}
	return "It is tried again when the mail server brings it.\n"
}

// noticeReason tells notices apart: each ad in doubt needs a look of its own.
func noticeReason(job poster.Job, o poster.Outcome, f *flow.Failure) string {
	switch {
	case o.GivenUp:
		return "given up: " + ownerReason(job.App, f)
	case o.State == ledger.Held:
		return "held: " + job.Key
	}
	return ownerReason(job.App, f)
}

// ownerReason is what a failure's notice is sent for, once a day.
func ownerReason(app string, f *flow.Failure) string {
	if f == nil {
		return app
	}
	return app + ": " + f.Step + ": " + string(f.Fault)
}
