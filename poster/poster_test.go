package poster

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"mailapp/poster/flow"
	"mailapp/poster/ledger"
)

// scripted is a site that does what a test says; it counts publish clicks.
type scripted struct {
	run    func(ctx context.Context, task flow.Task) (flow.Result, error)
	runs   int
	clicks int
	photos []flow.Photo
}

func (s *scripted) Run(ctx context.Context, task flow.Task) (flow.Result, error) {
	s.runs++
	s.photos = task.Photos
	return s.run(ctx, task)
}

// publish is a site on which all goes well.
func (s *scripted) publish(ctx context.Context, task flow.Task) (flow.Result, error) {
	if err := task.Commit(ctx); err != nil {
		return flow.Result{}, &flow.Failure{Fault: flow.Site, Err: err}
	}
	s.clicks++
	return flow.Result{Published: true, Values: map[string]string{"url": "https://site/1", "number": "1"}}, nil
}

// lose is a site that takes the click and never answers.
func (s *scripted) lose(ctx context.Context, task flow.Task) (flow.Result, error) {
	if err := task.Commit(ctx); err != nil {
		return flow.Result{}, err
	}
	s.clicks++
	return flow.Result{}, &flow.Failure{Fault: flow.Site, Published: true, Err: errors.New("no answer")}
}

type bench struct {
	*Poster
	site    *scripted
	letters []Letter
	sendErr error
}

func newBench(t *testing.T) *bench {
	t.Helper()
	l, err := ledger.Open(context.Background(), inMemory(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	b := &bench{site: &scripted{}}
	b.site.run = b.site.publish
	b.Poster = &Poster{Ledger: l, Site: b.site, From: "mailapp@example.org",
		Send: func(_ context.Context, letter Letter) error {
			if b.sendErr == nil {
				b.letters = append(b.letters, letter)
			}
			return b.sendErr
		}}
	return b
}

// inMemory is a directory for files that need not outlive the power: a ledger
// syncs each of its transitions, for which a busy disk takes its time.
func inMemory(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "mailapp-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func aJob() Job {
	return Job{
		Job: ledger.Job{
			Key: Key("ads", "fred_x@example.org", "fred@example.org", "<1@example.org>"), Rule: "ads", App: "x",
			Sender: "fred@example.org", Recipient: "fred_x@example.org", MessageID: "<1@example.org>", Subject: "Sofa - $40",
		},
		Title: "Sofa", Site: "https://site", LeftOut: []string{"plan.pdf (not a picture)"},
		Work: func(context.Context, string) (Work, error) {
			return Work{Photos: make([]flow.Photo, 2)}, nil
		},
	}
}

func (b *bench) post(t *testing.T, want ledger.State) Outcome {
	t.Helper()
	o, err := b.Post(context.Background(), aJob())
	if err != nil || o.State != want {
		t.Fatalf("outcome %+v, error %v; want %s", o, err, want)
	}
	return o
}

// C9: a redelivery starts no browser and sends no second receipt.
func TestPostedOnce(t *testing.T) {
	b := newBench(t)
	if o := b.post(t, ledger.Posted); o.Result.URL != "https://site/1" || o.Earlier || !o.Answered {
		t.Errorf("first: %+v", o)
	}
	if o := b.post(t, ledger.Posted); o.Result.URL != "https://site/1" || !o.Earlier {
		t.Errorf("second: %+v", o)
	}
	if b.site.runs != 1 || b.site.clicks != 1 || len(b.letters) != 1 {
		t.Errorf("%d runs, %d clicks, %d receipts", b.site.runs, b.site.clicks, len(b.letters))
	}
}

// C9: a receipt that could not be sent is sent at the next delivery, without a
// browser.
func TestReceiptIsSentLater(t *testing.T) {
	b := newBench(t)
	b.sendErr = errors.New("no sendmail")
	if o, err := b.Post(context.Background(), aJob()); err == nil || o.Result.URL == "" {
		t.Fatalf("%+v, %v", o, err)
	}
	b.sendErr = nil
	b.post(t, ledger.Posted)
	b.post(t, ledger.Posted)
	if b.site.runs != 1 || len(b.letters) != 1 {
		t.Errorf("%d runs, %d receipts", b.site.runs, len(b.letters))
	}
}

// A receipt that cannot be sent does not keep a job for so long that the mail
// server says in the end that nothing was posted.
func TestReceiptIsGivenUp(t *testing.T) {
	noMail := errors.New("no sendmail")
	for name, c := range map[string]struct {
		site  func(*bench) func(context.Context, flow.Task) (flow.Result, error)
		state ledger.State // of the outcome
		left  ledger.State // in the ledger
	}{
		"posted":   {func(b *bench) func(context.Context, flow.Task) (flow.Result, error) { return b.site.publish }, ledger.Posted, ledger.Answered},
		"in doubt": {func(b *bench) func(context.Context, flow.Task) (flow.Result, error) { return b.site.lose }, ledger.Held, ledger.Held},
		"refused": {func(b *bench) func(context.Context, flow.Task) (flow.Result, error) {
			return func(context.Context, flow.Task) (flow.Result, error) {
				return flow.Result{}, &flow.Failure{Fault: flow.Sender, Said: "Price required"}
			}
		}, ledger.Rejected, ledger.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			b, job := newBench(t), aJob()
			b.site.run, b.sendErr, b.GiveUp, job.MailRefusals = c.site(b), noMail, time.Hour, true
			if o, err := b.Post(t.Context(), job); !errors.Is(err, noMail) {
				t.Errorf("at first: %+v, %v", o, err)
			}
			b.Now = func() time.Time { return time.Now().Add(2 * time.Hour) }
			o, err := b.Post(t.Context(), job)
			if err != nil || o.State != c.state || o.Answered || !errors.Is(o.Untold, noMail) || b.site.runs != 1 {
				t.Errorf("in the end: %+v, %v; %d runs", o, err, b.site.runs)
			}
			if e, err := b.Ledger.Find(t.Context(), job.Key); err != nil || e.State != c.left {
				t.Errorf("the job is %s, %v", e.State, err)
			}
		})
	}
}

// C26: a mistake before the point of no return costs nothing.
func TestFailureBeforeTheClick(t *testing.T) {
	b := newBench(t)
	b.site.run = func(context.Context, flow.Task) (flow.Result, error) {
		return flow.Result{}, &flow.Failure{Fault: flow.Site, Err: errors.New("down")}
	}
	if o, err := b.Post(context.Background(), aJob()); err == nil || o.State != "" {
		t.Fatalf("%+v, %v", o, err)
	}
	b.site.run = b.site.publish
	b.post(t, ledger.Posted)
	if b.site.clicks != 1 {
		t.Errorf("%d clicks", b.site.clicks)
	}
}

// The browser may say after the commitment that it surely did not click.
func TestCommittedButNotClicked(t *testing.T) {
	b := newBench(t)
	b.site.run = func(ctx context.Context, task flow.Task) (flow.Result, error) {
		if err := task.Commit(ctx); err != nil {
			return flow.Result{}, err
		}
		return flow.Result{}, &flow.Failure{Fault: flow.Owner, Err: errors.New("the button went away")}
	}
	if o, err := b.Post(context.Background(), aJob()); err == nil || o.State != "" {
		t.Fatalf("%+v, %v", o, err)
	}
	b.site.run = b.site.publish
	b.post(t, ledger.Posted)
}

// C26: after the click nothing is tried again; the sender is told plainly.
func TestLostAnswer(t *testing.T) {
	for name, site := range map[string]func(b *bench) func(context.Context, flow.Task) (flow.Result, error){
		"failure": func(b *bench) func(context.Context, flow.Task) (flow.Result, error) { return b.site.lose },
		"an error that says nothing": func(b *bench) func(context.Context, flow.Task) (flow.Result, error) {
			return func(ctx context.Context, task flow.Task) (flow.Result, error) {
				_, _ = b.site.lose(ctx, task)
				return flow.Result{}, errors.New("boom")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.site.run = site(b)
			b.post(t, ledger.Held)
			b.post(t, ledger.Held)
			if b.site.clicks != 1 || len(b.letters) != 1 {
				t.Errorf("%d clicks, %d letters", b.site.clicks, len(b.letters))
			}
			if text := string(b.letters[0].Data); !strings.Contains(text, "Subject: Unconfirmed: Sofa") {
				t.Errorf("the sender was told:\n%s", text)
			}
		})
	}
}

// C26: a process that died past the commitment leaves doubt, never a click.
func TestFoundInDoubt(t *testing.T) {
	b := newBench(t)
	claim, err := b.Ledger.Claim(context.Background(), aJob().Job)
	if err != nil {
		t.Fatal(err)
	}
	if err := claim.Doubt(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	claim.Close()
	b.sendErr = errors.New("no sendmail")
	if o, err := b.Post(context.Background(), aJob()); err == nil || o.State != "" {
		t.Fatalf("while the sender cannot be told: %+v, %v", o, err)
	}
	b.sendErr = nil
	b.post(t, ledger.Held)
	if b.site.runs != 0 || len(b.letters) != 1 {
		t.Errorf("%d runs, %d letters", b.site.runs, len(b.letters))
	}
}

// C12: where doubt cannot be recorded, nothing is clicked.
func TestNoClickWithoutALedger(t *testing.T) {
	b := newBench(t)
	b.site.run = func(ctx context.Context, task flow.Task) (flow.Result, error) {
		b.Ledger.Close()
		return b.site.publish(ctx, task)
	}
	if o, err := b.Post(context.Background(), aJob()); err == nil || o.State != "" || b.site.clicks != 0 {
		t.Fatalf("%+v, %v, %d clicks", o, err, b.site.clicks)
	}
}

// C20: a refusal is a bounce or a mail.
func TestRefusedBySite(t *testing.T) {
	for _, byMail := range []bool{false, true} {
		b := newBench(t)
		b.site.run = func(context.Context, flow.Task) (flow.Result, error) {
			return flow.Result{}, &flow.Failure{Fault: flow.Sender, Said: "Price required"}
		}
		job := aJob()
		job.MailRefusals = byMail
		for range 2 {
			o, err := b.Post(context.Background(), job)
			if err != nil || o.State != ledger.Rejected || o.Result.Said != "Price required" || o.Answered != byMail {
				t.Errorf("by mail %v: %+v, %v", byMail, o, err)
			}
		}
		if b.site.runs != 1 || (len(b.letters) == 1) != byMail {
			t.Errorf("by mail %v: %d runs, %d letters", byMail, b.site.runs, len(b.letters))
		}
	}
}

// What a mail lacks, and the run alone found out, is no word of the site's: nobody
// is told by us, and nothing is settled.
func TestUnfit(t *testing.T) {
	b := newBench(t)
	b.site.run = func(context.Context, flow.Task) (flow.Result, error) {
		return flow.Result{}, &flow.Failure{Fault: flow.Sender, Unfit: true, Said: "The site needs a photo."}
	}
	job := aJob()
	job.MailRefusals = true
	var failure *flow.Failure
	for range 2 {
		if o, err := b.Post(context.Background(), job); !errors.As(err, &failure) || !failure.Unfit || o.State != "" {
			t.Errorf("%+v, %v", o, err)
		}
	}
	if e, err := b.Ledger.Find(context.Background(), job.Key); err != nil || e.State != ledger.None || e.Said != "" || len(b.letters) > 0 {
		t.Errorf("%+v, %v, %d letters", e, err, len(b.letters))
	}
	b.site.run = b.site.publish
	b.post(t, ledger.Posted)
}

// C11, on one host: of two copies at once one posts, the other is tried later.
func TestBusy(t *testing.T) {
	b := newBench(t)
	b.site.run = func(ctx context.Context, task flow.Task) (flow.Result, error) {
		if _, err := b.Post(ctx, aJob()); !errors.Is(err, ledger.ErrBusy) {
			t.Errorf("second copy at once: %v", err)
		}
		return b.site.publish(ctx, task)
	}
	b.post(t, ledger.Posted)
	if b.site.clicks != 1 {
		t.Errorf("%d clicks", b.site.clicks)
	}
}

// C23: what has come of the photos is known after the run, and in the receipt.
func TestPhotosLeftOut(t *testing.T) {
	b := newBench(t)
	b.site.run = func(ctx context.Context, task flow.Task) (flow.Result, error) {
		result, err := b.site.publish(ctx, task)
		result.Photos, result.LeftOut = 1, []string{"photo 2 of 2 (the HEIC is damaged)"}
		return result, err
	}
	if o := b.post(t, ledger.Posted); o.Photos != 1 || len(b.site.photos) != 2 {
		t.Errorf("%d photos of %d", o.Photos, len(b.site.photos))
	}
	if receipt := string(b.letters[0].Data); !strings.Contains(receipt, "- plan.pdf (not a picture)\n- photo 2 of 2 (the HEIC is damaged)\n") {
		t.Errorf("the receipt is\n%s", receipt)
	}
}

// C9: a redelivery needs neither flow nor password.
func TestRedeliveryNeedsNoWork(t *testing.T) {
	b := newBench(t)
	b.post(t, ledger.Posted)
	job := aJob()
	job.Work = func(context.Context, string) (Work, error) { return Work{}, errors.New("the password is gone") }
	if o, err := b.Post(context.Background(), job); err != nil || o.State != ledger.Posted {
		t.Errorf("%+v, %v", o, err)
	}
}

// What is retried by a person's word and fails again is held again.
func TestRetry(t *testing.T) {
	b := newBench(t)
	b.site.run = b.site.lose
	b.post(t, ledger.Held)
	job := aJob()
	job.Retry = job.Key
	b.site.run = func(context.Context, flow.Task) (flow.Result, error) {
		return flow.Result{}, &flow.Failure{Fault: flow.Site, Err: errors.New("down")}
	}
	if o, err := b.Post(context.Background(), job); err == nil || o.State != "" {
		t.Errorf("%+v, %v", o, err)
	}
	if o := b.post(t, ledger.Held); o.Result.Said != lostInDoubt {
		t.Errorf("held again, saying %q", o.Result.Said)
	}
	b.site.run = b.site.publish
	if o, err := b.Post(context.Background(), job); err != nil || o.State != ledger.Posted || o.Earlier {
		t.Errorf("%+v, %v", o, err)
	}
	if b.site.clicks != 2 {
		t.Errorf("%d clicks", b.site.clicks)
	}
}

// C32: whatever dies during a retry, its job waits for a person's word, and is as
// it was: no mail server brings it again.
func TestRetryDies(t *testing.T) {
	for name, c := range map[string]struct {
		before func(*bench) func(context.Context, flow.Task) (flow.Result, error)
		state  ledger.State
		click  bool // it may have been, in the end
	}{
		"given up": {func(b *bench) func(context.Context, flow.Task) (flow.Result, error) {
			return func(context.Context, flow.Task) (flow.Result, error) { return flow.Result{}, errors.New("down") }
		}, ledger.Held, false},
		"held in doubt": {func(b *bench) func(context.Context, flow.Task) (flow.Result, error) { return b.site.lose }, ledger.Held, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.GiveUp, b.site.run = time.Nanosecond, c.before(b)
			b.post(t, c.state)
			job := aJob()
			job.Retry = job.Key
			as := func(what string, state ledger.State) ledger.Entry {
				t.Helper()
				e, err := b.Ledger.Find(t.Context(), job.Key)
				if err != nil || e.State != state || e.Published.IsZero() == c.click {
					t.Errorf("%s: %s, published %v, said %q, %v", what, e.State, e.Published, e.Said, err)
				}
				return e
			}
			said := as("held", c.state).Said
			b.site.run = func(ctx context.Context, task flow.Task) (flow.Result, error) {
				as("before the click", c.state)
				err := task.Commit(ctx)
				click := c.click
				c.click = true
				as("after the commitment", ledger.Doubt)
				c.click = click
				return flow.Result{}, errors.Join(err, &flow.Failure{Fault: flow.Owner, Err: errors.New("the button went away")})
			}
			if o, err := b.Post(t.Context(), job); err == nil {
				t.Errorf("%+v", o)
			}
			if e := as("not clicked", c.state); e.Said != said {
				t.Errorf("held, saying %q, not %q", e.Said, said)
			}
			b.site.run = b.site.publish
			if o, err := b.Post(t.Context(), job); err != nil || o.State != ledger.Posted || o.Earlier {
				t.Errorf("%+v, %v", o, err)
			}
		})
	}
}

// A refusal that could not be mailed is mailed later.
func TestRefusalIsNotLost(t *testing.T) {
	b := newBench(t)
	b.site.run = func(context.Context, flow.Task) (flow.Result, error) {
		return flow.Result{}, &flow.Failure{Fault: flow.Sender, Said: "Price required"}
	}
	job := aJob()
	job.MailRefusals = true
	b.sendErr = errors.New("no sendmail")
	if _, err := b.Post(context.Background(), job); err == nil {
		t.Error("no error")
	}
	b.sendErr = nil
	if o, err := b.Post(context.Background(), job); err != nil || !o.Answered || len(b.letters) != 1 {
		t.Errorf("%+v, %v, %d letters", o, err, len(b.letters))
	}
}

func TestConfirm(t *testing.T) {
	b := newBench(t)
	b.site.run = b.site.lose
	b.post(t, ledger.Held)
	claim, err := b.Ledger.Take(context.Background(), aJob().Key)
	if err != nil {
		t.Fatal(err)
	}
	b.sendErr = errors.New("no sendmail")
	if err := b.Confirm(context.Background(), claim, "https://site/7"); err == nil {
		t.Error("confirmed without a receipt")
	}
	b.sendErr = nil
	if err := b.Confirm(context.Background(), claim, "https://site/7"); err != nil {
		t.Fatal(err)
	}
	claim.Close()
	if o := b.post(t, ledger.Posted); o.Result.URL != "https://site/7" {
		t.Errorf("%+v", o)
	}
	if last := string(b.letters[len(b.letters)-1].Data); !strings.Contains(last, "https://site/7") {
		t.Errorf("receipt:\n%s", last)
	}
}

// C8: each part of the key counts, and none can be shifted into another.
func TestKey(t *testing.T) {
	seen := map[string]bool{}
	for _, parts := range [][4]string{
		{"a", "b", "c", "d"}, {"ab", "", "c", "d"}, {"a", "b", "cd", ""}, {"a", "b", "x", "d"}, {"a", "b", "c", "x"},
	} {
		key := Key(parts[0], parts[1], parts[2], parts[3])
		if seen[key] {
			t.Errorf("%q has another's key", parts)
		}
		seen[key] = true
	}
}
