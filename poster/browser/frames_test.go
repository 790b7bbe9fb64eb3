package browser

import (
	"html"
	"net/http/httptest"
	"strings"
	"testing"

	"mailapp/poster/flow"
)

// otherSite is a server by a name that makes it another site than 127.0.0.1.
func otherSite(srv *httptest.Server) string {
	return strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
}

// A locator leads into frames of other sites, and into frames in those.
func TestForeignFrames(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := site(t, map[string]page{"/deep": {html: `<button onclick="textContent = 'deeply clicked'">Deep</button>`}})
	other := otherSite(site(t, map[string]page{
		"/in": {html: say + `<button onclick="say('clicked'); setTimeout(() => document.getElementById('late').hidden = false, 300)">Go</button><p id=late hidden>at last</p>
			<input aria-label=Name><div id=e contenteditable></div><input type=file id=f multiple onchange="say(files.length)"><input type=checkbox id=c>
			<p style="height:1500px"></p><iframe src="` + srv.URL + `/deep" style="margin-left:300px"></iframe><a href="/in2">On</a>`},
		"/in2": {html: "<h1>second</h1>"},
	}))
	front := httptest.NewServer(siteHandler(map[string]page{"/": {html: `<iframe srcdoc="nothing"></iframe><p style="height:1500px">x</p><iframe id=f style="margin:20px;padding:10px;border:5px solid"></iframe>
		<script>setTimeout(() => { f.src = '` + other + `/in' }, 200)</script>`}}))
	defer front.Close()
	r := trial{origins: []string{other, srv.URL}, limit: "5s", photos: photos(2), steps: `
- click: css/#f >> Go
- expect: css/#f >> at last
- fill: {css/#f >> Name: hello, "css/#f >> css/#e": "one\ntwo"}
- type: {css/#f >> Name: " you"}
- upload: {css/#f >> css/#f: '{{photos}}'}
- check: css/#f >> css/#c
- expect: {text: "clicked 2", at: css/#f >> css/#log}
- {click: css/#f >> Never, optional: 200ms}
- {fill: {css/#f >> Name: "{{photo-count}} photos"}, unless: css/#f >> never}
- read: {log: {at: css/#f >> css/#log}, name: {at: css/#f >> Name, from: value}, editor: {at: "css/#f >> css/#e"}}
- click: css/#f >> css/iframe >> Deep
- expect: css/#f >> css/iframe >> deeply clicked
- click: css/#f >> On
- wait-for: {gone: css/#f >> Go}
- expect: css/#f >> second
`}.must(t, front.URL)
	if got := r.Values["log"] + "|" + r.Values["name"] + "|" + r.Values["editor"]; got != "clicked 2|2 photos|one two" {
		t.Errorf("got %s", got)
	}
}

// What goes wrong about a frame of another site is told.
func TestForeignFramesFail(t *testing.T) {
	chromium(t)
	t.Parallel()
	other := otherSite(site(t, map[string]page{"/": {html: `<button disabled>Go</button><p>hello</p>`}}))
	srv := site(t, map[string]page{"/": {html: `<iframe src="` + other + `"></iframe><p>main</p><div id=d style="position:fixed;inset:0" hidden></div><button onclick="d.hidden = false">Cover</button>`}})
	named := trial{origins: []string{other}, limit: "1500ms", steps: "- click: css/iframe >> Go"}
	named.mustFail(t, srv.URL, flow.Owner, `button "Go" is disabled`)
	named.steps = "- click: hello"
	named.mustFail(t, srv.URL, flow.Owner, `"hello" is not on the page`)
	named.steps = "- click: Cover\n- click: css/iframe >> text/hello"
	named.mustFail(t, srv.URL, flow.Owner, "<iframe> is covered by <div id=d>")
	named.steps = "- expect: {see: main, text: hello, at: css/iframe >> css/p}"
	named.mustFail(t, srv.URL, flow.Owner, "a condition that looks into <iframe> of another site must be the only one")
	named.head = "fails-when:\n  - {text: main, fault: site}\n"
	named.steps = "- expect: css/iframe >> never"
	named.mustFail(t, srv.URL, flow.Site, "main")
	walled := trial{limit: "500ms", steps: "- expect: css/iframe >> hello"} // C28
	walled.mustFail(t, srv.URL, flow.Owner, "the page also wanted "+other)
}

// C28: photos go to the document that is clicked, be it in a frame, and not to a
// frame of another site that asks for files just then.
func TestForeignChooser(t *testing.T) {
	chromium(t)
	t.Parallel()
	const asking = say + `<script>const ask = () => { const i = document.createElement('input'); i.type = 'file'; i.multiple = true; i.onchange = () => say(i.files.length); i.click() }</script>
		<button onclick="ask()">Add</button>`
	other := otherSite(site(t, map[string]page{"/": {html: asking + `<button onclick="say('clicked')">Go</button><script>onmessage = ask</script>`}}))
	srv := site(t, map[string]page{"/": {html: asking + `<iframe id=f src="` + other + `"></iframe><iframe id=g srcdoc="` + html.EscapeString(asking) + `"></iframe>
		<button onclick="f.contentWindow.postMessage('', '*')">Drop</button>`}})
	tr := trial{origins: []string{other}, limit: "3s", photos: photos(2)}
	tr.steps = `
- upload: {Add: "{{photos}}"}
- upload: {css/#f >> Add: "{{photos}}"}
- upload: {css/#g >> Add: "{{photos}}"}
- read: {page: {at: css/#log}, other: {at: css/#f >> css/#log}, inner: {at: css/#g >> css/#log}}`
	if got := tr.must(t, srv.URL).Values; got["page"] != "2" || got["other"] != "2" || got["inner"] != "2" {
		t.Errorf("got photos: %v", got)
	}
	tr.steps = "- click: css/#f >> Go\n- upload: {Drop: '{{photos}}'}"
	tr.mustFail(t, srv.URL, flow.Owner, "the page does not ask for files when it is clicked")
}

// C26, C29: publish in the frame of another site is one click and one request,
// and a picture shows no secret that is in it.
func TestForeignPublish(t *testing.T) {
	chromium(t)
	t.Parallel()
	var c counter
	srv := site(t, map[string]page{})
	inner := httptest.NewServer(c.wrap(siteHandler(map[string]page{
		"/": {html: `<body style="background:white"><form method=post action="/publish" target=_top><input type=password name=p aria-label=Password style="opacity:.01" oninput="out.textContent = value"><p id=out></p>
			<button style="position:absolute;top:200px">Publish</button></form>`},
		"/publish": {html: `<h1>Your ad</h1>`},
	})))
	defer inner.Close()
	other := otherSite(inner)
	srv.Config.Handler = siteHandler(map[string]page{"/": {html: `<body style="background:white"><iframe style="border:0;height:150px;margin-top:1200px" src="` + other + `"></iframe>`}})
	tr := trial{origins: []string{other}, limit: "5s", secrets: map[string]string{"password": "opensesame"}}
	tr.steps = "- fill: {css/iframe >> Password: '{{password}}'}\n- expect: css/iframe >> css/#out"
	mustBeWhite(t, tr.must(t, srv.URL).Screenshot)
	tr.steps += "\n- publish: css/iframe >> Publish\n- expect: Your ad\n- read: {url: {from: url}}"
	if r := tr.must(t, srv.URL); r.Values["url"] != other+"/publish" || !r.Published {
		t.Errorf("got %v, published %v", r.Values, r.Published)
	}
	if n := c.count("POST /publish"); n != 1 {
		t.Errorf("%d requests", n)
	}
}
