package flow

import (
	"fmt"
	"slices"
	"strings"

	"mailapp/filter/strictyaml"
)

// DefaultPixels is how many pixels the longer side of a photo may have where the
// flow does not say: no site shows more.
const DefaultPixels = 2048

// PhotoLimits say what photos a site takes. The zero PhotoLimits are those of a
// flow that says nothing of them.
type PhotoLimits struct {
	Least  int      // without so many the site takes no ad
	Most   int      // 0: as many as there are
	Pixels int      // of the longer side; 0: [DefaultPixels]
	Bytes  int64    // of a file; 0: any number
	Types  []string // that it takes beside jpeg, as PhotoTypes has them
}

// PhotoTypes are the types of pictures that a flow can name, each with its media
// type.
var PhotoTypes = map[string]string{"jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}

// The bounds of what a flow can ask for: below them no photo is one any more.
const (
	leastPixels = 100
	leastBytes  = 10 << 10
)

// photoLimits reads what a flow says of photos.
func (p *parser) photoLimits(n strictyaml.Node) PhotoLimits {
	if !n.IsSet() {
		return PhotoLimits{}
	}
	m := p.mapping(n.In("photos"), thePhotos)
	l := PhotoLimits{
		Least: atLeast(m["least"], 1), Most: atLeast(m["most"], 1), Pixels: atLeast(m["pixels"], leastPixels), Bytes: m["bytes"].Size(),
	}
	for _, kind := range p.list(m["types"]) {
		l.Types = append(l.Types, kind.OneOf("type of picture", enumerations[aPicture]...))
	}
	if m["bytes"].IsText() && l.Bytes > 0 && l.Bytes < leastBytes {
		m["bytes"].Mistake("no photo is smaller than 10k")
	}
	if l.Most > 0 && l.Least > l.Most {
		m["least"].Mistake("the site cannot need more photos than the %d that it takes", l.Most)
	}
	return l
}

// atLeast reads a whole number that is not below least; 0 where there is none.
func atLeast(n strictyaml.Node, least int) int {
	if !n.IsSet() {
		return 0
	}
	count, ok := wholeNumber(n.Text())
	if (!ok || count < least) && n.IsText() {
		n.Mistake("here belongs a number from %d to 9999, not %q", least, n.Text())
	}
	return count
}

// AsksForPhotos tells whether the step itself, and not one inside it, needs to
// know the photos or how many there are.
func (s Step) AsksForPhotos() bool {
	if s.Verb == Upload || s.Verb == ForEachPhoto || countsPhotos(s.Value) {
		return true
	}
	return s.At.asksForPhotos() || s.Condition.asksForPhotos() ||
		slices.ContainsFunc(s.Cases, func(c Case) bool { return c.On.asksForPhotos() })
}

func (c Condition) asksForPhotos() bool {
	return slices.ContainsFunc(c.Any, func(all []Test) bool { return slices.ContainsFunc(all, Test.asksForPhotos) })
}

func (t Test) asksForPhotos() bool {
	return t.Kind == Field && t.Name == PhotoCount || t.At.asksForPhotos() ||
		countsPhotos(t.AtLeast) || countsPhotos(t.AtMost) || countsPhotos(t.Is.Text)
}

func (l Locator) asksForPhotos() bool {
	return slices.ContainsFunc(l.Alternatives, func(chain Chain) bool {
		return slices.ContainsFunc(chain, func(link Link) bool { return countsPhotos(link.Value) })
	})
}

func countsPhotos(t Template) bool { return slices.Contains(t.Names(), PhotoCount) }

// TooFewPhotos says, in a sentence for the sender, that an ad needs more photos
// than the mail has good ones, and what is wrong with the others.
func TooFewPhotos(least, have int, leftOut []string) string {
	text := fmt.Sprintf("The site needs %d photos, and the mail has %d that can be used", least, have)
	if least == 1 {
		text = "The site needs a photo, and the mail has none that can be used"
	}
	if len(leftOut) > 0 {
		text += ": " + strings.Join(leftOut, "; ")
	}
	return text + "."
}
