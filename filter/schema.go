package filter

import (
	"slices"

	"mailapp/filter/strictyaml"
)

//go:generate go test -run TestSchema -update

// Schema gives the JSON Schema (draft-07) of rules.yaml, by which an editor
// completes and explains its words. It is made from the tables that
// [ParseSettings] reads by. A file that fits it can still hold mistakes, such
// as a person that is not there, which only ParseSettings finds.
func Schema() []byte {
	defs := map[string]strictyaml.Schema{}
	for s, words := range objects {
		if s != theSettings {
			defs[string(s)] = objectSchema(words)
		}
	}
	for s, words := range enumerations {
		defs[string(s)] = strictyaml.Schema{"enum": words}
	}
	for s, schema := range plainShapes() {
		defs[string(s)] = schema
	}
	defs[string(aSecret)]["oneOf"] = having("file", "env", "command")
	ways := having("sendmail", "smtp", "maildir")
	defs[string(theReceipts)]["oneOf"] = append(ways, strictyaml.Schema{"not": strictyaml.AnyOf(ways...)})
	defs[string(thePace)]["minProperties"] = 1
	actionKeys(defs[string(aRule)])
	for _, s := range mayBeEmpty {
		defs[string(s)]["type"] = []string{"object", "null"}
		delete(defs[string(s)], "minProperties")
	}
	defs[string(theBrowser)] = strictyaml.AnyOf(fitting(entrance), defs[string(theBrowser)])
	return objectSchema(objects[theSettings]).Document("The rules of mailapp: who may post, where to, and what becomes of all other mail", defs)
}

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

// plainShapes are the schemas of the shapes that the tables do not tell.
func plainShapes() map[shape]strictyaml.Schema {
	list := func(pattern string) strictyaml.Schema { return strictyaml.OneOrMore(fitting(pattern)) }
	return map[shape]strictyaml.Schema{
		anAddress:    fitting(`^[^\s@<>"(),:;]+@[^\s@]+$`),
		addresses:    strictyaml.OneOrMore(ref(anAddress)),
		anInvitation: list(`^[^\s@<>"(),:;]*@[^\s@]+$`),
		senderList:   list(`^(<>|[^\s@<>"(),:;]*@[^\s@]+)$`),
		someDomains:  list(`^[^\s@]+$`),
		someHeaders:  named(`^[!-9;-~]+$`, strictyaml.OneOrMore(strictyaml.Scalar)),
		aHost:        fitting(`^\S+$`),
		aServer:      fitting(`^.+:[0-9]{1,5}$`),
		aPath:        saying(),
		aProgram:     strictyaml.OneOrMore(saying()),
		aSize:        fitting(`^(over|under)\s+[0-9]{1,12}\s*[kKMG]?B?$`),
		aSizeLimit:   strictyaml.Size,
		aTime:        strictyaml.Time,
		aFew:         {"type": "integer", "minimum": 1, "maximum": maxBrowsers},
		aName:        saying(),
		aSentence:    saying(),
		aText:        strictyaml.Scalar,
		someTexts:    strictyaml.OneOrMore(strictyaml.Scalar),
		someProofs:   strictyaml.OneOrMore(ref(aProof)),
		someMailbox:  list(`^[^\s@<>,;]+@[^\s@<>,;]+$`),
		aWebAddress:  fitting(`^https?://[^/?#@\s]+([/?#].*)?$`),
		aDatabase:    fitting(`^postgres(ql)?://[^\s]+/[^\s]+$`),
		anEntrance:   strictyaml.AnyOf(fitting(entrance), ref(aSecret)),
		aCount:       {"type": "integer", "minimum": 1},
		trueOrFalse:  strictyaml.Bool,
		thePeople:    named(ownName.pattern().String(), ref(aPerson)),
		theApps:      named(ownName.pattern().String(), ref(anApp)),
		theRules:     {"type": "array", "items": ref(aRule), "minItems": 1},
		theWith:      parametersSchema(),
		theFields:    named(parameterName.pattern().String(), strictyaml.AnyOf(strictyaml.Schema{"enum": fieldTypes}, strictyaml.OneOrMore(strictyaml.Scalar))),
	}
}

// entrance is how the address of a browser elsewhere begins.
const entrance = `^(wss?|https?)://[^/?#\s]+`

func ref(s shape) strictyaml.Schema { return strictyaml.Ref(string(s)) }

// fitting is a text that the pattern fits.
func fitting(pattern string) strictyaml.Schema {
	return strictyaml.Schema{"type": "string", "pattern": pattern}
}

// saying is any text that is not empty, or blank.
func saying() strictyaml.Schema {
	return strictyaml.Schema{"type": strictyaml.Scalar["type"], "pattern": `\S`}
}

// named is a mapping from names of a kind to such values.
func named(pattern string, value strictyaml.Schema) strictyaml.Schema {
	schema := strictyaml.Each(value)
	schema["propertyNames"] = strictyaml.Schema{"pattern": pattern}
	return schema
}

// parametersSchema is any setting of a flow. Which ones there are only the flow
// knows.
func parametersSchema() strictyaml.Schema {
	schema := strictyaml.Schema{"type": "object", "additionalProperties": strictyaml.AnyOf(strictyaml.Scalar, strictyaml.Schema{"type": "null"})}
	schema["propertyNames"] = strictyaml.Schema{"pattern": parameterName.pattern().String(), "not": strictyaml.Schema{"enum": reserved}}
	return schema
}

// having are the mappings that have one of the keys each.
func having(keys ...string) []strictyaml.Schema {
	var all []strictyaml.Schema
	for _, key := range keys {
		all = append(all, strictyaml.Having(key))
	}
	return slices.Clip(all)
}

// actionKeys says of a rule which keys its action uses and needs.
func actionKeys(rule strictyaml.Schema) {
	does := func(action Action) strictyaml.Schema {
		return strictyaml.Schema{"properties": strictyaml.Schema{"do": strictyaml.Schema{"const": action}}}
	}
	users := strictyaml.Schema{}
	for _, w := range uses {
		users[w.key] = does(user(w.key))
	}
	rule["dependencies"] = users
	var needs []strictyaml.Schema
	for _, action := range []Action{Register, Keep, Forward} {
		needs = append(needs, strictyaml.Schema{"if": does(action), "then": strictyaml.OneOf(having(usedBy[action]...)...)})
	}
	rule["allOf"] = needs
}
