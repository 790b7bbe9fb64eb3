package fakesite

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

const sessionCookie = "fairground_session"

// session is one browser's. It never changes: a login makes a new one, so that
// a token from before the login is worth nothing after it.
type session struct {
	token   string
	csrf    string
	account string // "" before the login
}

// AddAccount lets name log in with password. A second call for the same name
// changes the password.
func (s *Site) AddAccount(name, password string) {
	sum := sha256.Sum256([]byte(password))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts[name] = sum[:]
}

func (s *Site) knows(name, password string) bool {
	sum := sha256.Sum256([]byte(password))
	s.mu.Lock()
	defer s.mu.Unlock()
	want, ok := s.accounts[name]
	return ok && subtle.ConstantTimeCompare(sum[:], want) == 1
}

// session returns the request's session, the zero session if it has none.
func (s *Site) session(r *http.Request) session {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return session{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[cookie.Value]
}

// start replaces old by a new session for account and hands out its cookie.
func (s *Site) start(w http.ResponseWriter, r *http.Request, old session, account string) session {
	fresh := session{token: rand.Text(), csrf: rand.Text(), account: account}
	s.mu.Lock()
	delete(s.sessions, old.token)
	s.sessions[fresh.token] = fresh
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: fresh.token, Path: "/",
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
	return fresh
}

func (s *Site) end(sess session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, sess.token)
}

type handler func(http.ResponseWriter, *http.Request, session)

// anyone wraps a page for everybody.
func (s *Site) anyone(h handler) http.HandlerFunc { return s.page(h, false) }

// member wraps a page that asks for a login.
func (s *Site) member(h handler) http.HandlerFunc { return s.page(h, true) }

// page does what all pages have in common. The form is read whole before
// anything is answered: a browser that still uploads would see no answer.
func (s *Site) page(h handler, login bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sess := s.session(r)
		err := s.readForm(w, r)
		if r.MultipartForm != nil {
			defer r.MultipartForm.RemoveAll()
		}
		switch {
		case err != nil:
			s.refuseForm(w, sess, err)
		case !s.linger(r.Context()):
			s.fail(w, sess, http.StatusServiceUnavailable, "This took too long.")
		case login && sess.account == "":
			toLogin(w, r)
		case r.Method == http.MethodPost && !sess.sent(r):
			s.fail(w, sess, http.StatusForbidden, "This form has expired. Please load it again.")
		default:
			h(w, r, sess)
		}
	}
}

// readForm reads the form of a POST, at most MaxUpload bytes, into memory.
func (s *Site) readForm(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, s.MaxUpload)
	if err := r.ParseForm(); err != nil {
		return err
	}
	err := r.ParseMultipartForm(s.MaxUpload)
	if errors.Is(err, http.ErrNotMultipart) {
		return nil
	}
	return err
}

func (s *Site) refuseForm(w http.ResponseWriter, sess session, err error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		s.fail(w, sess, http.StatusRequestEntityTooLarge, "These photos are too large.")
		return
	}
	s.fail(w, sess, http.StatusBadRequest, "This form could not be read.")
}

// sent reports whether the request's form carries the session's CSRF token.
func (sess session) sent(r *http.Request) bool {
	got := r.PostFormValue("csrf")
	return sess.csrf != "" && subtle.ConstantTimeCompare([]byte(got), []byte(sess.csrf)) == 1
}

// toLogin leads to the login page and from there back. What was posted is
// lost, so a POST leads back to the start of posting.
func toLogin(w http.ResponseWriter, r *http.Request) {
	next := "/post"
	if r.Method == http.MethodGet {
		next = r.URL.RequestURI()
	}
	http.Redirect(w, r, "/login?next="+url.QueryEscape(next), http.StatusSeeOther)
}

// localPath returns next if it leads to a page of this site, else "/". Browsers
// read // and \ as the start of a host's name; url.Parse refuses the control
// characters that they would skip.
func localPath(next string) string {
	u, err := url.Parse(next)
	switch {
	case err != nil, u.IsAbs(), u.Host != "":
		return "/"
	case !strings.HasPrefix(next, "/"), strings.HasPrefix(next, "//"), strings.Contains(next, `\`):
		return "/"
	}
	return next
}

type loginPage struct {
	Next   string
	Email  string
	Errors []string
}

func (s *Site) showLogin(w http.ResponseWriter, r *http.Request, sess session) {
	next := localPath(r.FormValue("next"))
	if sess.account != "" {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	if sess.csrf == "" {
		sess = s.start(w, r, sess, "")
	}
	s.render(w, sess, "login.html", "Welcome back", loginPage{Next: next})
}

func (s *Site) login(w http.ResponseWriter, r *http.Request, sess session) {
	email, next := r.PostFormValue("email"), localPath(r.PostFormValue("next"))
	if !s.knows(email, r.PostFormValue("password")) {
		s.render(w, sess, "login.html", "Welcome back", loginPage{
			Next: next, Email: email, Errors: []string{"Wrong email or password."},
		})
		return
	}
	s.start(w, r, sess, email)
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (s *Site) logout(w http.ResponseWriter, r *http.Request, sess session) {
	s.end(sess)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
