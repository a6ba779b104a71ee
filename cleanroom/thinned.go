package cleanroom

import (
	"math/bits"
	mathrand "math/rand/v2"

	"parley/analysis/plan"
	"parley/internal/weak"
)

// thin makes a unit's rows in a group count as RowsPerUnit where it has n of
// them, which is more: every sum and every number of rows becomes its
// RowsPerUnit/n. They are about the same rows then, so that a quotient of two of
// them (AVG, VAR, SUM(x)/COUNT(*), a share of rows under a condition) is that of
// the rows, each unit's weighing as RowsPerUnit of its. Were counts alone cut
// off, averages would come out too high by n/RowsPerUnit.
//
// What is no whole number is rounded up with the probability of its fraction, so
// that small numbers, such as 0 or 1 row under a condition, keep their mean.
// Whether a unit has a value at all does not change: r.met keeps it.
func (r *reduced) thin(l *plan.Local, draw *mathrand.Rand) {
	if weak.Off("R16") {
		return
	}
	r.met = make([][]bool, len(l.Measures))
	for m := range r.met {
		r.met[m] = make([]bool, len(r.units))
		for i, count := range r.ints[2+2*m] {
			r.met[m][i] = count > 0
		}
	}
	for i, n := range r.ints[0] {
		if n <= l.RowsPerUnit {
			continue
		}
		for _, column := range r.ints {
			column[i] = shareOfRows(column[i], l.RowsPerUnit, n, draw)
		}
	}
}

// shareOfRows is x·rows/n, rounded up or down at random so that its mean is that; 0 < rows < n.
func shareOfRows(x, rows, n int64, draw *mathrand.Rand) int64 {
	size := uint64(x)
	if x < 0 {
		size = -size
	}
	hi, lo := bits.Mul64(size, uint64(rows))
	whole, rest := bits.Div64(hi, lo, uint64(n)) // hi < n, since rows < n
	if rest > 0 && draw.Uint64N(uint64(n)) < rest {
		whole++
	}
	if x < 0 {
		return -int64(whole)
	}
	return int64(whole)
}

// hasValue tells whether the entry's unit has a row with a value of the measure.
func (r *reduced) hasValue(i, measure int) bool {
	if r.met != nil {
		return r.met[measure][i]
	}
	return r.ints[2+2*measure][i] > 0
}
