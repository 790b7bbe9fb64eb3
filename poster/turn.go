package poster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailapp/poster/ledger"
)

// Wait is the error of a job that is not tried now because its account must
// wait. It is nobody's fault.
type Wait struct {
	Until time.Time // zero where another process decides
	Why   string    // such as "30 ads in 24 hours", for people
}

func (w Wait) Error() string {
	if w.Until.IsZero() {
		return "it is not its turn: " + w.Why
	}
	return fmt.Sprintf("it is not its turn before %s: %s", w.Until.Format(time.DateTime), w.Why)
}

// awaitTurn sees that the job may go to the site now, before there is anything
// of it in the ledger. Who only brings what is done already need not wait, nor a
// person who wants it done.
func (t *try) awaitTurn(ctx context.Context, state ledger.State) error {
	paced := t.job.Pace != ledger.Pace{}
	if !paced || t.job.Retry != "" {
		return nil
	}
	if state != ledger.None && state != ledger.Claimed && state != ledger.Doubt {
		return nil
	}
	if err := t.lockAccount(); err != nil || state == ledger.Doubt {
		return err // what is in doubt counts itself; it is only looked for
	}
	wait, err := t.Ledger.Pace(ctx, t.job.Account, t.job.Job.Title, t.job.Pace, t.now())
	if err == nil && !wait.Until.IsZero() {
		err = Wait(wait)
	}
	return err
}

// putOff has the mail brought again later, because it is not its turn or that is
// not known. A mail server keeps it for some days, and then says that it could not
// be delivered; so one whose turn comes too late for that is held, and its sender
// told why.
func (t *try) putOff(ctx context.Context, state ledger.State, why error) (Outcome, error) {
	var wait Wait
	begun := state != ledger.None && state != ledger.Claimed
	if !errors.As(why, &wait) || begun || t.job.Patient || t.GiveUp == 0 {
		return Outcome{}, why
	}
	since, err := t.Ledger.Arrived(ctx, t.job.Job)
	if err != nil {
		return Outcome{}, err
	}
	last := since.Add(t.GiveUp)
	if !wait.Until.After(last) && !t.now().After(last) {
		return Outcome{}, why
	}
	claim, err := t.Ledger.Claim(ctx, t.job.Job)
	if err != nil {
		return Outcome{}, err
	}
	defer claim.Close()
	text := fmt.Sprintf("It has to wait for its turn for longer than the %s that a mail may wait here: %s.", inWords(t.GiveUp), wait.Why)
	return t.hold(ctx, claim, Outcome{GivenUp: true, Cause: why}, text)
}

// lockAccount keeps other processes from publishing for the account, or from
// looking for its ads, until this delivery ends.
func (t *try) lockAccount() error {
	err := t.lock("account " + t.job.Account)
	if errors.Is(err, ledger.ErrBusy) {
		return Wait{Why: "another ad of the same account is being worked on"}
	}
	return err
}

// lock keeps other processes from what has this name until this delivery ends.
func (t *try) lock(name string) error {
	if t.locks[name] != nil {
		return nil
	}
	unlock, err := t.Ledger.Lock(name)
	if err == nil {
		t.locks[name] = unlock
	}
	return err
}

func (t *try) unlock() {
	for _, unlock := range t.locks {
		unlock()
	}
}
