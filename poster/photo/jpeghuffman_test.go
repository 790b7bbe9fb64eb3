package photo

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Codes of any frequencies are no longer than 16 bits, none is all ones, and a
// decoder reads what they write.
func TestHuffmanCodes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	fibonacci := [256]int{0: 1, 1: 1}
	for i := 2; i < 40; i++ {
		fibonacci[i] = fibonacci[i-1] + fibonacci[i-2]
	}
	tests := [][256]int{{77: 5}, {0: 1, 255: 1 << 40}, fibonacci}
	for range 20 {
		var frequency [256]int
		for range 1 + random.IntN(256) {
			frequency[random.IntN(256)] = int(math.Exp(30 * random.Float64()))
		}
		tests = append(tests, frequency)
	}
	for _, frequency := range tests {
		symbols, counts := shortest(&frequency)
		codes := codesOf(symbols, counts)
		d, err := newDecoder(counts, symbols)
		if err != nil {
			t.Fatal(err)
		}
		var w bitWriter
		for symbol, n := range frequency {
			c := codes[symbol]
			if (n > 0) != (c.size > 0) || c.size > longestCode || n > 0 && c.bits == 1<<c.size-1 {
				t.Fatalf("symbol %d, %d times, has code %b of %d bits", symbol, n, c.bits, c.size)
			}
			w.write(c.bits, c.size)
		}
		r := bitReader{data: w.flush()}
		for symbol, n := range frequency {
			if n > 0 && r.symbol(d) != byte(symbol) || r.wrong {
				t.Fatalf("symbol %d is read as another", symbol)
			}
		}
	}
}
