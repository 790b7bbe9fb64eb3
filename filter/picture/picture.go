// Package picture tells what a picture file is by its own first bytes, never by
// its name: its type, and how many pixels it claims to have. No pixel is decoded,
// and no more of the file is looked at than leads to its size.
//
// What is told is a claim. Whoever decodes the file must still bound the work.
package picture

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// The types of pictures that are told apart, as media types.
const (
	JPEG = "image/jpeg"
	PNG  = "image/png"
	GIF  = "image/gif"
	WebP = "image/webp"
	AVIF = "image/avif"
	HEIC = "image/heic" // and HEIF, whose pixels are in HEVC
	BMP  = "image/bmp"
)

// signatures are what files of a type begin with.
var signatures = []struct{ begin, kind string }{
	{"\xff\xd8\xff", JPEG},
	{"\x89PNG\r\n\x1a\n", PNG},
	{"GIF87a", GIF},
	{"GIF89a", GIF},
}

// Type tells by its first bytes what picture data is; "" if it is none of those.
func Type(data []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(data, []byte(s.begin)) {
			return s.kind
		}
	}
	switch {
	case bytes.HasPrefix(data, []byte("RIFF")) && len(data) >= 14 && string(data[8:14]) == "WEBPVP":
		return WebP
	case isBMP(data):
		return BMP
	}
	return brandType(data)
}

// Brands of ISO/IEC 14496-12 files that are pictures: those of AV1 in HEIF, and
// of HEVC in HEIF (ISO/IEC 23008-12 annex B). mif1 and msf1 say nothing of what
// the pixels are in.
var (
	avifBrands = []string{"avif", "avis"}
	heicBrands = []string{"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1"}
)

// brandType tells a HEIF file by the brands that its first box lists. AVIF files
// list mif1, too.
func brandType(data []byte) string {
	if len(data) < 16 || string(data[4:8]) != "ftyp" {
		return ""
	}
	end := min(uint64(binary.BigEndian.Uint32(data)), uint64(len(data)), 512)
	brands := []string{string(data[8:12])}
	for at := uint64(16); at+4 <= end; at += 4 {
		brands = append(brands, string(data[at:at+4]))
	}
	lists := func(known []string) bool {
		return slices.ContainsFunc(brands, func(b string) bool { return slices.Contains(known, b) })
	}
	switch {
	case !slices.Contains(slices.Concat(avifBrands, heicBrands), brands[0]):
		return "" // a film may list a picture's brand, but not first
	case lists(avifBrands):
		return AVIF
	}
	return HEIC
}

// The lengths of the headers that a BMP may have behind its first 14 bytes.
var bmpHeaders = []uint32{12, 16, 40, 52, 56, 64, 108, 124}

// isBMP looks for more than the letters BM, with which texts begin, too.
func isBMP(data []byte) bool {
	if len(data) < 30 || string(data[:2]) != "BM" {
		return false
	}
	header, pixels := binary.LittleEndian.Uint32(data[14:]), binary.LittleEndian.Uint32(data[10:])
	planes := binary.LittleEndian.Uint16(data[26:])
	if header == 12 {
		planes = binary.LittleEndian.Uint16(data[22:])
	}
	return slices.Contains(bmpHeaders, header) && planes == 1 && pixels >= 14+header
}

// Size gives the width and height, in pixels, that the picture claims as it is
// stored: upright they may be the other way round. Both are 0 where the first
// bytes of data do not tell.
func Size(data []byte) (width, height int) {
	width, height = claimed(data)
	if width <= 0 || height <= 0 {
		return 0, 0
	}
	return width, height
}

func claimed(data []byte) (width, height int) {
	switch Type(data) {
	case JPEG:
		return jpegSize(data)
	case PNG:
		return pngSize(data)
	case GIF:
		return little16(data, 6), little16(data, 8)
	case WebP:
		return webpSize(data)
	case BMP:
		return bmpSize(data)
	case AVIF, HEIC:
		return heifSize(data)
	}
	return 0, 0
}

// little16 gives a number of two bytes, 0 where data has ended before.
func little16(data []byte, at int) int {
	if len(data) < at+2 {
		return 0
	}
	return int(binary.LittleEndian.Uint16(data[at:]))
}

func pngSize(data []byte) (width, height int) {
	if len(data) < 24 || string(data[12:16]) != "IHDR" {
		return 0, 0
	}
	return both(binary.BigEndian.Uint32(data[16:]), binary.BigEndian.Uint32(data[20:]))
}

// both gives a size that fits into 31 bits, as all of these formats have it.
func both(width, height uint32) (int, int) {
	if width == 0 || height == 0 || width|height > 1<<31-1 {
		return 0, 0
	}
	return int(width), int(height)
}

// bmpSize: a height below 0 means that the rows begin at the top.
func bmpSize(data []byte) (width, height int) {
	if binary.LittleEndian.Uint32(data[14:]) == 12 {
		return little16(data, 18), little16(data, 20)
	}
	w, h := int32(binary.LittleEndian.Uint32(data[18:])), int32(binary.LittleEndian.Uint32(data[22:]))
	return both(uint32(max(w, 0)), uint32(max(h, -h)))
}

// webpSize reads the first chunk: RFC 9649 §2.
func webpSize(data []byte) (width, height int) {
	if len(data) < 30 {
		return 0, 0
	}
	body := data[20:]
	switch string(data[12:16]) {
	case "VP8X":
		return 1 + little24(body[4:]), 1 + little24(body[7:])
	case "VP8L": // 14 bits each
		bits := int(binary.LittleEndian.Uint32(body[1:]))
		return 1 + bits&0x3fff, 1 + bits>>14&0x3fff
	}
	return little16(body, 6) & 0x3fff, little16(body, 8) & 0x3fff
}

func little24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// jpegSize goes from segment to segment up to the frame header: ITU-T T.81 §B.
func jpegSize(data []byte) (width, height int) {
	for rest := data[2:]; len(rest) >= 4; {
		marker, length := rest[1], int(binary.BigEndian.Uint16(rest[2:]))
		switch {
		case rest[0] != 0xff:
			return 0, 0
		case marker == 0xff: // may stand before any marker
			rest = rest[1:]
			continue
		case isFrame(marker) && len(rest) >= 9:
			return int(binary.BigEndian.Uint16(rest[7:])), int(binary.BigEndian.Uint16(rest[5:]))
		case length < 2, len(rest) < 2+length:
			return 0, 0
		}
		rest = rest[2+length:]
	}
	return 0, 0
}

// isFrame tells a frame header from the others in its range: tables and an
// extension.
func isFrame(marker byte) bool {
	return 0xc0 <= marker && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc
}

// heifSize gives the largest of the sizes that the file gives to its pictures
// (ispe): a picture may be made of tiles, and have smaller ones beside it.
func heifSize(data []byte) (width, height int) {
	for box := range Boxes(data) {
		if box.Kind != "meta" || len(box.Body) < 4 {
			continue
		}
		for _, size := range Find(box.Body[4:], "iprp", "ipco", "ispe") {
			if len(size) < 12 {
				continue
			}
			w, h := both(binary.BigEndian.Uint32(size[4:]), binary.BigEndian.Uint32(size[8:]))
			if int64(w)*int64(h) > int64(width)*int64(height) {
				width, height = w, h
			}
		}
	}
	return width, height
}

// Box is a box of an ISO/IEC 14496-12 file.
type Box struct {
	Kind string
	Body []byte // part of the file's own memory
}

// Boxes gives the boxes that data consists of, up to the first that is not
// whole.
func Boxes(data []byte) func(yield func(Box) bool) {
	return func(yield func(Box) bool) {
		for len(data) >= 8 {
			head, length := uint64(8), uint64(binary.BigEndian.Uint32(data))
			switch {
			case length == 1 && len(data) >= 16:
				head, length = 16, binary.BigEndian.Uint64(data[8:])
			case length == 0: // up to the end
				length = uint64(len(data))
			}
			if length < head || length > uint64(len(data)) || !yield(Box{string(data[4:8]), data[head:length]}) {
				return
			}
			data = data[length:]
		}
	}
}

// Find gives the bodies of the boxes that lie in data under such a path.
func Find(data []byte, path ...string) [][]byte {
	var found [][]byte
	for box := range Boxes(data) {
		switch {
		case box.Kind != path[0]:
		case len(path) == 1:
			found = append(found, box.Body)
		default:
			found = append(found, Find(box.Body, path[1:]...)...)
		}
	}
	return found
}
