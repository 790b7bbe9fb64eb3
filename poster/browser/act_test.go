package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mailapp/poster/flow"
)

// say writes what happens on the page to #log, where the flow reads it.
const say = `<p id=log></p><script>
var log = document.getElementById('log');
function say(s) { log.textContent += s + ' ' }
function watch(id) { for (const e of ['input', 'change', 'blur']) document.getElementById(id).addEventListener(e, () => say(e + '=' + document.getElementById(id).value)) }
</script>`

const readLog = "\n- read: {log: {at: css/#log}}"

// Each verb does what a person would do, and the page's scripts notice.
func TestVerbs(t *testing.T) {
	chromium(t)
	tryAll(t, []trying{
		{"click a link", `<a href="/next">Go  on</a>`, `- click: go on
			- read: {log: {at: css/h1}}`, "next page", nil},
		{"click a button", say + `<button onclick="say('yes')">Yes <b>please</b></button><button>No</button>`, "- click: Yes please" + readLog, "yes", nil},
		{"click an input", say + `<input type=button value="Do it" onclick="say('done')">`, "- click: Do it" + readLog, "done", nil},
		{"click by aria-label", say + `<button aria-label="Close" onclick="say('closed')">x</button>`, "- click: Close" + readLog, "closed", nil},
		{"click by title", say + `<button title="Save" onclick="say('saved')">&#128190;</button>`, "- click: Save" + readLog, "saved", nil},
		{"click by picture", say + `<button onclick="say('pic')"><img alt="Camera" width=10 height=10></button>`, "- click: Camera" + readLog, "pic", nil},
		{"click a role", say + `<div role=button onclick="say('div')">Send</div><p>Send</p>`, "- click: Send" + readLog, "div", nil},
		{"click any text", say + `<div><span onclick="say('span')">Some thing</span></div>`, "- click: text/Some thing" + readLog, "span", nil},
		{"click by css", say + `<b class=x style="display:none">1</b><b class=x onclick="say('second')">2</b>`, "- click: css/.x" + readLog, "second", nil},
		{"click a label", say + `<label><input type=radio name=r onclick="say('radio')"> For sale by owner</label>`, "- click: for sale by owner" + readLog, "radio", nil},
		{"click far below", say + `<div style="height:5000px"></div><button onclick="say('deep')">Deep</button>`, "- click: Deep" + readLog, "deep", nil},
		{"click same links", `<a href="/next">Post</a> … <a href="/next">Post</a>`, `- click: Post
			- read: {log: {at: css/h1}}`, "next page", nil},
		{"click to a new window", `<a href="/next" target=_blank>Preview</a>`, `- click: Preview
			- read: {log: {at: css/h1}}`, "next page", nil},
		{"no-break spaces", say + "<button onclick=\"say('nb')\">\u00a0Log\u00a0 in\u200b</button>", "- click: Log in" + readLog, "nb", nil},

		{"fill by label", say + `<label for=a>Title *</label><input id=a value=old><script>watch('a')</script>`, `- fill: {Title: "{{v}}"}` + readLog, "input=A sofa change=A sofa blur=A sofa", map[string]string{"v": "A sofa"}},
		{"fill by wrapping label", say + `<label>Price: <input id=a></label><script>watch('a')</script>`, `- fill: {Price: 40}` + readLog, "input=40 change=40 blur=40", nil},
		{"fill by placeholder", say + `<input id=a placeholder="Your town"><script>watch('a')</script>`, `- fill: {Your town: Ulm}` + readLog, "input=Ulm change=Ulm blur=Ulm", nil},
		{"fill by aria-labelledby", say + `<b id=l>Town</b><input id=a aria-labelledby=l><script>watch('a')</script>`, `- fill: {Town: Ulm}` + readLog, "input=Ulm change=Ulm blur=Ulm", nil},
		{"fill by name", say + `<input id=a name=PostingTitle><script>watch('a')</script>`, `- fill: {PostingTitle: Ulm}` + readLog, "input=Ulm change=Ulm blur=Ulm", nil},
		{"label before placeholder", say + `<input placeholder=Town><label>Town<input id=a></label><script>watch('a')</script>`, `- fill: {Town: Ulm}` + readLog, "input=Ulm change=Ulm blur=Ulm", nil},
		{"fill nothing clears", say + `<input id=a name=a value=old><script>watch('a')</script>`, `- fill: {a: ""}` + readLog, "input= change= blur=", nil},
		{"fill lines", say + `<textarea id=a name=a>old</textarea><script>watch('a')</script>`, `- fill: {a: "{{v}}"}
			- read: {log: {at: css/#a, from: value, matching: '.*'}}`, "one two", map[string]string{"v": "one\n\ntwo"}},
		{"lines in one line", say + `<input id=a name=a><script>watch('a')</script>`, `- fill: {a: "{{v}}"}` + readLog, "input=one two change=one two blur=one two", map[string]string{"v": "one\r\ntwo"}},
		{"fill a number", say + `<input id=a name=a type=number><script>watch('a')</script>`, `- fill: {a: "$40"}` + readLog, "input=40 change=40 blur=40", nil},
		{"fill a date", say + `<input id=a name=a type=date><script>watch('a')</script>`, `- fill: {a: 2026-02-03}` + readLog, "input=2026-02-03 change=2026-02-03", nil},
		{"fill an editor", `<div id=log contenteditable aria-label=Text>old</div>`, `- fill: {Text: "new <b>text</b>"}` + readLog, "new <b>text</b>", nil},
		{"formatting field", say + `<input id=a name=a onblur="this.value = '€ ' + this.value"><script>watch('a')</script>`, `- fill: {a: 40}` + readLog, "input=40 change=40 blur=€ 40", nil},
		{"script in a value", say + `<input id=a name=a><script>watch('a')</script>`, `- fill: {a: "{{v}}"}` + readLog, `input='"</script>${1} change='"</script>${1} blur='"</script>${1}`, map[string]string{"v": `'"</script>${1}`}}, // C25

		{"choose by text", say + "<label>Size<select id=a><option value=1>Small<option value=2>\u00a0\u00a0Very  large</select></label><script>watch('a')</script>", `- choose: {Size: Very large}` + readLog, "input=2 change=2", nil},
		{"choose by value", say + `<select id=a name=a><option value=1>Small<option value=2>Large</select><script>watch('a')</script>`, `- choose: {a: "2"}` + readLog, "input=2 change=2", nil},
		{"choose what is chosen", say + `<select id=a name=a><option>Small<option>Large</select><script>watch('a'); say('.')</script>`, `- choose: {a: small}` + readLog, ".", nil},
		{"choose nothing", say + `<select id=a name=a><option>Small<option>Large</select><script>watch('a'); say('.')</script>`, `- choose: {a: ""}` + readLog, ".", nil},
		{"choose late option", say + `<select id=a name=a><option>…</select><script>watch('a'); setTimeout(() => a.add(new Option('Late', 'l')), 200)</script>`, `- choose: {a: Late}` + readLog, "input=l change=l", nil},
		{"choose behind a widget", say + `<label for=a>Kind</label><select id=a style="display:none"><option>A<option>B</select><div>A</div><script>watch('a')</script>`, `- choose: {Kind: B}` + readLog, "input=B change=B", nil},

		{"check", say + `<label><input type=checkbox onchange="say(this.checked)">I agree to the <a href="/next">terms and conditions</a></label>`, `- check: I agree to the terms and conditions` + readLog, "true", nil},
		{"check checked", say + `<label><input type=checkbox checked onchange="say(this.checked)">On</label><script>say('.')</script>`, `- check: "On"` + readLog, ".", nil},
		{"uncheck", say + `<label><input type=checkbox checked onchange="say(this.checked)">News</label>`, `- uncheck: News` + readLog, "false", nil},
		{"check behind a widget", say + `<input id=c type=checkbox style="position:absolute;opacity:0;width:0;height:0" onchange="say(this.checked)"><label for=c>Drawn</label>`, `- check: Drawn` + readLog, "true", nil},
		{"check a role", say + `<div role=checkbox aria-checked=false onclick="this.setAttribute('aria-checked','true');say('on')">Mine</div>`, `- check: Mine` + readLog, "on", nil},

		{"upload", say + `<label>Photos<input type=file id=f multiple></label><script>f.onchange = () => say([...f.files].map(f => f.name + ':' + f.size))</script>`, `- upload: {Photos: "{{photos}}"}` + readLog, fmt.Sprintf("photo-1.jpg:%d,photo-2.jpg:%d", photos(2)[0].Data.Size(), photos(2)[1].Data.Size()), nil},
		{"upload hidden", say + `<button>Add</button><input type=file id=f multiple hidden aria-label=Photos><script>f.onchange = () => say(f.files.length)</script>`, `- upload: {Photos: "{{photos}}"}` + readLog, "2", nil},
		{"upload to a zone by its text", say + `<div ondrop="x"><b>!</b><p>Drop photos here</p><input type=file id=f multiple style="display:none"></div><input type=file><script>f.onchange = () => say(f.files.length)</script>`, `- upload: {Drop photos here: "{{photos}}"}` + readLog, "2", nil},
		{"upload to a zone that asks", say + `<div><input type=file hidden><div style="cursor:pointer" onclick="f.click()"><span style="pointer-events:none">Drop photos here</span></div></div><input type=file id=f multiple style="display:none"><script>f.onchange = () => say(f.files.length)</script>`, `- upload: {Drop photos here: "{{photos}}"}` + readLog, "2", nil},
		{"upload css", say + `<input type=file id=f multiple style="display:none"><script>f.onchange = () => say(f.files.length)</script>`, `- upload: {css/#f: "{{photos}}"}` + readLog, "2", nil},

		{"expect across elements", `<p>Your <b>ad</b> is&nbsp;<i>online</i></p>`, `- expect: your ad is online
			- read: {log: {from: url, matching: '^http'}}`, "http", nil},
		{"expect a button", `<input type=submit value="Send now">`, `- expect: Send now
			- read: {log: {from: url, matching: '^http'}}`, "http", nil},
		{"read a link", `<p>See <a href="/ad/7?x=1">your ad</a></p>`, `- read: {log: {at: your ad, from: link, matching: '/ad/(\d+)'}}`, "7", nil},
		{"read an attribute", `<p id=p data-number=7>x</p>`, `- read: {log: {at: css/#p, from: data-number}}`, "7", nil},
		{"read a value", `<label>Link<input value="http://x/"></label>`, `- read: {log: {at: Link, from: value}}`, "http://x/", nil},
		{"read by text", `<table><tr><td>Ad number 77 (new)</table>`, `- read: {log: {at: Ad number, matching: '\d+'}}`, "77", nil},
		{"read when it matches", `<p id=p>waiting</p><script>setTimeout(() => p.textContent = 'number 5', 200)</script>`, `- read: {log: {at: css/#p, matching: 'number (\d)'}}`, "5", nil},
	})
}

// What is not ready yet is waited for.
func TestWaits(t *testing.T) {
	chromium(t)
	tests := []struct{ name, html, steps, want string }{
		{"late element", say + `<script>setTimeout(() => document.body.insertAdjacentHTML('beforeend', '<button onclick="say(\'late\')">Late</button>'), 300)</script>`, "- click: Late" + readLog, "late"},
		{"shown late by css", say + `<style>#b{visibility:hidden;animation:s 0s .3s forwards}@keyframes s{to{visibility:visible}}</style><button id=b onclick="say('seen')">Show</button>`, "- click: Show" + readLog, "seen"},
		{"disabled then enabled", say + `<button id=b disabled onclick="say('on')">Go</button><script>setTimeout(() => b.disabled = false, 300)</script>`, "- click: Go" + readLog, "on"},
		{"aria-disabled", say + `<button id=b aria-disabled=true onclick="say('on')">Go</button><script>setTimeout(() => b.removeAttribute('aria-disabled'), 300)</script>`, "- click: Go" + readLog, "on"},
		{"moving", say + `<style>#b{position:absolute;animation:m .4s}@keyframes m{from{left:0}to{left:900px}}</style><button id=b style="left:900px;width:40px" onclick="say('hit')">Go</button>`, "- click: Go" + readLog, "hit"},
		{"covered", say + `<button onclick="say('under')">Go</button><div id=o style="position:fixed;inset:0" onclick="say('over')">Loading</div><script>setTimeout(() => o.remove(), 300)</script>`, "- click: Go" + readLog, "under"},
		{"under a sticky bar", say + `<div style="position:fixed;top:0;left:0;right:0;height:80px;background:#eee">bar</div><button onclick="say('free')" style="margin-top:900px">Go</button><div style="height:2000px"></div><script>scrollTo(0, 900)</script>`, "- click: Go" + readLog, "free"},
		{"read-only field", say + `<input id=a name=a readonly><script>watch('a'); setTimeout(() => a.readOnly = false, 300)</script>`, "- fill: {a: x}" + readLog, "input=x change=x blur=x"},
		{"replaced while filling", say + `<div id=d><input id=a name=a></div><script>let n = 0; d.addEventListener('focusin', () => { if (n++ == 0) { d.innerHTML = '<input id=a name=a>'; watch('a') } })</script>`, "- fill: {a: x}" + readLog, "input=x change=x blur=x"},
		{"replaced by its input", say + `<div id=d><input id=a name=a></div><script>let n = 0; d.addEventListener('input', () => { if (n++ == 0) { d.innerHTML = '<input id=a name=a>'; watch('a') } })</script>`, "- fill: {a: x}" + readLog, "input=x change=x blur=x"},
		{"ambiguous at first", say + `<button id=o>Go</button><button onclick="say('new')">Go</button><script>setTimeout(() => o.remove(), 300)</script>`, "- click: Go" + readLog, "new"},
		{"page after page", `<form action="/second"><button>Next</button></form>`, "- click: Next\n- click: Next\n- read: {log: {at: css/h1}}", "third"},
		{"navigation by script", `<button onclick="setTimeout(() => location = '/second', 200)">Start</button>`, "- click: Start\n- click: Next\n- read: {log: {at: css/h1}}", "third"},
		{"slow script at the end", say + `<button id=b>Go</button><script src="/slow.js"></script>`, "- click: Go" + readLog, "ready"},
		{"redirected while looking", `<script>setTimeout(() => location.replace('/second'), 200)</script>`, "- click: Next\n- read: {log: {at: css/h1}}", "third"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := site(t, map[string]page{
				"/":        {html: tt.html},
				"/second":  {html: `<form action="/third"><button>Next</button></form>`},
				"/third":   {html: "<h1>third</h1><button>Next</button>"},
				"/slow.js": {handle: slowScript},
			})
			r := trial{steps: tt.steps}.must(t, srv.URL)
			if got := strings.TrimSpace(r.Values["log"]); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// What cannot be done fails with its reason and by the right one's fault (C27).
func TestFailures(t *testing.T) {
	chromium(t)
	const fails = "fails-when:\n  - {see: css/.errors, fault: sender}\n  - {see: Are you human, fault: owner}\n  - {see: closed for today, fault: site}\n"
	tests := []struct {
		name, html, steps string
		fault             flow.Fault
		words             []string
	}{
		{"not there", `<button>Post</button>`, "- click: Pots", flow.Owner, []string{`step 2 (click "Pots"), test.yaml:`, `"Pots" is not on the page`, "A page"}},
		{"ambiguous", `<button>Go</button><a href="/a">Go</a><input type=submit value=go>`, "- click: Go", flow.Owner, []string{`"Go" could be several; there are: button "Go", link "Go", button "go"`}},
		{"disabled", `<button disabled>Go</button>`, "- click: Go", flow.Owner, []string{`button "Go" is disabled`}},
		{"covered", `<button>Go</button><div class=veil style="position:fixed;inset:0"></div>`, "- click: Go", flow.Owner, []string{`button "Go" is covered by <div class=veil>`}},
		{"no option", `<select name=a><option>A<option>B</select>`, "- choose: {a: C}", flow.Owner, []string{`has no option "C"; there are: "A", "B"`}},
		{"choice taken back", `<label>Kind<select name=a style="display:none" onchange="this.value=''"><option value="">-<option>B</select></label>`, "- choose: {a: B}", flow.Owner, []string{`select "Kind" does not keep the choice: click what is drawn over it`}},
		{"too long", `<label>Title<input maxlength=5></label>`, "- fill: {Title: A long title}", flow.Sender, []string{"takes at most 5 characters"}},
		{"does not keep", `<label>Title<input oninput="this.value='x'"></label>`, "- fill: {Title: Sofa}", flow.Owner, []string{`"Title" holds something else after it was filled: "x"`}},
		{"one photo", `<label>Photos<input type=file></label>`, `- upload: {Photos: "{{photos}}"}`, flow.Owner, []string{"takes one photo, not 2"}},
		{"bad selector", `x`, "- click: css/a:none", flow.Owner, []string{"a:none"}},
		{"alert", `<button onclick="alert('Please add a price')">Go</button>`, "- click: Go", flow.Owner, []string{`the page raised a dialog: "Please add a price"`}},
		{"confirm", `<button onclick="if (confirm('Really?')) document.title='yes'">Go</button>`, "- click: Go", flow.Owner, []string{`"Really?"`}},
		{"late alert", `<script>setTimeout(() => alert('Too late'), 200)</script>`, "- click: Go", flow.Owner, []string{`"Too late"`}},
		{"beforeunload", `<input name=a><script>addEventListener('beforeunload', e => e.preventDefault())</script><a href="/">Away</a>`, "- fill: {a: x}\n- click: Away", flow.Owner, []string{"asked whether to leave it"}},
		{"sender's", `<p class=errors>Price required</p><button>Go</button>`, "- click: Go", flow.Sender, []string{`the page shows "css/.errors"`, "the page says: Price required"}},
		{"owner's", `<h1>Are you human?</h1>`, "- expect: Thanks", flow.Owner, []string{"Are you human?"}},
		{"site's", `<script>setTimeout(() => document.body.append('We are closed for today.'), 200)</script>`, "- expect: Thanks", flow.Site, []string{"We are closed for today."}},
		{"hidden error", `<p class=errors style="display:none">Oops</p>`, "- expect: Thanks", flow.Owner, []string{"not on the page"}},
		{"server error", `<a href="/500">Go</a>`, "- click: Go\n- expect: Thanks", flow.Site, []string{"status 500", "Oops"}},
		{"connection lost", `<a href="/lost">Go</a>`, "- click: Go\n- expect: Thanks", flow.Site, []string{"closed the connection without an answer"}},
		{"not found", `<a href="/404">Go</a>`, "- click: Go\n- expect: Thanks", flow.Owner, []string{"404 page not found"}},
		{"no answer", `<a href="/never">Go</a>`, "- click: Go\n- expect: Thanks", flow.Site, []string{"did not answer within"}},
		{"download", `<a href="/file">Go</a>`, "- click: Go\n- expect: Thanks", flow.Owner, []string{"not on the page"}},                                           // C28
		{"secret in a text field", `<label>Password<input type=text></label>`, `- fill: {Password: "{{password}}"}`, flow.Owner, []string{"is no password field"}}, // C29
		{"never matches", `<p id=p>x</p>`, `- read: {a: {at: css/#p, matching: '\d'}}`, flow.Owner, []string{"which does not match"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := site(t, map[string]page{
				"/":      {html: tt.html},
				"/500":   {handle: serverError},
				"/lost":  {handle: loseConnection},
				"/never": {handle: neverAnswer},
				"/file":  {handle: download},
			})
			f := trial{limit: "700ms", head: fails, steps: tt.steps, photos: photos(2), secrets: map[string]string{"password": "s3cret"}}.
				mustFail(t, srv.URL, tt.fault, tt.words...)
			if f.Published || len(f.Screenshot) == 0 || !strings.HasPrefix(f.Page, srv.URL+"/") {
				t.Errorf("published %v, screenshot of %d bytes, page %q", f.Published, len(f.Screenshot), f.Page)
			}
		})
	}
}

// A site that is not there, and one that is slower than the whole run may be,
// are the site's fault.
func TestSiteIsAway(t *testing.T) {
	chromium(t)
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, url := range []string{gone.URL, strings.Replace(gone.URL, "http:", "https:", 1)} {
		begun := time.Now()
		trial{steps: "- expect: x"}.mustFail(t, url, flow.Site, "step 1 (open", "cannot be reached: connect: connection refused")
		if d := time.Since(begun); d > 10*time.Second {
			t.Errorf("took %v to say so", d)
		}
	}
	srv := site(t, map[string]page{"/": {html: "<p>there</p>"}})
	busy := site(t, map[string]page{"/": {html: "<script>setTimeout(() => { const t = Date.now(); while (Date.now() - t < 3000); }, 50)</script>"}})
	trial{limit: "200ms", steps: "- expect: never"}.mustFail(t, busy.URL, flow.Site, "the page was too busy for this within 200ms")
	f := trial{limit: "1s", head: "limit: 1s\n", steps: "- expect: there\n- expect: never"}.mustFail(t, srv.URL, flow.Site, "the time for the whole run is up")
	if !errors.Is(f, context.DeadlineExceeded) || len(f.Screenshot) == 0 {
		t.Errorf("got %v, screenshot of %d bytes", f, len(f.Screenshot))
	}
}
