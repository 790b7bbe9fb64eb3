package browser

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailapp/poster/flow"
)

// publishing is a site with one form; done is what the publish request gets.
func publishing(form string, done page) map[string]page {
	return map[string]page{
		"/":        {html: form},
		"/publish": done,
		"/ad":      {html: `<h1>Your ad</h1><p id=n>Ad number 12</p>`},
	}
}

const plainForm = `<h1>Your ad</h1><form method=post action="/publish"><input name=title value=Sofa><button>Publish</button></form>`

func toAd(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ad", http.StatusSeeOther) }

// The task commits once, when the button is ready and nothing is sent yet.
func TestPublish(t *testing.T) {
	chromium(t)
	t.Parallel()
	var c counter
	srv := httptest.NewServer(c.wrap(siteHandler(publishing(plainForm, page{handle: toAd}))))
	defer srv.Close()
	commits, before := 0, -1
	var events []flow.Event
	r := trial{
		steps:  "- publish: Publish\n- expect: Your ad\n- read: {url: {from: url}, number: {at: css/#n, matching: '\\d+'}}",
		events: &events,
		commit: func(context.Context) error { commits++; before = c.count("POST /publish"); return nil },
	}.must(t, srv.URL)
	if commits != 1 || before != 0 || c.count("POST /publish") != 1 { // C26
		t.Errorf("%d commits, %d posts before, %d in all", commits, before, c.count("POST /publish"))
	}
	if !r.Published || r.Values["url"] != srv.URL+"/ad" || r.Values["number"] != "12" {
		t.Errorf("got %v, published %v", r.Values, r.Published)
	}
	if got, want := strings.Join(r.Pages, " "), srv.URL+"/ "+srv.URL+"/ad"; got != want {
		t.Errorf("pages %s, want %s", got, want)
	}
	var texts []string
	for _, e := range events {
		texts = append(texts, fmt.Sprintf("%d/%d %s", e.Step, e.Of, e.Text))
	}
	if got, want := strings.Join(texts, ", "), "1/4 open /, 2/4 publish Publish, 3/4 expect Your ad, 4/4 read url, 4/4 read number"; got != want {
		t.Errorf("events %s\nwant %s", got, want)
	}
}

// C12, C26: if it cannot be written down, nothing is clicked.
func TestCommitFails(t *testing.T) {
	chromium(t)
	t.Parallel()
	var c counter
	srv := httptest.NewServer(c.wrap(siteHandler(publishing(plainForm, page{handle: toAd}))))
	defer srv.Close()
	full := errors.New("the disk is full")
	f := trial{steps: "- publish: Publish", commit: func(context.Context) error { return full }}.
		mustFail(t, srv.URL, flow.Owner, "before publishing: the disk is full")
	if f.Published || !errors.Is(f, full) || c.count("POST /publish") != 0 {
		t.Errorf("published %v, %v, %d posts", f.Published, f, c.count("POST /publish"))
	}
}

// Fencing: what says that the job is ours is asked last, and anew if the process
// slept after it; if it is not any more, nothing is clicked.
func TestOurs(t *testing.T) {
	chromium(t)
	t.Parallel()
	var c counter
	srv := httptest.NewServer(c.wrap(siteHandler(publishing(plainForm, page{handle: toAd}))))
	defer srv.Close()
	taken, asked, committed := errors.New("the job has been taken over"), 0, false
	asleep := trial{steps: "- publish: Publish", browser: Browser{suspension: 200 * time.Millisecond}}
	asleep.commit = func(context.Context) error { committed = true; return nil }
	asleep.change = func(task *flow.Task) {
		task.Ours = func(context.Context) error {
			if asked++; !committed {
				t.Error("asked before it was committed")
			}
			if asked == 1 {
				time.Sleep(300 * time.Millisecond)
				return nil
			}
			return taken
		}
	}
	f := asleep.mustFail(t, srv.URL, flow.Owner, "before publishing: the job has been taken over")
	if f.Published || !errors.Is(f, taken) || asked != 2 || c.count("POST /publish") != 0 {
		t.Errorf("published %v, %v, asked %d times, %d posts", f.Published, f, asked, c.count("POST /publish"))
	}
}

// C26: a flow that did not come from the parser cannot publish twice either.
func TestPublishOnce(t *testing.T) {
	chromium(t)
	t.Parallel()
	var c counter
	srv := httptest.NewServer(c.wrap(siteHandler(publishing(plainForm, page{html: plainForm}))))
	defer srv.Close()
	tr := trial{steps: "- publish: Publish"}
	f := tr.flow(t)
	f.Steps = append(f.Steps, f.Steps[1])
	commits := 0
	_, err := (&Browser{Dir: t.TempDir()}).Run(t.Context(), flow.Task{Flow: f, Values: map[string]string{"site": srv.URL},
		Commit: func(context.Context) error { commits++; return nil }})
	if failure, ok := err.(*flow.Failure); !ok || !failure.Published || commits != 1 || c.count("POST /publish") != 1 {
		t.Errorf("got %v, %d commits, %d posts", err, commits, c.count("POST /publish"))
	}
}

// What the page does between the commit and the click: the button is looked
// at again, and only it is clicked, once.
func TestPublishMoves(t *testing.T) {
	chromium(t)
	t.Parallel()
	moves := `<form method=post action="/delete" id=d style="display:none"><button>Delete all</button></form>` + plainForm + `
		<script>setTimeout(() => d.style.display = 'block', 600)</script>`
	var c counter
	srv := httptest.NewServer(c.wrap(siteHandler(publishing(moves, page{handle: toAd}))))
	defer srv.Close()
	trial{
		steps:  "- publish: Publish\n- expect: Ad number",
		commit: func(ctx context.Context) error { pauseContext(ctx, time.Second); return nil },
	}.must(t, srv.URL)
	if c.count("POST /publish") != 1 || c.count("POST /delete") != 0 {
		t.Errorf("got %v", c.seen)
	}
}

// A page that moves at the very moment: what comes under the mouse gets no click,
// and the ad is known not to be there.
func TestPublishMisses(t *testing.T) {
	chromium(t)
	t.Parallel()
	moves := `<form method=post action="/delete" id=d style="display:none"><button style="position:fixed;inset:0;width:100%">Delete all</button></form>` + plainForm + `
		<script>onkeydown = () => d.style.display = 'block'</script>`
	var c counter
	srv := httptest.NewServer(c.wrap(siteHandler(publishing(moves, page{handle: toAd}))))
	defer srv.Close()
	f := trial{steps: "- publish: Publish\n- expect: Ad number"}.flow(t)
	f.Steps[1].Recorded = &flow.Recorded{Keys: []string{"Shift"}} // the last event before the click
	_, err := (&Browser{Dir: t.TempDir()}).Run(t.Context(), flow.Task{Flow: f, Values: map[string]string{"site": srv.URL}})
	failure, ok := err.(*flow.Failure)
	if !ok || failure.Published || failure.Fault != flow.Site || !strings.Contains(err.Error(), `"Delete all" took the place`) {
		t.Errorf("got %v", err)
	}
	if c.count("POST /publish")+c.count("POST /delete") != 0 {
		t.Errorf("got %v", c.seen)
	}
}

func pauseContext(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}

// After publish everything that goes wrong says so, and nothing is repeated.
func TestFailuresAfterPublish(t *testing.T) {
	chromium(t)
	const sayNo = "fails-when:\n  - {see: css/.errors, fault: sender}\n"
	tests := []struct {
		name  string
		form  string
		done  page
		steps string
		fault flow.Fault
		words string
		posts int
	}{
		{"server error", plainForm, page{handle: serverError}, "- read: {url: {from: url}}", flow.Site, "status 500", 1},
		{"error before reading", plainForm, page{html: `<p class=errors>Price required</p>`}, "- read: {url: {from: url}}", flow.Sender, "Price required", 1},
		{"error and no further step", plainForm, page{html: `<p class=errors>Price required</p>`}, "", flow.Sender, "Price required", 1},
		{"answer lost", plainForm, page{handle: loseConnection}, "- expect: Ad number", flow.Site, "closed the connection without an answer", 1},
		{"answer lost at the end", plainForm, page{handle: loseConnection}, "", flow.Site, "closed the connection without an answer", 1},
		{"no answer", plainForm, page{handle: neverAnswer}, "- expect: Ad number", flow.Site, "did not answer within", 1},
		{"same page", `<h1>Your ad</h1><button onclick="fetch('/publish', {method: 'POST'})">Publish</button>`, page{html: "ok"}, "- expect: Your ad", flow.Owner, "the page is the same as before the click", 1},
		{"inline error", `<h1>Your ad</h1><button onclick="document.body.insertAdjacentHTML('beforeend', '<p class=errors>No price')">Publish</button>`, page{}, "- expect: Your ad", flow.Sender, "No price", 0},
		{"dialog", `<h1>Your ad</h1><button onclick="confirm('Publish now?')">Publish</button>`, page{}, "- expect: Ad number", flow.Owner, "Publish now?", 0},
		{"leaving", `<h1>Your ad</h1><input name=a><script>addEventListener('beforeunload', e => e.preventDefault())</script>` + plainForm, page{}, "- expect: Ad number", flow.Owner, "asked whether to leave it", 0},
		{"elsewhere", `<form method=post action="http://elsewhere.test/publish"><button>Publish</button></form>`, page{}, "- expect: Ad number", flow.Owner, "the page wanted http://elsewhere.test", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var c counter
			srv := httptest.NewServer(c.wrap(siteHandler(publishing(tt.form, tt.done))))
			defer srv.Close()
			f := trial{limit: "1s", head: sayNo, steps: "- publish: Publish\n" + tt.steps}.mustFail(t, srv.URL, tt.fault, tt.words)
			if !f.Published || c.count("POST /publish") != tt.posts { // C26
				t.Errorf("published %v, %d posts, want %d", f.Published, c.count("POST /publish"), tt.posts)
			}
		})
	}
}

// What proves that nothing was published does so only on a page that follows
// the click, and only while none has said the contrary (C26).
func TestUnpublished(t *testing.T) {
	chromium(t)
	const head = "fails-when:\n  - {see: css/.collision, fault: site, unpublished: true}\n"
	collision := page{html: `<p class=collision>Somebody else was faster`}
	later := page{html: `<h1>Your ad</h1><script>setTimeout(() => location = '/ad', 300)</script>`}
	tests := []struct {
		name, form, steps string
		done, ad          page
		published         bool
	}{
		{"next page", plainForm, "- expect: Ad number", collision, page{}, false},
		{"the same page", `<button onclick="document.body.insertAdjacentHTML('beforeend', '<p class=collision>No')">Publish</button>`, "- expect: Ad number", page{}, page{}, true},
		{"after the confirmation", plainForm, "- expect: Your ad\n- expect: Ad number", later, collision, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pages := publishing(tt.form, tt.done)
			pages["/ad"] = tt.ad
			f := trial{limit: "3s", head: head, steps: "- publish: Publish\n" + tt.steps}.mustFail(t, site(t, pages).URL, flow.Site)
			if f.Published != tt.published {
				t.Errorf("published %v: %v", f.Published, f)
			}
		})
	}
}

// Before publish a failure says that nothing has happened.
func TestPublishNotReady(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := site(t, publishing(`<button disabled>Publish</button>`, page{}))
	f := trial{limit: "500ms", steps: "- publish: Publish", commit: func(context.Context) error {
		t.Error("committed although the button is not ready")
		return nil
	}}.mustFail(t, srv.URL, flow.Owner, "is disabled")
	if f.Published {
		t.Error("says that the click may have happened")
	}
}

// A page that publishes without leaving is left when its address changes, or
// proven by something that was not there before.
func TestPublishWithinPage(t *testing.T) {
	chromium(t)
	tests := []struct{ name, html, steps, want string }{
		{"address", `<button onclick="fetch('/publish', {method: 'POST'}).then(() => setTimeout(() => history.pushState(0, '', '/ad/7'), 200))">Publish</button>`, "- read: {v: {from: url, matching: '/ad/\\d+'}}", "/ad/7"},
		{"new element", `<button onclick="fetch('/publish', {method: 'POST'}).then(() => setTimeout(() => document.body.insertAdjacentHTML('beforeend', '<b id=n>7</b>'), 200))">Publish</button>`, "- read: {v: {at: css/#n}}", "7"},
		{"new text, then the address", `<button onclick="setTimeout(() => document.body.append('It is online'), 200)">Publish</button>`, "- expect: It is online\n- read: {v: {from: url, matching: '/$'}}", "/"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := site(t, publishing(tt.html, page{html: "ok"}))
			r := trial{steps: "- publish: Publish\n" + tt.steps}.must(t, srv.URL)
			if r.Values["v"] != tt.want {
				t.Errorf("got %q, want %q", r.Values["v"], tt.want)
			}
		})
	}
}

// dropping is a TLS site that takes the publish request whole and then closes
// the connection without an answer. posts counts what arrived.
func dropping(t *testing.T, form string, http2 bool) (srv *httptest.Server, posts *atomic.Int32) {
	t.Helper()
	type key struct{}
	posts = new(atomic.Int32)
	srv = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/publish" {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, form)
			return
		}
		n, err := io.Copy(io.Discard, r.Body)
		if err == nil && n > 0 {
			posts.Add(1)
		}
		r.Context().Value(key{}).(net.Conn).Close()
	}))
	srv.EnableHTTP2 = http2
	srv.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, key{}, c) }
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv, posts
}

// C26: Chromium itself sends a form twice when the connection closes without
// an answer; behind the guard it does not.
func TestGuard(t *testing.T) {
	chromium(t)
	const (
		plain    = plainForm
		withFile = `<form method=post action="/publish" enctype="multipart/form-data"><input type=file name=f multiple aria-label=Photos><button>Publish</button></form>`
		asking   = `<form method=post action="/publish" id=f><input name=a value=b><button>Publish</button></form>
			<script>f.onsubmit = e => { e.preventDefault(); fetch('/valid').then(r => r.text()).then(() => setTimeout(() => f.submit(), 300)) }</script>`
	)
	tests := []struct {
		name, form, steps string
		http2             bool
		runs              int
	}{
		{"HTTP 1.1", plain, "", false, 10},
		{"HTTP 2", plain, "", true, 10},
		{"photos", withFile, "- upload: {Photos: '{{photos}}'}\n", false, 3},
		{"question before", asking, "", false, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			post := func(unguard bool, kept *Kept) int32 {
				srv, posts := dropping(t, tt.form, tt.http2)
				b := Browser{extra: []string{"--ignore-certificate-errors"}, unguard: unguard}
				f := trial{browser: b, kept: kept, limit: "2s", steps: tt.steps + "- publish: Publish\n- expect: never", photos: photos(2)}.
					mustFail(t, srv.URL, flow.Site)
				if !f.Published {
					t.Error("does not say that the click may have happened")
				}
				return posts.Load()
			}
			for i := range tt.runs {
				if n := post(false, nil); n != 1 {
					t.Errorf("guarded run %d: %d requests, want 1", i+1, n)
				}
			}
			kept := (&Browser{Path: os.Getenv("MAILAPP_TEST_CHROMIUM"), Dir: t.TempDir(), extra: []string{"--ignore-certificate-errors"}}).Keep()
			defer kept.Close()
			for i := range 3 {
				if n := post(false, kept); n != 1 {
					t.Errorf("run %d in a kept browser: %d requests, want 1", i+1, n)
				}
			}
			if n := post(true, nil); n != 2 {
				t.Errorf("without the guard: %d requests; this test proves nothing unless they are 2", n)
			}
		})
	}
}
