package filter

// The text as simple HTML, for editors that take it: paragraphs, lists and
// links. It is made from the cleaned text and not from the HTML of the mail, so
// that nothing of that gets through: no style, no script, no picture that tells
// who has looked (C25).

import (
	"html"
	"strings"
)

var (
	bullet     = worded(`^\s*(?:[-*•–]|\d{1,3}[.)])\s+(\S.*)$`)
	ordered    = worded(`^\s*\d{1,3}[.)]\s`)
	webAddress = worded(`https?://[^\s<>"()]+[^\s<>"().,;:!?']`)
)

// simpleHTML gives <p>, <br>, <ul>, <ol>, <li> and <a>, and nothing else.
func simpleHTML(text string) string {
	var out strings.Builder
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		lines := strings.Split(strings.Trim(paragraph, "\n"), "\n")
		for len(lines) > 0 {
			n := 0
			for n < len(lines) && bullet.MatchString(lines[n]) == bullet.MatchString(lines[0]) && ordered.MatchString(lines[n]) == ordered.MatchString(lines[0]) {
				n++
			}
			writeBlock(&out, lines[:n])
			lines = lines[n:]
		}
	}
	return out.String()
}

// writeBlock writes lines that are all items of a list, or all none.
func writeBlock(out *strings.Builder, lines []string) {
	switch {
	case strings.TrimSpace(strings.Join(lines, "")) == "":
	case !bullet.MatchString(lines[0]):
		for i, line := range lines {
			lines[i] = linked(line)
		}
		out.WriteString("<p>" + strings.Join(lines, "<br>\n") + "</p>\n")
	default:
		tag := "ul"
		if ordered.MatchString(lines[0]) {
			tag = "ol"
		}
		out.WriteString("<" + tag + ">\n")
		for _, line := range lines {
			out.WriteString("<li>" + linked(bullet.pattern().FindStringSubmatch(line)[1]) + "</li>\n")
		}
		out.WriteString("</" + tag + ">\n")
	}
}

// linked escapes a line and makes links of the addresses in it.
func linked(line string) string {
	var out strings.Builder
	at := 0
	for _, m := range webAddress.pattern().FindAllStringIndex(line, -1) {
		url := html.EscapeString(line[m[0]:m[1]])
		out.WriteString(html.EscapeString(line[at:m[0]]) + `<a href="` + url + `">` + url + `</a>`)
		at = m[1]
	}
	out.WriteString(html.EscapeString(line[at:]))
	return out.String()
}
