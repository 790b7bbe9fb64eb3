package filter

// The corpus of testdata/text: what is read out of a mail (C21, C22). Each case
// is an archive whose comment says why in a line or two, with
//
//	settings  lines: line-ends CR or CRLF; charset NAME, in which the mail is written
//	mail      the mail; @JPEG@, @PNG@ and @GIF@ stand for base64 of a picture,
//	          @UU@ for a uuencoded one, @TNEF@ for base64 of a winmail.dat with a
//	          picture, a PDF and a text; @BOM@ and @NUL@ for what cannot be seen
//	want      lines: title, sender, price, photos (a number, 0 if left out), left
//	          (out, a line each), cut (a rule, in their order), defect
//	text      what the ad says
//
// All of it is made up.

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/jhillyerd/enmime/v2"
	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/text/encoding/htmlindex"
)

func TestTextCorpus(t *testing.T) {
	files, err := filepath.Glob("../testdata/text/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	alone := 0 // cases in which enmime by itself gives the text, but for blanks
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			c := newTextCase(t, file)
			c.play(t)
			if e, err := enmime.ReadEnvelope(strings.NewReader(c.mail)); err == nil && strings.TrimSpace(strings.ReplaceAll(e.Text, "\r", "")) == c.text {
				alone++
			}
		})
	}
	if len(files) < 120 {
		t.Errorf("the corpus has shrunk to %d cases", len(files))
	}
	t.Logf("%d cases; enmime alone gives the text of %d", len(files), alone)
}

// textCase is one case.
type textCase struct {
	why, mail, want, text string
}

func newTextCase(t *testing.T, file string) textCase {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range archive.Files {
		files[f.Name] = string(f.Data)
	}
	c := textCase{why: strings.TrimSpace(string(archive.Comment)), want: files["want"], text: strings.TrimSuffix(files["text"], "\n")}
	if c.why == "" || c.want == "" || files["mail"] == "" {
		t.Fatal("a comment, a mail and what is wanted must be there")
	}
	c.mail = fillIn(t, files["mail"])
	for line := range strings.Lines(files["settings"]) {
		c.set(t, strings.TrimSpace(line))
	}
	return c
}

// fillIn puts in what cannot be written in a text file.
func fillIn(t *testing.T, mail string) string {
	fill := func(name string, make func() string) {
		if strings.Contains(mail, name) {
			mail = strings.ReplaceAll(mail, name, make())
		}
	}
	for _, kind := range []string{"jpeg", "png", "gif"} {
		fill("@"+strings.ToUpper(kind)+"@", func() string { return inLines(sketch(t, kind)) })
	}
	fill("@UU@", func() string { return uuencode(sketch(t, "gif")) })
	fill("@TNEF@", func() string { return inLines(winmail(sketch(t, "png"))) })
	return strings.NewReplacer("@BOM@", "\ufeff", "@NUL@", "\x00").Replace(mail)
}

// inLines is base64 in lines of 76.
func inLines(data []byte) string {
	var lines []string
	encoded := base64.StdEncoding.EncodeToString(data)
	for len(encoded) > 76 {
		lines, encoded = append(lines, encoded[:76]), encoded[76:]
	}
	return strings.Join(append(lines, encoded), "\n")
}

func uuencode(data []byte) string {
	var b strings.Builder
	for len(data) > 0 {
		line := data[:min(45, len(data))]
		data = data[len(line):]
		b.WriteByte(byte(len(line)) + ' ')
		for padded := append(append([]byte(nil), line...), 0, 0); len(padded) >= 3; padded = padded[3:] {
			for _, six := range []byte{padded[0] >> 2, padded[0]<<4 | padded[1]>>4, padded[1]<<2 | padded[2]>>6, padded[2]} {
				b.WriteByte((six&63+63)&63 + '!') // 0 is `
			}
		}
		b.WriteByte('\n')
	}
	return b.String() + "`\nend"
}

// winmail makes a winmail.dat of a text, a picture and a PDF.
func winmail(picture []byte) []byte {
	out := append([]byte("\x78\x9f\x3e\x22"), 1, 0)
	add := func(level byte, id uint32, value []byte) {
		out = binary.LittleEndian.AppendUint32(append(out, level), id)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(value)))
		sum := 0
		for _, b := range value {
			sum += int(b)
		}
		out = binary.LittleEndian.AppendUint16(append(out, value...), uint16(sum))
	}
	var props []byte
	number := func(n uint32) { props = binary.LittleEndian.AppendUint32(props, n) }
	property := func(kind uint32, value []byte) {
		number(kind)
		number(1)
		number(uint32(len(value)))
		props = append(props, value...)
		props = append(props, make([]byte, -len(value)&3)...)
	}
	wide := func(text string) (value []byte) {
		for _, unit := range utf16.Encode([]rune(text + "\x00")) {
			value = binary.LittleEndian.AppendUint16(value, unit)
		}
		return value
	}
	number(4)
	number(0x3fde0003) // a number, PR_INTERNET_CPID
	number(65001)
	number(0x8001001f) // one with a name
	props = append(props, make([]byte, 16)...)
	number(1)
	number(5)
	props = append(props, "ab\x00\x00c\x00\x00\x00"...) // 5 bytes, and padding
	number(1)
	number(2)
	props = append(props, "x\x00\x00\x00"...)
	property(0x1000001f, wide("Ein Sofa, kaum gebraucht."))
	property(0x0037001e, []byte("Sofa\x00"))
	add(1, tnefMessage, props)
	props = nil
	number(1)
	property(0x3707001f, wide("Rechnung für Fred.pdf"))
	add(2, tnefBeginsFile, make([]byte, 14))
	add(2, tnefFileName, []byte("RECHNU~1.PDF\x00"))
	add(2, tnefFileData, []byte("%PDF-1.4\n"))
	add(2, tnefFileProps, props)
	add(2, tnefBeginsFile, make([]byte, 14))
	add(2, tnefFileData, picture)
	return out
}

// set takes one line of settings.
func (c *textCase) set(t *testing.T, line string) {
	key, value, _ := strings.Cut(line, " ")
	switch {
	case key == "line-ends" && value == "CR":
		c.mail = strings.ReplaceAll(c.mail, "\n", "\r")
	case key == "line-ends" && value == "CRLF":
		c.mail = strings.ReplaceAll(c.mail, "\n", "\r\n")
	case key == "charset":
		charset, err := htmlindex.Get(value)
		if err == nil {
			c.mail, err = charset.NewEncoder().String(c.mail)
		}
		if err != nil {
			t.Fatal(err)
		}
	default:
		t.Fatalf("unknown setting %q", line)
	}
}

// play checks what the case comes to, and what holds in every case.
func (c textCase) play(t *testing.T) {
	start := time.Now()
	got, text := c.read(t)
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %s", took)
	}
	if got != c.want || text != c.text {
		t.Errorf("%s\ngot\n%s\n%s\nwant\n%s\n%s", c.why, got, text, c.want, c.text)
	}
	for _, never := range []string{"\ufffd", "=?", "\r", "\ufeff", "Content-Type:", "--=_", "--b1"} {
		if strings.Contains(got+text, never) {
			t.Errorf("there is %q in\n%s\n%s", never, got, text)
		}
	}
	if !utf8.ValidString(got + text) {
		t.Error("what is read is no UTF-8")
	}
}

// read gives what is wanted as it is.
func (c textCase) read(t *testing.T) (want, text string) {
	var b strings.Builder
	m, err := Open(strings.NewReader(c.mail), int64(len(c.mail)))
	if err != nil {
		return "defect: " + err.Error() + "\n", ""
	}
	sender, err := m.Author()
	if err != nil {
		sender = err.Error()
	}
	fields, cut, err := m.PostFields(nil)
	if err != nil {
		return "defect: " + err.Error() + "\n", ""
	}
	fmt.Fprintf(&b, "title: %s\nsender: %s\n", fields["title"], sender)
	content, err := m.Content()
	if err != nil {
		t.Fatal(err)
	}
	if fields["price"] != "" {
		fmt.Fprintf(&b, "price: %s\n", strings.TrimSpace(fields["price"]+" "+fields["currency"]))
	}
	if len(content.Photos) > 0 {
		fmt.Fprintf(&b, "photos: %d\n", len(content.Photos))
	}
	for _, left := range content.LeftOut {
		fmt.Fprintf(&b, "left: %s\n", left)
	}
	for _, c := range cut {
		fmt.Fprintf(&b, "cut: %s\n", c.Rule)
	}
	return b.String(), fields["body"]
}
