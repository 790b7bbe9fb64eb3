package cmd

import (
	"encoding/json"
	"errors"
	"os"
	"time"

	"mailapp/poster"
)

// report is what is known of one mail when its handling ends. It is what the
// worker tells its parent and what the log's line holds (C31): no body, no
// secret; Error is for the owner.
type report struct {
	Time      time.Time `json:"time"`
	ID        string    `json:"id,omitempty"` // the job's
	MessageID string    `json:"message_id,omitempty"`
	Sender    string    `json:"sender,omitempty"` // proven, or "" if nobody is
	Recipient string    `json:"recipient,omitempty"`
	Rule      string    `json:"rule,omitempty"`
	Decision  string    `json:"decision,omitempty"` // the action
	Outcome   string    `json:"outcome,omitempty"`  // of a post: posted, rejected, held, posted earlier …
	Why       string    `json:"why,omitempty"`      // it is held, for the owner
	URL       string    `json:"url,omitempty"`
	Exit      int       `json:"exit"`
	Status    string    `json:"status,omitempty"`
	Text      string    `json:"text,omitempty"`  // what the mail server was told
	Error     string    `json:"error,omitempty"` // the cause
	Aside     string    `json:"aside,omitempty"` // what else went wrong, such as a notice to the owner
	Trace     string    `json:"trace,omitempty"` // the file that shows a run that failed
	Until     time.Time `json:"until,omitzero"`  // its turn, where it only has to wait
	Millis    int64     `json:"ms"`

	Screenshot []byte `json:"-"`
}

func (r report) ending() ending { return ending{r.Exit, r.Status, r.Text} }

// end sets how it ends; cause is the error behind it, or nil.
func (r *report) end(e ending, cause error) {
	r.Exit, r.Status, r.Text = e.Code, e.Status, e.Text
	if e.Code == exitDone {
		r.Status, r.Text = "", ""
	}
	if cause != nil {
		r.Error = oneLine(cause.Error(), 4000)
	}
}

// fail ends with what the error means to a mail server.
func (r *report) fail(err error) {
	r.end(endingOf(err), err)
	if turn, ok := errors.AsType[poster.Wait](err); ok {
		r.Until = turn.Until
		if r.Until.IsZero() {
			r.Until = time.Now().Add(soon)
		}
	}
}

// soon is when it is worth asking again where nobody knows a time.
const soon = 5 * time.Second

// note adds something that went wrong beside the mail's own end.
func (r *report) note(err error) {
	if err == nil {
		return
	}
	if r.Aside != "" {
		r.Aside += "; "
	}
	r.Aside = oneLine(r.Aside+err.Error(), 1000)
}

// logTo writes the line. One write to a file opened for appending is not torn
// by others that do the same. That it fails changes nothing any more: what was
// done is done.
func (r report) logTo(f *os.File) {
	if line, err := json.Marshal(r); err == nil {
		_, _ = f.Write(append(line, '\n'))
	}
}

// openLog is called before anything is done: a log that cannot be written is
// found out in time.
func (d stateDir) openLog() (*os.File, error) {
	return os.OpenFile(d.log(), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
}

// cause says why it did not end well, to the owner.
func (r report) cause() string {
	if r.Error != "" {
		return r.Error
	}
	return r.Text
}
