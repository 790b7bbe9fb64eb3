package poster

import (
	"cmp"
	"context"
	"slices"

	"mailapp/poster/ledger"
)

// A mail is posted once, whatever becomes of the rules. One that was delivered
// before they were changed would now be another job, by the name of its rule; so
// what has come of the job that it was then counts. Of several jobs of a mail, the
// one counts after which a click would do the most harm.

// Standing gives what the ledger knows of the job that counts of those that the
// mail has, by the rules of today or by others. The state is None if nothing has
// come of any.
func Standing(ctx context.Context, l *ledger.Ledger, job Job) (ledger.Entry, error) {
	own := ledger.Entry{Job: job.Job, State: ledger.None}
	found, err := l.OfMail(ctx, job.Job, job.Retry)
	if err != nil {
		return own, err
	}
	return slices.MinFunc(append(found, own), func(a, b ledger.Entry) int {
		return cmp.Or(job.rank(a)-job.rank(b), job.apart(a)-job.apart(b))
	}), nil
}

// What a job of the mail may be, beginning with what counts most.
const (
	isUp     = iota // the site has taken the ad
	mayBeUp         // nobody knows, and nobody has said that it be done all the same
	wasOver         // so much time has gone by that nobody knows any more
	isWanted        // a person has said that it be done
	isOwn           // by the rules of today, and something has come of it
	isOver          // by other rules: it waits for a person, or one has closed it
	isNew           // nothing has come of it that counts
)

// rank tells how much it counts what has come of the mail as e: the less, the more.
func (j Job) rank(e ledger.Entry) int {
	ended, clicked := e.State == ledger.Answered, !e.Published.IsZero()
	switch {
	case e.State == ledger.Posted || ended && e.Ended == ledger.Posted:
		return isUp
	case e.State == ledger.Forgotten:
		return wasOver
	case e.Key == j.Retry:
		return isWanted
	case e.State == ledger.Doubt || e.State == ledger.Held && clicked:
		return mayBeUp
	case e.State == ledger.None || e.State == ledger.Claimed:
		return isNew
	case e.Key == j.Key:
		return isOwn
	case j.Retry == "" && (e.State == ledger.Held || ended && e.Ended != ledger.Rejected):
		return isOver
	}
	return isNew
}

// apart is 0 for the job that the mail is by the rules of today.
func (j Job) apart(e ledger.Entry) int {
	if e.Key == j.Key {
		return 0
	}
	return 1
}

// Unpublished tells that the job, as it stands, is to be published now.
func (j Job) Unpublished(stands ledger.Entry) bool {
	switch stands.State {
	case ledger.None, ledger.Claimed:
		return true
	case ledger.Held, ledger.Doubt:
		return stands.Key == j.Retry
	}
	return false
}

// resume goes on with what stands: by the rules of today with what is still to be
// published, else as what it was. Until the delivery ends, no other one of the mail
// does, whatever its rules.
func (t *try) resume(ctx context.Context) (ledger.State, error) {
	if err := t.lock("mail " + cmp.Or(t.job.Mail, t.job.Key)); err != nil {
		return "", err
	}
	found, err := Standing(ctx, t.Ledger, t.job)
	if t.job.Unpublished(found) {
		t.job.Key = found.Key
	} else {
		t.job.Job = found.Job
	}
	return found.State, err
}
