package filter

// winmail.dat (MS-OXTNEF): Outlook's own wrapping of a message, with the
// photos in it. Only what can go into an ad is read: the attachments' bytes and
// names, and the text where the mail has none beside it. Every length is
// checked against what is there, so that time and memory are linear in it.

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

var tnefSignature = []byte{0x78, 0x9f, 0x3e, 0x22}

const tnefHead = 6 // bytes: the signature and a key

// Attributes of TNEF (MS-OXTNEF 2.1.3.3) and properties of MAPI (MS-OXPROPS).
const (
	tnefBody       = 0x0002800c
	tnefMessage    = 0x00069003
	tnefBeginsFile = 0x00069002
	tnefFileName   = 0x00018010
	tnefFileData   = 0x0006800f
	tnefFileProps  = 0x00069005

	mapiBody     = 0x1000
	mapiHTML     = 0x1013
	mapiLongName = 0x3707

	maxProperties = 10_000
)

// tnefFile is one attachment.
type tnefFile struct {
	name string
	data []byte
}

// tnef is what a winmail.dat holds. HTML is in the charset that it names.
type tnef struct {
	text, html string
	files      []tnefFile
}

// isTNEF tells a winmail.dat by its first bytes.
func isTNEF(begin []byte) bool {
	return bytes.HasPrefix(begin, tnefSignature) && len(begin) >= tnefHead
}

// readTNEF reads as far as it makes sense.
func readTNEF(data []byte) (t tnef) {
	for rest := data[tnefHead:]; len(rest) >= 9; {
		id, size := binary.LittleEndian.Uint32(rest[1:]), binary.LittleEndian.Uint32(rest[5:])
		rest = rest[9:]
		if uint64(size)+2 > uint64(len(rest)) {
			break
		}
		if len(t.files) > maxParts {
			break
		}
		t.attribute(id, rest[:size])
		rest = rest[size+2:] // with its checksum
	}
	return t
}

func (t *tnef) attribute(id uint32, value []byte) {
	if id == tnefBeginsFile {
		t.files = append(t.files, tnefFile{})
	}
	file := &tnefFile{} // of nothing, before the first
	if n := len(t.files); n > 0 {
		file = &t.files[n-1]
	}
	switch id {
	case tnefBody:
		t.text = cString(value)
	case tnefFileName:
		file.name = cString(value)
	case tnefFileData:
		file.data = value
	case tnefMessage:
		t.message(value)
	case tnefFileProps:
		readMAPI(value, func(id uint16, unicode bool, value []byte) {
			if id == mapiLongName {
				file.name = mapiText(unicode, value)
			}
		})
	}
}

func (t *tnef) message(value []byte) {
	readMAPI(value, func(id uint16, unicode bool, value []byte) {
		switch id {
		case mapiBody:
			t.text = mapiText(unicode, value)
		case mapiHTML:
			t.html = string(value)
		}
	})
}

// cString is an 8-bit text up to its NUL.
func cString(value []byte) string {
	value, _, _ = bytes.Cut(value, []byte{0})
	return toUTF8("", value)
}

func mapiText(unicode bool, value []byte) string {
	if !unicode {
		return cString(value)
	}
	units := make([]uint16, len(value)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(value[2*i:])
	}
	return strings.TrimRight(string(utf16.Decode(units)), "\x00")
}

// readMAPI calls found for each text or binary property (MS-OXTNEF 2.1.3.4).
func readMAPI(data []byte, found func(id uint16, unicode bool, value []byte)) {
	m := mapiReader{data}
	for range min(m.number(), maxProperties) {
		kind, id := uint16(m.take16()), uint16(m.take16())
		if id >= 0x8000 && !m.skipName() {
			return
		}
		values := uint32(1)
		multiple := kind&0x1000 != 0
		kind &^= 0x1000
		variable := kind == 0x1e || kind == 0x1f || kind == 0x102 || kind == 0xd
		if multiple || variable {
			values = m.number()
		}
		for range min(values, maxProperties) {
			size := fixedSize(kind)
			if variable {
				size = m.number()
			}
			value, ok := m.take(size)
			if !ok {
				return
			}
			if variable && !multiple {
				found(id, kind == 0x1f, value)
			}
		}
	}
}

// fixedSize is the size of a property's value that has no length of its own.
func fixedSize(kind uint16) uint32 {
	switch kind {
	case 0x05, 0x06, 0x07, 0x14, 0x40:
		return 8
	case 0x48:
		return 16
	}
	return 4
}

// mapiReader takes numbers and values off its data; at its end all are 0.
type mapiReader struct{ data []byte }

// take takes size bytes, which are padded to a multiple of four.
func (m *mapiReader) take(size uint32) ([]byte, bool) {
	if uint64(size) > uint64(len(m.data)) {
		m.data = nil
		return nil, false
	}
	value := m.data[:size]
	m.data = m.data[min(uint64(size+3)&^3, uint64(len(m.data))):]
	return value, true
}

func (m *mapiReader) number() uint32 {
	value, ok := m.take(4)
	if !ok {
		return 0
	}
	return binary.LittleEndian.Uint32(value)
}

func (m *mapiReader) take16() int {
	if len(m.data) < 2 {
		m.data = nil
		return 0
	}
	n := binary.LittleEndian.Uint16(m.data)
	m.data = m.data[2:]
	return int(n)
}

// skipName skips the name of a property that has one: a GUID, then a number or
// a text.
func (m *mapiReader) skipName() bool {
	if _, ok := m.take(16); !ok {
		return false
	}
	if m.number() == 0 {
		_, ok := m.take(4)
		return ok
	}
	_, ok := m.take(m.number())
	return ok
}
