package cmd

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mailapp/poster/browser"
	"mailapp/poster/flow"
)

func TestTracesAreFew(t *testing.T) {
	state := stateDir(t.TempDir())
	var all []string
	for i := range keptTraces + 5 {
		path, err := state.leaveTrace(fmt.Sprintf("job%d", i), trace{Heading: "one"})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, path)
		time.Sleep(2 * time.Millisecond) // their names tell milliseconds apart
	}
	left, _ := filepath.Glob(filepath.Join(state.traces(), "*"))
	if len(left) != keptTraces || left[0] != all[5] || left[keptTraces-1] != all[len(all)-1] {
		t.Errorf("%d are left, from %s to %s", len(left), left[0], left[len(left)-1])
	}
	for _, path := range left {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// hostile is a page that wants to be heard of wherever it is shown.
const hostile = `<html><head><base href="@/leak/"><meta http-equiv="refresh" content="0;url=@/leak/refresh">
<link rel=stylesheet href="@/leak/css"><style>@import "@/leak/import"; body{background:url(@/leak/background)}</style></head>
<body onload="fetch('@/leak/onload')"><p>Hello "quoted" &amp; &lt;b&gt;</p><img src="@/leak/img" onerror="fetch('@/leak/onerror')">
<script>fetch('@/leak/script')</script><iframe src="@/leak/frame"></iframe><object data="@/leak/object"></object>
<video src="@/leak/video" autoplay poster="@/leak/poster"></video><form action="@/leak/form"><button>go</button></form>
"></iframe><img src="@/leak/escaped"></body></html>`

// A trace shows a page, and that page learns nothing of it.
func TestTraceLoadsNothing(t *testing.T) {
	if !haveBrowser(t) {
		t.Skip("no browser here, or -short")
	}
	site := &listener{}
	server := httptest.NewServer(site)
	defer server.Close()
	page := strings.ReplaceAll(hostile, "@", server.URL)
	state := stateDir(t.TempDir())
	path, err := state.leaveTrace("job", trace{
		Heading: "<img src=" + server.URL + "/leak/heading>", Values: map[string]string{"title": "<script>fetch('" + server.URL + "/leak/value')</script>"},
		Failure: &flow.Failure{Err: fmt.Errorf("<img src=%s/leak/error>", server.URL), DOM: []byte(page)},
	})
	if err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// All is unfolded, as by a person who looks at everything.
	site.trace = strings.ReplaceAll(string(written), "<details>", "<details open>")
	site.page = page
	look(t, server.URL, "/trace", "As text")
	if heard := site.heard(); len(heard) > 0 {
		t.Errorf("the trace loaded %q", heard)
	}
	look(t, server.URL, "/page", "Hello") // that it would be noticed
	if heard := site.heard(); len(heard) < 3 {
		t.Errorf("the page itself loaded only %q", heard)
	}
}

// look opens a page of the server in the browser, and gives it time to load.
func look(t *testing.T, server, path, text string) {
	t.Helper()
	f, err := flow.Parse("look.yaml", []byte(fmt.Sprintf(`
origins: ["{{site}}"]
steps:
  - open: "{{site}}%s"
  - expect: %s
  - {wait-for: Never, optional: 1s}
`, path, text)))
	if err != nil {
		t.Fatal(err)
	}
	b := &browser.Browser{NoSandbox: true, Dir: t.TempDir()}
	_, err = b.Run(context.Background(), flow.Task{Flow: f, Values: map[string]string{"site": server}})
	if err != nil && path == "/trace" {
		t.Fatal(err)
	}
}

// listener serves a trace and a page, and hears what else is asked for.
type listener struct {
	trace, page string
	mu          sync.Mutex
	asked       []string
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	switch r.URL.Path {
	case "/trace":
		fmt.Fprint(w, l.trace)
	case "/page":
		fmt.Fprint(w, l.page)
	default:
		l.mu.Lock()
		defer l.mu.Unlock()
		if strings.HasPrefix(r.URL.Path, "/leak/") {
			l.asked = append(l.asked, r.URL.Path)
		}
	}
}

func (l *listener) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked
}
