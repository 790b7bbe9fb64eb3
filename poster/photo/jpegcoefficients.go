package photo

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// maxCoefficients bounds the memory: a picture of 2048 x 1536 pixels with three
// components of that size. At two bytes each and one for marks that is 23 MB, and
// while a scan is written at most four for each of its component's.
const maxCoefficients = 3 * 2048 * 1536

// block is the 64 coefficients of 8 x 8 samples in zigzag order (figure A.6).
type block [64]int16

// zigzag gives where in a block's rows each coefficient stands.
var zigzag = func() (order [64]int) {
	x, y := 0, 0
	for k := range order {
		order[k] = 8*y + x
		switch up := (x+y)%2 == 0; {
		case up && x == 7, !up && x == 0 && y < 7:
			y++
		case up && y == 0, !up && y == 7:
			x++
		case up:
			x, y = x+1, y-1
		default:
			x, y = x-1, y+1
		}
	}
	return order
}()

// turning says what becomes of a picture. It is first mirrored, then transposed:
// rows become columns.
type turning struct {
	mirrorX, mirrorY, transposed bool

	// Where coefficient k of a block is afterwards, and 1 or -1 times what it is.
	to   [64]byte
	sign [64]int16
}

// newTurning follows the orientations of TIFF 6.0. Of what a coefficient counts,
// the waves along x and along y, mirroring turns odd ones over.
func newTurning(way turn) turning {
	t := turning{
		mirrorX:    way == 2 || way == 3 || way == 7 || way == 8,
		mirrorY:    way == 3 || way == 4 || way == 6 || way == 7,
		transposed: way >= 5,
	}
	for k, at := range zigzag {
		x, y := at%8, at/8
		t.sign[k] = 1
		if (t.mirrorX && x%2 == 1) != (t.mirrorY && y%2 == 1) {
			t.sign[k] = -1
		}
		x, y = t.size(x, y)
		t.to[k] = byte(slices.Index(zigzag[:], 8*y+x))
	}
	return t
}

// size gives what becomes of a measure along x and one along y.
func (t *turning) size(x, y int) (int, int) {
	if t.transposed {
		return y, x
	}
	return x, y
}

// component is one of the picture's colours (B.2.2), already turned.
type component struct {
	id, quantisation byte
	h, v             int // sampling factors
	plane

	destination int // of the tables that it is written with

	missing [64]int // how many low bits of each coefficient are yet to come, unseen if none came

	dc, ac     *decoder // in the scan that is being read
	prediction int      // in the interval that is being read or written
}

const unseen = 16

// plane is a component's blocks in rows, without those that only fill an MCU.
type plane struct {
	wide, high int
	blocks     []block
	marks      []marks // of each block

	// Where the block is that was stored at x, y: origin + x*right + y*down.
	origin, right, down int
}

// marks tell which of a block's AC coefficients are not zero: bit k of the first
// stands for the k-th, that of the others for the k-th without its lowest bit, or
// without its two.
type marks [3]uint64

// newPlane gives one for so many blocks as were stored.
func newPlane(wide, high int, t *turning) plane {
	p := plane{right: 1, down: wide}
	p.wide, p.high = t.size(wide, high)
	if t.transposed {
		p.right, p.down = high, 1
	}
	if t.mirrorX {
		p.origin, p.right = p.origin+(wide-1)*p.right, -p.right
	}
	if t.mirrorY {
		p.origin, p.down = p.origin+(high-1)*p.down, -p.down
	}
	p.blocks, p.marks = make([]block, wide*high), make([]marks, wide*high)
	return p
}

// frame reads the frame header (B.2.2) and makes room for what it announces.
func (p *coefficients) frame(marker byte, body []byte) error {
	if len(body) < 6 || len(body) != 6+3*int(body[5]) {
		return errHeader
	}
	if body[0] != 8 || len(body) != 6+3*1 && len(body) != 6+3*3 {
		return errKind
	}
	p.sofs = marker
	p.height, p.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	for part := range slices.Chunk(body[6:], 3) {
		if err := p.addComponent(part); err != nil {
			return err
		}
	}
	return p.planes()
}

// addComponent reads its part of the frame header. Of a picture of a single one the
// sampling factors mean nothing (A.2.2).
func (p *coefficients) addComponent(part []byte) error {
	c := &component{id: part[0], h: int(part[1] >> 4), v: int(part[1] & 15), quantisation: part[2]}
	if c.h < 1 || c.h > 2 || c.v < 1 || c.v > 2 {
		return errKind
	}
	if c.quantisation > 3 || slices.ContainsFunc(p.components, func(o *component) bool { return o.id == c.id }) {
		return errHeader
	}
	for k := range c.missing {
		c.missing[k] = unseen
	}
	if len(p.components) > 0 { // they are of brightness and of colours
		c.destination = 1
	}
	p.components = append(p.components, c)
	return nil
}

// planes makes the components' planes (A.1.1), if the turn can be made without
// loss and the whole is not too much.
func (p *coefficients) planes() error {
	if len(p.components) == 1 {
		p.components[0].h, p.components[0].v = 1, 1
	}
	maxH, maxV, blocks := p.sampling()
	if blocks > 10 { // B.2.3
		return errKind
	}
	if p.turned.mirrorX && p.width%(8*maxH) != 0 || p.turned.mirrorY && p.height%(8*maxV) != 0 {
		return fmt.Errorf("cannot be turned without loss: %d x %d pixels do not divide into %d x %d", p.width, p.height, 8*maxH, 8*maxV)
	}
	size := func(c *component) (wide, high int) {
		return ceil(p.width*c.h, 8*maxH), ceil(p.height*c.v, 8*maxV)
	}
	room := maxCoefficients / 64
	for _, c := range p.components {
		wide, high := size(c)
		room -= wide * high
	}
	if room < 0 {
		return fmt.Errorf("has %d x %d pixels, which is too many to be rewritten", p.width, p.height)
	}
	for _, c := range p.components {
		wide, high := size(c)
		c.plane = newPlane(wide, high, &p.turned)
		c.h, c.v = p.turned.size(c.h, c.v)
	}
	return nil
}

// sampling gives the largest sampling factors, and how many blocks are in an MCU
// of all components.
func (p *coefficients) sampling() (maxH, maxV, blocks int) {
	for _, c := range p.components {
		maxH, maxV, blocks = max(maxH, c.h), max(maxV, c.v), blocks+c.h*c.v
	}
	return maxH, maxV, blocks
}

func ceil(a, b int) int { return (a + b - 1) / b }

// mark completes the marks of what was read.
func (p *plane) mark() {
	for i := range p.marks {
		b, m := &p.blocks[i], &p.marks[i]
		for rest := m[0]; rest != 0; rest &= rest - 1 {
			k := bits.TrailingZeros64(rest) & 63
			v := magnitude(int(b[k]))
			m[1] |= uint64(min(v>>1, 1)) << k
			m[2] |= uint64(min(v>>2, 1)) << k
		}
	}
}
