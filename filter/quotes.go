package filter

// Quoted and forwarded mails: where one begins in a text, and whether anything
// of the author's stands in or behind it.

import (
	"slices"
	"strings"
)

// original is how a mail that stands in another is announced.
type original int

const (
	attributed original = iota // On … Fred wrote:
	headed                     // From, Sent, To and Subject, perhaps below "Original Message"
	passedOn                   // "Forwarded message", perhaps with a header
)

// withoutQuotes cuts the mail that is answered, or the header of the one that
// is passed on.
func (c *cleaner) withoutQuotes(lines []string) []string {
	start, end, kind := findOriginal(lines, c.reply)
	if start < 0 {
		return c.withoutTrailingQuote(lines)
	}
	before, after := isWritten(lines[:start]), lines[end:]
	switch {
	case kind == passedOn, kind == headed && (c.forwarded || !before):
		return c.withoutHeader(lines, start, end)
	case !isWritten(after):
		if before {
			return c.cutFrom(cleanQuotes, lines, start)
		}
		return lines
	case !startsQuoted(after):
		named := c.reply || strings.Contains(strings.Join(lines[start:end], ""), "@")
		if before && (kind == headed || named && !slices.ContainsFunc(after, isQuoted)) {
			return c.cutFrom(cleanQuotes, lines, start)
		}
		return lines
	}
	return c.aroundQuote(lines, start, end, before)
}

// withoutHeader leaves of a mail that is passed on what it says, unquoted.
func (c *cleaner) withoutHeader(lines []string, start, end int) []string {
	if !c.cut(cleanForwarded, lines[start:end]) {
		return lines
	}
	before, after := trimBlankLines(lines[:start]), slices.Clone(trimBlankLines(lines[end:]))
	if !slices.ContainsFunc(after, isNew) {
		for i, line := range after {
			line = strings.TrimPrefix(strings.TrimLeft(line, " "), ">")
			after[i] = strings.TrimPrefix(line, " ")
		}
	}
	if len(before) == 0 {
		return after
	}
	return slices.Concat(before, []string{""}, after)
}

// aroundQuote cuts a quote that is all above or all below what the author
// wrote.
func (c *cleaner) aroundQuote(lines []string, start, end int, before bool) []string {
	first := slices.IndexFunc(lines[end:], isNew)
	switch {
	case first < 0 && before:
		return c.cutFrom(cleanQuotes, lines, start)
	case first < 0 || before:
		return lines // a quote alone, or answers between its lines
	}
	rest := lines[end+first:]
	if lines[end+first-1] != "" || slices.ContainsFunc(rest, isQuoted) || !c.cut(cleanQuotes, lines[start:end+first]) {
		return lines
	}
	return rest
}

// withoutTrailingQuote cuts lines with > at the end of an answer that says not
// whom it quotes.
func (c *cleaner) withoutTrailingQuote(lines []string) []string {
	at := len(lines)
	for at > 0 && !isNew(lines[at-1]) {
		at--
	}
	if !c.reply || at == 0 || at == len(lines) || slices.ContainsFunc(lines[:at], isQuoted) {
		return lines
	}
	return c.cutFrom(cleanQuotes, lines, at)
}

func isQuoted(line string) bool {
	rest := strings.TrimLeft(line, " ")
	return strings.HasPrefix(rest, ">") && len(line)-len(rest) < 4
}

// isNew tells a line that is neither empty nor quoted.
func isNew(line string) bool { return strings.TrimSpace(line) != "" && !isQuoted(line) }

func isWritten(lines []string) bool {
	return slices.ContainsFunc(lines, func(line string) bool { return strings.TrimSpace(line) != "" })
}

// startsQuoted tells whether the first line that says anything is quoted.
func startsQuoted(lines []string) bool {
	for _, line := range lines {
		if strings.TrimSpace(line) != "" {
			return isQuoted(line)
		}
	}
	return false
}

// longestHead is the length of the longest line that announces a mail, in bytes.
const longestHead = 200

// findOriginal gives the lines that announce the first mail in the text; start
// is -1 if there is none. In a mail that is no reply they must say more.
func findOriginal(lines []string, reply bool) (start, end int, kind original) {
	for i, line := range lines {
		if len(line) > longestHead || !strings.ContainsAny(line, ":：-–—_=>") || isQuoted(line) {
			continue
		}
		if at := attribution(lines, i); at >= 0 {
			return at, i + 1, attributed
		}
		switch {
		case forwardMarks.MatchString(line):
			return i, behindHeader(lines, i+1), passedOn
		case replyMarks.MatchString(line):
			if end := behindHeader(lines, i+1); reply || end > i+1 {
				return i, end, headed
			}
		case headLines[0].MatchString(line):
			if end, kinds := headerEnd(lines, i); end > 0 && isMailHeader(lines[i:end], kinds, reply) {
				return i, end, headed
			}
		}
	}
	return -1, -1, 0
}

// isMailHeader tells a header that no mark announces from what an author says
// of a journey, say: in a reply it has an address or a subject; elsewhere its
// first line is a sender, and it has three kinds of fields.
func isMailHeader(lines []string, kinds int, reply bool) bool {
	if !reply {
		return kinds >= 3 && senderLine.MatchString(lines[0])
	}
	return slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, "@") || headLines[3].MatchString(line) })
}

// attribution gives where the attribution begins whose last line is i, -1 if
// that is none. It may be broken over up to four lines.
func attribution(lines []string, i int) int {
	line := strings.TrimRight(lines[i], " \t")
	if datedName.MatchString(line) {
		return i
	}
	if !strings.HasSuffix(strings.TrimRight(line, "*"), ":") && !strings.HasSuffix(line, "：") {
		return -1
	}
	if !attributionEnd.MatchString(line) {
		if startsQuoted(lines[i+1:]) && strings.Contains(line, "@") && dateLike.MatchString(line) {
			return i // in whatever language
		}
		return -1
	}
	found, joined := -1, ""
	for at := i; at >= max(0, i-3); at-- {
		if strings.TrimSpace(lines[at]) == "" || isQuoted(lines[at]) || len(lines[at]) > longestHead {
			break
		}
		joined = strings.TrimSpace(lines[at]) + " " + joined
		if attributionStart.MatchString(lines[at]) && (dateLike.MatchString(joined) || strings.Contains(joined, "@")) && (at == 0 || !isSentence(lines[at-1]) || found < 0) {
			if found = at; dateLike.MatchString(joined) {
				break
			}
		}
	}
	if found < 0 && strings.ContainsAny(line, "@<") {
		return i
	}
	return found
}

// isSentence tells a line that runs on into the next.
func isSentence(line string) bool { return strings.TrimSpace(line) != "" }

// behindHeader gives where the header ends that follows a mark, at if none does.
func behindHeader(lines []string, at int) int {
	for i := at; i < min(len(lines), at+3); i++ {
		if strings.TrimSpace(lines[i]) == "" {
			continue
		}
		if end, _ := headerEnd(lines, i); end > 0 {
			return end
		}
		break
	}
	return at
}

// headerEnd gives where a header ends that begins at a line, 0 if none does: it
// has three fields of a mail's, or two of which one is a date, without an empty
// line between them. kinds are the fields that it has.
func headerEnd(lines []string, at int) (end, count int) {
	var kinds [5]bool
	for i := at; i < min(len(lines), at+15) && strings.Trim(lines[i], " >") != ""; i++ {
		for kind, pattern := range headLines {
			if pattern.MatchString(lines[i][:min(len(lines[i]), longestHead)]) {
				kinds[kind], end = true, i+1
				break
			}
		}
	}
	for _, there := range kinds {
		if there {
			count++
		}
	}
	if count >= 3 || kinds[0] && kinds[1] && count == 2 {
		return end, count
	}
	return 0, count
}
