// Package poster acts: it carries a job out on a site once, and tells the
// sender what came of it at least once.
//
// The one instant of commitment is the flow's publish step. Before the click
// the ledger says, on disk, that the job is in doubt, and what ads the account
// had. Where nobody has seen the click confirmed, the account's ads are looked
// through: what is there is posted, what is surely absent is published again,
// and anything else waits for a person. What happens when a process dies in
// between follows from that, state by state, in [Poster.Post].
//
// Not promised: that an ad is recognised on a site whose list of ads cannot be
// read, or changes in other ways meanwhile; such jobs are held.
//
// It knows no rules, no browser and no SQL: the site is an interface, the
// ledger a package of its own.
package poster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mailapp/poster/flow"
	"mailapp/poster/ledger"
)

// Site is where a flow runs: Chrome, or a scripted fake in tests.
type Site interface {
	// Run carries the task's flow out. Every error says by a *flow.Failure
	// whether the publish click may have happened.
	Run(ctx context.Context, task flow.Task) (flow.Result, error)
}

// Job is one mail to be posted.
type Job struct {
	ledger.Job
	Title string // names the ad in the receipt
	Site  string // where it is to appear, for a sender who must look there
	// Pace is how often the job's Account may publish.
	Pace ledger.Pace
	// LeftOut says what of the mail is not in the ad, a line each; for the
	// receipt.
	LeftOut []string
	// MailRefusals: the sender learns of a refusal by mail, not by a bounce.
	MailRefusals bool
	// Retry is the key of the job, held or in doubt, of which a person has said that
	// it is to be done; "" if nobody has. It may be one that the mail was by other
	// rules, and is done by those of today as that same job.
	Retry string
	// Patient: whoever has the mail keeps it for as long as it must wait for its
	// turn, as no mail server does.
	Patient bool
	// Work gives what the flow of an app needs: the job's, but where it is looked
	// for as what it was when the rules were others. It is asked only when the flow
	// is to run: a redelivery needs no password.
	Work func(ctx context.Context, app string) (Work, error)
}

// Work is what a flow runs on.
type Work struct {
	Flow    *flow.Flow
	Values  map[string]string // what the flow's placeholders stand for
	Secrets map[string]string // the same, never to be shown
	Photos  []flow.Photo
	Session *flow.Session // see flow.Task; nil where the account's login is not kept

	NoImages bool // see flow.Task
}

// Task is the run of the flow that does the work; nobody watches it yet, and
// nothing is committed.
func (w Work) Task() flow.Task {
	return flow.Task{Flow: w.Flow, Values: w.Values, Secrets: w.Secrets, Photos: w.Photos, Session: w.Session, NoImages: w.NoImages}
}

// lists tells whether the flow publishes, and can tell the account's ads.
func (w Work) lists() bool { return w.Flow != nil && w.Flow.Publishes() && w.Flow.ListsAds() }

// Outcome is what has come of a job. The zero Outcome means nothing is known:
// try again later.
type Outcome struct {
	Job        ledger.Job   // that was worked on, which is of an earlier rule where that stands (see [Standing])
	State      ledger.State // Posted, Rejected, Held; "" or, after a click, Doubt where it must be tried again
	Result     ledger.Result
	Photos     int    // uploaded by this run
	Screenshot []byte // of the page at the end, JPEG or PNG; may be nil
	Earlier    bool   // an earlier delivery had done it; no browser was started
	Answered   bool   // the sender has been told by mail
	Untold     error  // why the sender could not be told, for so long that it is not tried any more
	GivenUp    bool   // Held because it was tried for too long; nothing was published
	Cause      error  // what went wrong where this run ended in Held or Rejected; for the owner, not for the sender
}

// Poster posts. The first four fields are needed.
type Poster struct {
	Ledger *ledger.Ledger
	Site   Site
	Send   Send
	From   string // the receipts' From address

	Progress func(flow.Event) // or nil
	// GiveUp is how long after its mail first came a job is held that fails once
	// more, or must wait for its turn; 0 means never.
	GiveUp time.Duration
	Calm   time.Duration    // in place of [DefaultCalm]
	Now    func() time.Time // nil: time.Now
}

// Grace is how long Post may still take to write down and answer what has
// happened after its context has ended.
const Grace = 10 * time.Second

// Key names a job (C8): the same mail delivered again has the same key, and
// nobody can make another person's key, since the sender in it is proven.
// message is the Message-ID or, where there is none, a digest of the mail.
func Key(rule, recipient, sender, message string) string {
	h := sha256.New()
	for _, part := range []string{rule, recipient, sender, message} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Post carries the job out, or finishes what an earlier delivery began. An
// error means that it must be tried again later; the outcome may be set
// beside it, when the ad is up but the receipt could not be sent. A [Wait] says
// that it is not the job's turn: nothing has been tried. A [flow.Failure] that is
// Unfit says that the mail can never be posted as it is, and the ledger knows no
// more of it than before.
func (p *Poster) Post(ctx context.Context, job Job) (Outcome, error) {
	t := &try{Poster: p, job: job, locks: map[string]func(){}}
	defer t.unlock()
	for {
		o, err := t.once(ctx)
		if o.Job = t.job.Job; !errors.Is(err, errAgain) {
			return o, err
		}
		t.job = job
	}
}

// try is one delivery's work on a job.
type try struct {
	*Poster
	job       Job
	locks     map[string]func() // that it holds, and how each is given up
	committed bool              // its click may have happened
}

// once claims the job and does what its state asks for.
func (t *try) once(ctx context.Context) (Outcome, error) {
	state, err := t.resume(ctx)
	if err != nil {
		return Outcome{}, err
	}
	switch {
	case state != ledger.Forgotten:
	case t.job.Retry != "":
		return Outcome{}, errForgotten
	default:
		return Outcome{State: ledger.Answered, Earlier: true, Answered: true}, nil
	}
	if err := t.awaitTurn(ctx, state); err != nil {
		return t.putOff(ctx, state, err)
	}
	claim, err := t.Ledger.Claim(ctx, t.job.Job)
	if err != nil {
		return Outcome{}, err
	}
	defer claim.Close()
	if t.job.Unpublished(claim.Entry) && claim.State != ledger.Claimed {
		claim.Redo(t.job.Job)
		return t.run(ctx, claim)
	}
	switch claim.State {
	case ledger.Claimed:
		return t.run(ctx, claim)
	case ledger.Doubt:
		return t.lookUp(ctx, claim, Outcome{Cause: errStopped}, stoppedInDoubt)
	case ledger.Posted, ledger.Rejected:
		return aftermath(func(ctx context.Context) (Outcome, error) {
			return t.answer(ctx, claim, Outcome{State: claim.State, Result: claim.Result, Earlier: true})
		})
	case ledger.Held:
		return Outcome{State: ledger.Held, Result: claim.Result, Earlier: true, GivenUp: claim.Published.IsZero()}, nil
	case ledger.Answered:
		if claim.Ended != ledger.Posted && claim.Ended != ledger.Rejected {
			return Outcome{State: ledger.Answered, Earlier: true, Answered: true}, nil
		}
		return Outcome{State: claim.Ended, Result: claim.Result, Earlier: true, Answered: true}, nil
	}
	return Outcome{}, fmt.Errorf("ledger: unknown state %q", claim.State)
}

// errForgotten is why what a person wants done is left: they may not know of the
// other job.
var errForgotten = errors.New("its mail was dealt with by another job, which has been pruned, so the ad may be on the site; " +
	"hint: look there, and have it sent as a new message if it is not; ledger forget closes this job")

// errStopped is what the owner hears of a job that is found in doubt.
var errStopped = &flow.Failure{Fault: flow.Owner, Published: true,
	Err: errors.New("an earlier run was stopped after it had committed to publishing")}

// What the sender reads when nobody can know whether the ad is up.
const (
	stoppedInDoubt = "The work was interrupted just as the ad was being published, so it may or may not be on the site."
	lostInDoubt    = "The site did not confirm the ad after it was published, so it may or may not be there."
)

// run does the flow for a job that is claimed, or that a person wants done, and
// settles it by what the site says. Until the click, what waits for a person goes
// on waiting, whatever dies: no mail server will bring it once more.
func (t *try) run(ctx context.Context, claim *ledger.Claim) (Outcome, error) {
	work, err := t.job.Work(ctx, t.job.App)
	if err != nil {
		return t.failed(claim, Outcome{}, err)
	}
	result, err := t.Site.Run(ctx, t.publishing(claim, work))
	if err == nil {
		t.job.LeftOut = append(slices.Clip(t.job.LeftOut), result.LeftOut...)
		return t.settle(claim, Outcome{
			State: ledger.Posted, Photos: result.Photos, Screenshot: result.Screenshot, Result: resultOf(result),
		})
	}
	failure := &flow.Failure{Published: t.committed}
	errors.As(err, &failure)
	switch {
	case failure.Unfit && !t.committed:
		return Outcome{}, t.release(claim, err)
	case failure.Fault == flow.Sender:
		return t.settle(claim, Outcome{State: ledger.Rejected, Screenshot: failure.Screenshot,
			Result: ledger.Result{Said: failure.Said}, Cause: err})
	case failure.Published:
		return t.lost(ctx, claim, failure, err)
	}
	return t.failed(claim, Outcome{Screenshot: failure.Screenshot}, err)
}

// lost finds out what became of a click of this run that the site has not
// confirmed. One that is surely lost is made anew by the next delivery: a site
// that has just failed gets time.
func (t *try) lost(ctx context.Context, claim *ledger.Claim, f *flow.Failure, err error) (Outcome, error) {
	o, looked := t.lookUp(ctx, claim, Outcome{Screenshot: f.Screenshot, Cause: err}, lostInDoubt)
	if errors.Is(looked, errAgain) {
		return Outcome{Screenshot: f.Screenshot}, fmt.Errorf("the site has not taken the ad: %w", err)
	}
	return o, looked
}

// publishing is the run that publishes. What ads the account had is read in the
// same run before the form, and is on disk with the doubt before the click.
func (t *try) publishing(claim *ledger.Claim, work Work) flow.Task {
	task := work.Task()
	task.Progress = t.Progress
	var before []ledger.Ad
	if work.lists() {
		task.Listed = func(rows []map[string]string) (err error) {
			before, err = adsOf(rows)
			return err
		}
	}
	task.Commit = func(ctx context.Context) error {
		err := claim.Doubt(ctx, before)
		t.committed = err == nil
		return err
	}
	task.Ours = claim.Holds
	return task
}

// failed is the end of a run that has surely published nothing: the next
// delivery begins anew, unless there were enough.
func (t *try) failed(claim *ledger.Claim, o Outcome, err error) (Outcome, error) {
	if !t.overdue(claim) {
		return o, t.release(claim, err)
	}
	o.GivenUp, o.Cause = true, err
	why := fmt.Sprintf("It was tried for %s, and each time something was in the way that you cannot mend.", inWords(t.GiveUp))
	if errors.Is(err, flow.ErrPhotos) {
		why = fmt.Sprintf("It was tried for %s. Its photos take longer than there is time for; fewer of them, or smaller ones, may get through.", inWords(t.GiveUp))
	}
	return aftermath(func(ctx context.Context) (Outcome, error) { return t.hold(ctx, claim, o, why) })
}

// overdue tells whether the job has been tried for so long that a person must
// see to it, before the mail server gives up by itself. A retry by a person's
// word is held as before in any case.
func (t *try) overdue(claim *ledger.Claim) bool {
	return t.job.Retry == "" && t.GiveUp > 0 && t.now().Sub(claim.Created) > t.GiveUp
}

func (p *Poster) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

// inWords gives a time as people say it.
func inWords(d time.Duration) string {
	if days := d.Hours() / 24; days >= 2 {
		return fmt.Sprintf("%.0f days", days)
	}
	return fmt.Sprintf("%.0f hours", max(1, d.Hours()))
}

// resultOf is what the ledger and the receipt have of a run that went well. A
// run that published nothing was made for what it read.
func resultOf(r flow.Result) ledger.Result {
	result := ledger.Result{URL: r.Values["url"], Number: r.Values["number"], Answer: !r.Published}
	for _, name := range slices.Sorted(maps.Keys(r.Values)) {
		value := strings.Join(strings.Fields(r.Values[name]), " ")
		told := !result.Answer && (name == "url" || name == "number") // in words of their own
		if value != "" && !told {
			result.Reads += name + ": " + value + "\n"
		}
	}
	return result
}

// aftermath writes down and says what has happened although the run's own time
// may be up. It has Grace for all of it.
func aftermath(do func(context.Context) (Outcome, error)) (Outcome, error) {
	ctx, cancel := afterwards()
	defer cancel()
	return do(ctx)
}

func afterwards() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), Grace)
}

// release puts the job back so that the next delivery begins anew, or it waits for
// a person as before.
func (t *try) release(claim *ledger.Claim, why error) error {
	if claim.State != ledger.Claimed && !t.committed {
		return why // nothing was changed
	}
	ctx, cancel := afterwards()
	defer cancel()
	return errors.Join(why, claim.Release(ctx))
}
