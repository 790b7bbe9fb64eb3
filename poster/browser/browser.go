// Package browser runs a flow in a real Chromium, and is the only importer of
// rod.
//
// It promises, for each run: a fresh profile with nothing in it but the cookies
// and the storage of the task's own session, for the flow's origins alone (C28); no connection
// but to the flow's origins, no download, no window that shows anything else, no
// permission (C28); one mouse click for publish, made only after the task's
// Commit has succeeded, never repeated by us (C26) and not sent again by
// Chromium itself, which does that when a connection that it had used before
// closes unanswered: from the click on each request whose method changes
// something goes out once, whatever makes it (see gate); secrets in password fields only, and in no error or
// picture (C29); and when [Browser.Run] returns, however it does, no process
// of the browser and no file of the run are left (C7), see also [Browser.Ahead]. After kill -9 of this
// process the browser dies with it, and [Sweep] removes its files.
//
// A browser elsewhere ([Browser.Remote]) has other means to the same ends: see fence,
// courier and give. What the manual says does not hold there is not promised here.
//
// It does not promise that the site has got the publish request: the ledger
// holds what is in doubt. Nor can it keep a page's own script from sending a
// request again, or look after what a site's worker in the background sends by
// itself. It does not look into
// closed shadow roots, and into frames of other sites only where a locator leads.
//
// One question to the page does what a dozen calls would: the engine, in the
// files *.js, finds an element, sees that it is ready, and watches for what
// ends the run, all in one.
package browser

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"mailapp/poster/flow"
)

// evidenceTime is kept back from the caller's deadline for the picture of the
// page that failed.
const evidenceTime = 2 * time.Second

// Browser says which browser is run and where. The zero Browser is the first
// that is installed.
type Browser struct {
	Path      string // of the program; empty: see Find
	NoSandbox bool   // the browser's own sandbox is off, as it always is for root
	Show      bool   // in a window, for a person to watch; needs more than a headless shell
	Remote    string // address of one elsewhere, in place of a program: ws, wss, http or https; a secret, as it may hold a token
	Dir       string // run directories are made below it, 0700, unless there is room in memory; empty: the system's

	Most  int    // browsers that may run at once on this host; 0: as many as are asked for
	Slots string // directory of the locks by which they are counted

	kept  *Kept        // runs take place there; nil: each has a browser of its own
	ahead <-chan begun // the next run's, if it was started ahead

	// For tests:
	extra      []string                  // flags
	unguard    bool                      // publish without the guard
	started    func(dir string, pid int) // the browser is there
	suspension time.Duration             // in place of the constant
}

// Run carries out a task. Every error is a [*flow.Failure], which wraps the
// context's error if that has ended the run, or [ErrBusy]. A context that ends
// kills the browser at once.
//
// A task's session is tried first, if it has one: see [run.anew].
func (b *Browser) Run(ctx context.Context, task flow.Task) (flow.Result, error) {
	r, err := b.newRun(task)
	if err != nil {
		return flow.Result{}, err
	}
	r.recall()
	begun := time.Now()
	result, failure := r.whole(ctx)
	if failure != nil && r.resumed {
		result, failure = r.anew(ctx, failure, begun)
	}
	if failure != nil {
		return flow.Result{}, failure
	}
	return result, nil
}

// newRun makes a run that has not begun. Its error is newPlan's.
func (b *Browser) newRun(task flow.Task) (*run, error) {
	acts, err := newPlan(task)
	if err != nil {
		return nil, err
	}
	r := &run{browser: b, task: task, plan: acts, values: map[string]string{}, item: 1}
	r.hide(slices.Collect(maps.Values(acts.secrets))...)
	return r, nil
}

// run is one run of a flow.
type run struct {
	browser *Browser
	task    flow.Task
	plan    *plan
	blot    blotter
	words   []string // that nobody may see: what blot blots

	cookies []*cookie // of the saved session, until they are in the browser
	storage storage   // of the saved session, too
	resumed bool      // they are in it

	bounds  *bounds
	proxy   *proxy // nil in a browser elsewhere
	tab     *tab
	shelf   string   // a directory for photos, which goes with the run
	album   *album   // nil: no step asks for photos
	taken   bool     // the album is ready, or there is none, and what follows is set
	photos  []string // files
	leftOut []string // photos, a line each

	current *flow.Step      // the running one
	item    int             // of the outermost list, that it belongs to
	photo   int             // of this round of for-each-photo, from 1; 0 outside
	opens   bool            // the step after the running one is done in a window that it opens
	pressed bool            // the running step has used the mouse's button, or a key
	turned  map[string]*tab // by target of a recording: the window that it was
	fails   []*condition
	typed   []string // without secrets: the ad's own words

	end     time.Time // of the steps
	stepEnd time.Time // of the running one
	limit   time.Duration

	values    map[string]string // by read
	rows      []map[string]string
	trace     []flow.TraceStep
	committed bool                // the task's Commit may have been called
	published bool                // the publish click may have happened
	departed  string              // the document in which it was made
	arrived   bool                // we have seen the page that follows publish
	confirmed bool                // and it has shown what the flow expects there
	stale     map[*flow.Step]bool // after publish: what it looks for was there before the click
}

// whole starts the browser, runs the steps and removes every trace.
func (r *run) whole(ctx context.Context) (flow.Result, *flow.Failure) {
	stop, err := r.start(ctx)
	if err != nil {
		return flow.Result{}, r.failure(ctx, &trouble{fault: flow.Owner, err: fmt.Errorf("%s the browser: %w", r.browser.how(), err)})
	}
	r.resume(ctx)
	endAlbum := r.prepare(ctx)
	result, failure := r.begin(ctx)
	endAlbum()
	var session []byte
	if failure == nil {
		session = r.session(ctx)
	}
	if err := stop(); err != nil && failure == nil && !r.published {
		failure = &flow.Failure{Fault: flow.Owner, Err: err}
	}
	if failure != nil {
		return flow.Result{}, failure
	}
	if session != nil {
		r.task.Session.Keep(session)
	}
	return result, nil
}

// how a browser comes to be there.
func (b *Browser) how() string {
	if b.Remote != "" {
		return "connecting to"
	}
	return "starting"
}

// begin runs the steps, once the browser knows what it may ask the site for, and
// what to answer where that asks.
func (r *run) begin(ctx context.Context) (flow.Result, *flow.Failure) {
	for _, arrange := range []func(context.Context) error{r.offerLogin, r.spare} {
		if err := arrange(ctx); err != nil {
			return flow.Result{}, r.failure(ctx, err)
		}
	}
	return r.steps(ctx)
}

// steps runs the flow's steps, one after the other, within its limit.
func (r *run) steps(ctx context.Context) (flow.Result, *flow.Failure) {
	r.end = r.deadline(ctx)
	err := r.watchFails()
	if err == nil {
		err = r.all(ctx)
	}
	r.comeBack()
	if err != nil && !errors.Is(err, errRehearsed) {
		return flow.Result{}, r.failure(ctx, err)
	}
	return flow.Result{
		Values: r.values, Rows: r.rows, Published: r.published, Pages: r.pages(),
		Screenshot: r.screenshot(ctx), Trace: r.trace, Photos: len(r.photos), LeftOut: r.leftOut,
	}, nil
}

// deadline is when the steps must be done: by the flow's limit, and early
// enough before the caller's to take a picture.
func (r *run) deadline(ctx context.Context) time.Time {
	end := time.Now().Add(r.task.Flow.Limit)
	theirs, ok := ctx.Deadline()
	if !ok {
		return end
	}
	theirs = theirs.Add(-min(evidenceTime, time.Until(theirs)/4))
	if theirs.Before(end) {
		return theirs
	}
	return end
}

func (r *run) progress(a *act) {
	if r.task.Progress == nil {
		return
	}
	text := strings.TrimSpace(string(a.step.Verb) + " " + a.name())
	r.task.Progress(flow.Event{
		Step: r.item, Of: r.items(),
		Text: clean(r.blot.Replace(text)), Page: r.blot.Replace(pageURL(r.tab.address())),
	})
}

// items is how many items the outermost list has.
func (r *run) items() int {
	if n := r.task.Flow.Len(); r.task.Section == "" {
		return n
	}
	return len(r.plan.steps)
}

func (r *run) pages() []string {
	pages := r.tab.visited()
	for i, p := range pages {
		pages[i] = r.blot.Replace(p)
	}
	return pages
}

// originOf gives the origin of an address, or of what a page says it is.
func originOf(address string) (flow.Origin, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return flow.Origin{}, false
	}
	return flow.OriginOf(u), true
}
