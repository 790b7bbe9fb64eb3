package cmd

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// An mbox is mails one after the other, each behind a line "From sender date"
// that the mail server wrote. A line of a mail that begins like that has a > put
// before it, or one more (RFC 4155, and mboxrd, which this reads).
//
// Some programs put none, and tell by a field Content-Length where a mail ends
// (mboxcl2). There a sender can write a whole mail into the text of another, with
// what a mail server would write on top. So where any mail of an mbox has that
// field, no mail server's word in it counts; other proofs do.

// separator is a line "From ", which mail servers and mail readers write in
// several ways: with a sender and a date, with "-" and a date, or with nothing.
// A sentence that begins with From is none.
var separator = compiled(`^From (\S+ +)?(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(\d+ +)?(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) |^From \r?\n$`)

// mailsIn finds the mails in a file: many if it is an mbox, else one. What is
// added to it after size bytes is for the next time.
func mailsIn(path string, size int64) ([]*boxMail, error) {
	f, err := os.Open(path)
	if err != nil || size == 0 {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(io.NewSectionReader(f, 0, size), 64<<10)
	if start, _ := in.Peek(len("From ")); string(start) != "From " {
		return []*boxMail{{source: source{Path: path, Size: size}, name: path}}, nil
	}
	starts, counted, err := separators(in)
	if err != nil {
		return nil, err
	}
	mails := make([]*boxMail, len(starts))
	for i, start := range starts {
		end := size
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		mails[i] = &boxMail{
			source: source{Path: path, Offset: start, Size: end - start, InMbox: true, Forgeable: counted},
			name:   fmt.Sprintf("%s, mail %d", path, i+1),
		}
	}
	return mails, nil
}

var contentLength = compiled(`(?i)^Content-Length[ \t]*:`)

// separators gives where the mails of an mbox begin: at its start, and at each
// separator behind an empty line; and whether the header of any of them counts the
// bytes of its text.
func separators(in *bufio.Reader) (starts []int64, counted bool, err error) {
	starts = []int64{0}
	at, afterEmpty, inHeader := int64(0), false, true
	err = eachLine(in, func(line []byte, begins bool) error {
		if at > 0 && afterEmpty && separator().Match(line) {
			starts, inHeader = append(starts, at), true
		}
		counted = counted || inHeader && begins && contentLength().Match(line)
		at += int64(len(line))
		afterEmpty = begins && len(bytes.TrimRight(line, "\r\n")) == 0
		inHeader = inHeader && !afterEmpty
		return nil
	})
	return starts, counted, err
}

// eachLine gives the lines with their ends. A line that is longer than the
// reader's buffer comes in pieces, of which the first begins it.
func eachLine(in *bufio.Reader, do func(line []byte, begins bool) error) error {
	begins := true
	for {
		line, err := in.ReadSlice('\n')
		if len(line) > 0 {
			if err := do(line, begins); err != nil {
				return err
			}
		}
		switch {
		case err == nil:
			begins = true
		case errors.Is(err, bufio.ErrBufferFull):
			begins = false
		case err == io.EOF:
			return nil
		default:
			return err
		}
	}
}

var quotedFrom = compiled(`^>+From `)

// unquote copies a mail of an mbox as it was before it got there, but for the
// line "From " at its head, which tells the envelope sender. The empty line at
// its end is the mbox's.
func unquote(to io.Writer, mail io.Reader) (size int64, err error) {
	out := bufio.NewWriter(to)
	var held []byte // an empty line, which may be the last
	err = eachLine(bufio.NewReaderSize(mail, 64<<10), func(line []byte, begins bool) error {
		n, err := out.Write(held)
		size += int64(n)
		held = nil
		if begins && len(bytes.TrimRight(line, "\r\n")) == 0 {
			held = bytes.Clone(line)
			return err
		}
		if begins && quotedFrom().Match(line) {
			line = line[1:]
		}
		m, failed := out.Write(line)
		size += int64(m)
		return errors.Join(err, failed)
	})
	return size, errors.Join(err, out.Flush())
}
