package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"bench/peer"
)

// photograph makes a picture of a size that is like what a phone takes: slow
// changes with noise on them. More noise makes more bytes.
func photograph(seed uint64, width, height, noise int) ([]byte, error) {
	random := rand.New(rand.NewPCG(seed, 1))
	img := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	for y := range height {
		for x := range width {
			img.Y[img.YOffset(x, y)] = uint8(40 + (x*120/width+y*60/height)%180 + random.IntN(noise))
		}
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = uint8(110+i%30), uint8(120+random.IntN(8))
	}
	var out bytes.Buffer
	err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 90})
	return out.Bytes(), err
}

// mail is a message that is made for the bench. Its sender is a stranger unless
// it is proven to be the account's.
type mail struct {
	proven            bool
	id, subject, body string
	photos            [][]byte
}

// bytes gives the mail as our mail server would have handed it on, with the
// result of its checks on top.
func (m mail) bytes() []byte {
	var b bytes.Buffer
	from := "eve@example.net"
	if m.proven {
		from = peer.Account
	}
	fmt.Fprintf(&b, "Return-Path: <%s>\nDelivered-To: %s\n", from, recipient)
	if m.proven {
		b.WriteString("Authentication-Results: mx.example.org; dmarc=pass header.from=example.org\n")
	}
	b.WriteString("Received: from phone.example.org by mx.example.org; Sat, 21 Nov 2026 09:41:07 +0100\n")
	fmt.Fprintf(&b, "From: <%s>\nTo: %s\nDate: Sat, 21 Nov 2026 09:41:02 +0100\nSubject: %s\nMessage-ID: <%s@example.org>\nMIME-Version: 1.0\n",
		from, recipient, m.subject, m.id)
	if len(m.photos) == 0 {
		b.WriteString("\n" + m.body)
		return b.Bytes()
	}
	b.WriteString("Content-Type: multipart/mixed; boundary=limit\n\n--limit\nContent-Type: text/plain; charset=utf-8\n\n" + m.body + "\n")
	for i, photo := range m.photos {
		fmt.Fprintf(&b, "--limit\nContent-Type: image/jpeg; name=image%d.jpg\nContent-Transfer-Encoding: base64\n\n", i)
		b.WriteString(lines(base64.StdEncoding.EncodeToString(photo)))
	}
	b.WriteString("--limit--\n")
	return b.Bytes()
}

// lines breaks a text into lines as mail has them.
func lines(text string) string {
	var b strings.Builder
	b.Grow(len(text) + len(text)/76 + 2)
	for len(text) > 76 {
		b.WriteString(text[:76] + "\n")
		text = text[76:]
	}
	return b.String() + text + "\n"
}

var rulesTemplate = template.Must(template.New("rules.yaml").Parse(`owner: owner@example.org
state: {{.Dir}}/state
allow-root: true
size-limit: 100MB
trust: {authserv-id: mx.example.org}
{{with .Browser}}browser: {path: {{.}}}
{{end}}refusals: bounce
receipts: {from: mailapp@example.org, maildir: {{.Dir}}/receipts}
people:
  fred: {addresses: [fred@example.org]}
apps:
  fairground:
    flow: {{.Flow}}
    url: {{.Site}}
    account: fred@example.org
    password: {file: {{.Dir}}/password}
    with: {category: For sale, condition: Used}
rules:
  - name: known spam
    subject: [Make money fast, '/cheap .* watches/']
    do: reject
    reason: We do not take this here.
  - name: small ads
    recipient: "{person}_{app}@example.org"
    do: post
`))

const recipient = "fred_fairground@example.org"

// writeRules lays out rules and password in a directory and gives the rules'
// path.
func writeRules(dir, flow, site, browser string) (string, error) {
	var b bytes.Buffer
	err := rulesTemplate.Execute(&b, map[string]string{"Dir": dir, "Flow": flow, "Site": site, "Browser": browser})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "password"), []byte(peer.Password), 0o600)
	}
	path := filepath.Join(dir, "rules.yaml")
	if err == nil {
		err = os.WriteFile(path, b.Bytes(), 0o600)
	}
	return path, err
}
