package filter

// HTML-only mail becomes text (C22) by one pass over its tokens, so that time
// and memory are linear in its size; a tree, and a converter that wants one,
// can be made to grow without bounds. Hidden text is left out, nothing that the
// HTML names is fetched (C25).

import (
	"errors"
	"io"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlText gives the text that a reader of the HTML would see.
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
			tag := atom.Lookup(name)
			hides := more && isHidden(z) || unshown[tag]
			w.start(tag, hides && kind == html.StartTagToken)
		case html.EndTagToken:
			name, _ := z.TagName()
			w.end(atom.Lookup(name))
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

var hiddenStyle = regexp.MustCompile(`(?i)display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(px|pt|em|%)?\s*(;|!|$)|mso-hide\s*:\s*all|opacity\s*:\s*0(\.0+)?\s*(;|!|$)`)

// isHidden tells by the attributes of the tag at hand whether it is not shown.
func isHidden(z *html.Tokenizer) bool {
	for {
		key, value, more := z.TagAttr()
		if string(key) == "hidden" || string(key) == "style" && hiddenStyle.Match(value) {
			return true
		}
		if !more {
			return false
		}
	}
}

// htmlWriter is the text so far, and what is open around it.
type htmlWriter struct {
	out     strings.Builder
	ends    int  // line ends that the text so far ends with; of no account while empty
	blank   bool // a blank is due before the next word
	pre     int
	hiding  atom.Atom // the outermost hidden element, 0 for none
	nesting int       // elements of that name open in it, itself included
}

func (w *htmlWriter) start(tag atom.Atom, hides bool) {
	if w.hiding != 0 {
		if tag == w.hiding && !endless[tag] {
			w.nesting++
		}
		if tag != w.hiding || !endless[tag] {
			return
		}
		w.hiding = 0
	}
	if hides && !void[tag] {
		w.hiding, w.nesting = tag, 1
		return
	}
	switch w.breakLine(tag); tag {
	case atom.Br:
		w.newLine()
	case atom.Li:
		w.word("-")
		w.blank = true
	case atom.Td, atom.Th, atom.Img:
		w.blank = true
	case atom.Pre:
		w.pre++
	}
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
	if tag == atom.Pre && w.pre > 0 {
		w.pre--
	}
	w.breakLine(tag)
}

// breakLine ends the line where tag is a block.
func (w *htmlWriter) breakLine(tag atom.Atom) {
	for w.out.Len() > 0 && w.ends < blocks[tag] {
		w.newLine()
	}
}

func (w *htmlWriter) newLine() {
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
	if w.blank && w.ends == 0 && w.out.Len() > 0 {
		w.out.WriteByte(' ')
	}
	w.out.WriteString(text)
	w.blank, w.ends = false, 0
}

// text writes what stands between tags: blanks count once, except in <pre>.
func (w *htmlWriter) text(text string) {
	switch {
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
