package photo

// ITU-T T.81. A JPEG is a list of segments, FF and a marker and mostly a length
// that counts itself; behind an SOS stands compressed data of unknown length, in
// which an FF is followed by 00 or is a restart marker.
//
// What phones put behind the end are other pictures: previews, depth maps, the
// brighter half of an HDR picture, and films.

import (
	"bytes"
	"encoding/binary"
)

const (
	markerTEM  = 0x01
	markerSOF0 = 0xc0
	markerSOF1 = 0xc1
	markerSOF2 = 0xc2
	markerDHT  = 0xc4
	markerJPG  = 0xc8
	markerDAC  = 0xcc
	markerRST0 = 0xd0
	markerRST7 = 0xd7
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerDQT  = 0xdb
	markerDRI  = 0xdd
	markerEXP  = 0xdf
	markerAPP0 = 0xe0
	markerAPP1 = 0xe1
	markerAPP2 = 0xe2
	markerAPPE = 0xee
)

// jpegFile is what is kept of a JPEG.
type jpegFile struct {
	jfif    []byte // the whole segment, nil if there is none
	icc     pieces // the colour profile, in segments
	turn    turn
	rest    pieces
	marker  byte   // of the frame header, which says how the picture is coded
	header  []byte // the body of that; nil before there was one
	scanned bool   // there was a scan
}

func openJPEG(data []byte) (*Picture, error) {
	f, err := readJPEG(data)
	if err != nil {
		return nil, err
	}
	p := &Picture{turn: f.turn, usual: f.isUsual(), join: f.join}
	p.Width, p.Height = f.size()
	return p, nil
}

func readJPEG(data []byte) (*jpegFile, error) {
	r := &reader{data}
	if err := r.start("\xff\xd8"); err != nil {
		return nil, err
	}
	var f jpegFile
	for {
		marker, err := r.marker()
		if err == nil && marker == markerEOI {
			return f.end()
		}
		if err == nil && !standsAlone(marker) {
			err = f.segment(r, marker)
		}
		if err != nil {
			return nil, err
		}
	}
}

// marker takes the next one, and what lies before it and means nothing.
func (r *reader) marker() (byte, error) {
	for {
		at := bytes.IndexByte(r.rest, 0xff)
		if at < 0 || at+1 >= len(r.rest) {
			return 0, errShort
		}
		marker := r.rest[at+1]
		if marker == 0xff {
			r.rest = r.rest[at+1:]
			continue
		}
		r.rest = r.rest[at+2:]
		if marker != 0 {
			return marker, nil
		}
	}
}

// standsAlone tells whether a marker has no length, and no meaning between
// segments.
func standsAlone(marker byte) bool {
	return marker == markerTEM || markerRST0 <= marker && marker <= markerRST7
}

// segment takes what belongs to a marker, and keeps it if it is needed.
func (f *jpegFile) segment(r *reader, marker byte) error {
	if marker == markerSOI {
		return damaged("it begins a second time")
	}
	body, err := r.jpegBody()
	if err != nil {
		return err
	}
	switch {
	case isFrame(marker):
		return f.frame(marker, body)
	case marker == markerSOS:
		return f.scan(body, r.scan())
	case marker == markerDHT, marker == markerDAC, markerDQT <= marker && marker <= markerEXP:
		f.keep(marker, body)
	case markerAPP0 <= marker && marker <= markerAPPE && !f.scanned:
		f.app(marker, body)
	}
	return nil
}

// jpegBody takes a segment's body, without its length.
func (r *reader) jpegBody() ([]byte, error) {
	length, err := r.take(2)
	if err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(length))
	if n < 2 {
		return nil, damaged("a length in it is wrong")
	}
	return r.take(n - 2)
}

// scan takes a scan's compressed data, up to the marker behind it.
func (r *reader) scan() []byte {
	n := 0
	for {
		at := bytes.IndexByte(r.rest[n:], 0xff)
		if at < 0 || n+at+1 >= len(r.rest) {
			n = len(r.rest)
			break
		}
		n += at
		next := r.rest[n+1]
		if next != 0 && next != 0xff && !standsAlone(next) {
			break
		}
		n++
		if next != 0xff { // which may begin a marker
			n++
		}
	}
	data, _ := r.take(n)
	return data
}

func isFrame(marker byte) bool {
	return markerSOF0 <= marker && marker < markerRST0 && marker != markerDHT && marker != markerJPG && marker != markerDAC
}

// frame keeps the frame header, which tells the size. Only hierarchical files
// have several, and nothing shows those.
func (f *jpegFile) frame(marker byte, body []byte) error {
	if len(body) < 6 {
		return damaged("its size is missing")
	}
	if f.header != nil {
		return damaged("it has two sizes")
	}
	f.marker, f.header = marker, body
	f.keep(marker, body)
	return checkSize(f.size())
}

// size is that of the frame header.
func (f *jpegFile) size() (width, height int) {
	return int(binary.BigEndian.Uint16(f.header[3:])), int(binary.BigEndian.Uint16(f.header[1:]))
}

// isUsual tells whether the picture is as all cameras write them: sequential or
// progressive, Huffman coded, 8 bits deep, in grey or in colours that are not
// meant for a press.
func (f *jpegFile) isUsual() bool {
	const depth, components = 0, 5
	return f.marker <= markerSOF2 && f.header[depth] == 8 && (f.header[components] == 1 || f.header[components] == 3)
}

func (f *jpegFile) scan(header, data []byte) error {
	if f.header == nil {
		return damaged("its size is missing")
	}
	f.scanned = true
	f.keep(markerSOS, header)
	f.rest.add(data)
	return nil
}

// app keeps of the application segments what decides how the picture looks:
// JFIF and Adobe say what its colours are, without the thumbnail that a JFIF
// can have, and an ICC profile what they look like. Of Exif it keeps the turn.
func (f *jpegFile) app(marker byte, body []byte) {
	switch {
	case marker == markerAPP0 && begins(body, "JFIF\x00", 14) && f.jfif == nil:
		thumbless := append(bytes.Clone(body[:12]), 0, 0)
		f.jfif = newSegment(marker, thumbless)
	case marker == markerAPPE && begins(body, "Adobe", 12):
		f.keep(marker, body[:12])
	case marker == markerAPP2 && begins(body, "ICC_PROFILE\x00", 14):
		f.icc.add(segmentHead(marker, body), body)
	case marker == markerAPP1 && begins(body, exifPrefix, 0) && f.turn == 0:
		f.turn = readTurn(body[len(exifPrefix):])
	}
}

// begins tells whether a body has that name and so many bytes with it.
func begins(body []byte, name string, length int) bool {
	return len(body) >= length && bytes.HasPrefix(body, []byte(name))
}

func (f *jpegFile) keep(marker byte, body []byte) { f.rest.add(segmentHead(marker, body), body) }

func segmentHead(marker byte, body []byte) []byte {
	return binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(2+len(body)))
}

func newSegment(marker byte, body []byte) []byte { return append(segmentHead(marker, body), body...) }

func (f *jpegFile) end() (*jpegFile, error) {
	if !f.scanned {
		return nil, errEmpty
	}
	return f, nil
}

// join gives the new file. JFIF wants to be first in it.
func (f *jpegFile) join(t turn) []byte {
	file := pieces{{0xff, markerSOI}, f.jfif}
	if t != 0 {
		file.add(newSegment(markerAPP1, append([]byte(exifPrefix), t.tiff()...)))
	}
	file.add(f.icc...)
	file.add(f.rest...)
	file.add([]byte{0xff, markerEOI})
	return file.join()
}
