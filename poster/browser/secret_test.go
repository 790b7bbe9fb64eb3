package browser

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"

	"mailapp/poster/flow"
)

// C29: a site that gives the password away does not get it into what we keep.
func TestSecretsAreBlotted(t *testing.T) {
	chromium(t)
	t.Parallel()
	const secret = "pass & w/örd"
	echo := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<!DOCTYPE html><title>%[1]s</title><body style="margin:0;background:white"><h1 style="color:black;background:black">%[1]s</h1>
			<input value="%[1]s"><p id=v style="visibility:hidden">number %[1]s</p>`, r.FormValue("p"))
	}
	srv := site(t, map[string]page{
		"/":                  {html: `<form action="/echo/pass%20&amp;%20w%2F%C3%B6rd"><label>Password<input type=password name=p></label><button>Log in</button></form>`},
		"/echo/pass & w/örd": {handle: echo},
	})
	var events []flow.Event
	login := "- fill: {Password: \"{{password}}\"}\n- click: Log in\n"
	tr := trial{limit: "700ms", secrets: map[string]string{"password": secret}, events: &events}
	tr.steps = login + "- read: {v: {at: css/#v, from: text}, u: {from: url}}"
	f := tr.mustFail(t, srv.URL, flow.Owner)
	tr.steps = login + "- read: {v: {at: css/h1}, u: {from: url}}"
	r := tr.must(t, srv.URL)
	all := fmt.Sprintf("%v %v %v %v %v", f, f.Page, f.Said, r, events)
	for _, s := range []string{"w/örd", "w%2F%C3%B6rd", "w/%C3%B6rd"} {
		if strings.Contains(all, s) {
			t.Errorf("%q is in %s", s, all)
		}
	}
	if !strings.Contains(f.Said, blotted) || r.Values["v"] != blotted {
		t.Errorf("said %q, read %v: the test shows nothing", f.Said, r.Values)
	}
	for _, shot := range [][]byte{f.Screenshot, r.Screenshot} {
		mustBeWhite(t, shot)
	}
}

func mustBeWhite(t *testing.T, shot []byte) {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if r, g, b, _ := img.At(x, y).RGBA(); r < 0xf000 || g < 0xf000 || b < 0xf000 {
				t.Fatalf("there is something at %d,%d of the picture", x, y)
			}
		}
	}
}
