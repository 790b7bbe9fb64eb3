package browser

import (
	"strings"
	"testing"

	"mailapp/poster/flow"
)

// Steps are done in the window that a page opens, and then on the page again.
func TestWindow(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := site(t, map[string]page{
		"/": {html: say + `<button onclick="window.open('/map', 'map', 'width=300,height=300')">Map</button><a href="/map?b" target=_blank rel=opener>Other map</a><a href="/map?c" target=_blank>Map of its own</a>
			<button onclick="const d = window.open('').document; d.write('<button onclick=\'opener.say(7)\'>Written</button>'); d.close()">Write</button><button onclick="say('main')">Main</button>`},
		"/map": {html: `<p style="height:900px"></p><input aria-label=Place><button onclick="opener.say(document.querySelector('input').value)">Keep</button>
			<button onclick="opener.say('closed'); window.close()">Take</button>`},
	})
	r := trial{limit: "5s", steps: `
- click: Map
- window:
    - fill: {Place: Vienna}
    - click: Keep
    - expect: {url: "*/map"}
    - read: {place: {at: Place, from: value}}
- click: Main
- window:
    - click: Take
- click: Main
- click: Map
- click: Other map
- window:
    - expect: {url: "*/map?b"}
    - click: Take
- window:
    - expect: {url: "*/map"}
- click: Write
- window:
    - click: Written
- click: Map of its own
- window:
    - expect: {url: "*/map?c"}
- expect: {url: "{{site}}/"}
- read: {log: {at: css/#log}}
`}.must(t, srv.URL)
	if got := r.Values["place"] + "|" + r.Values["log"]; got != "Vienna|Vienna main closed main closed 7" {
		t.Errorf("got %s", got)
	}
}

// C23: what becomes of the photos counts, whichever window they are sent by.
func TestWindowPhotos(t *testing.T) {
	chromium(t)
	const pick = "\n- window:\n    - upload: {More: '{{photos}}'}\n"
	for _, tt := range []struct{ name, script, steps string }{
		{"by a window that came after", `send(all[0]).then(shown)`, "- upload: {Photos: '{{photos}}'}\n- click: Pick" + pick + "    - expect: photo"},
		{"by the page that opened the window", `opener.sendOn(all[0])`, "- click: Open" + pick + "- expect: photo"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pages := publishing(sender("")+`<script>var sendOn = x => send(x).then(shown)</script><a href="/pick" target=_blank>Pick</a><button onclick="window.open('/pick')">Open</button>`, page{handle: toAd})
			pages["/pick"] = page{html: strings.Replace(sender(tt.script), "Photos", "More", 1)}
			pages["/files"] = page{handle: (&uploadServer{answers: []int{413}}).ServeHTTP}
			tr := trial{limit: "8s", steps: tt.steps + "\n- publish: Publish\n- expect: Your ad", photos: photos(1)}
			f := tr.mustFail(t, site(t, pages).URL, flow.Sender, "the site refused a photo (413")
			if f.Published {
				t.Error("published")
			}
		})
	}
}

// What a window that has closed was sending is not waited for; an answer that
// came before counts.
func TestWindowLeftSending(t *testing.T) {
	closed, open := &tab{}, &tab{}
	s := newSending()
	s.given["photo"] = true
	s.underway["unanswered"], s.underway["answered"] = &shipment{tab: closed}, &shipment{tab: closed, status: 413}
	s.underway["other"] = &shipment{tab: open}
	s.left(closed)
	if len(s.underway) != 1 || s.underway["other"] == nil || len(s.refused) != 1 || s.refused[0].status != 413 {
		t.Errorf("under way %v, refused %v", s.underway, s.refused)
	}
}

// What goes wrong about a window is told.
func TestWindowFails(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := site(t, map[string]page{
		"/":    {html: `<button onclick="window.open('/map')">Map</button>`},
		"/map": {html: `<button onclick="window.close()">Take</button><button onclick="alert('no such place')">Warn</button>`},
	})
	tr := trial{limit: "2s", steps: "- window:\n    - click: Take"}
	tr.mustFail(t, srv.URL, flow.Owner, "step 2 (window)", "the page has opened no window (waited 2s)")
	tr.steps = "- click: Map\n- window:\n    - click: Take\n    - expect: Never"
	tr.mustFail(t, srv.URL, flow.Owner, `step 3.2 (expect "Never")`, "the window has closed")
	tr.steps = "- click: Map\n- window:\n    - click: Warn"
	f := tr.mustFail(t, srv.URL, flow.Owner, `the page raised a dialog: "no such place"`)
	if f.Page != srv.URL+"/map" || !strings.Contains(string(f.DOM), "Take") || len(f.Screenshot) == 0 {
		t.Errorf("evidence of %s: %s, a picture of %d bytes", f.Page, f.DOM, len(f.Screenshot))
	}
}

// C28: a window that leads elsewhere is closed, and the page goes on; so are
// windows without end.
func TestWindowWalls(t *testing.T) {
	chromium(t)
	t.Parallel()
	e := newElsewhere(t)
	srv := site(t, map[string]page{
		"/": {html: `<p id=p></p><button onclick="w = window.open('` + e.url + `/ad'); setInterval(() => { p.textContent = w.closed ? 'closed' : 'open' }, 50)">Ad</button>
			<button onclick="const all = Array.from({length: 12}, (_, i) => window.open('/w?' + i)); setInterval(() => { p.textContent = all.filter(w => !w.closed).length + ' are open' }, 50)">Flood</button>`},
		"/w": {html: "w"},
	})
	trial{limit: "4s", steps: "- click: Ad\n- expect: closed\n- click: Ad\n- expect: closed"}.must(t, srv.URL)
	trial{limit: "2s", steps: "- click: Ad\n- window:\n    - expect: x"}.mustFail(t, srv.URL, flow.Owner, "step 3", e.url)
	trial{limit: "4s", steps: "- click: Flood\n- expect: 5 are open"}.must(t, srv.URL)
	e.mustBeQuiet(t)
}
