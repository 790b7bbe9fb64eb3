package poster

import (
	"cmp"
	"context"
	"slices"

	"mailapp/poster/ledger"
)

// A mail is posted once, whatever becomes of the rules. One that was delivered
// before they were changed would now be another job, by the name of its rule; so
// what has come of the job that it was then counts.

// Standing gives what the ledger knows of the job; or, where nothing has come of
// that, of the job as which the same mail, to the same recipient, went by another
// rule. The state is None where there is neither.
func Standing(ctx context.Context, l *ledger.Ledger, job Job) (ledger.Entry, error) {
	own := ledger.Entry{Job: job.Job, State: ledger.None}
	found, err := l.OfMail(ctx, job.Job)
	if i := slices.IndexFunc(found, func(e ledger.Entry) bool { return e.Key == job.Key }); i >= 0 {
		own = found[i]
	}
	if err != nil || own.State != ledger.None && own.State != ledger.Claimed {
		return own, err
	}
	for _, stands := range []func(ledger.Entry) bool{isUp, job.isSettled} {
		if i := slices.IndexFunc(found, stands); i >= 0 {
			return found[i], nil
		}
	}
	return own, nil
}

// isUp tells that the site has taken the ad, or that so much time has gone by that
// nobody knows.
func isUp(e ledger.Entry) bool {
	return e.State == ledger.Forgotten || e.State == ledger.Posted || e.State == ledger.Answered && e.Ended == ledger.Posted
}

// isSettled tells that nothing is to be clicked for the mail, by what has come of
// it under another rule: its ad may be up, or a person is to say what becomes of
// it, or has said so. By their word that it be done, none of this counts.
func (j Job) isSettled(e ledger.Entry) bool {
	switch e.State {
	case ledger.Doubt, ledger.Held:
		return !j.Retry
	case ledger.Answered:
		return !j.Retry && e.Ended != ledger.Rejected
	}
	return false
}

// resume goes on with what stands. Until the delivery ends, no other one of the
// mail does, whatever its rules.
func (t *try) resume(ctx context.Context) (ledger.State, error) {
	if err := t.lock("mail " + cmp.Or(t.job.Mail, t.job.Key)); err != nil {
		return "", err
	}
	found, err := Standing(ctx, t.Ledger, t.job)
	if found.Key != t.job.Key {
		t.job.Job = found.Job
	}
	return found.State, err
}
