package photo

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const codedDir = "../../testdata/photo/coded/"

// coded gives JPEGs of all kinds of coding that are turned, by name. They were
// drawn for this and coded by libjpeg's cjpeg. All but the odd-sized ones have 64 x
// 48 pixels.
func coded(t testing.TB) map[string][]byte {
	t.Helper()
	paths, _ := filepath.Glob(codedDir + "*.jpg")
	files := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimSuffix(filepath.Base(path), ".jpg")] = data
	}
	if len(files) < 15 {
		t.Fatalf("only %d files are in %s", len(files), codedDir)
	}
	delete(files, "arithmetic") // which Go cannot read either
	return files
}

// heldAs gives a JPEG as one that is to be turned.
func heldAs(way turn, data []byte) []byte {
	return slices.Concat(data[:2], newSegment(markerAPP1, append([]byte(exifPrefix), way.tiff()...)), data[2:])
}

// upright rewrites a JPEG as it came.
func upright(data []byte) ([]byte, error) {
	stripped, err := strip(data, "image/jpeg")
	if err != nil {
		return nil, err
	}
	return rewrite(stripped)
}

func mustUpright(t *testing.T, way turn, data []byte) []byte {
	t.Helper()
	got, err := upright(heldAs(way, data))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func isOdd(name string) bool { return strings.Contains(name, "odd-size") }

// C23: however the phone was held and the picture coded, it is the same picture
// upright, and nothing but the picture is left.
func TestUpright(t *testing.T) {
	files := coded(t)
	for name, data := range files {
		stored := decode(t, "image/jpeg", readable(files, name)).(image.Image)
		for way := range turn(9) {
			if isOdd(name) && way != 5 && way > 1 {
				continue
			}
			dirty := heldAs(way, slices.Concat(data[:2], newSegment(0xfe, []byte(secret)), data[2:]))
			got, err := upright(append(dirty, secret...))
			if err != nil {
				t.Errorf("%s held as %d: %v", name, way, err)
				continue
			}
			if !bytes.Equal(mustStrip(t, "image/jpeg", got), got) || bytes.Contains(got, []byte(exifPrefix)) {
				t.Errorf("%s held as %d: there is more in it than the picture", name, way)
			}
			if way < 2 && len(got) > len(data) || len(got) > len(data)+500 {
				t.Errorf("%s held as %d: %d bytes became %d", name, way, len(data), len(got))
			}
			if off := mostOff(way, stored, decode(t, "image/jpeg", got).(image.Image)); off > 2 || way < 2 && off > 0 {
				t.Errorf("%s held as %d: a pixel is off by %d", name, way, off)
			}
		}
	}
}

// readable gives a file of the same coefficients. Where intervals end in a scan of
// single bits, Go does not find the restart.
func readable(files map[string][]byte, name string) []byte {
	if name == "420-progressive-restart" {
		name = "420"
	}
	return files[name]
}

// However the coefficients were coded, they are the same.
func TestCodedOtherwise(t *testing.T) {
	files := coded(t)
	for name, same := range map[string][]string{
		"420":          {"420-restart", "420-three-scans", "420-progressive-restart"},
		"420-odd-size": {"420-odd-size-progressive"},
		"grey":         {"grey-progressive"},
	} {
		want := mustUpright(t, 5, files[name])
		for _, other := range same {
			if !bytes.Equal(mustUpright(t, 5, files[other]), want) {
				t.Errorf("%s is another picture than %s", other, name)
			}
		}
	}
}

// mostOff compares a picture with what it is to be when upright, and gives by how
// much the value of a colour is off at most. A decoder rounds otherwise along x
// than along y, and up than down, so that it is not always 0.
func mostOff(way turn, stored, upright image.Image) int {
	size := stored.Bounds().Size()
	if way >= 5 {
		size.X, size.Y = size.Y, size.X
	}
	if upright.Bounds().Size() != size {
		return 256
	}
	most := 0
	for y := range size.Y {
		for x := range size.X {
			a, b := colours(stored, origin(way, stored, x, y)), colours(upright, image.Pt(x, y))
			for i := range a {
				most = max(most, a[i]-b[i], b[i]-a[i])
			}
		}
	}
	return most
}

// origin gives where the pixel is stored that is at x, y in the upright picture
// (TIFF 6.0: what the zeroth row and column are).
func origin(way turn, stored image.Image, x, y int) image.Point {
	right, bottom := stored.Bounds().Max.X-1, stored.Bounds().Max.Y-1
	return [...]image.Point{
		{x, y}, {x, y},
		{right - x, y}, {right - x, bottom - y}, {x, bottom - y},
		{y, x}, {y, bottom - x}, {right - y, bottom - x}, {right - y, x},
	}[way]
}

// colours gives a pixel as it is coded.
func colours(m image.Image, at image.Point) [3]int {
	switch m := m.(type) {
	case *image.YCbCr:
		c := m.YCbCrAt(at.X, at.Y)
		return [3]int{int(c.Y), int(c.Cb), int(c.Cr)}
	case *image.Gray:
		return [3]int{int(m.GrayAt(at.X, at.Y).Y)}
	}
	c := color.RGBAModel.Convert(m.At(at.X, at.Y)).(color.RGBA)
	return [3]int{int(c.R), int(c.G), int(c.B)}
}

// Lossless means: a picture that is turned, and turned back, is the same file.
func TestThereAndBack(t *testing.T) {
	for name, data := range coded(t) {
		if isOdd(name) {
			continue
		}
		there := mustUpright(t, 3, data)
		for way, back := range []turn{2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6} {
			if back == 0 {
				continue
			}
			if got := mustUpright(t, back, mustUpright(t, turn(way), there)); !bytes.Equal(got, there) {
				t.Errorf("%s turned by %d and then by %d is another file", name, way, back)
			}
		}
		round := there
		for range 4 {
			round = mustUpright(t, 6, round)
		}
		if !bytes.Equal(round, there) {
			t.Errorf("%s turned all the way round is another file", name)
		}
	}
}

// What says how a picture is to look comes along; what it says of x and y is
// turned too.
func TestUprightKeepsColours(t *testing.T) {
	jfif := newSegment(markerAPP0, []byte("JFIF\x00\x01\x01\x01\x00\x48\x00\x60\x00\x00"))
	icc := newSegment(markerAPP2, []byte("ICC_PROFILE\x00\x01\x01a profile"))
	adobe := newSegment(markerAPPE, []byte("Adobe\x00\x64\x00\x00\x00\x00\x01"))
	data := coded(t)["422-wide-quantisation"]
	data = slices.Concat(data[:2], jfif, icc, adobe, data[bytes.Index(data, []byte{0xff, markerDQT}):])
	got := mustUpright(t, 6, data)
	turned := newSegment(markerAPP0, []byte("JFIF\x00\x01\x01\x01\x00\x60\x00\x48\x00\x00"))
	if want := slices.Concat(data[:2], turned, icc, adobe); !bytes.HasPrefix(got, want) {
		t.Errorf("%q\nnot %q", got[:min(len(got), len(want))], want)
	}
}

// More blocks without anything in them than one symbol can speak of.
func TestLongRun(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 8*200, 8*170))
	m.Pix[len(m.Pix)-1] = 255
	var file bytes.Buffer
	if err := jpeg.Encode(&file, m, nil); err != nil {
		t.Fatal(err)
	}
	got := mustUpright(t, 6, file.Bytes())
	if off := mostOff(6, decode(t, "image/jpeg", file.Bytes()).(image.Image), decode(t, "image/jpeg", got).(image.Image)); off > 1 {
		t.Errorf("a pixel is off by %d", off)
	}
}

// What cannot be turned without loss, or is damaged, is said so.
func TestNotUpright(t *testing.T) {
	files := coded(t)
	arithmetic, err := os.ReadFile(codedDir + "arithmetic.jpg")
	if err != nil {
		t.Fatal(err)
	}
	base, later, odd := files["420"], files["420-progressive-restart"], files["420-odd-size"]
	asProgressive := bytes.Replace(base, []byte{0xff, markerSOF0}, []byte{0xff, markerSOF2}, 1)
	const edge = "the JPEG cannot be turned without loss: 37 x 21 pixels do not divide into 16 x 16"
	const kind = "the JPEG is of a kind that is not rewritten"
	const header, scan = "the JPEG is damaged: its header is wrong", "the JPEG is damaged: the header of a scan is wrong"
	const huffman, quant = "the JPEG is damaged: a Huffman table is wrong", "the JPEG is damaged: a quantisation table is wrong"
	const wrong, missing = "the JPEG is damaged: its coefficients are wrong", "the JPEG is damaged: part of the picture is missing"
	tests := map[string]struct {
		data []byte
		want string
	}{
		"no JPEG":                {[]byte("GIF89a"), "the JPEG is damaged: its first bytes are wrong"},
		"arithmetic":             {arithmetic, kind},
		"12 bits":                {patched(base, markerSOF0, 0, 12), kind},
		"two components":         {replaced(base, markerSOF0, segmentOf(base, markerSOF0)[:12], 5, 2), kind},
		"sampled 4 x 1":          {patched(base, markerSOF0, 7, 0x41), kind},
		"12 blocks in an MCU":    {patched(patched(base, markerSOF0, 10, 0x22), markerSOF0, 13, 0x22), kind},
		"not sampled":            {patched(base, markerSOF0, 7, 0x20), kind},
		"a component twice":      {patched(base, markerSOF0, 9, 1), header},
		"a short header":         {replaced(base, markerSOF0, segmentOf(base, markerSOF0)[:14]), header},
		"fifth quantisation":     {patched(base, markerSOF0, 8, 4), header},
		"no such quantisation":   {patched(base, markerSOF0, 8, 3), quant},
		"quantisation of 3":      {patched(base, markerDQT, 0, 0x20), quant},
		"quantisation later":     {slices.Concat(base[:len(base)-2], newSegment(markerDQT, make([]byte, 65)), base[len(base)-2:]), kind},
		"three classes":          {patched(base, markerDHT, 0, 0x20), huffman},
		"too many codes":         {patched(base, markerDHT, 1, 3), huffman},
		"too few symbols":        {patched(base, markerDHT, 16, 200), huffman},
		"no such Huffman table":  {patched(base, markerSOS, 2, 0x20), scan},
		"no such AC table":       {patched(base, markerSOS, 2, 0x02), scan},
		"fifth Huffman table":    {patched(base, markerSOS, 2, 0x40), scan},
		"no such component":      {patched(base, markerSOS, 1, 9), scan},
		"four in a scan":         {patched(base, markerSOS, 0, 4), scan},
		"the scan twice":         {slices.Concat(base[:len(base)-2], base[bytes.Index(base, []byte{0xff, markerSOS}):]), scan},
		"AC of three components": {patched(patched(asProgressive, markerSOS, 7, 1), markerSOS, 8, 5), scan},
		"AC and DC":              {patched(later, markerSOS, 8, 5), scan},
		"a band too far":         {patched(patched(later, markerSOS, 7, 64), markerSOS, 8, 64), scan},
		"corrects nothing":       {patched(later, markerSOS, 9, 0x10), scan},
		"corrects two bits":      {greyFile(markerSOF2, grey([]byte{1, 1, 0, 0, 0, 3}, 0, 0, 0), grey([]byte{1, 1, 0, 0, 0, 0x31}, 0, 0, 0)), scan},
		"too far approximated":   {patched(later, markerSOS, 9, 0x0b), scan},
		"a scan is missing":      {withoutLastScan(later), missing},
		"a component is missing": {withoutLastScan(files["420-three-scans"]), missing},
		"breaks off":             {slices.Concat(base[:len(base)-20], base[len(base)-2:]), wrong},
		"bytes too many":         {slices.Concat(base[:len(base)-2], []byte("more"), base[len(base)-2:]), wrong},
		"a restart too many":     {slices.Concat(base[:len(base)-2], []byte{0xff, markerRST0, 1, 0xff, markerRST7}, base[len(base)-2:]), wrong},
		"wrong restart":          {bytes.Replace(files["420-restart"], []byte{0xff, 0xd2}, []byte{0xff, 0xd3}, 1), wrong},
		"mirrored edge":          {heldAs(2, odd), edge},
		"upside down edge":       {heldAs(4, odd), edge},
		"turned edge":            {heldAs(6, odd), edge},
		"both edges":             {heldAs(7, odd), edge},
		"12 megapixels":          {patched(patched(base, markerSOF0, 1, 0x0b), markerSOF0, 3, 0x0f), "the JPEG has 3904 x 2864 pixels, which is too many to be rewritten"},
	}
	for name, tt := range tests {
		if got, err := upright(tt.data); err == nil || err.Error() != tt.want {
			t.Errorf("%s: %d bytes and %v, not %q", name, len(got), err, tt.want)
		}
	}
}

// Values that no encoder of 8 bits writes, and codes that mean nothing.
func TestImpossibleValues(t *testing.T) {
	begin := []byte{1, 1, 0}
	dc, nothing := grey(append(begin, 0, 0, 0), 0, 0, 0), grey(append(begin, 1, 63, 1), 0, 0, 0)
	for name, tt := range map[string]struct {
		sofs  byte
		scans []byte
	}{
		"DC":                        {markerSOF0, grey(begin, 11, 0, 0x7f, 0xf7)},
		"DC of 12 bits":             {markerSOF0, grey(begin, 12, 0, 0)},
		"AC of 11 bits":             {markerSOF0, grey(begin, 0, 0x0b, 0)},
		"AC behind the block":       {markerSOF0, grey(begin, 0, 0xf1, 0, 0, 0)},
		"a code for nothing":        {markerSOF0, grey(begin, 0, 0x20, 0)},
		"no such code":              {markerSOF0, grey(begin, 0, 0, 0x7f, 0xff, 0, 0xff, 0)},
		"blocks that are not there": {markerSOF2, slices.Concat(dc, grey(append(begin, 1, 63, 1), 0, 0x10, 0))},
		"approximated too large":    {markerSOF2, slices.Concat(dc, grey(append(begin, 63, 63, 10), 0, 2, 0x40))},
		"a correction of two bits":  {markerSOF2, slices.Concat(dc, nothing, grey(append(begin, 63, 63, 0x10), 0, 2, 0))},
		"a correction behind":       {markerSOF2, slices.Concat(dc, nothing, grey(append(begin, 63, 63, 0x10), 0, 0xf1, 0))},
	} {
		if _, err := upright(greyFile(tt.sofs, tt.scans)); err == nil || !strings.HasSuffix(err.Error(), "its coefficients are wrong") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// greyFile is a picture of one block.
func greyFile(sofs byte, scans ...[]byte) []byte {
	dqt := newSegment(markerDQT, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...))
	sof := newSegment(sofs, segmentOf(jpegHead(8, 8), markerSOF0))
	return slices.Concat([]byte{0xff, markerSOI}, dqt, sof, slices.Concat(scans...), []byte{0xff, markerEOI})
}

// grey gives a scan of one component, its code 0 for one symbol in each table.
func grey(header []byte, dc, ac byte, data ...byte) []byte {
	header = append(header, make([]byte, 6-len(header))...)
	tables := slices.Concat(dht(classDC, 0, []byte{dc}, one), dht(classAC, 0, []byte{ac}, one))
	return slices.Concat(tables, newSegment(markerSOS, header), data)
}

var one = append([]byte{1}, make([]byte, 15)...)

// segmentOf gives the body of the first segment with a marker.
func segmentOf(data []byte, marker byte) []byte {
	at := bytes.Index(data, []byte{0xff, marker}) + 4
	return data[at : at-2+int(binary.BigEndian.Uint16(data[at-2:]))]
}

// replaced gives the file with another body in the first segment with a marker,
// and in that another byte at each of the places, if any.
func replaced(data []byte, marker byte, body []byte, places ...byte) []byte {
	before, rest, _ := bytes.Cut(data, newSegment(marker, segmentOf(data, marker)))
	body = bytes.Clone(body)
	for ; len(places) > 0; places = places[2:] {
		body[places[0]] = places[1]
	}
	return slices.Concat(before, newSegment(marker, body), rest)
}

// patched gives the file with another byte in the first segment with a marker.
func patched(data []byte, marker byte, place, value byte) []byte {
	return replaced(data, marker, segmentOf(data, marker), place, value)
}

func withoutLastScan(data []byte) []byte {
	return slices.Concat(data[:bytes.LastIndex(data, []byte{0xff, markerSOS})], data[len(data)-2:])
}

// A forged size costs nothing before it is refused, and what is not costs as much
// as is promised (C24).
func TestUprightMemory(t *testing.T) {
	base := coded(t)["420"]
	forged := patched(patched(base, markerSOF0, 1, 0x0b), markerSOF0, 3, 0x0f)
	large := patched(patched(base, markerSOF0, 1, 0x08), markerSOF0, 3, 0x0a)
	for _, tt := range []struct {
		data []byte
		most uint64
	}{{forged, 1 << 17}, {large, 26 << 20}} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := upright(tt.data); err == nil {
			t.Error("so few bytes are no picture of that size")
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > tt.most {
			t.Errorf("%d bytes, more than %d", got, tt.most)
		}
	}
}

// Segments that say the same again and again cost little more than it takes to find
// where they end (C24): what is made of a table is made for a scan, and the turn is
// worked out once.
func TestUprightRepeated(t *testing.T) {
	base := coded(t)["420"]
	repeated := func(segment []byte) []byte {
		return mustStrip(t, "image/jpeg", slices.Concat(base[:2], bytes.Repeat(segment, 200_000), base[2:]))
	}
	rewritten := func(file []byte) {
		if _, err := readCoefficients(file); err != nil {
			t.Fatal(err)
		}
	}
	tables := repeated(dht(classAC, 3, []byte{0}, one))
	if n := testing.AllocsPerRun(1, func() { rewritten(tables) }); n > 10_000 {
		t.Errorf("200,000 tables need %v pieces of memory", n)
	}
	adobe := repeated(newSegment(markerAPPE, []byte("Adobe\x00\x64\x00\x00\x00\x00\x01")))
	apart := least(func() { _, _ = readJPEG(adobe) })
	if whole := least(func() { rewritten(adobe) }); whole > 4*apart {
		t.Errorf("Adobe's markers: %v, where it takes %v to find them", whole, apart)
	}
}

// least gives how much of the processors' time something takes, whatever else there
// is to do.
func least(do func()) time.Duration {
	used := func() time.Duration {
		var u syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	took := time.Hour
	for range 5 {
		begun := used()
		do()
		took = min(took, used()-begun)
	}
	return took
}

// FuzzUpright: whatever the file, nothing panics or takes more memory than is
// promised, and what comes of it is the same picture.
func FuzzUpright(f *testing.F) {
	for _, data := range coded(f) {
		f.Add(data)
		f.Add(heldAs(5, data))
	}
	f.Add(jpegSample(6).dirty)
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		got, err := upright(data)
		if !bytes.Equal(data, before) {
			t.Fatal("the file itself was changed")
		}
		if err != nil {
			return
		}
		if !bytes.Equal(mustStrip(t, "image/jpeg", got), got) {
			t.Fatal("there is more in it than the picture")
		}
		way := wayOf(mustStrip(t, "image/jpeg", data))
		c, err := jpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil || c.Width*c.Height > 1<<18 || bytes.Count(data, []byte{0xff, markerAPP0}) > 1 {
			return
		}
		want, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			return
		}
		off := mostOff(way, want, decode(t, "image/jpeg", got).(image.Image))
		if way == 0 && off > 0 || off == 256 {
			t.Fatalf("held as %d, a pixel is off by %d", way, off)
		}
	})
}

// wayOf gives the turn in what is left of a JPEG.
func wayOf(stripped []byte) turn {
	at := bytes.Index(stripped, []byte(exifPrefix))
	if at < 0 {
		return 0
	}
	return readTurn(stripped[at+len(exifPrefix):])
}

// The first is to take no longer than the second, which loses.
func BenchmarkUpright3Megapixels(b *testing.B) {
	file := heldAs(6, snapshot(2048, 1536))
	b.SetBytes(int64(len(file)))
	b.Run("coefficients", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := upright(file); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("pixels", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m, err := jpeg.Decode(bytes.NewReader(file))
			if err != nil {
				b.Fatal(err)
			}
			if err := jpeg.Encode(&bytes.Buffer{}, m, &jpeg.Options{Quality: 85}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// snapshot draws a picture with as much in it as a photo has: waves of all
// lengths, the short ones faint, and noise.
func snapshot(width, height int) []byte {
	m := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range m.Y {
		x, y := float64(i%m.YStride), float64(i/m.YStride)
		v := 120 + 50*math.Sin(x/90+y/200) + 25*math.Sin(x/11-y/17) + 12*math.Sin((x+y)/3) + 4*random.NormFloat64()
		m.Y[i] = byte(min(max(v, 0), 255))
	}
	for i := range m.Cb {
		x, y := float64(i%m.CStride), float64(i/m.CStride)
		m.Cb[i], m.Cr[i] = byte(128+40*math.Sin(x/60)), byte(128+40*math.Sin(y/80)+random.NormFloat64())
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, m, &jpeg.Options{Quality: 85}); err != nil {
		panic(err)
	}
	return file.Bytes()
}
