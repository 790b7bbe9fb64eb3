package browser

import (
	"fmt"
	"strings"
	"testing"

	"mailapp/poster/flow"
)

// editorLate makes an editor in a frame after a while, as editors do.
const editorLate = `<textarea id=body hidden></textarea><div id=d></div><script>setTimeout(() => {
	d.innerHTML = '<iframe id=ed title="Rich text"></iframe>';
	const doc = document.getElementById('ed').contentDocument;
	doc.open(); doc.write('<body><p><br></p></body>'); doc.close();
	setTimeout(() => { doc.body.contentEditable = 'true'; doc.execCommand('defaultParagraphSeparator', false, 'p') }, 100);
}, 200); const paragraphs = doc => [...doc.querySelectorAll('p')].map(p => p.innerText.trim()).join('|');
</script>`

// editorForCode draws its text itself, from what it finds in its own text area
// a moment after each key.
const editorForCode = `<label for=hid>Text</label><textarea id=hid style="display:none"></textarea><div class=CodeMirror><div style="height:0;overflow:hidden"><textarea id=keys></textarea></div><div id=drawn></div></div><script>
var model = 'old text', all = false; const draw = () => { drawn.innerHTML = model.split('\n').map(l => '<pre class=CodeMirror-line>' + l + '</pre>').join('') }; draw();
keys.onkeydown = e => { if (e.key == 'a' || e.key == 'A') all = e.ctrlKey; if (e.key == 'Backspace' && all) { model = ''; draw() } };
keys.oninput = () => setTimeout(() => { model += keys.value; keys.value = ''; draw() })</script>`

// editorOfLists makes a list of a numbered line when Enter is pressed.
const editorOfLists = `<div id=e contenteditable aria-label=Text><p><br></p></div><script>
e.onkeydown = k => { const p = getSelection().focusNode.parentElement.closest('p'); if (k.key == 'Enter' && !k.shiftKey && p && p.innerText.startsWith('1. ')) p.innerHTML = p.innerHTML.slice(3) };
e.onpaste = v => { v.preventDefault(); e.innerHTML = v.clipboardData.getData('text/html') }</script>`

// editorOfOrder puts an empty paragraph before the text a moment after the first
// of it came, and takes what is pasted in place of what is selected.
const editorOfOrder = `<div id=e contenteditable aria-label=Text><p><br></p></div><script>
e.addEventListener('input', () => setTimeout(() => e.insertAdjacentHTML('afterbegin', '<p>&nbsp;</p>')), {once: true});
e.onpaste = v => { v.preventDefault(); pasted++; e.innerHTML = v.clipboardData.getData('text/html') }; let pasted = 0</script>`

// editorOfHints shows what it is for as if it were its text, until a moment after
// it has the focus.
const editorOfHints = `<div id=e contenteditable aria-label=Text>Type here</div><script>
e.addEventListener('focus', () => setTimeout(() => { e.innerHTML = '<p><br></p>' }, 30), {once: true});
e.onpaste = v => { v.preventDefault(); pasted++; e.innerHTML = v.clipboardData.getData('text/html') }; let pasted = 0</script>`

// editorOfRests leaves a paragraph of what is deleted the first time.
const editorOfRests = `<div id=e contenteditable aria-label=Text><p>old text</p></div><script>let n = 0;
e.addEventListener('keydown', k => { if (k.key != 'Backspace') return; k.preventDefault(); e.innerHTML = '<p><br></p>' + (n++ ? '' : '<p><br></p>') })</script>`

// editorOfOneLine begins no new line in a paragraph by a key.
const editorOfOneLine = `<div id=e contenteditable aria-label=Text><p><br></p></div><script>
e.addEventListener('keydown', k => { if (k.shiftKey && k.key == 'Enter') k.preventDefault() });
e.onpaste = v => { v.preventDefault(); e.innerHTML = v.clipboardData.getData('text/html') }</script>`

// drawnList is a list of the page's own: its label opens nothing, a text covers
// its field, and what it offers stands elsewhere on the page, too.
const drawnList = `<nav><span>Vans</span></nav><label for=k>Kind</label><div id=w style="position:relative;width:200px"><input id=k role=combobox aria-expanded=false style="width:100%"><span style="position:absolute;inset:0;background:white">Choose...</span></div><script>
w.onmousedown = () => setTimeout(() => { const u = document.createElement('ul'); u.innerHTML = '<li>Cars<li>Vans'; u.onclick = e => { say(e.target.innerText); u.remove() }; document.body.append(u) }, 100)</script>`

// component is a box in a shadow root, which a label outside is for.
const component = `<label>I agree <span hidden>to all of it</span><x-box></x-box></label><script>customElements.define('x-box', class extends HTMLElement {
static formAssociated = true; constructor() { super(); this.attachShadow({mode: 'open'}).innerHTML = '<input type=checkbox onchange="say(this.checked)">' } })</script>`

const readEditor = "\n- click: Done\n- read: {log: {at: css/#log}}"

// Keys, editors and the mouse, as a person uses them.
func TestMoreVerbs(t *testing.T) {
	chromium(t)
	const keysSeen = `<input id=a name=a value=old><script>for (const e of ['keydown', 'keypress', 'keyup']) a.addEventListener(e, v => say(e + ':' + v.key + ':' + v.keyCode))</script>`
	lines := map[string]string{"v": "one\n\ntwo\n"}
	tryAll(t, []trying{
		{"type after what is there", `<input id=log name=a value="old ">`, "- type: {a: new}\n- read: {log: {at: css/#log, from: value}}", "old new", nil},
		{"type by keys", say + keysSeen, `- type: {a: "x"}` + readLog, "keydown:x:88 keypress:x:120 keyup:x:88", nil},
		{"type what has no key", `<input id=log name=a>`, "- type: {a: 'Grün ß €5 {x}'}\n- read: {log: {at: css/#log, from: value}}", "Grün ß €5 {x}", nil},
		{"type lines", `<textarea id=log name=a></textarea>` + yes("Done", ""), "- type: {a: \"{{v}}\"}\n- read: {log: {at: css/#log, from: property/value, matching: '^(.*)$'}}", "one two", lines},
		{"Enter sends", say + `<form onsubmit="event.preventDefault(); say('sent ' + q.value)"><input id=q name=q></form>`, "- type: {q: \"{{v}}\"}\n- press: Enter" + readLog, "sent sofa bed", map[string]string{"v": "sofa\nbed"}},
		{"Enter sends what was filled in", say + `<form onsubmit="event.preventDefault(); say('sent ' + q.value)"><input id=q name=q></form>`, "- fill: {q: sofa}\n- press: Enter" + readLog, "sent sofa", nil},
		{"autocomplete", say + `<input id=q name=q><ul id=u></ul><script>q.addEventListener('keyup', () => setTimeout(() => u.innerHTML = q.value.length > 2 ? '<li role=option>Berlin</li>' : '', 150));
			u.addEventListener('mousedown', e => { q.value = e.target.innerText; say(q.value) })</script>`, "- type: {q: Ber}\n- click: Berlin" + readLog, "Berlin", nil},
		{"press in a field", say + `<input id=q name=q value=abc onkeydown="if (event.key == 'Enter') say('enter ' + value)">`, "- press: {q: Enter}" + readLog, "enter abc", nil},
		{"press with a modifier", `<input id=log name=a value="some text">`, "- press: {a: Control+A}\n- press: Delete\n- type: {a: x}\n- read: {log: {at: css/#log, from: value}}", "x", nil},
		{"press Tab", say + `<input name=a><input id=b name=b onfocus="say('b')">`, "- press: {a: Tab}" + readLog, "b", nil},
		{"press Escape", say + `<script>addEventListener('keydown', e => say(e.code + e.shiftKey))</script>`, "- press: Escape\n- press: Shift+F10" + readLog, "Escapefalse ShiftLefttrue F10true", nil},
		{"double-click", `<p ondblclick="say('twice')" onclick="say('once')">Title</p>` + say, "- double-click: text/Title" + readLog, "once once twice", nil},
		{"hover opens a menu", say + `<style>#m{display:none} #w:hover #m{display:block}</style><div id=w><span>Menu</span><div id=m>` + yes("Post", "posted") + `</div></div>`, "- hover: Menu\n- click: Post" + readLog, "posted", nil},
		{"scroll to the end", say + `<div style="height:3000px"></div><script>addEventListener('scroll', () => { if (scrollY > 1000) say('deep') }, {once: true})</script>`, "- scroll: bottom\n- expect: deep\n- scroll: top\n- read: {log: {at: css/#log}}", "deep", nil},
		{"scroll to something", say + `<div style="height:3000px"></div><h2>End</h2><script>new IntersectionObserver(e => { if (e[0].isIntersecting) say('seen') }).observe(document.querySelector('h2'))</script>`, "- scroll: text/End\n- expect: seen" + readLog, "seen", nil},

		{"editor in a late frame", say + editorLate + `<button onclick="say(paragraphs(ed.contentDocument))">Done</button>`, `- fill: {css/#ed: "{{v}}"}` + readEditor, "one|two", lines},
		{"lines of a paragraph in an editor", say + editorLate + `<button onclick="say(paragraphs(ed.contentDocument))">Done</button>`, `- fill: {css/#ed: "{{v}}"}` + readEditor, "one more|two", map[string]string{"v": "one\nmore\n\ntwo"}},
		{"editor that begins its text when it is focused", say + `<div id=e contenteditable aria-label=Text></div><script>e.addEventListener('focus', () => setTimeout(() => { const p = document.createElement('p'); p.append(e.firstChild || document.createElement('br')); e.prepend(p); getSelection().collapse(e, 1) }, 250), {once: true})</script><button onclick="say(e.innerHTML)">Done</button>`, `- fill: {Text: "{{v}}"}` + readEditor, "<p>one<br>more</p><p>two</p>", map[string]string{"v": "one\nmore\n\ntwo"}},
		{"editor for code", say + editorForCode + `<button onclick="say(model)">Done</button>`, `- fill: {Text: "{{v}}"}` + readEditor, "one two", lines},
		{"editor that makes lists", say + editorOfLists + `<button onclick="say(e.innerHTML)">Done</button>`, `- fill: {Text: "{{v}}"}` + readEditor, "<p>1. one<br>2. two</p><p>&lt;b&gt;</p>", map[string]string{"v": "1. one\n2. two\n\n<b>"}},
		{"editor that leaves an empty paragraph", say + editorOfOrder + `<button onclick="say(e.innerHTML + pasted)">Done</button>`, `- fill: {Text: "{{v}}"}` + readEditor, "<p>one<br>more</p><p>two</p>1", map[string]string{"v": "one\nmore\n\ntwo"}},
		{"editor with a hint in its text", say + editorOfHints + `<button onclick="say(e.innerHTML + pasted)">Done</button>`, `- fill: {Text: "{{v}}"}` + readEditor, "<p>one<br>more</p><p>two</p>0", map[string]string{"v": "one\nmore\n\ntwo"}},
		{"editor that deletes by halves", say + editorOfRests + `<button onclick="say(e.innerHTML + n)">Done</button>`, `- fill: {Text: "{{v}}"}` + readEditor, "<p>one</p><p>two</p>2", lines},
		{"editor that joins lines", say + editorOfOneLine + `<button onclick="say(e.innerHTML)">Done</button>`, `- fill: {Text: "{{v}}"}` + readEditor, "<p>one<br>more</p><p>two</p>", map[string]string{"v": "one\nmore\n\ntwo"}},
		{"editor that knows only paragraphs", say + editorOfOneLine + `<script>e.onkeydown = k => { if (k.shiftKey && k.key == 'Enter') document.execCommand('insertParagraph') }</script><button onclick="say(e.innerHTML + n)">Done</button><script>let n = 0; e.addEventListener('paste', () => n++)</script>`, `- fill: {Text: "{{v}}"}` + readEditor, "<p>one</p><p>more</p><p>two</p>0", map[string]string{"v": "one\nmore\n\ntwo"}},
		{"editor by its title", say + editorLate + `<button onclick="say(paragraphs(ed.contentDocument))">Done</button>`, `- fill: {css/#ed >> css/body: "{{v}}"}` + readEditor, "one|two", lines},
		{"editor by the label of its hidden field", say + `<label for=body>Text</label>` + editorLate + `<script>document.getElementById('body').after(d)</script><button onclick="say(paragraphs(ed.contentDocument))">Done</button>`, `- fill: {Text: "{{v}}"}` + readEditor, "one|two", lines},
		{"typing in an editor", say + editorLate + `<button onclick="say(paragraphs(ed.contentDocument))">Done</button>`, `- type: {css/#ed >> css/body: "{{v}}"}` + readEditor, "one||two|", lines},
		{"plain editor", say + `<div id=e contenteditable aria-label=Text style="white-space:pre-wrap">old</div><button onclick="say(e.innerHTML)">Done</button>`, `- fill: {Text: "{{v}}"}` + readEditor, "one<div><br></div><div>two</div>", lines},
		{"editor whose paragraphs are fields", say + `<div id=d><p contenteditable aria-label=Text></p></div><script>d.addEventListener("keydown", e => { if (e.key != "Enter") return; e.preventDefault(); const p = document.createElement("p"); p.contentEditable = true; e.target.after(p); p.focus() })</script><button onclick="say(d.innerText.trim().replace(/\n+/g, '|'))">Done</button>`, `- fill: {Text: "{{v}}"}` + readEditor, "one|two", lines},
		{"editor that draws itself anew", say + `<div id=e contenteditable aria-label=Text><p><br></p></div><script>
			const caret = p => getSelection().collapse(p, p.childNodes.length);
			e.addEventListener("keydown", k => { if (k.key != "Enter") return; k.preventDefault(); const lines = [...e.children].map(p => p.textContent);
				requestAnimationFrame(() => { e.innerHTML = lines.concat('').map(l => '<p>' + (l || '<br>') + '</p>').join(''); caret(e.lastChild) }) })
			</script><button onclick="say([...e.children].map(p => p.textContent).join('|'))">Done</button>`, `- fill: {Text: "{{v}}"}` + readEditor, "one|two", lines},
		{"editor gets its events", say + `<div id=e contenteditable aria-label=Text onblur="say('blur')" oninput="say(event.inputType)"></div>`, `- fill: {Text: x}` + readLog, "insertText blur", nil},

		{"choose when another choice fills it", say + `<select id=a name=a><option>-<option>Cars</select><select id=b name=b><option>-</select><script>watch('b');
			a.onchange = () => setTimeout(() => b.innerHTML = '<option>-<option>Vans', 200)</script>`, "- choose: {a: Cars}\n- choose: {b: Vans}" + readLog, "input=Vans change=Vans", nil},
		{"choose under a cover", say + `<div style="position:relative"><select id=a name=a><option>A<option>B</select><div style="position:absolute;inset:0;background:white">drawn</div></div><script>watch('a')</script>`, "- choose: {a: B}" + readLog, "input=B change=B", nil},
		{"choose in a drawn list", say + drawnList, "- choose: {Kind: Vans}" + readLog, "Vans", nil},
		{"click on the label of a drawn list", say + drawnList, "- click: Kind\n- click: text/Cars" + readLog, "Cars", nil},
		{"a box in a component", say + component, "- check: I agree" + readLog, "true", nil},
		{"a drawn menu", say + `<span role=combobox tabindex=0 onclick="setTimeout(() => l.hidden = false, 100)">Kind</span><ul id=l hidden><li role=option onclick="say('van')">Van<li role=option>Car</ul>`, "- click: text/Kind\n- click: Van" + readLog, "van", nil},
		{"check replaces the box", say + `<div id=d><label><input type=checkbox id=c>Mine</label></div><script>c.onclick = () => setTimeout(() => { d.innerHTML = '<label><input type=checkbox checked>Mine</label>'; say('new') })</script>`, "- check: Mine\n- expect: new" + readLog, "new", nil},
		{"element replaced while it is clicked", say + `<div id=d></div><script>let n = 0; function draw() { d.innerHTML = '<button onclick="say(1)">Go</button>' } draw();
			const timer = setInterval(() => { if (++n > 20) clearInterval(timer); else draw() }, 15)</script>`, "- click: Go" + readLog, "1", nil},

		{"photo in a round", say + `<label>Photo<input type=file id=f></label><script>f.onchange = () => say(f.files[0].name)</script>`, "- for-each-photo: [upload: {Photo: '{{photo}}'}, expect: 'photo-{{photo-number}}.jpg']" + readLog, "photo-1.jpg photo-2.jpg", nil},
		{"a button that asks for files", say + `<button onclick="const i = document.createElement('input'); i.type = 'file'; i.multiple = true; i.onchange = () => say(i.files.length); i.click()">Add photos</button>`, "- upload: {Add photos: '{{photos}}'}" + readLog, "2", nil},
		{"a drop zone with its field", say + `<div id=z>Drop photos <input type=file multiple id=f style="display:none"></div><script>f.onchange = () => say(f.files.length)</script>`, "- upload: {css/#z: '{{photos}}'}" + readLog, "2", nil},
		{"photos on their way", say + `<input type=file multiple id=f aria-label=Photos><button onclick="say(under)">Next</button><script>let under = 0; f.onchange = () => { for (const x of f.files) {
			const d = new FormData(); d.append('f', x); under++; fetch('/files', {method: 'POST', body: d}).then(r => r.text()).then(() => under--) } }</script>`, "- upload: {Photos: '{{photos}}'}\n- click: Next" + readLog, "0", nil},
		{"as many previews as photos", say + `<input type=file multiple id=f aria-label=Photos><div id=d></div><script>f.onchange = () => { for (const x of f.files) setTimeout(() => d.insertAdjacentHTML('beforeend', '<img class=p width=9 height=9>'), 300) }</script>`,
			"- upload: {Photos: '{{photos}}'}\n- wait-for: {count: css/.p, is: '{{photo-count}}'}\n- read: {log: {at: css/.p >> nth/2, from: class}}", "p", nil},
	})
}

// The page has the size that the flow says.
func TestViewport(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := site(t, map[string]page{"/": {html: `<p id=p></p><script>const show = () => p.textContent = innerWidth + 'x' + innerHeight; onresize = show; show()</script>`}})
	r := trial{head: "viewport: 900x700\n", steps: "- read: {a: {at: css/#p}}\n- viewport: 400x300\n- expect: 400x300\n- read: {b: {at: css/#p}}"}.must(t, srv.URL)
	if r.Values["a"] != "900x700" || r.Values["b"] != "400x300" {
		t.Errorf("got %v", r.Values)
	}
}

// C29: keys put a secret only where nobody can read it.
func TestTypeSecret(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := site(t, map[string]page{"/": {html: `<label>Word<input type=password></label><label>Plain<input></label>`}})
	tr := trial{limit: "500ms", secrets: map[string]string{"password": "s3cret"}}
	tr.steps = `- type: {Word: "{{password}}"}`
	tr.must(t, srv.URL)
	tr.steps = `- type: {Plain: "{{password}}"}`
	tr.mustFail(t, srv.URL, flow.Owner, "is no password field")
	tr.steps = "- expect: {value: s, at: Word}"
	tr.mustFail(t, srv.URL, flow.Owner, "a password is not looked at")
	tr.steps = "- read: {v: {at: Word, from: property/value}}"
	tr.mustFail(t, srv.URL, flow.Owner, "a password is not read")
}

// A long text is typed by lines, and nothing of it is lost.
func TestTypeLong(t *testing.T) {
	chromium(t)
	t.Parallel()
	text := strings.Repeat("A line.\n\nx\n", 40) + strings.Repeat("y", 500)
	srv := site(t, map[string]page{"/": {html: say + `<textarea id=a name=a onkeydown="n++"></textarea><p id=v></p><button onclick="say(a.value.length + ' ' + (n < 400))">Done</button><script>let n = 0</script>`}})
	r := trial{steps: "- type: {a: '{{v}}'}\n- expect: {value: '{{v}}', at: a}\n- click: Done" + readLog, values: map[string]string{"v": text}}.must(t, srv.URL)
	if got, want := strings.TrimSpace(r.Values["log"]), fmt.Sprint(len(text), " true"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Every character of a US keyboard has its key.
func TestKeys(t *testing.T) {
	for c := rune(' '); c <= '~'; c++ {
		k, ok := keyFor(c)
		if !ok || k.text != string(c) || k.code == "" || k.num == 0 {
			t.Errorf("%q: got %+v, %v", c, k, ok)
		}
	}
	for _, c := range "äß€漢" {
		if k, ok := keyFor(c); ok {
			t.Errorf("%q: got %+v", c, k)
		}
	}
	if got, want := fmt.Sprint(named("Enter"), named("%"), named("ü")), fmt.Sprint(key{"Enter", "Enter", 13, "\r"}, key{"%", "Digit5", '5', "%"}, key{name: "ü", text: "ü"}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
