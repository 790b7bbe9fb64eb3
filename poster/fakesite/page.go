package fakesite

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed pages
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

var funcs = template.FuncMap{
	"day":        func(t time.Time) string { return t.Format("2 January 2006") },
	"paragraphs": paragraphs,
	"photoCount": photoCount,
	"plus":       func(a, b int) int { return a + b },
}

// templates holds each page in the layout that they share, by file name. They are
// read when the first page is shown, since few runs of the program show one.
var templates = sync.OnceValue(parsePages)

func parsePages() map[string]*template.Template {
	pages := make(map[string]*template.Template)
	entries, err := pageFiles.ReadDir("pages")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		t := template.New("layout.html").Funcs(funcs)
		pages[e.Name()] = template.Must(t.ParseFS(pageFiles, "pages/layout.html", "pages/"+e.Name()))
	}
	return pages
}

// paragraphs splits a text at its empty lines.
func paragraphs(body string) []string {
	var kept []string
	for p := range strings.SplitSeq(body, "\n\n") {
		if p = strings.Trim(p, "\n"); p != "" {
			kept = append(kept, p)
		}
	}
	return kept
}

func photoCount(n int) string {
	switch n {
	case 0:
		return "no photos"
	case 1:
		return "1 photo"
	}
	return fmt.Sprintf("%d photos", n)
}

// view is what the layout needs to know besides the page's own data.
type view struct {
	Page    string // file name of the page
	Heading string
	Account string
	CSRF    string
	Data    any
}

func (s *Site) render(w http.ResponseWriter, sess session, page, heading string, data any) {
	s.renderStatus(w, sess, http.StatusOK, page, heading, data)
}

func (s *Site) renderStatus(w http.ResponseWriter, sess session, status int, page, heading string, data any) {
	var b bytes.Buffer
	v := view{Page: page, Heading: heading, Account: sess.account, CSRF: sess.csrf, Data: data}
	if err := templates()[page].Execute(&b, v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// fail answers with a page that says what went wrong.
func (s *Site) fail(w http.ResponseWriter, sess session, status int, said string) {
	s.renderStatus(w, sess, status, "error.html", "Sorry", said)
}

func (s *Site) notFound(w http.ResponseWriter, r *http.Request, sess session) {
	s.fail(w, sess, http.StatusNotFound, "There is no such page.")
}

type listPage struct {
	Categories []category
	Ads        []Ad
	Done       string // what the owner has just done
}

const latest = 24 // ads on the home page

func (s *Site) showHome(w http.ResponseWriter, r *http.Request, sess session) {
	ads := s.newest(func(Ad) bool { return true })
	if len(ads) > latest {
		ads = ads[:latest]
	}
	s.render(w, sess, "home.html", "Small ads from around the corner", listPage{Categories: categories, Ads: ads})
}

func (s *Site) showCategory(w http.ResponseWriter, r *http.Request, sess session) {
	c, ok := findCategory(r.PathValue("category"))
	if !ok {
		s.notFound(w, r, sess)
		return
	}
	ads := s.newest(func(a Ad) bool { return a.Category == c.Name })
	s.render(w, sess, "list.html", c.Name, listPage{Ads: ads})
}

func (s *Site) showMine(w http.ResponseWriter, r *http.Request, sess session) {
	ads := s.newest(func(a Ad) bool { return a.Account == sess.account })
	s.render(w, sess, "my.html", "Your ads", listPage{Ads: ads, Done: done[r.URL.Query().Get("done")]})
}

// newest returns the wanted ads, newest first.
func (s *Site) newest(want func(Ad) bool) []Ad {
	ads := slices.DeleteFunc(s.Ads(), func(a Ad) bool { return !want(a) })
	slices.Reverse(ads)
	return ads
}

type adPage struct {
	Ad
	Own  bool
	Done string // what the owner has just done, or how the ad is
}

func (s *Site) showAd(w http.ResponseWriter, r *http.Request, sess session) {
	ad, ok := s.adOf(r)
	if !ok {
		s.notFound(w, r, sess)
		return
	}
	own := sess.account != "" && sess.account == ad.Account
	said := cmp.Or(done[r.URL.Query().Get("done")], "Your ad is online")
	s.render(w, sess, "ad.html", ad.Title, adPage{ad, own, said})
}

func (s *Site) adOf(r *http.Request) (Ad, bool) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		return Ad{}, false
	}
	return s.store.ad(id)
}

// nth returns the photo that the path's {n} counts, from 1.
func nth[P any](r *http.Request, photos []P) (photo P, ok bool) {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 1 || n > len(photos) {
		return photo, false
	}
	return photos[n-1], true
}

func (s *Site) servePhoto(w http.ResponseWriter, r *http.Request) {
	ad, _ := s.adOf(r)
	p, ok := nth(r, ad.Photos)
	if !ok {
		http.NotFound(w, r)
		return
	}
	data, err := s.store.photo(p)
	if err != nil {
		http.Error(w, "photo not readable", http.StatusInternalServerError)
		return
	}
	sendPhoto(w, r, p, data)
}

func (s *Site) serveDraftPhoto(w http.ResponseWriter, r *http.Request) {
	d, _ := s.draft(s.session(r).account, r.PathValue("draft"))
	u, ok := nth(r, d.Photos)
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	sendPhoto(w, r, u.Photo, u.data)
}

func sendPhoto(w http.ResponseWriter, r *http.Request, p Photo, data []byte) {
	w.Header().Set("Content-Type", p.Type)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// publicAd is what /api/ads tells to everybody: nothing that names the account
// or a file on its owner's disk.
type publicAd struct {
	ID        int           `json:"id"`
	URL       string        `json:"url"`
	Category  string        `json:"category"`
	Title     string        `json:"title"`
	Body      string        `json:"body"`
	Price     string        `json:"price"`
	Condition string        `json:"condition"`
	Posted    time.Time     `json:"posted"`
	Photos    []publicPhoto `json:"photos"`
}

type publicPhoto struct {
	URL    string `json:"url"`
	Type   string `json:"type"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

func public(a Ad) publicAd {
	p := publicAd{
		ID: a.ID, URL: a.URL, Category: a.Category, Title: a.Title, Body: a.Body,
		Price: a.Price, Condition: a.Condition, Posted: a.Posted, Photos: []publicPhoto{},
	}
	for _, photo := range a.Photos {
		p.Photos = append(p.Photos, publicPhoto{photo.Path, photo.Type, photo.Size, photo.SHA256})
	}
	return p
}

// serveAds answers with a JSON array of all ads, oldest first.
func (s *Site) serveAds(w http.ResponseWriter, r *http.Request) {
	ads := []publicAd{}
	for _, a := range s.Ads() {
		ads = append(ads, public(a))
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(ads)
}

func serveStatic(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=3600")
	http.ServeFileFS(w, r, staticFiles, strings.TrimPrefix(r.URL.Path, "/"))
}
