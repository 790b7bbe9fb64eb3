// Package cmd is the command line. It is the only place that knows both rooms
// of the house, filter (which decides) and poster (which acts).
//
// process.go tells the program's story, one mail from bytes to receipt;
// receive.go and supervise.go are the small parent process around it; exit.go
// is the one place where an error becomes a text and an exit code. batch.go does
// the same for many mails: mailbox.go finds them, item.go follows each, and
// crew.go is the worker that they share. Most other files are a command each.
package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"mailapp/filter/strictyaml"
)

// Main runs the command line and gives the exit code. exampleRules is the
// rules.yaml that init writes.
func Main(exampleRules []byte) int {
	if slices.Contains(os.Args[1:], runCommand) {
		go untilSignal() // before anything can go wrong; nothing is done until it has returned
	}
	root := newRoot(exampleRules)
	cmd, err := root.ExecuteC()
	if err != nil && cmd.CommandPath() == "mailapp "+runCommand && !isSilent(err) {
		return misused(os.Stdin, os.Stderr)
	}
	if err != nil && !isSilent(err) {
		complain(root.ErrOrStderr(), err)
	}
	return exitCode(err)
}

// complain says what went wrong. Mistakes in files begin with their place, as
// editors want it.
func complain(w io.Writer, err error) {
	if _, ok := errors.AsType[strictyaml.Mistakes](err); !ok {
		fmt.Fprint(w, "error: ")
	}
	fmt.Fprintln(w, err)
}

func newRoot(exampleRules []byte) *cobra.Command {
	root := &cobra.Command{
		Use:   "mailapp",
		Short: "Turn a mail into a filled-in web form",
		Long: "mailapp reads one mail, decides by rules.yaml what becomes of it, posts it to a\n" +
			"web site with a real browser, and mails a receipt back.",
		Version:       version(),
		SilenceErrors: true, // errors are printed in Main alone
		SilenceUsage:  true,
		Args:          onlyCommands,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return codeError{exitUsage, err} })
	root.PersistentFlags().String("rules", "", "read the rules from `FILE`")
	root.AddCommand(newRunCommand())
	if len(os.Args) < 2 || os.Args[1] != runCommand { // which has no time for the others
		root.AddCommand(newBatchCommand(), newCheckCommand(), newLedgerCommand(), newPeopleCommand(), newAddressCommand(),
			newFlowCommand(), newInitCommand(exampleRules), newDemoCommand(), newWorkerCommand(), newCrewCommand())
	}
	asUsage(root)
	return root
}

// onlyCommands refuses what is no command below c.
func onlyCommands(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("unknown command %q%s", args[0], strictyaml.DidYouMean(args[0], commandNames(c)))
}

func commandNames(c *cobra.Command) []string {
	var names []string
	for _, sub := range c.Commands() {
		if !sub.Hidden {
			names = append(names, sub.Name())
		}
	}
	return names
}

// asUsage makes a command's complaints about its arguments usage errors.
func asUsage(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usageError("%w; usage: %s", err, c.UseLine())
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		asUsage(sub)
	}
}

// version is what the Go toolchain knows of this build.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

func rulesFlag(c *cobra.Command) string {
	path, _ := c.Flags().GetString("rules") // it is defined on the root
	return path
}

// isTerminal tells whether a person is at the other end of w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
