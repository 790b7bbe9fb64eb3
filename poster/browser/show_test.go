package browser

import (
	"strings"
	"testing"

	"mailapp/poster/flow"
)

// A whole Chromium, with a window or without, asks nobody of its own accord,
// and says plainly that there is no screen.
func TestWholeChromium(t *testing.T) {
	chromium(t)
	whole, err := find("", true)
	if err != nil {
		t.Skip("there is no whole Chromium here:", err)
	}
	srv := site(t, map[string]page{"/": {html: "<h1>There</h1>"}})
	f := trial{browser: Browser{Path: whole}, limit: "2s", steps: "- expect: never"}.mustFail(t, srv.URL, flow.Owner)
	if strings.Contains(f.Error(), "also wanted") {
		t.Errorf("the browser went out by itself: %v", f)
	}
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "none-such")
	trial{browser: Browser{Show: true}, steps: "- expect: There"}.mustFail(t, srv.URL, flow.Owner, "there is no screen")
	t.Setenv("DISPLAY", ":4711")
	t.Setenv("WAYLAND_DISPLAY", "")
	trial{browser: Browser{Show: true}, steps: "- expect: There"}.mustFail(t, srv.URL, flow.Owner, "there is no screen")
}
