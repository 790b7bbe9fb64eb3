// Package strictyaml reads a YAML file the way a person proof-reads it: every
// mistake is found at once, each with its place, and nothing unknown is let
// through.
//
// It is the one door to yaml.v3 and serves the two files that users write,
// rules.yaml and flows. A reader walks the document with [Node]; a node that
// does not have the asked-for shape notes a mistake and gives a zero value, so
// readers need no error handling of their own and end with [Document.Err].
//
// Beside the reading, [Schema] says to editors what a file may hold; each reader
// makes one from the tables that it reads by.
//
// Anchors, aliases and merge keys are refused: they make the place of a
// mistake ambiguous and small files expensive. Duplicate keys are mistakes.
package strictyaml

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gopkg.in/yaml.v3"
)

// MaxSize is the largest file that is read, in bytes.
const MaxSize = 1 << 20

// maxDepth bounds nesting; no file of ours needs a tenth of it.
const maxDepth = 50

// Pos is a place in the file, both numbers counted from 1.
type Pos struct{ Line, Column int }

// Mistake is one thing that is wrong, said for the person who wrote the file.
type Mistake struct {
	File string
	Pos
	Text string
}

// Error gives the mistake as file:line:column: text.
func (m Mistake) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Text)
}

// Mistakes is every mistake of one file, in the order of their places.
type Mistakes []Mistake

// Error gives one mistake a line.
func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.Error()
	}
	return strings.Join(lines, "\n")
}

// Document is one file under reading.
type Document struct {
	name     string
	mistakes Mistakes
	root     *yaml.Node
}

// Parse reads data, the content of the file that messages call name. A syntax
// error is a mistake like any other: see [Document.Err].
func Parse(name string, data []byte) *Document {
	d := &Document{name: name}
	if len(data) > MaxSize {
		d.note(Pos{1, 1}, "the file is larger than %d bytes", MaxSize)
		return d
	}
	var doc, second yaml.Node
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return d
	case err != nil:
		d.noteSyntax(err)
		return d
	}
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		d.note(Pos{max(second.Line, 1), 1}, "a second document begins here; one file holds one document")
		return d
	}
	if d.plain(&doc, 0) {
		d.root = doc.Content[0]
	}
	return d
}

// Root is the document's outermost node; unset if the file is empty or broken.
func (d *Document) Root() Node { return Node{doc: d, yaml: d.root} }

// Err gives all mistakes noted so far as [Mistakes], or nil.
func (d *Document) Err() error {
	if len(d.mistakes) == 0 {
		return nil
	}
	slices.SortStableFunc(d.mistakes, func(a, b Mistake) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return d.mistakes
}

func (d *Document) note(p Pos, format string, args ...any) {
	d.mistakes = append(d.mistakes, Mistake{d.name, p, fmt.Sprintf(format, args...)})
}

var syntaxLine = compiled(`^yaml: (?:line (\d+): )?`)

// noteSyntax turns yaml.v3's "yaml: line 3: …" into a mistake with a place.
func (d *Document) noteSyntax(err error) {
	text := err.Error()
	line := 1
	if m := syntaxLine().FindStringSubmatch(text); m != nil {
		text = text[len(m[0]):]
		if n, err := strconv.Atoi(m[1]); err == nil && n > 0 {
			line = n
		}
	}
	if unquoted().MatchString(text) {
		text += "; a text with any of , : # [ ] { } in it belongs between quotes"
	}
	d.note(Pos{line, 1}, "not YAML: %s", text)
}

// unquoted is what is said of a text that means something to YAML, such as
// the selector input[type=file] within braces.
var unquoted = compiled(`^did not find expected ('|key|node content)|^mapping values are not allowed`)

// plain refuses aliases, anchors, explicit tags, empty list items and deep
// nesting; false if the document cannot be read on.
func (d *Document) plain(n *yaml.Node, depth int) bool {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "" || n.Tag == "!!merge":
		d.note(place(n), "anchors, aliases and merge keys are not used in this file")
		return false
	case n.Style&yaml.TaggedStyle != 0:
		d.note(place(n), "tags such as %q are not used in this file", n.Tag)
		return false
	case depth > maxDepth:
		d.note(place(n), "nested too deeply")
		return false
	}
	for _, c := range n.Content {
		if !d.plain(c, depth+1) {
			return false
		}
		if n.Kind == yaml.SequenceNode && c.Tag == "!!null" {
			d.note(place(c), "an item of this list is empty") // it would pass for an empty text
		}
	}
	return true
}

func place(n *yaml.Node) Pos { return Pos{max(n.Line, 1), max(n.Column, 1)} }

// Node is one value of the document, or an unset one where the key is not
// there. All methods may be called on an unset node and give zero values.
type Node struct {
	doc     *Document
	yaml    *yaml.Node
	context string
}

// Entry is one key of a mapping whose keys are free, such as names.
type Entry struct {
	Key   string
	Name  Node // the key itself, to note mistakes at
	Value Node
}

// In gives the same node with words that precede its mistakes and those of
// everything below it: `rule "weekly"`.
func (n Node) In(format string, args ...any) Node {
	n.context += fmt.Sprintf(format, args...) + ": "
	return n
}

// Out gives the same node without the words of [Node.In], for what is nested
// but known by words of its own.
func (n Node) Out() Node {
	n.context = ""
	return n
}

// IsSet tells whether the value is there and not null.
func (n Node) IsSet() bool { return n.yaml != nil && n.yaml.Tag != "!!null" }

// IsMapping, IsList and IsText tell the shape of a value that may have several.
func (n Node) IsMapping() bool { return n.IsSet() && n.yaml.Kind == yaml.MappingNode }

// IsList tells whether the value is a list.
func (n Node) IsList() bool { return n.IsSet() && n.yaml.Kind == yaml.SequenceNode }

// IsText tells whether the value is a single word, number or text.
func (n Node) IsText() bool { return n.IsSet() && n.yaml.Kind == yaml.ScalarNode }

// Pos is where the value stands, the zero Pos if it is unset.
func (n Node) Pos() Pos {
	if n.yaml == nil {
		return Pos{}
	}
	return place(n.yaml)
}

// Mistake notes that something is wrong with this value.
func (n Node) Mistake(format string, args ...any) {
	p := n.Pos()
	if n.yaml == nil {
		p = Pos{1, 1}
	}
	n.doc.note(p, "%s%s", n.context, fmt.Sprintf(format, args...))
}

// Entries gives the keys and values of a mapping in the order of the file.
func (n Node) Entries() []Entry {
	if !n.IsSet() {
		return nil
	}
	if n.yaml.Kind != yaml.MappingNode {
		n.Mistake("here belong keys and values, not %s", n.shape())
		return nil
	}
	var entries []Entry
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.yaml.Content); i += 2 {
		key := Node{n.doc, n.yaml.Content[i], n.context}
		if key.yaml.Kind != yaml.ScalarNode {
			key.Mistake("a key must be a plain word")
			continue
		}
		if seen[key.yaml.Value] {
			key.Mistake("%q is given twice", key.yaml.Value)
			continue
		}
		seen[key.yaml.Value] = true
		entries = append(entries, Entry{key.yaml.Value, key, Node{n.doc, n.yaml.Content[i+1], n.context}})
	}
	return entries
}

// Mapping gives the values of a mapping that may have only the given keys.
// A key that is not there gives an unset node.
func (n Node) Mapping(keys ...string) map[string]Node {
	m := map[string]Node{}
	for _, key := range keys {
		m[key] = Node{doc: n.doc, context: n.context}
	}
	for _, e := range n.Entries() {
		if !slices.Contains(keys, e.Key) {
			e.Name.Mistake("unknown key %q%s", e.Key, DidYouMean(e.Key, keys))
			continue
		}
		m[e.Key] = e.Value
	}
	return m
}

// List gives the values of a list; a single value is a list of one.
func (n Node) List() []Node {
	if !n.IsSet() {
		return nil
	}
	if n.yaml.Kind != yaml.SequenceNode {
		return []Node{n}
	}
	list := make([]Node, len(n.yaml.Content))
	for i, c := range n.yaml.Content {
		list[i] = Node{n.doc, c, n.context}
	}
	return list
}

// Text gives a single value as it is written.
func (n Node) Text() string {
	if !n.IsSet() {
		return ""
	}
	if n.yaml.Kind != yaml.ScalarNode {
		n.Mistake("here belongs a text, not %s", n.shape())
		return ""
	}
	return n.yaml.Value
}

// Texts gives a list of texts; a single text is a list of one.
func (n Node) Texts() []string {
	var texts []string
	for _, item := range n.List() {
		texts = append(texts, item.Text())
	}
	return texts
}

// Peek gives the text at key without noting any mistake, so that a reader can
// put a name into the context of everything else: see [Node.In].
func (n Node) Peek(key string) string {
	if !n.IsMapping() {
		return ""
	}
	for i := 0; i+1 < len(n.yaml.Content); i += 2 {
		name, value := n.yaml.Content[i], n.yaml.Content[i+1]
		if name.Value == key && value.Kind == yaml.ScalarNode {
			return value.Value
		}
	}
	return ""
}

// Bool gives true or false.
func (n Node) Bool() bool {
	if !n.IsSet() {
		return false
	}
	var b bool
	if n.yaml.Kind != yaml.ScalarNode || n.yaml.Decode(&b) != nil {
		n.Mistake("here belongs true or false, not %s", n.shape())
	}
	return b
}

// Duration gives a time such as 90s, 4m or 1h30m; it must be positive.
func (n Node) Duration() time.Duration {
	if !n.IsSet() {
		return 0
	}
	d, err := time.ParseDuration(n.Text())
	if err != nil || d <= 0 {
		n.Mistake("here belongs a time such as 90s or 4m, not %s", n.shape())
		return 0
	}
	return d
}

const sizePattern = `^(\d{1,12})\s*([kKMG]?)B?$`

var sizeText = compiled(sizePattern)

// Size gives a number of bytes: 800, 64k, 50M or 1G, in powers of 1024.
func (n Node) Size() int64 {
	if !n.IsSet() {
		return 0
	}
	size, ok := ParseSize(n.Text())
	if !ok {
		n.Mistake("here belongs a size such as 800k or 50M, not %s", n.shape())
	}
	return size
}

// maxBytes is the largest size that [ParseSize] takes, a pebibyte.
const maxBytes = 1 << 50

// ParseSize reads a number of bytes such as 800, 64k, 50M or 1G, in powers of
// 1024; false if text is none or over a pebibyte.
func ParseSize(text string) (bytes int64, ok bool) {
	m := sizeText().FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	size, err := strconv.ParseInt(m[1], 10, 64)
	shift := map[string]uint{"": 0, "k": 10, "K": 10, "M": 20, "G": 30}[m[2]]
	if err != nil || size > maxBytes>>shift {
		return 0, false
	}
	return size << shift, true
}

// OneOf gives a text that must be one of words; what says what the words are,
// as in `unknown action "pots"`.
func (n Node) OneOf(what string, words ...string) string {
	text := n.Text()
	if n.IsText() && !slices.Contains(words, text) {
		n.Mistake("unknown %s %q%s", what, text, DidYouMean(text, words))
		return ""
	}
	return text
}

// shape names the value as a message shows it.
func (n Node) shape() string {
	switch n.yaml.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	}
	if text := []rune(n.yaml.Value); len(text) > 40 {
		return fmt.Sprintf("%q…", string(text[:40]))
	}
	return fmt.Sprintf("%q", n.yaml.Value)
}

// DidYouMean gives `; did you mean "post"?` for the nearest of words, or the
// list of words where none is near and they are few, or nothing.
func DidYouMean(word string, words []string) string {
	near := Nearest(word, words)
	switch {
	case near != "":
		return fmt.Sprintf("; did you mean %q?", near)
	case len(words) > 0 && len(words) <= 16:
		return "; there are: " + strings.Join(words, ", ")
	}
	return ""
}

// Nearest gives the one of words that word may be a slip for, "" if it is like
// none of them.
func Nearest(word string, words []string) string {
	best, distance := "", len(word)/2+1
	for _, w := range words {
		if d := editDistance(strings.ToLower(word), w); d < distance {
			best, distance = w, d
		}
	}
	return best
}

// editDistance counts insertions, deletions, substitutions and swaps of
// neighbours (optimal string alignment).
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

// compiled gives a pattern that is compiled when it is first asked for: most
// mails end with their header, and all patterns together take longer than they.
func compiled(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
