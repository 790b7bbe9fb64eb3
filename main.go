// Command mailapp reads one mail and fills in one web form.
package main

import (
	_ "embed"
	"os"

	"mailapp/cmd"
)

//go:embed rules.yaml
var exampleRules []byte

func main() {
	os.Exit(cmd.Main(exampleRules))
}
