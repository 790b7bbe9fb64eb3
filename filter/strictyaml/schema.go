package strictyaml

import (
	"bytes"
	"encoding/json"
)

// Schema is a JSON Schema, or a part of one, by which an editor completes and
// explains a file. It is of draft-07, the newest that editors know in full.
type Schema map[string]any

// What [Node.Text], [Node.Bool], [Node.Duration] and [Node.Size] read; a size is
// not 0. YAML may take a text for something else, such as 7 or true, and took
// words such as yes for a bool, which is read still.
var (
	Scalar = Schema{"type": []string{"string", "number", "boolean"}}
	Bool   = Schema{"type": []string{"boolean", "string"}, "pattern": `^([yY]|[yY]es|YES|[oO]n|ON|[nN]|[nN]o|NO|[oO]ff|OFF)$`}
	Time   = Schema{"type": "string", "pattern": `^([0-9.]+(ms|s|m|h))+$`}
	Size   = Schema{"type": []string{"integer", "string"}, "minimum": 1, "pattern": sizePattern}
)

// Ref is whatever [Schema.Document] defines by this name.
func Ref(name string) Schema { return Schema{"$ref": "#/definitions/" + name} }

// AnyOf is what at least one of the schemas fits.
func AnyOf(schemas ...Schema) Schema { return Schema{"anyOf": schemas} }

// OneOf is what exactly one of the schemas fits.
func OneOf(schemas ...Schema) Schema { return Schema{"oneOf": schemas} }

// OneOrMore is a value or a list of such values, as [Node.List] reads it.
func OneOrMore(item Schema) Schema {
	return AnyOf(item, Schema{"type": "array", "items": item, "minItems": 1})
}

// Each is a mapping from any names to such values, as [Node.Entries] reads it.
func Each(value Schema) Schema {
	return Schema{"type": "object", "additionalProperties": value, "minProperties": 1}
}

// Having is a mapping that has the key.
func Having(key string) Schema { return Schema{"required": []string{key}} }

// Keys is a mapping without any keys, as [Node.Mapping] reads it; add them by
// [Schema.Key].
func Keys() Schema {
	return Schema{"type": "object", "properties": Schema{}, "additionalProperties": false}
}

// Key adds a key to the mapping: the name of what it takes, and what it means.
func (s Schema) Key(name, takes, help string) {
	value := Ref(takes)
	value["description"] = help
	s["properties"].(Schema)[name] = value
}

// Need makes a key one that must be there.
func (s Schema) Need(name string) {
	keys, _ := s["required"].([]string)
	s["required"] = append(keys, name)
}

// Document gives the schema as the file of its own that is about a whole
// document, with all that [Ref] names in it.
func (s Schema) Document(title string, definitions map[string]Schema) []byte {
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["title"] = title
	s["definitions"] = definitions
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		panic(err) // maps, lists and texts can be encoded
	}
	return b.Bytes()
}
