package cmd

// run --filter, for procmail's ":0 fw", maildrop's xfilter and the like: the
// message is handled as ever and then goes on to standard output, with fields
// on top of its header that tell what became of it.
//
//	X-Mailapp-Result  posted, rejected (cannot be posted as it is), refused (not
//	                  allowed), dropped, kept, forwarded, held, or the action of
//	                  a rule that has no such word
//	X-Mailapp-URL     of the ad, where there is one
//	X-Mailapp-Reason  what the sender is told of a refusal: the sentence that run
//	                  writes otherwise
//	X-Mailapp-ID      of the job, where there is one
//
// Such fields that came with the message are taken out, so that whoever reads
// one can believe it; only X-Mailapp-Loop stays, which stops loops (C18). Apart
// from that every byte is as it was. What run ends with 65 or 77 becomes 0 here,
// since the caller decides by the field. With 75 nothing was written, unless it
// was the writing that failed; the caller then goes by the exit code.

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"os"
	"strings"

	"mailapp/filter"
	"mailapp/poster"
)

// passOn decides, and writes the message with the result to d.out. The whole
// message is on disk before anything is done with it: nothing that was done is
// told with half a message.
func (d delivery) passOn(ctx context.Context, settings *filter.Settings, state stateDir, r *report) {
	file, err := newSpool(state.run())
	if err != nil {
		r.fail(err)
		return
	}
	defer file.Close()
	message := &copied{in: d.in, file: file}
	d.in = message
	d.decide(ctx, settings, state, r)
	if _, err := io.Copy(io.Discard, message); err != nil {
		r.fail(fmt.Errorf("copying the message: %w", err))
	}
	if r.Exit == exitLater {
		return
	}
	if err := writeWithResult(d.out, file, *r); err != nil {
		r.fail(fmt.Errorf("writing the message to standard output: %w", err))
		return
	}
	r.Exit, r.Status = exitDone, ""
}

// copied is a message that is kept in a file as it is read. Its first error
// stays: a copy with a gap is never taken for a whole one.
type copied struct {
	in   io.Reader
	file *os.File
	err  error
}

func (c *copied) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.in.Read(p)
	if _, failed := c.file.Write(p[:n]); failed != nil {
		n, err = 0, failed
	}
	c.err = err
	return n, err
}

// writeWithResult writes the message: the mbox line if there is one, our
// fields, its header without such fields, its body.
func writeWithResult(out io.Writer, message *os.File, r report) error {
	if _, err := message.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in, w := bufio.NewReaderSize(message, 1<<16), bufio.NewWriterSize(out, 1<<16)
	first, end := firstLine(in)
	if isMboxLine(first) {
		if _, err := io.CopyN(w, in, int64(len(first))); err != nil {
			return err
		}
	}
	for _, f := range resultFields(r) {
		w.WriteString(foldedField(f.name, f.value, end)) // errors stay in w
	}
	if next, _ := in.Peek(1); isContinuation(next) {
		w.WriteString(end) // or what is no header would continue our last field
	}
	if err := copyHeader(w, in); err != nil {
		return err
	}
	if _, err := io.Copy(w, in); err != nil {
		return err
	}
	return w.Flush()
}

// firstLine gives the first line without reading it, nil if it is too long for
// an mbox line, and the style of line ends that the message has.
func firstLine(in *bufio.Reader) (line []byte, end string) {
	start, _ := in.Peek(in.Size()) // less, with an error, from a short message
	line, _, ended := bytes.Cut(start, []byte("\n"))
	if !ended {
		return nil, "\n"
	}
	end = "\n"
	if bytes.HasSuffix(line, []byte("\r")) {
		end = "\r\n"
	}
	return start[:len(line)+1], end
}

// isMboxLine tells that a message begins with the line `From sender date` that
// some mail servers put before the header, and not with a field `From : address`.
func isMboxLine(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("From "))
	return ok && !bytes.HasPrefix(bytes.TrimLeft(rest, " \t"), []byte(":"))
}

func isContinuation(line []byte) bool { return len(line) > 0 && (line[0] == ' ' || line[0] == '\t') }

// copyHeader copies up to and with the empty line that ends the header, but for
// fields of ours and their continuation lines. It needs no header in good
// order: what is no field is copied as it stands.
func copyHeader(w *bufio.Writer, in *bufio.Reader) error {
	lineStart, ours := true, false
	for {
		chunk, err := in.ReadSlice('\n')
		if lineStart && !isContinuation(chunk) {
			ours = isResultField(chunk)
		}
		if !ours {
			w.Write(chunk) // an error stays in w
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil && err != bufio.ErrBufferFull:
			return err
		case lineStart && (string(chunk) == "\n" || string(chunk) == "\r\n"):
			return nil
		}
		lineStart = err == nil
	}
}

// resultPrefix begins the names of our fields.
const resultPrefix = "X-Mailapp-"

// isResultField tells whether a line begins a field that only we may write. Its
// name ends at a blank, too: `X-Mailapp-Result : posted` (RFC 5322 §4.5.8).
func isResultField(line []byte) bool {
	if len(line) < len(resultPrefix) || !strings.EqualFold(string(line[:len(resultPrefix)]), resultPrefix) {
		return false
	}
	name := line
	if i := bytes.IndexAny(line, ": \t\r\n"); i >= 0 {
		name = line[:i]
	}
	return !strings.EqualFold(string(name), poster.LoopHeader)
}

type resultField struct{ name, value string }

// resultFields gives the fields that have a value.
func resultFields(r report) []resultField {
	var fields []resultField
	if r.Exit == exitDone {
		r.Text = "" // nobody was refused
	}
	for _, f := range []resultField{
		{"Result", resultWord(r)}, {"URL", oneLine(r.URL, 900)}, {"Reason", oneLine(r.Text, 400)}, {"ID", r.ID},
	} {
		if f.value != "" {
			fields = append(fields, resultField{resultPrefix + f.name, f.value})
		}
	}
	return fields
}

// resultWord tells in one word what became of the message.
func resultWord(r report) string {
	switch r.Exit {
	case exitDenied:
		return "refused"
	case exitData:
		return "rejected"
	}
	switch filter.Action(r.Decision) {
	case filter.Post:
		word, _, _ := strings.Cut(r.Outcome, " earlier")
		return word
	case filter.Reject:
		return "refused"
	case filter.Drop:
		return "dropped"
	case filter.Keep:
		return "kept"
	case filter.Forward:
		return "forwarded"
	case filter.Hold:
		return "held"
	}
	return r.Outcome // of register
}

// foldedField writes a field in ASCII (RFC 2047), folded at its blanks. The
// value is one line already, and no word of it is as long as a line may be
// (RFC 5322 §2.1.1).
func foldedField(name, value, end string) string {
	var text strings.Builder
	line := name + ":"
	for word := range strings.FieldsSeq(mime.QEncoding.Encode("utf-8", value)) {
		if len(line)+len(word) >= 78 && line != name+":" {
			text.WriteString(line + end)
			line = ""
		}
		line += " " + word
	}
	return text.String() + line + end
}
