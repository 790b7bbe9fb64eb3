package strictyaml

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// read reads a document by a reader that knows every shape there is, and gives
// what it read.
func read(d *Document) map[string]any {
	got := map[string]any{}
	keys := d.Root().Mapping("text", "texts", "bool", "time", "size", "word", "names", "rules")
	got["text"] = keys["text"].Text()
	got["texts"] = keys["texts"].Texts()
	got["bool"] = keys["bool"].Bool()
	got["time"] = keys["time"].Duration()
	got["size"] = keys["size"].Size()
	if keys["word"].IsSet() {
		got["word"] = keys["word"].OneOf("action", "post", "reject", "hold")
	}
	names := ""
	for _, e := range keys["names"].Entries() {
		names += e.Key + "=" + e.Value.In("name %q", e.Key).Text() + ";"
	}
	got["names"] = names
	for _, rule := range keys["rules"].List() {
		rule.In("rule %q", rule.Peek("name")).Mapping("name", "do")["do"].OneOf("action", "post")
	}
	return got
}

func TestRead(t *testing.T) {
	d := Parse("x.yaml", []byte(`# a comment
text: 2026
texts: [a, 'b', "c d"]
bool: true
time: 1h30m
size: 50M
word: post
names: {b: 1, a: two}
rules:
  - {name: x, do: post}
`))
	got := read(d)
	if err := d.Err(); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"text": "2026", "texts": []string{"a", "b", "c d"}, "bool": true, "time": 90 * time.Minute,
		"size": int64(50 << 20), "word": "post", "names": "b=1;a=two;",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestUnsetIsNoMistake(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "text:\ntexts: ~\nrules: null\n", "\ufeff"} {
		d := Parse("x.yaml", []byte(text))
		read(d)
		if err := d.Err(); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	var texts []string
	if got := Parse("x.yaml", nil).Root().Mapping("texts")["texts"].Texts(); !reflect.DeepEqual(got, texts) {
		t.Errorf("got %q", got)
	}
}

func TestMistakes(t *testing.T) {
	tests := []struct{ yaml, want string }{
		{"text: [a]", "x.yaml:1:7: here belongs a text, not a list"},
		{"text: {a: b}", "x.yaml:1:7: here belongs a text, not keys and values"},
		{"txt: a", `x.yaml:1:1: unknown key "txt"; did you mean "text"?`},
		{"zzz: a", `x.yaml:1:1: unknown key "zzz"; there are: text, texts, bool, time, size, word, names, rules`},
		{"text: a\ntext: b", `x.yaml:2:1: "text" is given twice`},
		{"- a", "x.yaml:1:1: here belong keys and values, not a list"},
		{"a", `x.yaml:1:1: here belong keys and values, not "a"`},
		{"? [a]\n: b", "x.yaml:1:3: a key must be a plain word"},
		{"texts: [a, [b]]", "x.yaml:1:12: here belongs a text, not a list"},
		{"texts: [a, ~]", "x.yaml:1:12: an item of this list is empty"},
		{"texts:\n  - a\n  -\n", "x.yaml:3:4: an item of this list is empty"},
		{"bool: maybe", `x.yaml:1:7: here belongs true or false, not "maybe"`},
		{"bool: [true]", "x.yaml:1:7: here belongs true or false, not a list"},
		{"time: 4", `x.yaml:1:7: here belongs a time such as 90s or 4m, not "4"`},
		{"time: -4m", "here belongs a time"},
		{"time: 0s", "here belongs a time"},
		{"size: 5T", `x.yaml:1:7: here belongs a size such as 800k or 50M, not "5T"`},
		{"size: -5", "here belongs a size"},
		{"size: 999999999999G", "here belongs a size"},
		{"word: pots", `x.yaml:1:7: unknown action "pots"; did you mean "post"?`},
		{"word: osch", "there are: post, reject, hold"},
		{"word: [post]", "x.yaml:1:7: here belongs a text, not a list"},
		{"names: {a: [b]}", `x.yaml:1:12: name "a": here belongs a text`},
		{"rules: [{name: weekly, do: pots}]", `x.yaml:1:28: rule "weekly": unknown action "pots"`},
		{"rules: [{name: weekly, od: post}]", `x.yaml:1:24: rule "weekly": unknown key "od"`},
		{"rules: [{name: [a], do: pots}]", `rule "": unknown action "pots"`},
		{"text: &a b", "x.yaml:1:7: anchors, aliases and merge keys"},
		{"text: *a", "x.yaml:1:1: not YAML: unknown anchor 'a' referenced"},
		{"text: a\n<<: {texts: b}", "x.yaml:2:1: anchors, aliases and merge keys"},
		{"text: !!binary aGk=", `x.yaml:1:7: tags such as "!!binary" are not used`},
		{"text: !x a", `x.yaml:1:7: tags such as "!x" are not used`},
		{"text: a\n---\ntext: b", "x.yaml:2:1: a second document begins here"},
		{"text: a\n  b: c: d", "x.yaml:2:1: not YAML: mapping values are not allowed in this context; a text with any of"},
		{"text: {a[b=c]: d}", "not YAML: did not find expected ',' or '}'; a text with any of , : # [ ] { } in it belongs between quotes"},
		{"text: \"a", "not YAML:"},
		{"text: \x00", "not YAML:"},
		{"text: \xff", "not YAML:"},
		{"\t a: b", "not YAML:"},
		{strings.Repeat("[", 60) + strings.Repeat("]", 60), "x.yaml:1:51: nested too deeply"},
		{strings.Repeat("[", 100_000), "not YAML:"},
		{strings.Repeat("# long\n", 200_000), "x.yaml:1:1: the file is larger than 1048576 bytes"},
		{"text: ['" + strings.Repeat("é", 60) + "']\nbool: " + strings.Repeat("é", 60), `not "` + strings.Repeat("é", 40) + `"…`},
	}
	for _, tt := range tests {
		d := Parse("x.yaml", []byte(tt.yaml))
		read(d)
		err := d.Err()
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.60q: got %v, want %s", tt.yaml, err, tt.want)
		}
	}
}

// Every mistake is told, once, in the order of the file.
func TestAllAtOnce(t *testing.T) {
	d := Parse("x.yaml", []byte("time: 4\nrules:\n  - {do: psot, nme: x}\ntext: [a]\nsize: x\n"))
	read(d)
	mistakes, ok := errors.AsType[Mistakes](d.Err())
	if !ok {
		t.Fatal(d.Err())
	}
	want := []Pos{{1, 7}, {3, 10}, {3, 16}, {4, 7}, {5, 7}}
	var got []Pos
	for _, m := range mistakes {
		got = append(got, m.Pos)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v:\n%v", got, want, mistakes)
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "800": 800, "800B": 800, "64k": 64 << 10, "64K": 64 << 10, "50 MB": 50 << 20, "1G": 1 << 30, "1048576G": 1 << 50,
		"": -1, "k": -1, "1.5M": -1, "1m": -1, "1T": -1, "1048577G": -1, "9999999999999": -1, "+1": -1,
	} {
		got, ok := ParseSize(text)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	words := []string{"post", "reject", "drop"}
	for word, want := range map[string]string{
		"pots": `; did you mean "post"?`, "POST": `; did you mean "post"?`, "rejct": `; did you mean "reject"?`,
		"dorp": `; did you mean "drop"?`, "zzz": "; there are: post, reject, drop", "": "; there are: post, reject, drop",
	} {
		if got := DidYouMean(word, words); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
	if got := DidYouMean("x", nil); got != "" {
		t.Errorf("got %q", got)
	}
	DidYouMean(strings.Repeat("a", 1<<20), words)
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"text: a\nrules: [{name: x, do: post}]", "a: &x [*x]", "? [a]\n: b", "<<: {a: b}", "--- a\n--- b", "text: !!str 5",
		"- {a: [b, {c: ~}]}", "time: 4m\nsize: 1k\nbool: yes", "%YAML 1.2\n---\na: |\n  b\n", "\ufefftext: >-\n a",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		d := Parse("x.yaml", data)
		read(d)
		if err := d.Err(); err != nil {
			mistakes, ok := errors.AsType[Mistakes](err)
			if !ok || len(mistakes) == 0 || strings.ContainsAny(mistakes.Error(), "\x00\x1b") {
				t.Errorf("got %q", err)
			}
			for _, m := range mistakes {
				if m.Line < 1 || m.Column < 1 {
					t.Errorf("no place: %v", m)
				}
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %s", took)
		}
	})
}
