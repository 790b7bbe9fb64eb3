package filter

import (
	"path/filepath"
	"strings"
	"time"

	"mailapp/filter/auth"
	"mailapp/filter/strictyaml"
)

// Settings is rules.yaml, the one file that a user edits, checked. Which files
// it names exist, and what they hold, is for the caller to see: filter opens
// none.
type Settings struct {
	File      string        // as given to ParseSettings
	Home      string        // what ~/ stands for; set by the caller
	Owner     string        // who runs mailapp and gets its notices
	MTA       string        // postfix, exim, opensmtpd, qmail, courier, sendmail, dovecot; "" is to be found out
	State     string        // directory as written, "" for the default; see Path
	Ledger    string        // URL of PostgreSQL, without a password; "": a file in the state directory
	LedgerKey Source        // the password for it; unset if it needs none
	AllowRoot bool          // mails are handled even as the superuser
	Deadline  time.Duration // of one mail (C6)
	GiveUp    time.Duration // since the first attempt at a job: what fails after that is held
	SizeLimit int64         // of a message, in bytes
	Refusals  Refusals
	Receipts  Receipts
	Browser   Browser
	Trust     Trust
	People    []*Person // in the order of the file
	Apps      []*App    // in the order of the file
	Rules     []*Rule   // in the order of the file, which is that of trying

	registered bool // People holds those who have registered, too
}

// Defaults of the settings that may be left out.
const (
	DefaultDeadline  = 4 * time.Minute
	MaxDeadline      = 15 * time.Minute
	DefaultGiveUp    = 72 * time.Hour // Exim gives up after 4 days, Postfix after 5, qmail after 7
	DefaultSizeLimit = 50 << 20
	DefaultSendmail  = "/usr/sbin/sendmail"
)

// Refusals is how a proven sender learns of a refusal: one way, never both
// (C20).
type Refusals string

// The ways to refuse.
const (
	ByBounce Refusals = "bounce" // the exit code makes the mail server say it
	ByMail   Refusals = "mail"   // a mail of our own, exit 0
)

// Receipts says from whom and by what way receipts and notices go out. Exactly
// one of Sendmail, SMTP and Maildir is set.
type Receipts struct {
	From     string
	Sendmail string // path of a program that takes -i -f and recipients
	SMTP     string // host:port
	Maildir  string // directory as written; see Settings.Path
}

// Browser says which Chromium to run, or where one is that runs elsewhere.
type Browser struct {
	URL     string // of one elsewhere, without a secret; "": none, or URLKey
	URLKey  Source // the same, where it has a secret in it
	Path    string // as written, "" to look for one
	Sandbox bool
	Most    int // at once on this host; 0 for what the host has room for
}

// Trust says what counts as proof of a sender, and what happens without.
type Trust struct {
	AuthservID string // of our own mail server (RFC 8601 §2.5); "": no Authentication-Results is believed
	ReceivedBy string // its name in its Received fields; "": no login in them is believed
	Unproven   Action // Hold, Drop or Reject (C17)
}

// Person is somebody who may post.
type Person struct {
	Name      string
	Addresses []string      // domains as lower-case A-labels
	Logins    []string      // SASL logins
	Accept    []auth.Method // proofs that count; empty means all
	Secret    Source        // the key of the address secrets; unset if there is none
	Key       string        // the same, of a person who has registered; "" otherwise
}

// App is one web site and how to post there as one account.
type App struct {
	Name     string
	Flow     string         // file as written; see Settings.Path
	FlowAt   strictyaml.Pos // where it is written
	URL      string
	Account  string
	Password Source
	Pace     Pace
	With     map[string]string // the flow's own parameters
	// Fields are what a mail may set by a line `key: value`.
	Fields []Field
	// PriceFormat is one of PriceFormats, "" for the first.
	PriceFormat string
	// NotCleaned are the CleanRules that are switched off.
	NotCleaned []string
	// KeepSession: the login of one post is tried for the next.
	KeepSession bool
	// NoImages: the browser loads no picture of the site's.
	NoImages bool

	places map[string]strictyaml.Pos // of the keys of With, and of the app's own name as ""
}

// Place gives where the app's settings speak of a parameter; of one that they
// leave out, where the app stands.
func (a *App) Place(parameter string) strictyaml.Pos {
	if place, given := a.places[parameter]; given {
		return place
	}
	return a.places[""]
}

// Pace is how often an app's account may publish; a zero field sets no limit.
type Pace struct {
	Every     time.Duration // the least time between two ads
	PerDay    int           // the most ads in 24 hours
	SameTitle time.Duration // the least time between two ads of one title
}

// Source says where a secret is kept; at most one field is set. It is only
// data: filter resolves none (C29).
type Source struct {
	File    string   // as written; see Settings.Path
	Env     string   // name of an environment variable
	Command []string // program and arguments, no shell
}

// IsSet tells whether there is a source at all.
func (s Source) IsSet() bool { return s.File != "" || s.Env != "" || len(s.Command) > 0 }

// Rule is one rule. It matches if all its conditions hold.
type Rule struct {
	Name   string
	Line   int // in the settings file
	Action Action

	Reason  string   // Reject: the public reason, a whole sentence
	Maildir string   // Keep: directory as written, "" if Command is set; see Settings.Path
	Command []string // Keep: program and arguments, no shell
	To      []string // Forward: addresses
	Person  string   // Post: the person, "" if the recipient names one
	App     string   // Post: the app, "" if the recipient names one
	First   Action   // Post: Hold if a person's first post waits for the owner's word, else Undecided
	Invite  []string // Register: addresses, and @domains, that may register

	conditions []condition
}

// Path gives a path of the settings as one that can be opened: `~/` is Home, and
// a relative path is relative to the settings file. "" stays "". Where there is
// no Home, the path is one below which nothing can be: better no file than one
// somewhere else.
func (s *Settings) Path(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home := s.Home
		if home == "" {
			home = "/dev/null"
		}
		return filepath.Join(home, rest)
	}
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(s.File), path)
}

// Person gives the person of that name, nil if there is none.
func (s *Settings) Person(name string) *Person {
	for _, p := range s.People {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// App gives the app of that name, nil if there is none.
func (s *Settings) App(name string) *App {
	for _, a := range s.Apps {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// PersonNames gives the names of all people.
func (s *Settings) PersonNames() []string {
	names := make([]string, len(s.People))
	for i, p := range s.People {
		names[i] = p.Name
	}
	return names
}

func (s *Settings) appNames() []string {
	names := make([]string, len(s.Apps))
	for i, a := range s.Apps {
		names[i] = a.Name
	}
	return names
}

// AuthRequest asks who sent m. The undecided verdict v says whom the recipient
// address names (C16). secret makes of a person's source the function that
// resolves it; it is asked only for people who have one. The caller adds what
// is not filter's to know: the DNS and the time.
func (s *Settings) AuthRequest(m *Message, e Envelope, v Verdict, secret func(Source) func() (string, error)) auth.Request {
	author, err := m.Author()
	if err != nil {
		author = ""
	}
	request := auth.Request{
		Fields:     m.Fields(),
		From:       author,
		SASLLogin:  e.SASLLogin,
		Extension:  v.Extension,
		Claimed:    v.Person,
		ClaimedApp: v.App,
		Recipient:  v.Recipient,
		AuthservID: s.Trust.AuthservID,
		ReceivedBy: s.Trust.ReceivedBy,
		Untraced:   e.Untraced,
	}
	if m.HasBody() {
		request.Message = m.Reader
	}
	for _, p := range s.People {
		person := auth.Person{Name: p.Name, Addresses: p.Addresses, Logins: p.Logins, Accept: p.Accept}
		switch {
		case p.Key != "":
			person.Secret = func() (string, error) { return p.Key, nil }
		case p.Secret.IsSet():
			person.Secret = secret(p.Secret)
		}
		request.People = append(request.People, person)
	}
	return request
}
