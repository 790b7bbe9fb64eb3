package cmd

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"mailapp/poster"
)

//go:embed demo
var demoFiles embed.FS

// exampleFlow is the flow that the example rules name.
const exampleFlow = "flows/classifieds.yaml"

func newInitCommand(exampleRules []byte) *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIRECTORY]",
		Short: "Write an example rules.yaml and flow to begin with",
		Long: "Write the commented example rules.yaml and the flow that it names into DIRECTORY, by\n" +
			"default the user's configuration directory. Files that are there already are kept.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := xdg("XDG_CONFIG_HOME", ".config")
			if err != nil {
				return err
			}
			dir = filepath.Join(dir, "mailapp")
			if len(args) == 1 {
				dir = args[0]
			}
			flow, err := demoFiles.ReadFile("demo/fakesite.yaml")
			if err != nil {
				return err
			}
			for _, f := range []struct {
				name string
				data []byte
			}{{"rules.yaml", exampleRules}, {exampleFlow, flow}} {
				if err := writeNew(filepath.Join(dir, f.name), f.data); err != nil {
					return err
				}
				fmt.Fprintf(c.OutOrStdout(), "wrote %s\n", filepath.Join(dir, f.name))
			}
			fmt.Fprintf(c.OutOrStdout(), "hint: edit them, then: mailapp check --rules=%s\n", filepath.Join(dir, "rules.yaml"))
			return nil
		},
	}
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already; it is not touched", path)
	}
	return poster.WriteSynced(path, data)
}
