package inner

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
)

// Folded is the value holder's half of one cell before its answer came:
// (c1′·s)[0] mod 2^κ.
type Folded struct{ sum uint128 }

// Fold takes the c1′ of one cell or more, each of exactly HintSize bytes; every
// content of that size is one. They may have come in an earlier session of the
// same alignment.
func (v *Values) Fold(ctx context.Context, hints []byte) ([]Folded, error) {
	size := int(v.set.HintSize())
	if len(hints)%size != 0 {
		return nil, fmt.Errorf("inner: %d bytes of hints, which have %d bytes each", len(hints), size)
	}
	folded := make([]Folded, len(hints)/size)
	err := parallel(ctx, len(folded), runtime.GOMAXPROCS(0), func(c int) error {
		folded[c] = v.fold(hints[c*size : (c+1)*size])
		return nil
	})
	return folded, err
}

// fold is (c1′·s)[0] of one cell.
func (v *Values) fold(hint []byte) Folded {
	s := v.set
	// The constant term of c·s is c[0]s[0] − Σ c[N−k]s[k].
	width, n := s.kappa/8, s.n
	padded := make([]byte, len(hint)+16) // whole words are read at the end
	copy(padded, hint)
	at := func(k int) uint128 {
		b := padded[k*width : k*width+16]
		return uint128{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
	}
	sum := uint128{}.addTernary(at(0), int64(v.s[0]))
	for k := 1; k < n; k++ {
		sum = sum.addTernary(at(n-k), -int64(v.s[k]))
	}
	return Folded{sum.low(s.kappa)}
}

// Open turns a cell's answer into the value holder's share: the top bits of
// y + (c1′·s)[0] mod 2^κ. y has exactly AnswerSize bytes; every content of that
// size is one.
func (v *Values) Open(f Folded, y []byte) (Share, error) {
	if int64(len(y)) != v.set.AnswerSize() {
		return Share{}, fmt.Errorf("inner: an answer of %d bytes where %d are agreed", len(y), v.set.AnswerSize())
	}
	return v.set.top(v.openFull(f, y)), nil
}

// openFull is the share before its low bits are dropped.
func (v *Values) openFull(f Folded, y []byte) uint128 { return f.sum.add(get(y)).low(v.set.kappa) }

// addTernary is a + t·c for t in {−1, 0, 1}, without a branch on t.
func (a uint128) addTernary(c uint128, t int64) uint128 {
	neg, keep := uint64(t>>63), -uint64(t&1)
	return a.add(uint128{(c.lo ^ neg) & keep, (c.hi ^ neg) & keep}).add(uint128{lo: neg & 1})
}
