package filter

// What is a picture and no photo: the logos, icons and spacers of signatures and
// letterheads, and what a mail holds a second time. Nothing of it is dropped
// silently: LeftOut names it.

import (
	"fmt"
	"hash/maphash"

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
func (g *gatherer) picture(p *part, kind string, data []byte) {
	if why := g.noPhoto(p, data); why != "" {
		g.note(p, why)
		return
	}
	g.content.Photos = append(g.content.Photos, Photo{kind, data})
}

// noPhoto says why a picture is not taken for a photo; "" if it is. One whose
// size nobody can tell may be one.
func (g *gatherer) noPhoto(p *part, data []byte) string {
	least := spacerSide
	if p.embedded {
		least = logoSide
		if g.isRepeated(data) {
			return "the same picture once more"
		}
	}
	if width, height := picture.Size(data); width > 0 && min(width, height) < least {
		return fmt.Sprintf("a picture of only %d x %d pixels", width, height)
	}
	return ""
}

// isRepeated tells whether the mail's HTML shows the same picture as before, as it
// does with a signature's in every quoted mail. What is attached twice is wanted
// twice.
func (g *gatherer) isRepeated(data []byte) bool {
	if g.embedded == nil {
		g.embedded = map[uint64]bool{}
	}
	sum := maphash.Bytes(seed, data)
	defer func() { g.embedded[sum] = true }()
	return g.embedded[sum]
}
