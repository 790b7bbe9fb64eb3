package filter

// Bytes become text here: RFC 2047 words in headers, charsets in headers and
// bodies. Decoding is never fatal and lenient on purpose (C21, C22): whatever a
// mail program would show as a word must be read as that word, or it slips past
// the rules. mime.WordDecoder is stricter: it leaves a word without base64
// padding as it stands, and breaks a letter that is split over two words.

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
)

// encodedWord is RFC 2047 §2, with the language of RFC 2231 §5. The text may
// hold blanks and question marks, which are forbidden and do occur.
var encodedWord = worded(`=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bBqQ])\?(.*?)\?=`)

// decodeWords decodes the RFC 2047 words of an unfolded value. Words side by
// side in one charset are joined before their charset is decoded.
func decodeWords(value string) string {
	if !utf8.ValidString(value) {
		value = toUTF8("", []byte(value))
	}
	if !strings.Contains(value, "=?") {
		return value
	}
	var out strings.Builder
	var pending []byte
	charset, at := "", 0
	flush := func() {
		out.WriteString(toUTF8(charset, pending))
		pending = pending[:0]
	}
	for _, m := range encodedWord.pattern().FindAllStringSubmatchIndex(value, -1) {
		gap, name := value[at:m[0]], value[m[2]:m[3]]
		beside := at > 0 && strings.TrimSpace(gap) == ""
		if !beside || !strings.EqualFold(name, charset) {
			flush()
		}
		if !beside {
			out.WriteString(gap)
		}
		charset, at = name, m[1]
		pending = append(pending, decodeWord(value[m[4]:m[5]], value[m[6]:m[7]])...)
	}
	flush()
	out.WriteString(value[at:])
	return out.String()
}

// decodeWord gives the bytes of one word in the B or Q encoding.
func decodeWord(encoding, text string) []byte {
	if strings.EqualFold(encoding, "b") {
		return decodeBase64(text)
	}
	return unescape(nil, []byte(strings.ReplaceAll(text, "_", " ")))
}

// decodeBase64 reads over whatever is not base64.
func decodeBase64(encoded string) []byte {
	var d base64Decoder
	return d.end(d.decode(make([]byte, 0, len(encoded)/4*3+3), []byte(encoded)))
}

// base64Decoder decodes base64 piece by piece. It reads over whatever is none.
type base64Decoder struct {
	bits  uint32
	count int // of signs whose bits are in bits
}

// decode appends what encoded stands for to out. Up to two bytes stay behind
// until more comes, or the end.
func (d *base64Decoder) decode(out, encoded []byte) []byte {
	for i := 0; i < len(encoded); i++ {
		for d.count == 0 && i+4 <= len(encoded) {
			a, b := base64Values[encoded[i]], base64Values[encoded[i+1]]
			c, e := base64Values[encoded[i+2]], base64Values[encoded[i+3]]
			if a|b|c|e < 0 {
				break
			}
			four := uint32(a)<<18 | uint32(b)<<12 | uint32(c)<<6 | uint32(e)
			out = append(out, byte(four>>16), byte(four>>8), byte(four))
			i += 4
		}
		if i < len(encoded) {
			out = d.sign(out, encoded[i])
		}
	}
	return out
}

// sign takes one sign.
func (d *base64Decoder) sign(out []byte, sign byte) []byte {
	value := base64Values[sign]
	if value < 0 {
		return out
	}
	d.bits = d.bits<<6 | uint32(value)
	if d.count++; d.count == 4 {
		out = append(out, byte(d.bits>>16), byte(d.bits>>8), byte(d.bits))
		d.bits, d.count = 0, 0
	}
	return out
}

// end appends the bytes that stayed behind.
func (d *base64Decoder) end(out []byte) []byte {
	switch d.count {
	case 2:
		out = append(out, byte(d.bits>>4))
	case 3:
		out = append(out, byte(d.bits>>10), byte(d.bits>>2))
	}
	d.count = 0
	return out
}

// base64Values has the six bits that a byte stands for, -1 for none.
var base64Values = func() (values [256]int8) {
	for i := range values {
		values[i] = int8(strings.IndexByte(base64Alphabet, byte(i)))
	}
	return values
}()

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// toUTF8 decodes data of the named charset. A name that is wrong or unknown is
// repaired: a byte order mark speaks for itself, what is UTF-8 and more than
// ASCII is UTF-8 whatever a single-byte charset claims, the escapes of
// ISO-2022-JP are in no other text, and the rest is read as windows-1252.
func toUTF8(charset string, data []byte) string {
	name := strings.ToLower(strings.Trim(charset, " \t\"'"))
	name = strings.TrimPrefix(name, "charset=")
	if text, ok := decodeMarked(data); ok {
		return text
	}
	if strings.HasPrefix(name, "utf-7") || name == "unicode-1-1-utf-7" {
		return decodeUTF7(string(data))
	}
	known := lookUpCharset(name)
	_, singleByte := known.(*charmap.Charmap)
	if known == nil || singleByte || name == "utf-8" || name == "utf8" {
		switch {
		case bytes.Contains(data, []byte("\x1b$")):
			known = japanese.ISO2022JP
		case utf8.Valid(data) && (known == nil || !isASCII(data)):
			return string(data)
		case known == nil || !singleByte: // nothing, or UTF-8
			return repairUTF8(data)
		}
	}
	text, err := known.NewDecoder().Bytes(data)
	if (err != nil || strings.ContainsRune(string(text), utf8.RuneError)) && utf8.Valid(data) {
		return string(data)
	}
	return string(text)
}

// decodeMarked decodes what begins with a byte order mark or is plainly UTF-16.
func decodeMarked(data []byte) (string, bool) {
	order := unicode.LittleEndian
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) && utf8.Valid(data):
		return string(data[3:]), true
	case bytes.HasPrefix(data, []byte("\xfe\xff")), zeros(data, 0):
		order = unicode.BigEndian
	case !bytes.HasPrefix(data, []byte("\xff\xfe")) && !zeros(data, 1):
		return "", false
	}
	text, err := unicode.UTF16(order, unicode.UseBOM).NewDecoder().Bytes(data)
	return string(text), err == nil
}

// zeros tells whether most bytes at even (0) or odd (1) places are zero, and no
// others: that is Latin text in UTF-16.
func zeros(data []byte, at int) bool {
	counts := [2]int{}
	for i, b := range data[:min(len(data), 1000)] {
		if b == 0 {
			counts[i%2]++
		}
	}
	return counts[1-at] == 0 && counts[at] > min(len(data), 1000)/4
}

// repairUTF8 drops the broken bytes of what is UTF-8 elsewhere, and reads what
// is nowhere UTF-8 as windows-1252.
func repairUTF8(data []byte) string {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if size > 1 && r != utf8.RuneError {
			return strings.ToValidUTF8(string(data), "")
		}
		i += size
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil {
		return strings.ToValidUTF8(string(data), "")
	}
	return string(text)
}

// lookUpCharset finds a charset by the names of browsers, then of IANA.
func lookUpCharset(name string) encoding.Encoding {
	known, err := htmlindex.Get(name)
	if err == nil && known != encoding.Replacement {
		return known
	}
	if known, err = ianaindex.MIME.Encoding(name); err == nil {
		return known
	}
	if spelt := misspelt.pattern().ReplaceAllString(name, "windows-$1"); spelt != name {
		return lookUpCharset(spelt)
	}
	if spelt := misspeltISO.pattern().ReplaceAllString(name, "iso-8859-$1"); spelt != name {
		return lookUpCharset(spelt)
	}
	return nil
}

// Names that only mails have: cp-1252, win_1251, iso8859_15, iso 8859-1.
var (
	misspelt    = worded(`^(?:cp|win|ms|windows)[-_ ]?(125\d)$`)
	misspeltISO = worded(`^iso[-_ ]?8859[-_ ]?(\d+)(?:-[a-z]+)?$`)
)

func isASCII(data []byte) bool {
	for _, b := range data {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

var utf7Shift = worded(`\+([A-Za-z0-9+/]*)-?`)

// decodeUTF7 follows RFC 2152, which golang.org/x/text does not know.
func decodeUTF7(text string) string {
	return utf7Shift.pattern().ReplaceAllStringFunc(text, func(shift string) string {
		if shift == "+-" {
			return "+"
		}
		data := decodeBase64(shift[1:])
		units := make([]uint16, len(data)/2)
		for i := range units {
			units[i] = uint16(data[2*i])<<8 | uint16(data[2*i+1])
		}
		return string(utf16.Decode(units))
	})
}
