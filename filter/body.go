package filter

// A body is never held in memory as a whole: a mail of 67 MB is ten photos and
// a line of text. What is looked for in it is looked for line by line, a part is
// a section of the file, and only what a person wrote is read into memory. A
// photo is read when somebody asks for it.

import (
	"bufio"
	"bytes"
	"io"
)

// bodyFile reads the body of a message and remembers what went wrong, so that
// whoever looks at the body can take trouble with the file for its end.
type bodyFile struct {
	in   io.ReaderAt
	size int64
	err  error
}

func (f *bodyFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.in.ReadAt(p, at)
	switch {
	case err == io.EOF && at+int64(n) < f.size:
		f.err = io.ErrUnexpectedEOF
	case err != nil && err != io.EOF:
		f.err = err
	}
	return n, err
}

// inMemory makes a body of what was found within another.
func inMemory(data []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))
}

// section gives the bytes of a body from one place to another.
func section(body *io.SectionReader, from, to int64) *io.SectionReader {
	return io.NewSectionReader(body, from, to-from)
}

// start reads the first n bytes of a body, or all.
func start(body *io.SectionReader, n int64) []byte {
	begin := make([]byte, min(n, body.Size()))
	read, _ := body.ReadAt(begin, 0) // bodyFile remembers why
	return begin[:read]
}

// withoutLineEnd takes one LF or CRLF off the end of a body.
func withoutLineEnd(body *io.SectionReader) *io.SectionReader {
	size := body.Size()
	last := make([]byte, min(size, 2))
	n, _ := body.ReadAt(last, size-int64(len(last)))
	return section(body, 0, size-int64(n-len(trimLineEnd(last[:n]))))
}

// crLines reads lines that end in CR as if they ended in LF.
type crLines struct{ in io.ReaderAt }

func (c crLines) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.in.ReadAt(p, at)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// withLines gives a body with lines that end in LF, where it has none and they
// end in CR.
func withLines(body *io.SectionReader) *io.SectionReader {
	in := bufio.NewReader(section(body, 0, body.Size()))
	for {
		switch _, err := in.ReadSlice('\n'); err {
		case nil:
			return body
		case bufio.ErrBufferFull:
		default:
			return io.NewSectionReader(crLines{body}, 0, body.Size())
		}
	}
}

// longLine is how much of a line is looked at, in bytes: more than the header of
// a part may have.
const longLine = maxPartHeader + 4096

// lines reads a body line by line.
type lines struct {
	in  *bufio.Reader
	at  int64 // where the next line begins, or the rest of the last
	cut bool  // of the last line there is a rest
}

func newLines(body *io.SectionReader) *lines {
	size := min(body.Size()+1, longLine)
	return &lines{in: bufio.NewReaderSize(section(body, 0, body.Size()), int(size))}
}

// next gives the next line with its end, of a long line the beginning; an empty
// one at the end of the body. It is good until the next call.
func (l *lines) next() []byte {
	for l.cut {
		l.read()
	}
	return l.read()
}

// read gives what fits of the line at hand.
func (l *lines) read() []byte {
	piece, err := l.in.ReadSlice('\n')
	l.at += int64(len(piece))
	l.cut = err == bufio.ErrBufferFull
	return piece
}

// hyphened gives the next line that begins with two hyphens, as all do that
// delimit parts; an empty one if there is none. It is good until the next call.
func (l *lines) hyphened() []byte {
	for {
		if l.cut {
			l.read()
			continue
		}
		window, _ := l.in.Peek(max(2, l.in.Buffered()))
		switch {
		case len(window) < 2:
			return nil
		case window[0] == '-' && window[1] == '-':
			return l.read()
		}
		l.pass(window)
	}
}

// pass goes on to the next line of the window, the beginning of a line, that may
// begin with hyphens.
func (l *lines) pass(window []byte) {
	n := bytes.Index(window, []byte("\n--")) + 1
	if n == 0 {
		n = bytes.LastIndexByte(window, '\n') + 1
	}
	if n == 0 {
		l.read()
		return
	}
	discarded, _ := l.in.Discard(n) // it is there
	l.at += int64(discarded)
}
