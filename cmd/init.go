package cmd

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"mailapp/filter"
	"mailapp/poster"
	"mailapp/poster/flow"
)

//go:embed demo
var demoFiles embed.FS

// shippedFlows are the flows for sites that many know.
//
//go:embed flows
var shippedFlows embed.FS

// exampleFlow is the flow that the example rules name.
const exampleFlow = "flows/classifieds.yaml"

func newInitCommand(exampleRules []byte) *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIRECTORY]",
		Short: "Write an example rules.yaml and flows to begin with",
		Long: "Write the commented example rules.yaml, the flow that it names, flows for some\n" +
			"other sites, and the schemas by which editors complete them into DIRECTORY, by\n" +
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
			files, err := firstFiles(exampleRules)
			if err != nil {
				return err
			}
			for _, f := range files {
				path := filepath.Join(dir, f.name)
				if err := writeNew(path, f.data); errors.Is(err, fs.ErrExist) {
					fmt.Fprintf(c.OutOrStdout(), "kept %s, which is there already\n", path)
					continue
				} else if err != nil {
					return err
				}
				fmt.Fprintf(c.OutOrStdout(), "wrote %s\n", path)
			}
			fmt.Fprintf(c.OutOrStdout(), "hint: edit them, then: mailapp check --rules=%s\n", filepath.Join(dir, "rules.yaml"))
			return nil
		},
	}
}

// firstFile is one of the files that a user begins with.
type firstFile struct {
	name string // below the configuration directory
	data []byte
}

func firstFiles(exampleRules []byte) ([]firstFile, error) {
	classifieds, err := demoFiles.ReadFile("demo/fakesite.yaml")
	if err != nil {
		return nil, err
	}
	files := []firstFile{
		{"rules.yaml", naming(rulesSchema, exampleRules)}, {rulesSchema, filter.Schema()},
		{exampleFlow, naming(flowSchema, classifieds)}, {flowSchema, flow.Schema()},
	}
	shipped, err := shippedFlows.ReadDir("flows")
	if err != nil {
		return nil, err
	}
	for _, entry := range shipped {
		name := path.Join("flows", entry.Name())
		data, err := shippedFlows.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, firstFile{name, naming(flowSchema, data)})
	}
	return files, nil
}

// The JSON Schemas of rules and flows stand beside what they describe.
const (
	rulesSchema = "rules.schema.json"
	flowSchema  = "flows/flow.schema.json"
)

// schemaLine is a first line that names a schema to editors, which then complete
// words and underline mistakes.
var schemaLine = compiled(`^# yaml-language-server: \$schema=.*\n`)

// naming gives a file with the schema that stands beside it in its first line, in
// the place of one that is elsewhere in the sources.
func naming(schema string, data []byte) []byte {
	line := "# yaml-language-server: $schema=" + path.Base(schema) + "\n"
	return append([]byte(line), schemaLine().ReplaceAll(data, nil)...)
}

// writeNew writes a file that is not there yet; the error is [fs.ErrExist] if it
// is.
func writeNew(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	if _, err := os.Lstat(name); err == nil {
		return fs.ErrExist
	}
	return poster.WriteSynced(name, data)
}
