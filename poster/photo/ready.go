package photo

import (
	"fmt"
	"slices"

	"mailapp/filter/picture"
)

// Limits are what a site takes.
type Limits struct {
	Side  int      // pixels of the longer side
	Bytes int64    // of a file
	Types []string // what it takes beside JPEG: image/png, image/gif, image/webp
}

// Ready gives the file that can be published with no pixel touched, named by its
// type; nil if there is none within the limits: then the picture has to be
// decoded, and becomes a JPEG.
func (p *Picture) Ready(l Limits) []byte {
	if !p.usual || max(p.Width, p.Height) > l.Side || p.Type != picture.JPEG && !slices.Contains(l.Types, p.Type) {
		return nil
	}
	if file := p.upright(); file != nil && int64(len(file)) <= l.Bytes {
		return file
	}
	return nil
}

// upright gives the file without metadata, and the picture in it turned upright;
// nil if that cannot be done without decoding it.
func (p *Picture) upright() []byte {
	if p.turn == 0 {
		return p.join(0)
	}
	if p.Type != picture.JPEG {
		return nil
	}
	file, err := rewrite(p.join(p.turn))
	if err != nil {
		return nil
	}
	return file
}

// Spoilt is what has come of a picture in a decoder, in words for its sender that
// go on from "the photo".
type Spoilt struct{ how string }

// Error gives the words.
func (s *Spoilt) Error() string { return s.how }

// What a picture can come to in any decoder.
var (
	ErrUnreadable = &Spoilt{"is damaged: it cannot be read"}
	ErrTooSlow    = &Spoilt{fmt.Sprintf("takes longer than %v to read", Limit)}
	ErrTooMuch    = &Spoilt{"takes more memory than there is for it"}
	ErrNotTried   = &Spoilt{"was not read, since others before it took too long"}
)

// Negative gives what is to be decoded, and how to turn what comes of it, as Exif
// numbers it: 1 is upright. Nothing in the file itself says so any more where
// decoders have believed that or not; of HEIF files all do.
func (p *Picture) Negative() (file []byte, turn int) {
	if p.join == nil {
		return p.whole, 1
	}
	return p.join(0), max(int(p.turn), 1)
}

// Finish gives the JPEG that a browser has made as it is published: without
// metadata, should there be any, and without the profile of sRGB, which is what
// everybody takes a JPEG for that says nothing; and progressive, which is smaller,
// where it is small enough to be rewritten.
func Finish(jpeg []byte) ([]byte, error) {
	f, err := readJPEG(jpeg)
	if err != nil {
		return nil, fmt.Errorf("the browser's JPEG %w", err)
	}
	f.icc = nil
	file := f.join(0)
	if rewritten, err := rewrite(file); err == nil {
		return rewritten, nil
	}
	return file, nil
}
