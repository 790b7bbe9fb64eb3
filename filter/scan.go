package filter

// The MIME tree (RFC 2046 §5.1) is found by one pass over the lines of the
// body, in time linear in its size; on nested unclosed multiparts enmime's time
// doubles with each level, so of enmime only the lenient parser of parameters
// serves here. Limits are checked while scanning (C24); what is broken is
// repaired where that is certain: a multipart that does not name its boundary,
// or names another than it uses, gets the one that its first lines show.

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/jhillyerd/enmime/v2/mediatype"
)

// Limits of a MIME tree.
const (
	maxDepth      = 20       // multiparts within multiparts
	maxParts      = 1000     // parts at all levels
	maxPartHeader = 64 << 10 // bytes of one part's header
	maxPartFields = 1 << 20  // bytes of all parts' headers
	maxParameters = 100      // pieces of one Content-Type or Content-Disposition (RFC 2231 §3)
)

// part is one node of the MIME tree. A leaf's body is the bytes from start to
// end of the file.
type part struct {
	kind        string // media type in lower case, "" if none is given or it makes no sense
	params      map[string]string
	disposition string // inline, attachment or ""
	name        string // file name, as the mail chose it
	encoding    string // content transfer encoding in lower case
	boundary    string // of a multipart, "" while it is not known
	start, end  int64
	children    []*part
}

func (p *part) isMultipart() bool { return strings.HasPrefix(p.kind, "multipart/") }

// newPart reads what get gives of a part's header.
func newPart(get func(name string) string) (*part, error) {
	p := &part{encoding: keyword(get("Content-Transfer-Encoding"))}
	var err error
	if p.kind, p.params, err = mediaType(get("Content-Type")); err != nil {
		return nil, err
	}
	disposition, params, err := mediaType(get("Content-Disposition"))
	if err != nil {
		return nil, err
	}
	p.disposition, p.name = disposition, params["filename"]
	if p.name == "" {
		p.name = p.params["name"]
	}
	if get("Content-Type") == "" && p.name == "" {
		p.kind = "text/plain" // RFC 2045 §5.2
	}
	p.boundary = strings.TrimRight(p.params["boundary"], " \t")
	return p, nil
}

// mediaType parses a Content-Type or Content-Disposition leniently. The error
// is a limit.
func mediaType(value string) (kind string, params map[string]string, err error) {
	if strings.Count(value, ";") > maxParameters {
		return "", nil, defect("A part of the message has more than %d parameters.", maxParameters)
	}
	if len(value) > longest["content-type"] {
		return "", nil, defect("The parameters of a part of the message are longer than %d bytes.", longest["content-type"])
	}
	kind, params, _, err = mediatype.Parse(value)
	if err != nil {
		return keyword(value), nil, nil
	}
	return strings.ToLower(kind), params, nil
}

// scanner builds the tree line by line.
type scanner struct {
	r       *bufio.Reader
	at      int64   // where the next line begins
	last    int64   // where the line before ended, without its line end
	open    []*part // multiparts that are not closed, outermost first
	leaf    *part   // the part whose body is being read
	head    []byte  // the header being read, nil outside of one
	parts   int
	headers int
}

// scan finds the MIME tree of the message.
func (m *Message) scan() (*part, error) {
	root, err := newPart(m.value)
	if err != nil {
		return nil, err
	}
	root.start, root.end = int64(len(m.raw)), m.size
	if !root.isMultipart() {
		return root, nil
	}
	if err := m.scanInto(root); err != nil || len(root.children) > 0 || root.boundary == "" {
		return asText(root), err
	}
	root.boundary = "" // the one that it names is nowhere
	return asText(root), m.scanInto(root)
}

// asText makes a leaf of a multipart in which no part was found.
func asText(root *part) *part {
	if len(root.children) == 0 {
		root.kind = "text/plain"
	}
	return root
}

func (m *Message) scanInto(root *part) error {
	s := &scanner{r: bufio.NewReaderSize(m.body(), 2*maxPartHeader), at: root.start, last: root.start, open: []*part{root}}
	for {
		line, size, err := s.line()
		if err != nil {
			return err
		}
		if size == 0 {
			break
		}
		if err := s.take(line, size); err != nil {
			return err
		}
		s.at += size
		s.last = s.at - int64(len(line)-len(trimLineEnd(line)))
	}
	s.last = s.at
	return s.closeTo(0)
}

// line reads one line and gives its beginning, more than a header may be long,
// and its size; size 0 is the end.
func (s *scanner) line() (line []byte, size int64, err error) {
	line, err = s.r.ReadSlice('\n')
	size = int64(len(line))
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) {
			var more []byte
			more, err = s.r.ReadSlice('\n')
			size += int64(len(more))
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return line, size, err
}

func (s *scanner) take(line []byte, size int64) error {
	if level, final := s.delimiter(line); level >= 0 {
		return s.delimit(level, final)
	}
	if s.head == nil {
		return nil
	}
	text := trimLineEnd(line)
	isField := bytes.IndexByte(text, ':') > 0 || len(s.head) > 0
	if len(text) > 0 && isField {
		s.head = append(s.head, line...)
		if s.headers += len(line); len(s.head) > maxPartHeader || s.headers > maxPartFields {
			return defect("The header of a part of the message is larger than %d kB.", maxPartHeader>>10)
		}
		return nil
	}
	if len(text) == 0 {
		return s.endHead(s.at + size)
	}
	return s.endHead(s.at) // no header at all, and its empty line forgotten
}

// delimiter tells which open multipart's boundary the line is, -1 for none, and
// whether it closes it. The innermost that fits counts.
func (s *scanner) delimiter(line []byte) (level int, final bool) {
	text, ok := bytes.CutPrefix(line, []byte("--"))
	if !ok {
		return -1, false
	}
	text = bytes.TrimRight(text, " \t\r\n")
	for i := len(s.open) - 1; i >= 0; i-- {
		rest, ok := strings.CutPrefix(string(text), s.open[i].boundary)
		if ok && s.open[i].boundary != "" && (rest == "" || rest == "--") {
			return i, rest == "--"
		}
	}
	top := len(s.open) - 1
	if top >= 0 && s.open[top].boundary == "" && s.head == nil && looksLikeBoundary(text) {
		s.open[top].boundary = string(text)
		return top, false
	}
	return -1, false
}

// looksLikeBoundary tells a boundary (RFC 2046 §5.1.1) from a signature or a
// line of dashes.
func looksLikeBoundary(text []byte) bool {
	return len(text) > 0 && len(text) <= 200 && !bytes.ContainsAny(text, " \t") && len(bytes.Trim(text, "-_=")) > 0
}

// delimit ends what is open below a level, and begins a new part there or
// closes it.
func (s *scanner) delimit(level int, final bool) error {
	if err := s.closeTo(level + 1); err != nil {
		return err
	}
	if final {
		s.open = s.open[:level]
		return nil
	}
	if s.parts++; s.parts > maxParts {
		return defect("The message has more than %d parts.", maxParts)
	}
	s.head = []byte{}
	return nil
}

// closeTo ends the part being read and the multiparts beyond the first n.
func (s *scanner) closeTo(n int) error {
	if s.head != nil {
		if err := s.endHead(s.last); err != nil {
			return err
		}
	}
	if s.leaf != nil {
		s.leaf.end = max(s.leaf.start, s.last)
		s.leaf = nil
	}
	s.open = s.open[:min(n, len(s.open))]
	return nil
}

// endHead makes a part of the header that was read; its body begins at start.
func (s *scanner) endHead(start int64) error {
	p, err := newPart(func(name string) string { return headField(s.head, name) })
	if err != nil {
		return err
	}
	s.head = nil
	p.start, p.end = start, start
	parent := s.open[len(s.open)-1]
	parent.children = append(parent.children, p)
	if !p.isMultipart() {
		s.leaf = p
		return nil
	}
	if len(s.open) == maxDepth {
		return defect("The parts of the message are nested more than %d deep.", maxDepth)
	}
	s.open = append(s.open, p)
	return nil
}

// headField gives the unfolded value of the first field called name in a
// part's header. Lines that are no fields are read over.
func headField(head []byte, name string) string {
	for len(head) > 0 {
		field, rest, ok := cutField(head)
		if ok && strings.EqualFold(strings.TrimRight(field.Name, " \t"), name) {
			return strings.TrimSpace(unfold(field.Value))
		}
		if !ok {
			_, rest, _ = bytes.Cut(head, []byte("\n"))
		}
		head = rest
	}
	return ""
}
