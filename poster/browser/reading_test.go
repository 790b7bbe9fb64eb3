package browser

import (
	"html/template"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"mailapp/poster/flow"
)

// looked is what a flow that publishes nothing has found.
func looked(t *testing.T, v visit) map[string]string {
	t.Helper()
	result := v.must(t)
	if result.Published {
		t.Error("something was published")
	}
	return result.Values
}

// The table is found by its title and the cell by its row and column.
func TestWeather(t *testing.T) {
	chromium(t)
	tests := []struct {
		subject   string
		folded    bool
		high, low string
	}{
		{"Bergen in May", false, "14.8", "7"},
		{"Bergen in December", true, "4.9", "-1.2"},
		{"Aix-en-Provence in Jan", false, "4.6", "-0.4"},
	}
	for _, tt := range tests {
		t.Run(tt.subject, func(t *testing.T) {
			t.Parallel()
			url := wiki(t, tt.folded)
			got := looked(t, visit{flow: "weather.yaml", values: map[string]string{"site": url, "title": tt.subject}})
			town, _, _ := strings.Cut(tt.subject, " ")
			if got["high"] != tt.high || got["low"] != tt.low || got["article"] != url+"/wiki/"+town {
				t.Errorf("read %v, want %s and %s", got, tt.high, tt.low)
			}
		})
	}
}

// wiki is a replica of a wiki with an article about every town but Atlantis.
func wiki(t *testing.T, folded bool) string {
	t.Helper()
	article := template.Must(template.ParseFiles("testdata/sites/mediawiki.html"))
	type row struct {
		Name  string
		Cells []string
	}
	data := map[string]any{
		"Months": strings.Fields("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
		"Rows": []row{
			{"Record high °C (°F)", strings.Fields("16.9 14.9 20.0 25.7 31.2 31.7 33.4 31.0 28.0 23.8 17.9 16.0 33.4")},
			{"Mean daily maximum °C (°F)", strings.Fields("4.6 4.7 6.3 10.4 14.8 17.3 18.9 18.6 15.4 11.1 7.4 4.9 11.2")},
			{"Daily mean °C (°F)", strings.Fields("2.2 1.8 3.3 6.6 10.6 13.4 15.3 15.2 12.4 8.4 5.0 2.5 8.1")},
			{"Mean daily minimum °C (°F)", strings.Fields("−0.4 −0.6 0.5 3.4 7 10.2 12.3 12.4 9.9 6.0 2.8 −1.2 5.3")},
		},
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		page := maps.Clone(data)
		page["Town"], page["Folded"] = strings.TrimPrefix(r.URL.Path, "/wiki/"), folded
		page["Missing"] = page["Town"] == "Atlantis"
		if page["Missing"] == true {
			w.WriteHeader(http.StatusNotFound)
		}
		if err := article.Execute(w, page); err != nil {
			panic(err)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestNextBus(t *testing.T) {
	chromium(t)
	tests := []struct{ stop, next, then string }{
		{"Harbour", "10:05 Line 4 Station", "10:12 Line 11 Old Town Hall"},
		{"station", "23:58 Line N1 Harbour", ""},
	}
	for _, tt := range tests {
		t.Run(tt.stop, func(t *testing.T) {
			t.Parallel()
			got := looked(t, visit{flow: "next-bus.yaml", values: map[string]string{"site": operator(t), "title": tt.stop}})
			if got["next"] != tt.next || got["then"] != tt.then {
				t.Errorf("read %v, want %q and %q", got, tt.next, tt.then)
			}
		})
	}
}

// operator is a replica of the page of those who run the buses.
func operator(t *testing.T) string {
	t.Helper()
	html, err := os.ReadFile("testdata/sites/departures.html")
	if err != nil {
		t.Fatal(err)
	}
	return site(t, map[string]page{"/": {handle: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(html)
	}}}).URL
}

// Whoever asks for something that there is not, is told.
func TestNothingToRead(t *testing.T) {
	chromium(t)
	tests := []struct {
		flow, subject string
		site          func(*testing.T) string
		fault         flow.Fault
		said          string
	}{
		{"weather.yaml", "Atlantis in May", func(t *testing.T) string { return wiki(t, false) }, flow.Sender, "The wiki has no article about that town."},
		{"next-bus.yaml", "Nowhere", operator, flow.Sender, "No stop of this name."},
		{"next-bus.yaml", "Night Square", operator, flow.Site, "No departures are known at present."},
	}
	for _, tt := range tests {
		t.Run(tt.subject, func(t *testing.T) {
			t.Parallel()
			visit{flow: tt.flow, values: map[string]string{"site": tt.site(t), "title": tt.subject}}.mustFail(t, tt.fault, tt.said)
		})
	}
}
