package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"mailapp/filter"
)

// explainAll shows what would become of each mail, as check --explain does, and
// changes nothing (C30).
func explainAll(ctx context.Context, c *cobra.Command, path string) error {
	settings, err := settingsWithPeople(ctx, rulesFlag(c))
	if err != nil {
		return codeError{exitConfig, err}
	}
	settings.Refusals = filter.ByMail
	box, err := openMailbox(path)
	if err != nil {
		return leave(c.OutOrStdout(), path, err)
	}
	defer box.close()
	later := 0
	for _, l := range box.mails {
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		code, err := explainMail(ctx, c, settings, l)
		if err != nil {
			return err
		}
		if code == exitLater {
			later++
		}
	}
	if later > 0 {
		return codeError{exitFailed, errSaid}
	}
	return nil
}

// explainMail gives the code with which run would end.
func explainMail(ctx context.Context, c *cobra.Command, s *filter.Settings, l *boxMail) (int, error) {
	in, err := l.content()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	e := explainer{settings: s, out: c.OutOrStdout(), envelope: func(m *filter.Message) filter.Envelope {
		return l.readEnvelope(envelopeFlags(c), m)
	}}
	e.line("%s:", l.name)
	code := exitCode(e.run(ctx, in))
	fmt.Fprintln(c.OutOrStdout())
	return code, nil
}

// content gives the whole mail as it was before it came to the mailbox. A copy
// needs no directory of ours: dry runs make none.
func (l *boxMail) content() (*os.File, error) {
	f, _, err := l.source.open(filepath.Clean(os.TempDir()))
	return f, err
}
