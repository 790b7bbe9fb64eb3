package fakesite

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestWalk(t *testing.T) {
	site, server := newSite(t, "")
	b := openBrowser(t, server.URL)
	first, second := jpegPhoto(t, 40), jpegPhoto(t, 200)

	b.get("/").mustHave(t, "Fairground", `href="/category/housing"`, "Nothing here yet")
	if a := b.get("/post"); a.path != "/login?next=%2Fpost" {
		t.Fatalf("without login /post led to %s", a.path)
	}
	b.get("/login").mustHave(t, `<label for="email">Email</label>`, `<label for="password">Password</label>`, "<button>Log in</button>")
	b.login("ann@example.org", "correct horse").mustHave(t, "ann@example.org", "Log out")
	b.get("/post").mustHave(t, `<a href="/post/for-sale">For sale</a>`, `<a href="/post/free-stuff">Free stuff</a>`)
	b.get("/post/for-sale").mustHave(t, `<label for="title">Title</label>`, `<label for="price">Price</label>`,
		`<label for="description">Description</label>`, `<label for="condition">Condition</label>`,
		`<label for="owner">I am the owner</label>`, `<label for="photos">Photos</label>`, "<button>Continue</button>")

	draft := b.toPreview(file{"image.jpg", first}, file{"image.jpg", second})
	b.get("/preview/"+draft).mustHave(t, "Blue bicycle", "$120", "Like new", "2 photos", "<button>Publish</button>",
		"<p>Rides well.\nNew chain.</p><p>Pick it up in the evening.</p>", `src="/preview/`+draft+`/2"`)
	if got := b.get("/preview/" + draft + "/2").body; got != string(second) {
		t.Error("the preview's second photo is not the one that was sent")
	}
	if n := len(site.Ads()); n != 0 {
		t.Fatalf("%d ads before publishing", n)
	}

	a, err := b.publish(draft)
	if err != nil {
		t.Fatal(err)
	}
	if a.path != "/ad/1001" {
		t.Fatalf("publish led to %s", a.path)
	}
	a.mustHave(t, "<h1>Blue bicycle</h1>", "Your ad is online", "Ad number 1001", "2 photos", `src="/photo/1001/1"`)
	b.get("/my").mustHave(t, `<a href="/ad/1001">Blue bicycle</a>`)
	b.get("/").mustHave(t, `href="/ad/1001"`)
	b.get("/category/for-sale").mustHave(t, `href="/ad/1001"`)
	if got := b.get("/category/jobs").body; strings.Contains(got, "/ad/1001") {
		t.Error("the ad stands in a category that is not its own")
	}
	checkBike(t, site.Ads(), first, second)

	b.post("/logout", url.Values{"csrf": {b.csrf("/my")}}).mustHave(t, `<a href="/login">Log in</a>`)
	if got := b.get("/ad/1001").body; strings.Contains(got, "Your ad is online") {
		t.Error("a stranger is told that the ad is his")
	}
}

func checkBike(t *testing.T, ads []Ad, photos ...[]byte) {
	t.Helper()
	if len(ads) != 1 {
		t.Fatalf("%d ads, want 1", len(ads))
	}
	got := ads[0]
	if got.Posted.IsZero() {
		t.Error("no time of posting")
	}
	want := Ad{
		ID: 1001, Account: "ann@example.org", Category: "For sale", Title: "Blue bicycle",
		Body:  "Rides well.\nNew chain.\n\nPick it up in the evening.",
		Price: "$120", Condition: "Like new", Posted: got.Posted, URL: "/ad/1001",
	}
	paths := []string{"/photo/1001/1", "/photo/1001/2"}
	for i, data := range photos {
		want.Photos = append(want.Photos, Photo{
			Name: "image.jpg", Type: "image/jpeg", Size: len(data), SHA256: sha256Hex(data), Path: paths[i],
		})
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("ad\n%+v, want\n%+v", got, want)
	}
}

func TestSecondPublishMakesSecondAd(t *testing.T) {
	site, b := atAnns(t)
	draft := b.toPreview(file{"a.jpg", jpegPhoto(t, 1)})
	for _, want := range []string{"/ad/1001", "/ad/1002"} {
		a, err := b.publish(draft)
		if err != nil || a.path != want {
			t.Fatalf("publish led to %s, %v; want %s", a.path, err, want)
		}
	}
	if n := len(site.Ads()); n != 2 {
		t.Errorf("%d ads, want 2", n)
	}
}

func TestEscaping(t *testing.T) {
	_, b := atAnns(t)
	const evil = `"><script>alert(1)</script>`
	form := bikeForm()
	form["title"], form["price"], form["description"] = evil, evil, evil+"\n\n"+evil
	pages := []answer{b.fillIn(form, file{evil + ".jpg", []byte("no picture")})}
	pages[0].mustHave(t, "is not a JPEG")
	preview := b.fillIn(form, file{"a.jpg", jpegPhoto(t, 3)})
	ad, err := b.publish(strings.TrimPrefix(preview.path, "/preview/"))
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, preview, ad, b.get("/my"), b.get("/"), b.login(evil, "x"), openBrowser(t, b.base).get("/login?next=/"+url.QueryEscape(evil)))
	for _, a := range pages {
		if strings.Contains(a.body, "<script") {
			t.Errorf("%s is not escaped", a.path)
		}
		a.mustHave(t, "&lt;script&gt;")
	}
}

func TestValidation(t *testing.T) {
	long := strings.Repeat("ü", maxBody+1)
	jpg := jpegPhoto(t, 7)
	many := make([]file, maxPhotos+1)
	for i := range many {
		many[i] = file{"a.jpg", jpg}
	}
	for _, c := range []struct {
		field, value string
		photos       []file
		want         string
	}{
		{field: "title", value: " ", want: "Title required"},
		{field: "title", value: long, want: "Title too long: at most 100 characters"},
		{field: "price", value: long, want: "Price too long"},
		{field: "description", value: "\r\n", want: "Description required"},
		{field: "description", value: long, want: "Description too long"},
		{field: "condition", value: "Broken", want: "Choose a condition"},
		{field: "owner", value: "", want: "Please confirm that you are the owner"},
		{photos: many, want: "Too many photos: at most 24"},
		{photos: []file{{"a.svg", []byte("<svg onload='x'/>")}}, want: "a.svg is not a JPEG"},
		{photos: []file{{"a.jpg", nil}}, want: "a.jpg is not a JPEG"},
	} {
		site, b := atAnns(t)
		form := bikeForm()
		if c.field != "" {
			form[c.field] = c.value
		}
		a := b.fillIn(form, c.photos...)
		if a.status != http.StatusOK || a.path != "/post/for-sale" {
			t.Errorf("%s: status %d at %s", c.want, a.status, a.path)
		}
		a.mustHave(t, `class="errors"`, c.want, `id="title"`)
		if len(site.drafts) != 0 {
			t.Errorf("%s: a draft was kept", c.want)
		}
	}
}

func TestFormKeepsWhatWasEntered(t *testing.T) {
	_, b := atAnns(t)
	form := bikeForm()
	form["title"] = ""
	b.fillIn(form).mustHave(t, `value="$120"`, "New chain.", "<option selected>Like new</option>", "checked")
}

func TestUploadLimit(t *testing.T) {
	site, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	site.MaxUpload = 1000
	kind, body := multipartForm(t, bikeForm(), "photos", []file{{"a.jpg", make([]byte, 1001)}})
	for name, r := range map[string]*http.Request{
		"multipart":  httptest.NewRequest("POST", "/post/for-sale", body),
		"urlencoded": httptest.NewRequest("POST", "/login", strings.NewReader("email="+strings.Repeat("a", 1001))),
	} {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if name == "multipart" {
			r.Header.Set("Content-Type", kind)
		}
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		if w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: status %d, want 413", name, w.Code)
		}
	}
}

func TestBrokenForm(t *testing.T) {
	_, b := atAnns(t)
	a := b.must("POST", "/post/for-sale", "multipart/form-data; boundary=x", strings.NewReader("--x\r\nnothing"))
	if a.status != http.StatusBadRequest {
		t.Errorf("status %d, want 400", a.status)
	}
}

func TestEmptyFileInput(t *testing.T) {
	_, b := atAnns(t)
	body := "--x\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n"
	for name, value := range bikeForm() {
		body += "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	body += "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n" + b.csrf("/my") + "\r\n--x--\r\n"
	b.must("POST", "/post/for-sale", "multipart/form-data; boundary=x", strings.NewReader(body)).mustHave(t, "no photos")
}

func TestNotFound(t *testing.T) {
	_, b := atAnns(t)
	for _, path := range []string{
		"/nowhere", "/ad/1", "/ad/x", "/photo/1001/1", "/photo/x/1", "/preview/x", "/preview/x/1",
		"/post/x", "/category/x", "/static/", "/logout",
	} {
		if a := b.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, a.status)
		}
	}
}

func TestPhotoTypes(t *testing.T) {
	_, b := atAnns(t)
	gif := []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;")
	if _, err := b.publish(b.toPreview(file{"picture.jpg", gif})); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(b.base + "/photo/1001/1")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "image/gif" {
		t.Errorf("type %s, want image/gif", got)
	}
	for _, n := range []string{"0", "2", "-1", "x"} {
		if a := b.get("/photo/1001/" + n); a.status != http.StatusNotFound {
			t.Errorf("photo %s: status %d, want 404", n, a.status)
		}
	}
}

func TestAPI(t *testing.T) {
	_, b := atAnns(t)
	if got := strings.TrimSpace(b.get("/api/ads").body); got != "[]" {
		t.Errorf("no ads: %s, want []", got)
	}
	photo := jpegPhoto(t, 5)
	if _, err := b.publish(b.toPreview(file{"holiday.jpg", photo})); err != nil {
		t.Fatal(err)
	}
	body := b.get("/api/ads").body
	if strings.Contains(body, "ann@") || strings.Contains(body, "holiday") {
		t.Errorf("not only public data: %s", body)
	}
	var ads []publicAd
	if err := json.Unmarshal([]byte(body), &ads); err != nil {
		t.Fatal(err)
	}
	if len(ads) != 1 || ads[0].ID != 1001 || ads[0].Title != "Blue bicycle" || ads[0].Photos[0].SHA256 != sha256Hex(photo) {
		t.Errorf("ads %+v", ads)
	}
}

func TestStatic(t *testing.T) {
	_, server := newSite(t, "")
	for path, want := range map[string]string{"/static/style.css": "text/css", "/static/icon.svg": "image/svg+xml"} {
		resp, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || !strings.HasPrefix(got, want) {
			t.Errorf("%s: status %d, type %s", path, resp.StatusCode, got)
		}
	}
}
