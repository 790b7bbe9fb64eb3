package photo

import "encoding/binary"

// bitReader reads a scan's data bit by bit, up to the next marker. Behind the end
// it reads zeros, which atEnd tells.
type bitReader struct {
	data  []byte
	next  uint64 // the next bits, the first on top
	count int    // how many those are
	zeros int    // how many of them, the last, were not in the data
	wrong bool   // there was what no encoder writes
}

// fill makes sure of as many bits as a code and its value can have.
func (r *bitReader) fill() {
	for r.count <= 56 {
		b, size := r.octet()
		r.data = r.data[size:]
		r.next |= uint64(b) << (56 - r.count)
		r.count += 8
		if size == 0 {
			r.zeros += 8
		}
	}
}

// octet gives the next byte, and in how many it is written: none before a marker.
func (r *bitReader) octet() (b byte, size int) {
	switch {
	case len(r.data) == 0:
		return 0, 0
	case r.data[0] != 0xff:
		return r.data[0], 1
	case len(r.data) > 1 && r.data[1] == 0:
		return 0xff, 2
	}
	return 0, 0
}

// atEnd tells whether all up to the next marker was read, but for the bits that
// fill the last byte, and no more than there was.
func (r *bitReader) atEnd() bool {
	r.fill()
	unread := r.count - r.zeros
	return 0 <= unread && unread < 8
}

// symbol reads one by its code.
func (r *bitReader) symbol(d *decoder) byte {
	if r.count < 32 {
		r.fill()
	}
	if found := d.look[r.next>>(64-lookBits)]; found != 0 {
		r.skip(int(found >> 8))
		return byte(found)
	}
	ahead := int(r.next >> (64 - longestCode))
	for length := lookBits + 1; length <= longestCode; length++ {
		if ahead < d.end[length] {
			r.skip(length)
			return d.symbols[d.index[length]+ahead>>(longestCode-length)]
		}
	}
	r.wrong = true
	return 0
}

func (r *bitReader) skip(n int) {
	r.next <<= n & 63
	r.count -= n
}

// bits reads a number of n bits, at most 16 (RECEIVE in F.2.2.4).
func (r *bitReader) bits(n int) int {
	if r.count < 32 {
		r.fill()
	}
	value := int(r.next >> 1 >> ((63 - n) & 63))
	r.skip(n)
	return value
}

// value reads the n bits behind a symbol that says how long a value is (EXTEND in
// F.2.2.1). n may be 0.
func (r *bitReader) value(n int) int {
	value := r.bits(n)
	if value < 1<<n>>1 {
		value += 1 - 1<<n
	}
	return value
}

// behindFF gives what follows an FF and any that may fill the file before it
// (B.1.1.2).
func (r *bitReader) behindFF() []byte {
	rest := r.data
	for len(rest) > 0 && rest[0] == 0xff {
		rest = rest[1:]
	}
	return rest
}

// restart goes behind the marker that ends an interval.
func (r *bitReader) restart(marker byte) {
	rest := r.behindFF()
	if len(rest) == 0 || rest[0] != marker {
		r.wrong = true
		return
	}
	*r = bitReader{data: rest[1:], wrong: r.wrong}
}

// bitWriter writes a scan's data bit by bit.
type bitWriter struct {
	data  []byte
	tail  uint64 // the last bits, the last at the bottom
	count uint   // how many of them are not in data yet, less than 32
}

// write writes a number of n bits, at most 32.
func (w *bitWriter) write(value uint32, n uint) {
	w.tail = w.tail<<n | uint64(value)
	if w.count += n; w.count < 32 {
		return
	}
	w.count -= 32
	four := uint32(w.tail >> w.count)
	if hasFF(four) {
		w.stuff(four)
		return
	}
	w.data = binary.BigEndian.AppendUint32(w.data, four)
}

// hasFF tells whether one of four bytes is FF: only then is its complement 0.
func hasFF(four uint32) bool {
	n := ^four
	return (n-0x01010101)&^n&0x80808080 != 0
}

// stuff writes four bytes, each FF followed by 00 (F.1.2.3).
func (w *bitWriter) stuff(four uint32) {
	for shift := 24; shift >= 0; shift -= 8 {
		b := byte(four >> shift)
		w.data = append(w.data, b)
		if b == 0xff {
			w.data = append(w.data, 0)
		}
	}
}

// flush gives all, the last byte filled with ones (F.1.2.3).
func (w *bitWriter) flush() []byte {
	for w.count > 0 {
		n := min(w.count, 8)
		w.count -= n
		b := byte(w.tail>>w.count<<(8-n)) | byte(1<<(8-n)-1)
		if w.data = append(w.data, b); b == 0xff {
			w.data = append(w.data, 0)
		}
	}
	return w.data
}
