package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mailapp/poster/ledger"
)

// The crash matrix: the worker or its parent is killed, or the disk is full from
// then on, at every instant of the publish protocol; then the mail is delivered
// again. The processes are real, the site is a bazaar.

const (
	bazaarRules = `
state: state
owner: owner@example.org
receipts: {from: mailapp@example.org, maildir: sent}
people: {fred: {addresses: [fred@example.org], logins: [fred]}}
apps: {x: {flow: flow.yaml, url: "https://site.example", account: fred}}
rules: [{name: ads, recipient: "{person}_{app}@example.org", do: post}]
`
	bazaarFlow = `
origins: ["{{site}}"]
steps: [{open: "{{site}}"}, {publish: Publish}, {expect: Your ad is online}]
`
	bazaarList = `
list:
  - open: "{{site}}/my"
  - read-each: {at: css/tr, read: {url: {at: css/a, from: link}, title: {at: css/a}}}
`
	bazaarMail = "From: fred@example.org\nSubject: Sofa, two seats - $40\nMessage-ID: <1@example.org>\n\nBlue.\n"
)

// yard is a place of its own for one case.
type yard struct {
	testing.TB
	program string
	dir     string
	does    string // how the site behaves
}

// build gives the program with the tests' seams. The race detector would make
// each process ten times as slow, and has nothing to find in a killed one.
func build(t *testing.T) string {
	t.Helper()
	if !raceEnabled {
		path, err := exec.LookPath("mailapp")
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := filepath.Join(t.TempDir(), "mailapp")
	if out, err := exec.Command("go", "test", "-c", "-race=false", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func newYard(t testing.TB, program string, lists bool, does string) *yard {
	t.Helper()
	y := &yard{t, program, inMemory(t), does}
	flow := bazaarFlow
	if lists {
		flow += bazaarList
	}
	for name, text := range map[string]string{"rules.yaml": bazaarRules, "flow.yaml": flow, "mail": bazaarMail} {
		if err := os.WriteFile(y.path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(y.path("site"), 0o700), allowRoot(y.dir)); err != nil {
		t.Fatal(err)
	}
	return y
}

// inMemory is a directory for many small files that need not outlive the power.
func inMemory(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "mailapp-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (y *yard) path(name string) string { return filepath.Join(y.dir, name) }

// start hands the mail over. What it writes goes to out.
func (y *yard) start(out *bytes.Buffer, env ...string) (*exec.Cmd, error) {
	c := exec.Command(y.program, "run", "--sender=fred@example.org", "--recipient=fred_x@example.org", "--sasl-user=fred")
	c.Args[0] = "mailapp"
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(bazaarMail), out, out
	c.Env = append([]string{"HOME=" + y.dir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + y.dir, "MAILAPP_RULES=" + y.path("rules.yaml"),
		"TEST_BAZAAR=" + y.path("site"), "TEST_BAZAAR_DOES=" + y.does}, env...)
	return c, c.Start()
}

// deliver hands the mail over once and gives the exit code, -1 for a signal.
func (y *yard) deliver(env ...string) (int, string) {
	y.Helper()
	var out bytes.Buffer
	c, err := y.start(&out, env...)
	if err != nil {
		y.Fatal(err)
	}
	_ = c.Wait()
	return c.ProcessState.ExitCode(), out.String()
}

// deliverUntilDone is a mail server: it comes back as long as it is told to.
func (y *yard) deliverUntilDone() (int, string) {
	y.Helper()
	for range 12 {
		if code, out := y.deliver(); code != exitLater {
			return code, out
		}
		time.Sleep(20 * time.Millisecond) // a worker whose parent was killed ends by itself
	}
	y.Errorf("it is put off for ever; the log:\n%s", y.log())
	return exitLater, ""
}

func (y *yard) log() []byte {
	data, _ := os.ReadFile(y.path("state/mailapp.log"))
	return data
}

// job is the one job, or one in the state None.
func (y *yard) job() ledger.Entry {
	y.Helper()
	l, err := ledger.Open(y.Context(), y.path("state"))
	if err != nil {
		y.Fatal(err)
	}
	defer l.Close()
	entries, err := l.List(y.Context())
	if err != nil || len(entries) > 1 {
		y.Fatalf("the ledger has %d jobs, %v", len(entries), err)
	}
	return append(entries, ledger.Entry{State: ledger.None})[0]
}

func (y *yard) ads() int { return len(bazaar(y.path("site")).rows()) }

// letters counts the mails to the address whose subject begins so.
func (y *yard) letters(to, subject string) (n int) {
	files, _ := filepath.Glob(y.path("sent/new/*"))
	for _, path := range files {
		data, _ := os.ReadFile(path)
		if bytes.Contains(data, []byte("\nSubject: "+subject)) && bytes.Contains(data, []byte("\nTo: <"+to)) {
			n++
		}
	}
	return n
}

// names gives the instants that one delivery passes.
func (y *yard) names(env ...string) []string {
	y.Helper()
	y.deliver(append(env, "TEST_INSTANTS="+y.path("instants"))...)
	data, err := os.ReadFile(y.path("instants"))
	if err != nil {
		y.Fatal(err)
	}
	return strings.Fields(strings.ReplaceAll(strings.ReplaceAll(string(data), " ", "_"), "\n", " "))
}

// play is how the site behaves in the delivery that dies, and afterwards.
type play struct {
	name        string
	lists       bool // the flow does
	does, later string
	first       string // the instant at which an earlier delivery died
}

var plays = []play{
	{name: "good", lists: true},
	{name: "blind"},
	{name: "lost", lists: true, does: "lost", later: "lost"},
	{name: "dropped", lists: true, does: "dropped"},
	{name: "lost blind", does: "lost"},
	{name: "down", lists: true, does: "down"},
	{name: "browser dies", lists: true, does: "dies"},
	{name: "refused", lists: true, does: "refuses", later: "refuses"},
	{name: "found", lists: true, first: "after_the_click"},
	{name: "absent", lists: true, first: "after_in_doubt"},
	{name: "receipt", lists: true, first: "before_the_receipt"},
}

// died is what is known of one death.
type died struct {
	found ledger.State // what the ledger said afterwards
	ended ledger.State // what has become of it in the end
}

// TestProtocol is the crash matrix (C2, C9, C10, C11, C12, C26).
func TestProtocol(t *testing.T) {
	program := build(t)
	t.Run("deaths", func(t *testing.T) { testDeaths(t, program) })
	t.Run("mishaps", func(t *testing.T) { testMishaps(t, program) })
}

// testDeaths goes through the whole matrix. A part of it stands as a table in
// mailapp(7).
func testDeaths(t *testing.T, program string) {
	var mu sync.Mutex
	cases, table := 0, map[string]map[string]died{}
	t.Run("all", func(t *testing.T) {
		for _, p := range plays {
			y := newYard(t, program, p.lists, p.does)
			p.prepare(y)
			for i, name := range y.names() {
				for _, what := range []string{"worker", "parent", "disk"} {
					cases++
					t.Run(fmt.Sprintf("%s/%d %s/%s", p.name, i+1, name, what), func(t *testing.T) {
						t.Parallel()
						d := p.die(newYard(t, program, p.lists, p.does), i+1, what)
						mu.Lock()
						defer mu.Unlock()
						if table[name] == nil {
							table[name] = map[string]died{}
						}
						table[name][p.name+what] = d
					})
				}
			}
		}
	})
	if cases < 300 {
		t.Errorf("only %d cases", cases)
	}
	comparePage(t, table)
}

// prepare has an earlier delivery die, if the play begins with that.
func (p play) prepare(y *yard) {
	y.Helper()
	if p.first == "" {
		return
	}
	other := newYard(y.TB, y.program, p.lists, p.does)
	at := slices.Index(other.names(), p.first) + 1
	if code, _ := y.deliver(fmt.Sprintf("TEST_DEATH=%d worker", at)); at == 0 || code != exitLater {
		y.Fatalf("%s: at %d, exit %d", p.first, at, code)
	}
}

// die has a delivery meet with something at one instant, and the mail server
// bring the mail again.
func (p play) die(y *yard, at int, what string) (d died) {
	y.Helper()
	p.prepare(y)
	code, out := y.deliver(fmt.Sprintf("TEST_DEATH=%d %s", at, what))
	d.found = y.job().State
	y.endsWell(what, code, out)
	y.does = p.later
	y.settles(at, what == "worker")
	e := y.job()
	d.ended = e.State
	if d.ended == ledger.Answered {
		d.ended = e.Ended
	}
	y.holds(p, e)
	return d
}

// endsWell checks what the mail server saw of the delivery that met with
// something.
func (y *yard) endsWell(what string, code int, out string) {
	y.Helper()
	switch {
	case what == "parent" && code == -1:
	case what == "worker" && (code != exitLater || !strings.HasPrefix(out, "4.3.0 ") || strings.Count(out, "\n") != 1):
		y.Errorf("died: exit %d, %q", code, out)
	case what == "disk" && code != exitLater && code != exitDone && code != exitData:
		y.Errorf("full disk: exit %d, %q", code, out)
	case what == "parent":
		y.Errorf("the parent lives: exit %d, %q", code, out)
	}
}

// settles has the mail delivered again until it is done, and once more; some of
// the cases that may cost much, ten times more or twenty times at once.
func (y *yard) settles(which int, much bool) {
	y.Helper()
	if much && which%8 == 3 {
		y.deliverAtOnce(20)
	}
	code, out := y.deliverUntilDone()
	more := 1
	if much && which%8 == 5 {
		more = 10
	}
	before := y.mails()
	for range more {
		if again, said := y.deliver(); again != code || said != out {
			y.Errorf("first %d, %q; then %d, %q", code, out, again, said)
		}
	}
	if got := y.mails(); got != before {
		y.Errorf("%d mails more", got-before)
	}
}

func (y *yard) mails() int {
	files, _ := filepath.Glob(y.path("sent/new/*"))
	return len(files)
}

// deliverAtOnce is a mail server that has lost its head (C11).
func (y *yard) deliverAtOnce(n int) {
	y.Helper()
	outs := make([]bytes.Buffer, n)
	var all []*exec.Cmd
	for i := range n {
		c, err := y.start(&outs[i])
		if err != nil {
			y.Fatal(err)
		}
		all = append(all, c)
	}
	for i, c := range all {
		_ = c.Wait()
		if code := c.ProcessState.ExitCode(); code != exitDone && code != exitLater && code != exitData {
			y.Errorf("one of %d: exit %d, %q", n, code, outs[i].String())
		}
	}
}

// holds checks what must hold in the end, whatever has happened.
func (y *yard) holds(p play, e ledger.Entry) {
	y.Helper()
	posted, unsure := y.letters("fred@example.org", "Posted: "), y.letters("fred@example.org", "Unconfirmed: ")
	kept, _ := filepath.Glob(y.path("state/kept/*.eml"))
	switch {
	case e.State == ledger.Answered && e.Ended == ledger.Posted && p.does != "refuses":
		if y.ads() != 1 || posted < 1 || posted > 2 || unsure != 0 || len(kept) != 0 || !strings.HasPrefix(e.URL, "https://site.example/ad/") {
			y.Errorf("posted at %q: %d ads, %d receipts, %d doubts, kept %q", e.URL, y.ads(), posted, unsure, kept)
		}
	case e.State == ledger.Held && !p.lists:
		if y.ads() > 1 || posted != 0 || unsure < 1 || unsure > 2 || len(kept) != 1 || y.letters("owner@example.org", "mailapp: x needs a look") < 1 {
			y.Errorf("held: %d ads, %d receipts, %d doubts, kept %q", y.ads(), posted, unsure, kept)
		}
	case e.State == ledger.Rejected && p.does == "refuses":
		if y.ads() != 0 || y.mails() != 0 {
			y.Errorf("refused: %d ads, %d mails", y.ads(), y.mails())
		}
	default:
		y.Errorf("the job is %s, ended %s; the log:\n%s", e.State, e.Ended, y.log())
	}
	if left := y.left(); len(left) > 0 {
		y.Errorf("left behind: %q", left)
	}
}

// left gives temporary files (C7) that no start sweeps away.
func (y *yard) left() []string {
	run, _ := filepath.Glob(y.path("state/run/*"))
	return run
}

// comparePage checks that mailapp(7) has the table.
func comparePage(t *testing.T, table map[string]map[string]died) {
	page, err := os.ReadFile("../man/mailapp.7")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for name, plays := range table {
		good, ok := plays["goodworker"]
		if !ok {
			continue // only another play passes it
		}
		blind, ok := plays["blindworker"]
		if !ok {
			blind = good // only a flow that lists passes it
		}
		if good.found != blind.found {
			t.Errorf("%s: the ledger says %s or %s", name, good.found, blind.found)
		}
		got = append(got, fmt.Sprintf(".It %s Ta %s Ta %s Ta %s", strings.ReplaceAll(name, "_", " "), good.found, good.ended, blind.ended))
	}
	for _, row := range got {
		if !strings.Contains(string(page), row+"\n") {
			t.Errorf("mailapp(7) lacks %s", row)
		}
	}
	_, rest, _ := strings.Cut(string(page), ".Ss The moment of death")
	rest, _, _ = strings.Cut(rest, ".El")
	if rows := strings.Count(rest, "\n.It ") - 1; rows != len(got) { // but for its head
		t.Errorf("mailapp(7) has %d rows, want %d:\n%s", rows, len(got), strings.Join(got, "\n"))
	}
}

// C10, C12: what else can go wrong beside dying.
func testMishaps(t *testing.T, program string) {
	doubt := func(y *yard) { (play{lists: true, first: "after_the_click"}).prepare(y) }
	for name, c := range map[string]struct {
		does    string
		prepare func(y *yard)
		env     string
		code    int          // of the first delivery
		state   ledger.State // after it
		ads     int
	}{
		"the clock is set back":   {prepare: doubt, env: "TEST_CLOCK=-72h", code: exitDone, state: ledger.Answered, ads: 1},
		"the clock is set ahead":  {prepare: doubt, env: "TEST_CLOCK=1000h", code: exitDone, state: ledger.Answered, ads: 1},
		"the list is down":        {does: "unlisted", prepare: doubt, code: exitLater, state: ledger.Doubt, ads: 1},
		"the site hangs":          {does: "hangs", prepare: hurry, code: exitLater, state: ledger.Doubt, ads: 1},
		"it failed for too long":  {does: "down", prepare: func(y *yard) { y.deliver() }, env: "TEST_CLOCK=73h", code: exitDone, state: ledger.Held},
		"in doubt for too long":   {does: "unlisted", prepare: doubt, env: "TEST_CLOCK=73h", code: exitDone, state: ledger.Held, ads: 1},
		"the ledger is locked":    {prepare: lockLedger, code: exitLater, state: ledger.None},
		"the ledger is cut short": {prepare: cutLedger, code: exitLater},
		"the ledger is no ledger": {prepare: func(y *yard) {
			y.setLedger([]byte("no ledger at all, but long enough for a header of SQLite, " + strings.Repeat("x", 200)))
		}, code: exitLater},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y := newYard(t, program, true, c.does)
			c.prepare(y)
			if code, out := y.deliver(c.env); code != c.code || (out == "") != (code == exitDone) {
				t.Errorf("exit %d, %q; the log:\n%s", code, out, y.log())
			}
			if c.state != "" {
				if e := y.job(); e.State != c.state {
					t.Errorf("the job is %s; the log:\n%s", e.State, y.log())
				}
			}
			if y.ads() != c.ads {
				t.Errorf("%d ads", y.ads())
			}
		})
	}
}

func hurry(y *yard) {
	rules := []byte("deadline: 1s\nallow-root: true\n" + bazaarRules)
	if err := os.WriteFile(y.path("rules.yaml"), rules, 0o600); err != nil {
		y.Fatal(err)
	}
}

// lockLedger holds the lock under which SQLite writes, as a backup might, for
// longer than a mail may take.
func lockLedger(y *yard) {
	hurry(y)
	y.job() // which makes the ledger
	f, err := os.OpenFile(y.path("state/ledger.sqlite"), os.O_RDWR, 0)
	if err != nil {
		y.Fatal(err)
	}
	y.Cleanup(func() { f.Close() })
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Start: 0x40000000, Len: 512} // all bytes that SQLite locks
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &lock); err != nil {
		y.Fatal(err)
	}
}

// cutLedger leaves the first half of a ledger.
func cutLedger(y *yard) {
	y.deliver("TEST_BAZAAR_DOES=down")
	data, err := os.ReadFile(y.path("state/ledger.sqlite"))
	if err != nil {
		y.Fatal(err)
	}
	y.setLedger(data[:len(data)/2])
}

func (y *yard) setLedger(data []byte) {
	y.Helper()
	if err := os.MkdirAll(y.path("state"), 0o700); err != nil {
		y.Fatal(err)
	}
	if err := os.WriteFile(y.path("state/ledger.sqlite"), data, 0o600); err != nil {
		y.Fatal(err)
	}
}
