package browser

import (
	"slices"
	"strings"
	"testing"

	"mailapp/poster/flow"
)

// recorded runs the steps of a recording, after its page is opened.
func recorded(t *testing.T, html, steps string) (flow.Result, error) {
	t.Helper()
	srv := site(t, map[string]page{"/": {html: html}, "/next": {html: "<h1>next page</h1>"}})
	text := `{"title": "x", "timeout": 3000, "steps": [{"type": "navigate", "url": "` + srv.URL + `/"}, ` + steps + `]}`
	f, err := flow.Parse("x.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	f.Steps = slices.DeleteFunc(f.Steps, func(s flow.Step) bool { return s.Verb == flow.Read })
	for i := range f.Steps {
		if f.Steps[i].Verb == flow.Publish { // as the last click is taken for; none of these is
			f.Steps[i].Verb = flow.Click
		}
	}
	done := flow.Step{Number: "99", Verb: flow.Read, Read: flow.Reading{Name: "log", From: "text"}}
	if done.At, err = flow.ParseLocator("css/#log,h1"); err != nil {
		t.Fatal(err)
	}
	f.Steps = append(f.Steps, done)
	return (&Browser{Dir: t.TempDir()}).Run(t.Context(), flow.Task{Flow: f})
}

// What only recordings say is done as they say it.
func TestRecorded(t *testing.T) {
	chromium(t)
	const mouse = `<button style="width:200px;height:100px" id=b>Go</button><script>for (const e of ['click', 'auxclick', 'contextmenu']) b.addEventListener(e, v => say(e + v.button + '@' + Math.round(v.offsetX) + ',' + Math.round(v.offsetY)))</script>`
	tests := []struct{ name, html, steps, want string }{
		{"offset", mouse + say, `{"type": "click", "selectors": [["#b"]], "offsetX": 30, "offsetY": 20}`, "click0@28,18"},
		{"button", mouse + say, `{"type": "click", "selectors": ["#b"], "offsetX": 32, "offsetY": 22, "button": "secondary"}`, "contextmenu2@30,20 auxclick2@30,20"},
		{"change of a select", say + `<select id=s onchange="say(value)"><option value=a>A<option value=b>B</select>`, `{"type": "change", "selectors": ["#s"], "value": "b"}`, "b"},
		{"change of a box", say + `<input type=checkbox id=c onchange="say(checked)">`, `{"type": "change", "selectors": ["#c"], "value": "true"}`, "true"},
		{"change that the page rewrites", say + `<input id=i onchange="value = '0049'; say(value)">`, `{"type": "change", "selectors": ["#i"], "value": "+49"}`, "0049"},
		{"in a frame", say + `<iframe hidden></iframe><iframe srcdoc="<button onclick='parent.say(1)'>Go</button>"></iframe>`, `{"type": "click", "selectors": ["button"], "frame": [1], "offsetX": 3, "offsetY": 3}`, "1"},
		{"braces and dollars of the page", say + `<button title="it's {{x}} $title" onclick="say(title)">Go</button>`, `{"type": "click", "selectors": ["[title=\"it's {{x}} $title\"]"], "offsetX": 3, "offsetY": 3}`, "it's {{x}} $title"},
		{"attributes", say + `<a id=x hidden>x</a><script>setTimeout(() => { x.dataset.n = '1'; say('set') }, 200)</script>`, `{"type": "waitForElement", "selectors": ["#x"], "count": 1, "operator": ">=", "visible": false, "attributes": {"data-n": "1"}}`, "set"},
		{"expression", say + `<script>let n = 0; setTimeout(() => { n = 5; say(n) }, 200)</script>`, `{"type": "waitForExpression", "expression": "n === 5"}`, "5"},
		{"leads elsewhere", `<button onclick="setTimeout(() => location = '/next', 300)">Go</button>`, `{"type": "click", "selectors": ["aria/Go"], "offsetX": 3, "offsetY": 3, "assertedEvents": [{"type": "navigation"}]}`, "next page"},
		{"scroll", say + `<div style="height:3000px"></div><script>onscroll = () => { if (scrollY == 700) say('there') }</script>`, `{"type": "scroll", "x": 0, "y": 700}`, "there"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := recorded(t, tt.html, tt.steps)
			if err != nil || strings.TrimSpace(r.Values["log"]) != tt.want {
				t.Errorf("got %q, %v; want %q", r.Values["log"], err, tt.want)
			}
		})
	}
}
