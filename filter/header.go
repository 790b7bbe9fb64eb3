package filter

// The header (RFC 5322 §2.2) is read by a reader of our own, because what a
// lenient one repairs a forger can use: a line that is neither a field nor a
// continuation is refused here, never glued to the field before it. Limits
// hold while reading, before anything is parsed (C24).

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"mailapp/filter/auth"
)

// Limits of a header, in bytes and fields. A real one has some 5 kB and 50.
const (
	maxHeader = 1 << 20
	maxFields = 2000
)

// longest limits single fields that are compared with patterns or parsed.
var longest = map[string]int{"from": 10_000, "subject": 10_000, "message-id": 10_000, "content-type": 10_000}

// maxBlank is how many blanks may stand before a header.
const maxBlank = 64 << 10

// skipBlank skips what some programs write before the header: a byte order
// mark, empty lines, blanks. It gives how many bytes these are.
func skipBlank(r *bufio.Reader) (skipped int64, err error) {
	if mark, _ := r.Peek(3); string(mark) == "\xef\xbb\xbf" {
		skipped = 3
		_, _ = r.Discard(3) // they are there
	}
	for ; skipped < maxBlank; skipped++ {
		b, err := r.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return skipped, nil
		case err != nil:
			return skipped, err
		case !bytes.ContainsRune([]byte(" \t\r\n"), rune(b)):
			return skipped, r.UnreadByte()
		}
	}
	return skipped, nil
}

// lineEndOf gives the byte that ends lines. It is CR only where there is no LF
// at all in the first 4 kB: then no mail server has written a line of it, and
// nothing that proves a sender can stand there (C15).
func lineEndOf(r *bufio.Reader) byte {
	begin, _ := r.Peek(4096)
	if bytes.IndexByte(begin, '\n') < 0 && bytes.IndexByte(begin, '\r') >= 0 {
		return '\r'
	}
	return '\n'
}

// readHeader reads up to and with the empty line that ends the header, or to
// the end of r. Line ends other than LF become LF.
func readHeader(r *bufio.Reader, lineEnd byte) ([]byte, error) {
	var raw []byte
	lineStart := 0
	for {
		chunk, err := r.ReadSlice(lineEnd)
		if raw = append(raw, chunk...); len(raw) > maxHeader {
			return nil, headerTooLarge(raw)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return raw, nil
		case err != nil:
			return nil, err
		}
		raw[len(raw)-1] = '\n'
		if len(trimLineEnd(raw[lineStart:])) == 0 {
			return raw, nil
		}
		lineStart = len(raw)
	}
}

// headerTooLarge tells a mail with too large a header from a large file that is
// no mail.
func headerTooLarge(raw []byte) error {
	line, _, _ := bytes.Cut(withoutMbox(raw), []byte("\n"))
	if name, _, ok := bytes.Cut(line, []byte(":")); !ok || !isFieldName(name) {
		return ErrNotMail
	}
	return defect("The header of the message is larger than 1 MB.")
}

// parseHeader splits a header into fields. Values keep their folding.
func parseHeader(raw []byte) ([]auth.Field, error) {
	rest := withoutMbox(raw)
	var fields []auth.Field
	for number := 1; len(rest) > 0; number++ {
		field, after, ok := cutField(rest)
		switch {
		case rest[0] == '\n' || bytes.HasPrefix(rest, []byte("\r\n")):
			after = nil
		case !ok && len(fields) == 0:
			return nil, ErrNotMail
		case !ok:
			return nil, defect("After header field %d of the message stands a line that is no header field.", number-1)
		case len(fields) == maxFields:
			return nil, defect("The message has more than %d header fields.", maxFields)
		default:
			fields = append(fields, field)
		}
		rest = after
	}
	if len(fields) == 0 {
		return nil, ErrNotMail
	}
	return fields, checkLengths(fields)
}

// cutField takes the first field with its continuation lines off raw; false if
// there is none.
func cutField(raw []byte) (field auth.Field, rest []byte, ok bool) {
	end := 0
	for {
		i := bytes.IndexByte(raw[end:], '\n')
		if i < 0 {
			end = len(raw)
			break
		}
		if end += i + 1; end == len(raw) || raw[end] != ' ' && raw[end] != '\t' {
			break
		}
	}
	name, value, ok := bytes.Cut(raw[:end], []byte(":"))
	if !ok || !isFieldName(name) {
		return auth.Field{}, nil, false
	}
	return auth.Field{Name: string(name), Value: string(trimLineEnd(value))}, raw[end:], true
}

// isFieldName follows RFC 5322 §3.6.8, and lets blanks before the colon pass as
// §4.5 once did: such a field keeps the blank in its name, so that it is none
// of the fields that anything is believed of, and [Message.Author] refuses it.
func isFieldName(name []byte) bool {
	trimmed := bytes.TrimRight(name, " \t")
	for _, b := range trimmed {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return len(trimmed) > 0
}

func checkLengths(fields []auth.Field) error {
	for _, f := range fields {
		limit, ok := longest[strings.ToLower(strings.TrimSpace(f.Name))]
		if ok && len(f.Value) > limit {
			return defect("The %s field of the message is longer than %d bytes.", strings.TrimSpace(f.Name), limit)
		}
	}
	return nil
}

// withoutMbox takes off the line `From sender date` that Postfix, Exim and
// mailbox files put before the header, and those of earlier mailboxes, which
// begin with `>From `.
func withoutMbox(raw []byte) []byte {
	for bytes.HasPrefix(bytes.TrimPrefix(raw, []byte(">")), []byte("From ")) {
		line, rest, _ := bytes.Cut(raw, []byte("\n"))
		if name, _, ok := bytes.Cut(line, []byte(":")); ok && isFieldName(name) {
			return raw // "From : fred@example.org" is a field, if a bad one
		}
		raw = rest
	}
	return raw
}

// MboxSender gives the envelope sender of the line `From sender date` before
// the header, and whether there is one; "" is the null sender.
func (m *Message) MboxSender() (string, bool) {
	if len(withoutMbox(m.raw)) == len(m.raw) || m.raw[0] == '>' {
		return "", false
	}
	line, _, _ := bytes.Cut(m.raw, []byte("\n"))
	words := strings.Fields(string(line))
	if len(words) < 3 {
		return "", false
	}
	if sender := strings.Trim(words[1], "<>"); sender != "MAILER-DAEMON" {
		return sender, true
	}
	return "", true
}

// trimLineEnd takes one LF or CRLF off the end.
func trimLineEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
		if n > 1 && line[n-2] == '\r' {
			line = line[:n-2]
		}
	}
	return line
}

// unfold joins the lines of a folded value (RFC 5322 §2.2.3). A CR that ends
// no line stays where it is.
func unfold(value string) string {
	if !strings.Contains(value, "\n") {
		return value
	}
	return strings.NewReplacer("\r\n", "", "\n", "").Replace(value)
}
