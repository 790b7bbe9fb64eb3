package browser

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"net/http"
	"testing"
	"time"
)

// The picture of the last page has the page's own in it, also those that come
// late, are large, or are to be decoded some time.
func TestScreenshotHasPictures(t *testing.T) {
	chromium(t)
	t.Parallel()
	red := image.NewRGBA(image.Rect(0, 0, 3000, 2000))
	draw.Draw(red, red.Rect, image.NewUniform(color.RGBA{0xff, 0, 0, 0xff}), image.Point{}, draw.Src)
	var file bytes.Buffer
	if err := jpeg.Encode(&file, red, nil); err != nil {
		t.Fatal(err)
	}
	served := func(after time.Duration) page {
		return page{handle: func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(after)
			w.Header().Set("Content-Type", "image/jpeg")
			w.Write(file.Bytes())
		}}
	}
	srv := site(t, map[string]page{
		"/": {html: `<body style="margin:0">` +
			`<img src="/now" width=300 height=200><img src="/late" width=300 height=200><img src="/async" decoding=async width=300 height=200>`},
		"/now": served(0), "/late": served(300 * time.Millisecond), "/async": served(100 * time.Millisecond),
	})
	shot, err := jpeg.Decode(bytes.NewReader(trial{steps: "- expect: css/img"}.must(t, srv.URL).Screenshot))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"now", "late", "async"} {
		if r, g, _, _ := shot.At(150+300*i, 100).RGBA(); r < 0xe000 || g > 0x2000 {
			t.Errorf("the picture that comes %s is not there: %v", name, shot.At(150+300*i, 100))
		}
	}
}
