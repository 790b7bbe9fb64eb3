package browser

import (
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailapp/poster/flow"
)

// uploadServer answers the nth request with photos as its plan says: the last
// answer is given for ever.
type uploadServer struct {
	mu      sync.Mutex
	answers []int // status; 0 closes the connection
	got     int
}

func (s *uploadServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	s.mu.Lock()
	status := s.answers[min(s.got, len(s.answers)-1)]
	s.got++
	s.mu.Unlock()
	switch {
	case status == 0:
		loseConnection(w, r)
	default:
		w.WriteHeader(status)
	}
}

// sender is a page that sends each photo to /files by a script: send(photo)
// gives the request's promise.
func sender(script string) string {
	return `<input type=file multiple id=f aria-label=Photos><p id=said></p>` + plainForm + `<script>
		const send = x => { const d = new FormData(); d.append('title', 'Sofa'); d.append('f', x); return fetch('/files', {method: 'POST', body: d}) };
		const shown = () => document.body.insertAdjacentHTML('beforeend', '<i class=preview>photo</i>');
		f.onchange = async () => { const all = [...f.files]; ` + script + ` }</script>`
}

// C23, C27: a photo that the site has refused is not published without.
func TestRefusedPhotos(t *testing.T) {
	chromium(t)
	const (
		each  = `for (const x of all) await send(x).then(shown)`
		retry = `for (const x of all) while (!(await send(x)).ok) await new Promise(r => setTimeout(r, 300))`
		once  = `const d = () => { const d = new FormData(); all.forEach(x => d.append('f[]', x)); return d };
			while (!(await fetch('/files', {method: 'PUT', body: d()})).ok);`
		counts = "\n- wait-for: {count: css/.preview, is: '{{photo-count}}'}"
		left   = `const q = new XMLHttpRequest(); q.open('POST', '/never'); q.send(all[0]); setTimeout(() => q.abort(), 100)`
		saving = `const d = new FormData(); d.append('draft', 'x'); fetch('/save', {method: 'POST', body: d})`
	)
	tests := []struct {
		name, script, more string
		answers            []int
		fault              flow.Fault
		words              string // empty: published
	}{
		{"too large", each, "", []int{200, 413, 200}, flow.Sender, "the site refused a photo (413 Request Entity Too Large)"},
		{"too large, and shown all the same", each, counts, []int{413, 200, 200}, flow.Sender, "the site refused a photo (413"},
		{"not allowed", each, "", []int{403}, flow.Owner, "the site refused 3 photos (403 Forbidden)"},
		{"broken", each, "", []int{200, 200, 500}, flow.Site, "the site refused a photo (500 Internal Server Error)"},
		{"elsewhere", `for (const x of all) { const d = new FormData(); d.append('f', x); await fetch('http://photos.test/', {method: 'POST', body: d}).catch(() => {}) }`, "", []int{200}, flow.Owner, "the page also wanted http://photos.test"},
		{"a report elsewhere", `fetch('http://report.test/', {method: 'POST', body: new Blob(['x'], {type: 'application/octet-stream'}), mode: 'no-cors'}).catch(() => {})`, "", []int{200}, "", ""},
		{"no answer", `all.forEach(x => send(x).catch(() => {}))`, "", []int{0}, flow.Site, "the site refused 3 photos (502 Bad Gateway)"},
		{"broken, and taken all the same", each, counts, []int{200, 200, 500}, "", ""},
		{"sent again", retry, "", []int{200, 503, 413, 200}, "", ""},
		{"all sent again", once, "", []int{500, 200}, "", ""},
		{"given up by the page", left, "", []int{200}, "", ""},
		{"something else refused", saving, "", []int{200}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pages := publishing(sender(tt.script), page{handle: toAd})
			pages["/files"] = page{handle: (&uploadServer{answers: tt.answers}).ServeHTTP}
			pages["/never"] = page{handle: neverAnswer}
			srv := httptest.NewServer(siteHandler(pages)) // /save is not found
			defer srv.Close()
			tr := trial{limit: "5s", steps: "- upload: {Photos: '{{photos}}'}" + tt.more + "\n- publish: Publish\n- expect: Your ad", photos: photos(3)}
			if tt.words == "" {
				tr.must(t, srv.URL)
				return
			}
			f := tr.mustFail(t, srv.URL, tt.fault, tt.words)
			if f.Published || tt.fault == flow.Sender && !strings.Contains(f.Said, "refused a photo (413") {
				t.Errorf("published %v, said %q", f.Published, f.Said)
			}
		})
	}
}

// A page shows its photos before the browser has read the answer to the end.
func TestCountedPhotos(t *testing.T) {
	for status, missing := range map[int]int{200: 0, 500: 0, 413: 1} {
		s := newSending()
		s.given["photo"] = true
		s.underway["it"] = &shipment{status: status}
		s.counted()
		s.end("it", false)
		if len(s.missing()) != missing {
			t.Errorf("%d: %d are missing, want %d", status, len(s.missing()), missing)
		}
	}
}

// C23: the photos are made ready while the steps go on, and those that ask for
// them have the ones that could be.
func TestPhotosMadeReady(t *testing.T) {
	chromium(t)
	jpg := cornersJPEG(cornersWidth, cornersHeight)
	damaged := newPhoto("photo 2 of 5", "image/avif", sampled(t, "corners.avif")[:420])
	sent := []flow.Photo{
		newPhoto("photo 1 of 5", "image/jpeg", turnedJPEG(jpg, 6)), damaged,
		newPhoto("photo 3 of 5", "image/png", cornersPNG(drawCorners(40, 30))),
		newPhoto("photo 4 of 5", "image/jpeg", jpg),
		newPhoto("photo 5 of 5", "image/jpeg", jpg),
	}
	kept := (&Browser{Dir: t.TempDir()}).Keep()
	defer kept.Close()
	for name, in := range map[string]*Kept{"own": nil, "kept": kept} {
		t.Run(name, func(t *testing.T) {
			got := &received{}
			pages := publishing(sender(`for (const x of all) await send(x)`), page{handle: toAd})
			pages["/files"] = page{handle: got.ServeHTTP}
			srv := site(t, pages)
			tr := trial{kept: in, head: "photos: {least: 3, most: 3}\n", photos: sent, steps: `
- {click: never, if: {field: photo-count, is: '5'}}
- for-each-photo: [upload: {Photos: '{{photo}}'}]
- publish: Publish
- expect: Your ad`}
			result := tr.must(t, srv.URL)
			left := []string{"photo 2 of 5 (the AVIF is damaged: it cannot be read)", "photo 5 of 5 (the site takes 3)"}
			if result.Photos != 3 || !slices.Equal(result.LeftOut, left) {
				t.Errorf("%d photos, left out: %q", result.Photos, result.LeftOut)
			}
			if want := []string{"photo-1.jpg 64 x 96", "photo-2.jpg 40 x 30", "photo-3.jpg 96 x 64"}; !slices.Equal(got.files, want) {
				t.Errorf("the site got %q", got.files)
			}
			tr.photos = []flow.Photo{damaged}
			f := tr.mustFail(t, srv.URL, flow.Sender, "step 2")
			if want := "The site needs 3 photos, and the mail has 0 that can be used: " + left[0] + "."; f.Said != want || !f.Unfit || f.Published {
				t.Errorf("said %q", f.Said)
			}
		})
	}
}

// received keeps the names and sizes of the pictures that a site gets.
type received struct{ files []string }

func (r *received) ServeHTTP(_ http.ResponseWriter, q *http.Request) {
	file, head, err := q.FormFile("f")
	if err != nil {
		r.files = append(r.files, err.Error())
		return
	}
	m, err := jpeg.DecodeConfig(file)
	if err != nil {
		r.files = append(r.files, err.Error())
	}
	r.files = append(r.files, fmt.Sprintf("%s %d x %d", head.Filename, m.Width, m.Height))
}

// Who has sent so many photos that the time for the run is up can be told so, and is
// not where something else has used it up.
func TestTooManyPhotos(t *testing.T) {
	chromium(t)
	t.Parallel()
	srv := site(t, map[string]page{"/": {html: `<input type=file id=f aria-label=Photo><p id=p></p><script>f.onchange = () => setTimeout(() => p.textContent = f.files[0].name, 400)</script>`}})
	tr := trial{limit: "1500ms", head: "limit: 1500ms\n", photos: photos(6), steps: "- for-each-photo: [upload: {Photo: '{{photo}}'}, expect: 'photo-{{photo-number}}.jpg']\n- expect: never"}
	if f := tr.mustFail(t, srv.URL, flow.Site, "the time for the whole run is up"); !errors.Is(f, flow.ErrPhotos) {
		t.Errorf("too many photos: %v", f)
	}
	tr.photos = tr.photos[:1]
	if f := tr.mustFail(t, srv.URL, flow.Site, "the time for the whole run is up"); errors.Is(f, flow.ErrPhotos) {
		t.Errorf("something else: %v", f)
	}
	r := &run{album: &album{ready: make(chan struct{})}, end: time.Now()}
	if err := r.takePhotos(t.Context()); !errors.Is(err, flow.ErrPhotos) {
		t.Errorf("photos that are not ready: %v", err)
	}
}
