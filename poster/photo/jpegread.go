package photo

// ITU-T T.81, annexes F.2 and G.2: a scan's data made into coefficients.

const (
	// What a decoder of 8-bit samples must be able to hold (F.1.2).
	mostDC, leastDC = 1023, -1024
	mostAC          = 1023
	longestDC       = 11 // bits of a difference

	mostShift = 10 // how many low bits an approximation may leave for later

	runOf16 = 0xf0 // sixteen zeros, ZRL
)

// scanReader reads one scan.
type scanReader struct {
	bitReader
	*coefficients
	components []*component
	band
	block  func(*component, *block, *marks) // reads one
	eobRun int                              // so many blocks have nothing more in this band
}

// band is what part of the coefficients a scan holds (B.2.3).
type band struct {
	first, last int // Ss and Se, in zigzag order
	had, left   int // Ah and Al: how many low bits were missing before, and still are
}

func (p *coefficients) scan(header, data []byte) error {
	s := &scanReader{bitReader: bitReader{data: data}, coefficients: p}
	if err := s.header(header); err != nil {
		return err
	}
	if err := s.due(); err != nil {
		return err
	}
	p.scanned = true
	s.block = s.kind()
	s.intervals()
	s.end()
	if s.wrong || len(s.behindFF()) > 0 {
		return damaged("its coefficients are wrong")
	}
	return nil
}

// header reads the scan header. What a sequential one says of a band means
// nothing, and some cameras write anything there.
func (s *scanReader) header(body []byte) error {
	n := len(s.coefficients.components)
	if len(body) == 0 || body[0] == 0 || int(body[0]) > n || len(body) != 4+2*int(body[0]) {
		return errScan
	}
	for ; len(body) > 4; body = body[2:] {
		if err := s.component(body[1], body[2]); err != nil {
			return err
		}
	}
	s.band = band{last: 63, had: unseen}
	if s.sofs == markerSOF2 {
		s.band = band{int(body[1]), int(body[2]), int(body[3] >> 4), int(body[3] & 15)}
		if s.had == 0 {
			s.had = unseen
		}
	}
	return s.sound()
}

var errScan = damaged("the header of a scan is wrong")

// component takes one into the scan, and the tables for it.
func (s *scanReader) component(id, tables byte) error {
	for _, c := range s.coefficients.components {
		if c.id != id {
			continue
		}
		dc, ac := tables>>4, tables&15
		if dc > 3 || ac > 3 {
			break
		}
		s.components = append(s.components, c)
		var err error
		if c.dc, err = s.huffman[classDC][dc].use(); err == nil {
			c.ac, err = s.huffman[classAC][ac].use()
		}
		return err
	}
	return errScan
}

// sound tells whether the band is one that a scan can have.
func (s *scanReader) sound() error {
	switch {
	case s.first > s.last || s.last > 63 || s.left > mostShift,
		s.sofs == markerSOF2 && s.first == 0 && s.last > 0,
		s.first > 0 && len(s.components) > 1,
		s.had != unseen && s.had != s.left+1:
		return errScan
	}
	for _, c := range s.components {
		if s.first == 0 && s.had == unseen && c.dc == nil || s.last > 0 && c.ac == nil {
			return errScan
		}
	}
	return nil
}

// due tells whether the scan follows those before it (G.1.1.1), so that no file
// can have more of them than there is to be told.
func (s *scanReader) due() error {
	for _, c := range s.components {
		for k := s.first; k <= s.last; k++ {
			if c.missing[k] != s.had {
				return errScan
			}
			c.missing[k] = s.left
		}
	}
	return nil
}

// kind gives what reads a block of this scan.
func (s *scanReader) kind() func(*component, *block, *marks) {
	switch {
	case s.sofs != markerSOF2:
		return s.sequential
	case s.first == 0 && s.had == unseen:
		return s.difference
	case s.first == 0:
		return s.correctDC
	case s.had == unseen:
		return s.approximate
	}
	return s.correctAC
}

// intervals reads all MCUs, with the restarts between them.
func (s *scanReader) intervals() {
	wide, high := s.mcus()
	s.reset()
	for y := range high {
		for x := range wide {
			if at := y*wide + x; s.interval > 0 && at > 0 && at%s.interval == 0 {
				s.end()
				s.restart(markerRST0 + byte((at/s.interval-1)%8))
				s.reset()
			}
			s.mcu(x, y)
			if s.wrong {
				return
			}
		}
	}
}

// end ends an interval. What decoders make of one that says more than it has
// blocks for, or less, differs.
func (s *scanReader) end() {
	s.wrong = s.wrong || !s.atEnd() || s.eobRun > 0
}

// reset begins an interval (F.2.1.3.1, G.1.2.2).
func (s *scanReader) reset() {
	s.eobRun = 0
	for _, c := range s.components {
		c.prediction = 0
	}
}

// mcus gives how many there are, as stored. With one component each is a block
// (A.2.2); those that only fill an MCU are then not there.
func (s *scanReader) mcus() (wide, high int) {
	if c := s.components[0]; len(s.components) == 1 {
		return s.turned.size(c.wide, c.high)
	}
	maxH, maxV, _ := s.sampling()
	maxH, maxV = s.turned.size(maxH, maxV)
	return ceil(s.width, 8*maxH), ceil(s.height, 8*maxV)
}

func (s *scanReader) mcu(x, y int) {
	if c := s.components[0]; len(s.components) == 1 {
		at := c.origin + x*c.right + y*c.down
		s.block(c, &c.blocks[at], &c.marks[at])
		return
	}
	for _, c := range s.components {
		h, v := s.turned.size(c.h, c.v)
		for i := range h * v {
			s.interleaved(c, x*h+i%h, y*v+i/h)
		}
	}
}

// interleaved reads the block at x, y, which may only fill the MCU.
func (s *scanReader) interleaved(c *component, x, y int) {
	if wide, high := s.turned.size(c.wide, c.high); x >= wide || y >= high {
		s.block(c, new(block), new(marks))
		return
	}
	at := c.origin + x*c.right + y*c.down
	s.block(c, &c.blocks[at], &c.marks[at])
}

// sequential reads a whole block (F.2.2).
func (s *scanReader) sequential(c *component, b *block, m *marks) {
	s.difference(c, b, m)
	for k := 1; k < 64; k++ {
		symbol := s.symbol(c.ac)
		size := int(symbol & 15)
		if size == 0 {
			if symbol != runOf16 {
				s.wrong = s.wrong || symbol != 0
				return
			}
			k += 15
			continue
		}
		k += int(symbol >> 4)
		s.put(b, m, k, size)
	}
}

// put reads a coefficient of so many bits and notes it where it is to be.
func (s *scanReader) put(b *block, m *marks, k, size int) {
	value := s.value(size) << s.left
	if k > s.last || value > mostAC || value < -mostAC {
		s.wrong = true
		return
	}
	to := s.turned.to[k] & 63
	b[to] = int16(value) * s.turned.sign[k]
	m[0] |= 1 << to
}

// difference reads a DC coefficient, as the difference to the one before.
func (s *scanReader) difference(c *component, b *block, _ *marks) {
	size := int(s.symbol(c.dc))
	if size > longestDC {
		s.wrong = true
		return
	}
	c.prediction += s.value(size)
	value := c.prediction << s.left
	if value < leastDC || value > mostDC {
		s.wrong = true
		return
	}
	b[0] = int16(value)
}

// correctDC reads one more bit of a DC coefficient (G.1.2.1).
func (s *scanReader) correctDC(_ *component, b *block, _ *marks) {
	b[0] |= int16(s.bits(1) << s.left)
}

// approximate reads a band of a block without its low bits (G.1.2.2).
func (s *scanReader) approximate(c *component, b *block, m *marks) {
	if s.eobRun > 0 {
		s.eobRun--
		return
	}
	for k := s.first; k <= s.last; k++ {
		symbol := s.symbol(c.ac)
		run, size := int(symbol>>4), int(symbol&15)
		if size == 0 && run < 15 {
			s.eobRun = 1<<run + s.bits(run) - 1
			return
		}
		k += run
		if size > 0 {
			s.put(b, m, k, size)
		}
	}
}

// correctAC reads one more bit of a band of a block: of each coefficient that is
// not zero so far, and which of the others are not (G.1.2.3).
func (s *scanReader) correctAC(c *component, b *block, m *marks) {
	k := s.first
	for s.eobRun == 0 && k <= s.last {
		symbol := s.symbol(c.ac)
		run, size := int(symbol>>4), int(symbol&15)
		if size == 0 && run < 15 {
			s.eobRun = 1<<run + s.bits(run)
			break
		}
		sign := s.bits(size & 1)
		k = s.correct(b, k, run)
		if size > 0 {
			s.fresh(b, m, k, size, sign)
		}
		k++
	}
	if s.eobRun > 0 {
		s.correct(b, k, 64)
		s.eobRun--
	}
}

// correct goes on to the zero behind so many others, from k, and reads a bit of
// each coefficient on the way that is none.
func (s *scanReader) correct(b *block, k, zeros int) int {
	for ; k <= s.last; k++ {
		switch coefficient := &b[s.turned.to[k]&63]; {
		case *coefficient == 0 && zeros == 0:
			return k
		case *coefficient == 0:
			zeros--
		case s.bits(1) == 0:
		case *coefficient < 0:
			*coefficient -= 1 << s.left
		default:
			*coefficient += 1 << s.left
		}
	}
	return k
}

// fresh notes a coefficient that is no longer zero: its bit is a 1.
func (s *scanReader) fresh(b *block, m *marks, k, size, sign int) {
	if k > s.last || size != 1 {
		s.wrong = true
		return
	}
	to := s.turned.to[k] & 63
	b[to] = int16((2*sign-1)<<s.left) * s.turned.sign[k]
	m[0] |= 1 << to
}
