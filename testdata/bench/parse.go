package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// parse is ten photos of 5 MB taken out of one mail.
func (b *bench) parse() error {
	photo, err := photograph(1, 3600, 2700, 64)
	if err != nil {
		return err
	}
	m := mail{id: "parse", subject: "Ten photos", body: "As promised.\n"}
	for range 10 {
		m.photos = append(m.photos, photo)
	}
	path := filepath.Join(b.dir, "ten-photos")
	if err := os.WriteFile(path, m.bytes(), 0o600); err != nil {
		return err
	}
	defer os.Remove(path)
	b.begin(fmt.Sprintf("parse: ten photos of %s out of one mail", megabytes(int64(len(photo)))))
	b.parseRow(path, fmt.Sprint(10*len(photo)))
	return nil
}

func (b *bench) parseRow(path, want string) {
	names := map[string]string{"ours": "filter", "enmime": "enmime alone", "stream": "a streaming reader"}
	var contenders []contender
	for _, how := range []string{"ours", "enmime", "stream"} {
		p := program{argv: []string{b.peer("parse"), how, path}}
		contenders = append(contenders, contender{name: names[how], once: p.printing(want), memory: p.resident})
	}
	got := race(b.rounds, contenders...)
	ours := got[names["ours"]]
	b.ratio("wall", ours, got[names["stream"]], 1.5)
	b.ratio("wall", ours, got[names["enmime"]], 0)
	for _, how := range []string{"stream", "enmime"} {
		theirs := got[names[how]]
		if ours.missing() == nil && theirs.missing() == nil {
			b.amount("most memory", megabytes(ours.bytes), theirs.name+" "+megabytes(theirs.bytes), ours.bytes <= 24<<20, "<= 24 MB")
		}
	}
}

// printing is once for a program that must print something.
func (p program) printing(want string) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		out, took, err := p.output()
		if err == nil && strings.TrimSpace(out) != want {
			err = fmt.Errorf("it gave %q, not %s bytes", strings.TrimSpace(out), want)
		}
		return took, err
	}
}
