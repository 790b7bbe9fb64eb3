package browser

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The matrix: kinds of connection, when the server closes it, and what sends
// the POST. A page does all of them at one click.
var (
	kinds = []string{"http", "http close", "tls", "tls close", "h2"} // close: one request a connection
	drops = []string{"before", "during", "after"}                    // the body is read
	ways  = []string{"form", "fetch", "cookies", "asked", "beacon", "xhr"}
)

// dropper is a site on several servers that closes the connection of each POST
// unanswered, and counts which have come.
type dropper struct {
	urls map[string]string // by kind of connection

	mu    sync.Mutex
	posts map[string]int // by kind, when and way
}

type connKey struct{}

func newDropper(t *testing.T) *dropper {
	t.Helper()
	d := &dropper{urls: map[string]string{}, posts: map[string]int{}}
	for _, kind := range kinds {
		srv := dropSite(t, kind, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.serve(kind, w, r) }))
		d.urls[kind] = srv.URL
	}
	return d
}

// dropSite starts a server of a kind, whose handler can drop.
func dropSite(t *testing.T, kind string, h http.Handler) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.EnableHTTP2 = kind == "h2"
	srv.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, c)
	}
	srv.Config.SetKeepAlivesEnabled(!strings.HasSuffix(kind, "close"))
	if strings.HasPrefix(kind, "http") {
		srv.Start()
	} else {
		srv.StartTLS()
	}
	t.Cleanup(srv.Close)
	return srv
}

// drop closes the connection that a request has come on.
func drop(r *http.Request) { r.Context().Value(connKey{}).(net.Conn).Close() }

func (d *dropper) serve(kind string, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	switch {
	case r.Method == http.MethodOptions:
		w.Header().Set("Access-Control-Allow-Headers", "*")
	case r.Method == http.MethodPost:
		d.take(kind+r.URL.Path, r)
	case r.URL.Path == "/":
		urls, _ := json.Marshal(d.urls)
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, strings.ReplaceAll(matrixPage, "{{sites}}", string(urls)))
	case r.URL.Path == "/came":
		for end := time.Now().Add(5 * time.Second); d.count(r.URL.Query().Get("post")) == 0 && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// take counts a POST and closes its connection when its path says.
func (d *dropper) take(post string, r *http.Request) {
	d.mu.Lock()
	d.posts[post]++
	d.mu.Unlock()
	switch strings.Split(post, "/")[1] {
	case "during":
		io.CopyN(io.Discard, r.Body, 1000)
	case "after":
		io.Copy(io.Discard, r.Body)
	}
	drop(r)
}

func (d *dropper) count(post string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.posts[post]
}

// publish clicks once, and gives how many POSTs have come in so many copies.
func (d *dropper) publish(t *testing.T, b Browser) map[int][]string {
	t.Helper()
	b.extra = []string{"--ignore-certificate-errors"}
	tr := trial{browser: b, steps: "- publish: Publish\n- expect: all sent"}
	for _, url := range d.urls {
		tr.origins = append(tr.origins, url)
	}
	tr.must(t, d.urls["http"])
	copies := map[int][]string{}
	for _, kind := range kinds {
		for _, when := range drops {
			for _, way := range ways {
				post := kind + "/" + when + "/" + way
				copies[d.count(post)] = append(copies[d.count(post)], post)
			}
		}
	}
	return copies
}

// C26: whatever sends the POST, and however the site drops it, it comes once.
func TestNeverTwice(t *testing.T) {
	chromium(t)
	all := len(kinds) * len(drops) * len(ways)
	for _, name := range []string{"chromium-headless-shell", "chromium"} {
		t.Run(name, func(t *testing.T) {
			path := programOf(t, name)
			t.Parallel()
			got := newDropper(t).publish(t, Browser{Path: path})
			if len(got[1]) != all {
				t.Errorf("%d of %d POSTs have come once; by copies: %v", len(got[1]), all, got)
			}
		})
	}
	t.Run("unguarded", func(t *testing.T) {
		t.Parallel()
		got := newDropper(t).publish(t, Browser{unguard: true})
		if want := all * 2 / len(kinds); len(got[2]) < want/2 { // tls and h2
			t.Errorf("%d POSTs have come twice; the test proves nothing unless they are about %d", len(got[2]), want)
		}
	})
}

func programOf(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(name, "is not installed")
	}
	return program(path)
}

// A POST that the site leaves unanswered, as one that waits for news, keeps
// others back for a while only. One that goes beside it, and must share its
// connection, is not sent twice either; and the first is not cut off for it.
func TestNeverTwiceBeside(t *testing.T) {
	chromium(t)
	t.Parallel()
	const form = `<h1>Ad</h1><button onclick="fetch('/wait', {method: 'POST'}).catch(() => {}); setTimeout(post, 50)">Publish</button>
		<script>const post = () => fetch('/drop', {method: 'POST', body: 'x'}).catch(() => document.body.append('both sent'))</script>`
	var waits, posts atomic.Int32
	var cut atomic.Bool
	srv := dropSite(t, "h2", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/wait":
			waits.Add(1)
			pause(r, 20*time.Second)
			cut.CompareAndSwap(false, posts.Load() == 0)
		case "/drop":
			posts.Add(1)
			drop(r)
		default:
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, form)
		}
	}))
	b := Browser{extra: []string{"--ignore-certificate-errors"}}
	trial{browser: b, steps: "- publish: Publish\n- expect: both sent"}.must(t, srv.URL)
	if waits.Load() != 1 || posts.Load() != 1 || cut.Load() {
		t.Errorf("%d and %d POSTs, want 1 and 1; cut off: %v", waits.Load(), posts.Load(), cut.Load())
	}
}

// matrixPage posts, at one click, in all ways to all servers, each POST after
// a GET that leaves a connection for it.
const matrixPage = `<h1>Ad</h1><button onclick="sendAll()">Publish</button><script>
const sites = {{sites}};
const kindOf = url => Object.keys(sites).find(k => new URL(url).origin === sites[k]) + new URL(url).pathname;
const body = 'x'.repeat(200000);
const over = (target, event) => new Promise(r => target.addEventListener(event, r, {once: true}));
const ways = {
	fetch: url => fetch(url, {method: 'POST', body}).catch(() => {}),
	cookies: url => fetch(url, {method: 'POST', body, mode: 'no-cors', credentials: 'include'}).catch(() => {}),
	asked: url => fetch(url, {method: 'POST', body, headers: {'X-Kind': 'ad'}}).catch(() => {}),
	beacon: url => { navigator.sendBeacon(url, body.slice(0, 2000)); return fetch('/came?post=' + encodeURIComponent(kindOf(url))) },
	form: async url => {
		const frame = document.createElement('iframe'), form = document.createElement('form');
		frame.name = url;
		document.body.append(frame, form);
		const warm = over(frame, 'load');
		frame.src = new URL('/warm/', url);
		await warm;
		const end = over(frame, 'load');
		Object.assign(form, {method: 'post', action: url, target: url, enctype: 'text/plain'});
		form.innerHTML = '<textarea name=a>' + body + '</textarea>';
		form.submit();
		return end;
	},
	xhr: url => { const x = new XMLHttpRequest(), end = over(x, 'loadend'); x.open('POST', url); x.send(body); return end },
};
async function each(site) {
	for (const when of ['before', 'during', 'after'])
		for (const way in ways) {
			for (const credentials of ['omit', 'include'])
				await fetch(site + '/warm/' + Math.random(), {mode: 'no-cors', credentials}).catch(() => {});
			await ways[way](site + '/' + when + '/' + way);
		}
}
async function sendAll() {
	await Promise.all(Object.values(sites).map(each));
	document.body.append('all sent');
}
</script>`
