package filter

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// Lines are the same wherever the buffer ends, and however long they are.
func TestLines(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		var text bytes.Buffer
		for text.Len() < 3*longLine {
			n := random.IntN(200)
			if random.IntN(50) == 0 {
				n = random.IntN(2 * longLine)
			}
			text.WriteString(strings.Repeat([]string{"x", "-", "--x", "\r"}[random.IntN(4)], n/2) + "\n")
		}
		text.Truncate(3*longLine - random.IntN(3)) // the last may lack its end
		all, hyphened := newLines(inMemory(text.Bytes())), newLines(inMemory(text.Bytes()))
		at := int64(0)
		for want := range bytes.Lines(text.Bytes()) {
			got := all.next()
			if begin := all.at - int64(len(got)); begin != at || !bytes.Equal(got, want[:min(len(want), longLine)]) {
				t.Fatalf("at %d: %d bytes at %d, want %d", at, len(got), begin, len(want))
			}
			if bytes.HasPrefix(want, []byte("--")) {
				got := hyphened.hyphened()
				if begin := hyphened.at - int64(len(got)); begin != at || !bytes.Equal(got, want[:min(len(want), longLine)]) {
					t.Fatalf("at %d: %d bytes with hyphens at %d, want %d", at, len(got), begin, len(want))
				}
			}
			at += int64(len(want))
		}
		if a, h := all.next(), hyphened.hyphened(); len(a)+len(h) > 0 {
			t.Fatalf("behind the end are %d and %d bytes", len(a), len(h))
		}
	}
}

// What of a mail cannot be read is trouble of ours, never a shorter mail.
func TestUnreadableBody(t *testing.T) {
	text := multipart("mixed", "\none", "Content-Type: image/gif\n\n"+string(sketch(t, "gif"))+strings.Repeat("x", 10_000))
	trouble := errors.New("trouble")
	for name, m := range map[string]*Message{
		"cut short": open(t, text),
		"failing":   open(t, text),
	} {
		at := len(text) / 2
		var in io.Reader = strings.NewReader(text[:at])
		if name == "failing" {
			in = io.MultiReader(in, iotest.ErrReader(trouble))
		}
		m.file = &readerAt{in: in}
		_, err := m.Content()
		var d *Defect
		if err == nil || errors.As(err, &d) || name == "failing" && !errors.Is(err, trouble) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// readerAt reads what can be read from in once, and then gives in's error.
type readerAt struct {
	in   io.Reader
	data []byte
	err  error
}

func (r *readerAt) ReadAt(p []byte, at int64) (int, error) {
	if r.err == nil {
		r.data, r.err = io.ReadAll(r.in)
		if r.err == nil {
			r.err = io.EOF
		}
	}
	n := copy(p, r.data[min(at, int64(len(r.data))):])
	if n < len(p) {
		return n, r.err
	}
	return n, nil
}

// Base64 is the same in whatever pieces it is read.
func TestBase64InPieces(t *testing.T) {
	for _, encoded := range []string{"", "QQ", "QQ==", "QUI=", "QUJD", "QU\nJD!RA", "Q", "=QUJD", strings.Repeat("QUJD\n", 5000) + "QQ=="} {
		p := &part{encoding: "base64", body: inMemory([]byte(encoded))}
		if got, want := p.bytes(), decodeBase64(encoded); !bytes.Equal(got, want) {
			t.Errorf("%.20q: got %d bytes, want %d", encoded, len(got), len(want))
		}
		got, err := io.ReadAll(&base64Reader{in: iotest.OneByteReader(strings.NewReader(encoded)), encoded: make([]byte, 3)})
		if want := decodeBase64(encoded); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%.20q byte by byte: got %d bytes and %v, want %d", encoded, len(got), err, len(want))
		}
	}
	if got := string(decodeBase64("Q!U\nJ D=")); got != "ABC" {
		t.Errorf("what is no base64 is not read over: %q", got)
	}
}
