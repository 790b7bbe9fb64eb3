package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"bench/peer"
)

// batch is a Maildir that is posted whole.
func (b *bench) batch() error {
	const mails, limit = 150, 100 * time.Second
	p, err := b.newPosting(browsers[0].path, fitting)
	if err != nil {
		return err
	}
	box := filepath.Join(filepath.Dir(p.rules), "Maildir")
	if err := p.fill(box, mails); err != nil {
		return err
	}
	defer os.RemoveAll(box)
	b.begin(fmt.Sprintf("batch: %d mails with two photos of half a megabyte in a Maildir, one account", mails))
	_, took, err := program{argv: []string{b.mailapp, "batch", "--rules=" + p.rules, box}}.output()
	if err == nil {
		err = p.site.check(mails, 2)
	}
	if err != nil {
		b.skip("batch", "mailapp batch", err)
		return nil
	}
	b.amount("all of them", fmt.Sprintf("%.0f s", took.Seconds()), "", took <= limit, "<= 100 s")
	return nil
}

// fill makes a Maildir of so many mails.
func (p *posting) fill(box string, mails int) error {
	for _, sub := range []string{"new", "cur", "tmp"} {
		if err := os.MkdirAll(filepath.Join(box, sub), 0o700); err != nil {
			return err
		}
	}
	var photos [][]byte
	for i := range 2 {
		data, err := photograph(uint64(i), 1280, 960, 40)
		if err != nil {
			return err
		}
		photos = append(photos, data)
	}
	for i := range mails {
		m := mail{proven: true, id: fmt.Sprintf("batch-%d", i), subject: fmt.Sprintf("Thing %d - %s", i, peer.Price), body: peer.Body, photos: photos}
		if err := os.WriteFile(filepath.Join(box, "new", fmt.Sprintf("%d.M1P1.host", 1000+i)), m.bytes(), 0o600); err != nil {
			return err
		}
	}
	return nil
}
