package filter

// What is a picture and no photo: the logos, icons and spacers of signatures and
// letterheads, and what a mail holds a second time. Nothing of it is dropped
// silently: LeftOut names it.

import (
	"fmt"
	"hash/maphash"
	"io"

	"mailapp/filter/picture"
)

const (
	// logoSide is how long the shorter side of a photo is at least, in pixels, if
	// the mail's own HTML shows it: nearly all logos are lower, and no phone or
	// mail program makes a photo that small.
	logoSide = 100
	// spacerSide is the same for what is attached, mostly on purpose: only what
	// nobody can see is none.
	spacerSide = 3
)

// seed makes the sums by which pictures are told apart ones that no mail can
// aim at.
var seed = maphash.MakeSeed()

// picture takes a picture for a photo, unless it is none.
func (g *gatherer) picture(p *part, kind string) {
	if why := g.noPhoto(p); why != "" {
		g.note(p, why)
		return
	}
	g.content.Photos = append(g.content.Photos, Photo{kind, p})
}

// noPhoto says why a picture is not taken for a photo; "" if it is. One whose
// size nobody can tell may be one.
func (g *gatherer) noPhoto(p *part) string {
	least := spacerSide
	if p.embedded {
		least = logoSide
		if g.isRepeated(p) {
			return "the same picture once more"
		}
	}
	if p.size() > largeLogo {
		return ""
	}
	if width, height := picture.Size(p.bytes()); width > 0 && min(width, height) < least {
		return fmt.Sprintf("a picture of only %d x %d pixels", width, height)
	}
	return ""
}

// largeLogo is the size, in bytes, up to which a picture can be a logo; larger
// ones stay in the mail's file.
const largeLogo = 256 << 10

// isRepeated tells whether the mail's HTML shows the same picture as before, as it
// does with a signature's in every quoted mail. What is attached twice is wanted
// twice.
func (g *gatherer) isRepeated(p *part) bool {
	if g.embedded == nil {
		g.embedded = map[uint64]bool{}
	}
	var h maphash.Hash
	h.SetSeed(seed)
	_, _ = io.Copy(&h, p.open()) // trouble with the file is remembered by the file
	sum := h.Sum64()
	defer func() { g.embedded[sum] = true }()
	return g.embedded[sum]
}
