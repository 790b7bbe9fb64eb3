package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"mailapp/poster/flow"
)

// Steps that are done only sometimes.
func TestBranches(t *testing.T) {
	chromium(t)
	const late = `<script>setTimeout(() => document.body.insertAdjacentHTML('beforeend', '<button onclick="say(\'closed\')">Close</button>'), 300)</script>`
	tryAll(t, []trying{
		{"optional that comes", say + late, "- {click: Close, optional: 5s}" + readLog, "closed", nil},
		{"optional that does not", say + yes("Go", "go"), "- {click: Close, optional: 200ms}\n- click: Go" + readLog, "go", nil},
		{"optional field", say + `<input name=b id=b><script>watch('b')</script>`, "- {fill: {a: 1}, optional: 200ms}\n- fill: {b: 2}" + readLog, "input=2 change=2 blur=2", nil},
		{"optional condition", say + yes("Go", "go"), "- {wait-for: never, optional: 200ms}\n- click: Go" + readLog, "go", nil},
		{"if it is there", say + yes("A", "a") + yes("B", "b"), "- {if: A, then: [click: A], else: [click: B]}" + readLog, "a", nil},
		{"if it is not", say + yes("B", "b"), "- {if: A, then: [click: A], else: [click: B]}" + readLog, "b", nil},
		{"if it comes while the page is built", say + `<script>setTimeout(() => document.body.insertAdjacentHTML('beforeend', '<button onclick="say(1)">A</button>'), 50)</script>`, "- {if: A, then: [click: A]}" + readLog, "1", nil},
		{"unless", say + yes("A", "a") + yes("B", "b"), "- {click: A, unless: A}\n- {click: B, unless: C}" + readLog, "b", nil},
		{"if a field is given", say + yes("A", "a") + yes("B", "b"), "- {click: A, if: '{{v}}'}\n- {click: B, unless: '{{v}}'}" + readLog, "a", map[string]string{"v": "40"}},
		{"if a field is empty", say + yes("A", "a") + yes("B", "b"), "- {click: A, if: '{{v}}'}\n- {click: B, unless: '{{v}}'}" + readLog, "b", map[string]string{"v": " "}},
		{"either of two", say + yes("A", "a"), "- {if: [X, {gone: Y}], then: [click: A]}" + readLog, "a", nil},
		{"a piece of a value", say + yes("Item 7", "seven"), "- read: {item: {from: '{{v}}', matching: '#(\\d+)'}}\n- click: Item {{item}}" + readLog, "seven", map[string]string{"v": "Re: bug #7"}},
		{"a value that was read", say + `<b id=b>7</b>` + yes("Item 7", "seven"), "- read: {item: {at: css/#b}}\n- click: Item {{item}}" + readLog, "seven", nil},
	})
}

// Conditions wait for what they say, in all their forms.
func TestConditions(t *testing.T) {
	chromium(t)
	later := func(what string) string { return "<script>setTimeout(() => {" + what + "}, 200)</script>" }
	const end = "\n- read: {log: {at: css/#log}}"
	tryAll(t, []trying{
		{"gone", `<div id=s>Loading</div><p id=log>x</p>` + later("s.remove(); log.textContent = 'y'"), "- wait-for: {gone: text/Loading}" + end, "y", nil},
		{"hidden", `<div id=s>Loading</div><p id=log>x</p>` + later("s.style.display = 'none'; log.textContent = 'y'"), "- wait-for: {gone: css/#s}" + end, "y", nil},
		{"at least", `<ul id=u></ul><p id=log>x</p>` + later("u.innerHTML = '<li>1<li>2'; log.textContent = 'y'"), "- wait-for: {count: css/li, at-least: 2}" + end, "y", nil},
		{"none any more", `<ul id=u><li>1</ul><p id=log>x</p>` + later("u.innerHTML = ''; log.textContent = 'y'"), "- wait-for: {count: css/li, is: 0}" + end, "y", nil},
		{"address", `<p id=log>x</p>` + later("history.pushState(0, '', '/ad/7?new=1'); log.textContent = 'y'"), "- wait-for: {url: '*/ad/*'}" + end, "y", nil},
		{"address by an expression", `<p id=log>x</p>` + later("history.pushState(0, '', '/ad/7'); log.textContent = 'y'"), `- wait-for: {url: '/ad\/\d+$/'}` + end, "y", nil},
		{"text of an element", `<p id=log>x</p>` + later("log.textContent = 'All\\u00a0 done now'"), "- wait-for: {text: all done, at: css/#log}" + end, "All done now", nil},
		{"value", `<label>Town<input id=i></label><p id=log>x</p>` + later("i.value = 'Ulm'; log.textContent = 'y'"), "- wait-for: {value: Ulm, at: Town}" + end, "y", nil},
		{"enabled", `<button id=b disabled>Go</button><p id=log>x</p>` + later("b.disabled = false; log.textContent = 'y'"), "- wait-for: {enabled: Go}" + end, "y", nil},
		{"several", `<div id=s>Wait</div><p id=log>x</p>` + later("s.textContent = 'Done'; log.textContent = 'y'"), "- expect: {see: Done, gone: Wait, url: '*'}" + end, "y", nil},

		{"read a property", `<input type=checkbox id=c checked>`, "- read: {log: {at: css/#c, from: property/checked}}", "true", nil},
		{"read a number", `<p id=p>Price: 1.234,50 €</p>`, "- read: {log: {at: css/#p, as: number}}", "1234.50", nil},
		{"read a relative address", `<img id=p src="/ad/../next">`, "- read: {log: {at: css/#p, from: src, matching: '^http://[^/]+(/.*)'}}", "/next", nil},
	})
}

// What does not come to hold is explained with what is there instead.
func TestConditionsThatFail(t *testing.T) {
	chromium(t)
	const html = `<h1>Oh no</h1><p role=alert>Price is required</p><label>Town<input value=Bonn></label><button disabled>Go</button><i>1</i><i>2</i>`
	tests := []struct{ steps, words string }{
		{"- expect: Thanks", `expect "Thanks"), test.yaml:5:5`},
		{"- expect: Thanks", `the page says: Price is required`},
		{"- wait-for: {gone: Oh no}", `"Oh no" is still there`},
		{"- expect: {count: css/i, is: 3}", `"css/i" is there 2 times, not 3`},
		{"- expect: {count: css/b, at-least: 1}", `"css/b" is there 0 times, not 1 or more`},
		{"- expect: {url: '*/ad/*'}", "the URL is http://127.0.0.1"},
		{"- expect: {value: Ulm, at: Town}", `text field "Town" is "Bonn"`},
		{"- expect: {enabled: Go}", `button "Go" is disabled`},
		{"- {expect: Thanks, timeout: 300ms}", "waited 300ms"},
	}
	for _, tt := range tests {
		t.Run(tt.steps, func(t *testing.T) {
			t.Parallel()
			srv := site(t, map[string]page{"/": {html: html}})
			trial{limit: "600ms", steps: tt.steps}.mustFail(t, srv.URL, flow.Owner, tt.words)
		})
	}
}

// wizard is a classifieds site whose pages come in an order of its own.
func wizard(order ...string) map[string]page {
	form := map[string]string{
		"area":  `<h2>choose your area</h2><label><input type=radio name=n required>Berlin</label><label><input type=radio name=n>Ulm</label>`,
		"type":  `<h2>what kind of ad</h2><label><input type=radio name=id required>for sale by owner</label>`,
		"copy":  `<h2>copy an earlier ad?</h2><label><input type=radio name=id checked>use that one</label>`,
		"map":   `<h2>is the map right</h2>`,
		"form":  `<label>Title<input name=t></label>`,
		"stuck": `<h2>choose your area</h2>`,
	}
	pages := map[string]page{}
	for i, name := range order {
		next, path := fmt.Sprintf("/s%d", i+1), fmt.Sprintf("/s%d", i)
		if i == 0 {
			path = "/"
		}
		skip := ""
		if name == "copy" {
			skip = `<a href="` + next + `">skip this</a>`
		}
		submit := `<form action="` + next + `">` + form[name] + `<button>continue</button></form>` + skip
		if name == "stuck" {
			submit = form[name] + `<button onclick="return false">continue</button>`
		}
		pages[path] = page{handle: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, `<!DOCTYPE html>`+submit)
		}}
	}
	return pages
}

const walking = `- pages:
    until: Title
    at-most: 6
    cases:
      - {on: area, steps: [check: Ulm, click: continue]}
      - {on: what kind of ad, steps: [check: for sale by owner, click: continue]}
      - {on: copy an earlier, steps: [click: skip this]}
      - {on: map, steps: [click: continue]}
- fill: {Title: x}`

// Pages in any order are walked until the wanted one is there.
func TestPages(t *testing.T) {
	chromium(t)
	for _, order := range []string{"area type form", "copy type area map form", "form", "map map map form"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			trial{steps: walking}.must(t, site(t, wizard(strings.Fields(order)...)).URL)
		})
	}
}

// A walk that leads nowhere says where it got stuck.
func TestPagesThatFail(t *testing.T) {
	chromium(t)
	tests := []struct{ order, words string }{
		{"stuck form", `nothing changes here any more, where "area" still holds`},
		{"map map map map map map map form", `"Title" has not come after 6 pages`},
	}
	for _, tt := range tests {
		t.Run(tt.order, func(t *testing.T) {
			t.Parallel()
			pages := wizard(strings.Fields(tt.order)...)
			if tt.order[0] == 's' {
				pages["/"] = page{html: `<h2>area</h2><label><input type=radio checked>Ulm</label><button onclick="return false">continue</button>`}
			}
			f := trial{limit: "900ms", steps: walking}.mustFail(t, site(t, pages).URL, flow.Owner, `step 2 (pages until "Title")`, tt.words)
			if len(f.Trace) < 3 {
				t.Errorf("trace %+v", f.Trace)
			}
		})
	}
	t.Run("unknown page", func(t *testing.T) {
		t.Parallel()
		srv := site(t, map[string]page{"/": {html: `<h1>Please verify your phone</h1>`}})
		trial{limit: "500ms", steps: walking}.mustFail(t, srv.URL, flow.Owner, `none of these is so: "Title"; "area"; "what kind of ad"`, "Please verify your phone")
	})
}

// A walk over a page that changes by script, late and without a new address.
func TestPagesByScript(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := site(t, map[string]page{"/": {html: say + `<div id=d><button onclick="next()">more</button></div><script>let n = 0;
		function next() { say('clicked'); setTimeout(() => { if (++n < 3) d.innerHTML = '<button onclick="next()">more</button> page ' + n; else d.innerHTML = '<label>Title<input></label>' }, 300) }</script>`}})
	r := trial{steps: "- pages: {until: css/input, cases: [{on: css/button, steps: [click: more]}]}" + readLog}.must(t, srv.URL)
	if got := strings.TrimSpace(r.Values["log"]); got != "clicked clicked clicked" {
		t.Errorf("got %q", got)
	}
}

// A part runs only when it is needed, whichever page comes first.
func TestParts(t *testing.T) {
	chromium(t)
	const head = "parts:\n  login:\n    needed-unless: Log out\n    steps:\n      - fill: {Email: fred}\n      - click: Log in\n"
	const login = `<label>Email<input id=e></label><button onclick="location = '/in'">Log in</button>`
	tests := []struct{ name, html string }{
		{"logged out", login},
		{"logged in", `<h1>Hello</h1><button>Log out</button>`},
		{"logged out, late", `<div id=d></div><script>setTimeout(() => d.innerHTML = '` + strings.ReplaceAll(login, "'", "\\'") + `', 400)</script>`},
		{"logged in, late", `<div id=d></div><script>setTimeout(() => d.innerHTML = '<button>Log out</button>', 400)</script>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := site(t, map[string]page{"/": {html: tt.html}, "/in": {html: `<button>Log out</button>`}})
			r := trial{head: head, steps: "- do: login\n- expect: Log out"}.must(t, srv.URL)
			ran := strings.Contains(fmt.Sprint(r.Trace), "fill")
			if want := strings.HasPrefix(tt.name, "logged out"); ran != want {
				t.Errorf("the part ran: %v, want %v; %+v", ran, want, r.Trace)
			}
		})
	}
}

// A failure inside a part, a loop or a block names the step there.
func TestNestedFailures(t *testing.T) {
	chromium(t)
	tests := []struct{ head, steps, words string }{
		{"parts:\n  login:\n    steps:\n      - click: Log in\n", "- do: login", `step login.1 (click "Log in"), test.yaml:6:9`},
		{"", "- for-each-photo: [upload: {Photo: '{{photo}}'}]", `step 2.1 (upload "Photo")`},
		{"", "- {if: Hello, then: [click: A], else: [click: B]}", `step 2.1 (click "A")`},
	}
	for _, tt := range tests {
		t.Run(tt.words, func(t *testing.T) {
			t.Parallel()
			srv := site(t, map[string]page{"/": {html: "<h1>Hello</h1>"}})
			trial{limit: "500ms", head: tt.head, steps: tt.steps, photos: photos(1)}.mustFail(t, srv.URL, flow.Owner, tt.words)
		})
	}
}

// The account's ads are read one by one.
func TestReadEach(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := site(t, map[string]page{"/mine": {html: `<table><tr class=ad><td><a href="/ad/1">Sofa</a><td>40 €<tr class=ad hidden><td>x<tr class=ad><td><a href="/ad/2">Lamp</a><td></table>`}})
	tr := trial{
		head:  "list:\n  - open: '{{site}}/mine'\n  - read-each: {at: css/.ad, read: {url: {at: css/a, from: link}, title: {at: css/a}, price: {at: 'css/td:last-child', as: number}}}\n",
		steps: "- expect: never",
	}
	tr.change = func(task *flow.Task) { task.Section = flow.List }
	r := tr.must(t, srv.URL)
	if got, want := fmt.Sprint(r.Rows), fmt.Sprintf("[map[price:40 title:Sofa url:%[1]s/ad/1] map[title:Lamp url:%[1]s/ad/2]]", srv.URL); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// Whoever watches is told each step; the trace has them with their times.
func TestTrace(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := site(t, map[string]page{"/": {html: `<a href="/next">Go</a>`}, "/next": {html: "<h1>next</h1>"}})
	tr := trial{steps: "- {click: Close, optional: 100ms}\n- click: Go\n- {if: next, then: [expect: next]}"}
	tr.change = func(task *flow.Task) { task.Pictures = true }
	begun := time.Now()
	r := tr.must(t, srv.URL)
	var got []string
	for _, s := range r.Trace {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", s.Number, s.Step, s.Note)))
		if s.Start.Before(begun) || s.Took < 0 || s.Took > time.Minute || len(s.Screenshot) == 0 {
			t.Errorf("%s: start %v, took %v, picture of %d bytes", s.Number, s.Start, s.Took, len(s.Screenshot))
		}
	}
	want := `1 open "{{site}}/", 2 click "Close" left out: not there, 3 click "Go", 4 if "next" yes, 4.1 expect "next"`
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, ", "), want)
	}
	if r.Trace[3].Page != srv.URL+"/next" || r.Trace[1].Took < 50*time.Millisecond {
		t.Errorf("got %+v", r.Trace[3])
	}
}
