package browser

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// remoteChromium starts a browser as somebody else would, with a port, and gives
// that port's address and the path of its websocket.
func remoteChromium(dir string, extra ...string) (address, path string, stop func(), err error) {
	program, err := Find(os.Getenv("MAILAPP_TEST_CHROMIUM"))
	if err != nil {
		return "", "", nil, err
	}
	args := append([]string{"--headless=new", "--remote-debugging-port=0", "--user-data-dir=" + filepath.Join(dir, "profile"), "--no-first-run", "--disable-dev-shm-usage"}, extra...)
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox")
	}
	cmd := exec.Command(program, args...)
	cmd.Env = environment(dir)
	if err := errors.Join(prepare(dir), cmd.Start()); err != nil {
		return "", "", nil, err
	}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	stop = func() { p.kill(); cmd.Wait() }
	for range 400 {
		data, err := os.ReadFile(filepath.Join(dir, "profile", "DevToolsActivePort"))
		if port, path, ok := strings.Cut(string(data), "\n"); err == nil && ok && path != "" {
			return "127.0.0.1:" + port, path, stop, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	return "", "", nil, fmt.Errorf("%s does not say where it listens", program)
}

// forwarder is a network in between, which can break.
type forwarder struct {
	net.Listener
	to    string
	mu    sync.Mutex
	conns []net.Conn
}

func newForwarder(t *testing.T, to string) *forwarder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &forwarder{Listener: l, to: to}
	t.Cleanup(f.cut)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go f.carry(c)
		}
	}()
	return f
}

func (f *forwarder) carry(c net.Conn) {
	up, err := net.Dial("tcp", f.to)
	if err != nil {
		c.Close()
		return
	}
	f.mu.Lock()
	f.conns = append(f.conns, c, up)
	f.mu.Unlock()
	go io.Copy(up, c)
	io.Copy(c, up)
}

func (f *forwarder) cut() {
	f.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
}

// neighbour is somebody else who uses the same browser.
type neighbour struct {
	*client
	root proto.Client
}

func newNeighbour(t *testing.T, address string) *neighbour {
	t.Helper()
	w, err := dial(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.kill)
	c := newClient(w)
	return &neighbour{c, c.root(t.Context())}
}

// mustOpen opens a page, which nobody may keep from loading.
func (n *neighbour) mustOpen(t *testing.T, url string) {
	t.Helper()
	made, err := proto.TargetCreateTarget{URL: url}.Call(n.root)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "the neighbour's page is there", func() bool {
		got, err := proto.TargetGetTargetInfo{TargetID: made.TargetID}.Call(n.root)
		return err == nil && got.TargetInfo.Title == "A page"
	})
}

// mustBeAlone sees that nothing of ours is left in the browser.
func (n *neighbour) mustBeAlone(t *testing.T) {
	t.Helper()
	eventually(t, 10*time.Second, "no browser context is left", func() bool {
		got, err := proto.TargetGetBrowserContexts{}.Call(n.root)
		return err == nil && len(got.BrowserContextIDs) == 0
	})
}

// A browser that runs elsewhere: no disk, no process and no proxy of ours.
func TestElsewhere(t *testing.T) {
	chromium(t)
	t.Parallel()
	address, path, stop, err := remoteChromium(t.TempDir(), "--ignore-certificate-errors")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	n := newNeighbour(t, "ws://"+address+path)
	t.Run("all", func(t *testing.T) { // until its parts are over
		t.Run("posts", func(t *testing.T) { t.Parallel(); postElsewhere(t, n, address, "ws://"+address+path) })
		t.Run("is cut off", func(t *testing.T) { t.Parallel(); cutOff(t, address, path) })
		t.Run("sends once", func(t *testing.T) { t.Parallel(); onceElsewhere(t, "ws://"+address+path) })
		t.Run("has walls", func(t *testing.T) { t.Parallel(); wallsElsewhere(t, "http://"+address) })
	})
	n.mustBeAlone(t)
}

// postElsewhere posts by the whole flow of the fake site, in a browser that a
// neighbour uses, too: twice at once over one connection, and once by itself.
func postElsewhere(t *testing.T, n *neighbour, address, ws string) {
	s, srv := fairground(t, "")
	large := noise(1400) // more than one piece
	sum := sha256.Sum256(large)
	task := fairgroundTask(t, srv.URL)
	task.Flow.StepLimit = 20 * time.Second
	task.Photos = append(photos(1), newPhoto("photo 2 of 3", "image/png", cornersPNG(drawCorners(300, 200))), newPhoto("photo 3 of 3", "image/jpeg", large))
	k := (&Browser{Dir: t.TempDir(), Remote: "http://" + address}).Keep()
	defer k.Close()
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			task := task // each run has maps of its own
			task.Commit = func(context.Context) error { n.mustOpen(t, site(t, map[string]page{"/": {}}).URL); return nil }
			if _, err := k.Run(t.Context(), task); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	r, err := (&Browser{Dir: t.TempDir(), Remote: ws}).Run(t.Context(), task)
	if err != nil || r.Values["number"] != "1003" || len(r.Screenshot) == 0 {
		t.Errorf("%v, %v", r.Values, err)
	}
	if len(large) <= pieceSize {
		t.Errorf("the photo has only %d bytes", len(large))
	}
	for _, ad := range s.Ads() {
		if len(ad.Photos) != 3 || ad.Photos[1].Type != "image/jpeg" || ad.Photos[2].SHA256 != hex.EncodeToString(sum[:]) || ad.Title != "Sofa – grün" {
			t.Errorf("got %+v", ad)
		}
	}
}

// cutOff breaks the connection: before publish nothing has happened, and after
// it the click may have.
func cutOff(t *testing.T, address, path string) {
	f := newForwarder(t, address)
	tr := trial{browser: Browser{Remote: "ws://" + f.Addr().String() + path}, steps: "- publish: Publish\n- expect: Your ad"}
	tr.commit = func(context.Context) error { f.cut(); return nil }
	srv := site(t, publishing(plainForm, page{handle: toAd}))
	before := tr.mustFail(t, srv.URL, flow.Site, "the browser has gone: the connection to it was lost")

	f = newForwarder(t, address)
	srv = site(t, publishing(plainForm, page{handle: func(w http.ResponseWriter, r *http.Request) { f.cut(); neverAnswer(w, r) }}))
	tr.browser.Remote, tr.commit = "ws://"+f.Addr().String()+path, nil
	after := tr.mustFail(t, srv.URL, flow.Site, "the connection to it was lost")
	if before.Published || !after.Published || !errors.Is(after, errGone) {
		t.Errorf("says that the click may have happened: before it %v, after it %v (%v)", before.Published, after.Published, after)
	}
	tr.mustFail(t, srv.URL, flow.Owner, "connecting to the browser: the browser at "+f.Addr().String()+" cannot be reached")
}

// onceElsewhere has a site drop what is posted: a form, with photos or without,
// and what a script sends (C26).
func onceElsewhere(t *testing.T, remote string) {
	const (
		photo  = `<input type=file name=f multiple aria-label=Photos>`
		upload = "- upload: {Photos: '{{photos}}'}\n"
		script = `<button onclick="fetch('/publish', {method: 'POST', headers: {'X-Kind': 'ad'}, body: 'x'}).catch(() => location = '/lost/')">Publish</button>`
	)
	form := func(inside string) string {
		return `<form method=post action="/publish" enctype="multipart/form-data">` + inside + `<button>Publish</button></form>`
	}
	for _, tt := range []struct {
		name, form, steps string
		http2, unguard    bool
		want              int32
	}{
		{"HTTP 1.1", form(photo), upload, false, false, 1},
		{"HTTP 2", form(""), "", true, false, 1},
		{"script", script, "", true, false, 1},
		{"no guard", form(photo), upload, true, true, 2},
	} {
		srv, posts := dropping(t, tt.form, tt.http2)
		_, f := trial{
			browser: Browser{Remote: remote, unguard: tt.unguard}, limit: "20s", photos: photos(2),
			steps: tt.steps + "- publish: Publish\n- expect: {url: /lost/}",
		}.run(t, t.Context(), srv.URL)
		isLost := f == nil || f.Published && strings.Contains(f.Error(), "closed the connection without an answer")
		if posts.Load() != tt.want || !isLost {
			t.Errorf("%s: %d requests, want %d; ended with %v", tt.name, posts.Load(), tt.want, f)
		}
	}
}

// wallsElsewhere lets pages try to get out (C28), and see what an answer to
// publish does to them: it is theirs, cookies and all.
func wallsElsewhere(t *testing.T, remote string) {
	e := newElsewhere(t)
	const all = `<p id=p></p><iframe id=i></iframe><script>
		const bad = e => p.textContent += ' ' + e, none = {mode: 'no-cors'}, tries = [
			fetch('ELSE/', none), fetch('/redirect', none),
			new Promise((yes, no) => { const s = new WebSocket('ELSE/'.replace('http', 'ws')); s.onopen = yes; s.onerror = () => no('ws') }),
			new Promise((yes, no) => { const w = new Worker(URL.createObjectURL(new Blob(["fetch('ELSE/', {mode: 'no-cors'}).then(() => postMessage(1), () => postMessage(0))"]))); w.onmessage = m => m.data ? yes() : no('worker') }),
		];
		navigator.sendBeacon('ELSE/', 'x');
		for (const w of [window, i.contentWindow, document.body.appendChild(document.createElement('iframe')).contentWindow])
			tries.push(w.RTCPeerConnection ? (() => { const r = new w.RTCPeerConnection({iceServers: [{urls: 'ELSE'.replace('http://', 'stun:')}]}); r.createDataChannel('x'); return r.createOffer().then(o => r.setLocalDescription(o)) })() : Promise.reject('rtc'));
		Promise.allSettled(tries).then(r => p.textContent = r.map(x => x.status).join() + ' done')</script>`
	pages := publishing(strings.ReplaceAll(all, "ELSE", e.url)+plainForm, page{handle: func(w http.ResponseWriter, r *http.Request) {
		c, _ := r.Cookie("sid")
		http.SetCookie(w, &http.Cookie{Name: "got", Value: c.Value, HttpOnly: true, Path: "/"})
		http.SetCookie(w, &http.Cookie{Name: "sid", MaxAge: -1, Path: "/"})
		http.Redirect(w, r, "/seen", http.StatusSeeOther)
	}})
	pages["/redirect"] = page{handle: func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "7", Path: "/"})
		http.Redirect(w, r, e.url+"/there", http.StatusFound)
	}}
	pages["/seen"] = page{handle: func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<h1>Your ad</h1><p id=c>%s", r.Header.Get("Cookie"))
	}}
	srv := site(t, pages)
	r := trial{
		browser: Browser{Remote: remote},
		steps: `- expect: done
- read: {tries: {at: css/#p}}
- publish: Publish
- expect: Your ad
- read: {cookie: {at: css/#c}}`,
	}.must(t, srv.URL)
	if want := strings.Repeat("rejected,", 6) + "rejected done"; r.Values["tries"] != want || r.Values["cookie"] != "got=7" {
		t.Errorf("got %v", r.Values)
	}
	trial{browser: Browser{Remote: remote}, noOpen: true, limit: "9s", steps: "- open: '{{site}}/redirect'"}.
		mustFail(t, srv.URL, flow.Owner, "the page wanted "+e.url+", which the flow does not name under origins")
	e.mustBeQuiet(t)
}

// What goes past the dead end is the flow's origins, each with its port, and no
// more: not even what Chromium itself would let past (C28).
func TestFenced(t *testing.T) {
	var origins []flow.Origin
	for _, o := range []string{"https://example.org", "http://*.example.com:8080", "http://[::1]:1"} {
		origin, err := flow.ParseOrigin(o)
		if err != nil {
			t.Fatal(err)
		}
		origins = append(origins, origin)
	}
	const want = "<-loopback>;https://example.org:443;wss://example.org:443;http://*.example.com:8080;ws://*.example.com:8080;http://[::1]:1;ws://[::1]:1"
	if got := fenced(origins); got.ProxyBypassList != want || got.ProxyServer != deadEnd || !got.DisposeOnDetach {
		t.Errorf("got %+v", got)
	}
}

// A courier takes a body only if all of it is shown.
func TestBodyIsShown(t *testing.T) {
	entry := func(data []byte) *proto.NetworkPostDataEntry { return &proto.NetworkPostDataEntry{Bytes: data} }
	for _, tt := range []struct {
		request proto.NetworkRequest
		body    string
		shown   bool
	}{
		{proto.NetworkRequest{}, "", true},
		{proto.NetworkRequest{HasPostData: true}, "", false},
		{proto.NetworkRequest{HasPostData: true, PostDataEntries: []*proto.NetworkPostDataEntry{entry([]byte("a")), entry([]byte{}), entry([]byte("b"))}}, "ab", true},
		{proto.NetworkRequest{HasPostData: true, PostDataEntries: []*proto.NetworkPostDataEntry{entry([]byte("a")), entry(nil)}}, "", false},
	} {
		if body, shown := bodyOf(&tt.request); string(body) != tt.body || shown != tt.shown {
			t.Errorf("%+v: %q, shown %v", tt.request, body, shown)
		}
	}
}

// Whoever keeps the door says why nobody is let in, and no error tells more of
// the address than the host (C29).
func TestDoor(t *testing.T) {
	answer := http.StatusOK
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.Host)
		switch {
		case net.ParseIP(host) == nil:
			http.Error(w, "Host header is specified and is not an IP address or localhost.", http.StatusInternalServerError)
		case answer == http.StatusFound:
			http.Redirect(w, r, "http://192.0.2.1/?token=sesame", answer)
		case answer != http.StatusOK:
			w.WriteHeader(answer)
		case strings.HasSuffix(r.URL.Path, "/json/version"):
			fmt.Fprint(w, `{"webSocketDebuggerUrl": "ws://`+r.Host+`/devtools/browser/`+r.FormValue("token")+r.URL.Path+`"}`)
		default:
			fmt.Fprint(w, r.URL.Path)
		}
	}))
	defer srv.Close()
	named := strings.Replace(srv.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	u, err := url.Parse("http://" + named + "/at?token=sesame")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{url: u, http: http.DefaultClient}
	if err := d.discover(ctx); err != nil || d.url.String() != "ws://"+named+"/devtools/browser/sesame/at/json/version?token=sesame" || d.host == "" {
		t.Errorf("found %s at %q, %v", d.url, d.host, err)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, tt := range []struct {
		address string
		answer  int
		want    string
		busy    bool
	}{
		{"chromium", 0, "the address of the browser must begin with", false},
		{"ftp://localhost?token=sesame", 0, "the address of the browser must begin with", false},
		{"ws://localhost:sesame", 0, "the address of the browser must begin with", false},
		{"ws://" + named + "?token=sesame", http.StatusTooManyRequests, "has no room for us now (429 Too Many Requests)", true},
		{"http://" + named + "?token=sesame", http.StatusServiceUnavailable, "has no room for us now (503", true},
		{"ws://me:sesame@" + named, http.StatusUnauthorized, "does not let us in (401 Unauthorized); hint: is the token", false},
		{"ws://" + named + "/sesame", http.StatusOK, "is no browser, or none at that path (200 OK)", false},
		{"http://" + named + "?token=sesame", http.StatusFound, "is no browser, or none at that path (302 Found)", false},
		{"ws://" + named + "/sesame", http.StatusFound, "(302 Found)", false},
		{strings.Replace(gone.URL, "http", "ws", 1) + "/sesame", 0, "cannot be reached: dial tcp", false},
		{gone.URL + "?token=sesame", 0, "cannot be reached: dial tcp", false},
		{"wss://" + named + "?token=sesame", 0, "cannot be reached: ", false},
	} {
		answer = tt.answer
		err := Reach(ctx, tt.address)
		if err == nil || !strings.Contains(err.Error(), tt.want) || errors.Is(err, ErrBusy) != tt.busy || strings.Contains(fmt.Sprintf("%+v", err), "sesame") {
			t.Errorf("%s: %v, want %q", tt.address, err, tt.want)
		}
	}
	mute := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := websocket.Accept(w, r, nil); err == nil {
			for err == nil { // and never an answer, but to pings
				_, _, err = conn.Read(r.Context())
			}
		}
	}))
	defer mute.CloseClientConnections()
	muteURL := strings.Replace(mute.URL, "http", "ws", 1)
	w, err := dial(ctx, muteURL)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(w)
	go c.feelPulse(w, time.Millisecond, 50*time.Millisecond)
	if _, err := c.Call(ctx, "", "Browser.getVersion", nil); !errors.Is(err, errLost) {
		t.Errorf("a browser that has fallen silent: %v", err)
	}
	mustEndByNonsense(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	half := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "{")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer half.Close()
	for address, want := range map[string]string{
		"ws://" + silent.Addr().String(): "the browser at " + silent.Addr().String() + " does not answer (waited ",
		half.URL:                         " does not answer (waited ",
		muteURL:                          " does not answer (waited ",
	} {
		short, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err := Reach(short, address)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "context") {
			t.Errorf("of one that says nothing: %v, want %q", err, want)
		}
		stop()
	}
	over, leave := context.WithCancel(t.Context())
	leave()
	if err := Reach(over, "ws://"+silent.Addr().String()); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "stopped: ") {
		t.Errorf("when nobody waits any more: %v", err)
	}
}

// mustEndByNonsense sees that nothing stays behind of a browser that talks nonsense
// and leaves the connection open.
func mustEndByNonsense(t *testing.T) {
	t.Helper()
	babbler := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := websocket.Accept(w, r, nil); err == nil {
			_ = conn.Write(t.Context(), websocket.MessageText, []byte("{"))
			<-conn.CloseRead(t.Context()).Done()
		}
	}))
	defer babbler.CloseClientConnections()
	w, err := dial(t.Context(), strings.Replace(babbler.URL, "http", "ws", 1))
	if err != nil {
		t.Fatal(err)
	}
	felt := make(chan struct{})
	go func() { newClient(w).feelPulse(w, pulse, pulseLimit); close(felt) }()
	select {
	case <-felt:
	case <-time.After(5 * time.Second):
		t.Error("the pulse of a browser that talks nonsense is felt for ever")
	}
}
