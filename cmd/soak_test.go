package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mailapp/poster/ledger"
	"mailapp/poster/ledger/pgtest"
)

// soak is a mail server and a number of sites that have lost their heads: mails
// are delivered in any order, again when they are done, and twice at once; workers
// and parents are killed, at instants of the protocol and at any other time; sites
// drop and lose what they are sent; the rules are other ones at each delivery, and
// the machine or the database goes down now and then.
type soak struct {
	testing.TB
	dir     string
	program string
	mails   int
	restart func() error // of what all deliveries share; nil if there is nothing

	mu       sync.Mutex
	chance   *rand.Rand
	left     []int // mails that the mail server still has
	under    map[*exec.Cmd]bool
	lastExit map[int]int

	deliveries, deaths, kills, restarts atomic.Int64
}

// soakAccounts is how many accounts the mails go to: two deliveries of one wait
// for each other only when they look for an ad.
const soakAccounts = 16

// TestSoak is the measure: each ad once, and each mail posted or held, with its
// sender told (C9, C10, C11, C12, C32).
func TestSoak(t *testing.T) {
	mails := 20
	if os.Getenv("MAILAPP_TEST_SOAK") != "" {
		mails = 2500 // delivered three times each, on the average
	}
	program := build(t)
	t.Run("sqlite", func(t *testing.T) { newSoak(t, program, mails, "").run() })
	t.Run("postgres", func(t *testing.T) {
		server, err := pgtest.Start() // one that may go down
		if errors.Is(err, pgtest.ErrMissing) && os.Getenv("MAILAPP_TEST_ALL") == "" {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Stop)
		s := newSoak(t, program, mails, server.Place("soak").String())
		s.restart = server.Restart
		s.run()
	})
}

// newSoak lays out rules of two versions, in which the rule is called otherwise.
func newSoak(t testing.TB, program string, mails int, where string) *soak {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	s := &soak{TB: t, dir: inMemory(t), program: program, mails: mails,
		chance: rand.New(rand.NewPCG(seed, 0)), under: map[*exec.Cmd]bool{}, lastExit: map[int]int{}}
	apps := ""
	for i := range soakAccounts {
		apps += fmt.Sprintf("  x%d: {flow: flow.yaml, url: \"https://site.example\", account: fred%d}\n", i, i)
		if err := os.MkdirAll(s.site(i), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	rules := strings.Replace(bazaarRules, `apps: {x: {flow: flow.yaml, url: "https://site.example", account: fred}}`, "apps:\n"+strings.TrimSuffix(apps, "\n"), 1)
	rules += "give-up: 1000h\n"
	if where != "" {
		rules += "ledger: " + strconv.Quote(where) + "\nledger-password: {file: dbpassword}\n"
	}
	for name, text := range map[string]string{
		"rules.yaml": rules, "renamed.yaml": strings.Replace(rules, "name: ads", "name: renamed", 1), "flow.yaml": bazaarFlow + bazaarList,
		"dbpassword": pgtest.Password + "\n",
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := allowRoot(s.dir); err != nil {
		t.Fatal(err)
	}
	for i := range mails {
		s.left = append(s.left, i)
	}
	return s
}

func (s *soak) site(account int) string { return filepath.Join(s.dir, "site", strconv.Itoa(account)) }

func soakTitle(mail int) string { return fmt.Sprintf("Item %05d of the garage", mail) }

// random gives a number below n.
func (s *soak) random(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chance.IntN(n)
}

// run delivers until the mail server has none left, and counts.
func (s *soak) run() {
	s.Helper()
	began := time.Now()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for mail, ok := s.next(); ok; mail, ok = s.next() {
				s.deliver(mail)
			}
		})
	}
	all.Wait()
	s.judge(time.Since(began))
}

// next takes any mail from the queue. One in 300 times all that is under way is
// killed first, as when the machine goes down, and the database with it.
func (s *soak) next() (mail int, ok bool) {
	if s.random(300) == 0 {
		s.goDown()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.left) == 0 || s.deliveries.Load() > int64(s.mails)*20 {
		return 0, false
	}
	i := s.chance.IntN(len(s.left))
	mail = s.left[i]
	s.left = append(s.left[:i], s.left[i+1:]...)
	if s.chance.IntN(50) == 0 {
		s.left = append(s.left, mail) // a second copy, at once perhaps
	}
	return mail, true
}

func (s *soak) goDown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.under {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
	}
	s.restarts.Add(1)
	if s.restart != nil {
		if err := s.restart(); err != nil {
			s.Error(err)
		}
	}
}

// deliver hands a mail over, and puts it back into the queue unless it is taken;
// one in ten even then.
func (s *soak) deliver(mail int) {
	var out bytes.Buffer
	c := s.command(mail, &out)
	s.mu.Lock()
	err := c.Start()
	s.under[c] = err == nil
	s.mu.Unlock()
	if err != nil {
		s.Error(err)
		return
	}
	if s.random(10) == 0 {
		time.AfterFunc(time.Duration(s.random(100))*time.Millisecond, func() {
			if c.Process.Kill() == nil {
				s.kills.Add(1)
			}
		})
	}
	_ = c.Wait()
	code := c.ProcessState.ExitCode()
	s.deliveries.Add(1)
	if code != exitDone {
		s.deaths.Add(1)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.under, c)
	s.lastExit[mail] = code
	switch {
	case code == exitLater, code == -1, s.chance.IntN(10) == 0:
		s.left = append(s.left, mail)
	case code != exitDone:
		s.Errorf("mail %d: exit %d, %q", mail, code, out.String())
	}
}

// command is one delivery, with what fate has in store for it.
func (s *soak) command(mail int, out *bytes.Buffer) *exec.Cmd {
	account := mail % soakAccounts
	c := exec.Command(s.program, "run", "--sender=fred@example.org", "--sasl-user=fred",
		fmt.Sprintf("--recipient=fred_x%d@example.org", account))
	c.Args[0] = "mailapp"
	c.Stdin = strings.NewReader(fmt.Sprintf("From: fred@example.org\nSubject: %s\nMessage-ID: <%d@example.org>\n\nBlue.\n", soakTitle(mail), mail))
	c.Stdout, c.Stderr = out, out
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	rules := []string{"rules.yaml", "renamed.yaml"}[s.random(2)]
	does := []string{"", "", "", "", "", "lost", "dropped", "down", "dies", "unlisted"}[s.random(10)]
	c.Env = []string{"HOME=" + s.dir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + s.dir, "MAILAPP_RULES=" + filepath.Join(s.dir, rules),
		"TEST_BAZAAR=" + s.site(account), "TEST_BAZAAR_DOES=" + does, fmt.Sprint("TEST_DEATH=any ", s.random(1<<30))}
	return c
}

// judge counts ads, receipts and jobs. What is held is no loss, if its sender was
// told and its mail is kept; it is no success either, so it is counted apart.
func (s *soak) judge(took time.Duration) {
	s.Helper()
	ads, receipts, doubts := s.ads(), s.letters("Posted: "), s.letters("Unconfirmed: ")
	posted, held := 0, 0
	jobs := s.jobs()
	for mail := range s.mails {
		title := soakTitle(mail)
		e := jobs[fmt.Sprintf("<%d@example.org>", mail)]
		switch {
		case ads[title] > 1:
			s.Errorf("%s: %d ads", title, ads[title])
		case e.State == ledger.Answered && ads[title] == 1 && receipts[title] > 0:
			posted++
		case e.State == ledger.Held && doubts[title] > 0 && s.isKept(e):
			held++
		default:
			s.Errorf("%s: the job is %s, %d ads, %d receipts, %d doubts, exit %d", title, e.State, ads[title], receipts[title], doubts[title], s.lastExit[mail])
		}
	}
	s.Logf("%d mails in %d deliveries, of which %d failed or died (%d parents killed from outside, %d restarts): %d posted once, %d held; %v",
		s.mails, s.deliveries.Load(), s.deaths.Load(), s.kills.Load(), s.restarts.Load(), posted, held, took.Round(time.Second))
	if held > 3+s.mails/50 {
		s.Errorf("%d of %d are held", held, s.mails)
	}
}

func (s *soak) ads() map[string]int {
	count := map[string]int{}
	for account := range soakAccounts {
		for _, row := range bazaar(s.site(account)).rows() {
			title, _, _ := strings.Cut(row["title"], " – ")
			count[title[:1]+strings.ToLower(title[1:])]++
		}
	}
	return count
}

var letterSubject = regexp.MustCompile(`(?m)^Subject: (\w+: )(.*)$`)

// letters counts, by title, the mails whose subject begins so.
func (s *soak) letters(kind string) map[string]int {
	count := map[string]int{}
	files, _ := filepath.Glob(filepath.Join(s.dir, "sent/new/*"))
	for _, path := range files {
		data, _ := os.ReadFile(path)
		if m := letterSubject.FindSubmatch(data); m != nil && string(m[1]) == kind {
			count[string(m[2])]++
		}
	}
	return count
}

// jobs gives the one job of each mail that anything has come of, by Message-ID.
func (s *soak) jobs() map[string]ledger.Entry {
	s.Helper()
	settings, err := loadSettings(filepath.Join(s.dir, "rules.yaml"))
	if err != nil {
		s.Fatal(err)
	}
	l, err := openLedger(s.Context(), settings, stateDir(filepath.Join(s.dir, "state")))
	if err != nil {
		s.Fatal(err)
	}
	defer l.Close()
	entries, err := l.List(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	jobs := map[string]ledger.Entry{}
	for _, e := range entries {
		if e.State == ledger.None || e.State == ledger.Claimed {
			continue
		}
		if other, twice := jobs[e.MessageID]; twice {
			s.Errorf("%s is %s by rule %s and %s by rule %s", e.Subject, e.State, e.Rule, other.State, other.Rule)
		}
		jobs[e.MessageID] = e
	}
	return jobs
}

func (s *soak) isKept(e ledger.Entry) bool {
	return exists(stateDir(filepath.Join(s.dir, "state")).keptFile(e.ID(), ".eml"))
}
