package poster

import (
	"context"
	"errors"
	"testing"
	"time"

	"mailapp/poster/flow"
	"mailapp/poster/ledger"
)

// renamed is the same mail's job by a rule that is called otherwise, and by which
// its title and app are others.
func renamed(job Job) Job {
	job.Rule, job.App, job.Title, job.Job.Title = "new", "y", "Couch", Fold("Couch")
	job.Key = Key(job.Rule, job.Recipient, job.Sender, job.MessageID)
	return job
}

func withMail(job Job) Job {
	job.Mail = Key("", job.Recipient, job.Sender, job.MessageID)
	return job
}

// have brings the ledger's job so far.
func (b *bench) have(t *testing.T, job Job, moves ...func(*ledger.Claim) error) {
	t.Helper()
	c, err := b.Ledger.Claim(t.Context(), job.Job)
	for _, move := range moves {
		err = errors.Join(err, move(c))
	}
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// C8, C10: a mail whose rule has got another name meanwhile is the job that it
// was: what is up stays so, what is in doubt is looked for by its own app, what is
// held waits, and what has failed begins anew.
func TestRuleRenamed(t *testing.T) {
	ctx := t.Context()
	doubt := func(c *ledger.Claim) error { return c.Doubt(ctx, []ledger.Ad{}) }
	settle := func(to ledger.State) func(*ledger.Claim) error {
		return func(c *ledger.Claim) error { return c.Settle(ctx, to, ledger.Result{URL: "https://site/7"}) }
	}
	answer := func(c *ledger.Claim) error { return c.Answer(ctx) }
	for name, c := range map[string]struct {
		moves []func(*ledger.Claim) error
		up    bool // the ad is, when its mail comes again
		retry bool
		state ledger.State
		click int
		app   string // whose flow is asked for
		mails int    // to the sender
	}{
		"in doubt, and there":    {moves: []func(*ledger.Claim) error{doubt}, up: true, state: ledger.Posted, app: "x", mails: 1},
		"in doubt, and absent":   {moves: []func(*ledger.Claim) error{doubt}, state: ledger.Posted, click: 1, app: "y", mails: 1},
		"posted, no receipt yet": {moves: []func(*ledger.Claim) error{settle(ledger.Posted)}, state: ledger.Posted, mails: 1},
		"answered":               {moves: []func(*ledger.Claim) error{settle(ledger.Posted), answer}, state: ledger.Posted},
		"held":                   {moves: []func(*ledger.Claim) error{settle(ledger.Held)}, state: ledger.Held},
		"closed by the owner":    {moves: []func(*ledger.Claim) error{settle(ledger.Held), answer}, state: ledger.Answered},
		"claimed by who died":    {state: ledger.Posted, click: 1, app: "y", mails: 1},
		"rejected":               {moves: []func(*ledger.Claim) error{settle(ledger.Rejected)}, state: ledger.Posted, click: 1, app: "y", mails: 1},
		"held, and retried":      {moves: []func(*ledger.Claim) error{settle(ledger.Held)}, retry: true, state: ledger.Posted, click: 1, app: "y", mails: 1},
		"in doubt, and retried":  {moves: []func(*ledger.Claim) error{doubt}, retry: true, state: ledger.Posted, click: 1, app: "y", mails: 1},
		"answered, and retried":  {moves: []func(*ledger.Claim) error{settle(ledger.Posted), answer}, retry: true, state: ledger.Posted},
	} {
		t.Run(name, func(t *testing.T) {
			b, m := newMarket(t, func(m *market) { m.ads, m.shown = nil, "Sofa" })
			old := withMail(listedJob(t))
			b.have(t, old, c.moves...)
			if c.up {
				m.put("Sofa")
			}
			next, app := renamed(old), ""
			if c.retry {
				next.Retry = old.Key
			}
			work := old.Work
			next.Work = func(ctx context.Context, of string) (Work, error) { app = of; return work(ctx, of) }
			o, err := b.Post(ctx, next)
			if err != nil || o.State != c.state || m.clicks != c.click || app != c.app || len(b.letters) != c.mails {
				t.Errorf("%+v, %v; %d clicks, by app %q, %d mails", o, err, m.clicks, app, len(b.letters))
			}
			if by := o.Job.App == "y"; by != (c.click == 1) {
				t.Errorf("the owner reads of %+v", o.Job)
			}
			if anew := o.Job.Key == next.Key; anew != (c.click == 1 && !c.retry) {
				t.Errorf("worked on %+v", o.Job)
			}
			if e, err := b.Ledger.Find(ctx, o.Job.Key); err != nil || (e.App == "y" && e.Rule == "new" && e.Title == "couch") != (c.click == 1) {
				t.Errorf("written down as %+v, %v", e, err)
			}
			if o, err := b.Post(ctx, next); err != nil || o.State != c.state || m.clicks != c.click {
				t.Errorf("once more: %+v, %v, %d clicks", o, err, m.clicks)
			}
		})
	}
}

// C10: what is in doubt is looked for among the ads of the account that it was
// clicked for, although its rule has another app by now.
func TestAnotherAccountMeanwhile(t *testing.T) {
	b, m := newMarket(t, nil)
	job := withMail(listedJob(t))
	inDoubt(t, b, job, m.ads)
	m.put("Sofa") // another job's
	other := listedJob(t)
	other.Key = "other"
	b.have(t, other, func(c *ledger.Claim) error { return c.Doubt(t.Context(), []ledger.Ad{}) },
		func(c *ledger.Claim) error {
			return c.Settle(t.Context(), ledger.Posted, ledger.Result{URL: "https://site/3"})
		})
	job.App, job.Account = "y", "site ann"
	if o, err := b.Post(t.Context(), job); err != nil || o.State != ledger.Posted || o.Result.URL != "https://site/4" || m.clicks != 1 {
		t.Errorf("%+v, %v, %d clicks", o, err, m.clicks)
	}
}

// A mailbox that is handled once more, long after its jobs were forgotten.
func TestForgotten(t *testing.T) {
	b := newBench(t)
	job := withMail(aJob())
	if o, err := b.Post(t.Context(), job); err != nil || o.State != ledger.Posted {
		t.Fatalf("%+v, %v", o, err)
	}
	soon := time.Now().Add(time.Hour)
	if n, err := b.Ledger.Prune(t.Context(), soon, soon, func(ledger.Job) error { return nil }); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	job.Pace = ledger.Pace{Every: time.Hour}
	for _, again := range []Job{job, renamed(job)} {
		o, err := b.Post(t.Context(), again)
		if entries, failed := b.Ledger.List(t.Context()); failed != nil || len(entries) != 0 {
			t.Errorf("%+v, %v", entries, failed)
		}
		if err != nil || o.State != ledger.Answered || !o.Earlier || b.site.clicks != 1 || len(b.letters) != 1 {
			t.Errorf("%+v, %v; %d clicks, %d letters", o, err, b.site.clicks, len(b.letters))
		}
	}
}

// One mail to two recipients of ours is two jobs, and two mails of one sender are.
func TestTwoRecipients(t *testing.T) {
	b := newBench(t)
	first := withMail(aJob())
	second, third := first, first
	second.Recipient, third.MessageID = "fred_y@example.org", "<2@example.org>"
	for _, job := range []Job{first, withMail(renamed(second)), withMail(renamed(third))} {
		if o, err := b.Post(t.Context(), job); err != nil || o.State != ledger.Posted || o.Earlier {
			t.Errorf("%+v, %v", o, err)
		}
	}
	if b.site.clicks != 3 {
		t.Errorf("%d clicks", b.site.clicks)
	}
}

// C11: two deliveries of a mail at once are never at work together, although one
// reads rules that the other does not have yet.
func TestRenamedMeanwhile(t *testing.T) {
	b := newBench(t)
	b.site.run = func(ctx context.Context, task flow.Task) (flow.Result, error) {
		if _, err := b.Post(ctx, renamed(withMail(aJob()))); !errors.Is(err, ledger.ErrBusy) {
			t.Errorf("by the new rules at once: %v", err)
		}
		return b.site.publish(ctx, task)
	}
	if o, err := b.Post(t.Context(), withMail(aJob())); err != nil || o.State != ledger.Posted || b.site.clicks != 1 {
		t.Errorf("%+v, %v", o, err)
	}
}
