package filter

// C22: what programs and habits add to a mail is cut from the text: signatures,
// quoted mails, footers. Each kind has a rule with a name, which an app can
// switch off, and all that is cut is kept beside the text. The first law: text
// of the author that is lost is worse than a signature that is kept. So a rule
// cuts only what it is sure of, at the end of what is left, and an answer that
// is written between the lines of a quoted mail keeps them all.

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Cut is a piece that is no part of the ad, and the rule that took it out.
type Cut struct{ Rule, Text string }

// The rules that clean a text.
const (
	cleanEnd        = "end"         // what stands behind the line [end]
	cleanSignature  = "signature"   // from the line "-- " on
	cleanSentFrom   = "sent-from"   // "Sent from my iPhone"
	cleanQuotes     = "quotes"      // the mail that is answered
	cleanForwarded  = "forwarded"   // the header above a forwarded mail
	cleanListFooter = "list-footer" // what a mailing list adds
	cleanDisclaimer = "disclaimer"  // what a lawyer adds
)

// CleanRules are the names of all of them.
var CleanRules = []string{cleanEnd, cleanSignature, cleanSentFrom, cleanQuotes, cleanForwarded, cleanListFooter, cleanDisclaimer}

// cleaner cleans the text of one mail.
type cleaner struct {
	off       []string // rules that are switched off
	reply     bool     // the mail is an answer
	forwarded bool     // its subject says that it is passed on
	names     []string // words of the author's name, lower case
	cuts      []Cut
}

// maxCleaned is the most lines in which footers and quotes are looked for: no ad
// is as long, and the work must be bounded (C24).
const maxCleaned = 5000

// cleaner knows of the mail what helps to tell its author's words from others'.
func (m *Message) cleaner(off []string) *cleaner {
	subject := m.Subject()
	c := &cleaner{
		off:       off,
		forwarded: forwardMark.MatchString(subject),
		reply:     m.value("In-Reply-To") != "" || m.value("References") != "" || replyMark.MatchString(subject),
	}
	name, _, _ := strings.Cut(m.Get("From"), "<")
	for _, word := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if utf8.RuneCountInString(word) > 2 {
			c.names = append(c.names, word)
		}
	}
	return c
}

// clean joins the passages and gives the text without what the rules cut, and
// that. If nothing but another's words would be cut, and nothing be left, they
// are what the author sends: the text stays as it is.
func (c *cleaner) clean(passages []passage) (string, []Cut) {
	text, cuts := c.cleanOnce(passages)
	if text == "" && slices.ContainsFunc(cuts, func(cut Cut) bool {
		return cut.Rule == cleanDisclaimer || cut.Rule == cleanQuotes || cut.Rule == cleanForwarded
	}) {
		return strings.Trim(joinPassages(passages), "\n"), nil
	}
	return text, cuts
}

func (c *cleaner) cleanOnce(passages []passage) (string, []Cut) {
	kept := make([]passage, len(passages))
	for i, p := range passages {
		kept[i] = passage{c.withoutSignature(p.text), p.plain}
	}
	lines := strings.Split(joinPassages(kept), "\n")
	lines = c.withoutRest(lines)
	if len(lines) > maxCleaned {
		return strings.Join(lines, "\n"), c.cuts
	}
	for range 5 { // a footer may stand behind a quote, a quote behind a footer
		before := len(lines)
		for _, rule := range []func([]string) []string{c.withoutFooter, c.withoutDisclaimer, c.withoutSentFrom, c.withoutQuotes, c.withoutDashes} {
			lines = trimBlankLines(rule(lines))
		}
		if len(lines) == before {
			break
		}
	}
	return strings.Join(lines, "\n"), c.cuts
}

// cut notes lines that a rule takes out, and tells whether it may.
func (c *cleaner) cut(rule string, lines []string) bool {
	if slices.Contains(c.off, rule) {
		return false
	}
	if text := strings.Trim(strings.Join(lines, "\n"), "\n"); strings.TrimSpace(text) != "" {
		c.cuts = append(c.cuts, Cut{rule, text})
	}
	return true
}

// cutFrom takes out the lines from at on, with a line of dashes before them.
func (c *cleaner) cutFrom(rule string, lines []string, at int) []string {
	if !c.cut(rule, lines[at:]) {
		return lines
	}
	lines = trimBlankLines(lines[:at])
	if n := len(lines); n > 0 && separator.MatchString(lines[n-1]) {
		lines = lines[:n-1]
	}
	return lines
}

// withoutRest cuts what stands behind the line [end].
func (c *cleaner) withoutRest(lines []string) []string {
	at := slices.IndexFunc(lines, endMark.MatchString)
	if at < 0 || slices.Contains(c.off, cleanEnd) {
		return lines
	}
	c.cut(cleanEnd, lines[at+1:])
	return trimBlankLines(lines[:at])
}

// withoutSignature cuts one from a passage.
func (c *cleaner) withoutSignature(text string) string {
	if slices.Contains(c.off, cleanSignature) {
		return text
	}
	text, signature := cutSignature(text)
	c.cut(cleanSignature, strings.Split(signature, "\n"))
	return text
}

// cutSignature cuts from the line "-- " to the end, or to where another mail is
// quoted, and only there: a line "--" may belong to the text.
func cutSignature(text string) (rest, signature string) {
	text = strings.ReplaceAll(text+"\n", "--\u00a0\n", "-- \n")
	at := strings.Index("\n"+text, "\n-- \n")
	if at < 0 {
		return strings.TrimSuffix(text, "\n"), ""
	}
	signature = text[at+len("-- \n"):]
	if quoted := quotedFrom(signature); quoted >= 0 {
		return text[:at] + "\n" + signature[quoted:], strings.TrimSuffix(signature[:quoted], "\n")
	}
	return strings.TrimSuffix(text[:at], "\n"), strings.TrimSuffix(signature, "\n")
}

// quotedFrom gives where in a signature a quoted mail begins, -1 for nowhere.
func quotedFrom(signature string) int {
	lines := strings.Split(signature, "\n")
	start, _, _ := findOriginal(lines[:min(len(lines), maxCleaned)], true)
	first := slices.IndexFunc(lines, isQuoted)
	if start < 0 || first >= 0 && first < start {
		start = first
	}
	if start < 0 {
		return -1
	}
	return len(strings.Join(lines[:start], "\n")) + min(start, 1)
}

// withoutDashes cuts a signature below a line "--" that has lost its blank. It
// is one for certain if it is short, the last, and names the author.
func (c *cleaner) withoutDashes(lines []string) []string {
	for at := len(lines) - 1; at >= max(0, len(lines)-7); at-- {
		if lines[at] != "--" || at+1 == len(lines) {
			continue
		}
		words := strings.FieldsFunc(strings.ToLower(strings.Join(lines[at+1:], " ")), func(r rune) bool { return !unicode.IsLetter(r) })
		named := slices.ContainsFunc(c.names, func(name string) bool { return slices.Contains(words, name) })
		if named && at > 0 && !slices.ContainsFunc(lines[at+1:], isQuoted) && c.cut(cleanSignature, lines[at+1:]) {
			return lines[:at]
		}
	}
	return lines
}

// withoutSentFrom cuts the lines by which programs sign at the end.
func (c *cleaner) withoutSentFrom(lines []string) []string {
	n := len(lines)
	if n == 0 || len(lines[n-1]) > 300 {
		return lines
	}
	at := n - 1
	if at > 0 && linkOnly(lines[at]) && isSentFrom(lines[at-1]) {
		at--
	}
	if !isSentFrom(withoutLink(lines[at])) {
		return lines
	}
	return c.cutFrom(cleanSentFrom, lines, at)
}

// manyDigits tells a line with a phone number in it.
var manyDigits = worded(`(?:\d[\s./()-]*){5}`)

// withoutLink takes a link off the end: "Get Outlook for iOS (https://…)".
func withoutLink(line string) string {
	for _, mark := range []string{"<http", "(http"} {
		if at := strings.LastIndex(line, mark); at > 0 {
			line = strings.TrimSpace(line[:at])
		}
	}
	return line
}

func linkOnly(line string) bool {
	return strings.HasPrefix(strings.TrimLeft(line, " <("), "http") && !strings.Contains(strings.TrimSpace(line), " ")
}

const (
	longestFooter     = 20       // lines
	longestDisclaimer = 60       // lines
	longestTail       = 16 << 10 // bytes
)

// tail gives where the last lines begin, at most most of them, in which a footer
// may stand. A long line is none of them, so that looking is cheap.
func tail(lines []string, most int) int {
	at := len(lines)
	for size := 0; at > max(0, len(lines)-most); at-- {
		if size += len(lines[at-1]) + 1; size > longestTail {
			break
		}
	}
	return at
}

// withoutFooter cuts what a mailing list has added at the end, paragraph by
// paragraph.
func (c *cleaner) withoutFooter(lines []string) []string {
	for at := len(lines) - 1; at >= tail(lines, longestFooter); at-- {
		if len(lines[at]) > 400 || !footerStart.MatchString(strings.TrimSpace(lines[at])) || !blankBefore(lines, at) {
			continue
		}
		paragraphs := strings.Split(strings.Join(lines[at:], "\n"), "\n\n")
		if footerWords.MatchString(paragraphs[0]) && !slices.ContainsFunc(paragraphs, isNoFooter) {
			return c.cutFrom(cleanListFooter, lines, at)
		}
	}
	return lines
}

func isNoFooter(paragraph string) bool {
	return strings.TrimSpace(paragraph) != "" && !footerWords.MatchString(paragraph) && !separator.MatchString(paragraph)
}

// blankBefore tells whether a paragraph begins at a line, or one that a line of
// dashes or underscores sets off.
func blankBefore(lines []string, at int) bool {
	return at == 0 || lines[at-1] == "" || separator.MatchString(lines[at-1]) || separator.MatchString(lines[at])
}

// withoutDisclaimer cuts from where a disclaimer begins to the end, if each
// paragraph from there on speaks as disclaimers do.
func (c *cleaner) withoutDisclaimer(lines []string) []string {
	for at := tail(lines, longestDisclaimer); at < len(lines); at++ {
		if lines[at] == "" || !blankBefore(lines, at) {
			continue
		}
		paragraphs := strings.Split(strings.Join(lines[at:], "\n"), "\n\n")
		if isDisclaimer(paragraphs) && !slices.ContainsFunc(paragraphs, isPlainSpeech) {
			return c.cutFrom(cleanDisclaimer, lines, at)
		}
	}
	return lines
}

// isDisclaimer tells whether paragraphs begin one: its first, or the one below
// its heading, names the mail, for authors disclaim what they sell.
func isDisclaimer(paragraphs []string) bool {
	if !disclaimerStart.MatchString(opening(paragraphs[0])) {
		return false
	}
	first := paragraphs[0]
	if len(paragraphs) > 1 && len(first) < 60 {
		first += "\n" + paragraphs[1]
	}
	return disclaimerMail.MatchString(first) && disclaimerLaw.MatchString(strings.Join(paragraphs, " "))
}

// opening gives the beginning of a paragraph in one line.
func opening(paragraph string) string {
	return strings.ReplaceAll(paragraph[:min(len(paragraph), 400)], "\n", " ")
}

func isPlainSpeech(paragraph string) bool {
	return strings.TrimSpace(paragraph) != "" && !separator.MatchString(paragraph) && !disclaimerWords.MatchString(paragraph)
}

// trimBlankLines takes empty lines off both ends.
func trimBlankLines(lines []string) []string {
	for len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}
