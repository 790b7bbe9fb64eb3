package strictyaml

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// ParseJSON reads data as JSON (RFC 8259), which YAML is not quite: it does
// not know \ud83d\ude00. All else is as with [Parse]; the places are those in
// the JSON text. A null is an unset node.
func ParseJSON(name string, data []byte) *Document {
	d := &Document{name: name}
	if len(data) > MaxSize {
		d.note(Pos{1, 1}, "the file is larger than %d bytes", MaxSize)
		return d
	}
	r := &jsonReader{data: data, dec: json.NewDecoder(bytes.NewReader(data)), at: Pos{1, 1}}
	r.dec.UseNumber()
	root, err := r.value(0)
	if err == nil {
		err = r.end()
	}
	if err != nil {
		d.note(r.placeOf(err), "not JSON: %s", strings.TrimPrefix(err.Error(), "json: "))
		return d
	}
	d.root = root
	return d
}

// jsonReader goes through the text once, and knows where it is.
type jsonReader struct {
	data []byte
	dec  *json.Decoder
	read int // bytes that at has passed
	at   Pos
}

// errDeep ends the reading before the stack does.
var errDeep = errors.New("nested too deeply")

// value reads the next value; depth is how many are around it.
func (r *jsonReader) value(depth int) (*yaml.Node, error) {
	n := &yaml.Node{}
	token, err := r.token(n)
	switch t := token.(type) {
	case json.Delim:
		if depth >= maxDepth {
			return nil, errDeep
		}
		n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		if t == '{' {
			n.Kind, n.Tag = yaml.MappingNode, "!!map"
		}
		err = r.content(n, depth)
	case string:
		n.Kind, n.Tag, n.Value = yaml.ScalarNode, "!!str", t
	case json.Number:
		n.Kind, n.Tag, n.Value = yaml.ScalarNode, "!!float", t.String()
	case bool:
		n.Kind, n.Tag, n.Value = yaml.ScalarNode, "!!bool", strconv.FormatBool(t)
	case nil:
		n.Kind, n.Tag, n.Value = yaml.ScalarNode, "!!null", "null"
	}
	return n, err
}

// content reads what is in an array or object; the keys are values, too.
func (r *jsonReader) content(n *yaml.Node, depth int) error {
	for r.dec.More() {
		c, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.Content = append(n.Content, c)
	}
	_, err := r.token(&yaml.Node{})
	return err
}

// token reads the next token, which must be there, and gives n its place.
func (r *jsonReader) token(n *yaml.Node) (json.Token, error) {
	r.next(n)
	t, err := r.dec.Token()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return t, err
}

// next moves to where the next token begins, and gives n that place.
func (r *jsonReader) next(n *yaml.Node) {
	end := int(r.dec.InputOffset())
	for end < len(r.data) && strings.IndexByte(" \t\r\n,:", r.data[end]) >= 0 {
		end++
	}
	r.moveTo(end)
	n.Line, n.Column = r.at.Line, r.at.Column
}

func (r *jsonReader) moveTo(end int) {
	for r.read < min(end, len(r.data)) {
		c, size := utf8.DecodeRune(r.data[r.read:])
		r.read += size
		r.at.Column++
		if c == '\n' {
			r.at = Pos{r.at.Line + 1, 1}
		}
	}
}

// end sees that nothing follows the value.
func (r *jsonReader) end() error {
	r.next(&yaml.Node{})
	if _, err := r.dec.Token(); err == nil {
		return errors.New("something follows the end of the JSON text")
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// placeOf gives the place of a mistake: where the token begins that is being
// read, or where inside of it the mistake is.
func (r *jsonReader) placeOf(err error) Pos {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		r.moveTo(int(syntax.Offset) - 1)
	case errors.Is(err, io.ErrUnexpectedEOF):
		r.moveTo(len(r.data))
	}
	return r.at
}

// Number gives a number of JSON or YAML; false if there is none.
func (n Node) Number() (x float64, ok bool) {
	if !n.IsSet() {
		return 0, false
	}
	x, err := strconv.ParseFloat(n.yaml.Value, 64)
	if !slices.Contains([]string{"!!int", "!!float"}, n.yaml.Tag) || err != nil {
		n.Mistake("here belongs a number, not %s", n.shape())
		return 0, false
	}
	return x, true
}

// JSON gives the value as JSON text in one line, its keys in their order.
func (n Node) JSON() string {
	if n.yaml == nil {
		return "null"
	}
	list := make([]string, len(n.yaml.Content))
	for i, c := range n.yaml.Content {
		list[i] = Node{doc: n.doc, yaml: c}.JSON()
	}
	switch {
	case n.yaml.Kind == yaml.SequenceNode:
		return "[" + strings.Join(list, ",") + "]"
	case n.yaml.Kind == yaml.MappingNode:
		var pairs []string
		for p := range slices.Chunk(list, 2) {
			pairs = append(pairs, fmt.Sprintf("%s:%s", p[0], p[1]))
		}
		return "{" + strings.Join(pairs, ",") + "}"
	case n.yaml.Tag == "!!str":
		text, _ := json.Marshal(n.yaml.Value) // a text always can be written
		return string(text)
	}
	return n.yaml.Value
}
