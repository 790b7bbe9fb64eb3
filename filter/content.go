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
)

// Content is what of a message can go into an ad.
type Content struct {
	Text    string   // paragraphs with LF; no signature, no trailing blanks
	Photos  []Photo  // attached and inline ones, in the order of the mail
	LeftOut []string // what was not taken and why, a line each, safe to print
}

// Photo is one picture as it came, not decoded or checked.
type Photo struct {
	Type string // image/jpeg, image/png, image/gif or image/webp, by content
	Data []byte
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
	body := make([]byte, m.body().Size())
	if _, err := io.ReadFull(m.body(), body); err != nil {
		return nil, fmt.Errorf("reading the body: %w", err)
	}
	root, err := newPart(m.value, body)
	if err != nil {
		return nil, err
	}
	g := gatherer{}
	passages, err := g.walk(root, 0)
	if err != nil {
		return nil, err
	}
	g.content.Text = joinPassages(passages)
	return &g.content, nil
}

// passage is the text of one leaf.
type passage struct {
	text  string
	plain bool // text/plain, not HTML
}

// gatherer walks the tree, keeps photos and what is left out, and counts what
// is limited.
type gatherer struct {
	content Content
	parts   int
	headers int // bytes of all parts' headers
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
// first that does.
func choose(branches [][]passage) []passage {
	var chosen []passage
	for _, branch := range branches {
		text, plain := "", true
		for _, p := range branch {
			text, plain = text+p.text, plain && p.plain
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		if plain {
			return branch
		}
		if chosen == nil {
			chosen = branch
		}
	}
	return chosen
}

func (g *gatherer) leaf(p *part) []passage {
	data := decode(p.encoding, p.body)
	kind := pictureType(data)
	switch {
	case kind != "":
		g.content.Photos = append(g.content.Photos, Photo{kind, data})
	case p.isText(data):
		return []passage{p.passage(data)}
	case len(data) > 0 || p.name != "":
		g.leaveOut(p)
	}
	return nil
}

// pictureType tells by its first bytes what picture data is, "" for none that
// can be used.
func pictureType(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case bytes.HasPrefix(data, []byte("GIF87a")), bytes.HasPrefix(data, []byte("GIF89a")):
		return "image/gif"
	case bytes.HasPrefix(data, []byte("RIFF")) && len(data) >= 14 && string(data[8:14]) == "WEBPVP":
		return "image/webp"
	}
	return ""
}

// isText tells whether a leaf is something that its author wrote into the mail.
// A leaf whose type makes no sense is if it looks so.
func (p *part) isText(data []byte) bool {
	if p.disposition == "attachment" {
		return false
	}
	switch p.kind {
	case "text/plain", "text/html":
		return true
	}
	return !strings.Contains(p.kind, "/") && bytes.IndexByte(data[:min(len(data), 1000)], 0) < 0
}

func (p *part) passage(data []byte) passage {
	name := p.params["charset"]
	if p.kind == "text/html" {
		if name == "" {
			_, name, _ = charset.DetermineEncoding(data, "")
		}
		return passage{text: cutSignature(cleanText(htmlText(toUTF8(name, data))))}
	}
	text := cleanText(toUTF8(name, data))
	if strings.EqualFold(p.params["format"], "flowed") {
		text = unflow(text, strings.EqualFold(p.params["delsp"], "yes"))
	}
	return passage{cutSignature(text), true}
}

// leaveOut notes a leaf that is neither text nor a picture that can be used.
func (g *gatherer) leaveOut(p *part) {
	name := shorten(readable(unfold(p.name)), 80)
	if name == "" {
		name = "a part without a name"
	}
	why := "not a picture"
	switch {
	case strings.HasPrefix(p.kind, "text/"):
		why = "an attached text"
	case p.kind == "message/rfc822":
		why = "a whole mail"
	case strings.HasPrefix(p.kind, "image/"):
		why = "not a JPEG, PNG, GIF or WebP picture"
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
