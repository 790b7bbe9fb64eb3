package browser

import (
	"testing"

	"mailapp/poster/flow"
)

// yes is a button that says which one it is.
func yes(name, said string) string {
	return `<button onclick="say('` + said + `')">` + name + `</button>`
}

// Every kind of locator finds what it names, and nothing else.
func TestLocators(t *testing.T) {
	chromium(t)
	const inShadow = `<div id=h></div><script>const s = h.attachShadow({mode: 'open'});
		s.innerHTML = '<label>Town<input id=i></label><button id=b>Save it</button>'; s.querySelector('#b').onclick = () => say(s.querySelector('#i').value)</script>`
	const slotted = `<my-button>Send it</my-button><script>customElements.define('my-button', class extends HTMLElement {
		connectedCallback() { const s = this.attachShadow({mode: 'open'}); s.innerHTML = '<button><slot></slot></button>'; s.firstChild.onclick = () => say('slotted') } })</script>`
	const framed = `<p style="height:300px"></p><iframe id=f style="border:7px solid;padding:5px;margin-left:200px" srcdoc="<p style='height:400px'></p><label>Street<input id=i></label><button onclick='parent.say(i.value)'>Inner</button>"></iframe>`
	tryAll(t, []trying{
		{"alternatives in turn", say + yes("B", "b"), "- click: [A, css/#a, B]" + readLog, "b", nil},
		{"alternative that is several", say + yes("A", "1") + yes("A", "2") + yes("B", "b"), "- click: [A, B]" + readLog, "b", nil},
		{"late alternative", say + `<script>setTimeout(() => document.body.insertAdjacentHTML('beforeend', '<button onclick="say(\'late\')">B</button>'), 200)</script>`, "- click: [A, B]" + readLog, "late", nil},
		{"aria", say + `<button aria-label="Shut" onclick="say('x')">Close</button>` + yes("Close", "right"), `- click: aria/Close` + readLog, "right", nil},
		{"aria and role", say + `<a href="/next">Save</a>` + yes("Save", "button"), `- click: 'aria/Save[role="button"]'` + readLog, "button", nil},
		{"aria from a picture and text", say + `<button onclick="say('both')"><img alt="Big" width=9 height=9> save</button>`, "- click: aria/Big save" + readLog, "both", nil},
		{"aria by title, where the text is hidden", say + `<a href="#a" style="display:block" title="Edit [e]" onclick="say('edit')"><span style="display:none">Edit</span><svg width=9 height=9></svg></a>`, "- click: 'role/link Edit [e]'" + readLog, "edit", nil},
		{"aria by label", say + `<label>Your <b>name</b> <input id=a></label><script>watch('a')</script>`, "- fill: {aria/Your name: x}" + readLog, "input=x change=x blur=x", nil},
		{"aria of a field, not of its label", say + `<label for=a>Town</label><input id=a><script>watch('a')</script>`, "- fill: {aria/Town: x}\n- expect: {value: x, at: aria/Town}" + readLog, "input=x change=x blur=x", nil},
		{"role and name", say + `<p>Go</p><a href="/next">Go</a>` + yes("Go", "go"), "- click: role/button Go" + readLog, "go", nil},
		{"role alone", say + `<p>x</p>` + yes("Go", "go"), "- click: role/button" + readLog, "go", nil},
		{"role heading", `<h2>Wanted</h2><h1>For sale</h1>`, "- expect: role/heading For sale\n- read: {log: {at: role/heading Wanted}}", "Wanted", nil},
		{"role row by its cells", say + `<table><tr><td>Sofa<td>` + yes("Edit", "sofa") + `<tr><td>Lamp<td>` + yes("Edit", "lamp") + `</table>`, "- click: role/row Lamp Edit >> Edit" + readLog, "lamp", nil},
		{"xpath", say + yes("A", "1") + yes("B", "2"), "- click: xpath///button[2]" + readLog, "2", nil},
		{"xpath of a text", say + yes("A", "1"), "- click: xpath///button/text()" + readLog, "1", nil},
		{"xpath with a value", say + `<button title="it's &quot;x&quot;" onclick="say('quoted')">A</button>`, `- click: 'xpath///button[@title={{v}}]'` + readLog, "quoted", map[string]string{"v": `it's "x"`}}, // C25
		{"xpath inside", say + yes("A", "1") + `<div id=d><div>` + yes("B", "2") + `</div></div>`, "- click: css/#d >> xpath///button" + readLog, "2", nil},
		{"first visible", say + `<button class=b hidden>A</button>` + `<button class=b onclick="say('seen')">A</button>`, "- click: xpath///button" + readLog, "seen", nil},
		{"nth of a selector", say + yes("A", "1") + `<button hidden>A</button>` + yes("A", "2"), "- click: css/button >> nth/2" + readLog, "2", nil},
		{"nth of a name", say + yes("A", "1") + yes("A", "2") + yes("A", "3"), "- click: A >> nth/2" + readLog, "2", nil},
		{"the last", say + yes("A", "1") + yes("A", "2"), "- click: A >> nth/last" + readLog, "2", nil},
		{"nth, then inside", say + `<ul><li>` + yes("A", "1") + `<li>` + yes("A", "2") + `</ul>`, "- click: css/li >> nth/2 >> A" + readLog, "2", nil},
		{"inside a group by its legend", say + yes("Yes", "out") + `<fieldset><legend>Sale</legend>` + yes("Yes", "in") + `</fieldset>`, "- click: Sale >> Yes" + readLog, "in", nil},
		{"text of anything", say + `<ul><li onclick="say('li')">Used  <b>goods</b></li></ul>`, "- click: text/Used goods" + readLog, "li", nil},
		{"part of a text", say + `<ul><li onclick="say('li')">Used goods (12)</li></ul>`, "- click: text/Used goods" + readLog, "li", nil},
		{"a name with a hand over it", say + `<p>Menu</p><div style="cursor:pointer" onclick="say('hand')">More</div>`, "- click: More" + readLog, "hand", nil},
		{"no-break spaces", say + "<label>Your\u00a0 town\u00a0*<input id=a></label><script>watch('a')</script>", "- fill: {Your town: Ulm}" + readLog, "input=Ulm change=Ulm blur=Ulm", nil},
		{"text beside a field", say + `<table><tr><td>Title:<td><input><tr><td>Price:<td><input id=a></table><script>watch('a')</script>`, "- fill: {Price: 40}" + readLog, "input=40 change=40 blur=40", nil},
		{"text beside a field, in pieces", say + `Size: <input><br><a href="/help">Style</a>: <input id=a><script>watch('a')</script>`, "- fill: {Style: plain}" + readLog, "input=plain change=plain blur=plain", nil},
		{"all the text beside a field", say + `<p>Your <b>name</b> here: <input id=a></p><script>watch('a')</script>`, "- fill: {Your name here: Ann}" + readLog, "input=Ann change=Ann blur=Ann", nil},
		{"the last words beside a field", say + `<p>Say all. Every bit. Format: <input id=a></p><script>watch('a')</script>`, "- fill: {Format: html}" + readLog, "input=html change=html blur=html", nil},
		{"a field to click", say + `<input name=choose readonly placeholder="Choose one" onclick="say('opened')">`, "- click: Choose one" + readLog, "opened", nil},
		{"a text that the mouse passes through", say + `<div onclick="say(event.target.id)" id=zone>x <span style="pointer-events:none">Drop files here</span></div>`, "- click: text/Drop files here" + readLog, "zone", nil},

		{"name in a shadow root", say + inShadow, "- fill: {Town: Ulm}\n- click: Save it" + readLog, "Ulm", nil},
		{"pierce", say + inShadow, "- fill: {pierce/#i: Ulm}\n- click: pierce/#b" + readLog, "Ulm", nil},
		{"chain into a shadow root", say + inShadow, "- fill: {css/#h >> css/#i: Ulm}\n- click: 'css/#h >> xpath///button'" + readLog, "Ulm", nil},
		{"slotted name", say + slotted, "- click: Send it" + readLog, "slotted", nil},
		{"text in a shadow root", inShadow + `<p id=p>x</p>`, "- expect: Save it\n- expect: {see: text/Town}\n- read: {log: {at: css/#p}}", "x", nil},
		{"name in a frame", say + framed, "- fill: {Street: Elm}\n- click: Inner" + readLog, "Elm", nil},
		{"chain into a frame", say + framed, "- fill: {css/iframe >> css/#i: Elm}\n- click: css/#f >> text/Inner" + readLog, "Elm", nil},
		{"the page before its frames", say + yes("Inner", "outer") + framed, "- click: Inner" + readLog, "outer", nil},
		{"frame in a frame", say + `<iframe srcdoc="<iframe srcdoc='<button onclick=&quot;top.say(1)&quot;>Deep</button>'></iframe>"></iframe>`, "- click: Deep" + readLog, "1", nil},
	})
}

// What cannot be told apart or found is explained.
func TestLocatorsThatFail(t *testing.T) {
	chromium(t)
	tests := []struct{ name, html, steps, words string }{
		{"ambiguous text", `<p>Go on</p><div>Go on</div>`, "- click: text/Go on", `"text/Go on" could be several; there are: <p> "Go on", <div> "Go on"`},
		{"ambiguous in frames", `<iframe srcdoc="<button>Go</button>"></iframe><iframe srcdoc="<button>Go</button>"></iframe>`, "- click: Go", `"Go" could be several`},
		{"nth that is not there", `<button>A</button>`, "- click: A >> nth/2", `"A >> nth/2" is not on the page`},
		{"case of a role", `<button>Publish now</button><button>Preview</button>`, "- click: role/button Publish", `"role/button Publish" is not on the page; did you mean button "Publish now"?`},
		{"misspelled field", `<label>Description<textarea></textarea></label>`, "- fill: {Descripton: x}", `did you mean <textarea> "Description"?`},
		{"nothing alike", `<button>Cancel</button>`, "- click: Publish", `"Publish" is not on the page; there are: button "Cancel" (waited`},
		{"value of the mail", `<p>x</p>`, "- click: '{{v}}'", `"Sofa" is not on the page`},
		{"hidden only", `<button hidden>Go</button>`, "- click: Go", `"Go" is not on the page`},
		{"a field's inner name is not clicked", `<input name=publish>`, "- click: publish", `"publish" is not on the page`},
		{"a button that the mouse passes through", `<form><button style="pointer-events:none"><b>Go</b></button></form>`, "- click: text/Go", `is covered by <form>`},
		{"behind a dialog", `<div inert><button>Go</button></div><div role=dialog>Welcome!</div>`, "- click: Go", `button "Go" is behind a dialog`},
		{"bad xpath", `<p>x</p>`, "- click: xpath///a[foo()]", `foo()`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := site(t, map[string]page{"/": {html: tt.html}})
			trial{limit: "500ms", steps: tt.steps, values: map[string]string{"v": "Sofa"}}.mustFail(t, srv.URL, flow.Owner, tt.words)
		})
	}
}
