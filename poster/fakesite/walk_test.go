package fakesite

import (
	"bytes"
	"html"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// answer is a page as the browser ends up with it.
type answer struct {
	status int
	path   string // with the query
	body   string
}

// browser is a client with cookies that follows redirects.
type browser struct {
	t    *testing.T
	base string
	http *http.Client
}

func openBrowser(t *testing.T, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, base, &http.Client{Jar: jar}}
}

func (b *browser) send(method, path, kind string, body io.Reader) (answer, error) {
	b.t.Helper()
	req, err := http.NewRequest(method, b.base+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := b.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Request.URL.RequestURI(), string(data)}, err
}

func (b *browser) must(method, path, kind string, body io.Reader) answer {
	b.t.Helper()
	a, err := b.send(method, path, kind, body)
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	return b.must("GET", path, "", nil)
}

func (b *browser) post(path string, form url.Values) answer {
	b.t.Helper()
	return b.must("POST", path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// csrf returns the token that the page's forms carry.
func (b *browser) csrf(page string) string {
	b.t.Helper()
	m := csrfField.FindStringSubmatch(b.get(page).body)
	if m == nil {
		b.t.Fatalf("no CSRF token on %s", page)
	}
	return html.UnescapeString(m[1])
}

func (b *browser) login(email, password string) answer {
	b.t.Helper()
	return b.post("/login", url.Values{"csrf": {b.csrf("/login")}, "email": {email}, "password": {password}})
}

// file is a photo to upload.
type file struct {
	name string
	data []byte
}

// multipartForm writes the form as a browser does, photos last.
func multipartForm(t *testing.T, fields map[string]string, photoField string, photos []file) (string, io.Reader) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range photos {
		part, err := w.CreateFormFile(photoField, p.name)
		if err != nil {
			t.Fatal(err)
		}
		part.Write(p.data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), &b
}

// bikeForm is an ad that nothing is wrong with.
func bikeForm() map[string]string {
	return map[string]string{
		"title":       "Blue bicycle",
		"price":       "$120",
		"description": "Rides well.\r\nNew chain.\r\n\r\nPick it up in the evening.",
		"condition":   "Like new",
		"owner":       "yes",
	}
}

// fillIn posts the form for sale and returns where that leads.
func (b *browser) fillIn(fields map[string]string, photos ...file) answer {
	b.t.Helper()
	fields["csrf"] = b.csrf("/my")
	kind, body := multipartForm(b.t, fields, "photos", photos)
	return b.must("POST", "/post/for-sale", kind, body)
}

// toPreview fills in the bicycle and returns the draft's id.
func (b *browser) toPreview(photos ...file) string {
	b.t.Helper()
	a := b.fillIn(bikeForm(), photos...)
	id, ok := strings.CutPrefix(a.path, "/preview/")
	if !ok {
		b.t.Fatalf("Continue led to %s:\n%s", a.path, a.body)
	}
	return id
}

func (b *browser) publish(draft string) (answer, error) {
	b.t.Helper()
	form := url.Values{"csrf": {b.csrf("/my")}}
	return b.send("POST", "/publish/"+draft, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

func jpegPhoto(t *testing.T, shade uint8) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	for i := range img.Pix {
		img.Pix[i] = color.Gray{Y: shade}.Y
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// newSite serves a site with two accounts from dir ("" is memory).
func newSite(t *testing.T, dir string) (*Site, *httptest.Server) {
	t.Helper()
	site, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	site.AddAccount("ann@example.org", "correct horse")
	site.AddAccount("bob@example.org", "battery staple")
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	return site, server
}

// atAnns is a site in memory and a browser that is logged in as ann.
func atAnns(t *testing.T) (*Site, *browser) {
	t.Helper()
	site, server := newSite(t, "")
	b := openBrowser(t, server.URL)
	if a := b.login("ann@example.org", "correct horse"); a.path != "/" {
		t.Fatalf("login led to %s", a.path)
	}
	return site, b
}

func (a answer) mustHave(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(a.body, w) {
			t.Errorf("%s lacks %q:\n%s", a.path, w, a.body)
		}
	}
}
