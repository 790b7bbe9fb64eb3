package flow

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

var update = flag.Bool("update", false, "write flow.schema.json anew")

const schemaFile = "flow.schema.json"

// The shipped schema is the one that the tables make.
func TestSchema(t *testing.T) {
	made := Schema()
	if *update {
		if err := os.WriteFile(schemaFile, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	shipped, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, shipped) {
		t.Errorf("%s is not what the tables say; run go generate ./poster/flow", schemaFile)
	}
}

// All words of the tables have a meaning. That all shapes have a definition the
// compiler of the schema sees.
func TestTables(t *testing.T) {
	newValidator(t)
	all := slices.Clone(modifiers)
	for _, words := range objects {
		all = append(all, words...)
	}
	for _, w := range verbs {
		all = append(all, keyWord{key: string(w.verb), takes: w.takes, help: w.help})
	}
	for _, w := range all {
		if !strings.HasSuffix(w.help, ".") {
			t.Errorf("%s has no help of whole sentences", w.key)
		}
	}
}

func TestSchemaFits(t *testing.T) {
	demo, err := os.ReadFile("../../cmd/demo/fakesite.yaml")
	if err != nil {
		t.Fatal(err)
	}
	v := newValidator(t)
	flows := map[string]string{"fakesite.yaml": string(demo), "whole": whole}
	shipped, err := filepath.Glob("../../cmd/flows/*.yaml")
	if err != nil || len(shipped) == 0 {
		t.Fatalf("%d flows are shipped, %v", len(shipped), err)
	}
	for _, path := range shipped {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		flows[filepath.Base(path)] = string(data)
	}
	for name, text := range flows {
		if wrong := v.check(text); wrong != "" {
			t.Errorf("%s does not fit its schema: %s", name, wrong)
		}
	}
}

// What a person most often gets wrong an editor shows at once.
func TestSchemaRefuses(t *testing.T) {
	v := newValidator(t)
	const head = "origins: [https://a.org]\n"
	for _, text := range []string{
		"steps: [click: a]", head, head + "steps: [clik: a]", head + "steps: [{click: a, hover: b}]", head + "steps: []",
		head + "steps: [{if: a}]", head + "steps: [{then: [click: a]}]", head + "steps: [{click: a, else: [click: b]}]",
		head + "steps: [fill: Title]", head + "steps: [fill: {}]", head + "steps: [expect: {sea: a}]", head + "steps: [click: a]\nlimit: soon",
		head + "steps: [pages: {until: a}]", head + "steps: [answer: {alert: dismiss}]", head + "steps: [click: a]\nfails-when: {see: a}",
		head + "steps: [open: /login]", head + "steps: [viewport: wide]", head + "steps: [click: a]\nparameters: {a: {type: txt}}",
		head + "steps: [{if: a, unless: b, then: [click: c]}]", head + "steps: [click: {a: b}]", head + "steps: [{click: a, optional: 3}]",
	} {
		if _, err := Parse("f", []byte(text)); err == nil {
			t.Errorf("%q is a flow", text)
		}
		if v.check(text) == "" {
			t.Errorf("%q fits the schema", text)
		}
	}
}

// validator is the schema as editors take it.
type validator struct {
	t      *testing.T
	schema *jsonschema.Schema
}

func newValidator(t *testing.T) validator {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schemaFile, value); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return validator{t, schema}
}

// check says why a YAML text does not fit, or nothing.
func (v validator) check(text string) string {
	v.t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		v.t.Fatal(err)
	}
	if err := v.schema.Validate(value); err != nil {
		return err.Error()
	}
	return ""
}
