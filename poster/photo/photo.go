// Package photo makes a phone's picture fit to publish: it takes out all that
// says where, when and by whom it was taken, and nothing of the picture.
//
// [Open] takes a file apart into its segments, chunks or blocks, and only those
// are kept that decide what is seen; what nobody knows goes. No pixel is decoded
// here, so that a forged picture can cost no more than its own bytes, and what a
// decoder would find wrong with the pixels is not found. [Picture.Ready] gives
// what can be published so; all else is for a decoder that may die of it (the
// browser, for HEIC [Picture.Readable] before it), and [Finish] sees to what that has
// made.
//
// Not promised: that nothing is hidden in what is kept, such as the pixels or a
// colour profile. What somebody hides there on purpose is published.
package photo

import (
	"errors"
	"fmt"
	"slices"

	"mailapp/filter/picture"
)

// MaxPixels is how many pixels a picture may have.
const MaxPixels = 50_000_000

// What can be wrong with any of the formats.
var (
	errShort = errors.New("breaks off before its end")
	errEmpty = errors.New("holds no picture")
)

// format is a kind of picture: what people call it, and what takes it apart.
type format struct {
	name string
	open func(data []byte) (*Picture, error)
}

var formats = map[string]format{
	picture.JPEG: {"JPEG", openJPEG},
	picture.PNG:  {"PNG", openPNG},
	picture.GIF:  {"GIF", openGIF},
	picture.WebP: {"WebP", openWebP},
	picture.AVIF: {"AVIF", openWhole},
	picture.HEIC: {"HEIC", openHEIC},
	picture.BMP:  {"BMP", openWhole},
}

// Name is what people call a type of pictures; "" for one that cannot be opened.
func Name(kind string) string { return formats[kind].name }

// Picture is a file that was taken apart. It shares the file's memory.
type Picture struct {
	Type          string // image/jpeg and so on, by content
	Width, Height int    // in pixels, as stored

	turn  turn
	usual bool              // it is whole, and every program that shows such files can show it
	whole []byte            // the file as it came
	join  func(turn) []byte // the file without metadata, turned so; nil if only a decoder can part it from that
}

// Open takes a file apart. kind is what [picture.Type] says of it.
//
// The error says in words for the sender what is wrong, with nothing of the
// file's own in it: "the JPEG breaks off before its end".
func Open(data []byte, kind string) (*Picture, error) {
	f, known := formats[kind]
	if !known {
		return nil, errors.New("it is of no kind of picture that can be published")
	}
	p, err := f.open(data)
	if err != nil {
		return nil, fmt.Errorf("the %s %w", f.name, err)
	}
	p.Type, p.whole = kind, data
	return p, nil
}

// openWhole is for formats that are only ever decoded: nothing of the file
// itself is published.
func openWhole(data []byte) (*Picture, error) {
	p := &Picture{}
	if p.Width, p.Height = picture.Size(data); p.Width == 0 {
		return nil, damaged("its size is missing")
	}
	return p, checkSize(p.Width, p.Height)
}

// Strip gives the picture without its metadata: no Exif, XMP, IPTC, comments,
// texts, times, thumbnails, second pictures, films, or bytes behind the end. What
// decides how it looks stays byte for byte: pixels, palette, colour profile,
// animation; and so does the way it is to be turned, as the only entry of a new
// Exif. kind is image/jpeg, image/png, image/gif or image/webp, by content. The
// error is as Open's.
//
// data is not changed, and what is given does not share its memory.
func Strip(data []byte, kind string) ([]byte, error) {
	p, err := Open(data, kind)
	if err != nil {
		return nil, err
	}
	if p.join == nil {
		return nil, errors.New("it is not a JPEG, PNG, GIF or WebP picture")
	}
	return p.join(p.turn), nil
}

func damaged(what string) error { return errors.New("is damaged: " + what) }

// checkSize is asked before anything of the pixels is read (C24).
func checkSize(width, height int) error {
	if width <= 0 || height <= 0 {
		return errEmpty
	}
	if pixels := int64(width) * int64(height); pixels > MaxPixels {
		return fmt.Errorf("has %d x %d pixels, and more than %d megapixels cannot be taken", width, height, MaxPixels/1_000_000)
	}
	return nil
}

// reader takes a file apart from its front.
type reader struct{ rest []byte }

// take gives the next n bytes.
func (r *reader) take(n int) ([]byte, error) {
	if n < 0 || n > len(r.rest) { // where int has 32 bits, a length can become negative
		return nil, errShort
	}
	taken := r.rest[:n:n]
	r.rest = r.rest[n:]
	return taken, nil
}

// start takes what the file must begin with.
func (r *reader) start(signature string) error {
	begin, err := r.take(len(signature))
	if err == nil && string(begin) != signature {
		err = damaged("its first bytes are wrong")
	}
	return err
}

// pieces are the parts of a file that are kept, in order, as slices of it.
type pieces [][]byte

func (p *pieces) add(parts ...[]byte) { *p = append(*p, parts...) }

func (p pieces) join() []byte { return slices.Concat(p...) }
