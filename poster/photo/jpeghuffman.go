package photo

// ITU-T T.81, annexes C, F.2.2 and K.2: Huffman codes.

import (
	"cmp"
	"slices"
)

const (
	classDC = 0
	classAC = 1

	longestCode = 16
	lookBits    = 9 // codes up to this length are looked up at once
)

var errTable = damaged("a Huffman table is wrong")

// huffmanTable is a table as it stands in the file. What it takes to read with it
// is made when a scan wants that, since a forged file can hold fifty thousand in
// each megabyte (C24), and no more scans than there is to be told.
type huffmanTable struct {
	counts, symbols []byte
	made            *decoder
}

// use gives what to read with; nil if the file has no such table so far.
func (t *huffmanTable) use() (d *decoder, err error) {
	if t.made == nil && t.counts != nil {
		t.made, err = newDecoder(t.counts, t.symbols)
	}
	return t.made, err
}

// decoder is what to read with by a Huffman table.
type decoder struct {
	look    [1 << lookBits]uint16 // by the next bits: length<<8 | symbol, 0 if the code is longer
	symbols []byte                // in the order of their codes

	// Of each length: where its codes end, as 16 bits, and what to add to the
	// number of a code to have the index of its symbol.
	end   [longestCode + 1]int
	index [longestCode + 1]int
}

// newDecoder makes the codes (C.2) from how many there are of each length.
func newDecoder(counts, symbols []byte) (*decoder, error) {
	d := &decoder{symbols: symbols}
	code, next := 0, 0
	for i, n := range counts {
		length := i + 1
		d.index[length] = next - code
		for range n {
			d.lookUp(code, length, symbols[next])
			code, next = code+1, next+1
		}
		d.end[length] = code << (longestCode - length)
		if d.end[length] > 1<<longestCode {
			return nil, errTable
		}
		code *= 2
	}
	return d, nil
}

// lookUp notes a code for all the bits that can follow it.
func (d *decoder) lookUp(code, length int, symbol byte) {
	if length > lookBits {
		return
	}
	spare := lookBits - length
	for at := code << spare; at < (code+1)<<spare && at < len(d.look); at++ {
		d.look[at] = uint16(length)<<8 | uint16(symbol)
	}
}

// code is what is written for a symbol: so many bits, none if it has no code.
type code struct {
	bits uint32
	size uint
}

// codesOf gives the codes (C.2) of symbols, of which so many have codes of each
// length.
func codesOf(symbols, counts []byte) (codes [256]code) {
	next := uint32(0)
	for i, n := range counts {
		for _, symbol := range symbols[:n] {
			codes[symbol] = code{next, uint(i + 1)}
			next++
		}
		symbols, next = symbols[n:], 2*next
	}
	return codes
}

// dht gives the segment that tells a table to a decoder (B.2.4.2).
func dht(class, destination int, symbols, counts []byte) []byte {
	return newSegment(markerDHT, slices.Concat([]byte{byte(class<<4 | destination)}, counts, symbols))
}

// reserved is a symbol that never comes. It gets the last code, which would
// consist of ones alone, and is then left out.
const reserved = 256

// shortest gives the best codes for symbols that are so frequent: the symbols,
// from the shortest code to the longest, and how many codes there are of each
// length (annex K.2).
func shortest(frequency *[256]int) (symbols, counts []byte) {
	lengths := codeLengths(frequency)
	for symbol, n := range frequency {
		if n > 0 {
			symbols = append(symbols, byte(symbol))
		}
	}
	slices.SortStableFunc(symbols, func(a, b byte) int { return lengths[a] - lengths[b] })
	return symbols, limit(&lengths)
}

// codeLengths gives how long the code of each symbol is to be, were there no
// limit. The two that come least are joined again and again, which makes the codes
// of both one bit longer (figure K.1).
func codeLengths(frequency *[256]int) (lengths [reserved + 1]int) {
	type group struct {
		frequency int
		symbols   []int
	}
	groups := []group{{1, []int{reserved}}}
	for symbol, n := range frequency {
		if n > 0 {
			groups = append(groups, group{n, []int{symbol}})
		}
	}
	rarer := func(a, b group) int { return cmp.Compare(a.frequency, b.frequency) }
	slices.SortStableFunc(groups, rarer)
	for len(groups) > 1 {
		joined := group{groups[0].frequency + groups[1].frequency, slices.Concat(groups[0].symbols, groups[1].symbols)}
		for _, symbol := range joined.symbols {
			lengths[symbol]++
		}
		at, _ := slices.BinarySearchFunc(groups[2:], joined, rarer)
		groups = slices.Insert(groups[2:], at, joined)
	}
	return lengths
}

// limit counts codes by their length, after it has made those of more than 16 bits
// shorter, and others longer for it, and taken the reserved one out (figure K.3).
func limit(lengths *[reserved + 1]int) []byte {
	var counts [reserved + 1]int
	for _, length := range lengths {
		counts[length]++
	}
	for length := reserved; length > longestCode; length-- {
		for counts[length] > 0 {
			shorter := length - 2
			for counts[shorter] == 0 {
				shorter--
			}
			// Of two that differ in the last bit, one takes the place of both, and the
			// other becomes the neighbour of a shorter one.
			counts[length] -= 2
			counts[length-1]++
			counts[shorter+1] += 2
			counts[shorter]--
		}
	}
	last := longestCode
	for counts[last] == 0 {
		last--
	}
	counts[last]--
	limited := make([]byte, longestCode)
	for i := range limited {
		limited[i] = byte(counts[i+1])
	}
	return limited
}
