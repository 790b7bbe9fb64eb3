package filter

import (
	"bytes"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write the .want files beside the mails, and the schema, anew")

// C22, C23: what the mails in testdata/mail come to; foo.want stands beside
// foo.eml.
func TestContentOfMails(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "mail", "*.want"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no mails: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".want")
		t.Run(name, func(t *testing.T) {
			got := describe(t, mailFile(t, name))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// describe writes down what an ad would be made of.
func describe(t *testing.T, m *Message) string {
	content, err := m.Content()
	if err != nil {
		t.Fatal(err)
	}
	title, p := splitSubject(m.title())
	var b strings.Builder
	fmt.Fprintf(&b, "title: %s\nprice: %s\n", title, p.amount)
	for _, photo := range content.Photos {
		fmt.Fprintf(&b, "photo: %s, mostly %s\n", photo.Type, colour(t, photoData(t, photo)))
	}
	for _, left := range content.LeftOut {
		fmt.Fprintf(&b, "left out: %s\n", left)
	}
	fmt.Fprintf(&b, "\n%s\n", content.Text)
	return b.String()
}

// colour tells the pictures of the mails apart.
func colour(t *testing.T, data []byte) string {
	img, _, err := image.Decode(bytes.NewReader(data))
	if errors.Is(err, image.ErrFormat) {
		return "unknown here"
	}
	if err != nil {
		t.Fatal(err)
	}
	r, g, b, _ := img.At(1, 1).RGBA()
	switch max(r, g, b) {
	case r:
		return "red"
	case g:
		return "green"
	}
	return "blue"
}

// photoData is the whole photo, which must be the same however it is read.
func photoData(t *testing.T, p Photo) []byte {
	t.Helper()
	data, err := p.AppendTo([]byte("x"))
	if err != nil || data[0] != 'x' {
		t.Fatalf("%.1q, %v", data, err)
	}
	if read, err := io.ReadAll(iotest.OneByteReader(p.Open())); err != nil || !bytes.Equal(read, data[1:]) {
		t.Fatalf("reading gives %d bytes and %v, appending %d", len(read), err, len(data)-1)
	}
	return data[1:]
}

// sketch makes a small picture of a type.
func sketch(t testing.TB, kind string) []byte {
	t.Helper()
	if kind == "webp" {
		return append([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0e\x00\x00\x00\x2f\x77\xc0\x1d\x00"), make([]byte, 9)...)
	}
	var b bytes.Buffer
	img := image.NewGray(image.Rect(0, 0, 120, 120))
	encode := map[string]func() error{
		"jpeg": func() error { return jpeg.Encode(&b, img, nil) },
		"png":  func() error { return png.Encode(&b, img) },
		"gif":  func() error { return gif.Encode(&b, img, nil) },
	}[kind]
	if err := encode(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// C23: the type is what the bytes say.
func TestPhotosByContent(t *testing.T) {
	for _, kind := range []string{"jpeg", "png", "gif", "webp"} {
		data := sketch(t, kind)
		for _, claimed := range []string{"image/" + kind, "image/bmp", "application/octet-stream", "text/plain", "", "nonsense;;="} {
			head := "From: a@b.c\nContent-Type: " + claimed + "\nContent-Transfer-Encoding: base64\n\n"
			if claimed == "" {
				head = "From: a@b.c\nContent-Transfer-Encoding: BASE64 \n\n"
			}
			content, err := open(t, head+base64.StdEncoding.EncodeToString(data)).Content()
			if err != nil || len(content.Photos) != 1 || content.Text != "" {
				t.Fatalf("%s as %q: %v, %v", kind, claimed, content, err)
			}
			if p := content.Photos[0]; p.Type != "image/"+kind || !bytes.Equal(photoData(t, p), data) {
				t.Errorf("%s as %q: got %s, %d bytes", kind, claimed, p.Type, len(photoData(t, p)))
			}
		}
	}
}

// C23: an inner multipart with the boundary of the outer loses no photo.
func TestPhotoBehindSameBoundary(t *testing.T) {
	photo := "Content-Type: image/gif\n\n" + string(sketch(t, "gif"))
	mail := multipart("mixed", "Content-Type: multipart/related; boundary=\"b b\"\n", photo+"\n--b b--\n", photo)
	content, err := open(t, mail).Content()
	if err != nil || len(content.Photos) != 2 || content.Text != "" {
		t.Errorf("got %+v, %v", content, err)
	}
}

// C23: what the HTML shows is a photo if it is large enough and there was none
// like it; what is attached is one, unless nobody could see it.
func TestLogos(t *testing.T) {
	sized := func(width, height int) string {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	const shown, attached = "Content-ID: <a@b>\n", "Content-ID: <a@b>\nContent-Disposition: attachment; filename=a.png\n"
	for name, tt := range map[string]struct {
		parts []string
		want  int
	}{
		"a photo":           {[]string{shown + "\n" + sized(120, 100)}, 1},
		"a logo":            {[]string{shown + "\n" + sized(300, 99)}, 0},
		"attached":          {[]string{attached + "\n" + sized(99, 30), attached + "\n" + sized(3, 3)}, 2},
		"a spacer":          {[]string{attached + "\n" + sized(300, 2)}, 0},
		"of nobody's HTML":  {[]string{"Content-Disposition: inline\n\n" + sized(40, 40)}, 1},
		"a signature twice": {[]string{shown + "\n" + sized(120, 100), shown + "\n" + sized(120, 101), shown + "\n" + sized(120, 100)}, 2},
		"attached twice":    {[]string{attached + "\n" + sized(120, 100), attached + "\n" + sized(120, 100)}, 2},
		"of no known size":  {[]string{shown + "\n\x89PNG\r\n\x1a\nbroken"}, 1},
	} {
		content, err := open(t, multipart("mixed", tt.parts...)).Content()
		if err != nil || len(content.Photos) != tt.want || len(content.LeftOut) != len(tt.parts)-tt.want {
			t.Errorf("%s: %d photos, left out %q, %v", name, len(content.Photos), content.LeftOut, err)
		}
	}
}

// multipart makes a mail of parts, each with its header.
func multipart(kind string, parts ...string) string {
	return "From: a@b.c\nContent-Type: multipart/" + kind + "; boundary=\"b b\"\n\npreamble\n--b b\n" +
		strings.Join(parts, "\n--b b\n") + "\n--b b--\nepilogue\n"
}

// C22
func TestText(t *testing.T) {
	const plain, html = "Content-Type: text/plain; charset=utf-8\n\n", "Content-Type: text/html; charset=utf-8\n\n"
	tests := []struct{ name, mail, want string }{
		{"no MIME", "From: a@b.c\n\n one \n\n two\t\n\n\n", " one\n\n two"},
		{"crlf", "From: a@b.c\r\n\r\none\r\ntwo\r\n", "one\ntwo"},
		{"several", multipart("mixed", plain+"one", plain+"two\n", plain+"\n\n", plain+"three"), "one\n\ntwo\n\nthree"},
		{"no preamble, no epilogue", multipart("mixed", plain+"one"), "one"},
		{"alternative", multipart("alternative", plain+"one", html+"<p>two"), "one"},
		{"HTML first", multipart("alternative", html+"<p>two", plain+"one"), "one"},
		{"empty alternative", multipart("alternative", plain+" \n", html+"<p>two"), "two"},
		{"mixed kinds", multipart("mixed", plain+"one", html+"<p>two"), "one\n\ntwo"},
		{"no type", multipart("mixed", "\none"), "one"},
		{"no header", multipart("mixed", "one"), "one"},
		{"odd type", multipart("mixed", "Content-Type: text\n\none"), "one"},
		{"base64", multipart("mixed", "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nb25l\nIHR!3bw="), "one two"},
		{"base64 cut off", multipart("mixed", "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nb25lIHR3bw=="[:len("Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nb25lIHR3")]), "one tw"},
		{"quoted-printable", multipart("mixed", plain[:len(plain)-1]+"Content-Transfer-Encoding: quoted-printable\n\n1 =3D 1= \n, 2 = 2=C3=BC=\n!   "), "1 = 1, 2 = 2ü!"},
		{"unknown encoding", multipart("mixed", plain[:len(plain)-1]+"Content-Transfer-Encoding: x\n\none"), "one"},
		{"latin1", multipart("mixed", "Content-Type: text/plain; charset=iso-8859-1\n\nf\xfcr"), "für"},
		{"unknown charset", multipart("mixed", "Content-Type: text/plain; charset=x-none\n\nf\xfcr"), "für"},
		{"charset=charset=", multipart("mixed", "Content-Type: text/plain; charset=\"charset=iso-8859-2\"\n\nk\xf9\xf2"), "kůň"},
		{"broken UTF-8", multipart("mixed", plain+"für\xff\xfe den"), "für den"},
		{"utf-7", multipart("mixed", "Content-Type: text/plain; charset=utf-7\n\nf+APw-r"), "für"},
		{"controls", "From: a@b.c\n\no\x00n\x1be\u202e two\ufffd\ufeff 👨\u200d👩\x7f", "one two 👨\u200d👩"},
		{"bare cr", "From: a@b.c\n\none\rtwo", "one\ntwo"},
		{"signature", "From: a@b.c\n\none\n-- \nFred\n555", "one"},
		{"signature alone", "From: a@b.c\n\n-- \nFred\n555", ""},
		{"signature at the end", "From: a@b.c\n\none\n-- ", "one"},
		{"no signature", "From: a@b.c\n\none\n--\ntwo\n---\n -- \n--- \nthree", "one\n--\ntwo\n---\n --\n---\nthree"},
		{"signature of one part", multipart("mixed", plain+"one\n-- \nFred", plain+"two"), "one\n\ntwo"},
		{"boundary-like line", multipart("mixed", plain+"one\n--b\n--b bb\nx--b b\ntwo"), "one\n--b\n--b bb\nx--b b\ntwo"},
		{"not closed", strings.TrimSuffix(multipart("mixed", plain+"one", plain+"two"), "\n--b b--\nepilogue\n"), "one\n\ntwo"},
		{"boundary with blanks behind", strings.ReplaceAll(multipart("mixed", plain+"one"), "--b b\n", "--b b \t\n"), "one"},
		{"other boundary used", strings.Replace(multipart("mixed", plain+"one"), `"b b"`, `"c"`, 1), "one"},
		{"other boundary, found", "From: a@b.c\nContent-Type: multipart/mixed; boundary=c\n\n----=_1\n" + plain + "one\n----=_1--\n", "one"},
		{"no parts at all", "From: a@b.c\nContent-Type: multipart/mixed; boundary=c\n\none\n-----\ntwo\n", "one\n-----\ntwo"},
		{"nested boundary lost", multipart("mixed", "Content-Type: multipart/alternative\n\n--in\n"+plain+"one\n--in--", plain+"two"), "one\n\ntwo"},
		{"inner not closed", multipart("mixed", "Content-Type: multipart/mixed; boundary=in\n\n--in\n"+plain+"one", plain+"two"), "one\n\ntwo"},
		{"inner longer", multipart("mixed", "Content-Type: multipart/mixed; boundary=\"b bc\"\n\n--b bc\n"+plain+"one\n--b bc--", plain+"two"), "one\n\ntwo"},
		{"inner boundary the same", multipart("mixed", "Content-Type: multipart/alternative; boundary=\"b b\"\n\n\n--b b\n"+plain+"one", html+"two\n--b b--\n", plain+"\n"), "one"},
		{"header that begins with a blank", multipart("mixed", " x: y\n"+plain+"one"), "one"},
		{"not closed, no line end", "From: a@b.c\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b", "one"},
		{"inner last and not closed", "From: a@b.c\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none", "one"},
		{"header cut off", "From: a@b.c\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Type: text/plain", "one"},
		{"long boundary", strings.ReplaceAll(multipart("mixed", plain+"one"), "b b", strings.Repeat("b", 5000)), "one"},
		{"unquoted boundary", "From: a@b.c\nContent-Type: multipart/mixed; boundary==_a?b\n\n--=_a?b\n\none\n--=_a?b--", "one"},
		{"flowed", "From: a@b.c\nContent-Type: text/plain; format=Flowed\n\none \ntwo\n three \nfour\n>q \n>r\n>>s \nt\n-- \nFred", "one two\nthree four\n> q r\n>> s\nt"},
		{"delsp", "From: a@b.c\nContent-Type: text/plain; format=flowed; delsp=yes\n\none \ntwo  \nthree", "onetwo three"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			content, err := open(t, tt.mail).Content()
			if err != nil {
				t.Fatal(err)
			}
			if content.Text != tt.want {
				t.Errorf("got %q, want %q", content.Text, tt.want)
			}
		})
	}
}

// C25: names are shown, and harmless.
func TestLeftOut(t *testing.T) {
	pdf := "\n\n%PDF-1.4\n"
	tests := []struct{ part, want string }{
		{"Content-Type: application/pdf; name=\"=?utf-8?q?f=C3=BCr=2Epdf?=\"" + pdf, "für.pdf (not a picture)"},
		{"Content-Type: application/pdf\nContent-Disposition: attachment; filename=\"a\x1b[2J\x00.pdf\"" + pdf, "a[2J.pdf (not a picture)"},
		{"Content-Type: application/pdf" + pdf, "a part without a name (not a picture)"},
		{"Content-Type: image/tiff; name=x.tif\n\nII*\x00", "x.tif (a kind of picture that cannot be converted)"},
		{"Content-Type: message/rfc822\n\nSubject: x\n", "a part without a name (a whole mail)"},
		{"Content-Type: text/csv; name=t.csv\n\n1,2", "t.csv (an attached text)"},
		{"Content-Type: application/pdf; name=" + strings.Repeat("é", 100) + pdf, strings.Repeat("é", 79) + "… (not a picture)"},
	}
	for _, tt := range tests {
		content, err := open(t, multipart("mixed", tt.part)).Content()
		if err != nil || len(content.LeftOut) != 1 || content.LeftOut[0] != tt.want || content.Text != "" {
			t.Errorf("%.60q: got %+v, %v; want %q", tt.part, content, err, tt.want)
		}
	}
}

// nested makes a mail of n multiparts within each other, closed or not.
func nested(n int, closed bool, inmost string) string {
	var b strings.Builder
	b.WriteString("From: a@b.c\n")
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	b.WriteString(inmost)
	for i := n - 1; i >= 0 && closed; i-- {
		fmt.Fprintf(&b, "\n--b%d--\n", i)
	}
	return b.String()
}

// C24: limits are named, and hold before the work.
func TestContentLimits(t *testing.T) {
	pieces := "Content-Type: image/png"
	for i := range 20_000 {
		pieces += fmt.Sprintf(";\n name*%d=x", i)
	}
	tests := []struct{ name, mail, want string }{
		{"depth", nested(26, false, "\nx"), "more than 20 deep"},
		{"depth, closed", nested(21, true, "\nx"), "more than 20 deep"},
		{"depth in 2 MB", nested(10_000, false, "\n"+strings.Repeat("x\n", 1<<20)), "more than 20 deep"},
		{"parts", multipart("mixed", strings.Repeat("\n--b b\n", 300_000)), "more than 1000 parts"},
		{"parameter pieces", multipart("mixed", pieces+"\n\nx"), "larger than"},
		{"parameters of the disposition", multipart("mixed", "Content-Disposition: attachment"+strings.Repeat("; a=b", 200)+"\n\nx"), "more than 100 parameters"},
		{"parameters of the mail", "From: a@b.c\nContent-Type: text/plain" + strings.Repeat("; a=b", 200) + "\n\nx", "more than 100 parameters"},
		{"long parameter", multipart("mixed", "Content-Type: image/png; name="+strings.Repeat("x", 20_000)+"\n\nx"), "longer than"},
		{"header of a part", multipart("mixed", "X: "+strings.Repeat("x", 70_000)+"\n\nx"), "larger than 64 kB"},
		{"header lines of a part", multipart("mixed", strings.Repeat("X: x\n", 70_000)+"\nx"), "larger than 64 kB"},
		{"headers of parts", multipart("mixed", strings.Repeat("X: "+strings.Repeat("x", 30_000)+"\n\n--b b\n", 60)), "larger than 64 kB"},
		{"text", "From: a@b.c\n\n" + strings.Repeat("x\n", maxText/2+1), "larger than 16 MB"},
		{"texts", multipart("mixed", slices.Repeat([]string{"\n" + strings.Repeat("x\n", maxText/6)}, 4)...), "larger than 16 MB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := open(t, tt.mail)
			start := time.Now()
			_, err := m.Content()
			wantDefect(t, err, tt.want)
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
	content, err := open(t, nested(20, true, "\nx")).Content()
	if err != nil || content.Text != "x" {
		t.Errorf("20 deep: %v, %v", content, err)
	}
}

// C24: 2 MB never cost over 10 s or 512 MB; here they cost much less.
func TestHostileContentIsCheap(t *testing.T) {
	fill := func(unit string) string { return strings.Repeat(unit, hostileSize/len(unit)) }
	html, long := "From: a@b.c\nContent-Type: text/html\n\n", strings.Repeat("b", 9000)
	for name, mail := range map[string]string{
		"20 unclosed":       nested(20, false, "\n"+fill("--b\n")),
		"20 deep, long":     nested(20, true, "\n"+fill("x\n")),
		"20 deep, often":    multipart("mixed", slices.Repeat([]string{nested(19, false, "\nx")}, 50)...),
		"delimiters":        multipart("mixed", "\n"+fill("x--b b\n")),
		"header lines":      multipart("mixed", slices.Repeat([]string{"a: b\n" + strings.Repeat("x\n", hostileSize/64)}, 16)...),
		"boundary of 9 kB":  "From: a@b.c\nContent-Type: multipart/mixed; boundary=" + long + "\n" + fill("\n--"+long),
		"bad base64":        "From: a@b.c\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n" + fill("!"),
		"one line":          multipart("mixed", "Content-Type: text/plain\n\n"+fill("x")),
		"dashes":            multipart("mixed", "\n"+fill("--\n")),
		"equals":            "From: a@b.c\nContent-Transfer-Encoding: quoted-printable\n\n" + fill("="),
		"soft breaks":       "From: a@b.c\nContent-Transfer-Encoding: quoted-printable\n\n" + fill("=\n"),
		"flowed":            "From: a@b.c\nContent-Type: text/plain; format=flowed; delsp=yes\n\n" + fill("> \n"),
		"quotes":            "From: a@b.c\nContent-Type: text/plain; format=flowed\n\n" + fill(">"),
		"formatting, open":  html + fill("<b>") + fill("<p>x"),
		"divs":              html + fill("<div>"),
		"hidden":            html + fill("<div hidden>"),
		"looks":             html + fill("<div style=font-size:0><p style=font-size:9px>x"),
		"attributes":        html + "<p " + fill("a=b "),
		"styles":            html + "<p style='" + fill("display:") + "'>",
		"comment":           html + "<!--" + fill("-"),
		"open comments":     html + fill("<!--"),
		"open tags":         html + fill("<"),
		"end tags":          html + fill("</"),
		"script":            html + "<script>" + fill("</scrip"),
		"escaped script":    html + "<script><!--" + fill("<script"),
		"entities":          html + fill("&amp"),
		"breaks":            html + fill("<br>"),
		"tables":            html + fill("<table><td>"),
		"utf-7":             "From: a@b.c\nContent-Type: text/plain; charset=utf-7\n\n" + fill("+"),
		"signature markers": "From: a@b.c\n\nx" + fill("\n--\u00a0"),
		"short lines":       "From: a@b.c\n\n" + fill("x:\n"),
		"attributions":      "From: a@b.c\n\n" + fill("On 1.1.2026 a@b wrote:\nx\n"),
		"near attributions": "From: a@b.c\n\nx\n" + fill("On 1.1.2026 a@b wrote:\n> x\nx\n"),
		"headers":           "From: a@b.c\n\nx\n" + fill("From: x\n"),
		"forwarded":         "From: a@b.c\nSubject: Fwd: x\n\n" + fill("Forwarded message:\n"),
		"footers":           "From: a@b.c\n\nx\n" + fill("\n______________________\n"),
		"disclaimers":       "From: a@b.c\n\nx\n\n" + strings.Repeat("Disclaimer\n\n", 28) + fill("abc de "),
		"long header lines": "From: a@b.c\n\nx\n" + strings.Repeat("From: x\n", 14) + "To: " + fill("a "),
		"uuencoded":         "From: a@b.c\n\n" + fill("begin 644 x\n!\n"),
		"uuencoded, long":   "From: a@b.c\n\nbegin 644 x\n" + fill("M"+strings.Repeat("X", 60)+"\n"),
		"sent from":         "From: a@b.c\n\nx" + fill("\nSent from my iPhone"),
		"signatures quoted": "From: a@b.c\n\nx\n" + fill("-- \n> x\n"),
		"keys":              "From: a@b.c\n\n" + fill("a: b\n"),
		"nested quotes":     html + fill("<blockquote type=cite>x"),
		"nested lists":      html + fill("<ol><li>x"),
		"links":             html + fill("<a href=http://a>x</a>"),
		"links, open":       html + fill("<a href=http://a>"),
		"style sheets":      html + fill("<style>.a{display:none}</style>"),
		"TNEF":              "From: a@b.c\nContent-Type: application/ms-tnef\n\n\x78\x9f\x3e\x22xx" + fill("\x02\x02\x90\x06\x00\x00\x00\x00\x00\x00\x00"),
	} {
		t.Run(name, func(t *testing.T) {
			m := open(t, mail)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := worked(t)
			if _, err := m.Content(); err != nil {
				wantDefect(t, err, "")
			}
			took := worked(t) - start
			runtime.ReadMemStats(&after)
			allocated := after.TotalAlloc - before.TotalAlloc
			if t.Logf("%s, %d MB", took, allocated>>20); took > hostileTime || allocated > hostileBytes {
				t.Errorf("took %s and %d MB", took, allocated>>20)
			}
		})
	}
}

// worked is how long the processors have worked for us: others may want them, too.
func worked(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// FuzzRead reads anything at all, whole and piecemeal.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "mail", "*.eml"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no mails: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(nested(26, false, "\nx")))
	f.Add([]byte(multipart("mixed", "Content-Type: text/html\n\n<p hidden>a<p>b", "Content-Type: a; b=\"c\"d\"\n\nx")))
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		m, err := Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			wantDefect(t, err, "")
			return
		}
		m.Author()
		m.Automatic()
		for _, shown := range []string{m.Subject(), m.MessageID(), m.Get("To")} {
			if !utf8.ValidString(shown) || strings.ContainsAny(shown, "\r\n\x00") {
				t.Errorf("shows %q", shown)
			}
		}
		if _, err := m.Digest(); err != nil {
			t.Error(err)
		}
		content, err := m.Content()
		if err != nil {
			wantDefect(t, err, "")
			return
		}
		if strings.ContainsAny(content.Text, "\r\x00\ufffd") || !utf8.ValidString(content.Text) {
			t.Errorf("text is %q", content.Text)
		}
		if _, _, err := m.PostFields(anAppWithFields); err != nil {
			wantDefect(t, err, "")
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func BenchmarkHeader(b *testing.B) {
	data, err := os.ReadFile(filepath.Join("..", "testdata", "mail", "iphone.eml"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		m, err := Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.Author(); err != nil || m.Automatic() != "" {
			b.Fatal(err)
		}
	}
}

func BenchmarkContent(b *testing.B) {
	photo := base64.StdEncoding.EncodeToString(append(sketch(b, "jpeg"), make([]byte, 2<<20)...))
	var lines strings.Builder
	for len(photo) > 76 {
		lines.WriteString(photo[:76] + "\r\n")
		photo = photo[76:]
	}
	part := "Content-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines.String()
	text := multipart("mixed", "\nA sofa.", part, part, part)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		content, err := open(b, text).Content()
		if err != nil || len(content.Photos) != 3 {
			b.Fatal(err)
		}
	}
}

// C24: files that stand in a text or lie in each other are counted.
func TestFilesWithin(t *testing.T) {
	many := "From: a@b.c\n\n" + strings.Repeat("begin 644 a\n#_]C_\nend\n", maxParts+1)
	if _, err := open(t, many).Content(); err == nil {
		t.Error("any number of files is taken")
	} else {
		wantDefect(t, err, "more than 1000 files")
	}
	inner := []byte("x")
	for range 1000 {
		inner = winmail(inner)
	}
	g := gatherer{}
	g.leaf(&part{kind: "application/ms-tnef", body: inMemory(inner)})
	if g.files > 2*(maxWrapped+1) {
		t.Errorf("%d files were opened", g.files)
	}
}
