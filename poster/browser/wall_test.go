package browser

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailapp/poster/flow"
)

// elsewhere is a host that no flow names; it counts whoever knocks, over TCP
// and over UDP.
type elsewhere struct {
	counter
	url  string
	conn chan struct{}
	udp  net.PacketConn
}

func newElsewhere(t *testing.T) *elsewhere {
	t.Helper()
	e := &elsewhere{conn: make(chan struct{}, 100)}
	srv := httptest.NewUnstartedServer(e.wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<h1>elsewhere</h1>")
	})))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			e.conn <- struct{}{}
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	e.url = srv.URL
	var err error
	if e.udp, err = net.ListenPacket("udp", strings.TrimPrefix(srv.URL, "http://")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.udp.Close() })
	return e
}

func (e *elsewhere) mustBeQuiet(t *testing.T) {
	t.Helper()
	if e.all() > 0 || len(e.conn) > 0 {
		t.Errorf("%d connections, requests %v", len(e.conn), e.seen)
	}
	e.udp.SetReadDeadline(time.Now().Add(time.Millisecond))
	if n, from, err := e.udp.ReadFrom(make([]byte, 1500)); err == nil {
		t.Errorf("a packet of %d bytes from %v", n, from)
	}
}

// C28: whatever a page tries, nothing but the flow's origins is reached.
func TestWalls(t *testing.T) {
	chromium(t)
	tests := []struct{ name, html string }{
		{"picture", `<img src="ELSE/i.png">`},
		{"script", `<script src="ELSE/x.js"></script>`},
		{"style", `<link rel=stylesheet href="ELSE/x.css"><style>@import "ELSE/y.css"; body{background:url(ELSE/z.png)}</style>`},
		{"frame", `<iframe src="ELSE/"></iframe>`},
		{"fetch", `<script>fetch('ELSE/', {mode: 'no-cors'})</script>`},
		{"beacon", `<script>navigator.sendBeacon('ELSE/', 'x')</script>`},
		{"websocket", `<script>new WebSocket('ELSE/'.replace('http', 'ws'))</script>`},
		{"worker", `<script>new Worker(URL.createObjectURL(new Blob(["fetch('ELSE/', {mode: 'no-cors'})"])))</script>`},
		{"popup", `<script>window.open('ELSE/')</script>`},
		{"popup on click", `<a id=a href="ELSE/" target=_blank>x</a><script>a.click()</script>`},
		{"form to a popup", `<form id=f action="ELSE/" target=_blank></form><script>f.submit()</script>`},
		{"preconnect", `<link rel=preconnect href="ELSE/"><link rel=dns-prefetch href="ELSE/"><link rel=prefetch href="ELSE/"><link rel=prerender href="ELSE/">`},
		{"speculation", `<script type=speculationrules>{"prerender": [{"urls": ["ELSE/"]}], "prefetch": [{"urls": ["ELSE/"]}]}</script>`},
		{"webrtc", `<script>const rtc = new RTCPeerConnection({iceServers: [{urls: 'ELSE'.replace('http://', 'stun:')}, {urls: 'ELSE?transport=tcp'.replace('http://', 'turn:'), username: 'a', credential: 'b'}]});
			rtc.createDataChannel('x'); rtc.createOffer().then(o => rtc.setLocalDescription(o))</script>`},
		{"video", `<video src="ELSE/v.mp4" autoplay muted></video>`},
		{"localhost by name", `<img src="LOCAL/i.png">`},
	}
	t.Parallel()
	e := newElsewhere(t)
	local := strings.Replace(e.url, "127.0.0.1", "localhost", 1)
	pages, steps := map[string]page{}, ""
	for i, tt := range tests {
		path := fmt.Sprint("/", i)
		html := strings.NewReplacer("ELSE/", e.url+path, "ELSE", e.url, "LOCAL/", local+path).Replace(tt.html)
		pages[path] = page{html: html + `<p id=p></p><script>setTimeout(() => p.textContent = 'later', 300)</script>`}
		steps += "- open: '{{site}}" + path + "'\n- expect: later\n"
	}
	trial{noOpen: true, steps: steps}.must(t, site(t, pages).URL)
	e.mustBeQuiet(t)
}

// C28: a page that leads elsewhere fails the flow, which says where to.
func TestWallsNavigation(t *testing.T) {
	chromium(t)
	tests := []struct{ name, html, steps string }{
		{"link", `<a href="ELSE/">Go</a>`, "- click: Go\n- expect: x"},
		{"redirect", `<a href="/redirect">Go</a>`, "- click: Go\n- expect: x"},
		{"opened redirect", ``, "- open: '{{site}}/redirect'\n- expect: x"},
		{"script", `<script>location = 'ELSE/'</script>`, "- expect: x"},
		{"refresh", `<meta http-equiv=refresh content="0;url=ELSE/">`, "- expect: x"},
		{"https", `<a href="TLS/">Go</a>`, "- click: Go\n- expect: x"},
		{"at the end", `<a href="ELSE/">Go</a>`, "- click: Go"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newElsewhere(t)
			html := strings.ReplaceAll(tt.html, "ELSE", e.url)
			html = strings.ReplaceAll(html, "TLS", strings.Replace(e.url, "http:", "https:", 1))
			srv := site(t, map[string]page{"/": {html: html}, "/redirect": {handle: func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, e.url+"/there", http.StatusFound)
			}}})
			where := strings.TrimPrefix(e.url, "http")
			trial{limit: "2s", steps: tt.steps}.mustFail(t, srv.URL, flow.Owner, "the page wanted http", where, "which the flow does not name under origins")
			e.mustBeQuiet(t)
		})
	}
}

// What a page wanted from elsewhere is named when a step fails for it.
func TestWallsAreNamed(t *testing.T) {
	chromium(t)
	t.Parallel()
	e := newElsewhere(t)
	srv := site(t, map[string]page{"/": {html: `<script src="` + e.url + `/app.js"></script>`}})
	trial{limit: "500ms", steps: "- expect: x"}.mustFail(t, srv.URL, flow.Owner, "the page also wanted "+e.url)
}

// The flow's own mistakes about origins are found before a browser starts.
func TestWallsBeforeStart(t *testing.T) {
	f := trial{browser: Browser{Path: "/nonexistent"}, noOpen: true, steps: "- open: 'https://elsewhere.test/'"}.
		mustFail(t, "http://127.0.0.1:1", flow.Owner, `step 1 (open "https://elsewhere.test/"), test.yaml:4:5`, "https://elsewhere.test is not among the flow's origins")
	if f.Published {
		t.Error("says that the click may have happened")
	}
	trial{browser: Browser{Path: "/nonexistent"}, steps: "- click: '{{nobody}}'"}.
		mustFail(t, "http://127.0.0.1:1", flow.Owner, "nothing is known as {{nobody}}")
	trial{browser: Browser{Path: "/nonexistent"}, steps: "- click: '{{pin}}'", secrets: map[string]string{"pin": "1234"}}.
		mustFail(t, "http://127.0.0.1:1", flow.Owner, "{{pin}} is a secret") // C29
}

// C28: a page is given no permission and saves no file.
func TestPermissionsAndDownloads(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := site(t, map[string]page{
		"/": {html: `<p id=p></p><a id=d href="/file" download>x</a><script>
			const state = name => navigator.permissions.query({name}).then(s => s.state === 'granted' ? name + ' granted ' : '');
			d.click();
			Promise.all(['geolocation', 'notifications', 'camera', 'microphone', 'clipboard-read'].map(state)).then(s =>
				navigator.geolocation.getCurrentPosition(() => p.textContent = 'located', e => p.textContent = s.join('') + 'no place'))
			</script>`},
		"/file": {handle: download},
	})
	var tr traces
	b := tr.record(Browser{})
	files := 0
	f := trial{steps: "- expect: no place\n- read: {v: {at: css/#p}}\n- expect: no place"}.flow(t)
	b.Dir = t.TempDir()
	r, err := b.Run(t.Context(), flow.Task{Flow: f, Values: map[string]string{"site": srv.URL}, Progress: func(flow.Event) {
		filepath.Walk(tr.dir, func(path string, _ os.FileInfo, _ error) error {
			if strings.Contains(path, "evil") {
				files++
			}
			return nil
		})
	}})
	if err != nil || r.Values["v"] != "no place" || files != 0 {
		t.Errorf("got %v, %v, %d files", r.Values, err, files)
	}
}

// C28: no run sees the cookies or the storage of another.
func TestFreshProfile(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := site(t, map[string]page{"/": {html: `<p id=p></p><script>
		p.textContent = 'known: ' + document.cookie + (localStorage.x || '') + '.';
		document.cookie = 'a=1; max-age=9999'; localStorage.x = 1</script>`}})
	for range 2 {
		r := trial{steps: "- read: {v: {at: css/#p}}"}.must(t, srv.URL)
		if r.Values["v"] != "known: ." {
			t.Errorf("got %q", r.Values["v"])
		}
	}
}
