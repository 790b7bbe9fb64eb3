package cmd

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"mailapp/poster"
	"mailapp/poster/flow"
)

// A trace is one HTML file in the state directory that shows a run of a flow
// to the owner: the steps, the pages, and the page that it failed on. It loads
// nothing and runs nothing, also of the page that it shows, and holds no
// secret; the browser has blotted them out of all that comes from a page, and
// what a page hides in its forms and scripts (C29). Only the owner can read it, and only the newest are kept.

// keptTraces is how many traces are kept.
const keptTraces = 20

// trace is what such a file shows.
type trace struct {
	Heading    string
	Time       time.Time // when the run began
	App, Flow  string
	Job        string            // its id, "" where there is none
	Values     map[string]string // what was filled in, without secrets
	Failure    *flow.Failure     // nil if the run went well
	Steps      []flow.TraceStep
	Screenshot []byte // of the page at the end, or nil
}

//go:embed trace.html
var traceSource string

var traceTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("trace").Funcs(template.FuncMap{
		"picture": pictureURL,
		"page":    func(dom []byte) string { return string(dom) },
		"fault":   whoseFault,
		"took":    func(d time.Duration) string { return d.Round(time.Millisecond).String() },
		"clock":   func(t time.Time) string { return t.Format("15:04:05.000") },
	}).Parse(traceSource))
})

// whoseFault says who can do something about a failure (C27).
func whoseFault(f *flow.Failure) string {
	if f.Unfit {
		return "The mail does not have what the site needs."
	}
	return faultWords[f.Fault]
}

var faultWords = map[flow.Fault]string{
	flow.Sender: "The site refuses what the mail says.",
	flow.Owner:  "The flow, the account or the settings need a look.",
	flow.Site:   "The site is down, slow or broken.",
}

// pictureURL puts a picture into the file itself.
func pictureURL(data []byte) template.URL {
	return template.URL("data:" + http.DetectContentType(data) + ";base64," + base64.StdEncoding.EncodeToString(data))
}

// leaveTrace writes the file and removes the oldest. name is what was run: a
// job or a command.
func (d stateDir) leaveTrace(name string, t trace) (path string, err error) {
	t.Steps = changedPictures(t.Steps)
	var page bytes.Buffer
	if err := traceTemplate().Execute(&page, t); err != nil {
		return "", err
	}
	if err := os.MkdirAll(d.traces(), 0o700); err != nil {
		return "", err
	}
	path = filepath.Join(d.traces(), time.Now().UTC().Format("20060102T150405.000Z")+"-"+name+".html")
	if err := poster.StoreFile(path, page.Bytes()); err != nil {
		return "", fmt.Errorf("leaving a trace: %w", err)
	}
	return path, d.pruneTraces()
}

// changedPictures leaves out pictures that show what the one before did.
func changedPictures(steps []flow.TraceStep) []flow.TraceStep {
	steps = slices.Clone(steps)
	var last []byte
	for i, s := range steps {
		if bytes.Equal(s.Screenshot, last) {
			steps[i].Screenshot = nil
		} else if s.Screenshot != nil {
			last = s.Screenshot
		}
	}
	return steps
}

// pruneTraces keeps the newest; their names begin with the time.
func (d stateDir) pruneTraces() error {
	files, err := filepath.Glob(filepath.Join(d.traces(), "*.html"))
	slices.Sort(files)
	for len(files) > keptTraces {
		if gone := os.Remove(files[0]); !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		files = files[1:]
	}
	return err
}

// leaveTrace shows the owner how a run of the job failed. That it cannot be
// written changes nothing for the mail.
func (m *mail) leaveTrace(job poster.Job, cause error) {
	failure, ok := errors.AsType[*flow.Failure](cause)
	if !ok || len(failure.Trace) == 0 {
		return // the flow had not begun, or an earlier delivery ran it
	}
	path, err := m.state.leaveTrace(job.ID(), trace{
		Heading: "A mail to " + job.App + " was not posted", Time: failure.Trace[0].Start,
		App: job.App, Flow: m.settings.Path(m.settings.App(job.App).Flow), Job: job.ID(),
		Failure: failure, Steps: failure.Trace, Screenshot: failure.Screenshot,
	})
	m.report.Trace = path
	m.report.note(err)
}
