package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"mailapp/filter"
	"mailapp/filter/auth"
	"mailapp/poster/flow"
	"mailapp/poster/photo"
)

func newCheckCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "check",
		Short: "Check the rules and flows, or explain what they do with a mail",
		Long: "Check rules.yaml and every flow that it names; it ends with 78 if there are\n" +
			"mistakes, all of which it shows. What a person should look at in a recording that\n" +
			"an app uses is shown as a hint. With --explain it reads a mail from standard\n" +
			"input, says what is proven, which rule decides and why, and what would be filled\n" +
			"in, and ends as run would. Nothing is posted and nothing is written.",
		Args: cobra.NoArgs,
	}
	c.Flags().Bool("explain", false, "explain what would become of the mail on standard input")
	addEnvelopeFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		settings, hints, err := checkAll(rulesFlag(c))
		if err != nil {
			return codeError{exitConfig, err}
		}
		if explain, _ := c.Flags().GetBool("explain"); explain {
			if settings, err = settingsWithPeople(c.Context(), rulesFlag(c)); err != nil {
				return err
			}
			flags := envelopeFlags(c)
			e := explainer{settings: settings, out: c.OutOrStdout(), envelope: func(m *filter.Message) filter.Envelope {
				return readEnvelope(os.LookupEnv, flags, settings.MTA, m)
			}}
			return e.run(c.Context(), c.InOrStdin())
		}
		for _, obstacle := range obstacles(c.Context(), settings) {
			fmt.Fprintf(c.OutOrStdout(), "warning: no mail would be handled now: %v\n", obstacle)
		}
		if err := browserObstacle(c.Context(), settings); err != nil {
			fmt.Fprintf(c.OutOrStdout(), "warning: nothing would be posted now: %v\n", err)
		}
		for _, app := range settings.Apps {
			if err := passwordFile(settings, app); err != nil {
				fmt.Fprintf(c.OutOrStdout(), "warning: nothing would be posted to app %q now: %v\n", app.Name, err)
			}
		}
		if _, err := photo.HEICReader(); err != nil {
			fmt.Fprintln(c.OutOrStdout(), "note: photos in HEIC, as iPhones send them, would be left out: install heif-convert (libheif-examples)")
		}
		for _, hint := range hints {
			fmt.Fprintf(c.OutOrStdout(), "hint: %s\n", oneLine(hint.String(), 2000))
		}
		fmt.Fprintf(c.OutOrStdout(), "%s is valid: %s, %s, %s; mail server: %s\n", settings.File,
			peopleOf(settings), plural(len(settings.Apps), "app"), plural(len(settings.Rules), "rule"), orElse(settings.MTA, "found out at each delivery"))
		return nil
	}
	return c
}

// peopleOf says how many people there are.
func peopleOf(s *filter.Settings) string {
	if len(s.People) == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", len(s.People))
}

// checkAll reads the rules and every flow that they name and gives all
// mistakes at once, or else what may be one.
func checkAll(flag string) (*filter.Settings, []flow.Note, error) {
	settings, err := loadSettings(flag)
	if err != nil {
		return nil, nil, err
	}
	var mistakes []error
	var hints []flow.Note
	for _, app := range settings.Apps {
		f, err := loadFlow(settings, app)
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		for _, hint := range slices.Concat(f.Notes, f.Hints(), unusedSettings(settings, app, f)) {
			if !slices.Contains(hints, hint) { // several apps may share a flow
				hints = append(hints, hint)
			}
		}
	}
	return settings, hints, errors.Join(mistakes...)
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// explainer shows the way of one mail without going it (C30).
type explainer struct {
	settings *filter.Settings
	out      io.Writer
	envelope func(*filter.Message) filter.Envelope // m is nil where the header could not be read
}

func (e explainer) run(ctx context.Context, in io.Reader) error {
	r := report{}
	r.fail(e.explain(ctx, in))
	if line := r.ending().line(); line != "" {
		e.line("ends with %d: %s", r.Exit, line)
		if r.Exit == exitLater {
			e.line("because: %s", r.Error)
		}
		return codeError{r.Exit, errSaid}
	}
	e.line("ends with 0")
	return nil
}

func (e explainer) explain(ctx context.Context, in io.Reader) (err error) {
	file, size, err := spoolMessage(os.TempDir(), in, e.settings.SizeLimit)
	if err != nil {
		return err
	}
	defer file.Close()
	msg, err := filter.Open(file, min(size, e.settings.SizeLimit))
	env := e.envelope(msg)
	// A machine gets no bounce, whatever is wrong with its mail (C18).
	defer func() {
		if code := endingOf(err).Code; automatic(msg, env) && (code == exitData || code == exitDenied) {
			err = nil
		}
	}()
	if err != nil {
		return err
	}
	e.delivery(env, msg)
	header, err := filter.Read(bufio.NewReader(io.NewSectionReader(file, 0, size)))
	if err != nil {
		return err
	}
	asked, err := e.settings.Decide(header, env, nil)
	if err == nil && endsHere(e.settings, asked) {
		e.verdict(asked)
		return verdictError(asked)
	}
	if err == nil && size > e.settings.SizeLimit {
		err = tooLarge(e.settings.SizeLimit)
	}
	if err != nil {
		return err
	}
	request := proofRequest(ctx, e.settings, msg, env, asked)
	request.Thorough = true
	evidence, err := auth.Check(ctx, request)
	e.evidence(evidence)
	if err != nil {
		return err
	}
	return e.act(msg, env, evidence)
}

// act shows what would be done.
func (e explainer) act(msg *filter.Message, env filter.Envelope, evidence auth.Evidence) error {
	verdict, err := e.settings.Decide(msg, env, &evidence)
	if err != nil {
		return err
	}
	e.verdict(verdict)
	switch {
	case verdict.RuleDef != nil && verdict.RuleDef.Action == filter.Post && codeIn(msg.Subject()) != "" && !automatic(msg, env):
		e.line("but its subject brings a code back: a genuine one releases what is held, any other is held")
		return nil
	case verdict.Action == filter.Post:
		return e.post(msg, verdict)
	case verdict.Action == filter.Register:
		e.line("the author is asked to confirm the address, or is registered if the subject brings the code back")
	case refusedByMail(e.settings, evidence):
		return nil
	}
	return verdictError(verdict)
}

func (e explainer) delivery(env filter.Envelope, m *filter.Message) {
	e.line("mail server: %s", orElse(env.MTA, "none (run by hand)"))
	sender := env.Sender
	switch {
	case !env.SenderKnown:
		sender = "not known"
	case sender == "":
		sender = "<> (null)"
	}
	e.line("envelope sender: %s", sender)
	e.line("envelope recipient: %s", orElse(withoutSecret(env), "not known"))
	e.line("subject: %s", m.Subject())
	if why := m.Automatic(); why != "" {
		e.line("written by a machine: %s", why)
	}
}

func (e explainer) evidence(ev auth.Evidence) {
	for _, c := range ev.Checks {
		mark := "no"
		if c.Passed {
			mark = "yes"
		}
		e.line("proof by %s: %s: %s", c.Method, mark, c.Why)
	}
	if ev.Proven() {
		e.line("proven: %s is %s, by %s", ev.Address, ev.Person, ev.Method)
	} else {
		e.line("proven: nobody")
	}
}

func (e explainer) verdict(v filter.Verdict) {
	for _, t := range v.Trace {
		mark := "does not match"
		if t.Matched {
			mark = "matches"
		}
		if t.Line == 0 { // not one of the file
			e.line("%s: %s", t.Rule, t.Why)
			continue
		}
		e.line("rule %q (line %d) %s: %s", t.Rule, t.Line, mark, t.Why)
	}
	e.line("decision: %s, by rule %q", v.Action, v.Rule)
	if v.Reason != "" {
		e.line("reason: %s", v.Reason)
	}
}

// post shows what would be filled in, with no secret fetched.
func (e explainer) post(m *filter.Message, v filter.Verdict) error {
	app := e.settings.App(v.App)
	e.line("app: %s, flow %s", app.Name, app.Flow)
	if v.RuleDef.First == filter.Hold {
		e.line("if nothing of %s was posted before, it is held until %s or the owner releases it", v.Person, v.Person)
	}
	f, err := loadFlow(e.settings, app)
	if err != nil {
		return err
	}
	if err := checkFields(f, app, v.Fields); err != nil {
		return err
	}
	values := flowValues(f, app, v.Fields)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if name != "html" { // the body once more
			e.line("field %s: %q", name, values[name])
		}
	}
	content, err := m.Content()
	if err != nil {
		return err
	}
	photos := 0
	broken, err := eachPhoto(content.Photos, func(label string, p *photo.Picture, data []byte) error {
		photos++
		e.line("%s: %s, %d x %d pixels, %d kB", label, photo.Name(p.Type), p.Width, p.Height, (len(data)+1023)/1024)
		return nil
	})
	if err != nil {
		return err
	}
	for _, left := range append(leftOut(content, v), broken...) {
		e.line("left out: %s", left)
	}
	return checkPhotos(f, photos, broken)
}

// line writes one line; nothing that a mail says can begin another or steer
// the terminal.
func (e explainer) line(format string, args ...any) {
	fmt.Fprintln(e.out, oneLine(fmt.Sprintf(format, args...), 2000))
}
