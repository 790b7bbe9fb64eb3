package filter

// Files that stand in a text, uuencoded (POSIX uuencode), as old programs and
// some scanners send photos.

import "strings"

// uuFile is one such file.
type uuFile struct {
	name string
	data []byte
}

var uuBegin = worded(`^begin [0-7]{3,4} (\S.*)$`)

// cutUUFiles takes the files out of a text. What does not end with the line
// "end" is no file and stays.
func cutUUFiles(text string) (string, []uuFile) {
	if !strings.Contains(text, "begin ") {
		return text, nil
	}
	lines := strings.Split(text, "\n")
	var kept []string
	var files []uuFile
	for i := 0; i < len(lines); i++ {
		m := uuBegin.pattern().FindStringSubmatch(strings.TrimRight(lines[i], "\r"))
		if m != nil {
			if data, end := decodeUU(lines[i+1:]); end > 0 {
				files = append(files, uuFile{m[1], data})
				i += end
				continue
			}
		}
		kept = append(kept, lines[i])
	}
	return strings.Join(kept, "\n"), files
}

// decodeUU decodes lines up to "end" and gives its number from 1, 0 if it does
// not come to it.
func decodeUU(lines []string) (data []byte, end int) {
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		switch {
		case line == "end" && i > 0:
			return data, i + 1
		case line == "" || line[0] < ' ' || line[0] > '`':
			return nil, 0
		}
		n := int(line[0]-' ') & 63
		if len(line)-1 > (n+2)/3*4+2 || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '`' }) {
			return nil, 0
		}
		data = appendUU(data, line[1:], n)
	}
	return nil, 0
}

// appendUU appends the n bytes that a line stands for; blanks that were lost at
// its end are zeros.
func appendUU(data []byte, line string, n int) []byte {
	six := func(i int) byte {
		if i >= len(line) {
			return 0
		}
		return (line[i] - ' ') & 63
	}
	for i := 0; n > 0; i, n = i+4, n-3 {
		a, b, c, d := six(i), six(i+1), six(i+2), six(i+3)
		three := [3]byte{a<<2 | b>>4, b<<4 | c>>2, c<<6 | d}
		data = append(data, three[:min(n, 3)]...)
	}
	return data
}
