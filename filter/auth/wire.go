package auth

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// The body of a message as it was when it was signed.

// bodyOf skips the header of a message and the empty line below it.
func bodyOf(message io.Reader) (io.Reader, error) {
	r := bufio.NewReaderSize(message, 1<<16)
	for begins := true; ; {
		line, err := r.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF), err == nil && begins && len(bytes.TrimRight(line, "\r\n")) == 0:
			return r, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("%w: reading the message: %w", ErrTemporary, err)
		}
		begins = err == nil
	}
}

// errBareCR: a CR without LF is no line end in mail (RFC 5322 §2.3), but some
// programs take it for one, and then the message is not the one that was signed.
var errBareCR = errors.New("the message has a bare CR (RFC 5322 §2.3)")

// maxEmpty is how many empty lines may follow each other. The verifier keeps
// them in memory until it knows whether they end the body.
const maxEmpty = 10_000

var errEmpty = fmt.Errorf("the message has more than %d empty lines together", maxEmpty)

// wireReader gives a message as it was on the wire, where every line ends with
// CRLF: mail servers hand it over with LF.
type wireReader struct {
	in    io.Reader
	ready []byte // converted, not yet read
	buf   [8 << 10]byte
	cr    bool // the last byte read was a CR
	ends  int  // line ends read just now
}

func (w *wireReader) Read(p []byte) (int, error) {
	for len(w.ready) == 0 {
		n, err := w.in.Read(w.buf[:])
		if cerr := w.convert(w.buf[:n]); cerr != nil {
			return 0, cerr
		}
		if err != nil && len(w.ready) == 0 {
			if w.cr {
				return 0, errBareCR
			}
			return 0, err
		}
	}
	n := copy(p, w.ready)
	w.ready = w.ready[n:]
	return n, nil
}

func (w *wireReader) convert(read []byte) error {
	w.ready = w.ready[:0]
	for _, b := range read {
		if w.cr && b != '\n' {
			return errBareCR
		}
		if w.cr = b == '\r'; w.cr {
			continue
		}
		if w.ends++; b != '\n' {
			w.ends = 0
		}
		if w.ends > maxEmpty {
			return errEmpty
		}
		if b == '\n' {
			w.ready = append(w.ready, '\r')
		}
		w.ready = append(w.ready, b)
	}
	return nil
}
