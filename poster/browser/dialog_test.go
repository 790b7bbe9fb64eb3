package browser

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"mailapp/poster/flow"
)

// Native dialogs get what the flow says.
func TestAnswers(t *testing.T) {
	chromium(t)
	const leaving = `<input name=a><script>addEventListener('beforeunload', e => e.preventDefault())</script><a href="/next">Away</a>`
	tryAll(t, []trying{
		{"alert", say + `<button onclick="alert('Saved'); say('after')">Go</button>`, "- answer: {alert: accept}\n- click: Go" + readLog + "\n- answer: {alert: fail}", "after", nil},
		{"confirm", say + `<button onclick="say(confirm('Sure?'))">Go</button>`, "- answer: {confirm: accept}\n- click: Go" + readLog, "true", nil},
		{"dismissed", say + `<button onclick="say(confirm('Sure?'))">Go</button>`, "- answer: {confirm: dismiss}\n- click: Go" + readLog, "false", nil},
		{"prompt", say + `<button onclick="say(prompt('Why?', 'x'))">Go</button>`, "- answer: {prompt: 'for {{v}}'}\n- click: Go" + readLog, "for fun", map[string]string{"v": "fun"}},
		{"leaving", leaving, "- fill: {a: x}\n- answer: {leaving: leave}\n- click: Away\n- read: {log: {at: css/h1}}", "next page", nil},
		{"leaving by opening", leaving, "- fill: {a: x}\n- answer: {leaving: leave}\n- open: '{{site}}/next'\n- read: {log: {at: css/h1}}", "next page", nil},
	})
}

// A dialog that nobody expects ends the run, by fault of whom fails-when names.
func TestDialogsThatFail(t *testing.T) {
	chromium(t)
	const fails = "fails-when:\n  - {see: Are you human, fault: site}\n  - {text: price, fault: sender, say: The site wants a price.}\n"
	tests := []struct {
		name, html, steps string
		fault             flow.Fault
		words             []string
	}{
		{"alert", `<button onclick="alert('Oops')">Go</button>`, "- click: Go", flow.Owner, []string{`the page raised a dialog: "Oops"`}},
		{"alert of the sender's", `<button onclick="alert('Please add a price')">Go</button>`, "- click: Go", flow.Sender, []string{`"Please add a price"`, "the page says: The site wants a price."}},
		{"alert like a locator", `<button onclick="alert('Are you  human?')">Go</button>`, "- click: Go", flow.Site, []string{"human"}},
		{"confirm", `<button onclick="confirm('Sure?')">Go</button>`, "- answer: {alert: accept}\n- click: Go", flow.Owner, []string{"Sure?"}},
		{"prompt", `<button onclick="prompt('Why?')">Go</button>`, "- click: Go", flow.Owner, []string{"Why?"}},
		{"words instead", `<p>No price given</p>`, "- expect: Thanks", flow.Sender, []string{`the page shows text "price"`, "the page says: The site wants a price."}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := site(t, map[string]page{"/": {html: tt.html}})
			trial{limit: "700ms", head: fails, steps: tt.steps}.mustFail(t, srv.URL, tt.fault, tt.words...)
		})
	}
}

// fails-when is watched all through, by address, too.
func TestFailsWhenAddress(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := site(t, map[string]page{"/": {html: `<button onclick="history.pushState(0, '', '/blocked?x'); document.body.append('You are blocked for a day')">Go</button>`}})
	trial{limit: "5s", head: "fails-when:\n  - {url: '*/blocked*', fault: site}\n", steps: "- click: Go\n- expect: Thanks"}.
		mustFail(t, srv.URL, flow.Site, `the page shows url "*/blocked*"`, "blocked for a day")
}

// What the ad itself says ends no run: on the site's page it is no error.
func TestFailsWhenOwnWords(t *testing.T) {
	chromium(t)
	const (
		fails = "fails-when:\n  - {see: Too many posts, fault: sender}\n  - {text: '/not allow(ed)?/', fault: owner}\n"
		steps = "- fill: {Title: '{{title}}', Text: '{{body}}'}\n- publish: Publish\n- expect: It is online\n- {scroll: Never, optional: 100ms}"
		form  = `<form action="/publish"><label>Title <input name=title></label><label>Text <textarea name=body></textarea></label><button>Publish</button></form>`
		wall  = "Too many posts on my wall"
	)
	tests := []struct{ name, title, body, page, words string }{
		{"title", "Too many  posts", "", `<h2>too many posts</h2><p>Your ad “Too many posts” is here</p><a href="/ad" aria-label="Too many posts">Ad</a>`, ""},
		{"text", "Flat", "Dogs: not allowed\nToo many\nposts in\u00a0front", `<p>Dogs: not allowed<br>Too many<br>posts in front<p>Dogs: not allowed Too many posts in front`, ""},
		{"beginning", wall, "", `<a>Too many posts on …</a><p><b>Too many posts on my...</b>`, ""},
		{"fields", "Sofa", "", `<textarea>Too many posts</textarea><input value="Too many posts"><input title="not allowed">`, ""},
		{"an error of some of its words", "posts", "not", `<p>Too many posts`, "Too many posts"},
		{"an error like its beginning", wall, "", `<h2>` + wall + `</h2><p>Sorry: too many posts`, "Sorry: too many posts"},
		{"an error beside it", "Too many posts", "", `<h2>Too many posts</h2><p>This is not allowed</p>`, "This is not allowed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := site(t, publishing(form, page{html: tt.page + "<p>It is online"}))
			tr := trial{limit: "2s", head: fails, steps: steps, values: map[string]string{"title": tt.title, "body": tt.body}}
			if _, f := tr.run(t, t.Context(), srv.URL); (f == nil) != (tt.words == "") || f != nil && f.Said != tt.words {
				t.Errorf("got %v", f)
			}
		})
	}
}

// A rehearsal ends when the button is ready, and clicks and commits nothing.
func TestRehearse(t *testing.T) {
	chromium(t)
	t.Parallel()
	var c counter
	srv := httptest.NewServer(c.wrap(siteHandler(publishing(plainForm, page{handle: toAd}))))
	defer srv.Close()
	tr := trial{steps: "- read: {h: {at: css/h1}}\n- publish: Publish\n- expect: Your ad"}
	tr.commit = func(context.Context) error { t.Error("committed"); return nil }
	tr.change = func(task *flow.Task) { task.Rehearse = true }
	r := tr.must(t, srv.URL)
	if r.Published || r.Values["h"] != "Your ad" || len(r.Screenshot) == 0 || c.count("POST /publish") != 0 {
		t.Errorf("got %+v, %d posts", r.Values, c.count("POST /publish"))
	}
	tr.steps = "- publish: Pubish"
	tr.limit = "500ms"
	tr.mustFail(t, srv.URL, flow.Owner, `did you mean button "Publish"?`)
}

// Photos that are still on their way hold publish up (C23).
func TestPublishWaitsForUploads(t *testing.T) {
	chromium(t)
	t.Parallel()
	const form = `<input type=file multiple id=f aria-label=Photos><form method=post action="/publish"><input name=n id=n value=0><button>Publish</button></form><script>f.onchange = () => { for (const x of f.files) {
		const q = new XMLHttpRequest(); q.open('PUT', '/files'); q.onload = () => n.value++; q.send(x) } }</script>`
	pages := publishing(form, page{handle: toAd})
	pages["/files"] = page{handle: receiveFiles}
	var c counter
	srv := httptest.NewServer(c.wrap(siteHandler(pages)))
	defer srv.Close()
	before := -1
	tr := trial{steps: "- upload: {Photos: '{{photos}}'}\n- publish: Publish\n- expect: Your ad", photos: photos(3)}
	tr.commit = func(context.Context) error { before = c.count("PUT /files"); return nil }
	tr.must(t, srv.URL)
	if before != 3 {
		t.Errorf("%d photos were sent before publish", before)
	}
	pages["/files"] = page{handle: neverAnswer}
	tr.limit, tr.commit = "800ms", nil
	f := tr.mustFail(t, srv.URL, flow.Site, "the photos were still on their way")
	if f.Published || !errors.Is(f, flow.ErrPhotos) {
		t.Errorf("says that the click may have happened: %v; %v", f.Published, f)
	}
}

// After publish a block is decided by the page that follows.
func TestBranchAfterPublish(t *testing.T) {
	chromium(t)
	t.Parallel()
	pages := publishing(`<p>Check your mail</p>`+plainForm, page{handle: toAd})
	srv := site(t, pages)
	r := trial{steps: "- publish: Publish\n- if: Check your mail\n  then: [read: {v: {at: css/p}}]\n  else: [read: {v: {at: css/h1}}]"}.must(t, srv.URL)
	if r.Values["v"] != "Your ad" {
		t.Errorf("got %v", r.Values)
	}
}

// C29: the page that failed is kept without the secret, however it is written.
func TestDOM(t *testing.T) {
	chromium(t)
	t.Parallel()
	const secret = `a<b>&"c'd`
	srv := site(t, map[string]page{"/": {html: `<label>Word<input type=password oninput="this.setAttribute('value', this.value); document.getElementById('p').textContent = this.value"></label><p id=p></p><h1>There</h1>`}})
	f := trial{limit: "500ms", secrets: map[string]string{"password": secret}, steps: "- fill: {Word: '{{password}}'}\n- expect: never"}.mustFail(t, srv.URL, flow.Owner)
	dom := string(f.DOM)
	if !strings.Contains(dom, "<h1>There</h1>") || strings.Count(dom, blotted) != 2 || strings.Contains(dom, "c'd") {
		t.Errorf("got %s", dom)
	}
}

// C29: what a page keeps to itself and could let others act for the account is
// not kept; what says how it is built is.
func TestDOMWithoutTokens(t *testing.T) {
	chromium(t)
	t.Parallel()
	hidden := []string{
		`<input type=hidden name=csrf value=%s>`, `<input name=_wpnonce value=a1b2c3%s type=hidden>`, `<meta name=csrf-token content=%s>`,
		`<script>const nonce = "%s"</script>`, `<a href="/edit?_wpnonce=%s&amp;post=1">1</a>`, `<form action="/post?id=2&amp;s=%s" data-nonce=%s></form>`,
		`<button onclick="go('/x?auth=%s')">Go</button>`, `<div data-props='{"id": 7, "apiToken": "%s"}'></div>`, `<template><i>%s</i></template>`,
		`<noscript><i>%s</i></noscript>`, `<!-- %s -->`, `<iframe srcdoc="<i>%s</i>"></iframe>`,
	}
	const token = "MOXV4OU6J5SFILRHSO7E3BKTJ6"
	html := `<h1 data-id=7>There</h1><input type=hidden name=next value="/post/for-sale/and-more"><input name=title value=Donaudampfschifffahrt>
		<a href="/list?s=edit&amp;page=2#top">2</a><p>Is it here? a=b</p>` + strings.ReplaceAll(strings.Join(hidden, "\n"), "%s", token)
	srv := site(t, map[string]page{"/": {html: html}})
	f := trial{limit: "500ms", noOpen: true, steps: "- open: '{{site}}/?s=edit&session=" + token + "'\n- expect: {url: '*never*'}"}.mustFail(t, srv.URL, flow.Owner, "the URL is "+srv.URL+"/?s=edit&session="+blotted)
	dom := string(f.DOM)
	for _, kept := range []string{`<h1 data-id="7">There</h1>`, `value="/post/for-sale/and-more"`, `value="Donaudampfschifffahrt"`, `href="/list?s=edit&amp;page=2#top"`, "here? a=b",
		`name="csrf"`, `href="/edit?_wpnonce=•••&amp;post=1"`, `action="/post?id=2&amp;s=•••"`, `<script>•••</script>`, `"id": 7`} {
		if !strings.Contains(strings.ReplaceAll(dom, "&quot;", `"`), kept) {
			t.Errorf("%s is missing", kept)
		}
	}
	if strings.Contains(dom+f.Error(), token[:8]) {
		t.Errorf("the token is in %s", dom)
	}
}
