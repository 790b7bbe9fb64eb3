package filter

import (
	"bytes"
	"testing"
)

func TestTNEF(t *testing.T) {
	data := winmail(sketch(t, "png"))
	got := readTNEF(data)
	if !isTNEF(data) || got.text != "Ein Sofa, kaum gebraucht." || len(got.files) != 2 || got.files[0].name != "Rechnung für Fred.pdf" ||
		!bytes.Equal(got.files[1].data, sketch(t, "png")) {
		t.Errorf("got %+v", got)
	}
	for end := range data { // cut off anywhere, it gives what is whole
		if ok := isTNEF(data[:end]); ok != (end >= 6) || ok && len(readTNEF(data[:end]).files) > 2 {
			t.Errorf("of %d bytes: %t", end, ok)
		}
	}
}

func FuzzTNEF(f *testing.F) {
	f.Add(winmail([]byte("GIF89a")))
	f.Fuzz(func(t *testing.T, data []byte) {
		if !isTNEF(data) {
			return
		}
		got := readTNEF(data)
		size := len(got.html)
		for _, file := range got.files {
			size += len(file.data)
		}
		if size > len(data) {
			t.Errorf("%d bytes of %d", size, len(data))
		}
	})
}

func TestUUFiles(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 44, 45, 46, 100} {
		data := bytes.Repeat([]byte{0, 0xff, 'x'}, 40)[:n]
		text, files := cutUUFiles("One\nbegin 600 a b.bin\n" + uuencode(data) + "\nTwo")
		if text != "One\nTwo" || len(files) != 1 || files[0].name != "a b.bin" || !bytes.Equal(files[0].data, data) {
			t.Errorf("%d bytes: got %q, %+v", n, text, files)
		}
	}
	for _, text := range []string{"begin 644 x\n#86)C\n`\n", "begin 644 x\nend", "begin 644 x\nlower case\nend", "begin x\n#86)C\n`\nend", "begin 644 x\n#86)C\n\nend"} {
		if got, files := cutUUFiles(text); got != text || files != nil {
			t.Errorf("%q: got %q, %+v", text, got, files)
		}
	}
}

func FuzzUUFiles(f *testing.F) {
	f.Add("One\nbegin 600 a\n"+uuencode([]byte("abc"))+"\nTwo", []byte("abc"))
	f.Fuzz(func(t *testing.T, text string, data []byte) {
		kept, files := cutUUFiles(text)
		for _, file := range files {
			kept += string(file.data)
		}
		if len(kept) > len(text) {
			t.Errorf("%q became %q", text, kept)
		}
		_, files = cutUUFiles("begin 644 x\n" + uuencode(data))
		if len(files) != 1 || !bytes.Equal(files[0].data, data) {
			t.Errorf("%q: got %+v", data, files)
		}
	})
}
