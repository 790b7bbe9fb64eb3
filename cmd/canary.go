package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"mailapp/poster"
	"mailapp/poster/flow"
)

func newCanaryCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "canary APP",
		Short: "Look whether an app's site still fits its flow, for cron",
		Long: "Walk through the app's flow up to the publish click, with the mail in the file that\n" +
			"is standard input or, if it is none, with a sample. If the site has changed, tell\n" +
			"the owner by mail, once a day, and end with 1. If all is well, say nothing but on\n" +
			"a terminal.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			t, err := openTrial(c, args[0])
			if err != nil {
				return err
			}
			if !isTerminal(t.out) {
				t.out = io.Discard
			}
			ctx, cancel := context.WithTimeout(untilSignal(), t.settings.Deadline)
			defer cancel()
			return t.canary(ctx, c.InOrStdin())
		},
	}
}

// sampleFields are what a canary fills in where it is given no mail. Nobody
// will read them.
var sampleFields = map[string]string{
	"title": "A look at the form", "price": "1",
	"body": "mailapp looks whether this form is as it was. Nothing of this is published.",
}

// canary walks with the mail that is given or a sample, and tells the owner if
// the site does not fit the flow any more.
func (t *trial) canary(ctx context.Context, in io.Reader) error {
	defer t.close()
	message, fields, err := t.sample(in)
	if err == nil {
		err = t.take(ctx, message, fields)
	}
	if err != nil {
		return err
	}
	began := time.Now()
	result, err := t.walk(ctx, false)
	failure, failed := errors.AsType[*flow.Failure](err)
	if !failed || errors.Is(err, context.Canceled) {
		return err // it is well, or somebody has interrupted it
	}
	path, untold := t.record(began, result, err)
	return errors.Join(err, untold, t.warnOwner(failure, path))
}

// sample gives the mail to walk with, and fields in place of its own. A
// terminal, or whatever else cron leaves open, is no mail.
func (t *trial) sample(in io.Reader) (message *io.SectionReader, fields map[string]string, err error) {
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
			message, err := t.spool(f)
			return message, nil, err
		}
	}
	data, err := demoFiles.ReadFile("demo/sofa.eml") // for its photos
	return io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data))), sampleFields, err
}

// warnOwner tells the owner, before a mail fails, what would make it fail: once
// a day and cause, also if a mail has failed of it meanwhile.
func (t *trial) warnOwner(failure *flow.Failure, path string) error {
	meaning := "so a mail to it would fail."
	switch {
	case failure.Unfit:
		meaning = "because what it fills in has not what the flow needs. Give it a mail that has, on standard input."
	case failure.Fault == flow.Sender:
		meaning = "because the site refuses what the canary fills in. Give it a mail that the site takes, on standard input."
	}
	ctx, cancel := context.WithTimeout(context.Background(), ownerTime)
	defer cancel()
	l, err := openLedger(ctx, t.settings, t.state)
	if err != nil {
		return err
	}
	defer l.Close()
	t.ledger = l
	return t.sendOnce(ctx, poster.Notice{
		To: t.settings.Owner, Key: poster.Key("canary", "", "", t.app.Name), Reason: ownerReason(t.app.Name, failure),
		Subject: "mailapp: " + t.app.Name + " needs a look", Screenshot: failure.Screenshot,
		Text: fmt.Sprintf("The canary could not walk through the flow of app %q, %s\n\n%v\n\n"+
			"No publish step was done. What was done, step by step, and the page as it was then:\n\n    %s\n", t.app.Name, meaning, failure, path),
	})
}
