package browser

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"mailapp/poster/flow"
)

// bugzilla is a replica of that tracker with one bug, number 4711.
type bugzilla struct {
	*httptest.Server
	pages *template.Template
	busy  bool // somebody else always comments first

	mu       sync.Mutex
	comments []string
}

func newBugzilla(t testing.TB) *bugzilla {
	t.Helper()
	s := &bugzilla{comments: []string{"It crashes.", "Which version?"}}
	s.pages = template.Must(template.ParseFiles("testdata/sites/bugzilla.html"))
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *bugzilla) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.URL.Path {
	case "/index.cgi":
		s.login(w, r)
	case "/show_bug.cgi":
		s.bug(w, r)
	case "/process_bug.cgi":
		s.process(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *bugzilla) show(w http.ResponseWriter, r *http.Request, page string, data map[string]any) {
	if _, err := r.Cookie("Bugzilla_login"); err == nil || page == "main" {
		data["User"] = "fred@example.org"
	}
	data["Bug"], data["Comments"], data["Changed"] = 4711, s.comments, fmt.Sprint(len(s.comments))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := s.pages.ExecuteTemplate(w, page, data); err != nil {
		panic(err)
	}
}

func (s *bugzilla) login(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodGet:
		s.show(w, r, "login", map[string]any{"Title": "Log in to Bugzilla"})
	case r.FormValue("Bugzilla_login") == "fred@example.org" && r.FormValue("Bugzilla_password") == "s3cret":
		http.SetCookie(w, &http.Cookie{Name: "Bugzilla_login", Value: "2", Path: "/", HttpOnly: true})
		s.show(w, r, "main", map[string]any{"Title": "Bugzilla Main Page"})
	default:
		s.show(w, r, "error", map[string]any{"Title": "Invalid Login Or Password", "Error": "The login or password you entered is not valid."})
	}
}

func (s *bugzilla) bug(w http.ResponseWriter, r *http.Request) {
	switch id := r.FormValue("id"); id {
	case "4711":
		s.show(w, r, "bug", map[string]any{"Title": "4711 – Crash on start"})
	case "1":
		s.show(w, r, "error", map[string]any{"Title": "Access Denied", "Error": "You are not authorized to access bug #1."})
	default:
		s.show(w, r, "error", map[string]any{"Title": "Invalid Bug ID", "Error": "Bug #" + id + " does not exist."})
	}
}

func (s *bugzilla) process(w http.ResponseWriter, r *http.Request) {
	if s.busy {
		s.comments = append(s.comments, "me too")
	}
	switch _, err := r.Cookie("Bugzilla_login"); {
	case err != nil || r.FormValue("token") != "t0k3n" || r.FormValue("id") != "4711":
		s.show(w, r, "error", map[string]any{"Title": "Suspicious Action", "Error": "It looks like you didn't come from the right page."})
	case r.FormValue("delta_ts") != fmt.Sprint(len(s.comments)):
		s.show(w, r, "collision", map[string]any{"Title": "Mid-air collision!"})
	default:
		s.comments = append(s.comments, strings.ReplaceAll(r.FormValue("comment"), "\r\n", "\n"))
		s.show(w, r, "bug", map[string]any{"Title": "Bug 4711 processed", "Submitted": true})
	}
}

// comment is a visit that answers a mail of the tracker.
func (s *bugzilla) comment(body string) visit {
	return visit{flow: "bugzilla-comment.yaml", password: "s3cret", values: map[string]string{
		"site": s.URL, "account": "fred@example.org", "title": "[Bug 4711] Crash on start", "body": body, "price": "",
	}}
}

// The own words of an answer become a comment, whatever stands around them.
func TestBugzillaComment(t *testing.T) {
	chromium(t)
	const own = "Version 5, on <Linux>.\n\nSee: the log says\n  42 & more"
	const quote = "On Mon, 23 Nov 2026 at 10:00, Bugzilla\n<bugs@example.org> wrote:\n> Which version?\n>\n> -- \n> DO NOT REPLY\n"
	tests := []struct{ name, body string }{
		{"nothing quoted", own},
		{"above the quote", own + "\n\n" + quote},
		{"below the quote", quote + "\n" + own + "\n"},
		{"in another language", own + "\n\nAm 23.11.2026 um 10:00 schrieb Bugzilla:\n> Which version?\n"},
		{"between quotes", quote + "\n" + own + "\n\n> DO NOT REPLY"},
		{"as Outlook does", own + "\n\n-----Original Message-----\nFrom: Bugzilla\n\nWhich version?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newBugzilla(t)
			result := s.comment(tt.body).must(t)
			if len(s.comments) != 3 || s.comments[2] != own {
				t.Errorf("the comments are %q, want %q as the third", s.comments, own)
			}
			if got, want := result.Values["url"], s.URL+"/show_bug.cgi?id=4711#c2"; got != want || result.Values["number"] != "2" {
				t.Errorf("the link is %q, number %q, want %q", got, result.Values["number"], want)
			}
		})
	}
}

func TestBugzillaFailures(t *testing.T) {
	chromium(t)
	tests := []struct {
		name   string
		change func(*visit)
		fault  flow.Fault
		said   string
	}{
		{"wrong password", func(v *visit) { v.password = "wrong" }, flow.Owner, "The login or password you entered is not valid."},
		{"no such bug", func(v *visit) { v.values["title"] = "Re: Bug 99" }, flow.Sender, "Bug #99 does not exist."},
		{"closed bug", func(v *visit) { v.values["title"] = "bug #1" }, flow.Sender, "That bug is not open to the account of this address."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newBugzilla(t)
			v := s.comment("Fixed.")
			tt.change(&v)
			v.mustFail(t, tt.fault, tt.said)
		})
	}
}

// What cannot be understood is the sender's to write anew, before any page is
// opened that could change something.
func TestBugzillaRefuses(t *testing.T) {
	chromium(t)
	for name, change := range map[string]func(*visit){
		"no number":       func(v *visit) { v.values["title"] = "It crashes" },
		"only quotes":     func(v *visit) { v.values["body"] = "> Which version?\n" },
		"between answers": func(v *visit) { v.values["body"] = "> Which version?\n5\n> On what?\nLinux" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newBugzilla(t)
			v := s.comment("Fixed.")
			change(&v)
			_, failure := v.run(t)
			if failure == nil || failure.Fault != flow.Sender || len(s.comments) != 2 {
				t.Errorf("got %v, and the comments %q", failure, s.comments)
			}
		})
	}
}

// After a collision the comment is not there, so that it can be tried again.
func TestBugzillaCollision(t *testing.T) {
	chromium(t)
	t.Parallel()
	s := newBugzilla(t)
	s.busy = true
	_, failure := s.comment("Fixed.").run(t)
	if failure == nil || failure.Fault != flow.Site || failure.Published || failure.Said != "Mid-air collision detected!" || len(s.comments) != 3 {
		t.Errorf("got %+v, and the comments %q", failure, s.comments)
	}
}
