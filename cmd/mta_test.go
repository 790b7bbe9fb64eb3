package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The contract, held against real mail servers: each thing that can happen to a
// mail happens under each server, and what becomes of the mail there is what
// the table in mailapp(7) says, cell by cell. So the page cannot rot.
//
// MAILAPP_TEST_MTA lists the servers that run; make test has two of them and the
// rules of qmail, make test-mta all. Each has its configuration, queue and spool in a directory of
// the test, listens on 127.0.0.1 alone, and is gone with the test.

// mtaCase is something that happens to a mail.
type mtaCase struct {
	column string // of the table
	says   string // what the sender reads, or the queue shows, where the server passes it on; "" if nothing is said
	rules  string // rules.yaml; "" is testRules
	env    string // what env(1) changes before the program, which is then one that can crash
	flags  string // of mailapp run
	mail   string // the header; "" is mtaHeader
	body   int    // bytes
}

const mtaHeader = "From: Fred <fred@example.org>\nTo: somebody@example.org\nSubject: Sofa, two seats\n"

var mtaCases = []mtaCase{
	{column: "0", rules: mtaRules("do: keep", "maildir: in")},
	{column: "65", says: "The message has no subject, and its subject becomes the title of the ad.",
		flags: toFairground, mail: "From: fred@example.org\n"},
	{column: "75", says: "This service is not set up correctly at the moment; the message will be tried again.",
		rules: "owners: me\n"},
	{column: "77", says: "We do not take this.", mail: "From: fred@example.org\nSubject: Make money fast\n"},
	{column: "panic", says: handledLater, flags: toFairground, env: "'TEST_CRASH_AT=panic after claimed'"},
	{column: "worker", says: handledLater, rules: mtaRules("do: keep", "command: [/bin/sh, -c, 'kill -9 $PPID']")},
	{column: "mailapp", rules: mtaRules("do: keep", `command: [/bin/sh, -c, 'kill -9 $(cut -d" " -f4 /proc/$PPID/stat)']`)},
	{column: "late", says: handledLater, rules: "deadline: 3s\n" + mtaRules("do: keep", "command: [sleep, 60]")},
	{column: "20 MB", says: "We do not take this.", mail: "From: fred@example.org\nSubject: Make money fast\n", body: 20 << 20},
}

const (
	toFairground = "--recipient=fred_fairground@example.org --sasl-user=fred"
	handledLater = "The message could not be handled now; it will be tried again."
)

// mtaRules is a rules.yaml with one rule.
func mtaRules(rule ...string) string {
	return "state: state\nowner: owner@example.org\nreceipts: {from: mailapp@example.org, maildir: sent}\n" +
		"people:\n  fred: {addresses: [fred@example.org], logins: [fred]}\n" +
		"rules:\n  - name: all\n    " + strings.Join(rule, "\n    ") + "\n"
}

func (c mtaCase) message(id string) []byte {
	header := c.mail
	if header == "" {
		header = mtaHeader
	}
	line := strings.Repeat("x", 69) + "\n"
	return []byte(header + "Message-ID: <" + id + "@example.org>\n\n" + line + strings.Repeat(line, c.body/len(line)))
}

// fate is what a server made of a mail.
type fate struct {
	end    string // delivered, later or bounced; or another word of the page's
	status string // of RFC 3463, as the server has it
	text   string // the bounce, or what the queue shows
}

// cell is what the page's table has for it: the word, or the status in its
// place where our sentence came along.
func (f fate) cell(c mtaCase) string {
	switch {
	case f.end == "delivered":
		return "ok"
	case f.status != "" && c.says != "" && strings.Contains(unfolded(f.text), c.says):
		return f.status
	}
	return f.end
}

// unfolded makes a text one line, so that a sentence can be found in it.
func unfolded(text string) string { return strings.Join(strings.Fields(text), " ") }

// mailServer is what the test wants of one.
type mailServer interface {
	inject(id string, mail []byte) // as from ID@sender.example
	outcome(id string) fate        // waits for it
}

// mtaWay is one way from a server to mailapp, and a row of the table.
type mtaWay struct {
	name   string // the first half of its mails' ids
	server string // as MAILAPP_TEST_MTA has it
	row    string
	start  func(*place) mailServer
	line   string                    // what makes it run mailapp, as an admin writes it
	config func(p *place, id string) // puts the line where the server finds it, for one mail
	tells  map[string]string         // variables that reach the program, for the mail "0"
	login  bool                      // and the login reaches it
	hears  bool                      // all that the program writes is in the fate's text
	posts  string                    // the domain of the one address whose mail is posted, "" for none
}

func TestMTA(t *testing.T) {
	if testing.Short() {
		t.Skip("mail servers are left out by -short")
	}
	if os.Getuid() != 0 {
		t.Skip("mail servers deliver as other users, and only root can start them")
	}
	defer syscall.Umask(syscall.Umask(0o022)) // others must be able to read
	columns, page := mtaTable(t)
	programs := buildPrograms(t)
	var measured strings.Builder
	for _, way := range mtaWays {
		t.Run(way.name, func(t *testing.T) {
			if !slices.Contains(strings.Fields(os.Getenv("MAILAPP_TEST_MTA")), way.server) {
				t.Skipf("%s is not in MAILAPP_TEST_MTA; make test-mta runs it", way.server)
			}
			row := measure(newPlace(t, way, programs))
			fmt.Fprintf(&measured, ".It %s Ta %s\n", way.row, strings.Join(row, " Ta "))
			if want := page[way.row]; !slices.Equal(want, row) {
				t.Errorf("mailapp(7) says of %s\n%q, but measured were\n%q, for\n%q", way.row, want, row, columns)
			}
		})
	}
	t.Logf("measured:\n%s", measured.String())
}

// measure has all happen that can happen, at once, and gives the row.
func measure(p *place) []string {
	for _, c := range mtaCases {
		p.prepare(p.id(c.column), c)
	}
	server := p.way.start(p)
	for _, c := range mtaCases {
		server.inject(p.id(c.column), c.message(p.id(c.column)))
	}
	var row []string
	for _, c := range mtaCases {
		f := server.outcome(p.id(c.column))
		p.Logf("%-7s %-9s %-5s %s", c.column, f.end, f.status, f.cause())
		row = append(row, f.cell(c))
		if f.end == "delivered" && p.way.hears && f.text != "" {
			p.Errorf("%s: it wrote %q", c.column, f.text) // C3
		}
		if leak := leaks.FindString(f.text); leak != "" {
			p.Errorf("%s: the sender reads %q", c.column, leak)
		}
	}
	p.arrived()
	if p.way.tells["SASL_USERNAME"] != "" {
		p.receivedLogin(server)
	}
	if p.way.posts != "" {
		p.posts(server)
	}
	p.leavesNothing()
	return row
}

// receivedLogin: where the login gets lost, the server's own Received field
// still has it.
func (p *place) receivedLogin(server mailServer) {
	p.Helper()
	id := p.id("received")
	c := mtaCase{rules: "trust: {received-by: mx.example.org}\n" + mtaRules("do: keep", "maildir: in"), env: "-u SASL_USERNAME"}
	p.prepare(id, c)
	server.inject(id, c.message(id))
	if f := server.outcome(id); f.end != "delivered" || p.report(id).Sender != "fred@example.org" {
		p.Errorf("%s; the log says %+v", f.end, p.report(id))
	}
}

// posts has a mail go all the way, from the login at the server to the receipt;
// then the site hangs, and another is left to the server in time (C6).
func (p *place) posts(server mailServer) {
	p.Helper()
	if !haveBrowser(p.T) {
		p.Log("skipped: posting needs a browser, and there is none")
		return
	}
	sofa, err := demoFiles.ReadFile("demo/sofa.eml")
	p.must(err)
	rules := "browser: {sandbox: false}\n" + strings.Replace(testRules, `_{app}@example.org`, `_{app}@`+p.way.posts, 1)
	id := p.id("fred_fairground")
	p.prepare(id, mtaCase{rules: rules})
	server.inject(id, sofa)
	if f := server.outcome(id); f.end != "delivered" {
		p.Errorf("%s, %s: %s", f.end, f.status, f.text)
	}
	receipts, _ := filepath.Glob(p.path(id + "/sent/new/*"))
	if ads, r := p.site.Ads(), p.report(id); len(ads) != 1 || len(ads[0].Photos) != 2 || len(receipts) != 1 || r.Sender != "fred@example.org" {
		p.Errorf("%d ads, %d receipts; the log says %+v", len(ads), len(receipts), r)
	}
	p.site.Delay = time.Minute
	p.must(p.site.SetFault("slow"))
	id = p.id("hang")
	p.prepare(id, mtaCase{rules: "deadline: 6s\n" + rules, flags: "--recipient=fred_fairground@" + p.way.posts})
	server.inject(id, sofa)
	if f := server.outcome(id); f.end != "later" || f.status != "4.3.0" {
		p.Errorf("the site hangs: %s, %s: %s", f.end, f.status, f.text)
	}
}

// leaks are words of ours that no sender must read (C4).
var leaks = regexp.MustCompile(`goroutine |a panic|a secret|rules\.yaml|/state/`)

// cause is the reason that a bounce gives (RFC 3464 §2.3.6), or from our own
// words on, or all.
func (f fate) cause() string {
	text := unfolded(f.text)
	if m := diagnostic.FindStringSubmatch(f.text); m != nil {
		text = m[1]
	} else if at := ourLine.FindStringIndex(text); at != nil {
		text = text[at[0]:]
	}
	return oneLine(text, 120)
}

// ourLine is the line that mailapp writes (C4), in what a server makes of it.
var ourLine = regexp.MustCompile(`\b([45]\.[0-9]+\.[0-9]+) [A-Z]`)

var diagnostic = regexp.MustCompile(`(?m)^Diagnostic-Code: [^;]*; (.*(\n[ \t].*)*)`)

// mtaTable reads the table of mailapp(7): its columns, and each row's cells.
func mtaTable(t *testing.T) ([]string, map[string][]string) {
	t.Helper()
	_, servers, _ := strings.Cut(mtaPage(t), "\n.Sh MAIL SERVERS\n")
	_, table, _ := strings.Cut(servers, "\n.Bl -column ")
	table, _, _ = strings.Cut(table, "\n.El\n")
	var columns []string
	rows := map[string][]string{}
	for line := range strings.Lines(table) {
		text, ok := strings.CutPrefix(strings.TrimSpace(line), ".It ")
		if !ok {
			continue
		}
		cells := strings.Split(text, " Ta ")
		if columns == nil {
			columns = cells[1:]
		}
		rows[cells[0]] = cells[1:]
	}
	for i, c := range mtaCases {
		if len(columns) != len(mtaCases) || columns[i] != c.column {
			t.Fatalf("the table in mailapp(7) has the columns %q; column %d should be %q", columns, i, c.column)
		}
	}
	return columns, rows
}

func mtaPage(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../man/mailapp.7")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
