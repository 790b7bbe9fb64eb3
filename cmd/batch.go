package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"mailapp/filter"
	"mailapp/poster/browser"
)

const batchCommand = "batch"

func newBatchCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   batchCommand + " PATH",
		Short: "Handle all mails of a Maildir, an mbox file or a file with one mail",
		Long: "Handle all mails that nobody has seen in the Maildir PATH, the oldest first, or all\n" +
			"those in the file PATH. In a Maildir, what is done is marked as seen, in the folder\n" +
			"Posted, Refused or Held where there is one; what must be tried again stays as it is.\n\n" +
			"It ends with 0 if all is done, or waits for its turn, and 1 if something failed.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runBatch(c, args[0]) },
	}
	c.Flags().String("recipient", "", "the envelope recipient's `ADDRESS`, of all mails")
	c.Flags().Int("jobs", 0, "handle `N` mails at once; by default one a processor and gigabyte of memory")
	c.Flags().Bool("summary", false, "mail the owner what was done")
	c.Flags().Bool("dry-run", false, "explain what would become of each mail, and change nothing")
	return c
}

func runBatch(c *cobra.Command, path string) (err error) {
	ctx := untilSignal()
	if dry, _ := c.Flags().GetBool("dry-run"); dry {
		return explainAll(ctx, c, path)
	}
	b, err := newBatch(ctx, c)
	if err != nil {
		return err
	}
	defer b.log.Close()
	if b.box, err = openMailbox(path); err != nil {
		return leave(c.OutOrStdout(), path, err)
	}
	defer b.box.close()
	if len(b.box.mails) == 0 {
		if isTerminal(c.OutOrStdout()) {
			fmt.Fprintln(c.OutOrStdout(), "there is nothing to do")
		}
		return nil
	}
	return b.run(ctx, c)
}

// leave ends a batch that has no mailbox.
func leave(out io.Writer, path string, err error) error {
	if errors.Is(err, errTaken) {
		fmt.Fprintf(out, "%s: %v; nothing was done\n", path, err)
		return nil
	}
	return err
}

// batch handles the mails of a mailbox.
type batch struct {
	settings *filter.Settings // with refusals by mail: there is nobody to bounce
	state    stateDir
	log      *os.File
	flags    flagEnvelope
	box      *mailbox
	board    *board
	crew     crew
	try      func(context.Context, *item) report // to handle a mail; attempt, but in tests
	jobs     chan struct{}                       // holds one for each mail under way
	alone    sync.Mutex                          // of a mail that is handled again by a worker of its own
}

// newBatch readies all but the mailbox.
func newBatch(ctx context.Context, c *cobra.Command) (*batch, error) {
	jobs, _ := c.Flags().GetInt("jobs")
	if c.Flags().Changed("jobs") && jobs < 1 {
		return nil, usageError("--jobs is how many mails are handled at once, at least 1")
	}
	if jobs < 1 {
		jobs = browser.Room()
	}
	settings, err := settingsWithPeople(ctx, rulesFlag(c))
	if err == nil {
		err = refuseRoot(settings)
	}
	if err != nil {
		return nil, codeError{exitConfig, err}
	}
	settings.Refusals = filter.ByMail
	b := &batch{settings: settings, flags: envelopeFlags(c), jobs: make(chan struct{}, jobs)}
	b.try = b.attempt
	if b.state, err = openState(settings); err != nil {
		return nil, err
	}
	b.log, err = b.state.openLog()
	return b, err
}

// run handles all mails and says what has become of them.
func (b *batch) run(ctx context.Context, c *cobra.Command) error {
	b.board = newBoard(len(b.box.mails), c.ErrOrStderr())
	b.handleAll(ctx)
	b.board.stop()
	err := b.crew.close()
	fmt.Fprintln(c.OutOrStdout(), b.board.summary())
	if mail, _ := c.Flags().GetBool("summary"); mail {
		err = errors.Join(err, b.mailSummary())
	}
	switch {
	case ctx.Err() != nil:
		return errors.Join(err, errors.New("interrupted; what is left is for the next time"))
	case err == nil && b.board.count(hasFailed) > 0:
		return codeError{exitFailed, errSaid}
	}
	return err
}

// handleAll takes the mails in their order. What its header decides, and what
// cannot be read, ends at once; the rest goes its way as soon as the mails of
// the same account that came before are done.
func (b *batch) handleAll(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	lanes := newLanes()
	for _, l := range b.box.mails {
		if ctx.Err() != nil {
			return
		}
		it := b.take(l)
		if it.result != "" {
			b.finish(it)
			continue
		}
		turn := lanes.enter(it.lane)
		under.Go(func() {
			defer turn.done()
			if turn.await(ctx) {
				b.handle(ctx, it)
			}
		})
	}
}

// patience is how long a mail waits for its turn here, rather than for the next
// batch.
const patience = time.Hour

// handle has a mail handled until it is done, or must wait for too long.
func (b *batch) handle(ctx context.Context, it *item) {
	for begun := time.Now(); ; {
		select {
		case b.jobs <- struct{}{}:
		case <-ctx.Done():
			return
		}
		b.board.begin(it)
		it.report = b.try(ctx, it)
		<-b.jobs
		if it.report.Until.IsZero() || it.report.Until.Sub(begun) > patience {
			break
		}
		b.board.wait(it)
		select {
		case <-time.After(time.Until(it.report.Until)):
		case <-ctx.Done():
			return
		}
	}
	it.result = resultOf(it.report)
	b.finish(it)
}

// attempt has the crew handle a mail or, if the worker died meanwhile, a worker
// of its own, so that no other mail pays for this one.
func (b *batch) attempt(ctx context.Context, it *item) report {
	r := it.report
	r.Time, r.Until = time.Now(), time.Time{}
	req := request{
		Rules: b.settings.File, RunDir: b.state.run(), Mail: keptMail{Envelope: it.envelope},
		Deadline: b.settings.Deadline, Unbounced: true,
	}
	known, err := b.crew.handle(ctx, order{Source: it.source, Request: req}, r)
	switch {
	case errors.Is(err, errDied) && ctx.Err() == nil:
		return b.attemptAlone(ctx, it, req, r)
	case err != nil:
		known.end(interrupted(nil).ending(), err)
	}
	return known
}

func (b *batch) attemptAlone(ctx context.Context, it *item, req request, r report) report {
	b.alone.Lock()
	defer b.alone.Unlock()
	message, size, err := it.source.open(req.RunDir)
	if err != nil {
		r.fail(err)
		return r
	}
	defer message.Close()
	req.Size = size
	return delivery{}.supervise(ctx, message, req, r)
}

// finish files a mail by its result, and writes the log's line.
func (b *batch) finish(it *item) {
	r := &it.report
	if it.automatic && (r.Exit == exitData || r.Exit == exitDenied) { // C18
		r.Decision, r.Exit, r.Status, it.result = string(filter.Drop), exitDone, "", wasDone
	}
	if !slices.Contains([]result{hasFailed, mustWait, isGone}, it.result) {
		if err := it.file(folders[it.result]); err != nil {
			it.result = hasFailed
			r.note(fmt.Errorf("it is %s, but stays where it is: %w", resultOf(*r), err))
		}
	}
	r.Millis = time.Since(r.Time).Milliseconds()
	if it.result != isGone {
		r.logTo(b.log)
	}
	b.board.end(it)
}
