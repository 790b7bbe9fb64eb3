// Parse takes the text and the pictures out of a mail: by mailapp's filter, by
// enmime alone, or by a reader that only follows the boundaries.
//
//	parse ours|enmime|stream PATH
package main

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"strings"

	"github.com/jhillyerd/enmime/v2"

	"mailapp/filter"
)

func main() {
	f, err := os.Open(os.Args[2])
	var bytes int64
	if err == nil {
		bytes, err = map[string]func(*os.File) (int64, error){"ours": ours, "enmime": alone, "stream": stream}[os.Args[1]](f)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(bytes)
}

func ours(f *os.File) (n int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	m, err := filter.Open(f, info.Size())
	if err != nil {
		return 0, err
	}
	c, err := m.Content()
	if err != nil {
		return 0, err
	}
	for _, p := range c.Photos {
		size, err := io.Copy(io.Discard, p.Open())
		if err != nil {
			return 0, err
		}
		n += size
	}
	return n, nil
}

func alone(f *os.File) (n int64, err error) {
	e, err := enmime.ReadEnvelope(bufio.NewReader(f))
	if err != nil {
		return 0, err
	}
	for _, parts := range [][]*enmime.Part{e.Attachments, e.Inlines, e.OtherParts} {
		for _, p := range parts {
			n += int64(len(p.Content))
		}
	}
	return n, nil
}

func stream(f *os.File) (n int64, err error) {
	m, err := mail.ReadMessage(bufio.NewReader(f))
	if err != nil {
		return 0, err
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return 0, err
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if !strings.HasPrefix(p.Header.Get("Content-Type"), "image/") {
			continue
		}
		size, err := io.Copy(io.Discard, base64.NewDecoder(base64.StdEncoding, p))
		if n += size; err != nil {
			return n, err
		}
	}
}
