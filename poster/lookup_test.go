package poster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mailapp/poster/flow"
	"mailapp/poster/ledger"
)

const listingFlow = `
origins: ["{{site}}"]
steps: [{open: "{{site}}"}, {publish: Go}]
list:
  - if: A
    then:
      - read-each: {at: css/tr, read: {url: {at: css/a, from: link}, title: {at: css/a}}}
`

func parseFlow(t *testing.T, text string) *flow.Flow {
	t.Helper()
	f, err := flow.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// market is a site that lists its ads.
type market struct {
	ads     []ledger.Ad
	lists   int
	clicks  int
	shown   string                       // the title that it makes of the job's; "" takes it as it is
	loses   bool                         // takes the ad and never says so
	drops   bool                         // neither takes the ad nor says so
	listing func(m *market, n int) error // before the list is read for the nth time after a click
}

func (m *market) Run(ctx context.Context, task flow.Task) (flow.Result, error) {
	if task.Section == flow.List {
		m.lists++
		if m.listing != nil {
			if err := m.listing(m, m.lists); err != nil {
				return flow.Result{}, err
			}
		}
		return flow.Result{Rows: m.rows()}, nil
	}
	if task.Listed != nil {
		if err := task.Listed(m.rows()); err != nil {
			return flow.Result{}, &flow.Failure{Fault: flow.Owner, Err: err}
		}
	}
	if err := task.Commit(ctx); err != nil {
		return flow.Result{}, &flow.Failure{Fault: flow.Owner, Err: err}
	}
	m.clicks++
	if !m.drops {
		m.put(m.shown)
	}
	if m.loses || m.drops {
		return flow.Result{}, &flow.Failure{Fault: flow.Site, Step: "step 3", Published: true, Err: errors.New("no answer")}
	}
	return flow.Result{Published: true, Values: map[string]string{"url": m.ads[len(m.ads)-1].URL}}, nil
}

func (m *market) put(title string) {
	if title == "" {
		title = "Sofa"
	}
	m.ads = append(m.ads, ledger.Ad{URL: fmt.Sprintf("https://site/%d", len(m.ads)+1), Title: title})
}

func (m *market) rows() (rows []map[string]string) {
	for _, ad := range m.ads {
		rows = append(rows, map[string]string{"url": ad.URL, "title": ad.Title})
	}
	return rows
}

// newMarket is a bench whose site lists its ads, two already there.
func newMarket(t *testing.T, change func(*market)) (*bench, *market) {
	b, m := newBench(t), &market{}
	m.put("Old lamp")
	m.put("Old sofa")
	if change != nil {
		change(m)
	}
	b.Site, b.Calm = m, time.Millisecond
	if len(m.ads) > 0 {
		posted(t, b, m.ads[0].URL)
	}
	return b, m
}

// posted has the ledger know an ad of the account as another job's.
func posted(t *testing.T, b *bench, url string) {
	t.Helper()
	claim, err := b.Ledger.Claim(t.Context(), ledger.Job{Key: "earlier", Account: "site fred", Title: "oldlamp"})
	if err == nil {
		err = claim.Doubt(t.Context(), []ledger.Ad{})
	}
	if err == nil {
		err = claim.Settle(t.Context(), ledger.Posted, ledger.Result{URL: url})
	}
	if err != nil {
		t.Fatal(err)
	}
	claim.Close()
}

func listedJob(t *testing.T) Job {
	job, f := aJob(), parseFlow(t, listingFlow)
	job.Account, job.Job.Title = "site fred", Fold(job.Title)
	job.Work = func(context.Context, string) (Work, error) { return Work{Flow: f}, nil }
	return job
}

// C10: after doubt the ad is looked up on the site. Found: posted. Surely
// absent: posted again by a later delivery. All else is held, or stays in doubt while nobody can
// look.
func TestLookUp(t *testing.T) {
	failing := func(f *flow.Failure) func(*market, int) error {
		return func(*market, int) error { return f }
	}
	for name, c := range map[string]struct {
		change func(*market)
		state  ledger.State
		clicks int
		lists  int
		letter string // in the sender's
		cause  string // for the owner
	}{
		"found at once":  {func(m *market) { m.loses = true }, ledger.Posted, 1, 1, "https://site/3", ""},
		"rewritten":      {func(m *market) { m.loses, m.shown = true, "SOFA – 40 €" }, ledger.Posted, 1, 1, "https://site/3", ""},
		"slow to appear": {func(m *market) { m.drops, m.listing = true, appears(2, "Sofa") }, ledger.Posted, 1, 2, "https://site/3", ""},
		"absent once": {func(m *market) {
			m.drops, m.listing = true, func(m *market, n int) error { m.drops = n < 2; return nil }
		}, ledger.Posted, 2, 2, "https://site/3", ""},
		"absent always":   {func(m *market) { m.drops = true }, ledger.Held, 3, 6, "Unconfirmed", "no new ad"},
		"absent now":      {func(m *market) { m.drops = true }, "", 1, 2, "", "has not taken the ad"},
		"another's title": {func(m *market) { m.drops, m.listing = true, appears(1, "Bicycle") }, ledger.Held, 1, 1, "Unconfirmed", `none fits the title; one is "Bicycle"`},
		"two that fit":    {func(m *market) { m.loses, m.listing = true, appears(1, "Sofa") }, ledger.Held, 1, 1, "Unconfirmed", "2 new ads fit"},
		"one of two fits": {func(m *market) { m.loses, m.listing = true, appears(1, "Bicycle") }, ledger.Posted, 1, 1, "https://site/3", ""},
		"all are gone": {func(m *market) { m.drops, m.listing = true, func(m *market, _ int) error { m.ads = nil; return nil } },
			ledger.Held, 1, 1, "Unconfirmed", "none of the ads that the account had"},
		"no url": {func(m *market) {
			m.drops, m.listing = true, func(m *market, _ int) error { m.ads = []ledger.Ad{{Title: "Sofa"}}; return nil }
		}, ledger.Held, 1, 1, "Unconfirmed", "no url"},
		"login refused": {func(m *market) {
			m.loses, m.listing = true, failing(&flow.Failure{Fault: flow.Owner, Step: "step list.2", Err: errors.New("captcha")})
		}, ledger.Held, 1, 1, "Unconfirmed", "captcha"},
		"site down": {func(m *market) {
			m.loses, m.listing = true, failing(&flow.Failure{Fault: flow.Site, Step: "step list.1", Err: errors.New("down")})
		}, ledger.Doubt, 1, 1, "", "down"},
		"no browser": {func(m *market) {
			m.loses, m.listing = true, failing(&flow.Failure{Fault: flow.Owner, Err: errors.New("starting the browser")})
		}, ledger.Doubt, 1, 1, "", "starting"},
		"an account without ads": {func(m *market) { m.loses, m.ads = true, nil }, ledger.Posted, 1, 1, "https://site/1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b, m := newMarket(t, c.change)
			o, err := b.Post(t.Context(), listedJob(t))
			for again := 1; again < c.clicks; again++ { // the mail server brings it again
				if err == nil {
					t.Errorf("nothing was wrong: %+v", o)
				}
				o, err = b.Post(t.Context(), listedJob(t))
			}
			if o.State != c.state || (err == nil) == (c.state == ledger.Doubt || c.state == "") || m.clicks != c.clicks || m.lists != c.lists {
				t.Errorf("%+v, %v; %d clicks, %d lists", o, err, m.clicks, m.lists)
			}
			if cause := fmt.Sprint(errors.Join(err, o.Cause)); !strings.Contains(cause, c.cause) {
				t.Errorf("the owner hears %q", cause)
			}
			if got := letters(b); !strings.Contains(got, c.letter) || (got == "") != (c.letter == "") {
				t.Errorf("the sender reads:\n%s", got)
			}
		})
	}
}

// appears puts an ad before the list is read for the nth time.
func appears(at int, title string) func(*market, int) error {
	return func(m *market, n int) error {
		if n == at {
			m.put(title)
		}
		return nil
	}
}

func letters(b *bench) (all string) {
	for _, l := range b.letters {
		all += string(l.Data)
	}
	return all
}

// C10: what an earlier process left in doubt is looked up by the next delivery,
// also where its snapshot was of no ads; without a snapshot it is held unseen.
func TestFoundInDoubtWithAList(t *testing.T) {
	for _, c := range []struct {
		before []ledger.Ad
		there  int // ads on the site
		state  ledger.State
		clicks int
	}{
		{[]ledger.Ad{}, 1, ledger.Posted, 0},
		{[]ledger.Ad{}, 0, ledger.Posted, 1},
		{nil, 1, ledger.Held, 0},
		{nil, 0, ledger.Held, 0},
	} {
		b, m := newMarket(t, func(m *market) { m.ads = nil })
		inDoubt(t, b, listedJob(t), c.before)
		for range c.there {
			m.put("Sofa")
		}
		o, err := b.Post(t.Context(), listedJob(t))
		if err != nil || o.State != c.state || m.clicks != c.clicks {
			t.Errorf("%+v: %+v, %v, %d clicks", c, o, err, m.clicks)
		}
	}
}

func inDoubt(t *testing.T, b *bench, job Job, before []ledger.Ad) {
	t.Helper()
	claim, err := b.Ledger.Claim(t.Context(), job.Job)
	if err == nil {
		err = claim.Doubt(t.Context(), before)
	}
	if err != nil {
		t.Fatal(err)
	}
	claim.Close()
}

// C10: several jobs of one account in doubt at once do not take each other's
// ads.
func TestRivals(t *testing.T) {
	other := func(t *testing.T, title string) Job {
		job := listedJob(t)
		job.Key, job.Title, job.Job.Title = Key("ads", title, "", ""), title, Fold(title)
		return job
	}
	t.Run("titles apart", func(t *testing.T) {
		b, m := newMarket(t, func(m *market) { m.ads = nil })
		inDoubt(t, b, listedJob(t), []ledger.Ad{})
		inDoubt(t, b, other(t, "Bicycle"), []ledger.Ad{})
		m.put("Bicycle") // the sofa is not there
		for _, job := range []Job{listedJob(t), other(t, "Bicycle")} {
			if o, err := b.Post(t.Context(), job); err != nil || o.State != ledger.Posted {
				t.Errorf("%s: %+v, %v", job.Title, o, err)
			}
		}
		if m.clicks != 1 || len(m.ads) != 2 {
			t.Errorf("%d clicks, %v", m.clicks, m.ads)
		}
	})
	t.Run("a title in another", func(t *testing.T) {
		b, m := newMarket(t, func(m *market) { m.ads = nil })
		inDoubt(t, b, listedJob(t), []ledger.Ad{})
		inDoubt(t, b, other(t, "Sofa bed"), []ledger.Ad{})
		m.put("Sofa bed") // the sofa is not there
		if o, err := b.Post(t.Context(), listedJob(t)); err != nil || o.State != ledger.Held {
			t.Errorf("the sofa: %+v, %v", o, err)
		}
		if o, err := b.Post(t.Context(), other(t, "Sofa bed")); err != nil || o.State != ledger.Posted || o.Result.URL != "https://site/1" {
			t.Errorf("the sofa bed: %+v, %v", o, err)
		}
		if m.clicks != 0 {
			t.Errorf("%d clicks", m.clicks)
		}
	})
	t.Run("another's address in other words", func(t *testing.T) {
		b, m := newMarket(t, nil)
		inDoubt(t, b, listedJob(t), m.ads[:2])
		m.put("Sofa bed")
		done := other(t, "Sofa bed")
		inDoubt(t, b, done, m.ads[:2])
		claim, err := b.Ledger.Claim(t.Context(), done.Job)
		if err == nil {
			err = claim.Settle(t.Context(), ledger.Posted, ledger.Result{URL: m.ads[2].URL + "?created=1"})
		}
		if err != nil {
			t.Fatal(err)
		}
		claim.Close()
		if o, err := b.Post(t.Context(), listedJob(t)); err != nil || o.State != ledger.Held || m.clicks != 0 {
			t.Errorf("%+v, %v, %d clicks", o, err, m.clicks)
		}
	})
	t.Run("the same title", func(t *testing.T) {
		b, m := newMarket(t, func(m *market) { m.ads = nil })
		same := other(t, "sofa!")
		inDoubt(t, b, listedJob(t), []ledger.Ad{})
		inDoubt(t, b, same, []ledger.Ad{})
		m.put("Sofa") // whose is it?
		if o, err := b.Post(t.Context(), listedJob(t)); err != nil || o.State != ledger.Held || m.clicks != 0 {
			t.Errorf("%+v, %v, %d clicks", o, err, m.clicks)
		}
	})
	t.Run("known as another's", func(t *testing.T) {
		b, m := newMarket(t, func(m *market) { m.ads = nil })
		inDoubt(t, b, listedJob(t), []ledger.Ad{})
		if o, err := b.Post(t.Context(), other(t, "Sofa")); err != nil || o.State != ledger.Posted {
			t.Fatalf("%+v, %v", o, err)
		}
		if o, err := b.Post(t.Context(), listedJob(t)); err != nil || o.Result.URL != "https://site/2" || m.clicks != 2 {
			t.Errorf("%+v, %v, %d clicks", o, err, m.clicks)
		}
	})
	t.Run("at work", func(t *testing.T) {
		b, m := newMarket(t, func(m *market) { m.loses = true })
		m.listing = func(m *market, n int) error {
			if n == 1 { // another process looks while we do
				inDoubt(t, b, other(t, "Bicycle"), []ledger.Ad{})
				if o, err := b.Post(t.Context(), other(t, "Bicycle")); !errors.As(err, new(Wait)) || o.State != ledger.Doubt {
					t.Errorf("%+v, %v", o, err)
				}
			}
			return nil
		}
		if o, err := b.Post(t.Context(), listedJob(t)); err != nil || o.State != ledger.Posted {
			t.Errorf("%+v, %v", o, err)
		}
	})
}

// An ad that is not listed yet may be on its way: it is looked for again only
// when it must have come, and not at all if that is too late.
func TestCalm(t *testing.T) {
	for name, c := range map[string]struct {
		off   time.Duration // of the clock since the click
		least time.Duration
		most  time.Duration
	}{
		"just now":           {0, 300 * time.Millisecond, 2 * time.Second},
		"long ago":           {time.Hour, 300 * time.Millisecond, 2 * time.Second},
		"the clock set back": {-24 * time.Hour, 300 * time.Millisecond, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			b, m := newMarket(t, nil)
			b.Calm, b.Now = 400*time.Millisecond, func() time.Time { return time.Now().Add(c.off) }
			inDoubt(t, b, listedJob(t), m.ads[:2])
			began := time.Now()
			o, err := b.Post(t.Context(), listedJob(t))
			if took := time.Since(began); err != nil || o.State != ledger.Posted || m.lists != 2 || took < c.least || took > c.most {
				t.Errorf("%+v, %v, %d lists, took %v", o, err, m.lists, took)
			}
		})
	}
	t.Run("no time", func(t *testing.T) {
		b, m := newMarket(t, nil)
		b.Calm = time.Hour
		inDoubt(t, b, listedJob(t), m.ads[:2])
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if o, err := b.Post(ctx, listedJob(t)); err == nil || o.State != ledger.Doubt || m.lists != 1 || m.clicks != 0 {
			t.Errorf("%+v, %v, %d lists, %d clicks", o, err, m.lists, m.clicks)
		}
	})
}

// A list that shows only old ads, its first page for instance, does not show that
// a new one is absent.
func TestListOfOldAds(t *testing.T) {
	b, m := newMarket(t, func(m *market) { m.ads = nil })
	m.put("Bicycle")
	m.put("Lamp")
	inDoubt(t, b, listedJob(t), m.ads)
	if o, err := b.Post(t.Context(), listedJob(t)); err != nil || o.State != ledger.Held || m.clicks != 0 {
		t.Errorf("%+v, %v, %d clicks", o, err, m.clicks)
	}
}

// A job that a person has closed is over, also if it is delivered again.
func TestClosed(t *testing.T) {
	b, m := newMarket(t, nil)
	inDoubt(t, b, listedJob(t), nil)
	claim, err := b.Ledger.Take(t.Context(), listedJob(t).ID())
	if err == nil {
		err = claim.Answer(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	claim.Close()
	if o, err := b.Post(t.Context(), listedJob(t)); err != nil || o.State != ledger.Answered || m.clicks+m.lists != 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

// What fails for longer than the owner has set is held, and sender and ledger
// say so; what is in doubt then, too.
func TestGiveUp(t *testing.T) {
	later := func() time.Time { return time.Now().Add(73 * time.Hour) }
	down := func(context.Context, flow.Task) (flow.Result, error) {
		return flow.Result{}, &flow.Failure{Fault: flow.Site, Step: "step 1", Err: errors.New("down")}
	}
	t.Run("before the click", func(t *testing.T) {
		b := newBench(t)
		b.GiveUp, b.site.run = 72*time.Hour, down
		for range 3 {
			if o, err := b.Post(t.Context(), aJob()); err == nil || o.State != "" {
				t.Fatalf("%+v, %v", o, err)
			}
		}
		b.Now = later
		if o := b.post(t, ledger.Held); !o.GivenUp || !strings.Contains(fmt.Sprint(o.Cause), "down") {
			t.Errorf("%+v", o)
		}
		b.site.run = b.site.publish
		if o := b.post(t, ledger.Held); !o.GivenUp || !o.Earlier || len(b.letters) != 1 || !strings.Contains(letters(b), "Not posted: Sofa") {
			t.Errorf("%+v, %s", o, letters(b))
		}
		job := aJob()
		job.Retry = job.Key
		if o, err := b.Post(t.Context(), job); err != nil || o.State != ledger.Posted {
			t.Errorf("retried: %+v, %v", o, err)
		}
	})
	t.Run("by its photos", func(t *testing.T) {
		b := newBench(t)
		b.GiveUp, b.Now = 72*time.Hour, later
		b.site.run = func(context.Context, flow.Task) (flow.Result, error) {
			return flow.Result{}, &flow.Failure{Fault: flow.Owner, Err: flow.ErrPhotos}
		}
		if o := b.post(t, ledger.Held); !o.GivenUp || !strings.Contains(o.Result.Said, "3 days. Its photos take longer") {
			t.Errorf("%+v", o)
		}
	})
	t.Run("without what it needs", func(t *testing.T) {
		b, job := newBench(t), aJob()
		b.GiveUp, b.Now = 72*time.Hour, later
		job.Work = func(context.Context, string) (Work, error) { return Work{}, errors.New("no password") }
		if o, err := b.Post(t.Context(), job); err != nil || o.State != ledger.Held || !o.GivenUp {
			t.Errorf("%+v, %v", o, err)
		}
	})
	t.Run("in doubt", func(t *testing.T) {
		b, m := newMarket(t, nil)
		m.listing = func(*market, int) error {
			return &flow.Failure{Fault: flow.Site, Step: "step list.1", Err: errors.New("down")}
		}
		b.GiveUp = 72 * time.Hour
		inDoubt(t, b, listedJob(t), m.ads[:2])
		if o, err := b.Post(t.Context(), listedJob(t)); err == nil || o.State != ledger.Doubt {
			t.Fatalf("%+v, %v", o, err)
		}
		b.Now = later
		if o, err := b.Post(t.Context(), listedJob(t)); err != nil || o.State != ledger.Held || o.GivenUp || !strings.Contains(letters(b), "Unconfirmed") {
			t.Errorf("%+v, %v", o, err)
		}
	})
}

// A mail that must wait for longer than a mail server may keep it is held, and its
// sender told; one in a mailbox waits.
func TestWaitsTooLong(t *testing.T) {
	for name, c := range map[string]struct {
		pace    ledger.Pace
		busy    bool // with others of the account, whenever it comes
		patient bool
		later   time.Duration // at the second delivery
		state   ledger.State  // "": it waits
	}{
		"soon":                   {pace: ledger.Pace{Every: time.Hour}},
		"behind too many others": {pace: ledger.Pace{Every: time.Second}, busy: true, later: 49 * time.Hour, state: ledger.Held},
		"not before it is over":  {pace: ledger.Pace{Every: 72 * time.Hour}, state: ledger.Held},
		"in a mailbox":           {pace: ledger.Pace{Every: 72 * time.Hour}, patient: true, later: 50 * time.Hour},
		"its turn at the latest": {pace: ledger.Pace{Every: 47 * time.Hour}, later: 48 * time.Hour, state: ledger.Posted},
	} {
		t.Run(name, func(t *testing.T) {
			b, m := newMarket(t, func(m *market) { m.ads = nil })
			b.GiveUp = 48 * time.Hour
			if o, err := b.Post(t.Context(), listedJob(t)); err != nil || o.State != ledger.Posted {
				t.Fatalf("%+v, %v", o, err)
			}
			job := listedJob(t)
			job.Key, job.Pace, job.Patient = Key("ads", "2", "", ""), c.pace, c.patient
			if c.busy {
				unlock, err := b.Ledger.Lock("account " + job.Account)
				if err != nil {
					t.Fatal(err)
				}
				defer unlock()
			}
			o, err := b.Post(t.Context(), job)
			if c.later > 0 {
				if !errors.As(err, new(Wait)) {
					t.Errorf("at first: %+v, %v", o, err)
				}
				b.Now = func() time.Time { return time.Now().Add(c.later) }
				o, err = b.Post(t.Context(), job)
			}
			if waits := errors.As(err, new(Wait)); waits != (c.state == "") || o.State != c.state {
				t.Fatalf("%+v, %v", o, err)
			}
			if o.State != ledger.Held {
				return
			}
			if text := string(b.letters[len(b.letters)-1].Data); !o.GivenUp || m.clicks != 1 ||
				!strings.Contains(text, "Subject: Not posted: Sofa") || !strings.Contains(text, "longer than the 2 days") {
				t.Errorf("%+v, %d clicks; the sender reads:\n%s", o, m.clicks, text)
			}
		})
	}
}

// An account waits as its pace says. Waiting is no attempt, and what is done
// already does not wait.
func TestPace(t *testing.T) {
	b, m := newMarket(t, func(m *market) { m.ads = nil })
	paced := func(n string) Job {
		job := listedJob(t)
		job.Key, job.Pace = Key("ads", n, "", ""), ledger.Pace{Every: time.Hour}
		return job
	}
	first, second := paced("1"), paced("2")
	if o, err := b.Post(t.Context(), first); err != nil || o.State != ledger.Posted {
		t.Fatalf("%+v, %v", o, err)
	}
	var wait Wait
	o, err := b.Post(t.Context(), second)
	if !errors.As(err, &wait) || o.State != "" || m.clicks != 1 || time.Until(wait.Until) < 59*time.Minute || wait.Why != "one ad in 1h" {
		t.Fatalf("%+v, %v", o, err)
	}
	if e, err := b.Ledger.Find(t.Context(), second.Key); err == nil {
		t.Errorf("waiting is in the ledger: %v", e)
	}
	if o, err := b.Post(t.Context(), first); err != nil || !o.Earlier {
		t.Errorf("redelivered: %+v, %v", o, err)
	}
	b.Now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	if o, err := b.Post(t.Context(), second); err != nil || o.State != ledger.Posted {
		t.Errorf("its turn: %+v, %v", o, err)
	}
	third := paced("3")
	third.Retry = third.Key
	inDoubt(t, b, third, nil)
	if o, err := b.Post(t.Context(), third); err != nil || o.State != ledger.Posted {
		t.Errorf("a person's word: %+v, %v", o, err)
	}
}

// One paced ad of an account at a time; of another account at the same time.
func TestPacedOneByOne(t *testing.T) {
	b := newBench(t)
	paced := func(key, account string) Job {
		job := aJob()
		job.Key, job.Account, job.Pace = key, account, ledger.Pace{PerDay: 5}
		return job
	}
	b.site.run = func(ctx context.Context, task flow.Task) (flow.Result, error) {
		b.site.run = b.site.publish
		var wait Wait
		if _, err := b.Post(ctx, paced("b", "fred")); !errors.As(err, &wait) || !wait.Until.IsZero() {
			t.Errorf("the same account: %v", err)
		}
		if o, err := b.Post(ctx, paced("c", "ann")); err != nil || o.State != ledger.Posted {
			t.Errorf("another account: %+v, %v", o, err)
		}
		return b.site.publish(ctx, task)
	}
	for _, key := range []string{"a", "b"} {
		if o, err := b.Post(t.Context(), paced(key, "fred")); err != nil || o.State != ledger.Posted {
			t.Errorf("%s: %+v, %v", key, o, err)
		}
	}
}

// What was absent after its click counts for no pace, and waits its turn like
// any other before it is published again.
func TestPaceAfterAbsence(t *testing.T) {
	b, m := newMarket(t, func(m *market) { m.ads, m.drops = nil, true })
	m.listing = func(m *market, n int) error { m.drops = n < 2; return nil }
	job := listedJob(t)
	job.Pace = ledger.Pace{Every: time.Hour, SameTitle: 48 * time.Hour}
	if o, err := b.Post(t.Context(), job); err == nil || errors.As(err, new(Wait)) {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := b.Post(t.Context(), job); err != nil || o.State != ledger.Posted || m.clicks != 2 {
		t.Errorf("%+v, %v, %d clicks", o, err, m.clicks)
	}
}
