package main

// What holds for the project as a whole: the manual says what the program
// does, imports run one way, and the top level stays small.

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	commandPage = "man/mailapp.1"
	rulesPage   = "man/mailapp-rules.5"
	flowPage    = "man/mailapp-flow.5"
	travelPage  = "man/mailapp.7" // its lines and table are cmd's to check
)

func TestManual(t *testing.T) {
	binary := build(t)
	t.Run("lint", lintPages)
	t.Run("commands", func(t *testing.T) {
		page := readPage(t, commandPage)
		known := map[string]bool{}
		checkCommand(t, binary, page, nil, known)
		for _, m := range regexp.MustCompile(`(?m)^\.It Fl -([a-z-]+)`).FindAllStringSubmatch(page, -1) {
			if !known[m[1]] {
				t.Errorf("%s describes --%s, which no command has", commandPage, m[1])
			}
		}
	})
	t.Run("rules", func(t *testing.T) { checkItems(t, rulesPage, schemaWords(t, "filter/rules.schema.json")) })
	t.Run("flow", func(t *testing.T) { checkItems(t, flowPage, schemaWords(t, "poster/flow/flow.schema.json")) })
	t.Run("examples", func(t *testing.T) { checkExamples(t, binary) })
}

var buildDir string

func TestMain(m *testing.M) {
	var err error
	if buildDir, err = os.MkdirTemp("", "mailapp-"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(buildDir)
	os.Exit(code)
}

// build builds mailapp as a user has it, without the race detector, and once.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(buildDir, "mailapp")
	if err := buildOnce(); err != nil {
		t.Fatal(err)
	}
	return binary
}

var buildOnce = sync.OnceValue(func() error {
	out, err := exec.Command("go", "build", "-o", filepath.Join(buildDir, "mailapp"), ".").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
})

func lintPages(t *testing.T) {
	mandoc, err := exec.LookPath("mandoc")
	if err != nil && os.Getenv("MAILAPP_TEST_ALL") == "" {
		t.Skip("mandoc is not installed, so the manual pages are not checked")
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(mandoc, "-Tlint", "-Wwarning", commandPage, rulesPage, flowPage, travelPage).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func readPage(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var (
	helpFlag    = regexp.MustCompile(`(?m)^ +(?:-[a-z], )? *--([a-z-]+)`)
	helpCommand = regexp.MustCompile(`(?m)^  ([a-z]+) `)
)

// checkCommand checks that a command, its flags and the commands below it are
// in the page: each at an item of its own, the flags below their command's.
// The flags go into known.
func checkCommand(t *testing.T, binary, page string, path []string, known map[string]bool) {
	help, err := exec.Command(binary, append(path, "--help")...).Output()
	if err != nil {
		t.Fatalf("%q --help: %v", path, err)
	}
	entry := commandEntry(page, path)
	if entry == "" {
		t.Errorf("%s has no .It Cm %s", commandPage, strings.Join(path, " "))
	}
	for _, m := range helpFlag.FindAllStringSubmatch(string(help), -1) {
		known[m[1]] = true
		item, where := ".It Fl -"+m[1], entry
		if len(path) == 0 || slices.Contains([]string{"help", "rules", "version"}, m[1]) {
			item, where = "Fl -"+m[1], page // all commands have it, so it is described once
		}
		if !strings.Contains(where, item+" ") && !strings.Contains(where, item+"\n") {
			t.Errorf("%s does not describe the flag --%s of mailapp %s", commandPage, m[1], strings.Join(path, " "))
		}
	}
	_, list, _ := strings.Cut(string(help), "Available Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	for _, m := range helpCommand.FindAllStringSubmatch(list, -1) {
		checkCommand(t, binary, page, append(slices.Clone(path), m[1]), known)
	}
}

// commandEntry gives what the page says of a command, from its item to that of
// the next command.
func commandEntry(page string, path []string) string {
	if len(path) == 0 {
		return page
	}
	for _, entry := range strings.Split(page, "\n.It Cm ")[1:] {
		head, _, _ := strings.Cut(entry, "\n")
		words := strings.Fields(head)
		if words[0] == path[0] && !slices.ContainsFunc(path, func(w string) bool { return !slices.Contains(words, w) }) {
			return entry
		}
	}
	return ""
}

// checkItems checks that exactly the words are described in the page.
func checkItems(t *testing.T, path string, words []string) {
	if len(words) < 10 {
		t.Fatalf("only %d words were found in the source; it has changed its form", len(words))
	}
	var described []string
	for _, m := range regexp.MustCompile(`(?m)^\.It Ic (\S+)`).FindAllStringSubmatch(readPage(t, path), -1) {
		described = append(described, m[1])
	}
	// These have sections of their own instead of an item.
	sections := map[string][]string{rulesPage: {"people", "apps", "rules", "trust"}}
	described = append(described, sections[path]...)
	for _, w := range words {
		if !slices.Contains(described, w) {
			t.Errorf("%s has no .It Ic %s", path, w)
		}
	}
	for _, w := range described {
		if !slices.Contains(words, w) {
			t.Errorf("%s describes %q, which the source does not know", path, w)
		}
	}
}

// parseDir parses a package's files without its tests.
func parseDir(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// schemaWords gives the names of all properties in a JSON Schema, which are the
// words of the language that it describes.
func schemaWords(t *testing.T, path string) []string {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var schema any
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	return propertyNames(schema)
}

func propertyNames(schema any) []string {
	var names []string
	switch schema := schema.(type) {
	case []any:
		for _, item := range schema {
			names = append(names, propertyNames(item)...)
		}
	case map[string]any:
		if properties, ok := schema["properties"].(map[string]any); ok {
			names = slices.Collect(maps.Keys(properties))
		}
		for _, value := range schema {
			names = append(names, propertyNames(value)...)
		}
	}
	return names
}

var (
	display = regexp.MustCompile(`(?ms)^\.Bd -literal[^\n]*\n(.*?)^\.Ed$`)
	isYAML  = regexp.MustCompile(`^(- [a-z{]|[a-z-]+:( |\n)|# \S+\.yaml\n)`)
	topKey  = regexp.MustCompile(`(?m)^([a-z-]+):`)
	roff    = strings.NewReplacer(`\e`, `\`, `\(aq`, `'`, `\(dq`, `"`, `\(ti`, `~`, `\&`, ``)
)

// checkExamples checks every example of YAML in the pages by mailapp check. A
// page has one whole file, which begins with its name; each other example is
// tried in the place of that file's same keys.
func checkExamples(t *testing.T, binary string) {
	type example struct{ file, text string }
	whole := map[string]string{}
	var parts []example
	for page, file := range map[string]string{rulesPage: "rules.yaml", flowPage: "flows/classifieds.yaml"} {
		for _, m := range display.FindAllStringSubmatch(readPage(t, page), -1) {
			text := roff.Replace(m[1])
			switch {
			case strings.HasPrefix(text, "# "+file+"\n"):
				whole[file] = text
			case isYAML.MatchString(text):
				parts = append(parts, example{file, text})
			}
		}
	}
	if len(whole) != 2 || len(parts) < 20 {
		t.Fatalf("only %d whole examples and %d parts were found", len(whole), len(parts))
	}
	listKeys := map[string]string{"rules.yaml": "rules", "flows/classifieds.yaml": "steps"}
	checkFiles(t, binary, whole)
	for _, p := range parts {
		files := maps.Clone(whole)
		files[p.file] = replaceKeys(whole[p.file], p.text, listKeys[p.file])
		checkFiles(t, binary, files)
	}
}

func checkFiles(t *testing.T, binary string, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(binary, "check", "--rules="+filepath.Join(dir, "rules.yaml")).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, strings.ReplaceAll(string(out), dir+"/", ""))
	}
}

// replaceKeys puts a part of an example in the place of the whole one's same
// top-level keys. A part that is a list is that of listKey.
func replaceKeys(whole, part, listKey string) string {
	if strings.HasPrefix(part, "- ") {
		part = listKey + ":\n" + part
	}
	merged := byKey(whole)
	maps.Copy(merged, byKey(part))
	return strings.Join(slices.Collect(maps.Values(merged)), "\n")
}

// byKey divides a YAML text at its top-level keys.
func byKey(text string) map[string]string {
	found := map[string]string{}
	places := topKey.FindAllStringSubmatchIndex(text, -1)
	for i, at := range places {
		end := len(text)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		found[text[at[2]:at[3]]] = text[at[0]:end]
	}
	return found
}

// mayImport says what each package may import of ours. A package that is not
// in it is new: it needs a reason, and a line here.
var mayImport = map[string][]string{
	"mailapp":                   {"mailapp/cmd"},
	"mailapp/cmd":               {"mailapp/filter", "mailapp/filter/auth", "mailapp/filter/strictyaml", "mailapp/poster", "mailapp/poster/browser", "mailapp/poster/fakesite", "mailapp/poster/flow", "mailapp/poster/ledger", "mailapp/poster/photo"},
	"mailapp/filter":            {"mailapp/filter/auth", "mailapp/filter/picture", "mailapp/filter/strictyaml"},
	"mailapp/filter/auth":       {},
	"mailapp/filter/picture":    {},
	"mailapp/filter/strictyaml": {},
	"mailapp/poster":            {"mailapp/poster/flow", "mailapp/poster/ledger"},
	"mailapp/poster/browser":    {"mailapp/poster/flow", "mailapp/poster/photo"},
	"mailapp/poster/fakesite":   {},
	"mailapp/poster/flow":       {"mailapp/filter/strictyaml"}, // the one door to YAML
	"mailapp/poster/ledger":     {},
	"mailapp/poster/photo":      {"mailapp/filter/picture"},
	// tests import it: ledger's and cmd's
	"mailapp/poster/ledger/pgtest": {},
}

// doors says by which packages each dependency is imported, and no others.
// Those of the standard library are heavy or must be kept in one place.
var doors = map[string][]string{
	"github.com/emersion/go-msgauth": {"mailapp/filter/auth"},
	"github.com/go-rod/rod":          {"mailapp/poster/browser"},
	"github.com/coder/websocket":     {"mailapp/poster/browser"},
	"github.com/jackc/pgx/v5":        {"mailapp/poster/ledger"},
	"github.com/jhillyerd/enmime/v2": {"mailapp/filter"},
	"github.com/spf13/cobra":         {"mailapp/cmd"},
	"golang.org/x/net":               {"mailapp/filter", "mailapp/filter/auth"},
	"golang.org/x/sys":               {"mailapp/poster/browser", "mailapp/poster/photo"},
	"golang.org/x/text":              {"mailapp/filter", "mailapp/poster"}, // the mail's subject there, titles as sites rewrite them here
	"gopkg.in/yaml.v3":               {"mailapp/filter/strictyaml"},
	"modernc.org/sqlite":             {"mailapp/poster/ledger"},

	"database/sql":       {"mailapp/poster/ledger"},
	"golang.org/x/image": {},
	"image/gif":          {},
	"image/jpeg":         {},
	"image/png":          {},
}

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	importers := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		from, allowed := words[0], mayImport[words[0]]
		if allowed == nil {
			t.Errorf("package %s is not expected", from)
		}
		for _, to := range words[1:] {
			door := doorOf(to)
			switch {
			case strings.HasPrefix(to, "mailapp/"):
				if !slices.Contains(allowed, to) {
					t.Errorf("%s must not import %s", from, to)
				}
			case door != "" && !slices.Contains(importers[door], from):
				importers[door] = append(importers[door], from)
			case door == "" && strings.Contains(strings.Split(to, "/")[0], "."):
				t.Errorf("%s imports %s, a dependency that is not expected", from, to)
			}
		}
	}
	for door, want := range doors {
		if got := importers[door]; !slices.Equal(slices.Sorted(slices.Values(got)), want) {
			t.Errorf("%s is imported by %q, not by %q", door, got, want)
		}
	}
}

// doorOf gives the dependency that an import path belongs to, or "".
func doorOf(path string) string {
	for door := range doors {
		if path == door || strings.HasPrefix(path, door+"/") {
			return door
		}
	}
	return ""
}

// harmless is all that filter may use of packages with which one could open a
// file, a socket or a process.
var harmless = map[string][]string{
	"net":      {"SplitHostPort", "DNSError"},
	"net/http": {"DetectContentType"},
	"os":       {"UserHomeDir"},
}

// outward are packages with which one could, and that filter does not use.
var outward = regexp.MustCompile(`^(C|unsafe|plugin|syscall|log/syslog|crypto/tls|os/.*|embed|expvar|` +
	`net/(smtp|rpc|http/).*|golang\.org/x/(sys|net/(proxy|websocket|http2|icmp|ipv[46]|nettest|webdav)).*)$`)

// TestFilterIsPure: filter opens no file and no socket and starts no process.
func TestFilterIsPure(t *testing.T) {
	for _, dir := range []string{"filter", "filter/auth", "filter/picture", "filter/strictyaml"} {
		for name, file := range parseDir(t, dir) {
			for _, use := range uses(t, name, file) {
				t.Errorf("%s uses %s", name, use)
			}
		}
	}
}

// uses gives what a file uses that could reach outside.
func uses(t *testing.T, name string, file *ast.File) []string {
	var found []string
	watched := map[string]string{} // the import's name in this file → its path
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		_, watch := harmless[path]
		switch {
		case outward.MatchString(path), watch && spec.Name != nil && spec.Name.Name == ".":
			found = append(found, path)
		case watch && spec.Name != nil:
			watched[spec.Name.Name] = path
		case watch:
			watched[filepath.Base(path)] = path
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && watched[x.Name] != "" && !slices.Contains(harmless[watched[x.Name]], s.Sel.Name) {
				found = append(found, fmt.Sprintf("%s.%s", watched[x.Name], s.Sel.Name))
			}
		}
		return true
	})
	return found
}

// TestStart: most mails end with their header, and no pattern is compiled that
// they do not need.
func TestStart(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dir := range strings.Lines(string(out)) {
		for name, file := range parseDir(t, strings.TrimSpace(dir)) {
			for _, decl := range file.Decls {
				if vars, ok := decl.(*ast.GenDecl); ok && compiles(vars) {
					t.Errorf("%s compiles a pattern whenever the program starts", name)
				}
			}
		}
	}
}

// compiles tells whether a declaration compiles a pattern by itself, and not in
// a function that somebody has to call.
func compiles(decl *ast.GenDecl) (found bool) {
	ast.Inspect(decl, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && strings.HasPrefix(s.Sel.Name, "MustCompile") {
			found = true
		}
		_, inner := n.(*ast.FuncLit)
		return !inner
	})
	return found
}

// leanRules refuse by the subject, and else take the demo's ad.
const leanRules = `
owner: owner@example.org
state: state
allow-root: true
size-limit: 80M
people: {fred: {addresses: [fred@example.org], logins: [fred]}}
apps:
  fairground: {flow: %q, url: "http://127.0.0.1:9", account: fred, password: {env: PW}, with: {category: For sale, condition: Used}}
rules:
  - {name: spam, subject: /fast/, do: reject, reason: No.}
  - {name: ads, recipient: "{person}_{app}@example.org", do: post}
`

// TestLean: a mail of 67 MB costs the memory of one of its photos of 5 MB, or none
// if its header decides; the rest is the program itself.
func TestLean(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the system does not tell what a process has needed")
	}
	dir, binary := t.TempDir(), build(t)
	flow, err := filepath.Abs("cmd/demo/fakesite.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, fmt.Appendf(nil, leanRules, flow), 0o600); err != nil {
		t.Fatal(err)
	}
	mail := filepath.Join(dir, "mail")
	for _, tt := range []struct {
		subject, says string
		most          int // MB
		command       []string
	}{
		{"Sofa - $40", "photo 10 of 10: JPEG, 4096 x 4096 pixels, 4883 kB", 32, []string{"check", "--explain"}},
		{"Make money fast", "5.7.1 No.", 20, []string{"run"}},
	} {
		if err := os.WriteFile(mail, tenPhotos(tt.subject), 0o600); err != nil {
			t.Fatal(err)
		}
		var out string
		peak := 0
		for range 10 { // it may be over before anybody has looked at it
			if out, peak = runOn(t, mail, binary, append(tt.command, "--rules="+rules, "--sasl-user=fred", "--recipient=fred_fairground@example.org")...); peak > 0 {
				break
			}
		}
		t.Logf("%s: %d kB", tt.command, peak)
		if !strings.Contains(out, tt.says) || peak == 0 || peak > tt.most<<10 {
			t.Errorf("%s: %d kB, more than %d MB, or it says %s", tt.command, peak, tt.most, out)
		}
	}
}

// tenPhotos is a mail with ten JPEGs of 5 MB, which are nothing to see.
func tenPhotos(subject string) []byte {
	photo := slices.Concat([]byte("\xff\xd8\xff\xc0\x00\x0b\x08\x10\x00\x10\x00\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"),
		bytes.Repeat([]byte("pixels, "), 5_000_000/8), []byte("\xff\xd9"))
	var lines bytes.Buffer
	for text := range slices.Chunk(base64.StdEncoding.AppendEncode(nil, photo), 76) {
		lines.Write(append(text, '\n'))
	}
	part := "--b\nContent-Type: image/jpeg\nContent-Transfer-Encoding: base64\n\n" + lines.String()
	head := "From: fred@example.org\nSubject: " + subject + "\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nA sofa.\n"
	return []byte(head + strings.Repeat(part, 10) + "--b--\n")
}

// runOn gives what a program that is given a file says, and the most memory that it
// has needed, in kB.
func runOn(t *testing.T, path, binary string, args ...string) (out string, peak int) {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var said strings.Builder
	c := exec.Command(binary, args...)
	c.Stdin, c.Stdout, c.Stderr = in, &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case <-ended: // with whatever code
			return said.String(), peak
		case <-time.After(time.Millisecond):
			peak = max(peak, peakOf(c.Process.Pid))
		}
	}
}

// peakOf is the most memory that a process has needed until now, in kB.
func peakOf(pid int) (kB int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // it may be over
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	_, _ = fmt.Sscan(after, &kB)
	return kB
}

// topLevel is what a person sees who opens the repository.
var topLevel = []string{
	".ci", ".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "cmd", "filter", "go.mod", "go.sum",
	"main.go", "main_test.go", "man", "poster", "rules.yaml", "testdata",
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	ours := regexp.MustCompile(`^(\.git|mailapp|private|.*\.(test|prof))$`) // as .gitignore has it
	for _, e := range entries {
		if !ours.MatchString(e.Name()) && !slices.Contains(topLevel, e.Name()) {
			t.Errorf("%s does not belong at the top level", e.Name())
		}
	}
}
