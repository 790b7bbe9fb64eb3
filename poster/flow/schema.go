package flow

import "mailapp/filter/strictyaml"

//go:generate go test -run TestSchema -update

// Schema gives the JSON Schema (draft-07) of a flow file, by which an editor
// completes and explains its words. It is made from the tables that [Parse]
// reads by. A file that fits it can still hold mistakes, such as a part that
// is not there, which only Parse finds.
func Schema() []byte {
	defs := map[string]strictyaml.Schema{"step": stepSchema()}
	for s, words := range objects {
		if s != theFlow {
			defs[string(s)] = objectSchema(words)
		}
	}
	for _, s := range []shape{theTests, theAnswers} {
		defs[string(s)]["minProperties"] = 1
	}
	for s, words := range enumerations {
		defs[string(s)] = strictyaml.Schema{"enum": words}
	}
	for s, schema := range plainShapes() {
		defs[string(s)] = schema
	}
	return objectSchema(objects[theFlow]).Document("A flow of mailapp: what to do on a web site, step by step", defs)
}

// Schemas of what has no table.
var (
	someText = strictyaml.Schema{"type": strictyaml.Scalar["type"], "minLength": 1}
	aWord    = strictyaml.Schema{"type": "string"}
)

// plainShapes are the schemas of the shapes that the tables do not tell.
func plainShapes() map[shape]strictyaml.Schema {
	return map[shape]strictyaml.Schema{
		aText:      strictyaml.Scalar,
		aName:      {"type": "string", "minLength": 1},
		aNumber:    {"type": "integer", "minimum": 1},
		aTime:      strictyaml.Time,
		aFileSize:  strictyaml.Size,
		pictures:   strictyaml.OneOrMore(ref(aPicture)),
		aSize:      {"type": "string", "pattern": viewportText().String()},
		aBound:     {"type": []string{"integer", "string"}, "pattern": `^([0-9]{1,4}|.*\{\{.+\}\}.*)$`},
		yes:        strictyaml.Bool,
		aPattern:   someText,
		anAddress:  {"type": "string", "pattern": `^(https?://|\{\{)`},
		texts:      strictyaml.OneOrMore(strictyaml.Scalar),
		origins:    strictyaml.OneOrMore(aWord),
		aLocator:   strictyaml.OneOrMore(someText),
		aPlace:     ref(aLocator),
		steps:      strictyaml.OneOrMore(strictyaml.Ref("step")),
		failings:   strictyaml.OneOrMore(ref(aFailing)),
		cases:      strictyaml.OneOrMore(ref(aCase)),
		readings:   strictyaml.Each(ref(aReading)),
		parameters: strictyaml.Each(ref(aParameter)),
		parts:      strictyaml.Each(ref(aPart)),
		fieldTexts: strictyaml.AnyOf(strictyaml.Each(ref(aText)), strictyaml.OneOrMore(ref(fieldText))),
		keyStrokes: strictyaml.AnyOf(aWord, strictyaml.Each(aWord), strictyaml.OneOrMore(ref(fieldText))),
		aCondition: strictyaml.OneOrMore(strictyaml.AnyOf(someText, ref(theTests))),
	}
}

func ref(s shape) strictyaml.Schema { return strictyaml.Ref(string(s)) }

func objectSchema(words []keyWord) strictyaml.Schema {
	schema := strictyaml.Keys()
	for _, w := range words {
		schema.Key(w.key, string(w.takes), w.help)
		if w.needed {
			schema.Need(w.key)
		}
	}
	return schema
}

// stepSchema is an object with exactly one verb, or with then, which makes it a
// block.
func stepSchema() strictyaml.Schema {
	schema := objectSchema(modifiers)
	block := strictyaml.Having("then")
	kinds := []strictyaml.Schema{block}
	for _, v := range verbs {
		schema.Key(string(v.verb), string(v.takes), v.help)
		kinds = append(kinds, strictyaml.Having(string(v.verb)))
	}
	schema["oneOf"] = kinds
	schema["dependencies"] = strictyaml.Schema{
		"then": strictyaml.OneOf(strictyaml.Having(string(If)), strictyaml.Having(string(Unless))),
		"else": block,
	}
	return schema
}
