package inner

import (
	"context"
	"math/bits"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// strideBytes is what the sparse way holds of public elements at a time, for
// one prime: half of a second-level cache.
const strideBytes = 512 << 10

// sparseHints is one shifted addition an entry: coefficient k of X^{−at}·a is
// a[k+at], and −a[k+at−N] past the end, which is a stretch of a followed by −a.
// Some blocks of a stay in the cache while every cell takes what it needs of
// them; sums are reduced as late as a word, or two, allow.
func (w *Weights) sparseHints(ctx context.Context, index int, a *Arranged, from, to int) ([]poly, error) {
	s, sums := w.set, newLazySums(a, to-from)
	stride := min(max(1, strideBytes/(16*s.n)), a.blocks)
	element := s.newPoly()
	stretched := make([][][]uint64, len(s.primes)) // [prime][block of the stride]
	for i := range stretched {
		stretched[i] = make([][]uint64, stride)
		for j := range stretched[i] {
			stretched[i][j] = make([]uint64, 2*s.n)
		}
	}
	var sorter byCell
	for first := 0; first < a.blocks; first += stride {
		last := min(first+stride, a.blocks)
		for j := first; j < last; j++ {
			s.blockElement(w.seed, index, j, element)
			for i := range element {
				sums.stretch(i, element[i], stretched[i][j-first])
			}
		}
		sorter.sort(a.entries[a.start[first]:a.start[last]], from, to)
		for i := range stretched {
			for c := range to - from {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				sums.add(c, i, sorter.cell(c), first, stretched[i])
			}
		}
	}
	return sums.hints(), nil
}

// lazySums is the hints of some cells before they are reduced. Products with a
// weight that is declared small are added as signed words, others as unsigned
// pairs of words.
type lazySums struct {
	set   *Set
	room  int      // products between two reductions
	low   []poly   // by cell
	high  []poly   // the second words; nil for small weights
	since [][]int  // products since the last reduction, by cell and prime
	oneM  []uint64 // 1 in Montgomery form, by prime
}

// pairRoom products of two residues fit a pair of words: 2·55 + 16 < 128.
const pairRoom = 1 << 16

// smallRoom is how many products of a weight and a residue fit a signed word
// on top of one residue, if at least eight do, else 0.
func (a *Arranged) smallRoom() int {
	room := (int64(1)<<(63-a.set.qBits) - 2) / max(a.bound, 1)
	if room < 8 {
		return 0
	}
	return int(room)
}

func newLazySums(a *Arranged, cells int) *lazySums {
	s := &lazySums{set: a.set, room: a.smallRoom(), low: make([]poly, cells), since: make([][]int, cells), oneM: a.set.consts.oneM}
	if s.room == 0 {
		s.room, s.high = pairRoom, make([]poly, cells)
	}
	for c := range cells {
		s.low[c], s.since[c] = a.set.newPoly(), make([]int, len(a.set.primes))
		if s.high != nil {
			s.high[c] = a.set.newPoly()
		}
	}
	return s
}

// stretch writes a and then −a, as the sums take them.
func (s *lazySums) stretch(prime int, a, dst []uint64) {
	var q uint64 // −a is a signed word, or a residue
	if s.high != nil {
		q = s.set.primes[prime]
	}
	copy(dst, a)
	for k, x := range a {
		dst[len(a)+k] = q - x
	}
}

// add adds the entries of one cell, of the stride of blocks from first on.
func (s *lazySums) add(cell, prime int, entries []Entry, first int, stretched [][]uint64) {
	n := s.set.n
	low, since := s.low[cell][prime], s.since[cell][prime]
	for _, e := range entries {
		if since == s.room {
			s.reduce(cell, prime)
			since = 0
		}
		since++
		at := int(e.Slot) & (n - 1)
		row := stretched[s.set.blockOf(e.Slot)-first][at : at+n]
		if s.high == nil {
			addWords(low, row, uint64(e.Weight))
		} else {
			p := s.set.consts.prime[prime]
			addPairs(low, s.high[cell][prime], row, p.mulSigned(e.Weight, s.oneM[prime]))
		}
	}
	s.since[cell][prime] = since
}

// addWords adds w·a to h mod 2^64; h and a are of equal length, a multiple of 8.
func addWords(h, a []uint64, w uint64) {
	for len(h) >= 8 && len(a) >= 8 {
		x, y := (*[8]uint64)(h), (*[8]uint64)(a)
		x[0] += w * y[0]
		x[1] += w * y[1]
		x[2] += w * y[2]
		x[3] += w * y[3]
		x[4] += w * y[4]
		x[5] += w * y[5]
		x[6] += w * y[6]
		x[7] += w * y[7]
		h, a = h[8:], a[8:]
	}
}

// addPairs adds v·a to the pairs low, high; all are of equal length.
func addPairs(low, high, a []uint64, v uint64) {
	high, a = high[:len(low)], a[:len(low)]
	for k := range low {
		hi, lo := bits.Mul64(v, a[k])
		var c uint64
		low[k], c = bits.Add64(low[k], lo, 0)
		high[k], _ = bits.Add64(high[k], hi, c)
	}
}

// reduce leaves residues. A signed word is at least −(2^(63−qBits) − 1)·q.
func (s *lazySums) reduce(cell, prime int) {
	r, low := s.set.ring.SubRings[prime], s.low[cell][prime]
	if s.high == nil {
		offset := (uint64(1)<<(63-s.set.qBits) - 1) * r.Modulus
		for k, x := range low {
			low[k] = ring.BRedAdd(x+offset, r.Modulus, r.BRedConstant)
		}
		return
	}
	high := s.high[cell][prime]
	for k, x := range low {
		low[k], high[k] = bits.Rem64(high[k], x, r.Modulus), 0
	}
}

func (s *lazySums) hints() []poly {
	for c := range s.low {
		for i := range s.low[c] {
			s.reduce(c, i)
		}
	}
	return s.low
}
