// Package fakesite is Fairground, a small classifieds site as an http.Handler:
// accounts, a login with a cookie session and CSRF tokens, categories, a form
// with photos, a preview, publishing, the ad's page, "my ads", and what one can
// do there with an ad of one's own: edit, renew, delete. The demo and the tests
// post there instead of on somebody's real site.
//
// It promises that an ad is on disk before the answer to the publish request
// begins, that every publish request which it accepts makes one ad (two
// requests for one draft make two ads, as on real sites, so that a test can
// count double posts), and that ads and photos are there again after a restart.
//
// It does not promise to keep accounts, sessions or drafts over a restart, to
// share its directory with a second Site, to slow anybody down who guesses
// passwords, or to forget sessions before it ends. It is no site for the open
// internet.
package fakesite

import (
	"net/http"
	"sync"
	"time"
)

// Site is the fake site. The exported fields may be changed after New and
// before the first request.
type Site struct {
	Delay     time.Duration // what the fault "slow" adds to each page; 2 s by default
	MaxUpload int64         // bytes of one form with its photos; 64 MB by default

	mux   *http.ServeMux
	store *store

	mu       sync.Mutex // guards what follows
	fault    string
	accounts map[string][]byte  // name → SHA-256 of the password
	sessions map[string]session // by token
	drafts   map[string][]draft // by account, oldest first
}

// New makes a site that keeps its ads and photos in dir, which is created if
// it is missing, or in memory if dir is empty. Ads of an earlier Site in dir
// are loaded; a file that cannot be read as such is an error.
func New(dir string) (*Site, error) {
	st, err := openStore(dir)
	if err != nil {
		return nil, err
	}
	s := &Site{
		Delay:     2 * time.Second,
		MaxUpload: 64 << 20,
		store:     st,
		accounts:  make(map[string][]byte),
		sessions:  make(map[string]session),
		drafts:    make(map[string][]draft),
	}
	s.mux = s.routes()
	return s, nil
}

// routes says which page is where, and which pages ask for a login.
func (s *Site) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.anyone(s.showHome))
	mux.HandleFunc("GET /category/{category}", s.anyone(s.showCategory))
	mux.HandleFunc("GET /ad/{id}", s.anyone(s.showAd))
	mux.HandleFunc("GET /login", s.anyone(s.showLogin))
	mux.HandleFunc("POST /login", s.anyone(s.login))
	mux.HandleFunc("/", s.anyone(s.notFound))

	mux.HandleFunc("POST /logout", s.member(s.logout))
	mux.HandleFunc("GET /my", s.member(s.showMine))
	mux.HandleFunc("GET /post", s.member(s.showCategories))
	mux.HandleFunc("GET /post/{category}", s.member(s.showForm))
	mux.HandleFunc("POST /post/{category}", s.member(s.takeForm))
	mux.HandleFunc("GET /preview/{draft}", s.member(s.showPreview))
	mux.HandleFunc("POST /publish/{draft}", s.member(s.publish))
	mux.HandleFunc("GET /ad/{id}/edit", s.owner(s.showEdit))
	mux.HandleFunc("POST /ad/{id}/edit", s.owner(s.edit))
	mux.HandleFunc("POST /ad/{id}/renew", s.owner(s.renew))
	mux.HandleFunc("GET /ad/{id}/delete", s.owner(s.showDelete))
	mux.HandleFunc("POST /ad/{id}/delete", s.owner(s.remove))

	mux.HandleFunc("GET /preview/{draft}/{n}", s.serveDraftPhoto)
	mux.HandleFunc("GET /photo/{id}/{n}", s.servePhoto)
	mux.HandleFunc("GET /api/ads", s.serveAds)
	mux.HandleFunc("GET /static/style.css", serveStatic)
	mux.HandleFunc("GET /static/icon.svg", serveStatic)
	return mux
}

// ServeHTTP answers one request. No page loads anything from elsewhere or
// runs a script, and the headers hold the browser to that.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; style-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	s.mux.ServeHTTP(w, r)
}

// Ads returns all published ads that are not deleted, in the order in which
// they came, or were renewed, last. The caller may change them.
func (s *Site) Ads() []Ad { return s.store.all() }
