// Http posts without a browser: what the site costs.
package main

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"

	"bench/peer"
)

func main() {
	peer.Main(func(w peer.Work) (peer.Client, error) { return client{w}, nil })
}

type client struct{ work peer.Work }

func (client) Close() {}

// visit is one login.
type visit struct {
	http.Client
	site string
	csrf string
}

func (c client) Post() (string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	v := &visit{http.Client{Jar: jar}, c.work.Site, ""}
	if _, err := v.get("/login"); err != nil {
		return "", err
	}
	login := url.Values{"email": {peer.Account}, "password": {peer.Password}, "next": {"/"}}
	if _, err := v.submit("/login", login); err != nil {
		return "", err
	}
	for _, page := range []string{"/post", "/post/for-sale"} {
		if _, err := v.get(page); err != nil {
			return "", err
		}
	}
	preview, err := v.form(c.work.Photos)
	if err != nil {
		return "", err
	}
	return v.submit("/publish/"+filepath.Base(preview), url.Values{})
}

var token = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// take reads a page with its token, and gives its address.
func (v *visit) take(r *http.Response, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s %w", r.Request.URL, r.Status, err)
	}
	if found := token.FindSubmatch(page); found != nil {
		v.csrf = string(found[1])
	}
	return r.Request.URL.String(), nil
}

func (v *visit) get(path string) (string, error) { return v.take(v.Get(v.site + path)) }

func (v *visit) submit(path string, values url.Values) (string, error) {
	values.Set("csrf", v.csrf)
	return v.take(v.PostForm(v.site+path, values))
}

func (v *visit) form(photos []string) (string, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range map[string]string{
		"csrf": v.csrf, "title": peer.Title, "price": peer.Price, "description": peer.Body, "condition": peer.Choice, "owner": "yes",
	} {
		if err := w.WriteField(name, value); err != nil {
			return "", err
		}
	}
	for _, path := range photos {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		part, err := w.CreateFormFile("photos", filepath.Base(path))
		if err != nil {
			return "", err
		}
		part.Write(data)
	}
	w.Close()
	return v.take(v.Post(v.site+"/post/for-sale", w.FormDataContentType(), &body))
}
