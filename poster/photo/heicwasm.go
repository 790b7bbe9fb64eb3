//go:build heic && nodynamic

package photo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"os"
	"runtime/debug"
	"slices"

	"github.com/gen2brain/heic"

	"mailapp/filter/picture"
)

// The built-in reader is libheif, compiled to WebAssembly. As libheif's own program
// it is run as a child, which is our own file called by another name, so that no
// picture can cost more than itself: in the decoder's sandbox alone there would be
// neither a limit of time nor one of memory below 4 GB.
//
// The decoder is gen2brain/heic, of which 0.5.0 gives every picture a wrong red, and
// 0.6 is under the AGPL. Without the tag nodynamic it would load the system's libheif
// into the process.

// heicNarrow is how wide in pixels a picture must be: of a narrower one the decoder
// takes the lines for shorter than they are. No camera takes such.
const heicNarrow = 128

// heicFrugal is from how many bytes on memory is worth more than time.
const heicFrugal = 200 << 20

func init() {
	builtIn = true
	if len(os.Args) > 0 && os.Args[0] == builtInName {
		os.Exit(convertHere())
	}
}

// convertHere reads the picture in the working directory, writes it as a JPEG beside
// it, and gives the code to exit with.
func convertHere() (exit int) {
	debug.SetGCPercent(10) // the decoder grows its memory by copying it
	debug.SetMemoryLimit(heicFrugal)
	data, err := os.ReadFile(heicIn)
	if err != nil {
		return exitUnreadable
	}
	m, exit := decodeHEIC(data)
	if exit != 0 {
		return exit
	}
	said := heicColour(data)
	said.adapt(m)
	file, err := os.OpenFile(heicOut, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return exitUnreadable
	}
	if err := errors.Join(writeJPEG(file, m, said.profile), file.Close()); err != nil {
		return exitUnreadable
	}
	return 0
}

// decodeHEIC gives the picture, which the decoder has turned and mirrored, or a code
// to exit with.
func decodeHEIC(data []byte) (m image.Image, exit int) {
	if c, err := heic.DecodeConfig(bytes.NewReader(data)); err == nil && c.Width < heicNarrow {
		return nil, exitNotHere
	}
	m, err := heic.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, exitUnreadable
	}
	if m.Bounds().Dx() < heicNarrow { // its width stands far behind in the file
		return nil, exitNotHere
	}
	return m, 0
}

// heicColours is what a HEIF file says of its picture's colours: ISO/IEC 14496-12
// §12.1.5. Nothing said is what a JPEG means.
type heicColours struct {
	profile []byte // ICC
	matrix  uint16 // H.273 §8.3, 0 if unknown
	narrow  bool   // black is 16 and white 235
}

func heicColour(data []byte) (c heicColours) {
	for _, colour := range heicProperties(data, "colr") {
		switch {
		case begins(colour, "prof", 5), begins(colour, "rICC", 5):
			c.profile = colour[4:]
		case begins(colour, "nclx", 11):
			c.matrix, c.narrow = binary.BigEndian.Uint16(colour[8:]), colour[10]>>7 == 0
		}
	}
	return c
}

// heicProperties gives the primary picture's properties of a kind: the others in a
// file, such as a map of what is brighter, have their own. ISO/IEC 14496-12
// §8.11.4 and ISO/IEC 23008-12 §9.3.
func heicProperties(data []byte, kind string) (found [][]byte) {
	for box := range picture.Boxes(data) {
		if box.Kind != "meta" || len(box.Body) < 4 {
			continue
		}
		primary := heicPrimary(picture.Find(box.Body[4:], "pitm"))
		for _, list := range picture.Find(box.Body[4:], "iprp") {
			mine := map[int]bool{}
			for _, links := range picture.Find(list, "ipma") {
				readLinks(links, primary, mine)
			}
			found = append(found, propertiesAt(list, kind, mine)...)
		}
	}
	return found
}

// propertiesAt gives those of a kind that stand at the places, counted from 1.
func propertiesAt(list []byte, kind string, places map[int]bool) (found [][]byte) {
	for _, all := range picture.Find(list, "ipco") {
		at := 0
		for property := range picture.Boxes(all) {
			if at++; places[at] && property.Kind == kind {
				found = append(found, property.Body)
			}
		}
	}
	return found
}

func heicPrimary(pitm [][]byte) uint32 {
	if len(pitm) == 0 {
		return 0
	}
	f := fields{pitm[0]}
	return f.number(2 + 2*min(f.number(4)>>24, 1))
}

// readLinks marks the places of the properties that an item has.
func readLinks(ipma []byte, item uint32, places map[int]bool) {
	f := fields{ipma}
	head := f.number(4)
	version, long := head>>24, head&1 == 1
	for range f.number(4) {
		if len(f.rest) == 0 {
			return
		}
		id := f.number(2 + 2*min(version, 1))
		for range f.number(1) {
			place := f.number(1) & 0x7f // without the bit for what must be understood
			if long {
				place = place<<8 | f.number(1)
			}
			if id == item {
				places[int(place)] = true
			}
		}
	}
}

// fields are numbers with the first byte first. Behind the end they are 0.
type fields struct{ rest []byte }

func (f *fields) number(bytes uint32) (n uint32) {
	for range bytes {
		n <<= 8
		if len(f.rest) > 0 {
			n, f.rest = n|uint32(f.rest[0]), f.rest[1:]
		}
	}
	return n
}

// adapt makes the decoder's numbers, which are the file's own, those of a JPEG,
// which are of the full range and of BT.601.
func (c heicColours) adapt(m image.Image) {
	switch m := m.(type) {
	case *image.Gray:
		c.widen(m.Pix)
	case *image.YCbCr:
		c.widen(m.Y, m.Cb, m.Cr)
		switch c.matrix {
		case 1: // BT.709
			rematrix(m, 0.2126, 0.0722)
		case 9, 10: // BT.2020
			rematrix(m, 0.2627, 0.0593)
		}
	}
}

// widen gives samples the full range: the first are of brightness, the others of
// colour, whose zero is in the middle.
func (c heicColours) widen(brightness []byte, colour ...[]byte) {
	if !c.narrow {
		return
	}
	stretch(brightness, 16, 0, 255.0/219)
	for _, plane := range colour {
		stretch(plane, 128, 128, 255.0/224)
	}
}

func stretch(plane []byte, zero, newZero, by float64) {
	var table [256]byte
	for v := range table {
		table[v] = sampleOf((float64(v)-zero)*by + newZero)
	}
	for at, v := range plane {
		plane[at] = table[v]
	}
}

func sampleOf(v float64) byte { return byte(min(max(v, 0), 255) + 0.5) }

// rematrix goes from a matrix, given by what red and blue weigh in brightness, to
// that of BT.601. Grey stays as it is, so that only the colour has weight in it.
func rematrix(m *image.YCbCr, red, blue float64) {
	change := func(cb, cr float64) (y, b, r float64) {
		r, b = 2*(1-red)*cr, 2*(1-blue)*cb
		y = 0.299*r + 0.114*b - 0.587*(red*r+blue*b)/(1-red-blue)
		return y, (b - y) / 1.772, (r - y) / 1.402
	}
	yb, bb, rb := change(1, 0)
	yr, br, rr := change(0, 1)
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		for x := m.Rect.Min.X; x < m.Rect.Max.X; x++ {
			at, c := m.YOffset(x, y), m.COffset(x, y)
			m.Y[at] = sampleOf(float64(m.Y[at]) + yb*float64(int(m.Cb[c])-128) + yr*float64(int(m.Cr[c])-128))
		}
	}
	for c := range m.Cb {
		b, r := float64(int(m.Cb[c])-128), float64(int(m.Cr[c])-128)
		m.Cb[c], m.Cr[c] = sampleOf(128+bb*b+br*r), sampleOf(128+rb*b+rr*r)
	}
}

// iccPart is how many bytes of a profile fit into a segment: ICC.1 annex B.4.
const iccPart = 0xffff - 2 - 14

// writeJPEG writes a picture with its profile, which stands before all else. One that
// is too long for that is left out.
func writeJPEG(w io.Writer, m image.Image, profile []byte) error {
	head := pieces{{0xff, markerSOI}}
	if parts := slices.Collect(slices.Chunk(profile, iccPart)); len(parts) <= 255 {
		for i, part := range parts {
			body := append([]byte("ICC_PROFILE\x00"), byte(i+1), byte(len(parts)))
			head.add(newSegment(markerAPP2, append(body, part...)))
		}
	}
	if _, err := w.Write(head.join()); err != nil {
		return err
	}
	return jpeg.Encode(&without{w, 2}, m, &jpeg.Options{Quality: heicQuality})
}

// without drops the first bytes that are written to it, here a start that is there
// already.
type without struct {
	w     io.Writer
	bytes int
}

func (w *without) Write(data []byte) (int, error) {
	drop := min(w.bytes, len(data))
	w.bytes -= drop
	n, err := w.w.Write(data[drop:])
	return drop + n, err
}
