package filter

// The parts of a multipart (RFC 2046 §5.1) are told apart here, one level at a
// time, in one pass over its lines that holds no more than a header in memory and
// checks the limits (C24). A part is a section of the file; enmime reads what its
// header says of its type. It does not tell the parts apart: each level of
// multiparts that are not closed doubles its time (48 kB, 1000 parts, 20 deep,
// cost it 17 s), it copies photos several times, and this is what it makes of
// broken ones:
//   - a part without a header, or whose header begins with a blank, fails the
//     whole mail;
//   - a line with one byte before the delimiter counts as a delimiter;
//   - the last line of a mail does not, and becomes text of the ad;
//   - a boundary longer than 4 kB, or none, or another than the one in use,
//     loses every part.

import (
	"bytes"
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

// part is the message or a part of it.
type part struct {
	kind        string // media type in lower case, "" if none is given or it makes no sense
	params      map[string]string
	disposition string            // inline, attachment or ""
	name        string            // file name, as the mail chose it
	embedded    bool              // the HTML beside it may show it: RFC 2392
	encoding    string            // content transfer encoding in lower case
	body        *io.SectionReader // encoded
}

func (p *part) isMultipart() bool { return strings.HasPrefix(p.kind, "multipart/") }

// newPart reads what get gives of a part's header.
func newPart(get func(name string) string, body *io.SectionReader) (*part, error) {
	p := &part{encoding: keyword(get("Content-Transfer-Encoding")), body: body}
	var err error
	if p.kind, p.params, err = mediaType(get("Content-Type")); err != nil {
		return nil, err
	}
	disposition, params, err := mediaType(get("Content-Disposition"))
	if err != nil {
		return nil, err
	}
	p.disposition, p.name = disposition, params["filename"]
	p.embedded = get("Content-ID") != "" && disposition != "attachment"
	if p.name == "" {
		p.name = p.params["name"]
	}
	if get("Content-Type") == "" && p.name == "" {
		p.kind = "text/plain" // RFC 2045 §5.2
	}
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

// split gives a multipart's parts, none if it has none.
func (g *gatherer) split(p *part) ([]*part, error) {
	delimiter := findDelimiter(newLines(p.body), strings.TrimRight(p.params["boundary"], " \t"))
	if delimiter == nil {
		return nil, nil
	}
	s := splitter{gatherer: g, of: p, lines: newLines(p.body)}
	err := s.split(delimiter)
	return s.parts, err
}

// findDelimiter gives the line that begins each part: the one of the boundary
// that is named or, where that is nowhere, the first that looks like one.
func findDelimiter(in *lines, boundary string) (shown []byte) {
	named := []byte("--" + boundary)
	var last []byte // the line before, if it begins with hyphens
	for {
		line := in.nextAfter(last)
		text := bytes.TrimRight(line, " \t\r\n")
		switch {
		case len(line) == 0:
			return shown
		case boundary != "" && bytes.Equal(text, named):
			return named
		case shown != nil:
		case looksLikeDelimiter(text):
			shown = bytes.Clone(text)
		case beginsPart(last, line):
			shown = bytes.Clone(last)
		}
		if last = last[:0]; bytes.HasPrefix(text, []byte("--")) {
			last = append(last, text...)
		}
	}
}

// nextAfter gives the next line that may begin a part or, behind one that
// begins with hyphens, just the next.
func (l *lines) nextAfter(last []byte) []byte {
	if len(last) > 0 {
		return l.next()
	}
	return l.hyphened()
}

var partHeader = worded(`(?i)^content-(?:type|transfer-encoding|disposition|id)\s*:`)

// beginsPart tells whether line is the first of a part's header and the one
// before it is its delimiter, be it one with blanks in it.
func beginsPart(before, line []byte) bool {
	return len(before) > 2 && len(before) <= 200 && bytes.HasPrefix(before, []byte("--")) && partHeader.Match(line)
}

// looksLikeDelimiter tells a delimiter (RFC 2046 §5.1.1) from a signature or a
// line of dashes.
func looksLikeDelimiter(line []byte) bool {
	boundary, ok := bytes.CutPrefix(line, []byte("--"))
	return ok && len(boundary) <= 200 && !bytes.ContainsAny(boundary, " \t") && len(bytes.Trim(boundary, "-_=")) > 0
}

// splitter takes a multipart apart.
type splitter struct {
	*gatherer
	*lines
	of    *part
	parts []*part
	state state
	head  []byte // of the part being read
	from  int64  // where its body begins
}

type state int

const (
	outside state = iota // before the first part or behind the last
	inHead
	inBody
)

// split goes on behind the last delimiter, in case it was that of an inner
// multipart with the same boundary.
func (s *splitter) split(delimiter []byte) (err error) {
	for line := s.line(); len(line) > 0 && err == nil; line = s.line() {
		at := s.at - int64(len(line))
		rest, ok := bytes.CutPrefix(line, delimiter)
		rest = bytes.TrimRight(rest, " \t\r\n")
		switch {
		case ok && len(rest) == 0:
			if err = s.end(at); err == nil {
				err = s.begin()
			}
		case ok && string(rest) == "--":
			err = s.end(at)
		case s.state == inHead:
			err = s.headLine(line, at)
		}
	}
	if err == nil {
		err = s.end(s.of.body.Size())
	}
	return err
}

// line gives the next line that can matter.
func (s *splitter) line() []byte {
	if s.state == inHead {
		return s.next()
	}
	return s.hyphened()
}

// begin begins a part.
func (s *splitter) begin() error {
	if s.gatherer.parts++; s.gatherer.parts > maxParts {
		return defect("The message has more than %d parts.", maxParts)
	}
	s.state, s.head = inHead, s.head[:0]
	return nil
}

// end ends the part at hand, if there is one. The last line end of its body is
// the delimiter's (RFC 2046 §5.1.1).
func (s *splitter) end(at int64) error {
	switch s.state {
	case outside:
		return nil
	case inHead:
		s.from = at
	}
	fields := headFields(s.head)
	p, err := newPart(func(name string) string { return fields[strings.ToLower(name)] }, withoutLineEnd(section(s.of.body, s.from, at)))
	if err != nil {
		return err
	}
	if s.of.kind == "multipart/digest" && fields["content-type"] == "" {
		p.kind = "message/rfc822" // RFC 2046 §5.1.5
	}
	s.parts, s.state = append(s.parts, p), outside
	return nil
}

// looseParameter is one that a program has folded without a blank before it.
var looseParameter = worded(`^[A-Za-z*0-9-]+=`)

// continuesHead tells whether a line may belong to a header after head. Where
// the empty line is missing, what follows is the body.
func continuesHead(head, line []byte) bool {
	if bytes.IndexByte(line, ':') > 0 || len(head) > 0 && (line[0] == ' ' || line[0] == '\t') {
		return true
	}
	return len(head) > 0 && (bytes.HasSuffix(bytes.TrimSpace(head), []byte(";")) || looseParameter.Match(line))
}

// headLine takes a line of a header over. A part may have no header, not even an
// empty one.
func (s *splitter) headLine(line []byte, at int64) error {
	switch {
	case len(trimLineEnd(line)) == 0:
		s.state, s.from = inBody, s.at
	case !continuesHead(s.head, line):
		s.state, s.from = inBody, at
	default:
		if s.headers += len(line); len(s.head)+len(line) > maxPartHeader || s.headers > maxPartFields {
			return defect("The header of a part of the message is larger than %d kB.", maxPartHeader>>10)
		}
		s.head = append(s.head, line...)
	}
	return nil
}

// headFields gives the fields of a part's header by their names in lower case,
// of several the first. What is no field belongs to the one before.
func headFields(head []byte) map[string]string {
	fields := map[string]string{}
	var name string
	var value []byte
	take := func() {
		if _, given := fields[name]; !given {
			fields[name] = string(value)
		}
	}
	for line := range bytes.Lines(head) {
		before, after, ok := bytes.Cut(line, []byte(":"))
		switch {
		case !ok || line[0] == ' ' || line[0] == '\t':
			value = append(append(value, ' '), bytes.TrimSpace(line)...)
		case isFieldName(before):
			take()
			name, value = strings.ToLower(string(bytes.TrimSpace(before))), append(value[:0], bytes.TrimSpace(after)...)
		}
	}
	take()
	return fields
}
