package photo

// RFC 9649: a RIFF file, a list of chunks, each a name, a length and its data,
// filled up to an even length. A frame of an animation holds chunks again.

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// The flags of a VP8X chunk that speak of metadata.
const (
	webpHasXMP  = 1 << 2
	webpHasExif = 1 << 3
)

const webpFrameHead = 16 // bytes of an ANMF chunk before the chunks in it

// webpFile is what is kept of a WebP.
type webpFile struct {
	pieces
	header []byte // a copy of the VP8X chunk's body, nil if there is none
	turn   turn
	shown  bool // there was a picture

	width, height int // of the picture or, if there are several, of all
}

func openWebP(data []byte) (*Picture, error) {
	r := &reader{data}
	head, err := r.take(12)
	if err != nil {
		return nil, err
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WEBP" {
		return nil, damaged("its first bytes are wrong")
	}
	size := uint64(binary.LittleEndian.Uint32(head[4:]))
	if size < 4 || size-4 > uint64(len(r.rest)) {
		return nil, errShort
	}
	var f webpFile
	if err := f.chunks(r.rest[:size-4], f.chunk); err != nil {
		return nil, err
	}
	return f.end()
}

// chunks has each of the chunks in data looked at.
func (f *webpFile) chunks(data []byte, look func(name string, body []byte) error) error {
	for r := (&reader{data}); len(r.rest) > 0; {
		head, err := r.take(8)
		if err != nil {
			return err
		}
		n := binary.LittleEndian.Uint32(head[4:])
		if uint64(n) > uint64(len(r.rest)) {
			return errShort
		}
		body, _ := r.take(int(n))
		_, _ = r.take(int(n & 1)) // some leave the last filling out
		if err := look(string(head[:4]), body); err != nil {
			return err
		}
	}
	return nil
}

// chunk keeps one chunk of the file if it is needed.
func (f *webpFile) chunk(name string, body []byte) error {
	switch name {
	case "VP8X":
		return f.extended(body)
	case "EXIF":
		if f.turn == 0 {
			f.turn = readTurn(bytes.TrimPrefix(body, []byte(exifPrefix)))
		}
	case "ICCP", "ANIM":
		f.keep(name, body)
	case "ANMF":
		return f.frame(body)
	default:
		return f.pixels(name, body)
	}
	return nil
}

// extended keeps the header that only files with more than one chunk have.
func (f *webpFile) extended(body []byte) error {
	if len(body) < 10 || f.header != nil || len(f.pieces) > 0 {
		return damaged("its header is wrong")
	}
	f.header = bytes.Clone(body[:10])
	f.width, f.height = 1+little24(body[4:]), 1+little24(body[7:])
	return checkSize(f.width, f.height)
}

func little24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// pixels keeps a chunk that is part of a picture, unless it is of a second one.
func (f *webpFile) pixels(name string, body []byte) error {
	var width, height int
	switch {
	case f.shown:
		return nil
	case name == "ALPH":
		f.keep(name, body)
		return nil
	case name == "VP8 " && len(body) >= 10: // RFC 6386 §9.1
		width, height = little(body[6:])&0x3fff, little(body[8:])&0x3fff
	case name == "VP8L" && len(body) >= 5 && body[0] == 0x2f: // 14 bits each
		bits := int(binary.LittleEndian.Uint32(body[1:]))
		width, height = 1+bits&0x3fff, 1+bits>>14&0x3fff
	case name == "VP8 ", name == "VP8L":
		return damaged("its size is missing")
	default:
		return nil
	}
	f.shown = true
	f.keep(name, body)
	if f.header == nil {
		f.width, f.height = width, height
	}
	return checkSize(width, height)
}

// frame keeps a frame of an animation without what is not needed in it.
func (f *webpFile) frame(body []byte) error {
	if len(body) < webpFrameHead {
		return damaged("a part of it is too short")
	}
	var inner webpFile
	if err := inner.chunks(body[webpFrameHead:], inner.pixels); err != nil {
		return err
	}
	f.shown = f.shown || inner.shown
	f.keep("ANMF", append(bytes.Clone(body[:webpFrameHead]), inner.join()...))
	return nil
}

func (f *webpFile) keep(name string, body []byte) {
	f.add(webpHead(name, len(body)), body, make([]byte, len(body)&1))
}

func webpHead(name string, length int) []byte {
	return binary.LittleEndian.AppendUint32([]byte(name), uint32(length))
}

func (f *webpFile) end() (*Picture, error) {
	if !f.shown {
		return nil, errEmpty
	}
	return &Picture{Width: f.width, Height: f.height, turn: f.turn, usual: true, join: f.file}, nil
}

// file gives the new file. Only one with a VP8X chunk can say how it is turned;
// Exif comes behind the picture.
func (f *webpFile) file(t turn) []byte {
	var front, behind webpFile
	if f.header != nil {
		header := bytes.Clone(f.header)
		header[0] &^= webpHasXMP | webpHasExif
		if t != 0 {
			header[0] |= webpHasExif
			behind.keep("EXIF", t.tiff())
		}
		front.keep("VP8X", header)
	}
	all := slices.Concat(front.pieces, f.pieces, behind.pieces)
	length := 4
	for _, piece := range all {
		length += len(piece)
	}
	return append(pieces{webpHead("RIFF", length), []byte("WEBP")}, all...).join()
}
