package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mailapp/poster/flow"
)

// locker keeps sessions as a caller does.
type locker struct {
	saved   []byte
	kept    int
	forgets int
}

func (l *locker) open() *flow.Session {
	return &flow.Session{
		Saved:  l.saved,
		Keep:   func(s []byte) { l.saved, l.kept = s, l.kept+1 },
		Forget: func() { l.saved, l.forgets = nil, l.forgets+1 },
	}
}

// C28: a saved login is used as long as the site takes it, and one that cannot
// be used costs a login and no more.
func TestSession(t *testing.T) {
	chromium(t)
	t.Parallel()
	s, _ := fairground(t, "")
	logins := &counter{}
	srv := httptest.NewServer(logins.wrap(s))
	t.Cleanup(srv.Close)
	task := fairgroundTask(t, srv.URL)
	b := &Browser{Dir: t.TempDir()}
	var l locker
	ads := 0
	post := func(what string, wantLogins int) flow.Result {
		t.Helper()
		before := logins.count("POST /login")
		task.Session = l.open()
		r, err := b.Run(t.Context(), task)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := logins.count("POST /login") - before; got != wantLogins {
			t.Errorf("%s: %d logins, want %d", what, got, wantLogins)
		}
		if ads++; len(s.Ads()) != ads {
			t.Errorf("%s: %d ads, want %d", what, len(s.Ads()), ads)
		}
		return r
	}
	post("the first", 1)
	r := post("with a session", 0)
	if note := fmt.Sprint(r.Trace); !strings.Contains(note, "not needed") {
		t.Errorf("the trace does not tell: %s", note)
	}
	var saved session
	if err := json.Unmarshal(l.saved, &saved); err != nil || len(saved.Cookies) != 1 || l.kept != 2 {
		t.Fatalf("kept %d times, the last %s: %v", l.kept, l.saved, err)
	}
	token := saved.Cookies[0].Value
	l.saved = []byte(strings.Replace(string(l.saved), token, "ended"+token, 1))
	post("expired", 1)
	l.saved = []byte(`{"cookies": [null, {"name": "a\u0000b", "value": "\r\n", "domain": "127.0.0.1"}, {}]}`)
	post("hostile", 1)
	if l.forgets > 0 {
		t.Errorf("forgotten %d times, although nothing failed", l.forgets)
	}
}

// stale is a site that shows an error to whoever brings a cookie that it does
// not know, and counts who comes with one.
type stale struct{ counter }

func (s *stale) site(t *testing.T) *httptest.Server {
	show := func(text string) page {
		return page{handle: func(w http.ResponseWriter, r *http.Request) {
			if c, err := r.Cookie("sid"); err == nil && c.Value == strings.Repeat("stale", 4) {
				fmt.Fprintf(w, "<!DOCTYPE html><p class=err>No session %s</p><button onclick='location=\"/done\"'>Publish</button>", c.Value)
				return
			}
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: strings.Repeat("fresh", 4), HttpOnly: true, MaxAge: 1000})
			http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes", Path: "/only"})
			fmt.Fprint(w, "<!DOCTYPE html>", text)
		}}
	}
	debug := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<!DOCTYPE html><p class=err>No session %s</p>", r.Header.Get("Cookie"))
	}
	srv := httptest.NewServer(s.wrap(siteHandler(map[string]page{
		"/debug": {handle: debug},
		"/":      show("<p>Welcome</p><button onclick='location=\"/done\"'>Publish</button>"), "/done": show("<p>Done</p>"),
	})))
	t.Cleanup(srv.Close)
	return srv
}

// A session that leads into failure is forgotten, and the run begun anew without
// it, unless it had committed to publishing (C26). It is in nothing that is left
// of the run (C29).
func TestSessionIsGivenUp(t *testing.T) {
	chromium(t)
	t.Parallel()
	var s stale
	srv := s.site(t)
	const saved = `{"cookies": [{"name": "sid", "value": "stalestalestalestale", "domain": "127.0.0.1", "path": "/", "httpOnly": true}]}`
	const (
		publish = "- publish: Publish\n- expect: Done"
		welcome = "- expect: Welcome\n" + publish
		owner   = "fails-when:\n  - {see: css/.err, fault: owner}\n"
		sender  = "fails-when:\n  - {see: css/.err, fault: sender}\n"
	)
	for _, tt := range []givenUp{
		{"not kept yet", owner, "- open: '{{site}}/debug'\n" + welcome, "{}", 0, 0, 1, 0, 0, "owner"},
		{"begun anew", owner, welcome, saved, 0, 1, 2, 1, 1, ""},
		{"committed", "", publish, saved, 0, 1, 1, 1, 0, "owner"},
		{"refused", sender, welcome, saved, 0, 0, 1, 0, 0, "sender"},
		{"no time", "", welcome, saved, 3 * time.Second, 0, 1, 1, 0, "owner or site"},
	} {
		l := locker{saved: []byte(tt.saved)}
		commits, before := 0, s.count("GET /")
		ctx, cancel := t.Context(), context.CancelFunc(func() {})
		if tt.limit > 0 {
			ctx, cancel = context.WithTimeout(ctx, tt.limit)
		}
		r, f := trial{limit: "1500ms", head: tt.head, steps: tt.steps, commit: func(context.Context) error { commits++; return nil },
			change: func(task *flow.Task) { task.Session = l.open() }}.run(t, ctx, srv.URL)
		cancel()
		if opened := s.count("GET /") - before; commits != tt.commits || opened != tt.opened || l.forgets != tt.forgets || l.kept != tt.kept {
			t.Errorf("%s: %d commits, opened %d times, forgotten %d, kept %d times", tt.name, commits, opened, l.forgets, l.kept)
		}
		tt.check(t, l, r, f)
	}
}

// givenUp is a run with a session that is of no use.
type givenUp struct {
	name, head, steps string
	saved             string
	limit             time.Duration // of the whole; 0: none
	commits, opened   int           // opened: how often the first page was
	forgets, kept     int
	faults            string // one of them; "": it ends well
}

// check sees how it ended, and that no session is in what is left of it.
func (g givenUp) check(t *testing.T, l locker, r flow.Result, f *flow.Failure) {
	t.Helper()
	left := fmt.Sprint(r)
	if f != nil {
		left += fmt.Sprint(f, f.Said, string(f.DOM), f.Trace)
	}
	for _, secret := range []string{"stalestale", "freshfresh"} {
		if strings.Contains(left, secret) {
			t.Errorf("%s: the session is in %s", g.name, left)
		}
	}
	switch {
	case (f == nil) != (g.faults == ""):
		t.Errorf("%s: got %v, want %q", g.name, f, g.faults)
	case f != nil && !strings.Contains(g.faults, string(f.Fault)):
		t.Errorf("%s: by fault of %s: %v", g.name, f.Fault, f)
	case f != nil && !strings.Contains(f.Said+string(f.DOM), blotted):
		t.Errorf("%s: the page shows no session, so this proves nothing: %s", g.name, f.DOM)
	case f == nil && (len(r.Trace) == 0 || !strings.Contains(r.Trace[0].Note, "forgotten, and begun without it, because step ")):
		t.Errorf("%s: the trace does not tell: %v", g.name, r.Trace)
	case f == nil && (!strings.Contains(string(l.saved), "freshfresh") || !strings.Contains(string(l.saved), `"path":"/only"`)):
		t.Errorf("%s: kept %s", g.name, l.saved)
	}
}

// A login that is in the storage of the site's pages is there before its first
// script asks for it, is kept with what has become of it, and is in nothing else.
func TestSessionInStorage(t *testing.T) {
	chromium(t)
	t.Parallel()
	const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP"
	var c counter
	srv := httptest.NewServer(c.wrap(siteHandler(map[string]page{
		"/": {html: `<script>n = +localStorage.n || 0; localStorage.n = n + 1</script><p id=who></p><p id=t></p><button onclick="localStorage.auth = JSON.stringify({token: '` + token[:9] + `' + '` + token[9:] + `'}); location.reload()">Log in</button>
			<script>const a = JSON.parse(localStorage.auth || 'null'); who.textContent = a ? 'Log out' : 'nobody'; t.textContent = a ? a.token + ' ' + n : ''</script>`},
	})))
	t.Cleanup(srv.Close)
	var l locker
	tr := trial{limit: "20s", change: func(task *flow.Task) { task.Session = l.open() }}
	tr.steps = "- {click: Log in, unless: Log out}\n- expect: Log out\n- read: {n: {at: css/#t, matching: ' (\\d)$'}}"
	if r := tr.must(t, srv.URL); r.Values["n"] != "1" || !strings.Contains(string(l.saved), token) {
		t.Fatalf("read %v, kept %s", r.Values, l.saved)
	}
	l.saved = []byte(strings.Replace(string(l.saved), `"storage":{`, `"storage":{"http://elsewhere.example":{"a":"b"},`, 1))
	before := c.count("GET /")
	if r := tr.must(t, srv.URL); r.Values["n"] != "2" || c.count("GET /") != before+1 || strings.Contains(string(l.saved), "elsewhere") || len(r.Pages) != 1 {
		t.Errorf("read %v on %q, asked %d times, kept %s", r.Values, r.Pages, c.count("GET /")-before, l.saved)
	}
	tr.steps = "- expect: [Log out, Log in]\n- {expect: Never, timeout: 300ms}"
	if f := tr.mustFail(t, srv.URL, flow.Owner); strings.Contains(fmt.Sprint(f, f.Said, string(f.DOM), f.Trace), token) || !strings.Contains(fmt.Sprint(f.Trace), blotted) || l.forgets != 1 {
		t.Errorf("the login is in %v with %v, or it was not forgotten: %d", f, f.Trace, l.forgets)
	}
}

// Which cookies may come from, and go to, the pages of a flow.
func TestReaches(t *testing.T) {
	var p plan
	for _, text := range []string{"https://www.example.org", "https://*.example.net"} {
		o, err := flow.ParseOrigin(text)
		if err != nil {
			t.Fatal(err)
		}
		p.origins = append(p.origins, o)
	}
	for domain, want := range map[string]bool{
		"www.example.org": true, ".www.example.org": true, ".example.org": true,
		"example.org": false, "a.www.example.org": false, ".a.www.example.org": false, "ww.example.org": false,
		"a.example.net": true, ".a.example.net": true, ".example.net": true, "example.net": false, "aexample.net": false,
		"": false, ".": false, "evil.example": false, ".evil.example": false, "www.example.org.evil.example": false,
	} {
		if got := p.reaches(domain); got != want {
			t.Errorf("%q: got %v, want %v", domain, got, want)
		}
	}
}

// What is no session is none, and what of it is for elsewhere does not count.
func TestRecall(t *testing.T) {
	site, err := flow.ParseOrigin("https://www.example.org")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{
		"": 0, "null": 0, "{": 0, `{"cookies": 3}`: 0, `[]`: 0, "{}": 0, `{"cookies": [null]}`: 0,
		`{"cookies": [{"name": "a", "domain": "www.example.org"}]}`:                                                          1,
		`{"cookies": [{"name": "a", "domain": "www.example.com"}, {"name": "b"}]}`:                                           0,
		`{"cookies": [{"name": "a", "domain": "www.example.org", "url": "https://www.example.com"}]}`:                        0,
		`{"cookies": [{"name": "a", "domain": "www.example.org", "partitionKey": {"topLevelSite": "https://example.com"}}]}`: 0,
	} {
		r := &run{task: flow.Task{Session: &flow.Session{Saved: []byte(text)}}, plan: &plan{origins: []flow.Origin{site}}}
		if r.recall(); len(r.cookies) != want {
			t.Errorf("%s: %d cookies, want %d", text, len(r.cookies), want)
		}
	}
}

// What a person has broken off says nothing about the session.
func TestSessionOutlivesBreakingOff(t *testing.T) {
	l := locker{saved: []byte("{}")}
	r := &run{task: flow.Task{Session: l.open()}}
	broken := &flow.Failure{Fault: flow.Site, Err: fmt.Errorf("stopped: %w", context.Canceled)}
	if _, f := r.anew(t.Context(), broken, time.Now()); !errors.Is(f, context.Canceled) || l.forgets != 0 {
		t.Errorf("got %v, forgotten %d times", f, l.forgets)
	}
}
