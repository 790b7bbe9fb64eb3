package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const photosFlow = `origins: "{{site}}"
steps:
  - open: "{{site}}/"
  - upload: {css/input: "{{photos}}"}
  - read: {url: {from: url}}
`

// photos is three pictures as a phone takes them made ready to be published: not
// above 2048 pixels, upright, and without metadata. Ours are made so in a browser
// that runs already, and that opens a page for them each time.
func (b *bench) photos() error {
	dir, err := os.MkdirTemp(b.dir, "photos-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	page, err := photosPage()
	if err != nil {
		return err
	}
	flow := filepath.Join(dir, "photos.yaml")
	if err := os.WriteFile(flow, []byte(photosFlow), 0o600); err != nil {
		return err
	}
	var paths []string
	for i := range photosEach {
		data, err := photograph(uint64(i), 4000, 3000, 24)
		if err != nil {
			return err
		}
		paths = append(paths, filepath.Join(dir, fmt.Sprintf("photo-%d.jpg", i+1)))
		if err := os.WriteFile(paths[i], data, 0o600); err != nil {
			return err
		}
	}
	env := func(paths []string) []string {
		return []string{"BENCH_SITE=" + page, "BENCH_BROWSER=" + browsers[0].path, "BENCH_FLOW=" + flow, "BENCH_PHOTOS=" + strings.Join(paths, ":")}
	}
	b.begin("photos: three JPEGs of 12 megapixels made ready", version("vips", "--version"), version("convert", "--version"))
	b.photosRow(program{argv: []string{b.peer("engine"), "warm"}, env: env(paths)},
		b.each("vips", paths, `vipsthumbnail "$1" --size "2048x2048>" -o "$1.out.jpg[Q=88,strip,interlace]"`),
		b.each("convert", paths, `convert "$1" -auto-orient -resize "2048x2048>" -strip -interlace JPEG -quality 88 "$1.out.jpg"`))

	b.begin("photos: three HEICs of 12 megapixels made ready")
	heics, err := asHEIC(paths)
	if err != nil {
		b.skip("photos", "HEIC", err)
		return nil
	}
	b.photosRow(program{argv: []string{b.peer("engine"), "warm"}, env: env(heics)},
		b.each("heif-convert", heics, `heif-convert -q 88 "$1" "$1.out.jpg"`))
	return nil
}

// photosPage is a site that takes photos and does nothing with them.
func photosPage() (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<!DOCTYPE html><title>Photos</title><input type=file multiple>")
	}))
	return "http://" + l.Addr().String(), nil
}

// each runs a program on one photo after the other.
func (b *bench) each(name string, paths []string, command string) contender {
	p := program{argv: append([]string{"sh", "-c", "set -e; for p; do set -- \"$p\"; " + command + "; done", "sh"}, paths...)}
	return contender{name: name, once: p.once}
}

func (b *bench) photosRow(ours program, peers ...contender) {
	s, err := ours.serve()
	if err != nil {
		b.skip("photos", "mailapp", err)
		return
	}
	defer s.close()
	contenders := []contender{{name: part, once: func() (time.Duration, error) { return s.do("1 1") }}}
	for _, c := range peers {
		if _, err := exec.LookPath(c.name); err != nil {
			b.skip("photos", c.name, errors.New("it is not installed"))
			continue
		}
		contenders = append(contenders, c)
	}
	got := race(b.rounds, contenders...)
	for _, c := range contenders[1:] {
		b.ratio("three photos ready", got[part], got[c.name], 0)
	}
}

// asHEIC gives the photos as a phone that writes HEIC has them.
func asHEIC(paths []string) (heics []string, err error) {
	for _, path := range paths {
		heic := strings.TrimSuffix(path, ".jpg") + ".heic"
		if out, err := exec.Command("heif-enc", "-q", "60", path, "-o", heic).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("heif-enc: %w: %s", err, out)
		}
		heics = append(heics, heic)
	}
	return heics, nil
}
