package cmd

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"mailapp/filter"
	"mailapp/filter/auth"
	"mailapp/filter/strictyaml"
	"mailapp/poster"
	"mailapp/poster/browser"
	"mailapp/poster/flow"
	"mailapp/poster/ledger"
)

// observe is told of every transition of the ledger; the crash test sets it.
var observe func(to ledger.State, done bool)

// adapt may change the poster before its first job; tests of the protocol put a
// scripted site into it.
var adapt = func(*poster.Poster) {}

// lookupTXT asks the DNS, by the system's resolver; tests set it.
var lookupTXT = net.DefaultResolver.LookupTXT

// proofRequest asks who sent a mail. asked is what the rules make of it before
// that is known.
func proofRequest(ctx context.Context, s *filter.Settings, m *filter.Message, e filter.Envelope, asked filter.Verdict) auth.Request {
	request := s.AuthRequest(m, e, asked, secretsFor(ctx, s))
	request.LookupTXT, request.Now = lookupTXT, time.Now()
	return request
}

// withPeople adds those who have registered.
func withPeople(s *filter.Settings, people []ledger.Person) *filter.Settings {
	registered := make([]*filter.Person, len(people))
	for i, p := range people {
		registered[i] = &filter.Person{Name: p.Name, Addresses: []string{p.Address}, Key: p.Key}
	}
	return s.WithRegistered(registered)
}

// job carries what filter has decided over to what poster needs.
func (m *mail) job(ctx context.Context) (poster.Job, error) {
	entry, err := m.entry(m.evidence.Address)
	if err != nil {
		return poster.Job{}, err
	}
	content, err := m.message.Content()
	if err != nil {
		return poster.Job{}, err
	}
	app := m.settings.App(m.verdict.App)
	photos, broken, err := m.publishable(content.Photos)
	if err != nil {
		return poster.Job{}, err
	}
	title := m.verdict.Fields["title"]
	entry.Account, entry.Title = accountOf(app), poster.Fold(title)
	job := poster.Job{
		Job: entry, Title: title, Site: app.URL, Pace: ledger.Pace(app.Pace),
		LeftOut:      append(leftOut(content, m.verdict), broken...),
		MailRefusals: m.settings.Refusals == filter.ByMail, Retry: m.retry, Patient: m.unbounced,
		Work: func(ctx context.Context, app string) (poster.Work, error) { return m.work(ctx, app, photos) },
	}
	stands, err := poster.Standing(ctx, m.ledger, job)
	if err == nil && job.Unpublished(stands) {
		err = m.checkUnpublished(photos, broken)
	}
	if err != nil {
		return poster.Job{}, err
	}
	m.report.ID = stands.ID()
	m.tell(event{Partial: m.report})
	return job, nil
}

// accountOf names an account at a site: apps that publish as the same one, in
// several categories for instance, share its pace.
func accountOf(app *filter.App) string {
	site := app.URL
	if u, err := url.Parse(app.URL); err == nil {
		site = strings.ToLower(u.Host)
	}
	return strings.TrimSpace(site + " " + app.Account)
}

// checkUnpublished finds fault with the fields and photos of a mail that is still
// to be published. No other need pass: its click may have happened, and the flow may
// ask for more since.
func (m *mail) checkUnpublished(photos []flow.Photo, broken []string) error {
	app := m.settings.App(m.verdict.App)
	f, err := loadFlow(m.settings, app)
	if err != nil {
		return nil // work says why
	}
	return cmp.Or(checkFields(f, app, m.verdict.Fields), checkPhotos(f, len(photos), broken))
}

// leftOut says what of the mail is not in the ad, a line each.
func leftOut(content *filter.Content, v filter.Verdict) []string {
	var lines []string
	for _, cut := range v.Cut {
		lines = append(lines, cut.Rule+": "+oneLine(cut.Text, 200))
	}
	for _, left := range content.LeftOut[:min(len(content.LeftOut), mostLeftOut)] {
		lines = append(lines, v.WithoutSecret(left))
	}
	if more := len(content.LeftOut) - mostLeftOut; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more files", more))
	}
	return lines
}

// mostLeftOut is how many files that were left out a receipt names.
const mostLeftOut = 50

// checkPhotos tells the sender that the flow needs more photos than there are.
func checkPhotos(f *flow.Flow, photos int, broken []string) error {
	if photos < f.Photos.Least {
		return unpostable{flow.TooFewPhotos(f.Photos.Least, photos, broken)}
	}
	return nil
}

// work gives what the flow of an app runs on: the flow itself, fields, photos,
// password.
func (m *mail) work(ctx context.Context, name string, photos []flow.Photo) (w poster.Work, err error) {
	app := m.settings.App(name)
	if app == nil {
		return w, fmt.Errorf("app %q, which the mail was for, is not in the rules any more", name)
	}
	if w.Flow, err = loadFlow(m.settings, app); err != nil {
		return w, err
	}
	w.Photos, w.NoImages = photos, app.NoImages
	w.Values, w.Secrets = flowValues(w.Flow, app, m.verdict.Fields), map[string]string{}
	w.Session = openSession(m.settings, m.state, app, m.report.note)
	if app.Password.IsSet() {
		w.Secrets["password"], err = readSecret(ctx, m.settings, app.Password)
	}
	return w, err
}

// entry is what the ledger keeps of this mail. sender is the proven one. Where
// there is none, the whole mail counts for its key: a stranger's copy of a
// Message-ID must not pass for the mail that has it.
func (m *mail) entry(sender string) (ledger.Job, error) {
	id, who := m.message.MessageID(), sender
	if m.evidence.Signature != "" {
		id = m.evidence.Signature
	}
	if id == "" || sender == "" {
		digest, err := m.message.Digest()
		if err != nil {
			return ledger.Job{}, err
		}
		id += " digest:" + hex.EncodeToString(digest)
	}
	if sender == "" {
		sender = "unproven:" + m.claimed()
	}
	return ledger.Job{
		Key:  poster.Key(m.verdict.Rule, m.recipient(), who, id),
		Mail: poster.Key("", strings.ToLower(m.Recipient), who, id), // no rule, which may read the recipient in its own way
		Rule: m.verdict.Rule, App: m.verdict.App, Person: m.evidence.Person,
		Sender: sender, Recipient: withoutSecret(m.Envelope),
		MessageID: m.message.MessageID(), References: m.message.Get("References"), Subject: m.verdict.WithoutSecret(withoutCode(oneLine(m.message.Subject(), 300))),
	}, nil
}

// claimed is the sender that the mail names and nothing proves, for people: that
// of the envelope, or, where nobody handed one over, what stands in From.
func (m *mail) claimed() string {
	switch author, err := m.message.Author(); {
	case m.Envelope.Sender != "":
		return oneLine(m.Envelope.Sender, 300)
	case m.SenderKnown:
		return "<>"
	case err == nil:
		return author
	}
	return cmp.Or(oneLine(m.message.Get("From"), 300), "nobody")
}

// recipient is the envelope recipient as the rule that matched took it: an
// extension that names nobody, and the case of letters, make no other job.
func (m *mail) recipient() string {
	if m.verdict.Recipient != "" {
		return m.verdict.Recipient
	}
	return m.Recipient
}

// loadFlow reads the app's flow and checks it against what the app fills in.
func loadFlow(s *filter.Settings, app *filter.App) (*flow.Flow, error) {
	path := s.Path(app.Flow)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, noFlow(s, app, err)
	}
	f, err := flow.Parse(path, data)
	if err == nil {
		err = checkSession(s, app, f)
	}
	var known, secrets []string
	for name := range flowValues(f, app, nil) {
		known = append(known, name)
	}
	if app.Password.IsSet() {
		secrets = append(secrets, "password")
	}
	if err := errors.Join(checkSettings(s, app, f), err, f.Check(known, secrets...), f.CheckApp()); err != nil {
		return nil, err
	}
	return f, nil
}

// noFlow is the mistake of rules that name a flow which cannot be read.
func noFlow(s *filter.Settings, app *filter.App, err error) error {
	text := fmt.Sprintf("app %q: the flow cannot be read: %v", app.Name, err)
	if errors.Is(err, fs.ErrNotExist) {
		text = fmt.Sprintf("app %q: there is no file %s", app.Name, s.Path(app.Flow))
	}
	return strictyaml.Mistakes{{File: s.File, Pos: app.FlowAt, Text: text}}
}

// newBrowser readies the browser that the settings ask for, which is not started
// yet. The address of one elsewhere is fetched if it is a secret.
func newBrowser(ctx context.Context, s *filter.Settings, state stateDir) (*browser.Browser, error) {
	remote, err := findBrowser(ctx, s)
	if err != nil {
		return nil, err
	}
	most := s.Browser.Most
	if most == 0 {
		most = max(browser.Room(), leastBrowsers)
	}
	return &browser.Browser{
		Remote: remote, Path: s.Path(s.Browser.Path), NoSandbox: !s.Browser.Sandbox,
		Dir: state.run(), Most: most, Slots: state.slots(),
	}, nil
}

// findBrowser gives the address of a browser elsewhere; "" if there is none.
func findBrowser(ctx context.Context, s *filter.Settings) (string, error) {
	if !s.Browser.URLKey.IsSet() {
		return s.Browser.URL, nil
	}
	address, err := readSecret(ctx, s, s.Browser.URLKey)
	if err != nil {
		return "", fmt.Errorf("browser: url: %w", err)
	}
	return address, nil
}

// browserObstacle is what would keep a browser from being run now.
func browserObstacle(ctx context.Context, s *filter.Settings) error {
	remote, err := findBrowser(ctx, s)
	switch {
	case err != nil:
	case remote != "":
		err = browser.Reach(ctx, remote)
	default:
		_, err = browser.Find(s.Path(s.Browser.Path))
	}
	return err
}

// leastBrowsers may run at once everywhere unless the settings say otherwise: the
// one that a batch keeps for long must not keep a mail server's mails waiting.
const leastBrowsers = 2

// ahead starts the browser while the rest of the mail is read, where as far as
// the ledger knows nothing keeps the job from being done now. When end returns
// nothing is left of it.
func (m *mail) ahead(ctx context.Context, p *poster.Poster) (end func()) {
	b, alone := p.Site.(*browser.Browser)
	alone = alone && b.Remote == ""
	paced := m.settings.App(m.verdict.App).Pace != filter.Pace{}
	if !alone || paced || m.retry != "" || m.verdict.RuleDef.First == filter.Hold {
		return func() {}
	}
	entry, err := m.entry(m.evidence.Address)
	if err != nil {
		return func() {} // the job finds that out, too
	}
	if found, err := poster.Standing(ctx, m.ledger, poster.Job{Job: entry}); err != nil || found.State != ledger.None {
		return func() {}
	}
	gone := b.Ahead(ctx)
	return func() { m.report.note(gone()) }
}

// poster readies a browser, which is not started yet.
func (m *mail) poster(ctx context.Context) (*poster.Poster, error) {
	if err := errors.Join(browser.Sweep(m.state.run()), m.state.sweep()); err != nil {
		return nil, err
	}
	b, err := newBrowser(ctx, m.settings, m.state)
	if err != nil {
		return nil, err
	}
	p := &poster.Poster{
		Ledger: m.ledger,
		Site:   m.shop.site(b),
		Send:   sendBy(m.settings), From: receiptFrom(m.settings),
		Progress: func(e flow.Event) { m.say("page", "%s", e.Text) },
		GiveUp:   m.settings.GiveUp,
	}
	adapt(p)
	return p, nil
}
