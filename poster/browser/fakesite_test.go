package browser

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mailapp/poster/fakesite"
	"mailapp/poster/flow"
)

// fairground is the fake site with an account and a fault.
func fairground(t testing.TB, fault string) (*fakesite.Site, *httptest.Server) {
	t.Helper()
	s, err := fakesite.New("")
	if err != nil {
		t.Fatal(err)
	}
	s.AddAccount("fred", "s3cret")
	s.Delay = 300 * time.Millisecond
	if err := s.SetFault(fault); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, srv
}

// fairgroundTask posts a sofa by the shipped flow.
func fairgroundTask(t testing.TB, url string) flow.Task {
	t.Helper()
	data, err := os.ReadFile("../../cmd/demo/fakesite.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := flow.Parse("fakesite.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	f.StepLimit = 2 * time.Second
	return flow.Task{
		Flow: f, Photos: photos(2), Secrets: map[string]string{"password": "s3cret"},
		Values: map[string]string{
			"site": url, "account": "fred", "category": "For sale",
			"title": "Sofa – grün", "body": "It is\n\nlike new.", "price": "$40",
		},
	}
}

// The whole way on the fake site, with each of its faults (C26, C27).
func TestFakesite(t *testing.T) {
	chromium(t)
	tests := []struct {
		fault     string
		change    func(*flow.Task)
		want      flow.Fault // "" = posted
		said      string
		published bool
		ads       int
	}{
		{fault: "", ads: 1, published: true},
		{fault: "slow", ads: 1, published: true},
		{fault: "error-500", want: flow.Site, said: "Something went wrong", published: true},
		{fault: "answer-lost", want: flow.Site, said: "closed the connection without an answer", published: true, ads: 1},
		{fault: "logged-out", want: flow.Owner, said: "#login"},
		{fault: "markup-changed", want: flow.Owner, said: `"Title" is not on the page`},
		{fault: "price-required", change: func(t *flow.Task) { t.Values["price"] = "" }, want: flow.Sender, said: "Price required"},
		{fault: "captcha", want: flow.Owner, said: "Are you human?"},
		{fault: "", change: func(t *flow.Task) { t.Secrets["password"] = "wrong" }, want: flow.Owner, said: "Wrong email or password"},
		{fault: "", change: func(t *flow.Task) { t.Values["title"] = strings.Repeat("x", 101) }, want: flow.Sender, said: "Title too long"},
	}
	for _, tt := range tests {
		t.Run(tt.fault+" "+tt.said, func(t *testing.T) {
			t.Parallel()
			s, srv := fairground(t, tt.fault)
			task := fairgroundTask(t, srv.URL)
			commits := 0
			task.Commit = func(context.Context) error { commits++; return nil }
			if tt.change != nil {
				tt.change(&task)
			}
			r, err := (&Browser{Dir: t.TempDir()}).Run(t.Context(), task)
			ads := s.Ads()
			if len(ads) != tt.ads || (commits == 1) != tt.published {
				t.Errorf("%d ads, want %d; %d commits", len(ads), tt.ads, commits)
			}
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				mustBeTheSofa(t, ads, r)
				return
			}
			f, ok := err.(*flow.Failure)
			if !ok || f.Fault != tt.want || f.Published != tt.published || !strings.Contains(f.Error(), tt.said) || len(f.Screenshot) == 0 {
				t.Errorf("got %+v\nwant %s, published %v, %q", err, tt.want, tt.published, tt.said)
			}
		})
	}
}

// C10: the account's ads are listed before the form, by one login, and again by
// the section alone. What the list reads and answers is over when the steps begin.
func TestListed(t *testing.T) {
	chromium(t)
	t.Parallel()
	s, srv := fairground(t, "")
	var listed []string
	for range 2 {
		task := fairgroundTask(t, srv.URL)
		task.Listed = func(rows []map[string]string) error {
			listed = append(listed, fmt.Sprint(len(rows)))
			return nil
		}
		task.Commit = func(context.Context) error { listed = append(listed, "commit"); return nil }
		r, err := (&Browser{Dir: t.TempDir()}).Run(t.Context(), task)
		if err != nil || len(r.Rows) != 0 || r.Values["url"] == "" {
			t.Fatalf("%+v, %v", r, err)
		}
		if logins := strings.Count(strings.Join(r.Pages, " ")+" ", "/login "); logins != 1 { // the one before the list; then the site leads past it
			t.Errorf("%d login pages in %q", logins, r.Pages)
		}
	}
	if got := fmt.Sprint(listed); got != "[0 commit 1 commit]" {
		t.Errorf("listed %s", got)
	}
	task := fairgroundTask(t, srv.URL)
	task.Section, task.Photos = flow.List, nil
	r, err := (&Browser{Dir: t.TempDir()}).Run(t.Context(), task)
	want := fmt.Sprintf("[map[number:1002 title:Sofa – grün url:%[1]s/ad/1002] map[number:1001 title:Sofa – grün url:%[1]s/ad/1001]]", srv.URL)
	if err != nil || fmt.Sprint(r.Rows) != want || r.Published {
		t.Errorf("%v, %v; want %s", r.Rows, err, want)
	}
	task = fairgroundTask(t, srv.URL)
	task.Listed = func([]map[string]string) error { return errors.New("no list") }
	if _, err := (&Browser{Dir: t.TempDir()}).Run(t.Context(), task); err == nil || !strings.Contains(err.Error(), "no list") || len(s.Ads()) != 2 {
		t.Errorf("%v, %d ads", err, len(s.Ads()))
	}
}

// What a page that lists says against the ad is not the sender's fault.
func TestListedIsNotTheSenders(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := site(t, map[string]page{"/mine": {html: `<p class=err>Too many ads</p>`}, "/": {html: `<button>Go</button>`}})
	tr := trial{
		head:  "fails-when: [{see: css/.err, fault: sender}]\nlist:\n  - open: '{{site}}/mine'\n  - read-each: {at: css/.ad, read: {url: {at: css/a, from: link}, title: {at: css/a}}}\n",
		steps: "- publish: Go",
	}
	tr.change = func(task *flow.Task) { task.Listed = func([]map[string]string) error { return nil } }
	tr.mustFail(t, srv.URL, flow.Owner, "Too many ads")
}

func mustBeTheSofa(t *testing.T, ads []fakesite.Ad, r flow.Result) {
	t.Helper()
	ad := ads[0]
	if ad.Title != "Sofa – grün" || ad.Body != "It is\n\nlike new." || ad.Price != "$40" || ad.Category != "For sale" || len(ad.Photos) != 2 {
		t.Errorf("got %+v", ad)
	}
	if !strings.HasSuffix(r.Values["url"], ad.URL) || r.Values["number"] != fmt.Sprint(ad.ID) || !r.Published {
		t.Errorf("got %v of ad %d at %s", r.Values, ad.ID, ad.URL)
	}
	if len(r.Screenshot) == 0 || len(r.Screenshot) > maxPicture {
		t.Errorf("screenshot of %d bytes", len(r.Screenshot))
	}
}

// BenchmarkFakesite is the whole post from a cold start, as the table in
// PEERS.md has it.
func BenchmarkFakesite(b *testing.B) {
	if _, err := Find(""); err != nil {
		b.Skip("there is no Chromium here:", err)
	}
	_, srv := fairground(b, "")
	task := fairgroundTask(b, srv.URL)
	for b.Loop() {
		if _, err := (&Browser{Dir: b.TempDir()}).Run(b.Context(), task); err != nil {
			b.Fatal(err)
		}
	}
}

// What else the shipped flow can do with the account's own ads: list them, each
// with its whole address, renew one, change it, and take it off the site.
func TestFakesiteSections(t *testing.T) {
	chromium(t)
	t.Parallel()
	s, srv := fairground(t, "")
	do := func(section flow.Section, values map[string]string) flow.Result {
		t.Helper()
		task := fairgroundTask(t, srv.URL)
		task.Section = section
		maps.Copy(task.Values, values)
		commits := 0
		task.Commit = func(context.Context) error { commits++; return nil }
		r, err := (&Browser{Dir: t.TempDir()}).Run(t.Context(), task)
		if err != nil {
			t.Fatalf("%s: %v", section, err)
		}
		if looks := section == flow.List; r.Published == looks || (commits == 1) == looks {
			t.Errorf("%s: published %v, %d commits", section, r.Published, commits)
		}
		return r
	}
	list := func(want ...string) {
		t.Helper()
		var got []string
		for _, row := range do(flow.List, nil).Rows {
			got = append(got, row["title"]+" "+strings.TrimPrefix(row["url"], srv.URL)+" "+row["number"])
		}
		if !slices.Equal(got, want) {
			t.Errorf("listed %q, want %q", got, want)
		}
	}
	list()
	sofa := do("", nil).Values
	lamp := do("", map[string]string{"title": "Lamp"}).Values
	do(flow.Renew, map[string]string{"url": sofa["url"]})
	list("Sofa – grün /ad/1001 1001", "Lamp /ad/1002 1002")
	do(flow.Change, map[string]string{"url": lamp["url"], "title": "Old lamp", "price": "2"})
	do(flow.Remove, map[string]string{"url": sofa["url"]})
	if ads := s.Ads(); len(ads) != 1 || ads[0].Title != "Old lamp" || ads[0].Price != "2" || len(ads[0].Photos) != 2 {
		t.Errorf("got %+v", ads)
	}

	task := fairgroundTask(t, srv.URL)
	task.Section = flow.Find
	if _, err := (&Browser{Dir: t.TempDir()}).Run(t.Context(), task); err == nil || !strings.Contains(err.Error(), "fakesite.yaml does not say how to find") {
		t.Errorf("a section that is not there: %v", err)
	}
	task.Section, task.Values["url"] = flow.Remove, "https://elsewhere.example/ad/1002"
	if _, err := (&Browser{Dir: t.TempDir()}).Run(t.Context(), task); err == nil || !strings.Contains(err.Error(), "is not among the flow's origins") {
		t.Errorf("an ad elsewhere: %v", err)
	}
}
