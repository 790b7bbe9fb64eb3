package photo

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// secret stands for all that must not be published.
const secret = "48.2082N 16.3738E Phone 15 of Fred"

// sample is a file as a phone might send it, and what is to be left of it.
type sample struct{ dirty, clean []byte }

var samples = map[string]func(turn) sample{
	"image/jpeg": jpegSample, "image/png": pngSample, "image/gif": gifSample, "image/webp": webpSample,
}

// C23: of what the phone wrote into a picture nothing is left but how it is to
// be turned, and the picture itself is as it was.
func TestStrip(t *testing.T) {
	for kind, sampled := range samples {
		for way := range turn(9) {
			s := sampled(way)
			got := mustStrip(t, kind, s.dirty)
			if !bytes.Equal(got, s.clean) {
				t.Errorf("%s turned %d is %d bytes, not the %d that were to be kept:\n%.200q\n%.200q", kind, way, len(got), len(s.clean), got, s.clean)
			}
			if bytes.Contains(got, []byte(secret)) || !bytes.Contains(s.dirty, []byte(secret)) {
				t.Errorf("%s: the secret is in what is published, or was in no file", kind)
			}
			if !bytes.Equal(mustStrip(t, kind, got), got) {
				t.Errorf("%s: stripped again, it is another file", kind)
			}
			if !reflect.DeepEqual(decode(t, kind, s.dirty), decode(t, kind, got)) {
				t.Errorf("%s: another picture", kind)
			}
		}
	}
}

// Phones that hold the picture otherwise write so.
func TestTurn(t *testing.T) {
	circle := exif(binary.BigEndian, 3)
	binary.BigEndian.PutUint32(circle[len(circle)-4:], 8) // the next directory is this one
	far := exif(binary.LittleEndian, 6)
	binary.LittleEndian.PutUint32(far[4:], 1<<32-1)
	long := exif(binary.LittleEndian, 6)
	binary.LittleEndian.PutUint16(long[10+12*2+2:], 4)
	tests := map[string]struct {
		tiff []byte
		want turn
	}{
		"big endian":    {exif(binary.BigEndian, 8), 8},
		"little endian": {exif(binary.LittleEndian, 2), 2},
		"upright":       {exif(binary.LittleEndian, 1), 0},
		"too many":      {exif(binary.BigEndian, 9), 0},
		"a circle":      {circle, 3},
		"far away":      {far, 0},
		"a long number": {long, 0},
		"cut off":       {exif(binary.BigEndian, 8)[:40], 0},
		"no TIFF":       {[]byte("MM*\x00\x00\x00\x00\x08\x00\x01"), 0},
		"empty":         {nil, 0},
		"ours":          {turn(7).tiff(), 7},
	}
	for name, tt := range tests {
		if got := readTurn(tt.tiff); got != tt.want {
			t.Errorf("%s: turn %d, not %d", name, got, tt.want)
		}
	}
}

// A picture that cannot be taken says why, whatever is wrong with it.
func TestBroken(t *testing.T) {
	jpg, pic, anim, web := jpegSample(6).clean, pngSample(6).clean, gifSample(6).clean, webpSample(6).clean
	spoilt := bytes.Clone(pic)
	spoilt[bytes.Index(pic, []byte("IDAT"))+6] ^= 1
	crushed := pngOf(newPNGChunk("CgBI", nil))
	tests := []struct {
		kind string
		data []byte
		want string
	}{
		{"image/tiff", jpg, "it is of no kind of picture that can be published"},
		{"image/heic", []byte("no box"), "the HEIC is damaged: its size is missing"},
		{"image/jpeg", pic, "the JPEG is damaged: its first bytes are wrong"},
		{"image/jpeg", []byte("\xff\xd8\xff\xd9"), "the JPEG holds no picture"},
		{"image/jpeg", []byte("\xff\xd8\xff\xd8\xff\xd9"), "the JPEG is damaged: it begins a second time"},
		{"image/jpeg", []byte("\xff\xd8\xff\xe1\x00\x01"), "the JPEG is damaged: a length in it is wrong"},
		{"image/jpeg", []byte("\xff\xd8\xff\xc0\x00\x04\x08\x00\xff\xd9"), "the JPEG is damaged: its size is missing"},
		{"image/jpeg", []byte("\xff\xd8\xff\xda\x00\x02\xff\xd9"), "the JPEG is damaged: its size is missing"},
		{"image/jpeg", jpegHead(0, 8), "the JPEG holds no picture"},
		{"image/jpeg", jpegHead(10000, 5001), "the JPEG has 5001 x 10000 pixels, and more than 50 megapixels cannot be taken"},
		{"image/jpeg", bytes.Join([][]byte{jpegHead(8, 8), jpegHead(8, 8)[2:]}, nil), "the JPEG is damaged: it has two sizes"},
		{"image/png", jpg, "the PNG is damaged: its first bytes are wrong"},
		{"image/png", []byte(pngSignature + "\xff\xff\xff\xffIHDR"), "the PNG breaks off before its end"},
		{"image/png", pngOf(newPNGChunk("IEND", nil)), "the PNG holds no picture"},
		{"image/png", crushed, "the PNG is damaged: a part of it is of no known kind"},
		{"image/png", spoilt, "the PNG is damaged: the checksum of a part is wrong"},
		{"image/png", append([]byte(pngSignature), newPNGChunk("IDAT", nil)...), "the PNG is damaged: its header is wrong"},
		{"image/png", pngSized(1<<31, 1), "the PNG is damaged: its size is wrong"},
		{"image/png", pngSized(20000, 20000), "the PNG has 20000 x 20000 pixels, and more than 50 megapixels cannot be taken"},
		{"image/gif", []byte("GIF88a0123456"), "the GIF is damaged: its first bytes are wrong"},
		{"image/gif", []byte("GIF89a\x08\x00\x08\x00\x00\x00\x00;"), "the GIF holds no picture"},
		{"image/gif", []byte("GIF89a\x08\x00\x08\x00\x00\x00\x00\x00;"), "the GIF is damaged: a part of it is of no known kind"},
		{"image/gif", []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00;"), "the GIF has 65535 x 65535 pixels, and more than 50 megapixels cannot be taken"},
		{"image/gif", []byte("GIF89a\x08\x00\x08\x00\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00"), "the GIF has 65535 x 65535 pixels, and more than 50 megapixels cannot be taken"},
		{"image/webp", []byte("RIFF\x04\x00\x00\x00WEBX"), "the WebP is damaged: its first bytes are wrong"},
		{"image/webp", riff(), "the WebP holds no picture"},
		{"image/webp", riff("VP8 ", "short"), "the WebP is damaged: its size is missing"},
		{"image/webp", riff("VP8X", "short"), "the WebP is damaged: its header is wrong"},
		{"image/webp", riff("ANMF", "short"), "the WebP is damaged: a part of it is too short"},
		{"image/webp", riff("VP8X", "\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff"), "the WebP has 16777216 x 16777216 pixels, and more than 50 megapixels cannot be taken"},
		{"image/webp", riff("VP8L", "\x2f\xff\xff\xff\x0f"), "the WebP has 16384 x 16384 pixels, and more than 50 megapixels cannot be taken"},
		{"image/webp", riff("VP8 ", "\x00\x00\x00\x9d\x01\x2a\xff\x3f\xff\x3f"), "the WebP has 16383 x 16383 pixels, and more than 50 megapixels cannot be taken"},
	}
	for _, tt := range tests {
		if _, err := Strip(tt.data, tt.kind); err == nil || err.Error() != tt.want {
			t.Errorf("%.30q: %v, not %q", tt.data, err, tt.want)
		}
	}
	for kind, whole := range map[string][]byte{"image/jpeg": jpg, "image/png": pic, "image/gif": anim, "image/webp": web} {
		for n := range whole {
			p, err := Open(whole[:n], kind)
			if (err == nil || !strings.HasSuffix(err.Error(), "breaks off before its end")) && !endless(p) {
				t.Fatalf("the first %d of %d bytes of a %s: %v", n, len(whole), kind, err)
			}
		}
	}
}

// endless tells whether a picture is one of which only a decoder can say whether
// it is whole: it is never published as it is.
func endless(p *Picture) bool {
	all := Limits{Side: MaxPixels, Bytes: 1 << 30, Types: []string{"image/png", "image/gif"}}
	return p != nil && (p.Type == "image/png" || p.Type == "image/gif") && p.Ready(all) == nil
}

// Some programs leave the end of a GIF or PNG out.
func TestWithoutEnd(t *testing.T) {
	for kind, length := range map[string]int{"image/png": 12, "image/gif": 1} {
		whole := samples[kind](1).clean
		p, err := Open(whole[:len(whole)-length], kind)
		if err != nil || !endless(p) {
			t.Fatalf("%s: %v", kind, err)
		}
		if file, _ := p.Negative(); !bytes.Equal(file, whole) {
			t.Errorf("%s is to be decoded as %q", kind, file)
		}
	}
}

// A progressive file has several scans, and tables between them.
func TestProgressive(t *testing.T) {
	between := newSegment(0xfe, []byte(secret))
	scans := [][]byte{
		newSegment(markerDQT, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)),
		newSegment(0xc2, []byte{8, 0, 8, 0, 16, 1, 1, 0x11, 0}),
		newSegment(0xdd, []byte{0, 1}), // restart at each block
		newSegment(markerDHT, table(0x00)),
		newSegment(markerSOS, []byte{1, 1, 0, 0, 0, 0}), {0x7f, 0xff, markerRST0, 0x7f},
		newSegment(markerDHT, table(0x10)),
		newSegment(markerSOS, []byte{1, 1, 0, 1, 63, 0}), {0x7f, 0xff, markerRST0, 0x7f},
		{0xff, markerEOI},
	}
	clean, dirty := []byte{0xff, markerSOI}, []byte{0xff, markerSOI}
	for _, piece := range scans {
		if piece[0] == 0xff { // no encoder writes anything between a scan's header and its data
			dirty = append(dirty, between...)
		}
		clean, dirty = append(clean, piece...), append(dirty, piece...)
	}
	if _, err := jpeg.Decode(bytes.NewReader(clean)); err != nil {
		t.Fatal(err)
	}
	if got := mustStrip(t, "image/jpeg", dirty); !bytes.Equal(got, clean) {
		t.Errorf("%q\nnot %q", got, clean)
	}
}

// What a PNG can do without may be damaged.
func TestDamagedExtra(t *testing.T) {
	clean := pngSample(0).clean
	extra := newPNGChunk("pHYs", make([]byte, 9))
	extra[9] ^= 1
	at := len(pngSized(1, 1))
	if got := mustStrip(t, "image/png", slices.Concat(clean[:at], extra, clean[at:])); !bytes.Equal(got, clean) {
		t.Errorf("%.100q, not %.100q", got, clean)
	}
}

// table is a Huffman table with one code: a 0 is nothing.
func table(class byte) []byte {
	return append([]byte{class, 1}, make([]byte, 16)...)
}

func BenchmarkStrip12Megapixels(b *testing.B) {
	m := image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420)
	noise := rand.NewChaCha8([32]byte{})
	for _, plane := range [][]byte{m.Y, m.Cb, m.Cr} {
		_, _ = noise.Read(plane)
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, m, &jpeg.Options{Quality: 60}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	for b.Loop() {
		if _, err := Strip(file.Bytes(), "image/jpeg"); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzJPEG(f *testing.F) { fuzz(f, "image/jpeg") }
func FuzzPNG(f *testing.F)  { fuzz(f, "image/png") }
func FuzzGIF(f *testing.F)  { fuzz(f, "image/gif") }
func FuzzWebP(f *testing.F) { fuzz(f, "image/webp") }

// fuzz: whatever the file, nothing panics, and what can be stripped is the same
// picture in a file that is no larger but for the turn.
func fuzz(f *testing.F, kind string) {
	for _, way := range []turn{0, 6} {
		s := samples[kind](way)
		f.Add(s.dirty)
		f.Add(s.clean)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		got, err := Strip(data, kind)
		if !bytes.Equal(data, before) {
			t.Fatal("the file itself was changed")
		}
		if err != nil {
			return
		}
		if len(got) > len(data)+64 {
			t.Fatalf("%d bytes became %d", len(data), len(got))
		}
		if !bytes.Equal(mustStrip(t, kind, got), got) {
			t.Fatal("stripped again, it is another file")
		}
		samePicture(t, kind, data, got)
	})
}

// samePicture compares what a decoder makes of both, if it can read the first.
// Go's forgets that it has seen a JFIF when something else is in the next APP0.
func samePicture(t *testing.T, kind string, data, stripped []byte) {
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	if kind == "image/webp" || err != nil || c.Width*c.Height > 1<<20 || bytes.Count(data, []byte{0xff, markerAPP0}) > 1 {
		return
	}
	if want, err := frames(kind, data); err == nil && !reflect.DeepEqual(decode(t, kind, stripped), want) {
		t.Fatal("another picture")
	}
}

func mustStrip(t *testing.T, kind string, data []byte) []byte {
	t.Helper()
	got, err := Strip(data, kind)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func decode(t *testing.T, kind string, data []byte) any {
	t.Helper()
	m, err := frames(kind, data)
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	return m
}

// frames gives all that is seen of a file.
func frames(kind string, data []byte) (any, error) {
	r := bytes.NewReader(data)
	switch kind {
	case "image/jpeg":
		return jpeg.Decode(r)
	case "image/png":
		return png.Decode(r)
	case "image/gif":
		m, err := gif.DecodeAll(r)
		if err != nil {
			return nil, err
		}
		return []any{m.Image, m.Delay, m.Disposal}, nil
	}
	// Nothing that we have decodes WebP, so the picture is its very chunk.
	at := max(0, bytes.Index(data, []byte(pixel)))
	return data[at : at+len(pixel)], nil
}

// drawn is a picture of pixels that are all different.
func drawn() *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, 11, 9))
	_, _ = rand.NewChaCha8([32]byte{1}).Read(m.Pix)
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 255
	}
	return m
}

// exif is what a phone writes, with a thumbnail behind it.
func exif(order binary.AppendByteOrder, way turn) []byte {
	put := order.(binary.ByteOrder)
	b := []byte("II*\x00\x08\x00\x00\x00")
	if put == binary.ByteOrder(binary.BigEndian) {
		b = []byte("MM\x00*\x00\x00\x00\x08")
	}
	b = order.AppendUint16(b, 5)
	for _, entry := range [][3]uint32{
		{0x010f, 2, 74}, {0x0110, 2, 74}, // Make, Model
		{tagOrientation, typeShort, 0},
		{0x8769, 4, 8}, {0x8825, 4, 74}, // Exif, which leads back here, and GPS
	} {
		b = order.AppendUint16(b, uint16(entry[0]))
		b = order.AppendUint16(b, uint16(entry[1]))
		b = order.AppendUint32(b, 1)
		b = order.AppendUint32(b, entry[2])
	}
	put.PutUint16(b[10+2*12+8:], uint16(way))
	return append(b, 0, 0, 0, 0)
}

func withSecret(data []byte) []byte { return append(data, secret...) }

func jpegSample(way turn) sample {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, drawn(), nil); err != nil {
		panic(err)
	}
	picture := file.Bytes()[2:]
	icc := newSegment(markerAPP2, []byte("ICC_PROFILE\x00\x01\x01a profile"))
	adobe := newSegment(markerAPPE, []byte("Adobe\x00\x64\x00\x00\x00\x00\x01"))
	jfif := []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01")
	second := append([]byte{0xff, markerSOI}, picture...)
	dirty := bytes.Join([][]byte{
		{0xff, markerSOI},
		newSegment(markerAPP0, append(bytes.Clone(jfif), 1, 1, 1, 2, 3)), // with a thumbnail
		newSegment(markerAPP0, []byte("JFXX\x00\x10"+secret)),
		newSegment(markerAPP1, withSecret(append([]byte(exifPrefix), exif(binary.LittleEndian, way)...))),
		newSegment(markerAPP1, []byte("http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>"+secret)),
		icc,
		newSegment(markerAPP2, []byte("MPF\x00"+secret)),
		{0xff}, newSegment(0xed, []byte("Photoshop 3.0\x00"+secret)),
		newSegment(markerAPPE, withSecret([]byte("Adobe\x00\x64\x00\x00\x00\x00\x01"))),
		newSegment(0xfe, []byte(secret)),
		picture, second, []byte(secret),
	}, nil)
	turned := []byte(nil)
	if way >= 2 {
		turned = newSegment(markerAPP1, append([]byte(exifPrefix), way.tiff()...))
	}
	clean := bytes.Join([][]byte{{0xff, markerSOI}, newSegment(markerAPP0, append(jfif, 0, 0)), turned, icc, adobe, picture}, nil)
	return sample{dirty, clean}
}

// jpegHead is a JPEG as far as its size.
func jpegHead(height, width uint16) []byte {
	body := binary.BigEndian.AppendUint16([]byte{8}, height)
	body = append(binary.BigEndian.AppendUint16(body, width), 1, 1, 0x11, 0)
	return append([]byte{0xff, markerSOI}, newSegment(markerSOF0, body)...)
}

// pngSized is a PNG as far as its size.
func pngSized(width, height uint32) []byte {
	body := binary.BigEndian.AppendUint32(nil, width)
	body = append(binary.BigEndian.AppendUint32(body, height), 8, 2, 0, 0, 0)
	return append([]byte(pngSignature), newPNGChunk("IHDR", body)...)
}

func pngOf(chunks ...[]byte) []byte { return append(pngSized(8, 8), bytes.Join(chunks, nil)...) }

func pngSample(way turn) sample {
	var file bytes.Buffer
	if err := png.Encode(&file, drawn()); err != nil {
		panic(err)
	}
	const headed = len(pngSignature) + 25
	head, picture := file.Bytes()[:headed], file.Bytes()[headed:]
	kept := bytes.Join([][]byte{newPNGChunk("gAMA", []byte{0, 0, 0xb1, 0x8f}), newPNGChunk("iCCP", []byte("P3\x00\x00profile"))}, nil)
	dirty := bytes.Join([][]byte{
		head, kept,
		newPNGChunk("sRGB", []byte(secret)), // which is one byte long
		newPNGChunk("eXIf", withSecret(exif(binary.BigEndian, way))),
		newPNGChunk("tEXt", []byte("Comment\x00"+secret)),
		newPNGChunk("zTXt", []byte("Raw profile type exif\x00"+secret)),
		newPNGChunk("iTXt", []byte("XML:com.adobe.xmp\x00"+secret)),
		newPNGChunk("tIME", []byte{7, 0xea, 11, 23, 4, 48, 18}),
		newPNGChunk("caBX", []byte(secret)),
		picture, []byte(secret),
	}, nil)
	turned := []byte(nil)
	if way >= 2 {
		turned = newPNGChunk("eXIf", way.tiff())
	}
	return sample{dirty, bytes.Join([][]byte{head, turned, kept, picture}, nil)}
}

// gifSample is an animation. A GIF cannot say how it is to be turned.
func gifSample(turn) sample {
	m := &gif.GIF{LoopCount: 3, BackgroundIndex: 1}
	for i := range 2 {
		frame := image.NewPaletted(image.Rect(0, 0, 20, 20), palette.Plan9)
		frame.Set(i, i, color.White)
		m.Image, m.Delay, m.Disposal = append(m.Image, frame), append(m.Delay, 10), append(m.Disposal, gif.DisposalBackground)
	}
	var file bytes.Buffer
	if err := gif.EncodeAll(&file, m); err != nil {
		panic(err)
	}
	clean := file.Bytes()
	block := fmt.Sprintf("%c%s", len(secret), secret)
	extra := "!\xfe" + block + "\x00" + // a comment
		"!\xff\x0bXMP DataXMP" + block + "\x00" +
		"!\xff\x0bNETSCAPE2.0" + block + "\x00" +
		"!\x01\x0cfor machines" + block + "\x00"
	at := bytes.Index(clean, []byte("!\xff"))
	dirty := bytes.Join([][]byte{clean[:at], []byte(extra), clean[at : at+18], []byte(block + "\x00"), clean[at+19:], []byte(secret)}, nil)
	return sample{dirty, clean}
}

// pixel is the smallest lossless WebP chunk, a picture of 1 x 1.
const pixel = "VP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"

// riff makes a WebP of chunks: their names, each followed by its data.
func riff(chunks ...string) []byte {
	var b []byte
	for i := 0; i < len(chunks); i += 2 {
		b = append(append(b, webpHead(chunks[i], len(chunks[i+1]))...), chunks[i+1]...)
		b = append(b, make([]byte, len(chunks[i+1])&1)...)
	}
	return append(append(webpHead("RIFF", 4+len(b)), "WEBP"...), b...)
}

// webpSample is an animation with one frame and a still picture.
func webpSample(way turn) sample {
	flags, picture := "\x22", pixel[8:21]
	size := strings.Repeat("\x00", 9)
	frame := strings.Repeat("\x00", webpFrameHead)
	chunks := []string{"VP8X", flags + size, "ICCP", "a profile", "ANIM", "123456", "ANMF", frame + pixel}
	if way >= 2 {
		chunks = append(chunks, "EXIF", string(way.tiff()))
		chunks[1] = "\x2a" + size
	}
	dirty := riff(
		"VP8X", "\x2e"+size+secret, "ICCP", "a profile", "ANIM", "123456",
		"ANMF", frame+string(riff("spam", secret)[12:])+pixel,
		"VP8L", picture, "EXIF", exifPrefix+string(withSecret(exif(binary.LittleEndian, way))), "XMP ", secret, "odd ", secret)
	return sample{withSecret(dirty), riff(chunks...)}
}
