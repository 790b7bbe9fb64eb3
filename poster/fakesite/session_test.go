package fakesite

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestWrongPassword(t *testing.T) {
	_, server := newSite(t, "")
	for _, c := range []struct{ email, password string }{
		{"ann@example.org", "wrong"},
		{"ann@example.org", "battery staple"},
		{"nobody@example.org", ""},
		{"", ""},
	} {
		b := openBrowser(t, server.URL)
		a := b.login(c.email, c.password)
		if a.status != http.StatusOK {
			t.Errorf("status %d, want 200", a.status)
		}
		a.mustHave(t, `class="errors"`, "Wrong email or password")
		if got := b.get("/my").path; got != "/login?next=%2Fmy" {
			t.Errorf("%q: /my led to %s", c.email, got)
		}
	}
}

func TestSessionCookie(t *testing.T) {
	site, server := newSite(t, "")
	b := openBrowser(t, server.URL)
	home, _ := url.Parse(server.URL)
	b.get("/login")
	before := b.http.Jar.Cookies(home)[0].Value
	b.login("ann@example.org", "correct horse")
	if after := b.http.Jar.Cookies(home)[0].Value; after == before {
		t.Error("the login keeps the session of before")
	}

	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", "https://fairground.example/login", nil))
	c := w.Result().Cookies()[0]
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie %v lacks HttpOnly, Secure or SameSite", c)
	}
}

func TestCSRF(t *testing.T) {
	site, b := atAnns(t)
	draft := b.toPreview()
	other := openBrowser(t, b.base)
	other.login("bob@example.org", "battery staple")
	for _, path := range []string{"/login", "/logout", "/post/for-sale", "/publish/" + draft} {
		for name, token := range map[string]string{"none": "", "wrong": "x", "another session's": other.csrf("/my")} {
			if a := b.post(path, url.Values{"csrf": {token}}); a.status != http.StatusForbidden {
				t.Errorf("%s with token %s: status %d, want 403", path, name, a.status)
			}
		}
	}
	if n := len(site.Ads()); n != 0 {
		t.Errorf("%d ads published without a token", n)
	}
	if a := openBrowser(t, b.base).post("/login", url.Values{"csrf": {""}}); a.status != http.StatusForbidden {
		t.Errorf("login without a session: status %d, want 403", a.status)
	}
}

func TestNextIsLocal(t *testing.T) {
	for next, want := range map[string]string{
		"/post":                    "/post",
		"/post/for-sale?a=b":       "/post/for-sale?a=b",
		"":                         "/",
		"post":                     "/",
		"https://evil.example/":    "/",
		"//evil.example/":          "/",
		"///evil.example/":         "/",
		`/\evil.example/`:          "/",
		`\\evil.example/`:          "/",
		"/\t/evil.example/":        "/",
		"javascript:alert(1)":      "/",
		"/ok\r\nLocation: //evil/": "/",
	} {
		if got := localPath(next); got != want {
			t.Errorf("localPath(%q) = %q, want %q", next, got, want)
		}
	}
}

func TestLoginLeadsBack(t *testing.T) {
	_, server := newSite(t, "")
	for next, want := range map[string]string{"/post/housing": "/post/housing", "//evil.example/": "/"} {
		b := openBrowser(t, server.URL)
		form := url.Values{"csrf": {b.csrf("/login")}, "email": {"ann@example.org"}, "password": {"correct horse"}, "next": {next}}
		if a := b.post("/login", form); a.path != want {
			t.Errorf("next=%s led to %s", next, a.path)
		}
		if a := b.get("/login?next=" + url.QueryEscape(next)); a.path != want {
			t.Errorf("who is logged in was led by next=%s to %s", next, a.path)
		}
	}
}

func TestDraftsArePrivate(t *testing.T) {
	site, ann := atAnns(t)
	draft := ann.toPreview(file{"a.jpg", jpegPhoto(t, 9)})
	bob := openBrowser(t, ann.base)
	bob.login("bob@example.org", "battery staple")
	for _, path := range []string{"/preview/" + draft, "/preview/" + draft + "/1"} {
		if a := bob.get(path); a.status != http.StatusNotFound || strings.Contains(a.body, "bicycle") {
			t.Errorf("bob sees ann's %s: status %d", path, a.status)
		}
	}
	if a, err := bob.publish(draft); err != nil || a.status != http.StatusNotFound {
		t.Errorf("bob publishes ann's draft: status %d, %v", a.status, err)
	}
	if _, err := ann.publish(draft); err != nil {
		t.Fatal(err)
	}
	if got := bob.get("/my").body; strings.Contains(got, "bicycle") {
		t.Error("ann's ad is among bob's")
	}
	if n := len(site.Ads()); n != 1 {
		t.Errorf("%d ads, want 1", n)
	}
}

func TestOldDraftsAreForgotten(t *testing.T) {
	_, b := atAnns(t)
	oldest := b.toPreview()
	for range maxDrafts {
		b.toPreview()
	}
	if a := b.get("/preview/" + oldest); a.status != http.StatusNotFound {
		t.Errorf("status %d, want 404", a.status)
	}
}
