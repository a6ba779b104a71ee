package inner

import (
	"fmt"
	"math/bits"
)

// Open turns one cell from the weight holder into the value holder's share:
// the top bits of y + (c1′·s)[0] mod 2^κ. A cell must have exactly CellSize
// bytes; every content of that size is a cell.
func (v *Values) Open(cell []byte) (Share, error) {
	if int64(len(cell)) != v.CellSize() {
		return Share{}, fmt.Errorf("inner: a cell of %d bytes where %d are agreed", len(cell), v.CellSize())
	}
	return v.set.top(v.openFull(cell)), nil
}

// openFull is the share before its low bits are dropped. The constant term of
// c·s is c[0]s[0] − Σ c[N−k]s[k].
func (v *Values) openFull(cell []byte) uint128 {
	width, n := v.set.kappa/8, v.set.n
	sum := get(cell[n*width:])
	sum = sum.addTernary(get(cell[:width]), int64(v.s[0]))
	for k := 1; k < n; k++ {
		at := (n - k) * width
		sum = sum.addTernary(get(cell[at:at+width]), -int64(v.s[k]))
	}
	return sum.low(v.set.kappa)
}

// addTernary is a + t·c for t in {−1, 0, 1}, without a branch on t.
func (a uint128) addTernary(c uint128, t int64) uint128 {
	neg, keep := uint64(t>>63), -uint64(t&1)
	lo, carry := bits.Add64(a.lo, (c.lo^neg)&keep, neg&1)
	hi, _ := bits.Add64(a.hi, (c.hi^neg)&keep, carry)
	return uint128{lo, hi}
}
