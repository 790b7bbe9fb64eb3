package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"mailapp/filter"
	"mailapp/poster/ledger"
)

// item is one mail of a batch and what is known of it.
type item struct {
	*boxMail
	subject   string
	envelope  filter.Envelope
	automatic bool
	lane      lane
	result    result // "" while it is to be handled
	report    report
}

// result is what has become of a mail, as people are told it.
type result string

const (
	wasPosted  result = "posted"
	wasRefused result = "refused"
	wasHeld    result = "held"
	wasDone    result = "done"    // what is neither an ad nor refused: dropped, kept, forwarded …
	mustWait   result = "waiting" // for its turn, at the next batch
	hasFailed  result = "failed"  // and is tried again at the next batch
	isGone     result = "gone"    // somebody has taken it away meanwhile
)

// folders are those of a Maildir that mails go to by their result.
var folders = map[result]string{wasPosted: "Posted", wasRefused: "Refused", wasHeld: "Held"}

// resultOf reads a report's end.
func resultOf(r report) result {
	word, _, _ := strings.Cut(r.Outcome, " earlier")
	switch {
	case r.Exit == exitLater && !r.Until.IsZero():
		return mustWait
	case r.Exit == exitLater:
		return hasFailed
	case r.Exit != exitDone, word == string(ledger.Rejected), r.Decision == string(filter.Reject):
		return wasRefused
	case word == string(ledger.Held):
		return wasHeld
	case r.Decision == string(filter.Post):
		return wasPosted
	}
	return wasDone
}

// take reads a mail's header and ends what it decides. A panic costs this mail
// and no other.
func (b *batch) take(l *boxMail) (it *item) {
	it = &item{boxMail: l}
	it.report.Time = time.Now()
	defer func() {
		if p := recover(); p != nil {
			it.end(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	in, err := l.reader()
	if errors.Is(err, fs.ErrNotExist) {
		it.result = isGone
		return it
	}
	if err != nil {
		it.end(err)
		return it
	}
	defer in.Close()
	if err := b.decide(it, in); err != nil {
		it.end(err)
	}
	return it
}

// end ends the mail with what the error means.
func (it *item) end(err error) {
	it.report.fail(err)
	it.result = resultOf(it.report)
}

// decide does in this process what needs no other: it finds the envelope, and
// which account the mail may go to, and ends what the header decides.
func (b *batch) decide(it *item, in io.Reader) error {
	msg, err := filter.Read(bufio.NewReader(in))
	it.envelope = it.readEnvelope(b.flags, msg)
	it.automatic = automatic(msg, it.envelope)
	it.report.Recipient = withoutSecret(it.envelope)
	if err != nil {
		return err
	}
	it.subject, it.report.MessageID = msg.Subject(), oneLine(msg.MessageID(), 300)
	if it.Size > b.settings.SizeLimit {
		return tooLarge(b.settings.SizeLimit)
	}
	verdict, err := b.settings.Decide(msg, it.envelope, nil)
	if err != nil {
		return err
	}
	if b.endsHere(msg, verdict) {
		it.report.Rule, it.report.Decision = verdict.Rule, string(verdict.Action)
		it.end(verdictError(verdict))
		return nil
	}
	it.lane = laneOf(b.settings, verdict)
	return nil
}

// endsHere tells whether a verdict on the header alone is all there is to do: a
// mail is dropped, or is refused and nobody can be told, since the author that
// it names is nobody who could be proven (C17).
func (b *batch) endsHere(msg *filter.Message, v filter.Verdict) bool {
	if v.Action != filter.Reject {
		return v.Action == filter.Drop
	}
	author, err := msg.Author()
	return err != nil || b.settings.PersonOf(author) == nil
}

// mtaMaildir is what handed a mail of a Maildir over: whoever delivered there.
// Its To field, which the sender has written, counts for nothing (C16).
const mtaMaildir = "maildir"

// readEnvelope takes the envelope from what the mail server wrote into the mail.
func (l *boxMail) readEnvelope(flags flagEnvelope, m *filter.Message) filter.Envelope {
	mta := mtaNone
	if l.at != nil {
		mta = mtaMaildir
	}
	e := readEnvelope(func(string) (string, bool) { return "", false }, flags, mta, m)
	e.Untraced = l.Forgeable
	return e
}

// reader reads the mail, whose header is as it was before it came to the
// mailbox. Where a mail reader has moved it, it is found again.
func (l *boxMail) reader() (io.ReadCloser, error) {
	if l.at != nil {
		at, ok := l.at.find()
		if !ok {
			return nil, fs.ErrNotExist
		}
		l.Path = at.path()
	}
	f, err := os.Open(l.Path)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(f, l.Offset, l.Size), f}, nil
}
