package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// ftyp is the first box of a HEIF file or a film.
func ftyp(brands string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(16+len(brands)-4)), "ftyp"+brands[:4]+"\x00\x00\x00\x00"+brands[4:]...)
}

func TestType(t *testing.T) {
	for want, all := range map[string][][]byte{
		JPEG: {[]byte("\xff\xd8\xff\xe0")},
		PNG:  {[]byte("\x89PNG\r\n\x1a\n")},
		GIF:  {[]byte("GIF87a"), []byte("GIF89a")},
		WebP: {[]byte("RIFF\x00\x00\x00\x00WEBPVP8 ")},
		AVIF: {ftyp("avifmif1miaf"), ftyp("mif1avifmiaf"), ftyp("avis")},
		HEIC: {ftyp("heicmif1heic"), ftyp("mif1heic"), ftyp("heix"), ftyp("msf1hevc")},
		BMP:  {bmp(40, 7, 5, 54), bmp(12, 7, 5, 26)},
		"": {
			nil, []byte("BM"), []byte("BMW 320, blue, one owner, price as in the title"), bmp(41, 7, 5, 54), bmp(40, 7, 5, 20),
			ftyp("mp42heic"), ftyp("qt  "), []byte("RIFF\x00\x00\x00\x00WAVEfmt "), []byte("II*\x00\x08\x00\x00\x00"), []byte("%PDF-1.4"), []byte("<svg"),
		},
	} {
		for _, data := range all {
			if got := Type(data); got != want {
				t.Errorf("%q is %q, not %q", data, got, want)
			}
		}
	}
}

// bmp is the head of a BMP: the length of its own header, its size, and where the
// pixels are.
func bmp(header uint32, width, height int32, pixels uint32) []byte {
	u32 := binary.LittleEndian.AppendUint32
	b := u32(u32(u32([]byte("BM"), 0), 0), pixels)
	b = u32(b, header)
	if header == 12 {
		b = append(b, byte(width), 0, byte(height), 0, 1, 0, 24, 0)
	} else {
		b = append(u32(u32(b, uint32(width)), uint32(height)), 1, 0, 24, 0)
	}
	return append(b, make([]byte, 30)...)
}

// encoded gives a picture in each format that the standard library writes.
func encoded(width, height int) [][]byte {
	var j, p, g bytes.Buffer
	m := image.NewPaletted(image.Rect(0, 0, width, height), palette.Plan9)
	_, _, _ = jpeg.Encode(&j, m, nil), png.Encode(&p, m), gif.Encode(&g, m, nil)
	return [][]byte{j.Bytes(), p.Bytes(), g.Bytes()}
}

func TestSize(t *testing.T) {
	const webp = "RIFF\x00\x00\x00\x00WEBP"
	jpg := encoded(7, 5)[0]
	exif := append([]byte("\xff\xd8\xff\xff\xe1\xff\xff"), make([]byte, 0xfffd)...) // as large as can be
	all := append(encoded(7, 5), bmp(40, 7, -5, 54), bmp(12, 7, 5, 26), append(exif, jpg[2:]...),
		[]byte(webp+"VP8 \x00\x00\x00\x00\x00\x00\x00\x9d\x01\x2a\x07\x00\x05\x40"),
		[]byte(webp+"VP8L\x00\x00\x00\x00\x2f\x06\x00\x01\x00\x00\x00\x00\x00\x00"),
		[]byte(webp+"VP8X\x0a\x00\x00\x00\x10\x00\x00\x00\x06\x00\x00\x04\x00\x00"),
	)
	for _, data := range all {
		if width, height := Size(data); width != 7 || height != 5 {
			t.Errorf("%.30q is %d x %d", data, width, height)
		}
		for n := range 24 { // cut off, it has none or the same
			if width, height := Size(data[:n]); width != 0 && width != 7 || height != 0 && height != 5 {
				t.Errorf("%q is %d x %d", data[:n], width, height)
			}
		}
	}
	for _, data := range [][]byte{
		nil, []byte("GIF89a"), []byte("\xff\xd8\xff\xd9"), []byte("\xff\xd8\xff\xe1\x00\x01zz"), []byte("\xff\xd8\xff\xe0\xff\xff"),
		bmp(40, -7, 5, 54), bmp(40, 7, -1<<31, 54), []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x80\x00\x00\x00\x00\x00\x00\x01"), ftyp("avifmif1"),
	} {
		if width, height := Size(data); width != 0 || height != 0 {
			t.Errorf("%.30q is %d x %d", data, width, height)
		}
	}
}

// Of several pictures in a HEIF file the largest counts.
func TestSizeOfHEIF(t *testing.T) {
	files, err := filepath.Glob("../../testdata/photo/*.[ah][ve]i[fc]")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := [2]int{96, 64}
		if filepath.Base(file) == "turned.heic" {
			want = [2]int{192, 128} // before it is turned
		}
		if width, height := Size(data); [2]int{width, height} != want {
			t.Errorf("%s is %d x %d", file, width, height)
		}
	}
}

// Whatever the bytes, nothing panics or goes on for ever.
func FuzzSize(f *testing.F) {
	for _, data := range append(encoded(7, 5), bmp(40, 7, 5, 54), ftyp("avifmif1")) {
		f.Add(data)
	}
	files, _ := filepath.Glob("../../testdata/photo/*.heic")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		width, height := Size(data)
		if width < 0 || (width == 0) != (height == 0) || width > 0 && Type(data) == "" {
			t.Errorf("%d x %d, %q", width, height, Type(data))
		}
	})
}
