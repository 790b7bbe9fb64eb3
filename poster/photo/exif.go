package photo

import "encoding/binary"

// exifPrefix stands before the TIFF in a JPEG, and sometimes in a WebP.
const exifPrefix = "Exif\x00\x00"

const (
	tagOrientation = 0x0112
	typeShort      = 3
)

// turn is how a picture is to be turned and mirrored to be upright, as Exif
// numbers it: 2 to 8, or 0 if it is upright or nobody says.
type turn uint16

// readTurn reads it from Exif data (TIFF 6.0). Only the entries of the first
// directory are looked at, each once, and no pointer but the one to it is
// followed: those of MakerNotes and the like may lead in circles.
func readTurn(tiff []byte) turn {
	order := byteOrder(tiff)
	if order == nil {
		return 0
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 0
	}
	count, entries := order.Uint16(tiff[at:]), tiff[at+2:]
	for ; count > 0 && len(entries) >= 12; count, entries = count-1, entries[12:] {
		if order.Uint16(entries) == tagOrientation {
			return turnOf(order, entries)
		}
	}
	return 0
}

// byteOrder gives how numbers are written, nil if this is no TIFF.
func byteOrder(tiff []byte) binary.ByteOrder {
	if len(tiff) < 8 {
		return nil
	}
	switch string(tiff[:4]) {
	case "II*\x00":
		return binary.LittleEndian
	case "MM\x00*":
		return binary.BigEndian
	}
	return nil
}

func turnOf(order binary.ByteOrder, entry []byte) turn {
	value := turn(order.Uint16(entry[8:]))
	if order.Uint16(entry[2:]) != typeShort || order.Uint32(entry[4:]) != 1 || value < 2 || value > 8 {
		return 0
	}
	return value
}

// tiff gives the smallest Exif data that says it.
func (t turn) tiff() []byte {
	b := []byte("MM\x00*\x00\x00\x00\x08\x00\x01") // one directory with one entry
	b = binary.BigEndian.AppendUint16(b, tagOrientation)
	b = binary.BigEndian.AppendUint16(b, typeShort)
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint16(b, uint16(t))
	return append(b, 0, 0, 0, 0, 0, 0) // fills the entry; no further directory
}
