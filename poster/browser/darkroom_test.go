package browser

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"mailapp/filter/picture"
	"mailapp/poster/flow"
	"mailapp/poster/photo"
)

// specimen is a picture, and what is to become of it.
type specimen struct {
	name string
	data []byte

	turn          int // as it is stored; 0: no corners are looked at
	width, height int // upright; 0: those of the corners
	asItIs        bool
	colour        *color.RGBA // of the middle; nil: any
	wrong         string      // why it is left out; "" if it is not
}

// studio is an album with a browser of its own.
func studio(t *testing.T) *album {
	t.Helper()
	chromium(t)
	program, err := find("", false)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := newRunDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	wall, err := newProxy(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := launch(program, dir.path, wall.address(), false, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.end()
		wall.close()
		dir.removeWithin(time.Second)
	})
	tab, err := openTab(t.Context(), p, wall)
	if err != nil {
		t.Fatal(err)
	}
	a := &album{dir: dir.path, limits: limitsOf(flow.PhotoLimits{}), ready: make(chan struct{})}
	a.rooms = []*darkroom{{client: tab.client, file: filepath.Join(dir.path, "negative")}}
	t.Cleanup(a.rooms[0].close)
	return a
}

// add makes one more photo ready.
func (a *album) add(ctx context.Context, p flow.Photo) error {
	made := a.print(ctx, a.rooms[0], p, "print")
	if made.err != nil {
		return made.err
	}
	return a.put(p, made, math.MaxInt)
}

// specimens are the corpus: each format turned in each way, the ways in which
// formats differ, and what is broken or means harm.
func specimens(t *testing.T, a *album) []specimen {
	jpg, small := cornersJPEG(cornersWidth, cornersHeight), drawCorners(cornersWidth, cornersHeight)
	webp := painted(t, a, "image/webp", cornersPNG(small))
	large := cornersJPEG(4000, 3000)
	heic, avif := sampled(t, "corners.heic"), sampled(t, "corners.avif")
	var all []specimen
	for turn := 1; turn <= 8; turn++ {
		all = append(all,
			specimen{name: fmt.Sprint("JPEG turned ", turn), data: turnedJPEG(jpg, turn), turn: turn, asItIs: turn == 1},
			specimen{name: fmt.Sprint("PNG turned ", turn), data: pngWith(cornersPNG(small), "eXIf", string(tiffTurned(turn))), turn: turn},
			specimen{name: fmt.Sprint("WebP turned ", turn), data: webpTurned(webp, turn), turn: turn},
			specimen{name: fmt.Sprint("AVIF turned ", turn), data: heifTurned(avif, turn), turn: turn},
			specimen{name: fmt.Sprint("HEIC turned ", turn), data: heifTurned(heic, turn), turn: turn},
		)
	}
	larger := sampled(t, "turned.heic") // whose profile gives way to what says that there is none
	copy(larger[bytes.Index(larger, []byte("prof")):], "nclx\x00\x01\x00\x0d\x00\x06\x80")
	deep, faint := corners(image.NewRGBA64(small.Rect)), drawCorners(cornersWidth, cornersHeight)
	for i := 3; i < len(faint.Pix); i += 4 {
		faint.Pix[i] = 128
	}
	two := image.NewPaletted(image.Rect(0, 0, 64, 64), color.Palette{color.Black, color.White})
	clear := image.NewPaletted(small.Rect, color.Palette{color.Transparent, color.Black})
	p3 := image.NewNRGBA(small.Rect)
	for i := range p3.Pix {
		p3.Pix[i] = []uint8{100, 200, 100, 255}[i%4]
	}
	profile := "P3\x00\x00" + string(deflated(displayP3()))
	grey, inP3 := color.RGBA{90, 90, 90, 255}, color.RGBA{46, 202, 87, 255}
	pinkish := color.RGBA{237, 142, 142, 255}
	mpo := append(jpegWith(jpg, 0xe2, "MPF\x00"+photoSecret), turnedJPEG(jpg, 3)...)
	all = append(all, []specimen{
		{name: "JPEG", data: jpg, turn: 1, asItIs: true},
		{name: "JPEG of 12 megapixels", data: large, turn: 1, width: 2048, height: 1536},
		{name: "JPEG of 12 megapixels, turned", data: turnedJPEG(large, 6), turn: 6, width: 1536, height: 2048},
		{name: "JPEG with all that is left out", data: jpegWith(jpegWith(jpg, 0xe1, "http://ns.adobe.com/xap/1.0/\x00"+photoSecret), 0xfe, photoSecret), turn: 1, asItIs: true},
		{name: "JPEG with a second picture", data: mpo, turn: 1, asItIs: true},
		{name: "JPEG with a film behind it", data: append(bytes.Clone(jpg), "\x00\x00\x00\x18ftypmp42"+photoSecret...), turn: 1, asItIs: true},
		{name: "JPEG with a text behind it, turned", data: append(turnedJPEG(jpg, 8), photoSecret...), turn: 8},
		{name: "JPEG in grey", data: jpegOf(0xc0, 8, 90), width: 8, height: 8, asItIs: true, colour: &grey},
		{name: "JPEG for the press", data: jpegOf(0xc0, 8, 165, 128, 128, 128), width: 8, height: 8, colour: &color.RGBA{83, 64, 64, 255}},
		{name: "JPEG as long as can be", data: cornersJPEG(8000, 20), width: 2048, height: 5},
		{name: "PNG", data: cornersPNG(small), turn: 1},
		{name: "PNG, interlaced", data: interlacedPNG(), turn: 1},
		{name: "PNG of 16 bits", data: cornersPNG(deep), turn: 1},
		{name: "PNG of 1 bit", data: cornersPNG(two), width: 64, height: 64, colour: &color.RGBA{0, 0, 0, 255}},
		{name: "PNG, all of it clear", data: cornersPNG(clear), colour: &color.RGBA{255, 255, 255, 255}},
		{name: "PNG, half of it clear", data: cornersPNG(faint), width: 96, height: 64},
		{name: "PNG, half clear, in the corner", data: cornersPNG(faint.SubImage(image.Rect(0, 0, 40, 30))), width: 40, height: 30, colour: &pinkish},
		{name: "PNG in Display P3", data: pngWith(cornersPNG(p3), "iCCP", profile), colour: &inP3},
		{name: "PNG of 49 megapixels in 6 kB", data: rawPNG(7000, 7000, 1, 0, 0, make([]byte, 7000*876)), width: 2048, height: 2048},
		{name: "PNG without an end", data: cornersPNG(small)[:len(cornersPNG(small))-12], turn: 1},
		{name: "GIF without an end", data: cornersGIF(1)[:len(cornersGIF(1))-1], turn: 1},
		{name: "PNG with texts", data: pngWith(cornersPNG(small), "tEXt", "Comment\x00"+photoSecret), turn: 1},
		{name: "GIF", data: cornersGIF(1), turn: 1},
		{name: "GIF that moves", data: cornersGIF(3), turn: 1},
		{name: "WebP", data: webp, turn: 1},
		{name: "WebP, half of it clear", data: painted(t, a, "image/webp", cornersPNG(faint)), width: 96, height: 64},
		{name: "BMP", data: cornersBMP(""), turn: 1},
		{name: "BMP from the top", data: cornersBMP("from the top"), turn: 1},
		{name: "BMP of OS/2", data: cornersBMP("of OS/2"), turn: 1},
		{name: "HEIC of 10 bits", data: sampled(t, "deep.heic"), turn: 1},
		{name: "HEIC with a small one beside it", data: sampled(t, "thumb.heic"), turn: 1},
		{name: "HEIC that is larger, turned", data: larger, turn: 7, width: 128, height: 192},
		{name: "HEIC of two pictures", data: sampled(t, "two.heic"), turn: 1},

		{name: "JPEG, broken off", data: jpg[:len(jpg)/2], wrong: "the JPEG breaks off before its end"},
		{name: "JPEG of 12 bits", data: jpegOf(0xc1, 12, 90), wrong: "the JPEG is damaged: it cannot be read"},
		{name: "JPEG without loss", data: jpegOf(0xc3, 8, 90), wrong: "the JPEG is damaged: it cannot be read"},
		{name: "PNG, broken off", data: cornersPNG(small)[:100], wrong: "the PNG breaks off before its end"},
		{name: "PNG with too few rows", data: rawPNG(7000, 7000, 8, 2, 0, []byte{0}), wrong: "the PNG is damaged: it cannot be read"},
		{name: "PNG of 400 megapixels", data: rawPNG(20000, 20000, 1, 0, 0, []byte{0}), wrong: "the PNG has 20000 x 20000 pixels, and more than 50 megapixels cannot be taken"},
		{name: "GIF, broken off", data: cornersGIF(1)[:60], wrong: "the GIF breaks off before its end"},
		{name: "WebP, broken off", data: webp[:len(webp)-20], wrong: "the WebP breaks off before its end"},
		{name: "WebP of noise", data: []byte("RIFF\x20\x00\x00\x00WEBPVP8L\x14\x00\x00\x00\x2f\x5f\xc0\x0f\x00" + strings.Repeat("\xff", 15)), wrong: "the WebP is damaged: it cannot be read"},
		{name: "BMP, broken off", data: cornersBMP("")[:60], wrong: "the BMP is damaged: it cannot be read"},
		{name: "BMP of a terabyte", data: forged(cornersBMP(""), 18, 1<<30), wrong: "the BMP has 1073741824 x 64 pixels, and more than 50 megapixels cannot be taken"},
		{name: "AVIF, broken off", data: avif[:len(avif)-60], wrong: "the AVIF is damaged: it cannot be read"},
		{name: "AVIF without a size", data: avif[:40], wrong: "the AVIF is damaged: its size is missing"},
		{name: "HEIC, broken off", data: heic[:len(heic)-150], wrong: "the HEIC is damaged: it cannot be read"},
		{name: "HEIC that is large", data: forgedBig(heic, 30000), wrong: "the HEIC has 30000 x 30000 pixels, and more than 50 megapixels cannot be taken"},
	}...)
	return all
}

func deflated(data []byte) []byte {
	return rawPNG(1, 1, 8, 0, 0, data)[33+8 : 33+8+int(binary.BigEndian.Uint32(rawPNG(1, 1, 8, 0, 0, data)[33:]))]
}

// forged puts a number into a file, the first byte last.
func forged(data []byte, at int, value uint32) []byte {
	binary.LittleEndian.PutUint32(data[at:], value)
	return data
}

// forgedBig makes a HEIF file claim to be square and as large.
func forgedBig(data []byte, side uint32) []byte {
	data = bytes.Clone(data)
	at := data[bytes.Index(data, []byte("ispe"))+8:]
	binary.BigEndian.PutUint32(at, side)
	binary.BigEndian.PutUint32(at[4:], side)
	return data
}

// painted has the browser make a picture of another type, without loss.
func painted(t *testing.T, a *album, kind string, data []byte) []byte {
	t.Helper()
	if a.rooms[0].page == nil {
		page, err := a.rooms[0].client.openBlank(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		a.rooms[0].page = page
	}
	input, err := a.rooms[0].give(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	text, err := a.rooms[0].page.call(t.Context(), input, `async function(type) {
		const image = await createImageBitmap(this.files[0]), canvas = document.createElement('canvas');
		[canvas.width, canvas.height] = [image.width, image.height];
		canvas.getContext('2d').drawImage(image, 0, 0);
		return canvas.toDataURL(type, 1).split(',')[1] }`, kind)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := base64.StdEncoding.DecodeString(text)
	if err != nil || picture.Type(drawn) != kind {
		t.Fatalf("drew %q, %v", picture.Type(drawn), err)
	}
	return drawn
}

// C23: whatever a phone sends comes out as a JPEG that is upright, small enough
// and without a word of what the phone wrote into it; what cannot is named.
func TestPictures(t *testing.T) {
	a := studio(t)
	all := specimens(t, a)
	if len(all) < 60 {
		t.Errorf("the corpus has shrunk to %d pictures", len(all))
	}
	program, noHEIC := photo.HEICReader()
	own, _ := os.Executable() // the built-in reader, of which a picture must not be narrow
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			kind := picture.Type(s.data)
			width, _ := picture.Size(s.data)
			if kind == picture.HEIC && (noHEIC != nil || program == own && width < 128) && !strings.Contains(s.wrong, "pixels") {
				t.Skip("heif-convert is not installed")
			}
			before := len(a.files)
			err := a.add(t.Context(), newPhoto("", kind, s.data))
			var bad *badPhoto
			switch {
			case s.wrong != "" && (!errors.As(err, &bad) || err.Error() != s.wrong):
				t.Errorf("got %v, not %q", err, s.wrong)
			case s.wrong != "":
			case err != nil || len(a.files) != before+1:
				t.Fatalf("%d files, %v", len(a.files)-before, err)
			default:
				s.check(t, a.files[before])
			}
		})
	}
}

// check looks at what has become of a picture.
func (s specimen) check(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	checkBare(t, data)
	if s.asItIs != bytes.Contains(s.data, data[len(data)-40:]) {
		t.Errorf("the pixels were touched, or not: %v", !s.asItIs)
	}
	m, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	width, height := s.width, s.height
	if width == 0 {
		width, height = cornersWidth, cornersHeight
		if s.turn > 4 {
			width, height = height, width
		}
	}
	b := m.Bounds()
	if b.Dx() != width || b.Dy() != height {
		t.Fatalf("%d x %d pixels, not %d x %d", b.Dx(), b.Dy(), width, height)
	}
	if s.colour != nil && !near(m.At(width/2, height/2), *s.colour) {
		t.Errorf("its middle is %v, not %v", m.At(width/2, height/2), *s.colour)
	}
	if s.turn == 0 {
		return
	}
	for i, at := range []image.Point{{width / 8, height / 8}, {width * 7 / 8, height / 8}, {width / 8, height * 7 / 8}, {width * 7 / 8, height * 7 / 8}} {
		want := cornerColours[turnedCorners[s.turn][i]]
		if !near(m.At(at.X, at.Y), color.RGBA(want)) {
			t.Errorf("corner %d is %v, not %v", i, m.At(at.X, at.Y), want)
		}
	}
}

// near allows for what a JPEG, or two, make of a colour.
func near(got color.Color, want color.RGBA) bool {
	c := color.RGBAModel.Convert(got).(color.RGBA)
	off := func(a, b uint8) bool { return max(a, b)-min(a, b) > 14 }
	return !off(c.R, want.R) && !off(c.G, want.G) && !off(c.B, want.B)
}

// checkBare goes through a JPEG by itself, and finds what is not needed to show
// it.
func checkBare(t *testing.T, data []byte) {
	t.Helper()
	if !bytes.HasPrefix(data, []byte("\xff\xd8\xff")) || bytes.Index(data, []byte("\xff\xd9")) != len(data)-2 {
		t.Fatalf("it is no JPEG, or something stands behind its end: %.20q", data)
	}
	if bytes.Contains(data, []byte(photoSecret)) {
		t.Error("the secret is still in it")
	}
	needed := []byte{0xc0, 0xc2, 0xc4, 0xdb, 0xdd, 0xda, 0xe0, 0xee}
	for at := 2; data[at+1] != 0xda; at += 2 + int(binary.BigEndian.Uint16(data[at+2:])) {
		if data[at] != 0xff || !slices.Contains(needed, data[at+1]) {
			t.Fatalf("segment %x at %d is not needed: %.40q", data[at+1], at, data[at:])
		}
	}
}

// A picture is as large as the site takes, and in a type that it takes.
func TestPhotoLimits(t *testing.T) {
	a := studio(t)
	moving, still, big := cornersGIF(2), cornersPNG(drawCorners(300, 200)), noise(600)
	tests := []struct {
		name   string
		limits flow.PhotoLimits
		data   []byte
		ends   string
		side   int
	}{
		{"a PNG that is taken", flow.PhotoLimits{Types: []string{"png"}}, still, ".png", 300},
		{"a PNG that is too large", flow.PhotoLimits{Types: []string{"png"}, Pixels: 150}, still, ".jpg", 150},
		{"a PNG that is turned", flow.PhotoLimits{Types: []string{"png"}}, pngWith(still, "eXIf", string(tiffTurned(6))), ".jpg", 300},
		{"a GIF that may move", flow.PhotoLimits{Types: []string{"jpeg", "gif"}}, moving, ".gif", cornersWidth},
		{"less quality", flow.PhotoLimits{Bytes: int64(len(big) / 2)}, big, ".jpg", 600},
		{"less of it", flow.PhotoLimits{Bytes: 30 << 10}, big, ".jpg", 0},
	}
	for i, tt := range tests {
		a.limits = limitsOf(tt.limits)
		if err := a.add(t.Context(), newPhoto("", picture.Type(tt.data), tt.data)); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		file := a.files[i]
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		width, height := picture.Size(data)
		if filepath.Base(file) != fmt.Sprintf("photo-%d%s", i+1, tt.ends) || tt.side > 0 && max(width, height) != tt.side {
			t.Errorf("%s: %s of %d x %d", tt.name, filepath.Base(file), width, height)
		}
		if most := a.limits.Bytes; int64(len(data)) > most || tt.side == 0 && (width >= 600 || int64(len(data)) < most/3) {
			t.Errorf("%s: %d bytes, %d x %d", tt.name, len(data), width, height)
		}
	}
}

// C24: a picture that crashes or hangs its page costs itself and no other.
func TestBadPictureDies(t *testing.T) {
	a := studio(t)
	good := cornersPNG(drawCorners(cornersWidth, cornersHeight))
	add := func() error { return a.add(t.Context(), newPhoto("", picture.PNG, good)) }
	if err := add(); err != nil {
		t.Fatal(err)
	}
	source := darkroomSource
	defer func() { darkroomSource = source }()
	darkroomSource = "function() { return new Promise(() => {}) }" // while the page waits for a decoder
	page := a.rooms[0].page
	time.AfterFunc(200*time.Millisecond, func() { _ = proto.PageCrash{}.Call(page.caller(context.Background())) })
	if err := add(); err == nil || err.Error() != "the PNG takes more memory than there is for it" {
		t.Errorf("crashed: %v", err)
	}
	a.rooms[0].limit = time.Second
	darkroomSource = `async function(order) { // as on a host that has little time for it
		for (const end = performance.now() + 1500; performance.now() < end; await new Promise(r => setTimeout(r, 80)))
			for (const pause = performance.now() + 15; performance.now() < pause;);
		return (` + source + `).call(this, order) }`
	if err := add(); err != nil {
		t.Errorf("on a slow host: %v", err)
	}
	darkroomSource = "function() { for (;;); }"
	if err := add(); err == nil || !strings.HasPrefix(err.Error(), "the PNG takes longer than") {
		t.Errorf("hung: %v", err)
	}
	if a.slow != 2 {
		t.Errorf("%d were slow", a.slow)
	}
	darkroomSource, a.rooms[0].limit = source, 0
	if err := add(); err != nil || len(a.files) != 3 {
		t.Errorf("the next one: %v, %d files", err, len(a.files))
	}
	a.slow = mostSlow
	if err := add(); err == nil || err.Error() != "the PNG was not read, since others before it took too long" {
		t.Errorf("after so many: %v", err)
	}
}

// C24: a small mail may hold many pictures that are large when they are decoded;
// photos, however many, are all decoded.
func TestPicturesThatCostTooMuch(t *testing.T) {
	huge := cornersPNG(drawCorners(20, 20))
	binary.BigEndian.PutUint32(huge[16:], 7000)
	binary.BigEndian.PutUint32(huge[20:], 7000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	p, err := photo.Open(huge, "image/png")
	if err != nil {
		t.Fatal(err)
	}
	a := &album{limits: photo.Limits{Side: 2048}}
	for range 300 {
		if !a.affords(&photo.Picture{Width: 4032, Height: 3024}, 700_000) {
			t.Fatal("300 photos are too many")
		}
	}
	a.pixels = 0
	for n := 1; n <= 8; n++ {
		if !a.affords(p, len(huge)) {
			t.Fatalf("picture %d is one too many", n)
		}
	}
	if _, _, err := a.developed(t.Context(), nil, p, len(huge)); err != photo.ErrNotTried {
		t.Errorf("of the ninth came %v", err)
	}
}
