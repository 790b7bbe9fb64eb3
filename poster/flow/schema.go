package flow

import (
	"bytes"
	"encoding/json"
)

//go:generate go test -run TestSchema -update

// Schema gives the JSON Schema (draft 2020-12) of a flow file, by which an
// editor completes and explains its words. It is made from the tables that
// [Parse] reads by. A file that fits it can still hold mistakes, such as a
// part that is not there, which only Parse finds.
func Schema() []byte {
	defs := map[string]any{"step": stepSchema()}
	for s, words := range objects {
		if s != theFlow {
			defs[string(s)] = objectSchema(words, s == theTests || s == theAnswers)
		}
	}
	for s, words := range enumerations {
		defs[string(s)] = object{"enum": words}
	}
	for s, schema := range plainShapes {
		defs[string(s)] = schema
	}
	root := objectSchema(objects[theFlow], false)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "A flow of mailapp: what to do on a web site, step by step"
	root["$defs"] = defs
	return indented(root)
}

// object is a JSON object.
type object = map[string]any

func indented(root object) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		panic(err) // maps, lists and texts can be encoded
	}
	return b.Bytes()
}

// plainShapes are the schemas of the shapes that the tables do not tell.
var plainShapes = map[shape]object{
	aText:      scalar,
	aName:      {"type": "string", "minLength": 1},
	aNumber:    {"type": "integer", "minimum": 1},
	aTime:      {"type": "string", "pattern": `^([0-9.]+(ms|s|m|h))+$`},
	aSize:      {"type": "string", "pattern": viewportText.String()},
	aBound:     {"type": []string{"integer", "string"}, "pattern": `^([0-9]{1,4}|.*\{\{.+\}\}.*)$`},
	yes:        {"type": "boolean"},
	aPattern:   {"type": scalar["type"], "minLength": 1},
	anAddress:  {"type": "string", "pattern": `^(https?://|\{\{)`},
	texts:      oneOrMore(scalar),
	origins:    oneOrMore(object{"type": "string"}),
	aLocator:   oneOrMore(object{"type": scalar["type"], "minLength": 1}),
	aPlace:     ref(aLocator),
	steps:      oneOrMore(object{"$ref": "#/$defs/step"}),
	failings:   oneOrMore(ref(aFailing)),
	cases:      oneOrMore(ref(aCase)),
	readings:   each(ref(aReading)),
	parameters: each(ref(aParameter)),
	parts:      each(ref(aPart)),
	fieldTexts: anyOf(each(ref(aText)), oneOrMore(ref(fieldText))),
	keyStrokes: anyOf(object{"type": "string"}, each(object{"type": "string"}), oneOrMore(ref(fieldText))),
	aCondition: oneOrMore(anyOf(object{"type": scalar["type"], "minLength": 1}, ref(theTests))),
}

// scalar is a text as YAML may take it for something else, such as 7 or yes.
var scalar = object{"type": []string{"string", "number", "boolean"}}

func ref(s shape) object { return object{"$ref": "#/$defs/" + string(s)} }

func anyOf(schemas ...object) object { return object{"anyOf": schemas} }

// oneOrMore is a value or a list of such values.
func oneOrMore(item object) object {
	return anyOf(item, object{"type": "array", "items": item, "minItems": 1})
}

// each is a mapping from names to such values.
func each(value object) object {
	return object{"type": "object", "additionalProperties": value, "minProperties": 1}
}

func objectSchema(words []keyWord, someKey bool) object {
	properties := object{}
	required := []string{}
	for _, w := range words {
		properties[w.key] = described(w.takes, w.help)
		if w.needed {
			required = append(required, w.key)
		}
	}
	schema := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	if someKey {
		schema["minProperties"] = 1
	}
	return schema
}

func described(s shape, help string) object {
	schema := ref(s)
	schema["description"] = help
	return schema
}

// stepSchema is an object with exactly one verb, or with then, which makes it a
// block.
func stepSchema() object {
	schema := objectSchema(modifiers, false)
	properties := schema["properties"].(object)
	block := object{"required": []string{"then"}}
	kinds := []object{block}
	for _, v := range verbs {
		properties[string(v.verb)] = described(v.takes, v.help)
		kinds = append(kinds, object{"required": []string{string(v.verb)}})
	}
	schema["oneOf"] = kinds
	schema["dependentSchemas"] = object{
		"then": object{"oneOf": []object{{"required": []string{string(If)}}, {"required": []string{string(Unless)}}}},
		"else": block,
	}
	return schema
}
