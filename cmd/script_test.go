package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mailapp/poster"
	"mailapp/poster/browser"
	"mailapp/poster/fakesite"
	"mailapp/poster/ledger"
	"mailapp/poster/ledger/pgtest"
)

func TestMain(m *testing.M) {
	_ = os.Setenv("GORACE", quickEnd)
	testscript.Main(pgtest.Main{M: m}, map[string]func(){"mailapp": func() {
		observe = crashAt(os.Getenv("TEST_CRASH_AT"))
		adapt = func(p *poster.Poster) { p.Calm = 100 * time.Millisecond }
		if dir := os.Getenv("TEST_BAZAAR"); dir != "" {
			observe, adapt = rehearseDeath(bazaar(dir))
		}
		lookupTXT = zone(os.Getenv("TEST_DNS")).lookupTXT
		if most, err := strconv.Atoi(os.Getenv("TEST_MOST_ASKED")); err == nil {
			registerLimit.Total = most
		}
		if os.Getenv("TEST_LINGER") != "" && os.Args[1] == workerCommand {
			reportAndLinger()
		}
		example, err := os.ReadFile(os.Getenv("TEST_EXAMPLE_RULES"))
		if err != nil {
			example = nil // only init needs it
		}
		os.Exit(Main(example))
	}})
}

// reportAndLinger is a worker that closes its report long before it ends.
func reportAndLinger() {
	f := os.NewFile(fdReport, "report")
	_ = json.NewEncoder(f).Encode(event{Report: &report{Decision: "drop"}})
	_ = f.Close()
	time.Sleep(time.Minute)
}

// quickEnd keeps the race detector from holding up each process that ends well
// for a second. Races are found without that.
const quickEnd = "atexit_sleep_ms=0"

// zone is a file that stands for the DNS, or "" for one without any name: lines
// of a name and its TXT record. A line SERVFAIL has every question fail, and a
// line of PANIC and a name that question end the process.
type zone string

func (z zone) lookupTXT(_ context.Context, name string) ([]string, error) {
	data, err := os.ReadFile(string(z))
	if err != nil && z != "" {
		return nil, err
	}
	var records []string
	for line := range strings.Lines(string(data)) {
		owner, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case owner == "PANIC" && text == strings.TrimSuffix(name, "."):
			panic("a poisonous mail")
		case owner == "SERVFAIL":
			return nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
		case strings.EqualFold(owner, strings.TrimSuffix(name, ".")):
			records = append(records, text)
		}
	}
	if records == nil {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return records, nil
}

// crashAt kills this process, as kill -9 does, at a point such as
// "before posted" or "after in doubt"; or it panics in another goroutine at
// "panic after in doubt".
func crashAt(point string) func(ledger.State, bool) {
	point, panics := strings.CutPrefix(point, "panic ")
	return func(to ledger.State, done bool) {
		when := "before "
		if done {
			when = "after "
		}
		if when+string(to) != point {
			return
		}
		if panics {
			go panic("a panic that holds a/path/and a secret")
		} else {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		select {}
	}
}

// The scripts have, beside the usual commands:
//
//	status N COMMAND…  the command ends with exit code N
//	fault [NAME]       the site has this fault from now on, or none
//	ads N [PHOTOS]     the site holds N ads (each with so many photos)
//	published TEXT     a photo on the site has TEXT somewhere in its bytes
//	receipts N         so many mails have been sent
//	newest FILE        copies the mail that was sent last to FILE, decoded
//	quiet              neither a browser nor a file of a run is left
//	postgres           $LEDGER is the URL of a new ledger in PostgreSQL, to be put
//	                   for @LEDGER@ in *.yaml; its password is in the file dbpassword
//
// and $SITE, a fake site of their own with an account fred@example.org, and a
// rules.yaml for it where they bring none; its flow fakesite.yaml is the demo's, and
// unlisted.yaml is the same without the section list. In a script's own *.yaml, @SITE@ is
// replaced by the site's URL. The condition [browser] tells that there is one,
// [postgres] that there is a PostgreSQL, [root] that root runs the tests.
func TestScripts(t *testing.T) { runScripts(t, "../testdata/script") }

func runScripts(t *testing.T, dir string) {
	testscript.Run(t, testscript.Params{
		Dir: dir, Setup: setUpScript, RequireExplicitExec: true,
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "browser":
				return haveBrowser(t), nil
			case "postgres":
				return havePostgres(t), nil
			case "root":
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status, "fault": fault, "ads": ads, "published": published, "receipts": receipts, "newest": newestMail, "quiet": quiet, "postgres": newPostgres,
		},
	})
}

// haveBrowser tells whether browser tests can run. Under make test they must.
func haveBrowser(t testing.TB) bool {
	if testing.Short() {
		return false
	}
	_, err := browser.Find("")
	if err != nil && os.Getenv("MAILAPP_TEST_ALL") != "" {
		t.Fatal(err)
	}
	return err == nil
}

// havePostgres tells whether there is a PostgreSQL. Under make test there must be.
func havePostgres(t *testing.T) bool {
	_, err := pgtest.Shared()
	if err != nil && (!errors.Is(err, pgtest.ErrMissing) || os.Getenv("MAILAPP_TEST_ALL") != "") {
		t.Fatal(err)
	}
	return err == nil
}

var ledgers atomic.Int64

func newPostgres(ts *testscript.TestScript, _ bool, _ []string) {
	server, err := pgtest.Shared()
	ts.Check(err)
	place := server.Place(fmt.Sprintf("script_%d", ledgers.Add(1))).String()
	ts.Setenv("LEDGER", place)
	ts.Check(os.WriteFile(ts.MkAbs("dbpassword"), []byte(pgtest.Password+"\n"), 0o600))
	rules, err := filepath.Glob(ts.MkAbs("*.yaml"))
	ts.Check(err)
	for _, path := range rules {
		data, err := os.ReadFile(path)
		ts.Check(err)
		ts.Check(os.WriteFile(path, bytes.ReplaceAll(data, []byte("@LEDGER@"), []byte(place)), 0o600))
	}
}

type siteKey struct{}

func setUpScript(e *testscript.Env) error {
	site, err := fakesite.New("")
	if err != nil {
		return err
	}
	site.AddAccount("fred@example.org", "correct horse")
	server := httptest.NewServer(site)
	e.Defer(server.Close)
	e.Values[siteKey{}] = site
	example, err := filepath.Abs("../rules.yaml")
	if err != nil {
		return err
	}
	mails, err := filepath.Abs("../testdata/mail")
	if err != nil {
		return err
	}
	e.Setenv("GORACE", quickEnd)
	e.Setenv("SITE", server.URL)
	e.Setenv("MAILS", mails)
	e.Setenv("TEST_EXAMPLE_RULES", example)
	e.Setenv("MAILAPP_RULES", filepath.Join(e.WorkDir, "rules.yaml"))
	e.Setenv("HOME", e.WorkDir)
	return setUpFiles(e.WorkDir, server.URL)
}

// testRules is what most scripts use.
const testRules = `
state: state
owner: owner@example.org
receipts: {from: mailapp@example.org, maildir: sent}
people:
  fred: {addresses: [fred@example.org], logins: [fred]}
apps:
  fairground:
    flow: fakesite.yaml
    url: @SITE@
    account: fred@example.org
    password: {file: password}
    with: {category: For sale}
rules:
  - {name: spam, subject: [Make money fast], do: reject, reason: We do not take this.}
  - {name: ads, recipient: "{person}_{app}@example.org", do: post}
`

func setUpFiles(dir, url string) error {
	flow, err := demoFiles.ReadFile("demo/fakesite.yaml")
	if err != nil {
		return err
	}
	mail, err := demoFiles.ReadFile("demo/sofa.eml")
	if err != nil {
		return err
	}
	unlisted, _, _ := strings.Cut(string(flow), "\nlist:")
	for name, data := range map[string]string{
		"rules.yaml": testRules, "fakesite.yaml": string(flow), "unlisted.yaml": unlisted, "sofa.eml": string(mail), "password": "correct horse\n",
		"binary": "\x7fELF\x02\x01\x01\x00\x00\xff\xfe\x80 is no mail\x00",
	} {
		path := filepath.Join(dir, name)
		own, err := os.ReadFile(path)
		switch {
		case err == nil:
			data = string(own)
		case !errors.Is(err, os.ErrNotExist):
			return err
		}
		if strings.HasSuffix(name, ".yaml") {
			data = strings.ReplaceAll(data, "@SITE@", url)
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			return err
		}
	}
	return allowRoot(dir)
}

// allowRoot lets root run the tests: it adds allow-root to the rules in dir that
// do not speak of it.
func allowRoot(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || os.Geteuid() != 0 {
		return err
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text := "\n" + string(data)
		if !strings.Contains(text, "\nowner:") || strings.Contains(text, "\nallow-root:") {
			continue
		}
		if err := os.WriteFile(path, append([]byte("allow-root: true\n"), data...), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		log, _ := os.ReadFile(ts.MkAbs("state/mailapp.log"))
		ts.Fatalf("ended with %d, not %d; the log:\n%s", got, want, log)
	}
}

func siteOf(ts *testscript.TestScript) *fakesite.Site {
	return ts.Value(siteKey{}).(*fakesite.Site)
}

func fault(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(siteOf(ts).SetFault(strings.Join(args, " ")))
}

func ads(ts *testscript.TestScript, _ bool, args []string) {
	got := siteOf(ts).Ads()
	if want, err := strconv.Atoi(args[0]); err != nil || len(got) != want {
		ts.Fatalf("the site holds %d ads, not %s", len(got), args[0])
	}
	for _, ad := range got {
		if len(args) > 1 && strconv.Itoa(len(ad.Photos)) != args[1] {
			ts.Fatalf("ad %d has %d photos, not %s", ad.ID, len(ad.Photos), args[1])
		}
	}
}

func published(ts *testscript.TestScript, neg bool, args []string) {
	found := false
	for _, ad := range siteOf(ts).Ads() {
		for _, photo := range ad.Photos {
			page := httptest.NewRecorder()
			siteOf(ts).ServeHTTP(page, httptest.NewRequest("GET", photo.Path, nil))
			if page.Code != http.StatusOK {
				ts.Fatalf("%s: %d", photo.Path, page.Code)
			}
			found = found || bytes.Contains(page.Body.Bytes(), []byte(args[0]))
		}
	}
	if found == neg {
		ts.Fatalf("published, with %q in a photo: %t", args[0], found)
	}
}

func sentMails(ts *testscript.TestScript) []string {
	files, err := filepath.Glob(ts.MkAbs("sent/new/*"))
	ts.Check(err)
	return files
}

func receipts(ts *testscript.TestScript, _ bool, args []string) {
	if got := len(sentMails(ts)); strconv.Itoa(got) != args[0] {
		ts.Fatalf("%d mails were sent, not %s", got, args[0])
	}
}

func newestMail(ts *testscript.TestScript, _ bool, args []string) {
	path, err := newest(ts.MkAbs("sent/new"))
	ts.Check(err)
	data, err := os.ReadFile(path)
	ts.Check(err)
	// Soft line breaks are no part of what a person reads.
	text := strings.ReplaceAll(string(data), "=\n", "")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// quiet holds C7 to its word: within 5 seconds nothing of a run is left.
func quiet(ts *testscript.TestScript, _ bool, _ []string) {
	if left := leftBehind(ts.MkAbs("state/run")); len(left) > 0 {
		ts.Fatalf("left behind: %q", left)
	}
}

// leftBehind gives what is left of runs five seconds after their end, or
// nothing as soon as there is nothing.
func leftBehind(runDir string) []string {
	deadline := time.Now().Add(5 * time.Second)
	for {
		left := append(browsers(runDir), runFiles(runDir)...)
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		time.Sleep(50 * time.Millisecond) // other processes' ends send us no event
	}
}

// runFiles lists the files that runs make.
func runFiles(runDir string) []string {
	files, _ := filepath.Glob(filepath.Join(runDir, "*"))
	inMemory, _ := filepath.Glob("/dev/shm/" + browser.RunPrefix(runDir) + "*")
	return append(files, inMemory...)
}

// browsers lists the living processes of the browsers of runDir.
func browsers(runDir string) []string {
	var found []string
	procs, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range procs {
		if data, err := os.ReadFile(path); err == nil && strings.Contains(string(data), browser.RunPrefix(runDir)) {
			found = append(found, strings.ReplaceAll(string(data), "\x00", " "))
		}
	}
	return found
}
