package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mailapp/filter"
	"mailapp/poster"
	"mailapp/poster/ledger"
)

func newLedgerCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "ledger",
		Short: "List jobs, and settle those that are held",
		Long: "List the jobs, the newest first. What is held, or in doubt and not delivered again,\n" +
			"waits for a person's word: posted says that the ad is on the site after all, retry\n" +
			"has the mail handled again from the beginning, forget closes the job without an ad.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			words, err := statesFlag(c)
			if err != nil {
				return err
			}
			return withLedger(c, func(ctx context.Context, o *settling) error {
				return listJobs(ctx, c, o, words)
			})
		},
	}
	c.Flags().Bool("held", false, "list only what waits for a person")
	c.Flags().StringSlice("state", nil, "list only jobs in these states")
	c.AddCommand(
		newLedgerShowCommand(),
		settleCommand("posted ID URL", "Say that a held job's ad is on the site at URL; the sender gets the receipt", cobra.ExactArgs(2), settlePosted),
		settleCommand("retry ID", "Handle a held mail again from the beginning", cobra.ExactArgs(1), settleRetry),
		settleCommand("forget ID", "Close a held job without an ad", cobra.ExactArgs(1), settleForget),
		newLedgerExportCommand(),
		newLedgerPruneCommand(),
	)
	return c
}

// waiting are the states from which a job goes on only by a person's word,
// unless its mail is delivered again.
var waiting = []ledger.State{ledger.Held, ledger.Doubt, ledger.Posted}

// settling is what a person needs at hand to settle jobs.
type settling struct {
	rules    string
	settings *filter.Settings
	state    stateDir
	ledger   *ledger.Ledger
	out      io.Writer
}

func (o *settling) say(format string, args ...any) { fmt.Fprintf(o.out, format+"\n", args...) }

func withLedger(c *cobra.Command, do func(context.Context, *settling) error) error {
	settings, err := loadSettings(rulesFlag(c))
	if err != nil {
		return codeError{exitConfig, err}
	}
	state, err := openState(settings)
	if err != nil {
		return err
	}
	l, err := openLedger(c.Context(), settings, state)
	if err != nil {
		return err
	}
	defer l.Close()
	return do(c.Context(), &settling{rulesFlag(c), settings, state, l, c.OutOrStdout()})
}

func listJobs(ctx context.Context, c *cobra.Command, o *settling, words []string) error {
	var states []ledger.State
	if held, _ := c.Flags().GetBool("held"); held {
		states = waiting
	}
	entries, err := o.ledger.List(ctx, states...)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, e := range entries {
		state := jobWord(e)
		if !slices.Contains(words, state) {
			continue
		}
		what := e.URL
		if what == "" {
			what = e.Said + e.Reads
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", e.ID(), e.Updated.Format(time.DateTime), state,
			oneLine(e.Sender, 60), oneLine(e.Subject, 40), oneLine(what, 120))
	}
	return w.Flush()
}

// settleCommand makes a command that claims one job and settles it.
func settleCommand(use, short string, args cobra.PositionalArgs, settle func(context.Context, *settling, *ledger.Claim, []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: args, RunE: func(c *cobra.Command, args []string) error {
		return withLedger(c, func(ctx context.Context, o *settling) error {
			claim, err := o.ledger.Take(ctx, args[0])
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			defer claim.Close()
			if claim.State == ledger.Answered || claim.State == ledger.Rejected {
				return fmt.Errorf("%s is over; there is nothing to settle", claim.ID())
			}
			return settle(ctx, o, claim, args)
		})
	}}
}

func settlePosted(ctx context.Context, o *settling, claim *ledger.Claim, args []string) error {
	u, err := url.Parse(args[1])
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usageError("%q is not the URL of an ad", args[1])
	}
	if claim.App == "" {
		return fmt.Errorf("%s was held before it was to be posted anywhere", claim.ID())
	}
	p := &poster.Poster{Ledger: o.ledger, Send: sendBy(o.settings), From: receiptFrom(o.settings)}
	if err := p.Confirm(ctx, claim, args[1]); err != nil {
		return fmt.Errorf("%w; hint: the same command tries it again", err)
	}
	o.say("%s is posted; the receipt went to %s", claim.ID(), claim.Sender)
	return o.state.forget(claim.ID())
}

func settleForget(ctx context.Context, o *settling, claim *ledger.Claim, _ []string) error {
	if err := claim.Answer(ctx); err != nil {
		return err
	}
	o.say("%s is forgotten", claim.ID())
	return o.state.forget(claim.ID())
}

// settleRetry has a kept mail handled once more. The job stays as it is until
// the worker takes it, so that dying here loses nothing.
func settleRetry(ctx context.Context, o *settling, claim *ledger.Claim, _ []string) error {
	message, kept, err := o.state.openKept(claim.ID())
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the mail of %s is not kept here%s have it sent again", claim.ID(), elsewhere(claim.Host))
	}
	if err != nil {
		return err
	}
	defer message.Close()
	claim.Close() // the worker claims it
	var proofs []string
	r := delivery{in: message, rules: o.rules, kept: &kept, retry: claim.Key, progress: func(e event) {
		if e.Stage == "proof" {
			proofs = append(proofs, e.Text)
		}
	}}.handleUntilSignal()
	if r.Exit != exitDone {
		return fmt.Errorf("%s: %s", claim.ID(), r.cause())
	}
	if r.Outcome == string(ledger.Held) && r.ID == claim.ID() {
		o.sayHeldAgain(r, proofs)
		return nil
	}
	o.say("%s", summary(r))
	if err := closeIfReplaced(ctx, o.ledger, o.state, claim.ID(), r.ID); err != nil {
		return err
	}
	return o.state.forget(claim.ID())
}

// sayHeldAgain says why a retry has come to nothing; proofs are what was tried to
// prove the sender.
func (o *settling) sayHeldAgain(r report, proofs []string) {
	o.say("%s is held again: %s", r.ID, r.Why)
	if r.Sender != "" { // it was not for want of a proof
		return
	}
	for _, p := range proofs {
		o.say("  %s", oneLine(p, 500))
	}
	if len(proofs) > 0 {
		o.say("hint: change rules.yaml so that one of these proves the sender (man mailapp-rules, WHO SENT IT), or close it: mailapp ledger forget %s", r.ID)
	}
}

// elsewhere says on which other host a mail may be kept.
func elsewhere(host string) string {
	if here, err := os.Hostname(); host == "" || err != nil || host == here {
		return ";"
	}
	return ", but may be on " + oneLine(host, 100) + ", which worked on it last: say it there, or"
}
