package poster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"mailapp/poster/flow"
	"mailapp/poster/ledger"
)

// A click that nobody has seen confirmed is never repeated blind (C10). The
// account's ads are listed again and compared with those before the click. An
// address that is new and a title that fits is the ad. No new address at all,
// twice, with time for a slow site in between, means that there is none. All
// else is for a person to judge.

// DefaultCalm is how long an ad that is not listed may still be on its way. The
// second list that shows it absent is read after that.
const DefaultCalm = time.Minute

// mostAgain is how often a job is published again because its ad was absent.
const mostAgain = 2

var (
	errAgain  = errors.New("the ad is not on the site; it may be published again")
	errAbsent = errors.New("the account has no new ad")
)

// lookUp settles a job in doubt by what is on the site. What it does not find
// out is held, with why for the sender to read and o's cause for the owner; but
// if the site only cannot be reached now, the job stays in doubt.
func (t *try) lookUp(ctx context.Context, claim *ledger.Claim, o Outcome, why string) (Outcome, error) {
	ad, err := t.find(ctx, claim)
	if err == nil {
		return t.settle(claim, Outcome{State: ledger.Posted, Result: ledger.Result{URL: ad.URL}})
	}
	if errors.Is(err, errAbsent) && t.job.Retry != claim.Key {
		if again, err := claim.Absent(ctx, mostAgain); err != nil || again {
			return Outcome{State: ledger.Doubt}, cmp.Or(err, errAgain)
		}
	}
	looking := fmt.Errorf("looking for the ad on the site: %w", err)
	if passing(err) && !t.overdue(claim) {
		return Outcome{State: ledger.Doubt, Screenshot: o.Screenshot}, looking
	}
	if !errors.Is(err, errUnlisted) {
		o.Cause = errors.Join(o.Cause, looking)
	}
	return aftermath(func(ctx context.Context) (Outcome, error) { return t.hold(ctx, claim, o, why) })
}

// errUnlisted means that nobody can look: the flow has no list, or had none
// before the click.
var errUnlisted = errors.New("the flow does not list the account's ads")

// passing tells whether an error that has kept us from looking may be gone the
// next time: the site is down, or the browser did not even start.
func passing(err error) bool {
	var failure *flow.Failure
	if errors.As(err, &failure) {
		return failure.Fault == flow.Site || failure.Step == ""
	}
	var unclear unclearError
	return !errors.As(err, &unclear) && !errors.Is(err, errUnlisted) && !errors.Is(err, errAbsent)
}

// find gives the job's ad; errAbsent if it is surely not there.
func (t *try) find(ctx context.Context, claim *ledger.Claim) (ledger.Ad, error) {
	if claim.Before == nil {
		return ledger.Ad{}, errUnlisted
	}
	work, err := t.job.Work(ctx, claim.App)
	if err != nil {
		return ledger.Ad{}, err
	}
	if !work.lists() {
		return ledger.Ad{}, errUnlisted
	}
	if err := t.lockAccount(); err != nil {
		return ledger.Ad{}, err
	}
	ad, err := t.look(ctx, claim, work)
	if !errors.Is(err, errAbsent) {
		return ad, err
	}
	if err := t.calmDown(ctx, claim); err != nil {
		return ad, err
	}
	return t.look(ctx, claim, work)
}

// calmDown waits until an ad that is on its way must have arrived. It counts from
// now, whatever the ledger says of the click: that was another host's clock, or
// this one's before it was set.
func (t *try) calmDown(ctx context.Context, claim *ledger.Claim) error {
	wait := t.Calm
	if wait == 0 {
		wait = DefaultCalm
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < wait {
		return fmt.Errorf("no new ad is there yet, and there is no time to look again: %w", context.DeadlineExceeded)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// look lists the account's ads, in a browser of its own, and picks the job's.
func (t *try) look(ctx context.Context, claim *ledger.Claim, work Work) (ledger.Ad, error) {
	task := work.Task()
	task.Section, task.Photos, task.Progress = flow.List, nil, t.Progress
	result, err := t.Site.Run(ctx, task)
	if err != nil {
		return ledger.Ad{}, err
	}
	ads, err := adsOf(result.Rows)
	if err != nil {
		return ledger.Ad{}, err
	}
	if len(claim.Before) > 0 && !common(claim.Before, ads) {
		return ledger.Ad{}, unclearError{"none of the ads that the account had before is listed any more"}
	}
	// Read after the list: whose ad is in it had committed before.
	others, err := t.Ledger.PublishedBy(ctx, t.job.Account, t.job.Key)
	if err != nil {
		return ledger.Ad{}, err
	}
	fresh := added(claim.Before, ads)
	free, rivals := unclaimed(fresh, others, ads)
	ad, err := pick(t.title(claim), free, rivals)
	if errors.Is(err, errAbsent) && len(ads) > 0 && len(fresh) == 0 && !showsOurs(ads, others) {
		err = unclearError{"the list shows no ad that mailapp has published, so it may not show new ones"}
	}
	return ad, err
}

// title is what the ad was called when it was clicked: other rules may make
// another title of the mail.
func (t *try) title(claim *ledger.Claim) string {
	if claim.Title == "" || claim.Title == Fold(t.job.Title) {
		return t.job.Title
	}
	return claim.Title
}

// unclaimed gives the ads that are not known to be those of other jobs, and the
// folded titles of the jobs whose ads may be among them.
func unclaimed(fresh []ledger.Ad, others []ledger.Entry, listed []ledger.Ad) (free []ledger.Ad, rivals []string) {
	taken := map[string]bool{}
	for _, e := range others {
		its := address(ledger.Ad{URL: e.URL})
		taken[its] = true
		if !slices.ContainsFunc(listed, func(ad ledger.Ad) bool { return address(ad) == its }) {
			rivals = append(rivals, e.Title)
		}
	}
	for _, ad := range fresh {
		if !taken[address(ad)] {
			free = append(free, ad)
		}
	}
	return free, rivals
}

// showsOurs tells whether the list has an ad of another job: then it is one that
// shows what is published. Lists that show the oldest ads first, or a page of
// them, would else tell for ever that a new one is absent.
func showsOurs(ads []ledger.Ad, others []ledger.Entry) bool {
	return slices.ContainsFunc(others, func(e ledger.Entry) bool {
		return common(ads, []ledger.Ad{{URL: e.URL}})
	})
}

// unclearError means that the list does not tell whether the ad is there.
type unclearError struct{ text string }

func (e unclearError) Error() string { return e.text }

// pick gives the one new ad that is of this title. An ad that fits one of the
// rivals and not this title is theirs.
func pick(title string, fresh []ledger.Ad, rivals []string) (ledger.Ad, error) {
	var fitting, other []ledger.Ad
	for _, ad := range fresh {
		shown := Fold(ad.Title)
		switch {
		case fits(title, ad.Title):
			fitting = append(fitting, ad)
		case !slices.ContainsFunc(rivals, func(r string) bool { return foldedFits(r, shown) }):
			other = append(other, ad)
		}
	}
	switch {
	case len(fitting) == 1 && ours(title, fitting[0].Title, rivals):
		return fitting[0], nil
	case len(fitting) == 1:
		return ledger.Ad{}, unclearError{"a new ad fits the title, and so does another job whose ad is not known"}
	case len(fitting) > 1:
		return ledger.Ad{}, unclearError{fmt.Sprintf("%d new ads fit the title", len(fitting))}
	case len(other) > 0:
		return ledger.Ad{}, unclearError{fmt.Sprintf("the account has %d new ads, but none fits the title; one is %q", len(other), other[0].Title)}
	}
	return ledger.Ad{}, errAbsent
}

// ours tells whether an ad that fits the title can be of no rival: it fits none,
// or has this very title and none of them has.
func ours(title, shown string, rivals []string) bool {
	mine, its := Fold(title), Fold(shown)
	fitsRival := slices.ContainsFunc(rivals, func(r string) bool { return foldedFits(r, its) })
	return !fitsRival || its == mine && !slices.Contains(rivals, mine)
}

// adsOf gives the ads that a flow's list has found; none is not nil.
func adsOf(rows []map[string]string) ([]ledger.Ad, error) {
	ads := []ledger.Ad{}
	for i, row := range rows {
		if row["url"] == "" {
			return nil, unclearError{fmt.Sprintf("the list gives no url for ad %d (%q)", i+1, row["title"])}
		}
		ads = append(ads, ledger.Ad{URL: row["url"], Title: row["title"]})
	}
	return ads, nil
}

// added gives the ads that were not there before, each once.
func added(before, now []ledger.Ad) (fresh []ledger.Ad) {
	seen := map[string]bool{}
	for _, ad := range before {
		seen[address(ad)] = true
	}
	for _, ad := range now {
		if !seen[address(ad)] {
			seen[address(ad)] = true
			fresh = append(fresh, ad)
		}
	}
	return fresh
}

// common tells whether the lists share an ad.
func common(before, now []ledger.Ad) bool {
	return slices.ContainsFunc(now, func(ad ledger.Ad) bool {
		return slices.ContainsFunc(before, func(was ledger.Ad) bool { return address(was) == address(ad) })
	})
}

// address is what makes two addresses one ad: the fragment does not count.
func address(ad ledger.Ad) string {
	u, err := url.Parse(ad.URL)
	if err != nil {
		return ad.URL
	}
	u.Fragment, u.RawFragment = "", ""
	return u.String()
}
