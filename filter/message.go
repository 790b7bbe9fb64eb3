// Package filter decides what becomes of a mail: bytes become a [Message], and
// a Message with its [Envelope] and the proof of its sender becomes a
// [Verdict].
//
// What is promised: deciding is pure (no file is opened, no process started,
// no socket, no clock), limits are checked before the work that they bound
// (C24), nothing is taken from a header line that is not well formed, and
// what a mail claims is never taken for proof. A mail that cannot be read is a
// [*Defect] whose text can be shown to its sender; any other error is trouble
// of ours and worth another try.
//
// What is not promised: that a MIME tree is understood as every other program
// understands it. Where a mail is broken, text is rather kept than lost.
package filter

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"

	"mailapp/filter/auth"
)

// Defect says why a message cannot be used as it is, in a whole sentence that
// can be shown to whoever sent it. It quotes of the message at most one line, as
// a Go string, so that nothing in it begins a line of its own (C4).
type Defect struct {
	Text string
	// Forbidden: it is not a matter of form, but of who may (77, not 65).
	Forbidden bool
}

// Error gives the sentence.
func (d *Defect) Error() string { return d.Text }

// The two defects of something that is no mail at all.
var (
	ErrEmpty   = &Defect{Text: "The message is empty."}
	ErrNotMail = &Defect{Text: "This is not a mail: it does not begin with a mail header."}
)

func defect(format string, args ...any) error {
	return &Defect{Text: fmt.Sprintf(format, args...)}
}

// loopField marks whatever mailapp itself sends (C18, C19).
const loopField = "X-Mailapp-Loop"

// Message is one mail as it is written: claims, not facts. The header is read
// at once, the body only where [Message.Content] or [Message.Digest] is asked.
type Message struct {
	fields []auth.Field
	start  int64  // where the header begins: behind a byte order mark and blanks
	raw    []byte // the header as read, with an mbox line and the empty line
	file   io.ReaderAt
	size   int64 // -1: only the header is known

	parse   sync.Once
	content *Content
	failed  error
}

// Read reads the header and leaves r at the first byte of the body. Errors are
// a [*Defect] or what reading r gave.
func Read(r *bufio.Reader) (*Message, error) {
	start, err := skipBlank(r)
	if err != nil {
		return nil, err
	}
	raw, err := readHeader(r, lineEndOf(r))
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, ErrEmpty
	}
	fields, err := parseHeader(raw)
	if err != nil {
		return nil, err
	}
	return &Message{fields: fields, start: start, raw: raw, size: -1}, nil
}

// Open reads the header of the message in the first size bytes of f. The body
// is read from f later, so f must stay open and unchanged.
func Open(f io.ReaderAt, size int64) (*Message, error) {
	m, err := Read(bufio.NewReaderSize(io.NewSectionReader(f, 0, size), 1<<16))
	if err != nil {
		return nil, err
	}
	m.file, m.size = f, size
	return m, nil
}

// Fields gives the header fields as on the wire, topmost first.
func (m *Message) Fields() []auth.Field { return m.fields }

// HasBody tells whether the body can be read, even if it is empty.
func (m *Message) HasBody() bool { return m.file != nil }

// Size is the size of the whole message in bytes, -1 if only the header is
// known.
func (m *Message) Size() int64 { return m.size }

// values gives the raw values of all fields called name, topmost first.
func (m *Message) values(name string) []string {
	var values []string
	for _, f := range m.fields {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// value gives the raw, unfolded and trimmed value of the topmost field called
// name, "" if there is none.
func (m *Message) value(name string) string {
	if values := m.values(name); len(values) > 0 {
		return strings.TrimSpace(unfold(values[0]))
	}
	return ""
}

// Get gives the topmost field called name for people to read: unfolded,
// RFC 2047 decoded, without control and invisible characters. It proves
// nothing and must not be parsed again.
func (m *Message) Get(name string) string { return readable(m.value(name)) }

// Subject is what [Message.Get] gives for Subject.
func (m *Message) Subject() string { return m.Get("Subject") }

// MessageID gives the message's own id with its angle brackets, or "" if there
// is none, more than one, or one that no mail program writes (RFC 5322 §3.6.4).
func (m *Message) MessageID() string {
	if len(m.values("Message-ID")) != 1 {
		return ""
	}
	id := m.value("Message-ID")
	inner, _ := strings.CutPrefix(id, "<")
	inner, ok := strings.CutSuffix(inner, ">")
	if !ok || inner == "" || len(id) > 998 || id[0] != '<' {
		return ""
	}
	for _, b := range []byte(inner) {
		if b <= ' ' || b > '~' || b == '<' || b == '>' {
			return ""
		}
	}
	return id
}

// OwnLoop tells whether mailapp itself sent this message (C18).
func (m *Message) OwnLoop() bool { return len(m.values(loopField)) > 0 }

// errNoBody is a mistake of the caller: the body was asked of a mere header.
var errNoBody = errors.New("the body of this message was not read")

// Digest stands for the Message-ID where there is none (C8): a SHA-256 of
// From, Date, Subject and the body, 32 bytes. Fields that servers add, the
// style of line ends and empty lines at the end do not change it.
func (m *Message) Digest() ([]byte, error) {
	if !m.HasBody() {
		return nil, errNoBody
	}
	h := sha256.New()
	for _, name := range []string{"From", "Date", "Subject"} {
		values := m.values(name)
		writeNumber(h, len(values))
		for _, v := range values {
			v = strings.Join(strings.Fields(v), " ")
			writeNumber(h, len(v))
			io.WriteString(h, v)
		}
	}
	if _, err := io.Copy(&lineEnds{w: h}, m.body()); err != nil {
		return nil, fmt.Errorf("reading the body: %w", err)
	}
	return h.Sum(nil), nil
}

// Reader reads the whole message from its first header field on, as on the
// wire but without an mbox line.
func (m *Message) Reader() io.Reader {
	return io.MultiReader(bytes.NewReader(withoutMbox(m.raw)), m.body())
}

// body reads the body from its first byte.
func (m *Message) body() *io.SectionReader {
	at := m.start + int64(len(m.raw))
	return io.NewSectionReader(m.file, at, m.size-at)
}

func writeNumber(h hash.Hash, n int) {
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

// lineEnds writes what it is given with LF for CRLF and without line ends at
// the very end.
type lineEnds struct {
	w     io.Writer
	ends  int  // line ends not yet written
	cr    bool // a CR not yet written
	ready []byte
}

func (l *lineEnds) Write(p []byte) (int, error) {
	l.ready = l.ready[:0]
	for _, b := range p {
		if b == '\n' {
			l.ends, l.cr = l.ends+1, false
			continue
		}
		if b == '\r' && !l.cr {
			l.cr = true
			continue
		}
		for ; l.ends > 0; l.ends-- {
			l.ready = append(l.ready, '\n')
		}
		if l.cr {
			l.ready = append(l.ready, '\r')
		}
		if l.cr = b == '\r'; !l.cr {
			l.ready = append(l.ready, b)
		}
	}
	if _, err := l.w.Write(l.ready); err != nil {
		return 0, err
	}
	return len(p), nil
}
