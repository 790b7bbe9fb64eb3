package browser

import (
	"context"
	"fmt"
	"image"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-rod/rod/lib/cdp"

	"mailapp/poster/flow"
)

// gallery is where a site's pictures, video and sound are, below /pic/.
type gallery struct {
	mu    sync.Mutex
	asked []string // what follows /pic/
}

func (g *gallery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, _ := strings.CutPrefix(r.URL.Path, "/pic/")
	g.mu.Lock()
	g.asked = append(g.asked, name)
	g.mu.Unlock()
	w.Header().Set("Content-Type", "image/png")
	w.Write(cornersPNG(image.NewGray(image.Rect(0, 0, 20, 10))))
}

// pictured is a page with some of each kind, whose names begin with the page's
// letter. It says what it shows: of the site's, and of its own making.
func pictured(letter, more string) page {
	const html = `<body style="background: url(/pic/Xback)">
		<script>
			const seen = !document.hidden; // else video may wait until it is
			let waits = seen ? 4 : 3, shown = 0, own = 0;
			const over = () => { if (!--waits) document.body.append(localStorage.X = 'X: ' + shown + ' of the site, ' + own + ' own') };
			const watch = (i, count) => { i.onload = () => { count(); over() }; i.onerror = over; return i };
			watch(new Image(), () => shown++).src = '/pic/Xscript';
			const drawn = document.createElement('canvas').toDataURL();
			watch(new Image(), () => own++).src = drawn;
			fetch(drawn).then(r => r.blob()).then(b => watch(new Image(), () => own++).src = URL.createObjectURL(b));
		</script>
		<img src="/pic/Ximg" alt=""><input type=image alt=Go src="/pic/Xinput">
		<video src="/pic/Xvideo" poster="/pic/Xposter" preload=auto onerror="if (seen) over()"></video><audio src="/pic/Xaudio" preload=auto></audio>`
	return page{html: strings.ReplaceAll(html, "X", letter) + more}
}

// onPage are the names of what is on such a page, after the letter.
var onPage = []string{"audio", "back", "img", "input", "poster", "script", "video"}

// What is spared is asked for by no window, frame or page, before publish or
// after; what the page makes itself is shown. Without the task's word all of it
// comes. Publish is sent once (C26).
func TestSpare(t *testing.T) {
	chromium(t)
	login := "http-login: {user: fred, password: '{{password}}'}\n"
	for name, tt := range map[string]struct {
		none  bool
		head  string
		shown int
	}{
		"all":                   {false, "", 1},
		"none":                  {true, "", 0},
		"none, with http-login": {true, login, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, other, c := &gallery{}, &gallery{}, counter{}
			elsewhere := site(t, map[string]page{"/": {html: `<img src="/pic/frame">`}, "/pic/frame": {handle: other.ServeHTTP}})
			away := strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1)
			pages := siteHandler(map[string]page{
				"/": pictured("a", `<iframe src="`+away+`/"></iframe><a href="/w" target=_blank>Open</a>`+
					strings.Replace(plainForm, "<button", `<button onclick="window.open('/v')"`, 1)),
				"/w":       pictured("b", ""),
				"/publish": {handle: toAd},
				"/ad":      pictured("c", `<p id=p></p><script>setInterval(() => { p.textContent = localStorage.d }, 50)</script>`),
				"/v":       pictured("d", ""),
			})
			srv := httptest.NewServer(c.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/pic/") {
					g.ServeHTTP(w, r)
					return
				}
				pages.ServeHTTP(w, r)
			})))
			defer srv.Close()
			said := func(letter string) string {
				return fmt.Sprintf("expect: '%s: %d of the site, 2 own'", letter, tt.shown)
			}
			trial{
				head: tt.head, secrets: map[string]string{"password": "s3cret"}, origins: []string{away}, limit: "8s",
				steps:  "- " + said("a") + "\n- click: Open\n- window: [" + said("b") + "]\n- publish: Publish\n- " + said("c") + "\n- " + said("d"),
				change: func(task *flow.Task) { task.NoImages = tt.none },
			}.must(t, srv.URL)
			if n := c.count("POST /publish"); n != 1 {
				t.Errorf("%d publish requests", n)
			}
			g.mustHaveBeenAsked(t, !tt.none, "a", "c") // the windows have said what they show
			if n := len(other.asked); (n == 0) != tt.none {
				t.Errorf("%d requests of the frame", n)
			}
		})
	}
}

// mustHaveBeenAsked sees that all of what is on these pages was asked for, or
// none of any.
func (g *gallery) mustHaveBeenAsked(t *testing.T, all bool, pages ...string) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !all {
		if len(g.asked) > 0 {
			t.Errorf("asked for %q", g.asked)
		}
		return
	}
	for _, letter := range pages {
		for _, kind := range onPage {
			if !slices.Contains(g.asked, letter+kind) {
				t.Errorf("%s%s was not asked for", letter, kind)
			}
		}
	}
}

// What was refused from here is no trouble of the site's, in a browser elsewhere
// either, which tells of it as of one.
func TestSpareIsNoTrouble(t *testing.T) {
	site, _ := originOf("https://a.example/")
	for why, trouble := range map[string]bool{`"blockedReason": "inspector"`: false, `"canceled": false`: true} {
		w := &windows{bounds: &bounds{allowed: []flow.Origin{site}}, life: context.Background()}
		tab := &tab{windows: w}
		w.remember("1", "https://a.example/x.png")
		tab.fenceEvent(&cdp.Event{Method: "Network.loadingFailed", Params: []byte(`{"requestId": "1", "errorText": "net::ERR_BLOCKED_BY_CLIENT", ` + why + `}`)})
		if err := w.bounds.whatFailed(); (err != nil) != trouble {
			t.Errorf("%s: %v", why, err)
		}
	}
}
