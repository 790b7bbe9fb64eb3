package photo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// rewrite gives a JPEG that [Picture.Ready] could publish, turned as its Exif says,
// without that Exif, and progressive. Nothing of the picture is lost: its
// very coefficients are turned and coded anew, so that one which is turned all
// the way round is the same again, bit for bit. Quantisation, colour profile and
// Adobe's marker stay. A picture that is upright and would not become smaller is
// given as it is; one that is turned can become some hundred bytes larger.
//
// It is an error where that cannot be done, and then the caller's to publish what
// there is, or to have the picture decoded: it is not Huffman coded with 8
// bits in one or three components, or sampled in more than 2 x 2; it is damaged,
// where others may show what there is; it has more than 9.4 million coefficients
// (3 megapixels in full colour, 6 in 4:2:0); or the side along which it is to be
// mirrored is no multiple of an MCU, 8 or 16 pixels, so that what fills the last
// one would come to stand before the picture's first pixel.
//
// For each coefficient it takes up to 7 bytes of memory, and commonly 4.
func rewrite(stripped []byte) ([]byte, error) {
	p, err := readCoefficients(stripped)
	if err != nil {
		return nil, fmt.Errorf("the JPEG %w", err)
	}
	rewritten := p.file()
	if p.kept.turn == 0 && len(stripped) <= len(rewritten) {
		return stripped, nil
	}
	return rewritten, nil
}

// coefficients is a JPEG taken apart as far as its quantised coefficients, which
// are already turned. Names are those of ITU-T T.81.
type coefficients struct {
	kept          jpegFile // the application segments, and the turn
	turned        turning
	width, height int // as stored
	components    []*component
	quantisation  [4]*[64]uint16 // by destination, in zigzag order, turned
	sofs          byte           // the frame's marker, 0 before there is a frame
	scanned       bool

	interval int // MCUs between restarts, 0 if there are none
	huffman  [2][4]huffmanTable
}

// readCoefficients takes apart a file without metadata.
func readCoefficients(stripped []byte) (*coefficients, error) {
	p := &coefficients{turned: newTurning(0)}
	r := &reader{stripped[2:]}
	for {
		marker, err := r.marker()
		if err != nil {
			return nil, err
		}
		if marker == markerEOI {
			return p, p.complete()
		}
		body, err := r.jpegBody()
		if err == nil {
			err = p.segment(marker, body, r)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (p *coefficients) segment(marker byte, body []byte, r *reader) error {
	switch {
	case markerAPP0 <= marker && marker <= markerAPPE:
		was := p.kept.turn
		if p.kept.app(marker, body); p.kept.turn != was {
			p.turned = newTurning(p.kept.turn)
		}
		return nil
	case marker == markerDQT:
		return p.quantisationTables(body)
	case marker == markerDHT:
		return p.huffmanTables(body)
	case marker == markerDRI && len(body) == 2:
		p.interval = int(binary.BigEndian.Uint16(body))
		return nil
	case marker == markerSOF0, marker == markerSOF1, marker == markerSOF2:
		return p.frame(marker, body)
	case marker == markerSOS:
		return p.scan(body, r.scan())
	}
	return errKind
}

// What can be wrong.
var (
	errKind   = errors.New("is of a kind that is not rewritten") // T.81 has it, and phones do not
	errHeader = damaged("its header is wrong")
	errQuant  = damaged("a quantisation table is wrong")
)

// quantisationTables reads a DQT segment (B.2.4.1). One that comes later than the
// first scan might be meant for the scans behind it alone.
func (p *coefficients) quantisationTables(body []byte) error {
	if p.scanned {
		return errKind
	}
	for r := (&reader{body}); len(r.rest) > 0; {
		head, _ := r.take(1)
		size, destination := 1+int(head[0]>>4), head[0]&15
		values, err := r.take(64 * size)
		if err != nil || size > 2 || destination > 3 {
			return errQuant
		}
		p.quantisation[destination] = p.turned.table(values, size)
	}
	return nil
}

// table gives a quantisation table as it is after the turn. Its values are of one
// or two bytes.
func (t *turning) table(values []byte, size int) *[64]uint16 {
	var table [64]uint16
	for k := range table {
		value := uint16(values[k*size])
		if size == 2 {
			value = binary.BigEndian.Uint16(values[2*k:])
		}
		table[t.to[k]] = value
	}
	return &table
}

func (p *coefficients) huffmanTables(body []byte) error {
	for r := (&reader{body}); len(r.rest) > 0; {
		head, err := r.take(17)
		if err != nil || head[0]>>4 > 1 || head[0]&15 > 3 {
			return errTable
		}
		symbols := 0
		for _, n := range head[1:] {
			symbols += int(n)
		}
		values, err := r.take(symbols)
		if err != nil {
			return errTable
		}
		p.huffman[head[0]>>4][head[0]&15] = huffmanTable{counts: head[1:], symbols: values}
	}
	return nil
}

// complete is for the end. A decoder makes up what is missing of a coefficient,
// and each another.
func (p *coefficients) complete() error {
	for _, c := range p.components {
		if c.missing != [64]int{} {
			return damaged("part of the picture is missing")
		}
		if p.quantisation[c.quantisation] == nil {
			return errQuant
		}
		c.mark()
	}
	return nil
}

// file gives the file anew.
func (p *coefficients) file() []byte {
	file := pieces{{0xff, markerSOI}, p.jfif()}
	file.add(p.kept.icc...)
	file.add(p.kept.rest...)
	file.add(p.dqt(), p.sof(), p.scans(), []byte{0xff, markerEOI})
	return file.join()
}

// jfif gives the JFIF segment. Turned, its two densities are each other's.
func (p *coefficients) jfif() []byte {
	segment := bytes.Clone(p.kept.jfif)
	if segment != nil && p.turned.transposed {
		const x, y = 12, 14
		copy(segment[x:], p.kept.jfif[y:y+2])
		copy(segment[y:], p.kept.jfif[x:x+2])
	}
	return segment
}

// dqt gives the quantisation tables that are in use, of bytes where those hold
// the values.
func (p *coefficients) dqt() []byte {
	var file []byte
	for destination, table := range p.quantisation {
		if !slices.ContainsFunc(p.components, func(c *component) bool { return int(c.quantisation) == destination }) {
			continue
		}
		narrow, wide := []byte{byte(destination)}, []byte{1<<4 | byte(destination)}
		for _, value := range table {
			narrow, wide = append(narrow, byte(value)), binary.BigEndian.AppendUint16(wide, value)
		}
		if slices.Max(table[:]) > 255 {
			narrow = wide
		}
		file = append(file, newSegment(markerDQT, narrow)...)
	}
	return file
}

// sof gives the frame header (B.2.2).
func (p *coefficients) sof() []byte {
	width, height := p.turned.size(p.width, p.height)
	body := binary.BigEndian.AppendUint16([]byte{8}, uint16(height))
	body = binary.BigEndian.AppendUint16(body, uint16(width))
	body = append(body, byte(len(p.components)))
	for _, c := range p.components {
		body = append(body, c.id, byte(c.h<<4|c.v), c.quantisation)
	}
	return newSegment(markerSOF2, body)
}
