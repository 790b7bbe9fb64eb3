package flow

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// Fault says who can do something about a failure (C27).
type Fault string

// Whose fault a failure is.
const (
	Sender Fault = "sender" // the site refuses the content
	Owner  Fault = "owner"  // login, captcha, a flow that does not fit the page
	Site   Fault = "site"   // down, slow, broken
)

// ErrPhotos is what a failure wraps if the photos took longer than there was time for:
// with fewer of them, or smaller ones, the run might have come further.
var ErrPhotos = fmt.Errorf("the photos took too long: %w", context.DeadlineExceeded)

// Task is one run of a flow.
type Task struct {
	Flow    *Flow
	Section Section           // what of the flow is run; empty: its steps
	Values  map[string]string // placeholders: site, title, body, price, account, the app's own parameters
	Secrets map[string]string // placeholders that no log, trace, failure or screenshot may show: password
	Photos  []Photo           // of the mail, in order, before they are made ready
	// Listed, if it is set, has the section list run first, in the same browser
	// and with the same login, and is called with its rows before the steps
	// begin; an error stops the run.
	Listed func(rows []map[string]string) error
	// Commit is called once, after all is ready for the publish click and
	// before it; an error stops the run with nothing clicked. It may be nil.
	Commit func(ctx context.Context) error
	// Ours is called after Commit, right before the click, and once more if time
	// has gone by since; an error, which says that the job may be another's by
	// now, stops the run with nothing clicked. It may be nil.
	Ours func(ctx context.Context) error
	// Progress is called before each step, which begins, and its time with it,
	// when Progress returns. It may be nil.
	Progress func(Event)
	// Done is called after each step that went well. It may be nil.
	Done func(TraceStep)
	// Rehearse ends the run well when all is ready for the publish click, with
	// nothing committed or clicked.
	Rehearse bool
	Pictures bool // each TraceStep has a picture
	// NoImages keeps the browser from loading a site's pictures, video and sound.
	NoImages bool
	// Session is the login that outlives the run; nil where none is kept.
	Session *Session
}

// Session is what a site knows an account by from one run to the next. What it
// holds is as secret as a password, and only the browser reads it.
type Session struct {
	Saved []byte // by an earlier run; nil if there is none
	// Keep is called once by a run that ends well, with what the next one can
	// begin with. That it cannot be kept changes nothing for the run.
	Keep func(session []byte)
	// Forget is called if Saved may be why a run has failed.
	Forget func()
}

// Photo is a picture of the mail as it came.
type Photo struct {
	Label string // as people are told of it: photo 2 of 3
	Type  string // a media type, by content
	// Data is read from its begin where it is needed, and is not held in memory.
	Data *io.SectionReader
}

// Event tells what a run is about to do.
type Event struct {
	Step, Of int    // list items, as Step.Item counts: in a part or section that of where it is run; 0 while Task.Listed has the list run
	Text     string // "fill Title": never a value
	Page     string // where, without the query
}

// TraceStep is one step of a run that is over. Nothing in it holds a secret.
type TraceStep struct {
	Step       string // click "Log in", as Step.String has it
	Number     string // of the step, as Step.Number
	Page       string // where it began, without the query
	Note       string // what became of it beside being done: why it was left out, which way was taken, what was read
	Start      time.Time
	Took       time.Duration
	Screenshot []byte // of the page afterwards, JPEG or PNG; only with Task.Pictures
}

// Result is what a run has brought.
type Result struct {
	Values     map[string]string   // by read; "url" and "number" are customary
	Rows       []map[string]string // by read-each: the values of each element
	Screenshot []byte              // of the last page, JPEG or PNG
	Published  bool                // the publish click was made
	Photos     int                 // made ready for the site
	LeftOut    []string            // photos that could not be, and why, a line each
	Pages      []string            // visited, without the query, in order
	Trace      []TraceStep
}

// Failure is why a run did not reach its end. Nothing in it holds a secret.
type Failure struct {
	Fault      Fault
	Step       string // step 7 (click "Log in"), fakesite.yaml:12:5; empty before the first
	Page       string // URL without the query
	Said       string // the site's own words, on one line
	Unfit      bool   // the mail lacks something, as Said tells its sender in our words; the site was not asked
	Published  bool   // the publish click may have happened, and the site has not shown that it came to nothing
	Screenshot []byte // of the failing page, JPEG or PNG; may be nil
	DOM        []byte // of the failing page, HTML as the browser has it then; may be nil
	Trace      []TraceStep
	Err        error
}

// Error tells where and why, and what the site said.
func (f *Failure) Error() string {
	var parts []string
	if f.Step != "" {
		parts = append(parts, f.Step)
	}
	if f.Page != "" {
		parts = append(parts, "on "+f.Page)
	}
	text := strings.Join(parts, " ")
	if f.Err != nil {
		text = strings.TrimPrefix(text+": "+f.Err.Error(), ": ")
	}
	if f.Said != "" && (f.Err == nil || !strings.Contains(f.Err.Error(), f.Said)) {
		text += "; the page says: " + f.Said
	}
	return text
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }
