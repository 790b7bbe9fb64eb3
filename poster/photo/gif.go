package photo

// GIF89a: a screen, its palette, then pictures and extensions, whose data are
// blocks of up to 255 bytes with an empty one at their end.

import (
	"encoding/binary"
	"slices"
)

const (
	gifExtension = 0x21
	gifPicture   = 0x2c
	gifTrailer   = 0x3b

	gifControl     = 0xf9 // how the next picture is shown
	gifApplication = 0xff

	gifHasPalette = 0x80
)

// gifLoops are the applications whose extension says how often an animation is
// shown.
var gifLoops = []string{"NETSCAPE2.0", "ANIMEXTS1.0"}

// gifFile is what is kept of a GIF.
type gifFile struct {
	*reader
	pieces
	width, height int  // of the screen
	shown         bool // there was a picture
}

func openGIF(data []byte) (*Picture, error) {
	f := &gifFile{reader: &reader{data}}
	if err := f.screen(); err != nil {
		return nil, err
	}
	for {
		kind, err := f.take(1)
		if err != nil && f.shown {
			return f.end(false)
		}
		if err != nil {
			return nil, err
		}
		switch kind[0] {
		case gifTrailer:
			return f.end(true)
		case gifPicture:
			err = f.picture()
		case gifExtension:
			err = f.extension()
		default:
			err = damaged("a part of it is of no known kind")
		}
		if err != nil {
			return nil, err
		}
	}
}

// screen keeps header and palette.
func (f *gifFile) screen() error {
	head, err := f.take(13)
	if err != nil {
		return err
	}
	if version := string(head[:6]); version != "GIF87a" && version != "GIF89a" {
		return damaged("its first bytes are wrong")
	}
	f.add(head)
	f.width, f.height = little(head[6:]), little(head[8:])
	if err := checkSize(f.width, f.height); err != nil {
		return err
	}
	return f.palette(head[10])
}

func little(b []byte) int { return int(binary.LittleEndian.Uint16(b)) }

// palette keeps the palette that flags speak of, if any.
func (f *gifFile) palette(flags byte) error {
	if flags&gifHasPalette == 0 {
		return nil
	}
	colours, err := f.take(3 << (flags&7 + 1))
	f.add(colours)
	return err
}

// picture keeps one picture. It may be larger than the screen, which then grows.
func (f *gifFile) picture() error {
	head, err := f.take(9)
	if err != nil {
		return err
	}
	if err := checkSize(little(head[4:]), little(head[6:])); err != nil {
		return err
	}
	f.add([]byte{gifPicture}, head)
	if err := f.palette(head[8]); err != nil {
		return err
	}
	codeSize, err := f.take(1)
	if err != nil {
		return err
	}
	data, err := f.blocks()
	f.add(codeSize, data)
	f.shown = true
	return err
}

// blocks takes blocks up to the empty one, and gives them with their lengths.
func (r *reader) blocks() ([]byte, error) {
	n := 0
	for n < len(r.rest) && r.rest[n] != 0 {
		n += 1 + int(r.rest[n])
	}
	return r.take(n + 1)
}

// extension keeps those that decide how pictures follow each other. Comments,
// texts that nothing shows, XMP and what else applications write are not kept.
func (f *gifFile) extension() error {
	label, err := f.take(1)
	if err != nil {
		return err
	}
	data, err := f.blocks()
	if err != nil {
		return err
	}
	switch {
	case label[0] == gifControl && len(data) == 6 && data[0] == 4:
		f.add([]byte{gifExtension, gifControl}, data)
	case label[0] == gifApplication && isLoop(data):
		f.add([]byte{gifExtension, gifApplication}, data[:16], []byte{0})
	}
	return nil
}

// isLoop tells whether application data begin with a name and, as their second
// block, with how often: a 1 and the number.
func isLoop(data []byte) bool {
	return len(data) >= 17 && data[0] == 11 && slices.Contains(gifLoops, string(data[1:12])) && data[12] == 3 && data[13] == 1
}

// end gives the picture, with an end if it had none. A GIF cannot say how it is to
// be turned.
func (f *gifFile) end(whole bool) (*Picture, error) {
	if !f.shown {
		return nil, errEmpty
	}
	f.add([]byte{gifTrailer})
	return &Picture{Width: f.width, Height: f.height, usual: whole, join: func(turn) []byte { return f.pieces.join() }}, nil
}
