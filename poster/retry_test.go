package poster

import (
	"context"
	"errors"
	"testing"
	"time"

	"mailapp/poster/flow"
	"mailapp/poster/ledger"
)

// by is the same mail's job by the rule of that name.
func by(job Job, rule string) Job {
	job.Rule = rule
	job.Key = Key(rule, job.Recipient, job.Sender, job.MessageID)
	return job
}

// asked is the job as the owner has it done who has retried the one of that key.
func asked(job Job, key string) Job {
	job.Retry = key
	return job
}

func heldJob(c *ledger.Claim) error {
	return c.Settle(context.Background(), ledger.Held, ledger.Result{Said: "why"})
}

// dying is a market and a post office at one point of whose work the process is
// killed.
type dying struct {
	*market
	at string
}

var errKilled = errors.New("killed")

func (d *dying) reach(point string) {
	if d.at == point {
		d.at = ""
		panic(errKilled)
	}
}

func (d *dying) Run(ctx context.Context, task flow.Task) (flow.Result, error) {
	commit := task.Commit
	task.Commit = func(ctx context.Context) error {
		d.reach("before doubt")
		err := commit(ctx)
		d.reach("in doubt")
		return err
	}
	result, err := d.market.Run(ctx, task)
	if task.Section != flow.List {
		d.reach("clicked")
	}
	return result, err
}

// postOrDie gives no error of a process that was killed.
func (b *bench) postOrDie(ctx context.Context, job Job) (o Outcome, err error) {
	defer func() {
		if p := recover(); p != nil && p != errKilled {
			panic(p)
		}
	}()
	return b.Post(ctx, job)
}

// C10, C26: an owner's retry that is killed anywhere, whatever the rules are called
// then, before and after, puts one ad up.
func TestRetryRenamedDies(t *testing.T) {
	for _, at := range []string{"before doubt", "in doubt", "clicked", "posted", "answered"} {
		for _, next := range []string{"ads", "new", "third"} {
			t.Run(at+", then by "+next, func(t *testing.T) {
				b, m := newMarket(t, nil)
				d := &dying{market: m, at: at}
				b.Site = d
				send := b.Send
				b.Send = func(ctx context.Context, l Letter) error { d.reach("posted"); return send(ctx, l) }
				old := withMail(listedJob(t))
				b.have(t, old, heldJob)
				b.postOrDie(t.Context(), asked(by(old, "new"), old.Key))
				again := by(old, next)
				if clicked := at == "in doubt" || at == "clicked"; !clicked {
					again = asked(again, old.Key)
				}
				for _, job := range []Job{again, by(old, next), old} {
					if o, err := b.Post(t.Context(), job); err != nil || o.State != ledger.Posted || len(m.ads) != 3 {
						t.Errorf("%+v, %v; %d ads", o, err, len(m.ads))
					}
				}
				if len(b.letters) != 1 {
					t.Errorf("%d letters", len(b.letters))
				}
			})
		}
	}
}

// What stands against an owner's retry, by whatever rules the mail is another job
// meanwhile, and what does not.
func TestRetryBesides(t *testing.T) {
	ctx := t.Context()
	doubt := func(c *ledger.Claim) error {
		return c.Doubt(ctx, []ledger.Ad{{URL: "https://site/1"}, {URL: "https://site/2"}})
	}
	settle := func(to ledger.State) func(*ledger.Claim) error {
		return func(c *ledger.Claim) error { return c.Settle(ctx, to, ledger.Result{URL: "https://site/1"}) }
	}
	answer := func(c *ledger.Claim) error { return c.Answer(ctx) }
	for name, c := range map[string]struct {
		besides []func(*ledger.Claim) error // what the other job has come to
		up      bool                        // its ad is
		state   ledger.State
		done    bool // as the job that was retried
	}{
		"posted":               {besides: []func(*ledger.Claim) error{doubt, settle(ledger.Posted)}, state: ledger.Posted},
		"answered":             {besides: []func(*ledger.Claim) error{doubt, settle(ledger.Posted), answer}, state: ledger.Posted},
		"in doubt, and there":  {besides: []func(*ledger.Claim) error{doubt}, up: true, state: ledger.Posted},
		"in doubt, and absent": {besides: []func(*ledger.Claim) error{doubt}, state: ledger.Posted, done: true},
		"held after its click": {besides: []func(*ledger.Claim) error{doubt, settle(ledger.Held)}, state: ledger.Held},
		"held":                 {besides: []func(*ledger.Claim) error{settle(ledger.Held)}, state: ledger.Posted, done: true},
		"closed":               {besides: []func(*ledger.Claim) error{settle(ledger.Held), answer}, state: ledger.Posted, done: true},
		"rejected":             {besides: []func(*ledger.Claim) error{settle(ledger.Rejected)}, state: ledger.Posted, done: true},
		"claimed by who died":  {state: ledger.Posted, done: true},
	} {
		for _, today := range []string{"ads", "new", "third"} {
			t.Run(name+", by "+today, func(t *testing.T) {
				b, m := newMarket(t, nil)
				old := withMail(listedJob(t))
				b.have(t, old, heldJob)
				b.have(t, by(old, "new"), c.besides...)
				if c.up {
					m.put("Sofa")
				}
				for range 2 {
					o, err := b.Post(ctx, asked(by(old, today), old.Key))
					if err != nil || o.State != c.state || (m.clicks == 1) != c.done || (o.Job.Key == old.Key) != c.done {
						t.Errorf("%+v, %v; %d clicks", o, err, m.clicks)
					}
				}
			})
		}
	}
}

// C32: one whose sender was not proven when it was held is done as that job, by
// whoever they have proved to be; the rules may change to and fro.
func TestRetryStranger(t *testing.T) {
	b := newBench(t)
	stranger, fred := withMail(aJob()), withMail(aJob())
	stranger.Sender, stranger.App, stranger.Account = "unproven:fred@example.org", "", ""
	stranger.Mail, stranger.Key = Key("", stranger.Recipient, "", "digest:1"), Key("ads", stranger.Recipient, "", "digest:1")
	b.have(t, fred, heldJob, func(c *ledger.Claim) error { return c.Answer(t.Context()) })
	b.have(t, stranger, heldJob)
	o, err := b.Post(t.Context(), asked(fred, stranger.Key))
	if err != nil || o.State != ledger.Posted || o.Job.Key != stranger.Key || b.site.clicks != 1 {
		t.Errorf("%+v, %v", o, err)
	}
	e, err := b.Ledger.Find(t.Context(), stranger.Key)
	if err != nil || e.Sender != "fred@example.org" || e.App != "x" || e.Mail != fred.Mail {
		t.Errorf("%+v, %v", e, err)
	}
	if o, err := b.Post(t.Context(), by(fred, "new")); err != nil || o.State != ledger.Posted || b.site.clicks != 1 {
		t.Errorf("brought again, it is %+v, %v", o, err)
	}
}

// An owner's retry of a mail that was dealt with, of which nothing else is known any
// more, says so, and leaves the job as it is.
func TestRetryForgotten(t *testing.T) {
	for _, today := range []string{"ads", "new", "third"} {
		b := newBench(t)
		old := withMail(aJob())
		b.have(t, by(old, "new"), heldJob, func(c *ledger.Claim) error { return c.Answer(t.Context()) })
		soon := time.Now().Add(time.Hour)
		if n, err := b.Ledger.Prune(t.Context(), soon, soon, func(ledger.Job) error { return nil }); err != nil || n != 1 {
			t.Fatalf("%d, %v", n, err)
		}
		b.have(t, old, heldJob)
		o, err := b.Post(t.Context(), asked(by(old, today), old.Key))
		if !errors.Is(err, errForgotten) || o.State != "" || b.site.clicks != 0 {
			t.Errorf("by %s: %+v, %v, %d clicks", today, o, err, b.site.clicks)
		}
		if e, err := b.Ledger.Find(t.Context(), old.Key); err != nil || e.State != ledger.Held {
			t.Errorf("%+v, %v", e, err)
		}
	}
}
