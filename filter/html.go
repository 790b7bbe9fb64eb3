package filter

// HTML-only mail becomes text (C22) by one pass over its tokens, so that time
// and memory are linear in its size; a tree, and a converter that wants one,
// can be made to grow without bounds. Hidden text is left out, nothing that the
// HTML names is fetched (C25).

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlText gives the text that a reader of the HTML would see. What it quotes
// of other mails has "> " before its lines. If all of it seems hidden, that is
// misread, and it gives all.
func htmlText(source string) string {
	text := (&htmlWriter{}).convert(source)
	if strings.TrimSpace(text) == "" {
		return (&htmlWriter{showing: true}).convert(source)
	}
	return text
}

func (w *htmlWriter) convert(source string) string {
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			if errors.Is(z.Err(), io.EOF) {
				return w.out.String()
			}
			return w.out.String() + "\n"
		case html.TextToken:
			w.text(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			tag := element{atom: atom.Lookup(name)}
			if more {
				tag.read(z, w.classes)
			}
			if w.showing || kind != html.StartTagToken {
				tag.look = look{}
			}
			tag.hides = tag.hides || unshown[tag.atom] && kind == html.StartTagToken
			w.start(tag)
		case html.EndTagToken:
			name, _ := z.TagName()
			w.end(atom.Lookup(name))
		}
	}
}

// element is what of a start tag counts.
type element struct {
	atom atom.Atom
	look
	cites bool   // it quotes another mail
	href  string // of a link
}

// look is what a style says of an element. Size and visibility are its
// children's too, unless they have their own: programs that make newsletters
// give 0 to what is around a text.
type look struct {
	hides            bool // neither it nor what it holds is shown
	size, visibility shown
}

// shown is whether a style shows a text.
type shown int

const (
	asAround shown = iota
	seen
	hidden
)

var (
	hiddenStyle = worded(`(?i)display\s*:\s*none|mso-hide\s*:\s*all|opacity\s*:\s*0(\.0+)?\s*(;|!|$)|max-height\s*:\s*0(?:px)?\s*(;|!|$)|text-indent\s*:\s*-\d{3,}`)
	noSize      = worded(`(?i)font-size\s*:\s*(?:0(?:px|pt|em|%)?|1px)\s*(?:;|!|$)`)
	someSize    = worded(`(?i)font-size\s*:\s*(?:[\d.]*[1-9][\d.]*(?:px|pt|pc|rem|cm|mm|in|vw)|(?:x+-)?(?:small|large)|medium)`)
	unseenStyle = worded(`(?i)visibility\s*:\s*(?:hidden|collapse)`)
	seenStyle   = worded(`(?i)visibility\s*:\s*visible`)
)

// readStyle gives the look that a style describes.
func readStyle(style []byte) look {
	return look{hiddenStyle.Match(style), shownBy(style, noSize, someSize), shownBy(style, unseenStyle, seenStyle)}
}

func shownBy(style []byte, no, yes *wording) shown {
	switch {
	case no.Match(style):
		return hidden
	case yes.Match(style):
		return seen
	}
	return asAround
}

// add puts another look upon one.
func (l *look) add(other look) {
	l.hides = l.hides || other.hides
	if other.size != asAround {
		l.size = other.size
	}
	if other.visibility != asAround {
		l.visibility = other.visibility
	}
}

// read takes the attributes of the tag at hand. classes are those of which a
// style sheet says how they look.
func (e *element) read(z *html.Tokenizer, classes map[string]look) {
	var own look // goes before the classes'
	defer func() { e.add(own) }()
	for more := true; more; {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch string(key) {
		case "hidden":
			e.hides = true
		case "style":
			own = readStyle(value)
		case "href":
			e.href = strings.TrimSpace(string(value))
		case "type":
			e.cites = e.cites || bytes.EqualFold(value, []byte("cite"))
		case "class":
			for class := range bytes.FieldsSeq(value) {
				e.add(classes[string(class)])
				e.cites = e.cites || string(class) == "gmail_quote" || string(class) == "protonmail_quote"
			}
		}
	}
}

// unshown elements hold nothing that a reader sees.
var unshown = map[atom.Atom]bool{
	atom.Script: true, atom.Style: true, atom.Title: true, atom.Template: true, atom.Noscript: true,
	atom.Iframe: true, atom.Object: true, atom.Select: true, atom.Textarea: true, atom.Svg: true, atom.Math: true,
}

// void elements have no end tag.
var void = map[atom.Atom]bool{
	atom.Br: true, atom.Hr: true, atom.Img: true, atom.Input: true, atom.Meta: true, atom.Link: true,
	atom.Area: true, atom.Base: true, atom.Col: true, atom.Embed: true, atom.Source: true, atom.Track: true, atom.Wbr: true, 0: true,
}

// endless elements end where the next of their kind begins.
var endless = map[atom.Atom]bool{
	atom.P: true, atom.Li: true, atom.Td: true, atom.Th: true, atom.Tr: true, atom.Dt: true, atom.Dd: true,
}

// blocks begin and end a line; a 2 sets them off by an empty one.
var blocks = map[atom.Atom]int{
	atom.Div: 1, atom.Tr: 1, atom.Li: 1, atom.Dt: 1, atom.Dd: 1, atom.Section: 1, atom.Article: 1, atom.Header: 1,
	atom.Footer: 1, atom.Center: 1, atom.Form: 1, atom.Address: 1, atom.Body: 1, atom.Figure: 1,
	atom.P: 2, atom.H1: 2, atom.H2: 2, atom.H3: 2, atom.H4: 2, atom.H5: 2, atom.H6: 2, atom.Ul: 2, atom.Ol: 2,
	atom.Dl: 2, atom.Table: 2, atom.Blockquote: 2, atom.Pre: 2, atom.Hr: 2,
}

// htmlWriter is the text so far, and what is open around it.
type htmlWriter struct {
	out     strings.Builder
	ends    int  // line ends that the text so far ends with; of no account while empty
	blank   bool // a blank is due before the next word
	marked  bool // the mark of an item was the last word
	pre     int
	hiding  atom.Atom // the outermost hidden element, 0 for none
	nesting int       // elements of that name open in it, itself included

	showing bool            // what styles hide is shown
	looks   []looking       // the open elements with a look of their own, at most maxLooks
	classes map[string]look // what style sheets say
	cites   []bool          // the open blockquotes; true for a quote of a mail
	citing  int             // how many of them are true
	lists   []int           // the open lists: the number of the last item, -1 where there are none
	href    string          // of the open link, "" for none
	linked  int             // where its text begins in out
}

func (w *htmlWriter) start(tag element) {
	if w.hiding != 0 {
		ended := tag.atom == w.hiding && endless[tag.atom] || w.hiding == atom.P && blocks[tag.atom] > 0
		if tag.atom == w.hiding && !ended {
			w.nesting++
		}
		if !ended {
			return
		}
		w.hiding = 0
	}
	if tag.hides && !void[tag.atom] {
		w.hiding, w.nesting = tag.atom, 1
		return
	}
	w.breakLine(tag.atom)
	w.look(tag)
	w.open(tag)
}

// looking is an open element with a look of its own.
type looking struct {
	atom    atom.Atom
	nesting int // elements of that name open in it, itself included
	look        // that of what is around it, too
}

// maxLooks bounds the work for one tag; what is deeper looks as its parent.
const maxLooks = 50

// look notes how what a tag holds looks.
func (w *htmlWriter) look(tag element) {
	if n := len(w.looks); n > 0 && w.looks[n-1].atom == atom.P && blocks[tag.atom] > 0 {
		w.looks = w.looks[:n-1] // a block ends a paragraph
	}
	for i := range w.looks {
		if w.looks[i].atom == tag.atom {
			w.looks[i].nesting++
		}
	}
	if tag.size == asAround && tag.visibility == asAround || void[tag.atom] || len(w.looks) == maxLooks {
		return
	}
	var whole look
	if n := len(w.looks); n > 0 {
		whole = w.looks[n-1].look
	}
	whole.add(tag.look)
	w.looks = append(w.looks, looking{tag.atom, 1, whole})
}

// lookEnds notes that an element ends, and with it those in it.
func (w *htmlWriter) lookEnds(tag atom.Atom) {
	for i := range w.looks {
		if w.looks[i].atom != tag {
			continue
		}
		if w.looks[i].nesting--; w.looks[i].nesting == 0 {
			w.looks = w.looks[:i]
			return
		}
	}
}

// unseen tells whether a word would not be seen here.
func (w *htmlWriter) unseen() bool {
	n := len(w.looks)
	return n > 0 && (w.looks[n-1].size == hidden || w.looks[n-1].visibility == hidden)
}

func (w *htmlWriter) open(tag element) {
	switch tag.atom {
	case atom.Br:
		w.newLine()
	case atom.Li:
		w.item()
	case atom.Td, atom.Th, atom.Img:
		w.blank = true
	case atom.Pre:
		w.pre++
	case atom.Ul:
		w.lists = append(w.lists, -1)
	case atom.Ol:
		w.lists = append(w.lists, 0)
	case atom.A:
		w.href, w.linked = tag.href, w.out.Len()
	case atom.Blockquote:
		w.cites = append(w.cites, tag.cites)
		if tag.cites {
			w.citing++
		}
	}
}

// item begins an item of a list: - or its number, set in by the lists around.
func (w *htmlWriter) item() {
	mark := "-"
	if n := len(w.lists); n > 0 {
		mark = strings.Repeat("  ", min(n-1, 4)) + mark
		if w.lists[n-1] >= 0 {
			w.lists[n-1]++
			mark = strings.Repeat("  ", min(n-1, 4)) + strconv.Itoa(w.lists[n-1]) + "."
		}
	}
	w.word(mark)
	w.blank, w.marked = true, true
}

func (w *htmlWriter) end(tag atom.Atom) {
	if w.hiding != 0 {
		if tag == w.hiding {
			if w.nesting--; w.nesting == 0 {
				w.hiding = 0
			}
		}
		return
	}
	w.lookEnds(tag)
	switch n := len(w.lists); {
	case tag == atom.Pre && w.pre > 0:
		w.pre--
	case (tag == atom.Ul || tag == atom.Ol) && n > 0:
		w.lists = w.lists[:n-1]
	case tag == atom.A:
		w.link()
	}
	w.breakLine(tag)
	if n := len(w.cites); tag == atom.Blockquote && n > 0 {
		if w.cites[n-1] {
			w.citing--
		}
		w.cites = w.cites[:n-1]
	}
}

const maxLink = 200 // longer ones are for machines

// link writes where the link leads that ends here, unless its text says so.
func (w *htmlWriter) link() {
	text, href := w.out.String()[min(w.linked, w.out.Len()):], w.href
	w.href = ""
	target, shown := strings.CutPrefix(href, "mailto:")
	if shown {
		target, _, _ = strings.Cut(target, "?")
		href = target
	} else if target, shown = strings.CutPrefix(target, "https://"); !shown {
		target, shown = strings.CutPrefix(target, "http://")
	}
	target = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(target, "www."), "/"))
	if !shown || target == "" || len(href) > maxLink || strings.ContainsFunc(href, unfitForLink) || strings.TrimSpace(text) == "" {
		return
	}
	if strings.Contains(strings.ToLower(text), target) {
		return
	}
	w.blank = true
	w.word("(" + href + ")")
}

func unfitForLink(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("<>()", r)
}

// breakLine ends the line where tag is a block.
func (w *htmlWriter) breakLine(tag atom.Atom) {
	if w.marked && tag != atom.Li {
		return // the first paragraph of an item
	}
	lines := blocks[tag]
	if len(w.lists) > 0 && (tag == atom.Ul || tag == atom.Ol || tag == atom.P) {
		lines = 1 // a list within a list, a paragraph within an item
	}
	for w.out.Len() > 0 && w.ends < lines {
		w.newLine()
	}
}

func (w *htmlWriter) newLine() {
	w.marked = false
	if text := w.out.String(); w.blank && (text == "--" || strings.HasSuffix(text, "\n--")) {
		w.out.WriteByte(' ') // the blank that makes it a signature's line
	}
	w.blank = false
	if w.out.Len() > 0 && w.ends < 3 {
		w.out.WriteByte('\n')
		w.ends++
	}
}

func (w *htmlWriter) word(text string) {
	if w.unseen() {
		return
	}
	atStart := w.ends > 0 || w.out.Len() == 0
	if w.blank && !atStart {
		w.out.WriteByte(' ')
	}
	if atStart && w.citing > 0 {
		w.out.WriteString("> ")
	}
	w.out.WriteString(text)
	w.blank, w.marked, w.ends = false, false, 0
}

// text writes what stands between tags: blanks count once, except in <pre>.
func (w *htmlWriter) text(text string) {
	switch {
	case w.hiding == atom.Style:
		w.styleSheet(text)
		return
	case w.hiding != 0 || text == "" || w.unseen():
		return
	case w.pre > 0:
		w.preformatted(text)
		return
	}
	w.blank = w.blank || isBlank(rune(text[0]))
	for _, word := range strings.FieldsFunc(text, isBlank) {
		w.word(word)
		w.blank = true
	}
	w.blank = isBlank(rune(text[len(text)-1]))
}

// isBlank follows the HTML standard: a no-break space is a letter.
func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' }

func (w *htmlWriter) preformatted(text string) {
	for line := range strings.Lines(text) {
		if rest := strings.TrimRight(line, "\r\n"); rest != "" {
			w.word(rest)
		}
		if strings.HasSuffix(line, "\n") {
			w.newLine()
		}
	}
}

var (
	styleRule    = worded(`([^{}]*)\{([^{}]*)`)
	styleComment = worded(`/\*[^*]*\*/|<!--`)
	// onlyClass is a selector that names no element around the one it is for.
	onlyClass = worded(`^[a-zA-Z]*\.([A-Za-z][\w-]*)$`)
)

// styleSheet notes the classes of which it says whether they are seen on every
// screen: what stands in @media is not for every one.
func (w *htmlWriter) styleSheet(text string) {
	text, _, _ = strings.Cut(text, "@media")
	text = styleComment.pattern().ReplaceAllString(text[:min(len(text), 100_000)], " ")
	for _, rule := range styleRule.pattern().FindAllStringSubmatch(text, -1) {
		if l := readStyle([]byte(rule[2])); l != (look{}) {
			w.styleClasses(rule[1], l)
		}
	}
}

func (w *htmlWriter) styleClasses(selectors string, l look) {
	if w.classes == nil {
		w.classes = map[string]look{}
	}
	for selector := range strings.SplitSeq(selectors, ",") {
		if class := onlyClass.pattern().FindStringSubmatch(strings.TrimSpace(selector)); class != nil && len(w.classes) < 1000 {
			w.classes[class[1]] = l
		}
	}
}
