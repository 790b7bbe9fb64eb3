// Package photo makes a phone's picture fit to publish: it takes out all that
// says where, when and by whom it was taken, and nothing of the picture.
//
// [Strip] is lossless. Files are taken apart into their segments, chunks or
// blocks, and only those are kept that decide what is seen; what nobody knows
// goes. No pixel is decoded, so that a forged picture can cost no more than its
// own bytes, and what a decoder would find wrong with the pixels is not found.
//
// Not promised: that nothing is hidden in what is kept, such as the pixels or a
// colour profile. What somebody hides there on purpose is published.
package photo

import (
	"errors"
	"fmt"
	"slices"
)

// MaxPixels is how many pixels a picture may have.
const MaxPixels = 50_000_000

// What can be wrong with any of the formats.
var (
	errShort = errors.New("breaks off before its end")
	errEmpty = errors.New("holds no picture")
)

// format is a kind of picture: what people call it, and what strips it.
type format struct {
	name  string
	strip func(data []byte) (pieces, error)
}

var formats = map[string]format{
	"image/jpeg": {"JPEG", stripJPEG},
	"image/png":  {"PNG", stripPNG},
	"image/gif":  {"GIF", stripGIF},
	"image/webp": {"WebP", stripWebP},
}

// Strip gives the picture without its metadata: no Exif, XMP, IPTC, comments,
// texts, times, thumbnails, second pictures, films, or bytes behind the end. What
// decides how it looks stays byte for byte: pixels, palette, colour profile,
// animation; and so does the way it is to be turned, as the only entry of a new
// Exif. kind is image/jpeg, image/png, image/gif or image/webp, by content.
//
// The error says in words for the sender what is wrong, with nothing of the
// file's own in it: "the JPEG breaks off before its end". data is not changed,
// and what is given does not share its memory.
func Strip(data []byte, kind string) ([]byte, error) {
	parts, err := Pieces(data, kind)
	return slices.Concat(parts...), err
}

// Pieces gives what [Strip] gives, but in pieces, most of which are data's own
// memory: a photo need not be in memory twice.
func Pieces(data []byte, kind string) ([][]byte, error) {
	f, known := formats[kind]
	if !known {
		return nil, errors.New("it is not a JPEG, PNG, GIF or WebP picture")
	}
	parts, err := f.strip(data)
	if err != nil {
		return nil, fmt.Errorf("the %s %w", f.name, err)
	}
	return parts, nil
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
