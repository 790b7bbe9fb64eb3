package photo

// The PNG specification, third edition: a list of chunks, each a length, a name,
// the data and a checksum. A name that begins with a capital is of a chunk that
// nobody can do without.

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngKept are the chunks that decide what is seen, and how long they may be: a
// text could hide behind a gamma. IHDR, eXIf and IEND are made anew or kept
// apart.
var pngKept = map[string]int{
	"PLTE": 768, "IDAT": math.MaxInt32, "tRNS": 256, "bKGD": 6,
	"gAMA": 4, "cHRM": 32, "sRGB": 1, "sBIT": 4, "iCCP": math.MaxInt32, "cICP": 4, "pHYs": 9,
	"acTL": 8, "fcTL": 26, "fdAT": math.MaxInt32,
}

type pngChunk struct {
	name  string
	body  []byte
	whole []byte
}

func (c pngChunk) critical() bool { return c.name[0]&0x20 == 0 }

// sound tells whether the checksum is right.
func (c pngChunk) sound() bool {
	sum := len(c.whole) - 4
	return crc32.ChecksumIEEE(c.whole[4:sum]) == binary.BigEndian.Uint32(c.whole[sum:])
}

// pngFile is what is kept of a PNG behind its header.
type pngFile struct {
	head   []byte // IHDR
	turn   turn
	rest   pieces
	pixels bool // there was an IDAT
}

func openPNG(data []byte) (*Picture, error) {
	r := &reader{data}
	if err := r.start(pngSignature); err != nil {
		return nil, err
	}
	head, err := r.pngHeader()
	if err != nil {
		return nil, err
	}
	f := pngFile{head: head}
	for {
		c, err := r.pngChunk()
		if err != nil && !f.pixels {
			return nil, err
		}
		if err != nil || c.name == "IEND" {
			return f.picture(err == nil)
		}
		if err := f.chunk(c); err != nil {
			return nil, err
		}
	}
}

func (r *reader) pngHeader() ([]byte, error) {
	c, err := r.pngChunk()
	if err != nil {
		return nil, err
	}
	if c.name != "IHDR" || len(c.body) != 13 || !c.sound() {
		return nil, damaged("its header is wrong")
	}
	width, height := binary.BigEndian.Uint32(c.body), binary.BigEndian.Uint32(c.body[4:])
	if max(width, height) > math.MaxInt32 {
		return nil, damaged("its size is wrong")
	}
	return c.whole, checkSize(int(width), int(height))
}

func (r *reader) pngChunk() (c pngChunk, err error) {
	if len(r.rest) < 8 {
		return c, errShort
	}
	n := binary.BigEndian.Uint32(r.rest)
	if uint64(n)+12 > uint64(len(r.rest)) {
		return c, errShort
	}
	c.whole, err = r.take(int(n) + 12)
	c.name, c.body = string(c.whole[4:8]), c.whole[8:8+n]
	return c, err
}

// chunk keeps a chunk that is needed. A damaged one is a damaged picture only
// if there is no picture without it.
func (f *pngFile) chunk(c pngChunk) error {
	most, known := pngKept[c.name]
	sound := c.sound() && (!known || len(c.body) <= most)
	switch {
	case c.critical() && !known:
		return damaged("a part of it is of no known kind")
	case c.critical() && !sound:
		return damaged("the checksum of a part is wrong")
	case !sound: // every program shows the picture without it
	case c.name == "eXIf":
		f.turn = readTurn(c.body)
	case known:
		f.pixels = f.pixels || c.name == "IDAT"
		f.rest.add(c.whole)
	}
	return nil
}

// picture gives the picture, with an end if it had none: then only a decoder can
// say whether its rows are all there.
func (f *pngFile) picture(whole bool) (*Picture, error) {
	if !f.pixels {
		return nil, errEmpty
	}
	width, height := binary.BigEndian.Uint32(f.head[8:]), binary.BigEndian.Uint32(f.head[12:])
	return &Picture{Width: int(width), Height: int(height), turn: f.turn, usual: whole, join: f.join}, nil
}

func (f *pngFile) join(t turn) []byte {
	file := pieces{[]byte(pngSignature), f.head}
	if t != 0 {
		file.add(newPNGChunk("eXIf", t.tiff()))
	}
	file.add(f.rest...)
	file.add(newPNGChunk("IEND", nil))
	return file.join()
}

func newPNGChunk(name string, body []byte) []byte {
	c := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	c = append(append(c, name...), body...)
	return binary.BigEndian.AppendUint32(c, crc32.ChecksumIEEE(c[4:]))
}
