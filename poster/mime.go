package poster

// The mails that mailapp writes (RFC 5322, RFC 2045 to 2047). Their lines end in
// LF, as a pipe wants them, and no value can begin a line of its own (C25).

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"mime"
	"mime/quotedprintable"
	"strings"
)

// part is a mail or a part of one.
type part struct {
	head bytes.Buffer
	body bytes.Buffer // encoded
}

// lineLength is where lines are folded, in bytes.
const lineLength = 76

// add adds a field, and folds it at its blanks.
func (p *part) add(name, value string) {
	p.head.WriteString(name + ":")
	at := len(name) + 1
	for i, word := range strings.Fields(value) {
		if i > 0 && at+1+len(word) > lineLength {
			p.head.WriteString("\n")
			at = 0
		}
		p.head.WriteString(" " + word)
		at += 1 + len(word)
	}
	p.head.WriteString("\n")
}

// with gives the mail's bytes.
func (p *part) with(body *part) []byte {
	p.add("MIME-Version", "1.0")
	return bytes.Join([][]byte{p.head.Bytes(), body.head.Bytes(), []byte("\n"), body.body.Bytes()}, nil)
}

// textPart is a text in UTF-8.
func textPart(kind string, text []byte) *part {
	p := &part{}
	p.add("Content-Type", kind+"; charset=utf-8")
	p.add("Content-Transfer-Encoding", "quoted-printable")
	var encoded bytes.Buffer
	w := quotedprintable.NewWriter(&encoded)
	_, _ = w.Write(text) // into memory
	_ = w.Close()
	p.body.Write(bytes.ReplaceAll(encoded.Bytes(), []byte("\r\n"), []byte("\n")))
	return p
}

// filePart is a file.
func filePart(kind string, data []byte) *part {
	p := &part{}
	p.add("Content-Type", kind)
	p.add("Content-Transfer-Encoding", "base64")
	for encoded := base64.StdEncoding.EncodeToString(data); encoded != ""; {
		n := min(lineLength, len(encoded))
		p.body.WriteString(encoded[:n] + "\n")
		encoded = encoded[n:]
	}
	return p
}

// multipart holds parts.
func multipart(kind string, parts ...*part) *part {
	boundary := "mailapp-" + rand.Text() // nobody can have written it into a part
	p := &part{}
	p.add("Content-Type", "multipart/"+kind+"; boundary="+boundary)
	for _, inner := range parts {
		p.body.WriteString("--" + boundary + "\n")
		p.body.Write(inner.head.Bytes())
		p.body.WriteString("\n")
		p.body.Write(inner.body.Bytes())
		p.body.WriteString("\n")
	}
	p.body.WriteString("--" + boundary + "--\n")
	return p
}

// encodedWords spells a text for a header (RFC 2047), in the shorter of the two
// ways where it needs one.
func encodedWords(text string) string {
	q, b := mime.QEncoding.Encode("utf-8", text), mime.BEncoding.Encode("utf-8", text)
	if len(b) < len(q) {
		return b
	}
	return q
}
