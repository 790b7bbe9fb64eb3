package browser

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"mailapp/poster/flow"
)

// replayed runs the steps of a recording, SITE being its site and OTHER another
// one, and gives what stands in the page's #log afterwards.
func replayed(t *testing.T, srv, other *httptest.Server, steps string) (string, error) {
	t.Helper()
	steps = strings.NewReplacer("SITE", srv.URL, "OTHER", otherSite(other)).Replace(steps)
	f, err := flow.Parse("x.json", []byte(`{"title": "x", "timeout": 4000, "steps": [`+steps+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	f.Steps = slices.DeleteFunc(f.Steps, func(s flow.Step) bool { return s.Verb == flow.Read })
	for i := range f.Steps {
		if f.Steps[i].Verb == flow.Publish { // as the last click is taken for; none of these is
			f.Steps[i].Verb = flow.Click
		}
	}
	done := flow.Step{Number: "99", Verb: flow.Read, Read: flow.Reading{Name: "log", From: "text"}, Recorded: &flow.Recorded{}}
	if done.At, err = flow.ParseLocator("css/#log"); err != nil {
		t.Fatal(err)
	}
	f.Steps = append(f.Steps, done)
	r, err := (&Browser{Dir: t.TempDir()}).Run(t.Context(), flow.Task{Flow: f})
	return strings.TrimSpace(r.Values["log"]), err
}

// replay is what is done on a page, as steps of a recording, and what it has
// said by then.
type replay struct{ name, html, steps, want string }

// saying is say for pages that are left: the last page shows what all have said.
const saying = `<script>function say(s) { sessionStorage[document.title] = (sessionStorage[document.title] || '') + s + ' ' }
	onmessage = e => say(e.data)</script>`

// replayAll does them one after the other in a few browsers.
func replayAll(t *testing.T, all []replay) {
	t.Helper()
	const batches = 3
	other := site(t, otherPages)
	for b := range batches {
		t.Run(fmt.Sprint("batch ", b), func(t *testing.T) {
			t.Parallel()
			pages := map[string]page{
				"/last":  {html: `<button>Read</button><pre id=log></pre><script>log.textContent = JSON.stringify(sessionStorage)</script>`},
				"/popup": {html: `<button onclick="opener.say('popup')">In the window</button><button onclick="opener.say('bye'); window.close()">Done</button>`},
				"/quick": {html: "x"},
			}
			srv := site(t, pages)
			var steps []string
			for i := b; i < len(all); i += batches {
				path := fmt.Sprint("/", i)
				html := strings.NewReplacer("SITE", srv.URL, "OTHER", otherSite(other)).Replace(all[i].html)
				pages[path] = page{html: fmt.Sprintf("<script>document.title = %d</script>", i) + saying + html}
				steps = append(steps, `{"type": "navigate", "url": "SITE`+path+`"}`, all[i].steps)
			}
			said, err := replayed(t, srv, other, strings.Join(append(steps, `{"type": "navigate", "url": "SITE/last"}`, on("click", `"aria/Read"`, "")), ", "))
			if err != nil {
				t.Fatal(err)
			}
			var got map[int]string
			if err := json.Unmarshal([]byte(said), &got); err != nil {
				t.Fatal(err)
			}
			for i := b; i < len(all); i += batches {
				if strings.TrimSpace(got[i]) != all[i].want {
					t.Errorf("%s: said %q, want %q", all[i].name, got[i], all[i].want)
				}
			}
		})
	}
}

// otherPages are in frames, from another site.
var otherPages = map[string]page{
	"/inner": {html: `<input aria-label=Name oninput="parent.postMessage(value, '*')"><a href="/second">On</a><p style="height:1200px"></p>
		<button onclick="parent.postMessage('go' + event.shiftKey, '*')">Go</button><script>var answer = 42; onscroll = () => { if (scrollY == 90) parent.postMessage('scrolled', '*') }</script>`},
	"/second": {html: `<button onclick="parent.postMessage('second', '*')">Back</button>`},
}

// on is a step on an element; more are its other fields.
func on(kind, selectors, more string) string {
	if (kind == "click" || kind == "doubleClick") && !strings.Contains(more, "offsetX") {
		more += `, "offsetX": 1, "offsetY": 1`
	}
	return `{"type": "` + kind + `", "selectors": [` + selectors + `]` + more + `}`
}

func change(selectors, value string) string { return on("change", selectors, `, "value": "`+value+`"`) }

func strokes(keys ...string) string {
	var all []string
	for _, key := range keys {
		all = append(all, `{"type": "keyDown", "target": "main", "key": "`+key+`"}, {"type": "keyUp", "target": "main", "key": "`+key+`"}`)
	}
	return strings.Join(all, ", ")
}

func steps(all ...string) string { return strings.Join(all, ", ") }

const clicks = ` onclick="say('clicked')"`

func viewport(width, height int) string {
	return fmt.Sprintf(`{"type": "setViewport", "width": %d, "height": %d, "deviceScaleFactor": 1, "isMobile": false, "hasTouch": false, "isLandscape": false}`, width, height)
}

// What the reference does with the types of steps and their fields is done here
// in the same way: each of its own cases is one of these.
func TestReplay(t *testing.T) {
	chromium(t)
	t.Parallel()
	const mouse = `<button style="width:200px;height:100px;border:0" id=b>Go</button><script>
		for (const e of ['click', 'dblclick', 'auxclick', 'contextmenu']) b.addEventListener(e, v => { v.preventDefault(); say(e + v.button + '@' + Math.round(v.offsetX) + ',' + Math.round(v.offsetY)) })</script>`
	const field = ` oninput="say('i' + value)" onchange="say('c' + value)"`
	const shadow = `<x-a></x-a><script>
		const a = document.querySelector('x-a').attachShadow({mode: 'open'});
		a.innerHTML = '<p>outer</p><x-b></x-b>';
		a.querySelector('x-b').attachShadow({mode: 'open'}).innerHTML = '<button id=in>Deep inside</button>';
		a.querySelector('x-b').shadowRoot.getElementById('in').onclick = () => say('clicked')</script>`
	const held = `<button id=b onclick="say([event.shiftKey, event.ctrlKey, event.altKey, event.metaKey].map(Number).join(''))">b</button>
		<script>onkeydown = onkeyup = e => say(e.type.slice(3, 4) + e.key)</script>`
	press := func(key, button string) string {
		return `{"type": "keyDown", "key": "` + key + `"}, ` + on("click", `"#b"`, button) + `, {"type": "keyUp", "key": "` + key + `"}`
	}
	replayAll(t, []replay{
		// the mouse
		{"buttons", `<button id=b>Go</button><script>b.onmouseup = e => { e.preventDefault(); say(e.button) }; b.oncontextmenu = e => e.preventDefault()</script>`,
			steps(on("click", `"#b"`, `, "button": "primary"`), on("click", `"#b"`, `, "button": "auxiliary"`), on("click", `"#b"`, `, "button": "secondary"`),
				on("click", `"#b"`, `, "button": "back"`), on("click", `"#b"`, `, "button": "forward"`)), "0 1 2 3 4"},
		{"offset", mouse, on("click", `["#b"]`, `, "offsetX": 30, "offsetY": 20`), "click0@30,20"},
		{"offset outside", mouse, on("click", `["#b"]`, `, "offsetX": 300, "offsetY": 20`), "click0@100,50"},
		{"button", mouse, on("click", `"#b"`, `, "offsetX": 32, "offsetY": 22, "button": "secondary"`), "contextmenu2@32,22 auxclick2@32,22"},
		{"double click", mouse, on("doubleClick", `"#b"`, `, "offsetX": 3, "offsetY": 2`), "click0@3,2 click0@3,2 dblclick0@3,2"},
		{"double click as Chrome records it", mouse, steps(on("click", `"#b"`, ""), on("doubleClick", `"#b"`, ""), on("click", `"#b"`, "")), "click0@1,1 click0@1,1 dblclick0@1,1 click0@1,1"},
		{"long press", `<button id=b onmousedown="at = performance.now()" onmouseup="say(performance.now() - at >= 300)">b</button>`, on("click", `"#b"`, `, "duration": 300, "deviceType": "mouse"`), "true"},
		{"touch", `<button id=b` + clicks + `>b</button>`, on("click", `"#b"`, `, "deviceType": "touch"`), "clicked"},
		{"Shift", held, press("Shift", ""), "dShift 1000 uShift"},
		{"Control", held, press("ControlLeft", ""), "dControl 0100 uControl"},
		{"Alt", held, press("Alt", ""), "dAlt 0010 uAlt"},
		{"Meta", held, press("Meta", ""), "dMeta 0001 uMeta"},
		{"drawing", `<svg viewBox="0 0 100 100" width=200` + clicks + `><path d="M 10,30 A 20,20 0,0,1 50,30 A 20,20 0,0,1 90,30 Q 90,60 50,90 Q 10,60 10,30 z"/></svg>`, on("click", `"svg > path"`, ""), "clicked"},
		{"line drawing", `<button` + clicks + `><svg width=40 height=40><path fill=none stroke=red d="M 5,5 V 35 H 35"/></svg></button>`, on("click", `"svg > path"`, `, "offsetX": 20, "offsetY": 5`), "clicked"},
		{"in an empty parent", `<div class=p style="width:0;height:0;position:absolute"><button class=c style="position:absolute;width:50px;height:50px"` + clicks + `>x</button></div>`, on("click", `[".p", ".c"]`, ""), "clicked"},
		{"box", `<input type=checkbox onclick="say(checked)">`, on("click", `"input"`, ""), "true"},
		{"into view", `<div style="height:3000px">x</div><button` + clicks + `>b</button>`, on("click", `["button"]`, ""), "clicked"},
		{"hover", `<button id=b onpointerover="say('over')">b</button>`, on("hover", `["#b"]`, `, "target": "main"`), "over"},

		// the keyboard
		{"keys", `<input id=one><input id=two><script>oninput = e => say(e.target.id + e.target.value)</script>`, strokes("Tab", "1", "Tab", "2"), "one1 two2"},
		{"keys together", `<input value=abc autofocus onkeyup="say(key = event.key + selectionEnd)">`, `{"type": "keyDown", "key": "Control"}, ` + strokes("a") + `, {"type": "keyUp", "key": "Control"}`, "a3 Control3"},
		{"a modifier alone", `<script>onkeydown = onkeyup = e => say(e.type + e.key + e.altKey)</script>`, strokes("Alt"), "keydownAlttrue keyupAltfalse"},

		// fields
		{"text", `<input id=i` + field + `>`, change(`"#i"`, "ab"), "ia iab cab"},
		{"by keys", `<input id=i onkeyup="say(event.key)">`, change(`"#i"`, "a B"), "a B"},
		{"prefilled", `<input id=i value=abc onchange="say(value)">`, change(`"#i"`, "cba"), "cba"},
		{"prefilled in part", `<input id=i value=abc onchange="say(value)">`, change(`"#i"`, "abcdef"), "abcdef"},
		{"rewritten by the page", `<input id=i onchange="value = '0049'; say(value)">`, change(`"#i"`, "+49"), "0049"},
		{"lines", `<textarea id=i onchange="say(JSON.stringify(value))"></textarea>`, change(`"#i"`, `a\nb`), `"a\nb"`},
		{"editor", `<div id=i contenteditable oninput="last = innerText" onblur="say(last)">old</div>`, change(`"#i"`, "new"), "new"},
		{"kinds of fields", `<script>onchange = e => say(e.target.id + e.target.value)</script><input type=color id=color><input type=date id=date><input type=range id=range><input type=time id=time>
			<input type=month id=month><input type=week id=week><input type=number id=number><input type=email id=email><input type=search id=search><input type=url id=url><input type=tel id=tel>`,
			steps(change(`"#color"`, "#333333"), change(`"#date"`, "2026-11-23"), change(`"#range"`, "70"), change(`"#time"`, "12:30"), change(`"#month"`, "2026-11"), change(`"#week"`, "2026-W48"),
				change(`"#number"`, "12.5"), change(`"#email"`, "a@b.example"), change(`"#search"`, "s"), change(`"#url"`, "http://x"), change(`"#tel"`, "1")),
			"color#333333 date2026-11-23 range70 time12:30 month2026-11 week2026-W48 number12.5 emaila@b.example searchs urlhttp://x tel1"},
		{"select by value", `<label>Select <select id=s onchange="say(value)"><option value=1>2<option value=2>1<option value=O3>three</select></label>`, change(`"aria/Select"`, "2"), "2"},
		{"select that was opened", `<label>Select <select id=s onchange="say(value)"><option>O1<option>O2</select></label><p style="height:90px"></p><button` + clicks + `>b</button>`,
			steps(on("click", `"aria/Select"`, `, "target": "main"`), change(`"aria/Select"`, "O2"), on("click", `"button"`, "")), "O2 clicked"},
		{"boxes", `<input type=checkbox id=c onchange="say(checked)"><input type=radio id=r onchange="say(checked)">`, steps(change(`"#c"`, "true"), change(`"#r"`, "on"), change(`"#c"`, "false")), "true true false"},

		// the page
		{"viewport and scrolling", `<div style="height:100px;overflow:scroll" id=o><div style="height:200px">x</div></div><div style="height:150vh;width:150vw">y</div>
			<script>const at = () => say([o.scrollLeft, o.scrollTop, scrollX, scrollY, visualViewport.width, visualViewport.height]); addEventListener('scroll', () => { if (scrollX == 40) at() })</script>`,
			steps(viewport(800, 600), on("scroll", `"body > div:nth-child(1)"`, `, "x": 0, "y": 40`), `{"type": "scroll", "x": 40, "y": 50}, {"type": "waitForExpression", "expression": "sessionStorage[document.title]"}`, viewport(1280, 1000)), "0,40,40,50,800,600"},
		{"expression", `<script>let n = 0; setTimeout(() => { n = 5; say('five') }, 200)</script>`, `{"type": "waitForExpression", "expression": "n === 5"}`, "five"},
		{"promise", ``, `{"type": "waitForExpression", "expression": "new Promise(resolve => setTimeout(() => { say('kept'); resolve(true) }, 200))"}`, "kept"},
		{"steps without meaning", ``, `{"type": "customStep", "name": "x", "parameters": {}}, {"type": "waitForExpression", "expression": "say('done') || true"}, {"type": "close", "target": "main"}`, "done"},
		{"slow network", `<button onclick="at = performance.now(); fetch('/quick').then(() => say(performance.now() - at >= 300))">b</button>`,
			`{"type": "emulateNetworkConditions", "download": 100000, "upload": 100000, "latency": 300}, ` + steps(on("click", `"button"`, ""), `{"type": "waitForExpression", "expression": "sessionStorage[document.title]"}, {"type": "emulateNetworkConditions", "download": -1, "upload": -1, "latency": 0}`), "true"},
		{"leads elsewhere", `<button onclick="say('left'); setTimeout(() => location = '/quick', 300)">Go</button>`,
			on("click", `"aria/Go"`, `, "assertedEvents": [{"type": "navigation", "url": "https://not.example/", "title": "compared by nobody"}]`), "left"},

		// selectors
		{"label", `<label for=n>Name:</label><input id=n onfocus="say('focus')">`, on("click", `"aria/Name:"`, ""), "focus"},
		{"part of a text", `<p>inp</p><label for=n>Input</label><input id=n onfocus="say('focus')">`, on("click", `"text/Inp"`, ""), "focus"},
		{"innermost text", `<div>Go<section id=s>to <b>the shop</b></section></div><script>onclick = e => say(e.target.tagName)</script>`, steps(on("click", `"text/e sh"`, ""), on("click", `"text/to the"`, `, "offsetX": 3, "offsetY": 3`), on("click", `"text/Goto"`, "")), "B SECTION DIV"},
		{"first text", `<p hidden>Go on</p><p id=one>Go on then</p><button>Go on</button><script>onclick = e => say(e.target.id)</script>`, on("click", `"text/Go on"`, ""), "one"},
		{"text of a field", `<input id=i value="typed before" onfocus="say('focus')">`, on("click", `"text/typed bef"`, ""), "focus"},
		{"text in a shadow", shadow, on("click", `"text/Deep in"`, ""), "clicked"},
		{"name and role", `<a href="#a" onclick="say('link')">Go</a><button onclick="say('button')">Go</button>`, steps(on("click", `"aria/Go[role=\"button\"]"`, ""), on("click", `"aria/[role=\"link\"]"`, "")), "button link"},
		{"name of a picture", `<img alt=Logo width=20 height=20` + clicks + `>`, on("click", `"aria/Logo[role=\"image\"]"`, ""), "clicked"},
		{"name in a shadow", shadow, on("click", `"aria/Deep inside"`, ""), "clicked"},
		{"first of the same name", `<button onclick="say(1)">Go</button><button onclick="say(2)">Go</button>`, on("click", `"aria/Go"`, ""), "1"},
		{"braces and dollars of the page", `<button title="it's {{x}} $title" onclick="say(title)">Go</button>`, on("click", `"[title=\"it's {{x}} $title\"]"`, ""), "it's {{x}} $title"},
		{"pierce", shadow, on("click", `"pierce/#in"`, ""), "clicked"},
		{"shadow chain", shadow, on("click", `["x-a", "x-b", "#in"]`, ""), "clicked"},
		{"deep combinators", shadow, steps(on("click", `"x-a >>> #in"`, ""), on("click", `"x-a >>>> x-b >>>> button"`, "")), "clicked clicked"},
		{"mixed chain", `<form aria-label=A><button>Go</button></form><form aria-label=B><button` + clicks + `>Go</button></form>`, on("click", `["[aria-label=B]", "text/Go"]`, ""), "clicked"},
		{"path", `<p><i></i><button` + clicks + `>x</button></p>`, on("click", `"xpath///*[@id=\"none\"] | //p/button"`, ""), "clicked"},
		{"alternatives race", `<script>setTimeout(() => { const b = document.body.appendChild(document.createElement('button')); b.className = 'late'; b.textContent = 'b'; b.onclick = () => say('late') }, 200)</script>`,
			on("click", `["aria/Never"], [".never"], [".late"]`, ""), "late"},

		// waiting for elements
		{"elements in shadows", `<div id=d></div><script>
			const add = () => { const e = document.createElement('x-c'); e.attachShadow({mode: 'open'}).innerHTML = '<button>more</button>'; e.onclick = () => setTimeout(() => { add(); say('added') }, 100); d.append(e) }; add()</script>`,
			steps(on("waitForElement", `["x-c", "button"]`, ""), on("click", `["x-c", "button"]`, ""), on("waitForElement", `["x-c", "button"]`, `, "operator": ">=", "count": 2`)), "added"},
		{"how many", `<p>1</p><p hidden>2</p>` + `<script>setTimeout(() => { document.querySelector('p').remove(); say('fewer') }, 200)</script>`,
			steps(on("waitForElement", `"p"`, `, "operator": "==", "count": 2`), on("waitForElement", `"p"`, `, "operator": "<=", "count": 1`), on("waitForElement", `"p"`, `, "operator": ">=", "count": 2, "visible": false`)), "fewer"},
		{"what it is like", `<a id=x hidden>x</a><script>setTimeout(() => { x.dataset.n = '1'; x.title = 'T'; say('set') }, 200)</script>`,
			steps(on("waitForElement", `"#x"`, `, "attributes": {"data-n": "1"}, "properties": {"title": "T", "dataset": {"n": "1"}}`), on("waitForElement", `"#x"`, `, "visible": false, "properties": {"className": "unknown"}`)), "set"},

		// frames
		{"frame", `<iframe hidden></iframe><iframe srcdoc="<iframe></iframe><iframe srcdoc='<button onclick=top.say(1)>Go</button>'></iframe>"></iframe>`, on("click", `"button"`, `, "frame": [1, 1]`), "1"},
		{"expression in a frame", `<iframe srcdoc="<script>var n = 7</script>"></iframe>`, `{"type": "waitForExpression", "frame": [0], "expression": "n === 7 && (parent.say(n) || true)"}`, "7"},
		{"frame of another site", `<p style="height:2000px">x</p><iframe src="OTHER/inner"></iframe>`,
			steps(on("waitForElement", `"aria/Name"`, `, "target": "OTHER/inner"`), change(`"aria/Name"`, "a")[:len(change(`"aria/Name"`, "a"))-1]+`, "frame": [0]}`, on("click", `"text/Go"`, `, "frame": [0]`), `{"type": "scroll", "frame": [0], "x": 0, "y": 90}, {"type": "waitForExpression", "frame": [0], "expression": "answer === 42 && scrollY === 90"}`,
				`{"type": "keyDown", "key": "Shift"}`, on("click", `"button"`, `, "frame": [0]`), `{"type": "keyUp", "key": "Shift"}`), "a gofalse scrolled gotrue"},
		{"target of another site", `<iframe src="OTHER/inner" style="position:absolute;top:1500px;left:900px"></iframe>`,
			steps(on("click", `["aria/On"], ["body > a"]`, `, "target": "OTHER/inner", "assertedEvents": [{"type": "navigation", "title": "", "url": "OTHER/second"}]`), on("click", `"aria/Back"`, `, "target": "OTHER/second"`)), "second"},
		{"frame that goes to another site", `<iframe srcdoc="<a href='OTHER/second'>On</a>"></iframe>`,
			steps(on("click", `["aria/On"]`, `, "frame": [0], "assertedEvents": [{"type": "navigation", "title": "", "url": "OTHER/second"}]`), on("click", `"aria/Back"`, `, "frame": [0]`)), "second"},

		// windows
		{"window", `<button id=open onclick="window.open('/popup', 'w' + Math.random(), 'width=200,height=200')">Open</button><button id=b` + clicks + `>b</button>`,
			steps(on("click", `["aria/Open"], ["#open"]`, `, "target": "main"`), on("click", `["aria/In the window"]`, `, "target": "SITE/popup"`), on("click", `"#b"`, `, "target": "main"`),
				on("click", `["aria/In the window"]`, `, "target": "SITE/popup"`), `{"type": "close", "target": "SITE/popup"}`, on("click", `"#b"`, "")), "popup clicked popup clicked"},
		{"window that closes itself", `<a href="/popup?id=8" target=_blank rel=opener>Open</a><button id=b` + clicks + `>b</button>`,
			steps(on("click", `["aria/Open"]`, ""), on("click", `["aria/Done"]`, `, "target": "SITE/popup?id=7"`), on("click", `"#b"`, "")), "bye clicked"},
	})
}

// What does not come as it was recorded is told, in the time that the step has.
func TestReplayFails(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := site(t, map[string]page{"/": {html: `<button>Go</button>`}})
	open := `{"type": "navigate", "url": "SITE/"}, `
	for _, tt := range []struct{ steps, want string }{
		{on("click", `"button"`, `, "timeout": 500, "assertedEvents": [{"type": "navigation"}]`), "in the recording this leads to another page, and here it did not"},
		{on("waitForElement", `"button"`, `, "count": 2, "timeout": 300`), "is there once, not 2 or more (waited 300ms)"},
		{`{"type": "waitForExpression", "expression": "nothing.here", "timeout": 300}`, "the expression of the recording does not come true (waited 300ms)"},
		{on("click", `"button"`, `, "target": "SITE/window", "timeout": 300`), "the page does not show " + srv.URL + "/window"},
		{on("hover", `"button"`, `, "frame": [2], "timeout": 300`), "there is no frame 3 (waited 300ms)"},
	} {
		if _, err := replayed(t, srv, srv, open+tt.steps); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
}
