package filter

// HTML-only mail becomes text (C22) by one pass over its tokens, so that time
// and memory are linear in its size; a tree, and a converter that wants one,
// can be made to grow without bounds. Hidden text is left out, nothing that the
// HTML names is fetched (C25).

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlText gives the text that a reader of the HTML would see. What it quotes
// of other mails has "> " before its lines.
func htmlText(source string) string {
	z := html.NewTokenizer(strings.NewReader(source))
	w := htmlWriter{}
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
				tag.read(z, w.unseen)
			}
			tag.hides = (tag.hides || unshown[tag.atom]) && kind == html.StartTagToken
			w.start(tag)
		case html.EndTagToken:
			name, _ := z.TagName()
			w.end(atom.Lookup(name))
		}
	}
}

// element is what of a start tag counts.
type element struct {
	atom  atom.Atom
	hides bool   // it is not shown
	cites bool   // it quotes another mail
	href  string // of a link
}

// read takes the attributes of the tag at hand. unseen are the classes that a
// style sheet hides.
func (e *element) read(z *html.Tokenizer, unseen map[string]bool) {
	for more := true; more; {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch string(key) {
		case "hidden":
			e.hides = true
		case "style":
			e.hides = e.hides || hiddenStyle.Match(value)
		case "href":
			e.href = strings.TrimSpace(string(value))
		case "type":
			e.cites = e.cites || bytes.EqualFold(value, []byte("cite"))
		case "class":
			for class := range bytes.FieldsSeq(value) {
				e.hides = e.hides || unseen[string(class)]
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

var hiddenStyle = regexp.MustCompile(`(?i)display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*(?:0(?:px|pt|em|%)?|1px)\s*(;|!|$)|` +
	`mso-hide\s*:\s*all|opacity\s*:\s*0(\.0+)?\s*(;|!|$)|max-height\s*:\s*0(?:px)?\s*(;|!|$)|text-indent\s*:\s*-\d{3,}`)

// htmlWriter is the text so far, and what is open around it.
type htmlWriter struct {
	out     strings.Builder
	ends    int  // line ends that the text so far ends with; of no account while empty
	blank   bool // a blank is due before the next word
	marked  bool // the mark of an item was the last word
	pre     int
	hiding  atom.Atom // the outermost hidden element, 0 for none
	nesting int       // elements of that name open in it, itself included

	unseen map[string]bool // classes that a style sheet hides
	cites  []bool          // the open blockquotes; true for a quote of a mail
	citing int             // how many of them are true
	lists  []int           // the open lists: the number of the last item, -1 where there are none
	href   string          // of the open link, "" for none
	linked int             // where its text begins in out
}

func (w *htmlWriter) start(tag element) {
	if w.hiding != 0 {
		if tag.atom == w.hiding && !endless[tag.atom] {
			w.nesting++
		}
		if tag.atom != w.hiding || !endless[tag.atom] {
			return
		}
		w.hiding = 0
	}
	if tag.hides && !void[tag.atom] {
		w.hiding, w.nesting = tag.atom, 1
		return
	}
	w.breakLine(tag.atom)
	w.open(tag)
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
	case w.hiding != 0 || text == "":
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

var hidingRule = worded(`(?:^|[}\s,>;])[a-z]*\.([A-Za-z][\w-]*)\s*\{([^{}]*)\}`)

// styleSheet notes the classes that are hidden on every screen: what stands in
// @media is not for every one.
func (w *htmlWriter) styleSheet(text string) {
	text, _, _ = strings.Cut(text, "@media")
	for _, rule := range hidingRule.pattern().FindAllStringSubmatch(text[:min(len(text), 100_000)], -1) {
		if hiddenStyle.MatchString(rule[2]) && len(w.unseen) < 1000 {
			if w.unseen == nil {
				w.unseen = map[string]bool{}
			}
			w.unseen[rule[1]] = true
		}
	}
}
