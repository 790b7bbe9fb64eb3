package browser

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"mailapp/poster/flow"
)

// TestMain is also the process that TestKilled kills.
func TestMain(m *testing.M) {
	if site := os.Getenv("MAILAPP_TEST_RUN"); site != "" {
		runUntilKilled(site, os.Getenv("MAILAPP_TEST_DIR"))
		return
	}
	flag.Parse()
	flag.Set("test.parallel", "4") // most of these tests wait for a page most of the time
	code := m.Run()
	if os.Getenv("MAILAPP_TEST_KEPT") != "" {
		keptForAll().Close()
		stopElsewhere()
	}
	os.Exit(code)
}

// chromium skips a test where no browser is installed.
func chromium(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("short: no browser is started")
	}
	if _, err := Find(""); err != nil {
		t.Skip("there is no Chromium here:", err)
	}
}

// page is what a test's site shows at a path.
type page struct {
	html   string
	handle http.HandlerFunc // instead of html
}

// site serves pages; "/" is the first that a flow opens.
func site(t *testing.T, pages map[string]page) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(siteHandler(pages))
	t.Cleanup(srv.Close)
	return srv
}

func siteHandler(pages map[string]page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := pages[r.URL.Path]
		switch {
		case !ok:
			http.NotFound(w, r)
		case p.handle != nil:
			p.handle(w, r)
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			io.WriteString(w, "<!DOCTYPE html><title>A page</title>"+p.html)
		}
	})
}

// trial is one run of a small flow on a small site.
type trial struct {
	browser Browser
	kept    *Kept  // in place of browser
	limit   string // of a step; 30s if empty
	head    string // of the flow: more keys
	steps   string // YAML lines, after "open: {{site}}/"
	values  map[string]string
	secrets map[string]string
	photos  []flow.Photo
	commit  func(context.Context) error
	events  *[]flow.Event
	noOpen  bool
	origins []string // beside the site
	change  func(*flow.Task)
}

func (tr trial) flow(t testing.TB) *flow.Flow {
	t.Helper()
	if tr.limit == "" {
		tr.limit = "30s"
	}
	text := "origins: ['" + strings.Join(append([]string{"{{site}}"}, tr.origins...), "', '") + "']\nstep-limit: " + tr.limit + "\n" + tr.head + "steps:\n"
	if !tr.noOpen {
		text += "  - open: '{{site}}/'\n"
	}
	for _, line := range strings.Split(strings.TrimSpace(tr.steps), "\n") {
		text += "  " + strings.TrimLeft(line, "\t") + "\n"
	}
	f, err := flow.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return f
}

func (tr trial) run(t testing.TB, ctx context.Context, url string) (flow.Result, *flow.Failure) {
	t.Helper()
	values := map[string]string{"site": url}
	for k, v := range tr.values {
		values[k] = v
	}
	tr.browser.Dir = t.TempDir()
	task := flow.Task{
		Flow: tr.flow(t), Values: values, Secrets: tr.secrets, Photos: tr.photos, Commit: tr.commit,
		Progress: func(e flow.Event) {
			if tr.events != nil {
				*tr.events = append(*tr.events, e)
			}
		},
	}
	if tr.change != nil {
		tr.change(&task)
	}
	result, err := tr.site().Run(ctx, task)
	if err == nil {
		return result, nil
	}
	var f *flow.Failure
	if !errors.As(err, &f) {
		t.Fatalf("%T is no *flow.Failure: %v", err, err)
	}
	return result, f
}

// runner is where a trial runs.
type runner interface {
	Run(context.Context, flow.Task) (flow.Result, error)
}

// site is a browser of the trial's own or, with MAILAPP_TEST_KEPT, one that all
// trials share which ask for nothing special; that is the program at
// MAILAPP_TEST_CHROMIUM, if it is set. With MAILAPP_TEST_KEPT=elsewhere it is
// reached as a browser elsewhere is.
func (tr trial) site() runner {
	if tr.kept != nil {
		return tr.kept
	}
	b := tr.browser
	if os.Getenv("MAILAPP_TEST_KEPT") == "" || b.Path != "" || b.extra != nil || b.started != nil || b.Most > 0 {
		return &b
	}
	return keptForAll()
}

var keptForAll = sync.OnceValue(func() *Kept {
	b := &Browser{Path: os.Getenv("MAILAPP_TEST_CHROMIUM")}
	if os.Getenv("MAILAPP_TEST_KEPT") == "elsewhere" {
		dir, err := os.MkdirTemp("", "mailapp-elsewhere-")
		if err != nil {
			panic(err)
		}
		address, path, stop, err := remoteChromium(dir, "--disable-site-isolation-trials")
		if err != nil {
			panic(err)
		}
		b.Remote, stopElsewhere = "ws://"+address+path, func() { stop(); os.RemoveAll(dir) }
	}
	return b.Keep()
})

var stopElsewhere = func() {}

// must runs a trial that ends well.
func (tr trial) must(t testing.TB, url string) flow.Result {
	t.Helper()
	result, f := tr.run(t, t.Context(), url)
	if f != nil {
		t.Fatalf("%s: %v", f.Fault, f)
	}
	return result
}

// mustFail runs a trial that fails by somebody's fault, with these words.
func (tr trial) mustFail(t testing.TB, url string, fault flow.Fault, words ...string) *flow.Failure {
	t.Helper()
	result, f := tr.run(t, t.Context(), url)
	if f == nil {
		t.Fatalf("no failure; result %v", result.Values)
		return nil
	}
	if f.Fault != fault {
		t.Errorf("by fault of %s, want %s: %v", f.Fault, fault, f)
	}
	for _, w := range words {
		if !strings.Contains(f.Error(), w) {
			t.Errorf("%q is not in: %v", w, f)
		}
	}
	return f
}

// trying is a page, what is done on it, and what the value "log" is in the end.
type trying struct {
	name, html, steps, want string
	values                  map[string]string
}

// tryAll runs them in a few browsers, one page after the other; each can go to
// /next and has two photos.
func tryAll(t *testing.T, all []trying) {
	t.Helper()
	const batches = 4
	for b := range batches {
		t.Run(fmt.Sprint("batch ", b), func(t *testing.T) {
			t.Parallel()
			pages := map[string]page{"/next": {html: "<h1>next page</h1>"}, "/files": {handle: receiveFiles}}
			values := map[string]string{}
			steps := ""
			for i := b; i < len(all); i += batches {
				path, v, log := fmt.Sprint("/", i), fmt.Sprint("v", i), fmt.Sprint("log", i)
				pages[path] = page{html: all[i].html}
				for _, value := range all[i].values {
					values[v] = value
				}
				steps += "- open: '{{site}}" + path + "'\n" + strings.NewReplacer("{{v}}", "{{"+v+"}}", "{log:", "{"+log+":").Replace(all[i].steps) + "\n"
			}
			r := trial{noOpen: true, steps: steps, values: values, photos: photos(2)}.must(t, site(t, pages).URL)
			for i := b; i < len(all); i += batches {
				if got := strings.TrimSpace(r.Values[fmt.Sprint("log", i)]); got != all[i].want {
					t.Errorf("%s: got %q, want %q", all[i].name, got, all[i].want)
				}
			}
			if r.Published || len(r.Screenshot) == 0 {
				t.Errorf("published %v, screenshot of %d bytes", r.Published, len(r.Screenshot))
			}
		})
	}
}

// photos makes n pictures that are published as they are, all of more than 50 kB
// and no two of a size.
func photos(n int) []flow.Photo {
	var all []flow.Photo
	for i := range n {
		picture := image.NewGray(image.Rect(0, 0, 400, 300+8*i))
		_, _ = rand.NewChaCha8([32]byte{byte(i)}).Read(picture.Pix)
		var data bytes.Buffer
		if err := jpeg.Encode(&data, picture, nil); err != nil {
			panic(err)
		}
		all = append(all, newPhoto(fmt.Sprintf("photo %d of %d", i+1, n), "image/jpeg", data.Bytes()))
	}
	return all
}

func newPhoto(label, kind string, data []byte) flow.Photo {
	return flow.Photo{Label: label, Type: kind, Data: io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))}
}

// dataOf is all of a photo.
func dataOf(p flow.Photo) []byte {
	data := make([]byte, p.Data.Size())
	n, _ := p.Data.ReadAt(data, 0)
	return data[:n]
}

// counter counts requests by method and path.
type counter struct {
	mu   sync.Mutex
	seen map[string]int
}

func (c *counter) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		if c.seen == nil {
			c.seen = map[string]int{}
		}
		c.seen[r.Method+" "+r.URL.Path]++
		c.mu.Unlock()
		h.ServeHTTP(w, r)
	})
}

func (c *counter) count(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[what]
}

func (c *counter) all() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, k := range c.seen {
		n += k
	}
	return n
}

// eventually asks until the answer is yes or the time is up.
func eventually(t testing.TB, limit time.Duration, what string, ask func() bool) {
	t.Helper()
	deadline := time.After(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ask() {
		select {
		case <-deadline:
			t.Errorf("not within %v: %s", limit, what)
			return
		case <-tick.C:
		}
	}
}
