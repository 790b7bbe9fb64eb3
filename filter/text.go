package filter

// C22: the text of a part made fit for an ad.

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cleanText makes every line end LF and drops what no text holds: control
// characters, bidi overrides, U+FFFD. Joiners stay, emoji and Indic scripts
// need them.
func cleanText(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n\n", "\u0085", "\n").Replace(text)
	if strings.Contains(text, "=?") {
		text = encodedWord.pattern().ReplaceAllStringFunc(text, decodeWords) // as some programs quote subjects
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r) || r == utf8.RuneError || r == '\uFEFF' || unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, text)
}

// unflow joins the soft-broken lines of format=flowed (RFC 3676 §4). With
// delSp the blank at the break is not part of the text. Lines join only at one
// quote depth.
func unflow(text string, delSp bool) string {
	var out []byte
	depth, flowing := 0, false
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		rest := strings.TrimLeft(line, ">")
		quotes := len(line) - len(rest)
		rest = strings.TrimPrefix(rest, " ")
		signature := rest == "-- "
		if !flowing || quotes != depth || signature {
			if len(out) > 0 {
				out = append(out, '\n')
			}
			out = append(out, quoteMark(quotes)...)
		}
		depth, flowing = quotes, strings.HasSuffix(rest, " ") && !signature
		if flowing && delSp {
			rest = strings.TrimSuffix(rest, " ")
		}
		out = append(out, rest...)
	}
	return string(out)
}

func quoteMark(depth int) string {
	if depth == 0 {
		return ""
	}
	return strings.Repeat(">", depth) + " "
}

// joinPassages puts an empty line between passages and takes blanks off the
// ends of lines.
func joinPassages(passages []passage) string {
	var kept []string
	for _, p := range passages {
		lines := strings.Split(p.text, "\n")
		for i, line := range lines {
			lines[i] = strings.TrimRightFunc(line, unicode.IsSpace)
		}
		if text := strings.Trim(strings.Join(lines, "\n"), "\n"); text != "" {
			kept = append(kept, text)
		}
	}
	return strings.Join(kept, "\n\n")
}
