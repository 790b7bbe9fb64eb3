package poster

import (
	"context"
	"fmt"

	"mailapp/poster/ledger"
)

// What has come of a job is written down first, then its sender is told, then the
// job is over: they hear of it at least once, whatever dies in between.

// settle writes down what the site has said, then answers the sender.
func (t *try) settle(claim *ledger.Claim, o Outcome) (Outcome, error) {
	return aftermath(func(ctx context.Context) (Outcome, error) {
		if err := claim.Settle(ctx, o.State, o.Result); err != nil {
			return Outcome{}, err
		}
		return t.answer(ctx, claim, o)
	})
}

// answer tells the sender, unless the exit code will, and closes the job. One
// who cannot be told for too long is left to the exit code: what the mail server
// would bounce in the end says that nothing is posted.
func (t *try) answer(ctx context.Context, claim *ledger.Claim, o Outcome) (Outcome, error) {
	rejected := o.State == ledger.Rejected
	if rejected && !t.job.MailRefusals {
		return o, nil // stays Rejected: a redelivery is refused again, it may be the MTA's retry
	}
	tell := t.tell
	if rejected {
		tell = t.tellOnce
	}
	err := tell(ctx, t.job, o)
	if err != nil && !t.overdue(claim) {
		return o, fmt.Errorf("sending the receipt: %w", err)
	}
	o.Answered, o.Untold = err == nil, err
	if err != nil && rejected {
		return o, nil
	}
	return o, claim.Answer(ctx)
}

// tellOnce tells of a refusal, unless the sender has been told the same today
// (C20).
func (p *Poster) tellOnce(ctx context.Context, job Job, o Outcome) error {
	return p.Ledger.TellOnce(ctx, job.Sender, o.Result.Said, p.now(), func() error { return p.tell(ctx, job, o) })
}

// Confirm settles a job by a person's word that its ad is online, and sends
// the receipt.
func (p *Poster) Confirm(ctx context.Context, claim *ledger.Claim, url string) error {
	if claim.State != ledger.Posted {
		if err := claim.Settle(ctx, ledger.Posted, ledger.Result{URL: url}); err != nil {
			return err
		}
	}
	t := &try{Poster: p, job: Job{Job: claim.Job, Title: claim.Subject, Retry: claim.Key}}
	_, err := t.answer(ctx, claim, Outcome{State: ledger.Posted, Result: claim.Result})
	return err
}

// hold leaves the job to a person. The sender is told first, so that dying in
// between tells them twice rather than never. Who cannot be told for too long may
// hear from the mail server that nothing is posted, but not of an ad in doubt.
func (t *try) hold(ctx context.Context, claim *ledger.Claim, o Outcome, why string) (Outcome, error) {
	o.State, o.Result = ledger.Held, ledger.Result{Said: why}
	err := t.tell(ctx, t.job, o)
	if err != nil && (claim.State != ledger.Doubt || !t.overdue(claim)) {
		return Outcome{}, fmt.Errorf("telling the sender that it is held: %w", err)
	}
	o.Answered, o.Untold = err == nil, err
	return o, claim.Settle(ctx, ledger.Held, o.Result)
}
