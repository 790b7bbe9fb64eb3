package fakesite

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func setFault(t *testing.T, site *Site, name string) {
	t.Helper()
	if err := site.SetFault(name); err != nil {
		t.Fatal(err)
	}
}

func TestUnknownFault(t *testing.T) {
	site, _ := atAnns(t)
	setFault(t, site, "captcha")
	err := site.SetFault("captchas")
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range Faults() {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not name %s", err, name)
		}
	}
	if !site.has("captcha") {
		t.Error("an unknown fault ends the one before")
	}
}

func TestSlow(t *testing.T) {
	site, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	setFault(t, site, "slow")
	site.Delay = 30 * time.Millisecond
	start := time.Now()
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if took := time.Since(start); w.Code != http.StatusOK || took < site.Delay {
		t.Errorf("status %d after %v, want 200 after %v", w.Code, took, site.Delay)
	}
}

func TestSlowStopsWaiting(t *testing.T) {
	site, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	setFault(t, site, "slow")
	site.Delay = time.Hour
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", "/", nil).WithContext(ctx))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503", w.Code)
	}
}

func TestError500(t *testing.T) {
	site, b := atAnns(t)
	draft := b.toPreview()
	setFault(t, site, "error-500")
	a, err := b.publish(draft)
	if err != nil || a.status != http.StatusInternalServerError {
		t.Fatalf("status %d, %v; want 500", a.status, err)
	}
	if n := len(site.Ads()); n != 0 {
		t.Errorf("%d ads stored", n)
	}
	setFault(t, site, "")
	if a, err = b.publish(draft); err != nil || a.path != "/ad/1001" {
		t.Errorf("afterwards publish led to %s, %v", a.path, err)
	}
}

func TestAnswerLost(t *testing.T) {
	site, b := atAnns(t)
	draft := b.toPreview()
	setFault(t, site, "answer-lost")
	if a, err := b.publish(draft); err == nil {
		t.Fatalf("answered with status %d", a.status)
	}
	if n := len(site.Ads()); n != 1 {
		t.Errorf("%d ads stored, want 1", n)
	}
}

// TestAnswerLostWithoutHijacker: under HTTP/2 there is no connection to take.
func TestAnswerLostWithoutHijacker(t *testing.T) {
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("recovered %v, want ErrAbortHandler", got)
		}
	}()
	loseAnswer(httptest.NewRecorder())
}

func TestLoggedOut(t *testing.T) {
	site, b := atAnns(t)
	setFault(t, site, "logged-out")
	a := b.fillIn(bikeForm(), file{"a.jpg", jpegPhoto(t, 1)})
	if a.path != "/login?next=%2Fpost" || a.status != http.StatusOK {
		t.Errorf("Continue led to %s, status %d", a.path, a.status)
	}
	if got := b.get("/my").path; got != "/login?next=%2Fmy" {
		t.Errorf("still logged in: /my led to %s", got)
	}
	if len(site.drafts) != 0 {
		t.Error("a draft was kept")
	}
}

func TestMarkupChanged(t *testing.T) {
	site, b := atAnns(t)
	setFault(t, site, "markup-changed")
	a := b.get("/post/for-sale")
	for _, usual := range []string{
		">Title<", ">Price<", ">Description<", ">Condition<", ">Photos<", ">I am the owner<", ">Continue<",
		`id="title"`, `name="title"`, `id="photos"`, `name="photos"`,
	} {
		if strings.Contains(a.body, usual) {
			t.Errorf("the redesign still has %s", usual)
		}
	}
	a.mustHave(t, ">Headline<", ">Next step<")
	kind, body := multipartForm(t, map[string]string{
		"csrf": b.csrf("/my"), "ad[headline]": "Blue bicycle", "ad[story]": "Rides well.", "ad[mine]": "yes",
	}, "ad[pictures]", []file{{"a.jpg", jpegPhoto(t, 1)}})
	a = b.must("POST", "/post/for-sale", kind, body)
	a.mustHave(t, "Blue bicycle", "1 photo", "Used")
}

func TestPriceRequired(t *testing.T) {
	site, b := atAnns(t)
	form := bikeForm()
	form["price"] = ""
	if a := b.fillIn(form); !strings.HasPrefix(a.path, "/preview/") {
		t.Fatalf("without the fault a form without price led to %s", a.path)
	}
	setFault(t, site, "price-required")
	a := b.fillIn(form)
	if a.status != http.StatusOK || a.path != "/post/for-sale" {
		t.Errorf("status %d at %s", a.status, a.path)
	}
	a.mustHave(t, `class="errors"`, "Price required")
	b.toPreview()
}

func TestCaptcha(t *testing.T) {
	site, b := atAnns(t)
	setFault(t, site, "captcha")
	for _, a := range []answer{b.get("/post/for-sale"), b.fillIn(bikeForm())} {
		a.mustHave(t, `id="captcha"`, "<h1>Are you human?</h1>")
		if strings.Contains(a.body, ">Title<") {
			t.Error("the form is there all the same")
		}
	}
	if len(site.drafts) != 0 {
		t.Error("a draft was kept")
	}
}

// TestAtOnce is for the race detector: posting, counting and faults together.
func TestAtOnce(t *testing.T) {
	site, server := newSite(t, t.TempDir())
	const people, each = 4, 3
	person := func(t *testing.T) {
		t.Parallel()
		b := openBrowser(t, server.URL)
		b.login("ann@example.org", "correct horse")
		for range each {
			setFault(t, site, "price-required")
			if _, err := b.publish(b.toPreview(file{"a.jpg", jpegPhoto(t, 50)})); err != nil {
				t.Error(err)
			}
			site.Ads()
		}
	}
	t.Run("people", func(t *testing.T) { // returns when all of them are done
		for range people {
			t.Run("person", person)
		}
	})
	ads := site.Ads()
	if len(ads) != people*each {
		t.Fatalf("%d ads, want %d", len(ads), people*each)
	}
	for i, ad := range ads {
		if ad.ID != firstID+i {
			t.Errorf("ad %d has number %d", i, ad.ID)
		}
	}
}
