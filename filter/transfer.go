package filter

// Content transfer encodings (RFC 2045 §6), undone leniently and in linear time
// and memory. enmime's own decoder notes an error, with a stack, for each byte
// that is no base64: 2 MB of them cost it 950 MB (C24).

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
)

// decode gives the bytes of a leaf. Bytes that the encoding does not allow are
// read over (base64) or kept (quoted-printable). Only reading fails.
func (g *gatherer) decode(p *part) ([]byte, error) {
	body := io.NewSectionReader(g.file, p.start, p.end-p.start)
	var data []byte
	var err error
	switch p.encoding {
	case "base64":
		data, err = io.ReadAll(base64.NewDecoder(base64.RawStdEncoding, base64Only{body}))
		if _, broken := errors.AsType[base64.CorruptInputError](err); broken || errors.Is(err, io.ErrUnexpectedEOF) {
			err = nil // the last letter is half there
		}
	case "quoted-printable":
		data, err = decodeQuotedPrintable(body)
	default:
		data, err = io.ReadAll(body)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a part of the body: %w", err)
	}
	return data, nil
}

// base64Only passes the alphabet of RFC 2045 §6.8 and nothing else.
type base64Only struct{ r io.Reader }

func (b base64Only) Read(p []byte) (int, error) {
	for {
		n, err := b.r.Read(p)
		kept := p[:0]
		for _, c := range p[:n] {
			if isBase64(c) {
				kept = append(kept, c)
			}
		}
		if len(kept) > 0 || err != nil {
			return len(kept), err
		}
	}
}

func isBase64(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/'
}

// decodeQuotedPrintable follows RFC 2045 §6.7. An equals sign that begins no
// escape stands for itself.
func decodeQuotedPrintable(r io.Reader) ([]byte, error) {
	var out []byte
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		text := trimLineEnd(line)
		end := line[len(text):]
		text = bytes.TrimRight(text, " \t") // blanks at the end were added on the way
		if soft, ok := bytes.CutSuffix(text, []byte("=")); ok {
			text, end = soft, nil
		}
		out = append(unescape(out, text), end...)
		if err != nil {
			return out, nil
		}
	}
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
