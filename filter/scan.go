package filter

// The parts of a multipart (RFC 2046 §5.1) are told apart by enmime, one level
// at a time, and only after a pass over the lines that checks the limits (C24)
// and writes the delimiters anew. It is given one level, and of that the headers
// alone: each level of multiparts that are not closed doubles its time (48 kB,
// 1000 parts, 20 deep, cost it 17 s), and it copies photos several times. The
// delimiters are written anew because of what it makes of broken ones:
//   - a part without a header, or whose header begins with a blank, fails the
//     whole mail;
//   - a line with one byte before the delimiter counts as a delimiter;
//   - the last line of a mail does not, and becomes text of the ad;
//   - a boundary longer than 4 kB, or none, or another than the one in use,
//     loses every part.

import (
	"bytes"
	"crypto/rand"
	"regexp"
	"strings"

	"github.com/jhillyerd/enmime/v2"
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

// part is the message or a part of it. enmime's own Part keeps no parameters,
// such as format=flowed.
type part struct {
	kind        string // media type in lower case, "" if none is given or it makes no sense
	params      map[string]string
	disposition string // inline, attachment or ""
	name        string // file name, as the mail chose it
	embedded    bool   // the HTML beside it may show it: RFC 2392
	encoding    string // content transfer encoding in lower case
	body        []byte // encoded
}

func (p *part) isMultipart() bool { return strings.HasPrefix(p.kind, "multipart/") }

// newPart reads what get gives of a part's header.
func newPart(get func(name string) string, body []byte) (*part, error) {
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

// split gives a multipart's parts as enmime reads them, none if it has none.
func (g *gatherer) split(p *part) ([]*part, error) {
	delimiter := findDelimiter(p.body, strings.TrimRight(p.params["boundary"], " \t"))
	if delimiter == nil {
		return nil, nil
	}
	r := rewriter{gatherer: g, mark: rand.Text(), body: p.body}
	if err := r.rewrite(delimiter); err != nil {
		return nil, err
	}
	root, err := enmime.NewParser(
		enmime.RawContent(true), // transfer.go decodes, and says why
		enmime.MaxStoredPartErrors(1),
		enmime.SetCustomParseMediaType(func(value string) (string, map[string]string, []string, error) {
			if value == r.mark {
				return "multipart/mixed", map[string]string{"boundary": r.mark}, nil, nil
			}
			return "", nil, nil, nil // a part's: without a boundary enmime does not go into it
		}),
	).ReadParts(bytes.NewReader(r.out))
	if err != nil {
		return nil, defect("The parts of the message cannot be told apart.")
	}
	kind := p.kind
	var parts []*part
	for child := root.FirstChild; child != nil; child = child.NextSibling {
		body := child.Content
		if string(body) == r.mark {
			body, r.kept = r.kept[0], r.kept[1:]
		}
		p, err := newPart(child.Header.Get, body)
		if err != nil {
			return nil, err
		}
		if kind == "multipart/digest" && child.Header.Get("Content-Type") == "" {
			p.kind = "message/rfc822" // RFC 2046 §5.1.5
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// findDelimiter gives the line that begins each part: the one of the boundary
// that is named or, where that is nowhere, the first that looks like one.
func findDelimiter(body []byte, boundary string) []byte {
	named, shown, last := []byte("--"+boundary), []byte(nil), []byte(nil)
	for line := range bytes.Lines(body) {
		text := bytes.TrimRight(line, " \t\r\n")
		switch {
		case boundary != "" && bytes.Equal(text, named):
			return named
		case shown != nil:
		case looksLikeDelimiter(text):
			shown = text
		case beginsPart(last, line):
			shown = last
		}
		last = text
	}
	return shown
}

var partHeader = regexp.MustCompile(`(?i)^content-(?:type|transfer-encoding|disposition|id)\s*:`)

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

// rewriter writes a multipart as enmime is given it: without what stands
// before and behind its parts, always closed, with the mark for its boundary,
// for its type, and for the body of each part.
type rewriter struct {
	*gatherer
	mark  string // random, so that no mail holds it
	body  []byte
	out   []byte
	state state
	head  int      // where the header being read begins in out
	start int      // where the body being read begins in body
	kept  [][]byte // bodies of the parts that have one
}

type state int

const (
	outside state = iota // before the first part or behind the last
	inHead
	inBody // which enmime does not see
)

// rewrite goes on behind the last delimiter, in case it was that of an inner
// multipart with the same boundary.
func (r *rewriter) rewrite(delimiter []byte) error {
	r.add("Content-Type: ", r.mark, "\r\n\r\n")
	at := 0
	for line := range bytes.Lines(r.body) {
		var err error
		rest, ok := bytes.CutPrefix(line, delimiter)
		rest = bytes.TrimRight(rest, " \t\r\n")
		switch {
		case ok && len(rest) == 0:
			r.endBody(at)
			err = r.begin()
		case ok && string(rest) == "--":
			r.endBody(at)
			r.state = outside
		case r.state == inHead:
			err = r.headLine(line, at)
		}
		if err != nil {
			return err
		}
		at += len(line)
	}
	r.endBody(at)
	if r.state == inHead {
		r.add("\r\n") // the last line may lack its end
	}
	r.add("--", r.mark, "--\r\n")
	return nil
}

// endBody keeps a body without its last line end, which is the delimiter's
// (RFC 2046 §5.1.1).
func (r *rewriter) endBody(at int) {
	if r.state == inBody {
		r.kept = append(r.kept, trimLineEnd(r.body[r.start:at]))
	}
}

// begin begins a part, with a field of ours: then no header fails enmime.
func (r *rewriter) begin() error {
	if r.parts++; r.parts > maxParts {
		return defect("The message has more than %d parts.", maxParts)
	}
	r.add("--", r.mark, "\r\nMIME-Version: 1.0\r\n")
	r.state, r.head = inHead, len(r.out)
	return nil
}

// looseParameter is one that a program has folded without a blank before it.
var looseParameter = regexp.MustCompile(`^[A-Za-z*0-9-]+=`)

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
func (r *rewriter) headLine(line []byte, at int) error {
	head := r.out[r.head:]
	switch {
	case len(trimLineEnd(line)) == 0:
		r.beginBody(at + len(line))
	case !continuesHead(head, line):
		r.beginBody(at)
	default:
		if r.headers += len(line); len(head)+len(line) > maxPartHeader || r.headers > maxPartFields {
			return defect("The header of a part of the message is larger than %d kB.", maxPartHeader>>10)
		}
		r.out = append(r.out, line...)
	}
	return nil
}

// beginBody lets the mark stand for the body; split puts it back.
func (r *rewriter) beginBody(at int) {
	r.state, r.start = inBody, at
	r.add("\r\n", r.mark, "\r\n")
}

func (r *rewriter) add(texts ...string) {
	for _, text := range texts {
		r.out = append(r.out, text...)
	}
}
