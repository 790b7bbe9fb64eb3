package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mailapp/filter"
	"mailapp/poster"
)

// delivered gives a mail as a mail server that proves its sender has delivered it.
func delivered(subject string) string {
	return "Return-Path: <fred@example.org>\nDelivered-To: fred_fairground@example.org\n" +
		"Authentication-Results: mx.example.org; dmarc=pass header.from=example.org\n" +
		"Received: from phone.example.org by mx.example.org; Sat, 21 Nov 2026 09:41:07 +0100\n" + writtenBy(subject)
}

func writtenBy(subject string) string {
	return "From: Fred <fred@example.org>\nTo: fred_fairground@example.org\nDate: Sat, 21 Nov 2026 09:41:02 +0100\nSubject: " + subject +
		"\nMessage-ID: <" + strings.ReplaceAll(subject, " ", "-") + "@example.org>\n\nVery comfortable.\n"
}

// poison is a mail whose signature is looked up, upon which the worker dies.
const poison = "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=poison; h=from:to:cc:subject:date:message-id:mime-version:content-type:content-transfer-encoding; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=MTIzNA==\n"

// yard is a stage with a Maildir.
type yard struct{ *stage }

func newYard(t testing.TB) yard {
	s := newStage(t)
	rules := filepath.Join(s.dir, "rules.yaml")
	data, err := os.ReadFile(rules)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), "\nrules:", secondApp(s)+"\nrules:", 1) + "trust: {authserv-id: mx.example.org}\n"
	if err := os.WriteFile(rules, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"new", "cur", "tmp"} {
		if err := os.MkdirAll(filepath.Join(s.dir, "Maildir", sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return yard{s}
}

// secondApp is an app for another account at the same site.
func secondApp(s *stage) string {
	s.site.AddAccount("eve@example.org", "correct horse")
	return "\n  market: {flow: fakesite.yaml, url: '" + s.url + "', account: eve@example.org, password: {file: password}," +
		" with: {category: For sale, condition: Used}}"
}

func (y yard) put(n int, mail string) {
	y.Helper()
	path := filepath.Join(y.dir, "Maildir", "new", fmt.Sprintf("%d.M1P1.host", n))
	if err := os.WriteFile(path, []byte(mail), 0o600); err != nil {
		y.Fatal(err)
	}
}

func (y yard) start(env ...string) (*exec.Cmd, *bytes.Buffer) {
	y.Helper()
	c := exec.Command("mailapp", "batch", "--jobs=3", "Maildir")
	out := &bytes.Buffer{}
	c.Dir, c.Stdout, c.Stderr = y.dir, out, out
	c.Env = append(os.Environ(), append(env, "HOME="+y.dir, "MAILAPP_RULES="+filepath.Join(y.dir, "rules.yaml"))...)
	if err := c.Start(); err != nil {
		y.Fatal(err)
	}
	return c, out
}

// ends waits for a batch to end with that code.
func (y yard) ends(c *exec.Cmd, out *bytes.Buffer, code int) {
	y.Helper()
	_ = c.Wait()
	if got := c.ProcessState.ExitCode(); got != code {
		y.Errorf("the batch ended with %d, not %d: %s", got, code, out)
	}
}

// untilAds waits until the site has so many ads.
func (y yard) untilAds(n int) {
	y.Helper()
	for deadline := time.Now().Add(time.Minute); len(y.site.Ads()) < n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			y.Fatalf("there are %d ads after a minute, not %d", len(y.site.Ads()), n)
		}
	}
}

func (y yard) log() string {
	data, err := os.ReadFile(filepath.Join(y.dir, "state", "mailapp.log"))
	if err != nil {
		y.Fatal(err)
	}
	return string(data)
}

func (y yard) files(sub string) []string {
	names, _ := filepath.Glob(filepath.Join(y.dir, "Maildir", sub, "*"))
	for i, name := range names {
		names[i] = filepath.Base(name)
	}
	return names
}

// C2, C7, C9, C11: a batch that is killed, and one that gets a signal, leave
// nothing behind and lose nothing; the mail that kills the worker is told, stays,
// and costs no other mail; and no ad is there twice.
func TestBatchIsKilled(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	dns := filepath.Join(y.dir, "dns")
	if err := os.WriteFile(dns, []byte("PANIC poison._domainkey.example.org\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	titles := []string{"Sofa", "Lamp", "Chair", "Table"}
	for i, title := range titles {
		y.put(1000+i, delivered(title))
	}
	c, _ := y.start()
	y.untilAds(1)
	_ = c.Process.Kill()
	_ = c.Wait()
	y.diesWithUs()

	c, out := y.start()
	y.untilAds(2)
	second, said := y.start() // at the same time
	y.ends(second, said, exitDone)
	if !strings.Contains(said.String(), "another batch is at work on it; nothing was done") {
		t.Errorf("the second says %q", said)
	}
	_ = c.Process.Signal(syscall.SIGTERM)
	y.ends(c, out, exitFailed)
	if !strings.Contains(out.String(), "interrupted; what is left is for the next time") {
		t.Errorf("interrupted, it says %q", out)
	}

	y.put(800, strings.ReplaceAll(delivered("Desk"), "fred_fairground", "fred_market")) // under way with the poison
	y.put(900, "Delivered-To: fred_fairground@example.org\n"+poison+writtenBy("Poison"))
	c, out = y.start("TEST_DNS=" + dns)
	y.ends(c, out, exitFailed)
	if !strings.Contains(out.String(), "failed: Poison (new/900.M1P1.host): the worker ended without a report") {
		t.Errorf("of the poison it says %q", out)
	}
	titles = append(titles, "Desk")
	if n := strings.Count(y.log(), "Desk"); n != 1 || strings.Contains(out.String(), "Desk") {
		t.Errorf("the mail beside the poison: %d lines in the log; %q", n, out)
	}
	if got := y.files("new"); !slices.Equal(got, []string{"900.M1P1.host"}) {
		t.Errorf("in new are %q", got)
	}
	seen := map[string]int{}
	for _, ad := range y.site.Ads() {
		seen[ad.Title]++
	}
	held := 0 // what was killed or interrupted between click and answer
	for _, title := range titles {
		if seen[title] > 1 {
			t.Errorf("%q is there %d times", title, seen[title])
		}
		if seen[title] == 0 {
			held++
		}
	}
	if held > 2 || seen["Desk"] != 1 || len(y.files("cur")) != len(titles) {
		t.Errorf("%d ads are missing; in cur are %q; %s", held, y.files("cur"), out)
	}
}

// Mails of an account wait for those before them; one that may be for any
// account waits for all, and all wait for it; others wait for nothing.
func TestLanes(t *testing.T) {
	l := newLanes()
	a1, b1, free, any1, a2, b2 := l.enter("a"), l.enter("b"), l.enter(noLane), l.enter(anyLane), l.enter("a"), l.enter("b")
	a3 := l.enter("a")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	ready := func(turn *turn) bool {
		for _, before := range turn.after {
			select {
			case <-before.over:
			default:
				return false
			}
		}
		return true
	}
	expect := func(when string, want ...bool) {
		t.Helper()
		for i, turn := range []*turn{a1, b1, free, any1, a2, b2, a3} {
			if ready(turn) != want[i] {
				t.Errorf("%s: mail %d is ready: %v", when, i, !want[i])
			}
		}
	}
	expect("at first", true, true, true, false, false, false, false)
	a1.done()
	expect("after a", true, true, true, false, false, false, false)
	b1.done()
	expect("after a and b", true, true, true, true, false, false, false)
	any1.done()
	expect("after that for any", true, true, true, true, true, true, false)
	if a3.await(ended) {
		t.Error("a mail goes on although all is over")
	}
}

func TestLaneOf(t *testing.T) {
	two := &filter.Settings{Apps: []*filter.App{
		{Name: "one", URL: "https://Fair.example.org/x", Account: "fred"}, {Name: "other", URL: "https://fair.example.org/y", Account: "fred"},
	}}
	three := &filter.Settings{Apps: append(two.Apps, &filter.App{Name: "third", URL: "https://fair.example.org", Account: "eve"})}
	for _, c := range []struct {
		settings *filter.Settings
		verdict  filter.Verdict
		want     lane
	}{
		{three, filter.Verdict{App: "third"}, "fair.example.org eve"},
		{three, filter.Verdict{App: "one"}, "fair.example.org fred"},
		{three, filter.Verdict{}, anyLane},
		{two, filter.Verdict{}, "fair.example.org fred"}, // it can be for nobody else
		{&filter.Settings{}, filter.Verdict{}, noLane},
		{three, filter.Verdict{App: "one", Action: filter.Hold}, noLane},
	} {
		if got := laneOf(c.settings, c.verdict); got != c.want {
			t.Errorf("%+v: lane %q, not %q", c.verdict, got, c.want)
		}
	}
}

func TestResultOf(t *testing.T) {
	for _, c := range []struct {
		report report
		want   result
	}{
		{report{Decision: "post", Outcome: "posted"}, wasPosted},
		{report{Decision: "post", Outcome: "posted earlier"}, wasPosted},
		{report{Decision: "post", Outcome: "read"}, wasPosted},
		{report{Decision: "post", Outcome: "held earlier"}, wasHeld},
		{report{Decision: "hold", Outcome: "held"}, wasHeld},
		{report{Decision: "post", Outcome: "rejected"}, wasRefused}, // told by mail
		{report{Decision: "post", Exit: exitData}, wasRefused},
		{report{Decision: "reject"}, wasRefused},
		{report{Exit: exitDenied}, wasRefused},
		{report{Decision: "drop"}, wasDone},
		{report{Decision: "forward"}, wasDone},
		{report{Exit: exitLater}, hasFailed},
		{report{Exit: exitLater, Until: time.Now()}, mustWait},
	} {
		if got := resultOf(c.report); got != c.want {
			t.Errorf("%+v: %s, not %s", c.report, got, c.want)
		}
	}
}

// The line on a terminal and what is said at the end; nothing of a mail steers
// the terminal.
func TestBoard(t *testing.T) {
	var said bytes.Buffer
	b := newBoard(20, &said)
	b.width = 240
	var items []*item
	for i, r := range []result{wasPosted, wasPosted, wasRefused, hasFailed, wasHeld, wasDone, isGone} {
		it := &item{boxMail: &boxMail{name: fmt.Sprintf("new/%d", i)}, subject: fmt.Sprintf("Thing\n%d \x1b[2J", i), result: r}
		it.report.URL, it.report.ID = "https://example.org/ad", "1234"
		if r != wasPosted {
			it.report.Error = "no\nreason"
		}
		b.begin(it)
		items = append(items, it)
	}
	for _, it := range items {
		b.end(it)
	}
	sofa := &item{boxMail: &boxMail{}, subject: "Sofa"}
	b.begin(sofa)
	lamp := &item{boxMail: &boxMail{}, subject: "Lamp"}
	lamp.report.Until, lamp.report.Error = time.Date(2026, 11, 21, 9, 41, 0, 0, time.Local), "one ad in 2m"
	b.begin(lamp)
	b.wait(lamp)
	const want = "[#######-------------] 7/20: 2 posted, 1 refused, 1 held, 1 done, 1 failed, 14 a minute, 56s left; Sofa; Lamp waits until 09:41:00: one ad in 2m"
	if got := b.line(b.begun.Add(30 * time.Second)); got != want {
		t.Errorf("the line is\n%s\nnot\n%s", got, want)
	}
	b.width = 40
	if got := b.line(b.begun.Add(30 * time.Second)); len([]rune(got)) != 39 || !strings.HasSuffix(got, "…") {
		t.Errorf("in 40 columns it is %q", got)
	}
	if got := said.String(); got != "failed: Thing 3 [2J (new/3): no reason\n" {
		t.Errorf("said %q", got)
	}
	if got := b.summary(); !strings.HasPrefix(got, "6 of 20 mails in ") || !strings.HasSuffix(got, ": 2 posted, 1 refused, 1 held, 1 done, 1 failed") {
		t.Errorf("the summary is %q", got)
	}
	const details = `
Failed, and tried again at the next batch:
  Thing 3 [2J (new/3): no reason

Held, until you settle them:
  Thing 4 [2J (new/4): see mailapp ledger: 1234; no reason

Refused:
  Thing 2 [2J (new/2): no reason

Posted:
  Thing 0 [2J (new/0): https://example.org/ad
  Thing 1 [2J (new/1): https://example.org/ad
`
	if got := b.details(); got != details {
		t.Errorf("the details are %q", got)
	}
}

// A mail whose turn comes within the hour waits for it, and the others go on; one
// whose turn is later is left for the next batch.
func TestWaiting(t *testing.T) {
	root := maildir(t, t.TempDir(), "new/1.soon", "new/2.late", "new/3.free")
	b := &batch{
		settings: &filter.Settings{Apps: []*filter.App{{Name: "a"}}}, box: mustOpen(t, root), jobs: make(chan struct{}, 1),
	}
	log, err := os.Create(filepath.Join(root, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	b.log, b.board = log, newBoard(3, io.Discard)
	var order []string
	b.try = func(_ context.Context, it *item) report {
		name := it.at.base
		order = append(order, name)
		r := report{Time: time.Now(), Decision: "post", Outcome: "posted"}
		switch {
		case name == "1.soon" && !slices.Contains(order[:len(order)-1], name):
			r.Exit, r.Until = exitLater, time.Now().Add(200*time.Millisecond)
		case name == "2.late":
			r.Exit, r.Until = exitLater, time.Now().Add(2*patience)
		}
		return r
	}
	var under sync.WaitGroup
	for _, m := range b.box.mails {
		under.Go(func() { b.handle(t.Context(), &item{boxMail: m}) })
	}
	under.Wait()
	if len(order) != 4 || order[3] != "1.soon" {
		t.Errorf("handled in the order %q", order)
	}
	if got := b.board.summary(); !strings.HasSuffix(got, ": 2 posted, 1 waiting") {
		t.Error(got)
	}
	left, _ := filepath.Glob(filepath.Join(root, "new", "*"))
	if len(left) != 1 || filepath.Base(left[0]) != "2.late" {
		t.Errorf("left are %q", left)
	}
}

// What a mail waits for is in its report.
func TestWaitingIsReported(t *testing.T) {
	var r report
	r.fail(fmt.Errorf("posting: %w", waitUntil(time.Now().Add(time.Hour))))
	if r.Exit != exitLater || time.Until(r.Until) < 59*time.Minute || !strings.Contains(r.Text, "one ad in 2m") {
		t.Errorf("%+v", r)
	}
	r = report{}
	r.fail(waitUntil(time.Time{}))
	if left := time.Until(r.Until); left <= 0 || left > soon {
		t.Errorf("where another decides, it is asked again in %v", left)
	}
	r = report{}
	if r.fail(errors.New("no")); !r.Until.IsZero() {
		t.Errorf("%+v", r)
	}
}

func waitUntil(at time.Time) error { return poster.Wait{Until: at, Why: "one ad in 2m"} }

// Where as many browsers run as may, a mail waits for a while and is then tried
// again by the mail server; the sender reads why, and the owner gets no mail.
func TestTooManyBrowsers(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	rules := filepath.Join(s.dir, "rules.yaml")
	data, err := os.ReadFile(rules)
	if err == nil {
		err = os.WriteFile(rules, append(data, "browser: {most: 1}\ndeadline: 20s\n"...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	slots := filepath.Join(s.dir, "state", "slots")
	if err := os.MkdirAll(slots, 0o700); err != nil {
		t.Fatal(err)
	}
	lock, err := os.Create(filepath.Join(slots, "browser-1.lock"))
	if err == nil {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		t.Fatal(err)
	}
	code, out := s.deliver()
	if code != exitLater || out != "4.3.0 Too much is being posted at the moment; the message will be tried again.\n" {
		t.Errorf("exit %d, %q", code, out)
	}
	if s.mails() != 0 {
		t.Errorf("%d mails were sent", s.mails())
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if code, out := s.deliver(); code != exitDone || len(s.site.Ads()) != 1 {
		t.Errorf("with a free slot: exit %d, %q, %d ads", code, out, len(s.site.Ads()))
	}
}
