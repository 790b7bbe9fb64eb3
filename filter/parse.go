package filter

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"mailapp/filter/auth"
	"mailapp/filter/strictyaml"
)

// ParseSettings reads and checks a rules.yaml; messages call it name, and its
// relative paths are relative to name's folder. The error is
// [strictyaml.Mistakes], every mistake at once.
func ParseSettings(name string, data []byte) (*Settings, error) {
	doc := strictyaml.Parse(name, data)
	if err := doc.Err(); err != nil && !doc.Root().IsSet() {
		return nil, err // not YAML: nothing more can be said
	}
	p := parser{s: &Settings{File: name}}
	p.settings(doc.Root())
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return p.s, nil
}

// parser fills settings; mistakes gather in the document.
type parser struct{ s *Settings }

func (p *parser) settings(root strictyaml.Node) {
	top := mapping(root, root, theSettings)
	if top["owner"].IsSet() {
		p.s.Owner = address(top["owner"])
	}
	p.s.MTA = oneOf(top["mta"], "mta", anMTA, "")
	p.s.State = top["state"].Text()
	p.ledger(top["ledger"], top["ledger-password"])
	p.s.AllowRoot = top["allow-root"].Bool()
	p.s.Refusals = Refusals(oneOf(top["refusals"], "way to refuse", aRefusal, string(ByBounce)))
	p.limits(top["deadline"], top["size-limit"])
	p.giveUp(top["give-up"])
	p.receipts(top["receipts"])
	p.browser(top["browser"])
	p.trust(top["trust"])
	p.people(top["people"])
	p.apps(top["apps"])
	p.rules(top["rules"])
	p.checkAnswers(root, top["receipts"])
}

// ledger reads where PostgreSQL is. No mistake quotes the URL, which may hold the
// password that it must not.
func (p *parser) ledger(place, password strictyaml.Node) {
	p.s.Ledger, p.s.LedgerKey = place.Text(), source(password.In("ledger-password"))
	if password.IsSet() && !place.IsSet() {
		password.Mistake("there is no ledger: that it would be the password for")
	}
	if !place.IsText() {
		return
	}
	u, err := url.Parse(p.s.Ledger)
	switch {
	case err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || len(u.Path) < 2:
		place.Mistake("here belongs the URL of a PostgreSQL database, such as postgres://mailapp@db.example.org/mailapp")
	case hasPassword(u):
		place.Mistake("a password is not written into this file; give it by ledger-password: {file: …}")
	}
}

func hasPassword(u *url.URL) bool {
	_, given := u.User.Password()
	return given || u.Query().Has("password")
}

func (p *parser) limits(deadline, size strictyaml.Node) {
	p.s.Deadline, p.s.SizeLimit = DefaultDeadline, DefaultSizeLimit
	if deadline.IsSet() {
		if p.s.Deadline = deadline.Duration(); p.s.Deadline > MaxDeadline {
			deadline.Mistake("the deadline is over %s, beyond which mail servers bounce", "15m")
		}
	}
	if size.IsSet() {
		if p.s.SizeLimit = size.Size(); p.s.SizeLimit == 0 && size.Text() == "0" {
			size.Mistake("a size limit of 0 lets no mail in")
		}
	}
}

func (p *parser) receipts(n strictyaml.Node) {
	n = n.In("receipts")
	keys := mapping(n, n, theReceipts)
	r := &p.s.Receipts
	r.From = p.s.Owner
	if keys["from"].IsSet() {
		r.From = address(keys["from"])
	}
	r.Sendmail, r.SMTP, r.Maildir = keys["sendmail"].Text(), keys["smtp"].Text(), keys["maildir"].Text()
	switch ways := countSet(keys["sendmail"], keys["smtp"], keys["maildir"]); {
	case ways == 0:
		r.Sendmail = DefaultSendmail
	case ways > 1:
		n.Mistake("only one of sendmail, smtp and maildir can send a receipt")
	}
	if keys["smtp"].IsText() {
		host, port, err := net.SplitHostPort(r.SMTP)
		if number, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || host == "" || number == 0 {
			keys["smtp"].Mistake("here belongs a host and its port such as localhost:25, not %q", r.SMTP)
		}
	}
}

func countSet(nodes ...strictyaml.Node) int {
	n := 0
	for _, node := range nodes {
		if node.IsSet() {
			n++
		}
	}
	return n
}

func (p *parser) browser(n strictyaml.Node) {
	n = n.In("browser")
	p.s.Browser.Sandbox = true
	if n.IsText() {
		p.entrance(n)
		return
	}
	keys := mapping(n, n, theBrowser)
	if keys["url"].IsSet() {
		p.entrance(keys["url"])
	}
	if keys["url"].IsSet() && countSet(keys["path"], keys["sandbox"]) > 0 {
		n.Mistake("url is of a browser elsewhere, and path and sandbox of one on this host: only one of them can be run")
	}
	p.s.Browser.Path = keys["path"].Text()
	if keys["sandbox"].IsSet() {
		p.s.Browser.Sandbox = keys["sandbox"].Bool()
	}
	if most := keys["most"]; most.IsText() {
		n, err := strconv.Atoi(most.Text())
		if err != nil || n < 1 || n > maxBrowsers {
			most.Mistake("here belongs a number of browsers from 1 to %d, not %q", maxBrowsers, most.Text())
		}
		p.s.Browser.Most = n
	}
}

// entrance reads where a browser elsewhere is. No mistake quotes the URL, which may
// hold the secret that it must not.
func (p *parser) entrance(n strictyaml.Node) {
	if !n.IsText() {
		p.s.Browser.URLKey = source(n.In("url"))
		return
	}
	p.s.Browser.URL = n.Text()
	u, err := url.Parse(p.s.Browser.URL)
	switch {
	case err != nil || u.Hostname() == "" || !slices.Contains([]string{"ws", "wss", "http", "https"}, u.Scheme):
		n.Mistake("here belongs the address of a browser elsewhere, such as ws://chrome.example.org:3000 or http://192.0.2.7:9222")
	case hasToken(u):
		n.Mistake("a token is not written into this file; give the whole address by browser: {url: {file: …}}")
	}
}

// hasToken tells whether an address seems to hold a secret.
func hasToken(u *url.URL) bool {
	if u.User != nil {
		return true
	}
	for name := range u.Query() {
		if secretName.MatchString(name) {
			return true
		}
	}
	return false
}

var secretName = worded(`(?i)token|key|secret|pass|auth`)

// maxBrowsers is more than any host has memory for.
const maxBrowsers = 1000

func (p *parser) trust(n strictyaml.Node) {
	n = n.In("trust")
	keys := mapping(n, n, theTrust)
	p.s.Trust.AuthservID = keys["authserv-id"].Text()
	if strings.ContainsFunc(p.s.Trust.AuthservID, func(r rune) bool { return r <= ' ' || r == 0x7f || r == ';' }) {
		keys["authserv-id"].Mistake("an authserv-id is one word, as it stands first in our Authentication-Results")
	}
	if host := keys["received-by"]; host.IsText() {
		var err error
		if p.s.Trust.ReceivedBy, err = normalDomain(host.Text()); err != nil {
			host.Mistake("here belongs a host such as mx.example.org, not %q", host.Text())
		}
	}
	p.s.Trust.Unproven = Action(oneOf(keys["unproven"], "treatment of unproven mail", unproven, string(Hold)))
}

// ownName is a name of a person or app: fit for addresses, and without
// underscore, which then can stand between the two.
var ownName = worded(`^[a-z0-9][a-z0-9.-]*$`)

// maxName is the longest name, in bytes: a local part has 64 (RFC 5321
// §4.5.3.1.1).
const maxName = 60

func checkName(e strictyaml.Entry, what string) {
	if !ownName.MatchString(e.Key) || len(e.Key) > maxName {
		e.Name.Mistake("the name of %s is made of a-z, 0-9, . and -, and begins with a letter or digit; %q is not", what, e.Key)
	}
}

func (p *parser) people(n strictyaml.Node) {
	owners := map[string]string{}
	for _, e := range n.Entries() {
		checkName(e, "a person")
		p.s.People = append(p.s.People, p.person(e, owners))
	}
}

func (p *parser) person(e strictyaml.Entry, owners map[string]string) *Person {
	keys := ofName(e, "person", aPerson)
	who := &Person{Name: e.Key, Logins: keys["logins"].Texts(), Secret: source(keys["secret"])}
	for _, item := range keys["addresses"].List() {
		a := address(item)
		claim(item, owners, "address", a, e.Key)
		who.Addresses = append(who.Addresses, a)
	}
	for _, item := range keys["logins"].List() {
		claim(item, owners, "login", item.Text(), e.Key)
	}
	for _, item := range keys["accept"].List() {
		who.Accept = append(who.Accept, auth.Method(oneOf(item, "proof", aProof, "")))
	}
	checkSecretUse(keys["accept"], keys["secret"], who)
	return who
}

// ofName reads a mapping that has a name, such as a person.
func ofName(e strictyaml.Entry, what string, s shape) map[string]strictyaml.Node {
	return mapping(e.Value.In("%s %q", what, e.Key), e.Name.In("%s %q", what, e.Key), s)
}

// mistakeAt notes a mistake at n, or at the key where no value is written.
func mistakeAt(n, key strictyaml.Node, format string, args ...any) {
	if !n.IsSet() {
		n = key
	}
	n.Mistake(format, args...)
}

// claim notes an address or login that an earlier person has.
func claim(n strictyaml.Node, owners map[string]string, what, text, person string) {
	key := what + " " + asciiLower(text)
	if first, taken := owners[key]; taken && text != "" {
		n.Mistake("the %s %q is given to %s already", what, text, first)
		return
	}
	owners[key] = person
}

func checkSecretUse(accept, secret strictyaml.Node, who *Person) {
	accepts := slices.Contains(who.Accept, auth.AddressSecret)
	switch {
	case accepts && !secret.IsSet():
		accept.Mistake("address-secret is accepted, but there is no secret")
	case secret.IsSet() && accept.IsSet() && !accepts:
		secret.Mistake("the secret is of no use, because accept does not list address-secret")
	}
}

func (p *parser) apps(n strictyaml.Node) {
	for _, e := range n.Entries() {
		checkName(e, "an app")
		p.s.Apps = append(p.s.Apps, p.app(e))
	}
}

func (p *parser) app(e strictyaml.Entry) *App {
	keys := ofName(e, "app", anApp)
	a := &App{
		Name:        e.Key,
		Flow:        keys["flow"].Text(),
		FlowAt:      keys["flow"].Pos(),
		URL:         keys["url"].Text(),
		Account:     keys["account"].Text(),
		Password:    source(keys["password"]),
		Pace:        pace(keys["pace"]),
		With:        map[string]string{},
		KeepSession: keys["keep-session"].Bool(),
		NoImages:    keys["images"].IsSet() && !keys["images"].Bool(),
		places:      map[string]strictyaml.Pos{"": e.Name.Pos()},
	}
	a.parameters(keys["with"])
	a.fields(keys["fields"])
	a.PriceFormat = oneOf(keys["price-format"], "way to write prices", aPriceFormat, "")
	a.cleaning(keys["clean"])
	if keys["url"].IsText() {
		u, err := url.Parse(a.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
			keys["url"].Mistake("here belongs an address such as https://www.example.org, not %q", a.URL)
		}
	}
	return a
}

// reserved are the placeholders of a flow that the mail and the app itself fill.
var reserved = []string{fieldTitle, fieldBody, fieldHTML, fieldPrice, "photos", "account", "password", "site"}

var parameterName = worded(`^[a-z][a-z0-9_-]*$`)

func (a *App) parameters(n strictyaml.Node) {
	for _, e := range n.Entries() {
		switch {
		case !parameterName.MatchString(e.Key):
			e.Name.Mistake("the name of a parameter is made of a-z, 0-9, - and _, and begins with a letter; %q is not", e.Key)
		case slices.Contains(reserved, e.Key):
			e.Name.Mistake("%q is filled by the mail or the app itself and cannot be a parameter", e.Key)
		}
		a.With[e.Key], a.places[e.Key] = e.Value.Text(), e.Name.Pos()
	}
}

// source reads where a secret is kept.
func source(n strictyaml.Node) Source {
	if n.IsText() || n.IsList() {
		n.Mistake("a secret is not written into this file; give one of file, env or command")
		return Source{}
	}
	keys := mapping(n, n, aSecret)
	if n.IsMapping() && countSet(keys["file"], keys["env"], keys["command"]) != 1 {
		n.Mistake("here belongs exactly one of file, env and command")
	}
	return Source{File: keys["file"].Text(), Env: keys["env"].Text(), Command: command(keys["command"])}
}

// command reads a program with its arguments: a text, split at blanks, or a
// list. No shell will see it.
func command(n strictyaml.Node) []string {
	words := n.Texts()
	if n.IsText() {
		words = strings.Fields(n.Text())
	}
	if n.IsSet() && (len(words) == 0 || words[0] == "") {
		n.Mistake("the command is empty")
	}
	return words
}

// address reads one mail address.
func address(n strictyaml.Node) string {
	text := n.Text()
	normal, err := normalAddress(text)
	if err != nil && n.IsText() {
		n.Mistake("here belongs a mail address such as fred@example.org, not %q", text)
	}
	return normal
}

// line reads a text of one line that people will read.
func line(n strictyaml.Node, most int) string {
	text := n.Text()
	switch {
	case !n.IsText():
	case strings.TrimSpace(text) == "":
		n.Mistake("this text is empty")
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || isIgnorable(r) }):
		n.Mistake("this text must be one line, without control characters")
	case len(text) > most:
		n.Mistake("this text is longer than %d bytes", most)
	}
	return text
}

// asciiLower folds ASCII letters only: under Unicode folding strangers'
// addresses would become equal.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
