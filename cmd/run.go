package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

const runCommand = "run"

func newRunCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   runCommand,
		Short: "Handle one mail from standard input, for a mail server",
		Long: "Handle one mail from standard input. The envelope comes from the mail server's\n" +
			"environment or from the flags; give addresses as --recipient=ADDRESS, in one word.\n\n" +
			"It ends with 0 (done), 75 (try again later), 65 (cannot be posted as it is) or\n" +
			"77 (not allowed), and says why in one line.",
		Args: cobra.NoArgs,
	}
	addEnvelopeFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		d := delivery{in: c.InOrStdin(), rules: rulesFlag(c), env: os.LookupEnv, flags: envelopeFlags(c)}
		stderr := c.ErrOrStderr()
		if isTerminal(stderr) {
			d.progress = func(e event) { fmt.Fprintf(stderr, "%-8s %s\n", e.Stage, oneLine(e.Text, 300)) }
		}
		r := d.handleUntilSignal()
		if d.progress != nil && r.Exit == exitDone {
			fmt.Fprintln(stderr, summary(r))
		}
		if code := endRun(stderr, r.ending()); code != exitDone {
			return codeError{code, errSaid}
		}
		return nil
	}
	return c
}

// endRun writes the one line that a mail server gets and gives the code.
func endRun(w io.Writer, e ending) int {
	if line := e.line(); line != "" {
		fmt.Fprintln(w, line)
	}
	return e.Code
}

// handleUntilSignal handles the message; a signal that ends programs, or the
// deadline, ends the worker's process group first and is then "try again later"
// (C2, C6), also while the message is still being read.
func (d delivery) handleUntilSignal() report {
	ctx, cancel := context.WithCancel(untilSignal())
	defer cancel()
	done := make(chan report, 1)
	go func() { done <- d.handle(ctx, cancel) }()
	select {
	case r := <-done:
		return r
	case <-ctx.Done():
	}
	// The worker dies at once; only reading a silent standard input goes on.
	select {
	case r := <-done:
		return r
	case <-time.After(2 * time.Second):
		var r report
		r.end(ending{exitLater, "4.3.0", "The work was interrupted; it will be tried again."}, ctx.Err())
		return r
	}
}

// untilSignal gives a context that ends with the first signal that means to
// end us. From the first call on, no such signal ends the process by itself:
// that would bounce the mail on some servers. SIGPIPE is caught, not ignored,
// since what is ignored stays so in programs that we start.
var untilSignal = sync.OnceValue(func() context.Context {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, _ := signal.NotifyContext(context.Background(), //nolint:govet // until the process ends
		syscall.SIGTERM, syscall.SIGALRM, syscall.SIGHUP, syscall.SIGINT)
	return ctx
})

// misused ends a run whose call was not understood: the mail is read (C5) and
// left to the mail server.
func misused(in io.Reader, out io.Writer) int {
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(io.Discard, in)
	}()
	select {
	case <-read:
	case <-untilSignal().Done():
	}
	return endRun(out, ending{exitLater, "4.3.5", "This service is called in a way that it does not understand; the message will be tried again."})
}

// summary says to a person at a terminal what has become of a mail.
func summary(r report) string {
	switch {
	case r.URL != "":
		return r.Outcome + ": " + oneLine(r.URL, 300)
	case r.Outcome != "":
		return r.Outcome + " (" + r.ID + "; see mailapp ledger)"
	}
	return "done: " + r.Decision
}
