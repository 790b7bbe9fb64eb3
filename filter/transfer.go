package filter

// Content transfer encodings (RFC 2045 §6), undone leniently and in linear time
// and memory. enmime does not do it here: it notes an error, with a stack, for
// each byte that is no base64, and 2 MB of them cost it 930 MB (C24); the first
// byte above 127 ends the base64; a soft break with a blank behind it stays in
// the text; of quoted-printable lines longer than 1024 it can lose letters.

import (
	"bufio"
	"bytes"
	"io"
	"slices"
)

// open reads what a part holds, decoded as it is read. Bytes that its encoding
// does not allow are read over (base64) or kept (quoted-printable).
func (p *part) open() io.Reader {
	in := section(p.body, 0, p.body.Size())
	switch p.encoding {
	case "base64":
		if !isProse(start(p.body, 1000)) {
			return newBase64Reader(in)
		}
	case "quoted-printable":
		return &quotedReader{in: bufio.NewReader(in)}
	}
	return in
}

// bytes gives all that a part holds. Trouble with the file is remembered by the
// file.
func (p *part) bytes() []byte {
	data, _ := p.appendTo(nil)
	return data
}

// appendTo appends all that a part holds.
func (p *part) appendTo(data []byte) ([]byte, error) {
	in := bytes.NewBuffer(slices.Grow(data, int(p.size())+bytes.MinRead))
	_, err := in.ReadFrom(p.open())
	return in.Bytes(), err
}

// size is how many bytes a part holds at most.
func (p *part) size() int64 {
	if p.encoding == "base64" && !isProse(start(p.body, 1000)) {
		return p.body.Size()/4*3 + 3
	}
	return p.body.Size()
}

// plain gives what a part holds as a body that can be read from anywhere.
func (p *part) plain() *io.SectionReader {
	if p.encoding == "base64" || p.encoding == "quoted-printable" {
		return inMemory(p.bytes()) // forbidden (RFC 2046 §5.2.1), and so rare that memory will do
	}
	return p.body
}

// begin gives the first bytes of what a part holds, by which its type is known.
func (p *part) begin() []byte {
	data := make([]byte, min(1000, p.body.Size()))
	n, _ := io.ReadFull(p.open(), data)
	return data[:n]
}

// isProse tells that what begins so and claims to be base64 is none: a tenth of it
// is blanks within lines, or signs that base64 has not.
func isProse(begin []byte) bool {
	strange := 0
	for line := range bytes.Lines(begin) {
		for _, b := range bytes.TrimSpace(line) {
			if base64Values[b] < 0 && b != '=' {
				strange++
			}
		}
	}
	return strange > 3 && strange > len(begin)/10 && bytes.IndexByte(begin, ' ') > 0
}

// base64Reader decodes base64 as it is read.
type base64Reader struct {
	in      io.Reader
	decoder base64Decoder
	encoded []byte // room for it
	decoded []byte // room for it
	ready   []byte // decoded and not given out
	err     error
}

func newBase64Reader(in *io.SectionReader) *base64Reader {
	room := int(min(in.Size(), 8<<10))
	return &base64Reader{in: in, encoded: make([]byte, room), decoded: make([]byte, 0, room/4*3+6)}
}

func (r *base64Reader) Read(p []byte) (int, error) {
	for len(r.ready) == 0 && r.err == nil {
		var n int
		n, r.err = r.in.Read(r.encoded[:])
		r.ready = r.decoder.decode(r.decoded, r.encoded[:n])
		if r.err != nil {
			r.ready = r.decoder.end(r.ready)
		}
	}
	if len(r.ready) == 0 {
		return 0, r.err
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

// quotedReader decodes quoted-printable text line by line.
type quotedReader struct {
	in    *bufio.Reader
	ready []byte // decoded and not given out
	err   error
}

func (r *quotedReader) Read(p []byte) (int, error) {
	for len(r.ready) == 0 && r.err == nil {
		var line []byte
		line, r.err = r.in.ReadBytes('\n')
		r.ready = unquoteLine(line)
	}
	if len(r.ready) == 0 {
		return 0, r.err
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

// unquoteLine follows RFC 2045 §6.7. An equals sign that begins no escape stands
// for itself.
func unquoteLine(line []byte) []byte {
	text := trimLineEnd(line)
	end := line[len(text):]
	text = bytes.TrimRight(text, " \t") // blanks at the end were added on the way
	if soft, ok := bytes.CutSuffix(text, []byte("=")); ok {
		text, end = soft, nil
	}
	return append(unescape(nil, text), end...)
}

// unescape appends text to out with every =XX as the byte that it stands for.
func unescape(out, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		if text[i] == '=' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]) {
			out = append(out, unhex(text[i+1])<<4|unhex(text[i+2]))
			i += 2
			continue
		}
		out = append(out, text[i])
	}
	return out
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
