package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mailapp/poster/flow"
)

// visitors is a site that tells each visitor apart by a cookie, has a page that
// never stops, and one with a form.
func visitors(t *testing.T) (*httptest.Server, *counter) {
	c := &counter{}
	pages := publishing(plainForm, page{handle: toAd})
	pages["/stuck"] = page{html: `<h1>Stuck</h1><script>setTimeout(() => { for (;;); }, 100)</script>`}
	pages["/who"] = page{handle: func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("sid"); err == nil {
			fmt.Fprint(w, "<p>Known</p>")
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1", Path: "/"})
		fmt.Fprint(w, "<p>Stranger</p>")
	}}
	srv := httptest.NewServer(c.wrap(siteHandler(pages)))
	t.Cleanup(srv.Close)
	return srv, c
}

func keptTask(t *testing.T, url, steps string) flow.Task {
	return flow.Task{
		Flow: trial{steps: steps}.flow(t), Values: map[string]string{"site": url},
		Commit: func(context.Context) error { return nil },
	}
}

// Several runs at once share a browser and nothing in it (C28); a run whose page
// hangs, and whose time is up, hurts no other; nothing is left of any (C7).
func TestKept(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv, count := visitors(t)
	var starts []int
	dir := t.TempDir()
	k := (&Browser{Path: os.Getenv("MAILAPP_TEST_CHROMIUM"), Dir: dir, started: func(_ string, pid int) { starts = append(starts, pid) }}).Keep()
	elsewhere, _ := visitors(t)
	var all sync.WaitGroup
	for _, steps := range []string{
		"- open: '{{site}}/who'\n- expect: Stranger", "- open: '{{site}}/who'\n- expect: Stranger",
		"- publish: Publish\n- expect: Your ad\n- read: {url: {from: url}}",
	} {
		all.Go(func() {
			if _, err := k.Run(t.Context(), keptTask(t, srv.URL, steps)); err != nil {
				t.Errorf("%s: %v", steps, err)
			}
		})
	}
	all.Go(func() { // another run's origins are walls to this one
		_, err := k.Run(t.Context(), keptTask(t, srv.URL, "- open: '"+elsewhere.URL+"/who'"))
		if err == nil {
			t.Error("a run went where its flow may not go")
		}
	})
	all.Go(func() {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := k.Run(ctx, keptTask(t, srv.URL, "- open: '{{site}}/stuck'\n- click: Never there")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the stuck run ended with %v", err)
		}
	})
	all.Wait()
	if count.count("POST /publish") != 1 {
		t.Errorf("%d posts", count.count("POST /publish"))
	}
	if _, err := k.Run(t.Context(), keptTask(t, srv.URL, "- open: '{{site}}/who'\n- expect: Stranger")); err != nil {
		t.Errorf("after the stuck run: %v", err)
	}
	for range 2 { // the login of a run is its own, and is there for the next that brings it
		var l locker
		task := keptTask(t, srv.URL, "- open: '{{site}}/who'\n- expect: Stranger")
		task.Session = l.open()
		if _, err := k.Run(t.Context(), task); err != nil || l.kept != 1 || len(l.saved) == 0 {
			t.Fatalf("%v, kept %d times: %s", err, l.kept, l.saved)
		}
		task = keptTask(t, srv.URL, "- open: '{{site}}/who'\n- expect: Known")
		task.Session = l.open()
		if _, err := k.Run(t.Context(), task); err != nil {
			t.Errorf("with a session: %v", err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(k.house.dir.path, "photos-*")); len(left) > 0 {
		t.Errorf("photos are left: %q", left)
	}
	if len(starts) != 1 {
		t.Errorf("%d browsers were started", len(starts))
	}
	keptDies(t, k, srv.URL, &starts)
	home := k.house.dir.path
	if err := k.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(home); err == nil {
		t.Error("the run directory is left")
	}
}

// keptDies kills the browser under a run, which fails; the next has a new one, and
// so has the first after many.
func keptDies(t *testing.T, k *Kept, url string, starts *[]int) {
	t.Helper()
	task := keptTask(t, url, "- open: '{{site}}/who'\n- click: Never there")
	task.Progress = func(e flow.Event) {
		if strings.HasPrefix(e.Text, "click") {
			k.house.host.kill()
		}
	}
	if _, err := k.Run(t.Context(), task); !errors.Is(err, errGone) {
		t.Errorf("the run ended with %v", err)
	}
	who := keptTask(t, url, "- open: '{{site}}/who'\n- expect: Stranger")
	if _, err := k.Run(t.Context(), who); err != nil || len(*starts) != 2 {
		t.Errorf("after its death: %v, %d browsers were started", err, len(*starts))
	}
	k.house.begun = runsEach
	if _, err := k.Run(t.Context(), who); err != nil || len(*starts) != 3 {
		t.Errorf("after many runs: %v, %d browsers were started", err, len(*starts))
	}
}

// One slot is one browser, over all processes; who waits in vain is told so, and
// what ends is free for the next.
func TestSlots(t *testing.T) {
	b := &Browser{Most: 2, Slots: filepath.Join(t.TempDir(), "slots")}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second) // a quarter of it is waited
	defer cancel()
	first, err := b.slot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = b.slot(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err = b.slot(ctx); !errors.Is(err, ErrBusy) || ctx.Err() != nil {
		t.Errorf("the third got %v, with %v", err, ctx.Err())
	}
	_, err = b.Run(ctx, flow.Task{Flow: trial{steps: "- click: x"}.flow(t), Values: map[string]string{"site": "http://127.0.0.1:1"}})
	if _, lookErr := Find(""); lookErr == nil && !errors.Is(err, ErrBusy) {
		t.Errorf("a run got %v", err)
	}
	time.AfterFunc(50*time.Millisecond, first)
	if _, err = b.slot(t.Context()); err != nil {
		t.Errorf("with a slot that becomes free: %v", err)
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	if _, err = b.slot(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("without time: %v", err)
	}
}

func TestRoom(t *testing.T) {
	for _, c := range []struct {
		processors int
		bytes      uint64
		want       int
	}{
		{8, 4 << 30, 4}, {8, 4<<30 - 200<<20, 4}, {2, 64 << 30, 2}, {4, 500 << 20, 1}, {4, 1 << 20, 1}, {4, 0, 4},
	} {
		if got := room(c.processors, c.bytes); got != c.want {
			t.Errorf("%d processors and %d bytes have room for %d, not %d", c.processors, c.bytes, got, c.want)
		}
	}
	if n := Room(); n < 1 {
		t.Errorf("there is room for %d here", n)
	}
}
