package browser

// Pictures for tests, drawn as phones, scanners and people with bad intentions
// send them. All show four corners in red, green, blue and yellow, so that one can
// see how they are turned.

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

const cornersWidth, cornersHeight = 96, 64

// The colours of the corners: left and right at the top, then at the bottom.
var cornerColours = [4]color.NRGBA{{220, 30, 30, 255}, {30, 180, 30, 255}, {30, 30, 220, 255}, {230, 220, 40, 255}}

// turnedCorners says which colour is in each corner of an upright picture that is
// stored with its corners in order, for each way to turn it: Exif 2.3 §4.6.4 A.
var turnedCorners = [9][4]int{
	1: {0, 1, 2, 3}, 2: {1, 0, 3, 2}, 3: {3, 2, 1, 0}, 4: {2, 3, 0, 1},
	5: {0, 2, 1, 3}, 6: {2, 0, 3, 1}, 7: {3, 1, 2, 0}, 8: {1, 3, 0, 2},
}

// photoSecret stands for all that must not be published.
const photoSecret = "48.2082N 16.3738E Phone 15 of Fred"

// corners draws them into a picture of any size.
func corners[P draw.Image](m P) P {
	b := m.Bounds()
	half := image.Pt(b.Dx()/2, b.Dy()/2)
	for i, c := range cornerColours {
		from := image.Pt(i%2*half.X, i/2*half.Y)
		draw.Draw(m, image.Rectangle{from, from.Add(half)}, image.NewUniform(c), image.Point{}, draw.Src)
	}
	return m
}

func drawCorners(width, height int) *image.NRGBA {
	return corners(image.NewNRGBA(image.Rect(0, 0, width, height)))
}

func cornersJPEG(width, height int) []byte {
	var b bytes.Buffer
	must(jpeg.Encode(&b, drawCorners(width, height), &jpeg.Options{Quality: 92}))
	return b.Bytes()
}

func cornersPNG(m image.Image) []byte {
	var b bytes.Buffer
	must(png.Encode(&b, m))
	return b.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// tiffTurned is Exif that says how a picture is turned, and something secret.
func tiffTurned(turn int) []byte {
	b := []byte("MM\x00*\x00\x00\x00\x08\x00\x02\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x82\x98\x00\x02\x00\x00\x00\x22\x00\x00\x00\x26\x00\x00\x00\x00")
	b[19] = byte(turn)
	return append(b, photoSecret...)
}

// jpegWith puts segments behind a JPEG's beginning: marker and body.
func jpegWith(data []byte, marker byte, body string) []byte {
	segment := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(2+len(body)))
	return bytes.Join([][]byte{data[:2], segment, []byte(body), data[2:]}, nil)
}

func turnedJPEG(data []byte, turn int) []byte {
	return jpegWith(data, 0xe1, "Exif\x00\x00"+string(tiffTurned(turn)))
}

// pngWith puts a chunk behind a PNG's header.
func pngWith(data []byte, name, body string) []byte {
	const head = 8 + 25
	return bytes.Join([][]byte{data[:head], pngPart(name, body), data[head:]}, nil)
}

func pngPart(name, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// rawPNG makes a PNG of what lies in its IDAT.
func rawPNG(width, height int, depth, kind, interlace byte, rows []byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(width))
	head = append(binary.BigEndian.AppendUint32(head, uint32(height)), depth, kind, 0, 0, interlace)
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, err := z.Write(rows)
	must(err)
	must(z.Close())
	return bytes.Join([][]byte{[]byte("\x89PNG\r\n\x1a\n"), pngPart("IHDR", string(head)), pngPart("IDAT", packed.String()), pngPart("IEND", "")}, nil)
}

// interlacedPNG draws the corners in the seven passes of Adam7.
func interlacedPNG() []byte {
	m := drawCorners(cornersWidth, cornersHeight)
	var rows []byte
	for _, pass := range [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
		for y := pass[1]; y < cornersHeight; y += pass[3] {
			rows = append(rows, 0) // no filter
			for x := pass[0]; x < cornersWidth; x += pass[2] {
				c := m.NRGBAAt(x, y)
				rows = append(rows, c.R, c.G, c.B)
			}
		}
	}
	return rawPNG(cornersWidth, cornersHeight, 8, 2, 1, rows)
}

// cornersGIF is an animation whose second picture is white.
func cornersGIF(frames int) []byte {
	palette := color.Palette{color.White}
	for _, c := range cornerColours {
		palette = append(palette, c)
	}
	g := &gif.GIF{}
	for i := range frames {
		m := image.NewPaletted(image.Rect(0, 0, cornersWidth, cornersHeight), palette)
		if i == 0 {
			corners(m)
		}
		g.Image, g.Delay = append(g.Image, m), append(g.Delay, 10)
	}
	var b bytes.Buffer
	must(gif.EncodeAll(&b, g))
	return b.Bytes()
}

// cornersBMP has rows from the bottom, or from the top, or the oldest header.
func cornersBMP(kind string) []byte {
	m := drawCorners(cornersWidth, cornersHeight)
	var rows []byte
	for i := range cornersHeight {
		y := cornersHeight - 1 - i
		if kind == "from the top" {
			y = i
		}
		for x := range cornersWidth {
			c := m.NRGBAAt(x, y)
			rows = append(rows, c.B, c.G, c.R)
		}
	}
	u32 := binary.LittleEndian.AppendUint32
	head := u32(nil, 40)
	height := int32(cornersHeight)
	if kind == "from the top" {
		height = -height
	}
	head = append(u32(u32(head, cornersWidth), uint32(height)), 1, 0, 24, 0)
	head = append(head, make([]byte, 24)...)
	if kind == "of OS/2" {
		head = append(u32(nil, 12), cornersWidth, 0, cornersHeight, 0, 1, 0, 24, 0)
	}
	begin := uint32(14 + len(head))
	file := u32(u32(u32([]byte("BM"), begin+uint32(len(rows))), 0), begin)
	return bytes.Join([][]byte{file, head, rows}, nil)
}

// jpegOf is a JPEG of one block in plain colours, a byte for each component: CMYK
// has four. The frame header's marker says how it is coded, whatever it is.
func jpegOf(marker, depth byte, colours ...byte) []byte {
	var table [16]byte // twelve codes of four bits
	table[3] = 12
	dc := append(append([]byte{0x00}, table[:]...), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	ac := append(append([]byte{0x10}, make([]byte, 16)...), 0)
	ac[1] = 1 // one code of one bit: the end
	frame := []byte{depth, 0, 8, 0, 8, byte(len(colours))}
	scan := []byte{byte(len(colours))}
	var bits uint64
	var n int
	put := func(value uint64, length int) { bits, n = bits<<length|value, n+length }
	for i, c := range colours {
		frame = append(frame, byte(i+1), 0x11, 0)
		scan = append(scan, byte(i+1), 0)
		v, size := int(c)-128, 0
		for max(v, -v)>>size != 0 {
			size++
		}
		put(uint64(size), 4)
		if v < 0 {
			v += 1<<size - 1
		}
		put(uint64(v), size)
		put(0, 1)
	}
	for n%8 != 0 {
		put(1, 1)
	}
	data := []byte("\xff\xd8")
	add := func(marker byte, body []byte) {
		data = append(binary.BigEndian.AppendUint16(append(data, 0xff, marker), uint16(2+len(body))), body...)
	}
	if len(colours) == 4 {
		add(0xee, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00"))
	}
	add(0xdb, append([]byte{0}, bytes.Repeat([]byte{8}, 64)...))
	add(marker, frame)
	add(0xc4, dc)
	add(0xc4, ac)
	add(0xda, append(scan, 0, 63, 0))
	for n -= 8; n >= 0; n -= 8 {
		data = append(data, byte(bits>>n))
		if byte(bits>>n) == 0xff {
			data = append(data, 0)
		}
	}
	return append(data, 0xff, 0xd9)
}

// webpTurned has a WebP with an extended header say how it is turned.
func webpTurned(data []byte, turn int) []byte {
	exif := tiffTurned(turn) // of even length
	data = append(bytes.Clone(data), "EXIF"...)
	data = append(binary.LittleEndian.AppendUint32(data, uint32(len(exif))), exif...)
	binary.LittleEndian.PutUint32(data[4:], uint32(len(data)-8))
	data[20] |= 8 // RFC 9649 §2.7
	return data
}

// sampled is a file of testdata/photo.
func sampled(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "photo", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// heifTurned turns a HEIF file of one picture by its own means (ISO/IEC 23008-12
// §6.5.10 and §6.5.12): by quarters against the clock, then mirrored. Its Exif
// says otherwise, and lies.
func heifTurned(data []byte, turn int) []byte {
	ways := [9][]string{
		2: {"imir\x01"}, 3: {"irot\x02"}, 4: {"imir\x00"},
		5: {"irot\x01", "imir\x00"}, 6: {"irot\x03"}, 7: {"irot\x01", "imir\x01"}, 8: {"irot\x01"},
	}
	data = bytes.Clone(data)
	grown := 0
	grow := func(box string, more []byte, parents ...string) {
		at := bytes.Index(data, []byte(box)) - 4
		length := int(binary.BigEndian.Uint32(data[at:]))
		for _, name := range append(parents, box) {
			b := data[bytes.Index(data, []byte(name))-4:]
			binary.BigEndian.PutUint32(b, binary.BigEndian.Uint32(b)+uint32(len(more)))
		}
		data = bytes.Join([][]byte{data[:at+length], more, data[at+length:]}, nil)
		grown += len(more)
	}
	properties := byte(0) // so far
	for at := bytes.Index(data, []byte("ipco")) + 4; string(data[at+4:at+8]) != "ipma"; properties++ {
		at += int(binary.BigEndian.Uint32(data[at:]))
	}
	for i, way := range ways[turn] {
		grow("ipco", append([]byte{0, 0, 0, 9}, way...), "meta", "iprp")
		count := bytes.Index(data, []byte("ipma")) + 14 // for the one item
		data[count]++
		grow("ipma", []byte{0x80 | properties + byte(i) + 1}, "meta", "iprp")
	}
	for item := range 2 { // where they begin in the file
		at := data[bytes.Index(data, []byte("iloc"))+12+18*item+4:]
		binary.BigEndian.PutUint32(at, binary.BigEndian.Uint32(at)+uint32(grown))
	}
	return data
}

// displayP3 is a profile with the primaries that iPhones use and a gamma of 2.2.
func displayP3() []byte {
	fixed := func(v float64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(int32(v*65536))) }
	xyz := func(x, y, z float64) []byte {
		return bytes.Join([][]byte{[]byte("XYZ \x00\x00\x00\x00"), fixed(x), fixed(y), fixed(z)}, nil)
	}
	curve := []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33\x00\x00")
	text := []byte("desc\x00\x00\x00\x00\x00\x00\x00\x03P3\x00")
	text = append(text, make([]byte, 81)...)
	tags := []struct {
		name string
		data []byte
	}{
		{"desc", text}, {"cprt", []byte("text\x00\x00\x00\x00none\x00\x00\x00\x00")}, {"wtpt", xyz(0.9642, 1, 0.8249)},
		{"rXYZ", xyz(0.5151, 0.2412, -0.0011)}, {"gXYZ", xyz(0.2920, 0.6922, 0.0419)}, {"bXYZ", xyz(0.1571, 0.0666, 0.7841)},
		{"rTRC", curve}, {"gTRC", curve}, {"bTRC", curve},
	}
	table := binary.BigEndian.AppendUint32(nil, uint32(len(tags)))
	var bodies []byte
	at := uint32(128 + 4 + 12*len(tags))
	for _, tag := range tags {
		tag.data = append(tag.data, make([]byte, -len(tag.data)&3)...)
		table = append(table, tag.name...)
		table = binary.BigEndian.AppendUint32(table, at+uint32(len(bodies)))
		table = binary.BigEndian.AppendUint32(table, uint32(len(tag.data)))
		bodies = append(bodies, tag.data...)
	}
	head := make([]byte, 128)
	binary.BigEndian.PutUint32(head, at+uint32(len(bodies)))
	copy(head[8:], "\x02\x10\x00\x00mntrRGB XYZ ")
	copy(head[36:], "acsp")
	copy(head[68:], xyz(0.9642, 1, 0.8249)[8:])
	return bytes.Join([][]byte{head, table, bodies}, nil)
}

// noise is a JPEG that is large for its size.
func noise(side int) []byte {
	m := image.NewGray(image.Rect(0, 0, side, side))
	_, _ = rand.NewChaCha8([32]byte{}).Read(m.Pix)
	var b bytes.Buffer
	must(jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}))
	return b.Bytes()
}
