package filter

// C22, C23: what a person wrote and the pictures beside it, in the order of the
// mail. The parts come from scan.go, their bytes from transfer.go, their
// letters from words.go, and text.go and html.go make them fit to read.

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html/charset"

	"mailapp/filter/picture"
)

// Content is what of a message can go into an ad.
type Content struct {
	Text    string   // paragraphs with LF, cleaned by all of [CleanRules]; no trailing blanks
	Cut     []Cut    // what was cleaned away
	Photos  []Photo  // attached and inline ones, in the order of the mail
	LeftOut []string // what was not taken and why, a line each, safe to print

	passages []passage // before cleaning
}

// Photo is one picture as it came, not decoded or checked. It stays in the
// message's file until it is asked for.
type Photo struct {
	Type string // a media type that package picture knows, by content
	part *part
}

// Size is how many bytes the picture has at most.
func (p Photo) Size() int64 { return p.part.size() }

// Open reads the picture. Several may be open at once.
func (p Photo) Open() io.Reader { return p.part.open() }

// AppendTo appends the picture's bytes to data: who needs one photo after the
// other needs memory for one.
func (p Photo) AppendTo(data []byte) ([]byte, error) {
	data, err := p.part.appendTo(data)
	if err != nil {
		return nil, fmt.Errorf("reading the message: %w", err)
	}
	return data, nil
}

// Content parses the body once; later calls give the same. The error is a
// [*Defect] or trouble in reading the file.
func (m *Message) Content() (*Content, error) {
	if !m.HasBody() {
		return nil, errNoBody
	}
	m.parse.Do(func() { m.content, m.failed = m.gather() })
	return m.content, m.failed
}

func (m *Message) gather() (*Content, error) {
	file, from := &bodyFile{in: m.file, size: m.size}, m.start+int64(len(m.raw))
	g := gatherer{}
	passages, err := g.mail(m.value, io.NewSectionReader(file, from, m.size-from), 0)
	if err == nil && says(passages) == "" && len(g.content.Photos) == 0 {
		passages, err = g.attachedMails()
	}
	if err == nil {
		err = g.tooMuch()
	}
	if file.err != nil {
		err = fmt.Errorf("reading the body: %w", file.err)
	}
	if err != nil {
		return nil, err
	}
	g.content.passages = passages
	g.content.Text, g.content.Cut = m.cleaner(nil).clean(passages)
	return &g.content, nil
}

// maxText is how much text a message may have, in bytes: working on it takes some
// twenty times as much memory (C24).
const maxText = 16 << 20

// tooMuch names the limit that was passed on the way.
func (g *gatherer) tooMuch() error {
	switch {
	case g.files > maxParts:
		return defect("The message has more than %d files within its texts and attachments.", maxParts)
	case g.texts > maxText:
		return defect("The text of the message is larger than %d MB.", maxText>>20)
	}
	return nil
}

// passage is the text of one leaf.
type passage struct {
	text  string
	plain bool // text/plain, not HTML
}

// says gives what passages say, for a look at whether they say anything.
func says(passages []passage) string {
	var all strings.Builder
	for _, p := range passages {
		text, _ := cutSignature(p.text)
		all.WriteString(strings.TrimSpace(text))
	}
	return all.String()
}

// gatherer walks the tree, keeps photos and what is left out, and counts what
// is limited.
type gatherer struct {
	content Content
	parts   int
	headers int   // bytes of all parts' headers
	files   int   // that stand in texts and in winmail.dat
	texts   int64 // bytes of all texts
	wrapped int   // winmail.dat around the present one
	choice  bool  // within a multipart/alternative
	mails   []attachedMail

	embedded map[uint64]bool // pictures that the HTML shows, by their sums
}

// attachedMail is a mail in a mail, and where LeftOut speaks of it.
type attachedMail struct {
	part *part
	left int
}

// mail gives the text of a whole mail, whose lines all end in CR where no LF is
// among them.
func (g *gatherer) mail(get func(name string) string, body *io.SectionReader, depth int) ([]passage, error) {
	body = withLines(body)
	root, err := newPart(get, body)
	if err != nil {
		return nil, err
	}
	if get("Content-Type") == "" && beginsWithPart(start(body, 1000)) {
		root.kind = "multipart/mixed"
	}
	return g.walk(root, depth)
}

// beginsWithPart tells a multipart whose header is lost by its first lines.
func beginsWithPart(begin []byte) bool {
	var last []byte
	for line := range bytes.Lines(begin) {
		if beginsPart(last, line) {
			return true
		}
		last = bytes.TrimRight(line, " \t\r\n")
	}
	return false
}

// attachedMails is what a person wants to post who forwards a mail as an
// attachment and says nothing else: the attached ones, but no mails in these.
func (g *gatherer) attachedMails() ([]passage, error) {
	var all []passage
	for i := len(g.mails) - 1; i >= 0; i-- {
		attached := g.mails[i]
		mail := attached.part.plain()
		m, err := Open(mail, mail.Size())
		if err != nil {
			continue // LeftOut names it
		}
		before := len(g.content.Photos)
		passages, err := g.mail(m.value, section(mail, m.start+int64(len(m.raw)), mail.Size()), 1)
		if err != nil {
			return nil, err
		}
		if says(passages) == "" && len(g.content.Photos) == before {
			continue
		}
		g.content.LeftOut = slices.Delete(g.content.LeftOut, attached.left, attached.left+1)
		all = append(passages, all...)
	}
	return all, nil
}

// walk gives the text of a part that is depth multiparts deep. A multipart
// without parts is text, so that nothing is lost. Photos count in every branch
// of an alternative: Apple Mail puts them into the second.
func (g *gatherer) walk(p *part, depth int) ([]passage, error) {
	if !p.isMultipart() {
		return g.leaf(p), nil
	}
	if depth == maxDepth {
		return nil, defect("The parts of the message are nested more than %d deep.", maxDepth)
	}
	parts, err := g.split(p)
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 {
		p.kind = "text/plain"
		return g.leaf(p), nil
	}
	defer func(before bool) { g.choice = before }(g.choice)
	g.choice = g.choice || p.kind == "multipart/alternative"
	var branches [][]passage
	for _, inner := range parts {
		if inner.isMultipart() && inner.params["boundary"] == p.params["boundary"] {
			p.kind = inner.kind // so Outlook Express 5 for Mac: the inner's parts count as ours
		}
		passages, err := g.walk(inner, depth+1)
		if err != nil {
			return nil, err
		}
		branches = append(branches, passages)
	}
	if p.kind == "multipart/alternative" {
		return choose(branches), nil
	}
	return slices.Concat(branches...), nil
}

// choose takes the first branch of plain text that says anything, else the
// first that does. A plain text that only tells to look at the HTML says
// nothing.
func choose(branches [][]passage) []passage {
	var chosen []passage
	for _, branch := range branches {
		text := says(branch)
		switch {
		case text == "":
		case !slices.ContainsFunc(branch, func(p passage) bool { return !p.plain }) && !isStub(text):
			return branch
		case chosen == nil || isStub(says(chosen)):
			chosen = branch
		}
	}
	return chosen
}

// stub is what programs write instead of a text.
var stub = worded(`(?is)^.{0,200}\b(?:(?:support|view|display|read|see|enable|capable)\w*\b.{0,60}\bHTML|HTML\b.{0,60}\b(?:support|view|display|format|capable|anzeig|darstell|version))`)

func isStub(text string) bool { return len(text) < 400 && stub.MatchString(text) }

func (g *gatherer) leaf(p *part) []passage {
	begin := p.begin()
	kind := picture.Type(begin)
	switch {
	case kind != "":
		g.picture(p, kind)
	case isTNEF(begin) && g.wrapped < maxWrapped:
		return g.unwrap(readTNEF(p.bytes()))
	case p.isText(begin):
		return g.text(p)
	case p.isSilent() || g.choice && strings.HasPrefix(p.kind, "text/"):
	case len(begin) > 0 || p.name != "":
		if p.kind == "message/rfc822" {
			g.mails = append(g.mails, attachedMail{p, len(g.content.LeftOut)})
		}
		g.leaveOut(p)
	}
	return nil
}

// text reads what a person wrote, unless that is too much.
func (g *gatherer) text(p *part) []passage {
	if g.texts += p.size(); g.texts > maxText {
		return nil
	}
	return []passage{g.withoutFiles(p.passage(p.bytes()))}
}

// withoutFiles takes the files that stand in a text as attachments.
func (g *gatherer) withoutFiles(p passage) passage {
	text, files := cutUUFiles(p.text)
	for _, file := range files {
		g.file(file.name, file.data)
	}
	p.text = text
	return p
}

// file takes a file that stands in something else as an attachment, unless there
// are too many of them (C24).
func (g *gatherer) file(name string, data []byte) {
	if g.files++; g.files <= maxParts {
		g.leaf(&part{kind: "application/octet-stream", name: name, body: inMemory(data)})
	}
}

// maxWrapped is how deep a winmail.dat may lie in others.
const maxWrapped = 3

// unwrap gives the text of a winmail.dat, and takes its files as attachments.
func (g *gatherer) unwrap(t tnef) []passage {
	g.wrapped++
	defer func() { g.wrapped-- }()
	for _, file := range t.files {
		g.file(file.name, file.data)
	}
	if strings.TrimSpace(t.text) == "" && t.html != "" {
		html := part{kind: "text/html"}
		return []passage{html.passage([]byte(t.html))}
	}
	return []passage{{cleanText(t.text), true}}
}

// isSilent tells whether a leaf is nothing that anybody would miss: the
// signature of a signed mail, or what a Macintosh writes beside a file.
func (p *part) isSilent() bool {
	return slices.Contains([]string{"application/pgp-signature", "application/pkcs7-signature",
		"application/x-pkcs7-signature", "application/applefile"}, p.kind)
}

// dataKinds are the texts that are data for programs.
var dataKinds = map[string]bool{
	"text/calendar": true, "text/csv": true, "text/css": true, "text/vcard": true, "text/x-vcard": true,
	"text/directory": true, "text/xml": true, "text/rtf": true, "text/javascript": true, "text/x-amp-html": true,
	"text/watch-html": true, "text/rfc822-headers": true,
}

// isText tells whether a leaf that begins so is something that its author wrote
// into the mail.
// A leaf whose type makes no sense is if it looks so, and so is a text of a type
// that nobody knows (RFC 2046 §4.1.4).
func (p *part) isText(begin []byte) bool {
	switch {
	case p.disposition == "attachment" || dataKinds[p.kind]:
		return false
	case p.kind == "text/plain" || p.kind == "text/html":
		return true
	case strings.HasPrefix(p.kind, "text/"):
		return p.name == ""
	}
	return !strings.Contains(p.kind, "/") && bytes.IndexByte(begin, 0) < 0
}

var enrichedTag = worded(`<(?:(<)|/?[A-Za-z][A-Za-z0-9-]{0,60}>)`)

func (p *part) passage(data []byte) passage {
	name := p.params["charset"]
	if p.kind == "text/html" {
		if name == "" {
			_, name, _ = charset.DetermineEncoding(data, "")
		}
		return passage{text: cleanText(htmlText(toUTF8(name, data)))}
	}
	text := cleanText(toUTF8(name, data))
	switch {
	case p.kind == "text/enriched" || p.kind == "text/richtext":
		text = enrichedTag.pattern().ReplaceAllString(text, "$1") // RFC 1896, as plain as can be
	case strings.EqualFold(p.params["format"], "flowed"):
		text = unflow(text, strings.EqualFold(p.params["delsp"], "yes"))
	}
	return passage{text, true}
}

// leaveOut notes a leaf that is neither text nor a picture that can be used.
func (g *gatherer) leaveOut(p *part) {
	why := "not a picture"
	switch {
	case strings.HasPrefix(p.kind, "text/"):
		why = "an attached text"
	case p.kind == "message/rfc822":
		why = "a whole mail"
	case strings.HasPrefix(p.kind, "image/"):
		why = "a kind of picture that cannot be converted"
	}
	g.note(p, why)
}

// note adds a leaf to what is left out.
func (g *gatherer) note(p *part, why string) {
	name := shorten(readable(unfold(p.name)), 80)
	if name == "" {
		name = "a part without a name"
	}
	g.content.LeftOut = append(g.content.LeftOut, name+" ("+why+")")
}

// shorten cuts text to at most n letters.
func shorten(text string, n int) string {
	if letters := []rune(text); len(letters) > n {
		return string(letters[:n-1]) + "…"
	}
	return text
}
