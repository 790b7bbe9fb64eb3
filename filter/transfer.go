package filter

// Content transfer encodings (RFC 2045 §6), undone leniently and in linear time
// and memory. enmime does not do it here: it notes an error, with a stack, for
// each byte that is no base64, and 2 MB of them cost it 930 MB (C24); the first
// byte above 127 ends the base64; a soft break with a blank behind it stays in
// the text; of quoted-printable lines longer than 1024 it can lose letters.

import "bytes"

// decode gives the bytes that an encoding stands for. Bytes that it does not
// allow are read over (base64) or kept (quoted-printable).
func decode(encoding string, body []byte) []byte {
	switch encoding {
	case "base64":
		if isProse(body) {
			return body
		}
		return decodeBase64(body)
	case "quoted-printable":
		return decodeQuotedPrintable(body)
	}
	return body
}

// isProse tells that what claims to be base64 is none: a tenth of its beginning
// is blanks within lines, or signs that base64 has not.
func isProse(body []byte) bool {
	begin, strange := body[:min(len(body), 1000)], 0
	for line := range bytes.Lines(begin) {
		for _, b := range bytes.TrimSpace(line) {
			if base64Values[b] < 0 && b != '=' {
				strange++
			}
		}
	}
	return strange > 3 && strange > len(begin)/10 && bytes.IndexByte(begin, ' ') > 0
}

// decodeQuotedPrintable follows RFC 2045 §6.7. An equals sign that begins no
// escape stands for itself.
func decodeQuotedPrintable(body []byte) []byte {
	var out []byte
	for line := range bytes.Lines(body) {
		text := trimLineEnd(line)
		end := line[len(text):]
		text = bytes.TrimRight(text, " \t") // blanks at the end were added on the way
		if soft, ok := bytes.CutSuffix(text, []byte("=")); ok {
			text, end = soft, nil
		}
		out = append(unescape(out, text), end...)
	}
	return out
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
