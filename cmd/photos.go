package cmd

// Photos are made fit to publish one after the other, so that memory has to hold
// one of them and not ten.

import (
	"fmt"
	"io"
	"runtime/debug"
	"slices"

	"mailapp/filter"
	"mailapp/poster/flow"
	"mailapp/poster/photo"
)

// eachPhoto gives each photo that can be made ready to take, whose error ends it,
// with what people call it, and says of each that is broken why it is left out, a
// line each (C23). Others may turn out to be so when they are decoded, which the
// run tells. The picture is gone with the next one.
func eachPhoto(from []filter.Photo, take func(label string, p *photo.Picture, data []byte) error) (broken []string, err error) {
	if slices.ContainsFunc(from, func(p filter.Photo) bool { return p.Size() > largePhoto }) {
		debug.FreeOSMemory() // what the patterns have cost until here
	}
	var room []byte
	for i, p := range from {
		if room, err = p.AppendTo(room[:0]); err != nil {
			return nil, err
		}
		label := fmt.Sprintf("photo %d of %d", i+1, len(from))
		opened, err := photo.Open(room, p.Type)
		if err != nil {
			broken = append(broken, fmt.Sprintf("%s (%v)", label, err))
			continue
		}
		if err := take(label, opened, room); err != nil {
			return nil, err
		}
	}
	return broken, nil
}

// largePhoto is the size, in bytes, above which memory is cleared for a photo.
const largePhoto = 4 << 20

// publishable puts the photos that can be made ready into a file without a name,
// which is open until [mail.close].
func (m *mail) publishable(from []filter.Photo) (photos []flow.Photo, broken []string, err error) {
	if len(from) == 0 {
		return nil, nil, nil
	}
	if m.album, err = newSpool(m.state.run()); err != nil {
		return nil, nil, err
	}
	at := int64(0)
	broken, err = eachPhoto(from, func(label string, p *photo.Picture, data []byte) error {
		size, err := m.album.Write(data)
		photos = append(photos, flow.Photo{Label: label, Type: p.Type, Data: io.NewSectionReader(m.album, at, int64(size))})
		at += int64(size)
		return err
	})
	return photos, broken, err
}

// close lets go of what was written down on the way.
func (m *mail) close() {
	if m.album != nil {
		m.album.Close()
	}
}
