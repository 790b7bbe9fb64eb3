package filter

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	mimemultipart "mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tenPhotos writes a mail of 67 MB, a line of text and ten photos of 5 MB.
func tenPhotos(b *testing.B) string {
	b.Helper()
	photo := append([]byte("\xff\xd8\xff\xe0"), make([]byte, 5_000_000)...)
	for i := range photo[4:] {
		photo[4+i] = byte(i * i >> 3)
	}
	var lines strings.Builder
	for text := base64.StdEncoding.EncodeToString(photo); text != ""; text = text[min(76, len(text)):] {
		lines.WriteString(text[:min(76, len(text))] + "\r\n")
	}
	parts := "\r\n--b\r\nContent-Type: image/jpeg; name=image.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines.String()
	path := filepath.Join(b.TempDir(), "mail")
	text := "From: a@b.c\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nA sofa.\r\n"
	if err := os.WriteFile(path, []byte(text+strings.Repeat(parts, 10)+"\r\n--b--\r\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkLarge takes a mail of 67 MB apart and writes its photos to files, as
// mailapp does it and, for comparison, as the standard library does who trusts
// the mail.
func BenchmarkLarge(b *testing.B) {
	path := tenPhotos(b)
	for name, extract := range map[string]func(in *os.File, write func(io.Reader) error) error{
		"mailapp": extract, "streaming": extractTrusting,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				in, err := os.Open(path)
				if err != nil {
					b.Fatal(err)
				}
				photos := 0
				err = extract(in, func(photo io.Reader) error {
					photos++
					return writeOut(b, photo)
				})
				if err != nil || photos != 10 {
					b.Fatal(photos, err)
				}
				in.Close()
			}
		})
	}
}

func writeOut(b *testing.B, photo io.Reader) error {
	out, err := os.Create(filepath.Join(b.TempDir(), "photo"))
	if err != nil {
		return err
	}
	defer out.Close()
	n, err := io.Copy(out, photo)
	if err == nil && n != 5_000_004 {
		err = fmt.Errorf("%d bytes", n)
	}
	return err
}

func extract(in *os.File, write func(io.Reader) error) error {
	info, err := in.Stat()
	if err != nil {
		return err
	}
	m, err := Open(in, info.Size())
	if err != nil {
		return err
	}
	content, err := m.Content()
	if err != nil {
		return err
	}
	for _, photo := range content.Photos {
		if err := write(photo.Open()); err != nil {
			return err
		}
	}
	return nil
}

func extractTrusting(in *os.File, write func(io.Reader) error) error {
	m, err := mail.ReadMessage(bufio.NewReader(in))
	if err != nil {
		return err
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	for r := mimemultipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && p.FileName()+p.Header.Get("Content-Transfer-Encoding") != "" {
			err = write(base64.NewDecoder(base64.StdEncoding, p))
		}
		if err != nil {
			return err
		}
	}
}
