package fakesite

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// put publishes an ad of this title and returns its path.
func (b *browser) put(title string) string {
	b.t.Helper()
	form := bikeForm()
	form["title"] = title
	id, ok := strings.CutPrefix(b.fillIn(form).path, "/preview/")
	if !ok {
		b.t.Fatal("there is no preview")
	}
	a, err := b.publish(id)
	if err != nil {
		b.t.Fatal(err)
	}
	return a.path
}

// Ads can be changed, renewed and deleted, and are so after a restart.
func TestOwnAds(t *testing.T) {
	dir := t.TempDir()
	site, server := newSite(t, dir)
	b := openBrowser(t, server.URL)
	b.login("ann@example.org", "correct horse")
	bike, lamp := b.put("Bike"), b.put("Lamp")
	b.get(bike).mustHave(t, "Your ad is online", `<a href="/ad/1001/edit">Edit</a>`, `<a href="/ad/1001/delete">Delete</a>`, ">Renew</button>")

	form := func(more ...string) url.Values {
		v := url.Values{"csrf": {b.csrf("/my")}}
		for i := 0; i < len(more); i += 2 {
			v.Set(more[i], more[i+1])
		}
		return v
	}
	b.get(bike+"/edit").mustHave(t, `value="Bike"`, "Rides well.\nNew chain.", "<button>Save</button>")
	b.post(bike+"/edit", form("title", "", "description", "x")).mustHave(t, "Title required", "<button>Save</button>")
	a := b.post(bike+"/edit", form("title", "Old bike", "description", "Rusty.", "price", "5"))
	a.mustHave(t, "<h1>Old bike</h1>", "Rusty.", "Your ad is changed")
	b.post(bike+"/renew", form()).mustHave(t, "Your ad is on top again")
	if ads := site.Ads(); len(ads) != 2 || ads[1].Title != "Old bike" || ads[1].Condition != "Like new" || ads[1].ID != 1001 {
		t.Errorf("got %+v", ads)
	}
	b.get(lamp+"/delete").mustHave(t, "“Lamp” will be gone at once.")
	a = b.post(lamp+"/delete", form())
	a.mustHave(t, "Your ad is deleted", "Old bike")
	if strings.Contains(a.body, "Lamp") || b.get(lamp).status != http.StatusNotFound {
		t.Error("the deleted ad is still there")
	}

	again, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	if ads := again.Ads(); len(ads) != 1 || ads[0].Title != "Old bike" {
		t.Errorf("after a restart: %+v", ads)
	}
	if path := b.put("Chair"); path != "/ad/1003" {
		t.Errorf("the next ad is %s: a number is given again", path)
	}
}

// Nobody else can do anything with an ad.
func TestOthersAds(t *testing.T) {
	site, server := newSite(t, "")
	ann, bob := openBrowser(t, server.URL), openBrowser(t, server.URL)
	ann.login("ann@example.org", "correct horse")
	bob.login("bob@example.org", "battery staple")
	bike := ann.put("Bike")
	if got := bob.get(bike).body; strings.Contains(got, "/edit") || strings.Contains(got, "Renew") {
		t.Error("a stranger may edit or renew")
	}
	token := url.Values{"csrf": {bob.csrf("/my")}, "title": {"x"}, "description": {"x"}}
	for _, act := range []string{"/edit", "/renew", "/delete"} {
		if a := bob.post(bike+act, token); a.status != http.StatusNotFound {
			t.Errorf("a stranger's %s: %d", act, a.status)
		}
		if a := ann.post(bike+act, url.Values{"title": {"x"}, "description": {"x"}}); a.status != http.StatusForbidden {
			t.Errorf("%s without a token: %d", act, a.status)
		}
	}
	if ads := site.Ads(); len(ads) != 1 || ads[0].Title != "Bike" {
		t.Errorf("got %+v", ads)
	}
}
