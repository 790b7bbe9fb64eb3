//go:build heic && nodynamic

package photo

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"testing"

	"mailapp/filter/picture"
)

// onlyBuiltIn leaves nothing but our own file to read HEIC.
func onlyBuiltIn(t *testing.T) {
	t.Helper()
	before := converters
	t.Cleanup(func() { converters = before })
	converters = nil
}

func photoFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../testdata/photo/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// C23: the built-in reader turns and mirrors a picture once, keeps its profile, and
// gives the colours that the file means. The sample has 192 x 128 pixels, and is to
// be turned by a quarter and mirrored; its Exif says otherwise. What is wanted is
// what heif-convert makes of it.
func TestBuiltIn(t *testing.T) {
	onlyBuiltIn(t)
	sample := photoFile(t, "turned.heic")
	at := bytes.Index(sample, []byte("colrprof")) + 4
	nclx := func(matrix, full string) []byte {
		data := bytes.Clone(sample)
		copy(data[at:], "nclx\x00\x01\x00\x0d\x00"+matrix+full)
		return data
	}
	usual := [4]color.RGBA{{230, 220, 39, 255}, {30, 180, 29, 255}, {31, 30, 220, 255}, {220, 30, 30, 255}}
	for _, tt := range []struct {
		name    string
		data    []byte
		profile []byte
		corners [4]color.RGBA // from the left, then those below
	}{
		{"with a profile", sample, sample[at+4 : at+484], usual},
		{"as in a JPEG", nclx("\x06", "\x80"), nil, usual},
		{"of less range", nclx("\x06", "\x00"), nil, [4]color.RGBA{{250, 237, 31, 255}, {18, 190, 18, 255}, {18, 17, 233, 255}, {236, 18, 17, 255}}},
		{"of BT.709", nclx("\x01", "\x80"), nil, [4]color.RGBA{{233, 210, 31, 255}, {20, 157, 25, 255}, {27, 40, 228, 255}, {237, 49, 28, 255}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := mustOpen(t, tt.data, picture.HEIC).Readable(t.Context(), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			has := bytes.Contains(p.whole, append([]byte("ICC_PROFILE\x00\x01\x01"), tt.profile...))
			if has != (tt.profile != nil) || p.turn != 0 {
				t.Errorf("its profile is not the file's, or it is turned by %d", p.turn)
			}
			checkCorners(t, p.whole, tt.corners)
		})
	}
}

// checkCorners looks at a picture of 128 x 192 pixels.
func checkCorners(t *testing.T, file []byte, corners [4]color.RGBA) {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil || m.Bounds() != image.Rect(0, 0, 128, 192) {
		t.Fatal(err, m)
	}
	for i, want := range corners {
		got := color.RGBAModel.Convert(m.At(16+96*(i%2), 24+144*(i/2))).(color.RGBA)
		for _, pair := range [][2]byte{{got.R, want.R}, {got.G, want.G}, {got.B, want.B}} {
			if max(pair[0], pair[1])-min(pair[0], pair[1]) > 3 {
				t.Errorf("corner %d is %v, not %v", i, got, want)
				break
			}
		}
	}
}

// What the built-in reader cannot read is said as it is, within its limits.
func TestBuiltInFails(t *testing.T) {
	onlyBuiltIn(t)
	sample := photoFile(t, "turned.heic")
	for _, tt := range []struct {
		name string
		data []byte
		want error
	}{
		{"broken off", sample[:len(sample)-200], ErrUnreadable},
		{"narrow", heicSample(t), ErrNoHEIC},
		{"of more than there is", sample, ErrTooMuch},
	} {
		if tt.want == ErrTooMuch {
			defer func(before uint64) { heicMemory = before }(heicMemory)
			heicMemory = 64 << 20
		}
		if _, err := fromHEIC(t.Context(), t.TempDir(), tt.data); err != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// A profile that is longer than a segment is divided, and read as it was.
func TestLongProfile(t *testing.T) {
	profile := bytes.Repeat([]byte("profile "), 20_000)
	var file bytes.Buffer
	if err := writeJPEG(&file, image.NewGray(image.Rect(0, 0, 8, 8)), profile); err != nil {
		t.Fatal(err)
	}
	f, err := readJPEG(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	for i := 1; i < len(f.icc); i += 2 {
		got = append(got, f.icc[i][14:]...)
	}
	if !bytes.Equal(got, profile) {
		t.Errorf("%d bytes of %d", len(got), len(profile))
	}
}
