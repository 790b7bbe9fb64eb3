package cmd

import (
	"context"
	"errors"
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
			"77 (not allowed), and says why in one line. With --filter it passes the message on\n" +
			"with fields that say so, and ends with 0 or 75.",
		Args: cobra.NoArgs,
	}
	addEnvelopeFlags(c)
	c.Flags().Bool("filter", false, "write the message to standard output with X-Mailapp fields added")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if code := endRun(c.ErrOrStderr(), handleInput(c).ending()); code != exitDone {
			return codeError{code, errSaid}
		}
		return nil
	}
	return c
}

// handleInput handles the message on standard input, and tells a person at the
// terminal how it goes. It never panics (C2).
func handleInput(c *cobra.Command) (r report) {
	defer func() {
		if recover() != nil {
			r = interrupted(nil)
		}
	}()
	if noInput(c.InOrStdin()) {
		r.end(misuse, errors.New("standard input is closed"))
		return r
	}
	if _, ok := os.LookupEnv("PATH"); !ok {
		os.Setenv("PATH", defaultPath) // Dovecot gives none
	}
	d := delivery{in: c.InOrStdin(), rules: rulesFlag(c), env: os.LookupEnv, flags: envelopeFlags(c)}
	if passOn, _ := c.Flags().GetBool("filter"); passOn {
		d.out = c.OutOrStdout()
	}
	stderr := c.ErrOrStderr()
	if !isTerminal(stderr) {
		return d.handleUntilSignal()
	}
	d.progress = func(e event) { fmt.Fprintf(stderr, "%-8s %s\n", e.Stage, oneLine(e.Text, 300)) }
	r = d.handleUntilSignal()
	switch r.Exit {
	case exitDone:
		fmt.Fprintln(stderr, summary(r))
	case exitLater: // there may be no log that tells
		fmt.Fprintf(stderr, "because: %s\n", r.cause())
	}
	return r
}

// defaultPath is where programs are looked for if the environment does not say.
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

// noInput tells that there is no message, not even an empty one: standard input
// is closed, for which the Go runtime opens the null device.
func noInput(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	given, err := f.Stat()
	if err != nil {
		return true
	}
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(given, null)
}

// interrupted is the report of a mail whose handling did not come to an end.
func interrupted(cause error) (r report) {
	r.end(ending{exitLater, "4.3.0", "The work was interrupted; it will be tried again."}, cause)
	return r
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
		return interrupted(ctx.Err())
	}
}

// untilSignal gives a context that ends with the first signal that means to
// end us. From the first call on, no such signal ends the process by itself:
// that would bounce the mail on some servers, as would the Go runtime's exit code
// 2 for SIGQUIT and SIGABRT, and the SIGKILL that follows SIGXCPU. SIGPIPE is
// caught, not ignored, since what is ignored stays so in programs that we start.
// (SIGXFSZ, for the limit on file sizes that Postfix sets, the Go runtime takes
// itself: the write fails.)
var untilSignal = sync.OnceValue(func() context.Context {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, _ := signal.NotifyContext(context.Background(), //nolint:govet // until the process ends
		syscall.SIGTERM, syscall.SIGALRM, syscall.SIGHUP, syscall.SIGINT,
		syscall.SIGQUIT, syscall.SIGXCPU, syscall.SIGABRT)
	return ctx
})

// misused ends a run whose call was not understood: the mail is read (C5) and
// left to the mail server.
func misused(in io.Reader, out io.Writer) int {
	read := make(chan struct{})
	go func() {
		defer close(read)
		drain(in)
	}()
	select {
	case <-read:
	case <-untilSignal().Done():
	}
	return endRun(out, misuse)
}

var misuse = ending{exitLater, "4.3.5", "This service is called in a way that it does not understand; the message will be tried again."}

// summary says to a person at a terminal what has become of a mail.
func summary(r report) string {
	switch {
	case r.URL != "":
		return r.Outcome + ": " + oneLine(r.URL, 300)
	case r.Outcome != "" && r.Why != "":
		return r.Outcome + ": " + oneLine(r.Why, 300) + " (" + r.ID + "; see mailapp ledger)"
	case r.Outcome != "":
		return r.Outcome + " (" + r.ID + "; see mailapp ledger)"
	}
	return "done: " + r.Decision
}
