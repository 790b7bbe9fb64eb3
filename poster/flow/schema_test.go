package flow

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

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

// All shapes of the tables have a definition, and all words a meaning.
func TestTables(t *testing.T) {
	v := newValidator(t)
	all := slices.Clone(modifiers)
	for _, words := range objects {
		all = append(all, words...)
	}
	for _, w := range verbs {
		all = append(all, keyWord{key: string(w.verb), takes: w.takes, help: w.help})
	}
	for _, w := range all {
		if _, ok := v.defs[string(w.takes)]; !ok {
			t.Errorf("%s takes %q, which is not defined", w.key, w.takes)
		}
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

// validator knows as much of JSON Schema as [Schema] uses, and says so where
// it uses more.
type validator struct {
	t    *testing.T
	root map[string]any
	defs map[string]any
}

func newValidator(t *testing.T) validator {
	var root map[string]any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	return validator{t, root, root["$defs"].(map[string]any)}
}

// check says why a YAML text does not fit, or nothing.
func (v validator) check(text string) string {
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		v.t.Fatal(err)
	}
	return v.wrong(v.root, value, "$")
}

func (v validator) wrong(schema map[string]any, value any, at string) string {
	for word, arg := range schema {
		if why := v.word(word, arg, schema, value, at); why != "" {
			return why
		}
	}
	return ""
}

func (v validator) word(word string, arg any, schema map[string]any, value any, at string) string {
	m, isObject := value.(map[string]any)
	list, isList := value.([]any)
	text, isText := value.(string)
	ok := true
	switch word {
	case "$schema", "$defs", "title", "description":
	case "$ref":
		name := strings.TrimPrefix(arg.(string), "#/$defs/")
		return v.wrong(v.defs[name].(map[string]any), value, at)
	case "type":
		ok = hasType(arg, value)
	case "enum":
		ok = slices.ContainsFunc(arg.([]any), func(a any) bool { return a == value })
	case "pattern":
		ok = !isText || regexp.MustCompile(arg.(string)).MatchString(text)
	case "minLength":
		ok = !isText || text != ""
	case "minimum":
		n, isInt := value.(int)
		ok = !isInt || n >= int(arg.(float64))
	case "minItems":
		ok = !isList || len(list) > 0
	case "minProperties":
		ok = !isObject || len(m) > 0
	case "required":
		ok = !isObject || !slices.ContainsFunc(arg.([]any), func(key any) bool { return m[key.(string)] == nil })
	case "oneOf", "anyOf":
		fits := v.fitting(arg.([]any), value, at)
		ok = fits == 1 || fits > 1 && word == "anyOf"
	case "items":
		for i, item := range list {
			if why := v.wrong(arg.(map[string]any), item, fmt.Sprintf("%s[%d]", at, i)); why != "" {
				return why
			}
		}
	case "properties", "additionalProperties", "dependentSchemas":
		return v.members(word, arg, schema, m, at)
	default:
		v.t.Fatalf("the validator does not know %q", word)
	}
	if !ok {
		return fmt.Sprintf("%s: %v is not %s %v", at, value, word, arg)
	}
	return ""
}

func (v validator) fitting(schemas []any, value any, at string) int {
	fits := 0
	for _, s := range schemas {
		if v.wrong(s.(map[string]any), value, at) == "" {
			fits++
		}
	}
	return fits
}

func (v validator) members(word string, arg any, schema, m map[string]any, at string) string {
	properties, _ := schema["properties"].(map[string]any)
	schemas, _ := arg.(map[string]any)
	for key, value := range m {
		var member map[string]any
		switch {
		case word == "additionalProperties" && properties[key] == nil && arg == false:
			return fmt.Sprintf("%s: unknown key %q", at, key)
		case word == "additionalProperties" && properties[key] == nil:
			member = schemas
		case word == "properties" && schemas[key] != nil:
			member = schemas[key].(map[string]any)
		case word == "dependentSchemas" && schemas[key] != nil:
			member, value = schemas[key].(map[string]any), m
		}
		if why := v.wrong(member, value, at+"."+key); why != "" {
			return why
		}
	}
	return ""
}

func hasType(arg, value any) bool {
	names := map[reflect.Kind][]string{
		reflect.String: {"string"}, reflect.Int: {"integer", "number"}, reflect.Float64: {"number"},
		reflect.Bool: {"boolean"}, reflect.Map: {"object"}, reflect.Slice: {"array"},
	}[reflect.ValueOf(value).Kind()]
	if f, ok := value.(float64); ok && f == math.Trunc(f) {
		names = append(names, "integer")
	}
	if list, ok := arg.([]any); ok {
		return slices.ContainsFunc(list, func(a any) bool { return slices.Contains(names, a.(string)) })
	}
	return slices.Contains(names, arg.(string))
}
