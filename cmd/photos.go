package cmd

// Photos are made fit to publish one after the other, so that memory has to hold
// one of them and not ten.

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"slices"

	"mailapp/filter"
	"mailapp/poster"
	"mailapp/poster/photo"
)

// eachPhoto gives each photo without all that the phone wrote into it to take,
// whose error ends it. It says of each that is broken why it is left out, a line
// each (C23). A mail all of whose photos are is one without photos: the site says
// whether it needs any.
func eachPhoto(from []filter.Photo, take func(p filter.Photo, stripped net.Buffers) error) (broken []string, err error) {
	if slices.ContainsFunc(from, func(p filter.Photo) bool { return p.Size() > largePhoto }) {
		debug.FreeOSMemory() // what the patterns have cost until here
	}
	var room []byte
	for i, p := range from {
		if room, err = p.AppendTo(room[:0]); err != nil {
			return nil, err
		}
		stripped, err := photo.Pieces(room, p.Type)
		if err != nil {
			broken = append(broken, fmt.Sprintf("photo %d of %d (%v)", i+1, len(from), err))
			continue
		}
		if err := take(p, stripped); err != nil {
			return nil, err
		}
	}
	return broken, nil
}

// largePhoto is the size, in bytes, above which memory is cleared for a photo.
const largePhoto = 4 << 20

// publishable puts the photos as they are published into a file without a name,
// which is open until [mail.close].
func (m *mail) publishable(from []filter.Photo) (photos []poster.Photo, broken []string, err error) {
	if len(from) == 0 {
		return nil, nil, nil
	}
	if m.album, err = newSpool(m.state.run()); err != nil {
		return nil, nil, err
	}
	out, at := bufio.NewWriterSize(m.album, 64<<10), int64(0)
	broken, err = eachPhoto(from, func(p filter.Photo, stripped net.Buffers) error {
		size, err := stripped.WriteTo(out)
		photos = append(photos, poster.Photo{Type: p.Type, Data: io.NewSectionReader(m.album, at, size)})
		at += size
		return err
	})
	return photos, broken, errors.Join(err, out.Flush())
}

// close lets go of what was written down on the way.
func (m *mail) close() {
	if m.album != nil {
		m.album.Close()
	}
}
