package browser

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailapp/poster/flow"
)

// craigslist is a replica of the classifieds site for one visitor: its pages
// have the names and fields that are known of the real ones, and a seed
// decides which of them come, in which order, and with which markup.
type craigslist struct {
	posting, accounts *httptest.Server // two origins, as the real one has
	way               []string         // the pages, as ?s= names them
	look              map[string]bool
	pages             *template.Template

	mu     sync.Mutex
	draft  url.Values // all fields, as page.field
	photos [][]byte
	ads    []classified
}

// classified is what is online in the end.
type classified struct {
	draft  url.Values
	photos [][]byte
}

const (
	craigslistAccount  = "fred@example.org"
	craigslistPassword = "s3cret"
	craigslistNumber   = "7700112233"
)

// What of the markup is compared on visitors. "goesOn" is a choice that leads
// on without a button, "turned" another order of the fields.
var craigslistLooks = []string{
	"inputs", "labelFor", "goesOn", "helped", "goesTwice", "turned", "drawn", "known", "classic", "byMail",
}

func newCraigslist(t testing.TB, seed uint64) *craigslist {
	t.Helper()
	dice := rand.New(rand.NewPCG(seed, 1))
	s := &craigslist{look: map[string]bool{}, draft: url.Values{}}
	s.pages = template.Must(template.ParseFiles("testdata/sites/craigslist.html"))
	for _, name := range craigslistLooks {
		s.look[name] = dice.IntN(2) == 0
	}
	s.way = craigslistWay(dice)
	s.posting, s.accounts = httptest.NewServer(http.HandlerFunc(s.post)), httptest.NewServer(http.HandlerFunc(s.account))
	t.Cleanup(s.posting.Close)
	t.Cleanup(s.accounts.Close)
	return s
}

// craigslistWay gives the pages of one visitor. What one chooses comes before
// the form, the map and the photos after it.
func craigslistWay(dice *rand.Rand) []string {
	some := func(names ...string) []string {
		return slices.DeleteFunc(names, func(string) bool { return dice.IntN(2) == 0 })
	}
	places, kinds := some("area", "subarea", "hood"), []string{"type", "cat"}
	after := append(some("geoverify"), "editimage")
	if dice.IntN(2) == 0 {
		places, kinds = kinds, places
	}
	if dice.IntN(2) == 0 {
		slices.Reverse(after)
	}
	return slices.Concat(some("copyfromanother"), places, kinds, []string{"edit"}, after, []string{"preview"})
}

type craigslistChoice struct {
	Value, Text string
	Preset      bool
}

// What can be chosen on which page.
var craigslistChoices = map[string]struct {
	title, name string
	of          []craigslistChoice
}{
	"area":    {"choose the site nearest you", "n", []craigslistChoice{{"1", "san francisco bay area", true}, {"7", "sacramento", false}, {"97", "redding", false}}},
	"subarea": {"choose the location that fits best", "n", []craigslistChoice{{"1", "city of san francisco", false}, {"2", "south bay", false}}},
	"hood":    {"choose area", "n", []craigslistChoice{{"3", "castro", false}, {"18", "mission district", false}}},
	"type":    {"what type of posting is this", "id", []craigslistChoice{{"jo", "job offered", false}, {"fso", "for sale by owner", false}, {"fsd", "for sale by dealer", false}}},
	"cat":     {"please choose a category", "id", []craigslistChoice{{"103", "books & magazines - by owner", false}, {"141", "furniture - by owner", false}, {"142", "furniture", false}}},
}

func (s *craigslist) account(w http.ResponseWriter, r *http.Request) {
	_, err := r.Cookie("cl_session")
	right := r.FormValue("inputEmailHandle") == craigslistAccount && r.FormValue("inputPassword") == craigslistPassword
	switch {
	case r.URL.Path == "/login/home" && err == nil:
		s.show(w, "home", map[string]any{"Title": "account"})
	case r.URL.Path != "/login":
		http.NotFound(w, r)
	case err == nil:
		http.Redirect(w, r, "/login/home", http.StatusFound)
	case r.Method == http.MethodGet:
		s.show(w, "login", map[string]any{"Title": "account log in"})
	case right:
		http.SetCookie(w, &http.Cookie{Name: "cl_session", Value: "1", Path: "/", HttpOnly: true})
		http.Redirect(w, r, "/login/home", http.StatusSeeOther)
	default:
		s.show(w, "login", map[string]any{"Title": "account log in", "Error": "Your email address, handle, or password is incorrect. Please try again."})
	}
}

func (s *craigslist) show(w http.ResponseWriter, page string, data map[string]any) {
	data["Look"], data["Account"], data["Go"] = s.look, craigslistAccount, "continue"
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := s.pages.ExecuteTemplate(w, page, data); err != nil {
		panic(err)
	}
}

// post leads from page to page. A page that is not the visitor's next one
// leads back to that.
func (s *craigslist) post(w http.ResponseWriter, r *http.Request) {
	step := r.URL.Query().Get("s")
	at := slices.Index(s.way, step)
	switch _, err := r.Cookie("cl_session"); {
	case r.URL.Path == "/image":
		w.Write(dataOf(photos(1)[0]))
	case r.URL.Path == "/c/sfo" && err == nil:
		http.Redirect(w, r, "/k/Zk8/a1?s="+s.way[0], http.StatusFound)
	case r.URL.Path != "/k/Zk8/a1" || err != nil:
		http.NotFound(w, r)
	case step == "redirect":
		s.show(w, "done", map[string]any{"Title": "posted", "Number": craigslistNumber})
	case at < 0:
		http.NotFound(w, r)
	case r.Method == http.MethodGet:
		s.page(w, step, "")
	default:
		s.take(w, r, at)
	}
}

func (s *craigslist) page(w http.ResponseWriter, step, wrong string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data := map[string]any{"Title": step, "Step": step, "Error": wrong, "Draft": s.draft, "Photos": s.photos}
	if c, ok := craigslistChoices[step]; ok {
		data["Title"], data["Name"], data["Choices"] = c.title, c.name, c.of
		step = "choice"
	}
	s.show(w, step, data)
}

// take keeps what a page has sent, and leads on.
func (s *craigslist) take(w http.ResponseWriter, r *http.Request, at int) {
	step, next := s.way[at], "redirect"
	if at+1 < len(s.way) {
		next = s.way[at+1]
	}
	adds := r.FormValue("a") == "add"
	if adds {
		s.keepPhoto(r)
	}
	wrong := s.keep(step, r.PostForm)
	if adds || wrong != "" {
		s.page(w, step, wrong)
		return
	}
	http.Redirect(w, r, "/k/Zk8/a1?s="+next, http.StatusSeeOther)
}

// keep notes the fields of a page as page.field, and says what is wrong with
// them. Those of the preview make the draft an ad.
func (s *craigslist) keep(step string, fields url.Values) (wrong string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, values := range fields {
		s.draft[step+"."+name] = values
	}
	if step == "preview" {
		s.ads = append(s.ads, classified{s.draft, s.photos})
	}
	if step == "edit" && (s.draft.Get("edit.postal") == "" || s.draft.Get("edit.PostingBody") == "") {
		return "Please correct what is marked: postal code"
	}
	return ""
}

// keepPhoto takes a while over a photo.
func (s *craigslist) keepPhoto(r *http.Request) {
	file, _, err := r.FormFile("file")
	if err != nil {
		return
	}
	data, _ := io.ReadAll(file)
	pause(r, 150*time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.photos = append(s.photos, data)
}

// ad is a visit that posts a chest of drawers.
func (s *craigslist) ad() visit {
	return visit{
		flow: "craigslist.yaml", password: craigslistPassword, photos: photos(2),
		with: map[string]string{
			"city": "sfo", "area": "sacramento", "subarea": "south bay", "neighborhood": "mission district",
			"category": "furniture - by owner", "place": "Mission", "postal": "94110", "condition": "like new", "accounts": s.accounts.URL,
		},
		values: map[string]string{
			"site": s.posting.URL, "account": craigslistAccount, "title": "Chest of drawers, “solid” oak", "price": "40",
			"body": "Four drawers & a <lock>.\n\nPick up only.",
		},
	}
}

// The flow finds its way whatever pages come, and whatever they look like.
func TestCraigslist(t *testing.T) {
	chromium(t)
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			s := newCraigslist(t, seed)
			v := s.ad()
			if seed%4 == 3 { // by the codes of the site in place of its words
				v.with["type"], v.with["category"] = "fso", "141"
			}
			if seed%4 == 1 {
				v.with["neighborhood"] = ""
			}
			if seed%5 == 2 { // logged in by an earlier run, and by no other means
				v.password = "wrong"
				v.sessions = &locker{saved: []byte(`{"cookies": [{"name": "cl_session", "value": "1", "domain": "127.0.0.1", "path": "/"}]}`)}
			}
			result := v.must(t)
			s.check(t, v, result)
			if t.Failed() {
				t.Log("the way: ", s.way, "the look: ", s.look)
			}
		})
	}
}

// check sees that exactly one ad is online, and is as it was meant.
func (s *craigslist) check(t *testing.T, v visit, result flow.Result) {
	t.Helper()
	if len(s.ads) != 1 || !result.Published {
		t.Fatalf("%d ads, published: %v", len(s.ads), result.Published)
	}
	ad := s.ads[0]
	want := map[string]string{
		"edit.PostingTitle": v.values["title"], "edit.PostingBody": v.values["body"], "edit.price": "40", "edit.postal": "94110",
		"edit.geographic_area": "Mission", "edit.condition": "20", "edit.FromEMail": craigslistAccount,
	}
	choices := map[string]string{"area.n": "7", "subarea.n": "2", "hood.n": "18", "type.id": "fso", "cat.id": "141", "copyfromanother.brand_new_post": "1"}
	if v.with["neighborhood"] == "" {
		choices["hood.n"], choices["hood.bypass"] = "", "1"
	}
	for field, value := range choices {
		if page, _, _ := strings.Cut(field, "."); slices.Contains(s.way, page) {
			want[field] = value
		}
	}
	for name, value := range want {
		if got := strings.ReplaceAll(ad.draft.Get(name), "\r\n", "\n"); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if !slices.EqualFunc(ad.photos, v.photos, func(got []byte, p flow.Photo) bool { return bytes.Equal(got, dataOf(p)) }) {
		t.Errorf("%d photos are online, or others than the %d that were sent, or in another order", len(ad.photos), len(v.photos))
	}
	url, number := s.posting.URL+"/sfc/fuo/d/"+craigslistNumber+".html", craigslistNumber
	if s.look["byMail"] {
		url, number = "", ""
	}
	if result.Values["url"] != url || result.Values["number"] != number {
		t.Errorf("read %v, want %s and %s", result.Values, url, number)
	}
}

func TestCraigslistFailures(t *testing.T) {
	chromium(t)
	tests := []struct {
		name   string
		change func(*visit)
		fault  flow.Fault
		said   string
	}{
		{"wrong password", func(v *visit) { v.password = "wrong" }, flow.Owner, "Your email address, handle, or password is incorrect. Please try again."},
		{"nothing to say", func(v *visit) { v.values["body"] = "" }, flow.Sender, "Please correct what is marked: postal code"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newCraigslist(t, 5)
			v := s.ad()
			tt.change(&v)
			v.mustFail(t, tt.fault, tt.said)
			if len(s.ads) > 0 {
				t.Errorf("%d ads are online", len(s.ads))
			}
		})
	}
}

// The seeds show every look, and every page that does not always come.
func TestCraigslistSeeds(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(20) {
		s := newCraigslist(t, seed)
		for name, yes := range s.look {
			if yes {
				seen[name]++
			}
		}
		for _, page := range s.way {
			seen["page "+page]++
		}
	}
	for _, name := range append(craigslistLooks, "page copyfromanother", "page area", "page subarea", "page hood", "page geoverify") {
		if seen[name] == 0 || seen[name] == 20 {
			t.Errorf("%s is there for %d of 20 visitors", name, seen[name])
		}
	}
}
