package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailapp/filter"
	"mailapp/filter/strictyaml"
	"mailapp/poster/browser"
	"mailapp/poster/flow"
)

// The commands for whoever writes a flow. None of them publishes: a flow that
// is tried ends where the publish click would be. None of them touches the
// ledger, save that canary notes there whom it has told of what. They ask for
// no proof of a sender, because only the owner can call them.

func newFlowCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "flow",
		Short: "Make a flow from a recording, and try flows without publishing",
		Long: "Make a flow from a recording of Chrome's DevTools, and try flows on the real site.\n" +
			"A trial fills in the form and stops before the publish click.",
		Args: onlyCommands,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newImportCommand(), newRehearseCommand(), newFlowRunCommand(), newCanaryCommand())
	return c
}

func newImportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Turn a recording of Chrome's DevTools into a flow",
		Long: "Turn a recording that Chrome's DevTools have exported as JSON into a flow, on\n" +
			"standard output. What needs a person's eye is a comment in it, and is shown.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			data, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			written, notes, err := flow.Import(args[0], data)
			if err != nil {
				return err
			}
			for _, note := range notes {
				fmt.Fprintln(c.ErrOrStderr(), note)
			}
			_, err = c.OutOrStdout().Write(written)
			return err
		},
	}
}

func newRehearseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rehearse APP",
		Short: "Fill in an app's form with the mail on standard input, and stop before publish",
		Long: "Fill in the app's real form with the mail on standard input, and stop before the\n" +
			"publish click. What was filled in and a picture after each step are left in a\n" +
			"trace, an HTML file whose path is shown.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			t, err := openTrial(c, args[0])
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(untilSignal(), t.settings.Deadline)
			defer cancel()
			return t.rehearse(ctx, c.InOrStdin())
		},
	}
}

func newFlowRunCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   runCommand + " APP",
		Short: "Rehearse in a window, or step by step, while writing a flow",
		Long: "Do what rehearse does while a person watches, and take as long as that takes. It\n" +
			"stops before the publish click, too: to post, mail it.",
		Args: cobra.ExactArgs(1),
	}
	show := c.Flags().Bool("show", false, "show the browser's window")
	step := c.Flags().Bool("step", false, "wait for Enter on the terminal before each step")
	c.RunE = func(c *cobra.Command, args []string) error {
		t, err := openTrial(c, args[0])
		if err != nil {
			return err
		}
		if *show && t.browser.Remote != "" {
			return errors.New("--show is for a browser on this host, and the rules name one elsewhere")
		}
		if *show && !hasScreen() {
			return errors.New("--show needs a screen, and neither DISPLAY nor WAYLAND_DISPLAY is set")
		}
		t.browser.Show = *show
		if *step {
			if t.terminal, err = os.Open("/dev/tty"); err != nil {
				return fmt.Errorf("--step needs a terminal: %w", err)
			}
			defer t.terminal.Close()
		}
		return t.rehearse(untilSignal(), c.InOrStdin())
	}
	return c
}

func hasScreen() bool {
	return runtime.GOOS != "linux" || os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
}

// trial is one walk through an app's flow that stops before publish.
type trial struct {
	*mail
	app      *filter.App
	command  string
	out      io.Writer
	browser  *browser.Browser
	terminal *os.File // to be asked before each step, or nil
	task     flow.Task
}

// openTrial reads all that a mail to the app would be posted with.
func openTrial(c *cobra.Command, name string) (*trial, error) {
	settings, err := loadSettings(rulesFlag(c))
	if err != nil {
		return nil, codeError{exitConfig, err}
	}
	if err := refuseRoot(settings); err != nil {
		return nil, err
	}
	app := settings.App(name)
	if app == nil {
		var names []string
		for _, a := range settings.Apps {
			names = append(names, a.Name)
		}
		return nil, usageError("unknown app %q%s", name, strictyaml.DidYouMean(name, names))
	}
	if _, err := loadFlow(settings, app); err != nil {
		return nil, codeError{exitConfig, err}
	}
	state, err := openState(settings)
	if err != nil {
		return nil, err
	}
	b, err := newBrowser(c.Context(), settings, state)
	if err != nil {
		return nil, err
	}
	return &trial{
		mail: &mail{settings: settings, state: state, report: &report{}}, app: app, command: c.Name(),
		out: c.OutOrStdout(), browser: b,
	}, browser.Sweep(state.run())
}

// rehearse walks with the mail that is given, and leaves a trace.
func (t *trial) rehearse(ctx context.Context, in io.Reader) error {
	defer t.close()
	message, err := t.spool(in)
	if err == nil {
		err = t.take(ctx, message, nil)
	}
	if err != nil {
		return err
	}
	began := time.Now()
	result, err := t.walk(ctx, true)
	path, untold := t.record(began, result, err)
	if err == nil {
		t.show(result)
	}
	if path != "" {
		t.line("trace", "%s", path)
	}
	t.line("note", "the site has seen all that comes before publish: look there for a draft, or photos, that it has kept")
	return errors.Join(err, untold)
}

// spool gives the mail that is given, which stays until the program ends.
func (t *trial) spool(in io.Reader) (*io.SectionReader, error) {
	file, size, err := spoolMessage(t.state.run(), in, t.settings.SizeLimit)
	if err == nil && size > t.settings.SizeLimit {
		err = tooLarge(t.settings.SizeLimit)
	}
	return io.NewSectionReader(file, 0, size), err
}

// take makes the mail what the flow runs on, with fields in place of its own
// unless that is nil.
func (t *trial) take(ctx context.Context, message *io.SectionReader, fields map[string]string) error {
	var err error
	if t.message, err = filter.Open(message, message.Size()); err != nil {
		return err
	}
	if fields == nil {
		if fields, _, err = t.message.PostFields(t.app); err != nil {
			return err
		}
	}
	t.verdict = filter.Verdict{App: t.app.Name, Fields: fields}
	content, err := t.message.Content()
	if err != nil {
		return err
	}
	photos, broken, err := t.publishable(content.Photos)
	if err != nil {
		return err
	}
	t.leftOut(broken)
	work, err := t.work(ctx, t.app.Name, photos)
	if err != nil {
		return err
	}
	t.task = work.Task()
	if t.terminal != nil {
		work.Flow.Limit = 24 * time.Hour // a person's time, not the site's
	}
	return nil
}

// walk goes through the flow up to publish.
func (t *trial) walk(ctx context.Context, pictures bool) (flow.Result, error) {
	t.task.Rehearse, t.task.Pictures = true, pictures
	if f := t.task.Flow; f.Publishes() && f.ListsAds() {
		t.task.Listed = func(rows []map[string]string) error {
			t.line("list", "the account has %d ads", len(rows))
			return nil
		}
	}
	t.task.Progress = func(e flow.Event) {
		label := fmt.Sprintf("%d/%d", e.Step, e.Of)
		if e.Step == 0 {
			label = "list"
		}
		t.line(label, "%s", e.Text)
		t.awaitEnter(ctx)
	}
	t.task.Done = func(s flow.TraceStep) {
		if s.Note != "" {
			t.line("", "%s: %s", s.Step, s.Note)
		}
	}
	result, err := t.browser.Run(ctx, t.task)
	t.leftOut(result.LeftOut)
	if t.report.Aside != "" {
		t.line("note", "%s", t.report.Aside)
	}
	return result, err
}

// leftOut names the photos that are not uploaded.
func (t *trial) leftOut(lines []string) {
	for _, line := range lines {
		t.line("note", "left out: %s", line)
	}
}

// awaitEnter waits for the person at the terminal, if there is one.
func (t *trial) awaitEnter(ctx context.Context) {
	if t.terminal == nil {
		return
	}
	fmt.Fprint(t.out, "       Enter goes on ")
	pressed := make(chan struct{})
	go func() {
		defer close(pressed)
		for b := make([]byte, 1); b[0] != '\n'; {
			if _, err := t.terminal.Read(b); err != nil {
				return
			}
		}
	}()
	select {
	case <-pressed:
	case <-ctx.Done():
	}
}

// show says what has come of a walk that went well.
func (t *trial) show(result flow.Result) {
	for _, name := range slices.Sorted(maps.Keys(result.Values)) {
		t.line("read", "%s: %s", name, result.Values[name])
	}
	for _, row := range result.Rows {
		t.line("read", "%v", row)
	}
	if !endsAtPublish(result) {
		t.line("well", "the flow fits its site; it has no publish, so all of it was done")
		return
	}
	t.line("", notClicked)
	t.line("well", "the flow fits its site; the publish step was not done")
}

const notClicked = "ready, and not clicked"

// endsAtPublish tells whether a rehearsal came to a publish step, and so to its
// end.
func endsAtPublish(r flow.Result) bool {
	n := len(r.Trace)
	return n > 0 && strings.HasPrefix(r.Trace[n-1].Step, string(flow.Publish)+" ")
}

// record leaves a trace of how the walk went.
func (t *trial) record(began time.Time, result flow.Result, err error) (string, error) {
	shown := trace{
		Heading: "The flow of " + t.app.Name + " fits its site", Time: began, App: t.app.Name, Flow: t.task.Flow.Name,
		Values: t.visibleValues(), Steps: result.Trace, Screenshot: result.Screenshot,
	}
	if failure, ok := errors.AsType[*flow.Failure](err); ok {
		shown.Heading = "The flow of " + t.app.Name + " failed"
		shown.Failure, shown.Steps, shown.Screenshot = failure, failure.Trace, failure.Screenshot
	}
	if err == nil && endsAtPublish(result) {
		shown.Steps[len(shown.Steps)-1].Note = notClicked
	}
	return t.state.leaveTrace(t.command+"-"+t.app.Name, shown)
}

// visibleValues are what is filled in, without the secrets (C29).
func (t *trial) visibleValues() map[string]string {
	visible := maps.Clone(t.task.Values)
	for name, value := range visible {
		for _, secret := range t.task.Secrets {
			if secret != "" {
				value = strings.ReplaceAll(value, secret, "•••")
			}
		}
		visible[name] = value
	}
	return visible
}

// line writes one line for whoever watches; nothing that a page says can begin
// another or steer the terminal.
func (t *trial) line(label, format string, args ...any) {
	fmt.Fprintf(t.out, "%-6s %s\n", label, oneLine(fmt.Sprintf(format, args...), 2000))
}
