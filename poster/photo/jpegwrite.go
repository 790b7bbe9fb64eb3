package photo

// ITU-T T.81, annex G.1: coefficients made into the scans of a progressive file.

import (
	"math/bits"
	"slices"
)

// script is how a picture is cut into scans: first colours without their lowest
// bit and the coarse of the brightness, then the rest. The numbers are of
// components; where there is no such, there is no such scan.
var script = []struct {
	components []int
	band
}{
	{[]int{0, 1, 2}, band{0, 0, unseen, 1}},
	{[]int{0}, band{1, 5, unseen, 2}},
	{[]int{2}, band{1, 63, unseen, 1}},
	{[]int{1}, band{1, 63, unseen, 1}},
	{[]int{0}, band{6, 63, unseen, 2}},
	{[]int{0}, band{1, 63, 2, 1}},
	{[]int{0, 1, 2}, band{0, 0, 1, 0}},
	{[]int{2}, band{1, 63, 1, 0}},
	{[]int{1}, band{1, 63, 1, 0}},
	{[]int{0}, band{1, 63, 1, 0}},
}

// scans gives all scans, each with its tables before it.
func (p *coefficients) scans() []byte {
	var all []byte
	w := &scanWriter{coefficients: p, tokens: make([]token, 0, p.most())}
	for _, scan := range script {
		w.components = w.components[:0]
		for _, i := range scan.components {
			if i < len(p.components) {
				w.components = append(w.components, p.components[i])
			}
		}
		if w.band = scan.band; len(w.components) > 0 {
			all = append(all, w.scan()...)
		}
	}
	return all
}

// most is about how many tokens a scan has: of the colour with the most coefficients.
func (p *coefficients) most() int {
	most := 0
	for _, c := range p.components {
		n := len(c.blocks)
		for i := range c.marks {
			n += bits.OnesCount64(c.marks[i][0])
		}
		most = max(most, n)
	}
	return most
}

// scanWriter writes one scan after the other. The best codes for its symbols are
// known only when all are, so that they are gathered first.
type scanWriter struct {
	*coefficients
	components []*component
	band

	tokens    []token
	frequency [bare + 1][256]int // of each symbol, by the table for it
	ended     []correction       // of the last blocks, whose end is yet to be written
}

// token is a symbol, in the low byte, the table for it in the next two bits, how
// many bits come behind it in the next six, and those in the rest, at most 16.
type token uint32

// bare is the table of a symbol that is not written: only what comes behind it.
const bare = 2

// scan gives one scan, with the tables it needs before it.
func (w *scanWriter) scan() []byte {
	w.tokens, w.frequency = w.tokens[:0], [bare + 1][256]int{}
	w.mcus()
	class := classAC
	if w.first == 0 {
		class = classDC
	}
	var file []byte
	var codes [bare + 1][256]code
	for destination := range bare {
		if w.frequency[destination] != [256]int{} {
			symbols, counts := shortest(&w.frequency[destination])
			codes[destination] = codesOf(symbols, counts)
			file = append(file, dht(class, destination, symbols, counts)...)
		}
	}
	return slices.Concat(file, w.header(), w.encode(&codes))
}

// header gives the scan header (B.2.3).
func (w *scanWriter) header() []byte {
	body := []byte{byte(len(w.components))}
	for _, c := range w.components {
		body = append(body, c.id, byte(c.destination<<4|c.destination))
	}
	had := w.had
	if had == unseen {
		had = 0
	}
	return newSegment(markerSOS, append(body, byte(w.first), byte(w.last), byte(had<<4|w.left)))
}

// encode gives the scan's data.
func (w *scanWriter) encode(codes *[bare + 1][256]code) []byte {
	out := bitWriter{data: make([]byte, 0, len(w.tokens))}
	for _, t := range w.tokens {
		n := uint(t >> 10 & 63)
		c := codes[min(t>>8&3, bare)][t&255]
		out.write(c.bits<<n|uint32(t>>16), c.size+n)
	}
	return out.flush()
}

// put takes a symbol, and n bits behind it.
func (w *scanWriter) put(table, symbol, value, n int) {
	w.frequency[table][symbol]++
	w.tokens = append(w.tokens, token(value)<<16|token(n)<<10|token(table)<<8|token(symbol))
}

// mcus takes all MCUs.
func (w *scanWriter) mcus() {
	if len(w.components) == 1 {
		w.blocks(w.components[0])
		return
	}
	for _, c := range w.components {
		c.prediction = 0
	}
	maxH, maxV, _ := w.sampling()
	width, height := w.turned.size(w.width, w.height)
	for y := range ceil(height, 8*maxV) {
		for x := range ceil(width, 8*maxH) {
			w.mcu(x, y)
		}
	}
}

// blocks takes all blocks of the only component.
func (w *scanWriter) blocks(c *component) {
	c.prediction = 0
	for i := range c.blocks {
		b, m := &c.blocks[i], &c.marks[i]
		switch {
		case w.first == 0:
			w.dc(c, int(b[0]))
		case w.had == unseen:
			w.approximate(c, b, m)
		default:
			w.refine(c, b, m)
		}
	}
	w.endBlocks(c)
}

// mcu takes one MCU of several components, which is all DC. A block that only
// fills it is like the one before it, which takes least.
func (w *scanWriter) mcu(x, y int) {
	for _, c := range w.components {
		for i := range c.h * c.v {
			x, y := x*c.h+i%c.h, y*c.v+i/c.h
			if x < c.wide && y < c.high {
				w.dc(c, int(c.blocks[y*c.wide+x][0]))
				continue
			}
			w.dc(c, c.prediction<<w.left)
		}
	}
}

// dc takes a DC coefficient without its low bits, as the difference to the one
// before, or one more bit of it (G.1.2.1).
func (w *scanWriter) dc(c *component, v int) {
	if w.had != unseen {
		w.put(bare, 0, v>>w.left&1, 1)
		return
	}
	difference := v>>w.left - c.prediction
	c.prediction += difference
	w.value(c, 0, difference)
}

// value takes a value with its size (F.1.2.1) and what else is in the symbol.
func (w *scanWriter) value(c *component, symbol, v int) {
	size := bits.Len(uint(magnitude(v)))
	if v < 0 {
		v += 1<<size - 1
	}
	w.put(c.destination, symbol|size, v, size)
}

func magnitude(v int) int { return max(v, -v) }

// inBand leaves of a block's marks those that the scan speaks of.
func (w *scanWriter) inBand(marks uint64) uint64 {
	return marks >> w.first << w.first << (63 - w.last) >> (63 - w.last)
}

// approximate takes a band of a block without its low bits (G.1.2.2).
func (w *scanWriter) approximate(c *component, b *block, m *marks) {
	last := w.first - 1
	for rest := w.inBand(m[w.left]); rest != 0; rest &= rest - 1 {
		k := bits.TrailingZeros64(rest)
		zeros := k - last - 1
		last = k
		w.endBlocks(c)
		for ; zeros > 15; zeros -= 16 {
			w.put(c.destination, runOf16, 0, 0)
		}
		v := int(b[k&63])
		if v < 0 { // what is left out makes it smaller, not less
			v += 1<<w.left - 1
		}
		w.value(c, zeros<<4, v>>w.left)
	}
	if last < w.last {
		w.endBlock(c, correction{})
	}
}

// refine takes one more bit of a band of a block (G.1.2.3). The bits of
// coefficients that were known not to be zero come behind the next symbol.
func (w *scanWriter) refine(c *component, b *block, m *marks) {
	known := w.inBand(m[w.left+1])
	fresh := w.inBand(m[w.left]) &^ known
	var waiting correction
	zeros, last := 0, w.first-1
	for rest := known | fresh; rest != 0; rest &= rest - 1 {
		k := bits.TrailingZeros64(rest)
		zeros, last = zeros+k-last-1, k
		for ; zeros > 15 && fresh>>k != 0; zeros -= 16 {
			waiting = w.correct(c, runOf16, 0, 0, waiting)
		}
		if known>>k&1 != 0 {
			waiting.add(magnitude(int(b[k&63])) >> w.left)
			continue
		}
		waiting = w.correct(c, zeros<<4|1, 1-int(uint16(b[k&63])>>15), 1, waiting)
		zeros = 0
	}
	if zeros += w.last - last; zeros > 0 || waiting.n > 0 {
		w.endBlock(c, waiting)
	}
}

// correction is the bits that one block adds to its coefficients.
type correction struct {
	bits uint64
	n    int
}

// add adds the lowest bit of v.
func (c *correction) add(v int) {
	c.bits, c.n = c.bits<<1|uint64(v&1), c.n+1
}

// correct takes a symbol with what waits for it, and gives what then waits.
func (w *scanWriter) correct(c *component, symbol, value, n int, waiting correction) correction {
	w.endBlocks(c)
	w.put(c.destination, symbol, value, n)
	w.correction(waiting)
	return correction{}
}

func (w *scanWriter) correction(c correction) {
	for c.n > 0 {
		n := min(c.n, 16)
		c.n -= n
		w.put(bare, 0, int(c.bits>>c.n&0xffff), n)
	}
}

// longestRun is how many blocks one symbol can say to have no more symbols.
const longestRun = 0x7fff

// endBlock notes that a block has no more symbols.
func (w *scanWriter) endBlock(c *component, waiting correction) {
	w.ended = append(w.ended, waiting)
	if len(w.ended) == longestRun {
		w.endBlocks(c)
	}
}

// endBlocks takes how many blocks had no more symbols (figure G.4), and what they
// correct all the same.
func (w *scanWriter) endBlocks(c *component) {
	run := len(w.ended)
	if run == 0 {
		return
	}
	size := bits.Len(uint(run)) - 1
	w.put(c.destination, size<<4, run-1<<size, size)
	for _, waiting := range w.ended {
		w.correction(waiting)
	}
	w.ended = w.ended[:0]
}
