package filter

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

const schemaFile = "rules.schema.json"

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
		t.Errorf("%s is not what the tables say; run go generate ./filter", schemaFile)
	}
	example, err := os.ReadFile("../rules.yaml")
	if err != nil || !strings.HasPrefix(string(example), "# yaml-language-server: $schema=filter/"+schemaFile+"\n") {
		t.Errorf("the example does not name its schema: %v", err)
	}
}

// All keys have a meaning, and each key of an action is used by one.
func TestTables(t *testing.T) {
	for _, words := range objects {
		for _, w := range words {
			if !strings.HasSuffix(w.help, ".") {
				t.Errorf("%s has no help of whole sentences", w.key)
			}
		}
	}
	for _, w := range uses {
		if user(w.key) == Undecided {
			t.Errorf("no action uses %s", w.key)
		}
	}
}

// validator gives the schema as editors take it.
func validator(t *testing.T) *jsonschema.Schema {
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
	return schema
}

func value(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return v
}

// Whatever rules are valid fit the schema: the example, those of the scripts,
// and one with every key.
func TestSchemaFits(t *testing.T) {
	schema := validator(t)
	files := rulesOfScripts(t)
	if len(files) < 5 {
		t.Fatalf("only %d files of rules were found", len(files))
	}
	data, err := os.ReadFile(filepath.Join("..", "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range append(files, string(data), everyKey, "owner: a@b.c\ntrust:\npeople: {}\napps:\nrules: [{name: 7, do: hold}]",
		"owner: a@b.c\nbrowser: ws://chrome:3000\nrules: [{name: 7, do: hold}]", "owner: a@b.c\nbrowser: {url: {file: chrome}, most: 2}\nrules: [{name: 7, do: hold}]") {
		if _, err := ParseSettings("rules.yaml", []byte(text)); err != nil {
			t.Errorf("%v in\n%s", err, text)
		} else if err := schema.Validate(value(t, text)); err != nil {
			t.Errorf("%v\nin\n%s", err, text)
		}
	}
}

// rulesOfScripts gives the valid rules in the scripts that test the command.
func rulesOfScripts(t *testing.T) []string {
	t.Helper()
	scripts, err := filepath.Glob("../testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, path := range scripts {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			text := string(f.Data)
			if !strings.HasSuffix(f.Name, ".yaml") || !strings.HasPrefix(text, "owner:") {
				continue
			}
			if _, err := ParseSettings(f.Name, f.Data); err == nil {
				found = append(found, text)
			}
		}
	}
	return found
}

const everyKey = `
owner: fred@example.org
mta: exim
state: ~/state
allow-root: false
deadline: 1m30s
size-limit: 100000
refusals: mail
receipts: {from: mailapp@bücher.example, smtp: "[::1]:25"}
browser: {path: /usr/bin/chromium, sandbox: no, most: 3}
trust: {authserv-id: mx.example.org, received-by: mx.example.org, unproven: drop}
people:
  7up: {addresses: fred@example.org, logins: 7, accept: [dkim, address-secret], secret: {command: [pass, show, fred]}}
  ann.b: {addresses: [ann@example.com, b@example.com]}
apps:
  sofas:
    flow: sofas.json
    url: https://sofas.example/sell?now=1
    account: 12345
    password: {env: SOFAS}
    with: {area: 94110, renew: yes, featured: true, note: , price-limit: 1.5}
  bikes: {flow: b.yaml, url: "http://localhost:8025", with: }
rules:
  - {name: a, domains: [example.org, bücher.example], sender: ["<>", "@example.com", a@b.c], subject: ["", /x/, 7], do: drop}
  - {name: b, header: {List-Id: present, X-Spam: [yes, /y/]}, size: under 10k, photos: false, do: reject, reason: No.}
  - {name: c, recipient: ["{person}_{app}@example.org", "post-{app}-{person}@example.com"], do: post, first: hold}
  - {name: d, recipient: sofa*@example.org, person: ann.b, app: sofas, do: post}
  - {name: e, recipient: new@example.org, do: register, invite: ["@example.net", c@example.com]}
  - {name: f, photos: true, do: keep, maildir: ~/Maildir}
  - {name: g, sender: x@example.org, do: keep, command: maildrop -d fred}
  - {name: h, size: over 1M, do: forward, to: z@example.org}
  - {name: i, do: hold}
`

// What a person most often gets wrong an editor shows at once.
func TestSchemaRefuses(t *testing.T) {
	schema := validator(t)
	const head, rules = "owner: a@b.c\n", "rules: [{name: x, do: hold}]\n"
	rule := func(text string) string { return head + "rules: [{" + text + "}]" }
	person := func(text string) string { return head + rules + "people: {fred: {" + text + "}}" }
	app := func(text string) string {
		return head + rules + "apps: {x: {flow: f, url: 'https://a.b', " + text + "}}"
	}
	for _, text := range []string{
		head, rules, "owner: Fred\n" + rules, head + "rules: []", head + "rules: {name: x, do: hold}", head + rules + "ownr: a@b.c",
		head + rules + "mta: postfx", head + rules + "deadline: soon", head + rules + "deadline: 90", head + rules + "size-limit: 0",
		head + rules + "size-limit: big", head + rules + "allow-root: perhaps", head + rules + "refusals: shout", head + rules + "state: ''",
		head + rules + "receipts: {smtp: localhost}", head + rules + "receipts: {smtp: 'a:25', maildir: b}", head + rules + "receipts: {to: a@b.c}",
		head + rules + "trust: {unproven: bounce}", head + rules + "trust: {authserv-id: a b}", head + rules + "browser: {sandbox: 1}", head + rules + "browser: off", head + rules + "browser: {url: chrome}", head + rules + "browser: {most: 0}", head + rules + "browser: {most: many}",
		person("logins: a"), person("addresses: []"), person("addresses: 'Fred <a@b.c>'"), person("addresses: a@b.c, acept: sasl"),
		person("addresses: a@b.c, accept: sals"), person("addresses: a@b.c, secret: s3cret"), person("addresses: a@b.c, secret: {}"),
		person("addresses: a@b.c, secret: {env: A, file: b}"), head + rules + "people: {Fred: {addresses: a@b.c}}", head + rules + "people: {fred: }",
		head + rules + "apps: {x: {flow: f}}", head + rules + "apps: {x: {url: 'https://a.b'}}", head + rules + "apps: {x: {flow: f, url: a.b}}",
		app("password: s3cret"), app("with: {title: x}"), app("with: {A: x}"), app("with: {a: [x]}"), app("category: x"), app("password: "),
		rule("do: hold"), rule("name: x"), rule("name: ' ', do: hold"), rule("name: x, do: pots"), rule("name: x, do: hold, subjct: y"),
		rule("name: x, do: post, reason: No."), rule("name: x, do: keep"), rule("name: x, do: keep, maildir: a, command: b"), rule("name: x, do: forward"),
		rule("name: x, do: register"), rule("name: x, do: reject, to: a@b.c"), rule("name: x, do: hold, first: hold"), rule("name: x, do: post, first: reject"),
		rule("name: x, do: hold, subject: []"), rule("name: x, do: hold, subject: "), rule("name: x, do: hold, size: 10M"), rule("name: x, do: hold, photos: many"),
		rule("name: x, do: hold, sender: fred"), rule("name: x, do: hold, domains: a@b"), rule("name: x, do: hold, recipient: '{person}'"),
		rule("name: x, do: hold, header: {}"), rule("name: x, do: hold, header: {'X Y': present}"), rule("name: x, do: forward, to: fred"),
	} {
		if _, err := ParseSettings("rules.yaml", []byte(text)); err == nil {
			t.Errorf("these are rules:\n%s", text)
		}
		if schema.Validate(value(t, text)) == nil {
			t.Errorf("these fit the schema:\n%s", text)
		}
	}
}
