package strictyaml

import (
	"encoding/json"
	"strings"
	"testing"
)

// What YAML would read otherwise, or not at all.
func TestParseJSON(t *testing.T) {
	text := "{\"a\":\t\"\\ud83d\\ude00 \\/ \u2028\",\n  \"é\": [1.50, null, true, {}],\n\"long\":\"" + strings.Repeat("x", 2000) + "\"}"
	d := ParseJSON("f.json", []byte(text))
	if d.Err() != nil {
		t.Fatal(d.Err())
	}
	m := d.Root().Mapping("a", "é", "long")
	if got := m["a"].Text(); got != "😀 / \u2028" {
		t.Errorf("a is %q", got)
	}
	list := m["é"].List()
	if x, ok := list[0].Number(); !ok || x != 1.5 || list[0].Pos() != (Pos{2, 9}) {
		t.Errorf("the number is %g, %v at %v", x, ok, list[0].Pos())
	}
	if list[1].IsSet() || !list[2].Bool() || !list[3].IsMapping() {
		t.Error("null, true or the object is something else")
	}
	if pos := m["a"].Pos(); pos != (Pos{1, 7}) {
		t.Errorf("a is at %v", pos)
	}
	if got := m["é"].JSON(); got != "[1.50,null,true,{}]" {
		t.Errorf("as JSON it is %s", got)
	}
	if _, ok := m["a"].Number(); ok || d.Err() == nil || !strings.Contains(d.Err().Error(), "f.json:1:7: here belongs a number") {
		t.Errorf("a text taken for a number: %v", d.Err())
	}
}

func TestParseJSONMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "f.json:1:1: not JSON: unexpected EOF",
		"[1,\n 2,":                         "f.json:2:4: not JSON: unexpected EOF",
		"[1,\n é]":                         "f.json:2:2: not JSON: invalid character",
		"[1] 2":                            "f.json:1:5: not JSON: something follows",
		`{"a": 1, "a": 2}`:                 `f.json:1:10: "a" is given twice`,
		strings.Repeat("[", 5000):          "not JSON: nested too deeply",
		strings.Repeat(" ", MaxSize) + "1": "the file is larger than",
	} {
		d := ParseJSON("f.json", []byte(text))
		d.Root().Entries()
		if err := d.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20s: %v, want %s", text, err, want)
		}
	}
}

// FuzzParseJSON: what is read is what encoding/json reads.
func FuzzParseJSON(f *testing.F) {
	f.Add([]byte(`{"a": [1, "\u00e9\ud800", null, true], "b": {}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := ParseJSON("f.json", data)
		if d.Err() != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("taken for JSON: %q", data)
		}
		var got, want any
		if json.Unmarshal(data, &want) != nil {
			return // a number that is none of Go's
		}
		if err := json.Unmarshal([]byte(d.Root().JSON()), &got); err != nil {
			t.Fatal(err)
		}
		g, _ := json.Marshal(got)
		w, _ := json.Marshal(want)
		if string(g) != string(w) {
			t.Errorf("%s, want %s", g, w)
		}
	})
}
