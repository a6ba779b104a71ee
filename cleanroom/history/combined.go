package history

import (
	"math"
	mathrand "math/rand/v2"
	"slices"
)

// Numbers are what numbers of one answer add up, entry by entry: an entry is
// one unit's part, or its part on one day. Entries of a unit stand together.
type Numbers struct {
	Entries int
	Columns int // one for each number of the answer
	Unit    func(entry int) uint32
	Value   func(entry, column int) int64
}

// Limits of one search for a combination.
const (
	maxColumns = 24
	sampleSize = 2048
	maxTrials  = 4096
	missed     = 28 // the chance to miss one is e^-28
)

// Combined tells whether the numbers, each multiplied by something and then
// added up, can make one about 1 to k-1 units alone: a and b and a-or-b, say,
// or a sum, twice the sum without one person, and whatever else cancels the
// others out. decided is false where that was not found out.
//
// What is looked for is a vector c with c·x = 0 for the values x of all units
// but those few (a word of low weight; this is information set decoding, Prange
// 1962). It is 0 on units drawn at random, unless one of the few is among them;
// and as many units as there are columns, less one, leave one c at most. So it
// is drawn and tried until that cannot have failed every time. Each c is judged
// on all entries: no question is refused by chance.
func Combined(n Numbers, k int, rnd *mathrand.Rand) (close, decided bool) {
	columns := make([]int, n.Columns)
	for i := range columns {
		columns[i] = i
	}
	if len(columns) < 2 {
		return false, true
	}
	if len(columns) > maxColumns {
		return false, false
	}
	s := search{n: n, k: k, rnd: rnd}
	s.draw()
	if len(s.sample) == 0 {
		return false, true
	}
	for len(columns) > 1 {
		c := s.dependence(columns)
		if c == nil {
			return s.tries(columns)
		}
		switch verdict, witness := s.judge(columns, c); verdict {
		case Close:
			return true, true
		case Same: // one of them says nothing that the others do not
			columns = without(columns, c)
		default: // by chance, so far
			s.sample = append(s.sample, witness)
		}
	}
	return false, true
}

// without leaves out the last column that takes part in c.
func without(columns []int, c []uint64) []int {
	for i := len(c) - 1; ; i-- {
		if c[i] != 0 {
			return append(append([]int{}, columns[:i]...), columns[i+1:]...)
		}
	}
}

type search struct {
	n      Numbers
	k      int
	rnd    *mathrand.Rand
	sample []drawn // entries that are not all 0
	filled int     // how many of those there are
}

type drawn struct {
	unit   uint32
	values []uint64 // one for each column
}

// draw takes a sample of the entries, each as likely as any other.
func (s *search) draw() {
	for e := range s.n.Entries {
		x := s.values(e)
		if x == nil {
			continue
		}
		s.filled++
		if len(s.sample) < sampleSize {
			s.sample = append(s.sample, drawn{s.n.Unit(e), x})
		} else if at := s.rnd.IntN(s.filled); at < sampleSize {
			s.sample[at] = drawn{s.n.Unit(e), x}
		}
	}
}

// values are those of an entry, nil if all are 0.
func (s *search) values(entry int) (x []uint64) {
	for c := range s.n.Columns {
		v := s.n.Value(entry, c)
		if v == 0 {
			continue
		}
		if x == nil {
			x = make([]uint64, s.n.Columns)
		}
		x[c] = of(v)
	}
	return x
}

// dependence is a c that is 0 on the whole sample, nil if there is none.
func (s *search) dependence(columns []int) []uint64 {
	var m echelon
	for _, d := range s.sample {
		if m.add(pick(d.values, columns)); len(m.rows) == len(columns) {
			return nil
		}
	}
	return m.kernel(len(columns))
}

// tries draws units until the one c that they leave would have been the one
// looked for, if there is any.
func (s *search) tries(columns []int) (close, decided bool) {
	share := float64(s.k-1) / float64(s.filled) // of the few, in all and so in the sample
	trials := maxTrials + 1.
	if share < 1 {
		trials = math.Ceil(missed / math.Pow(1-share, float64(len(columns)-1)))
	}
	for range int(min(trials, maxTrials)) {
		var m echelon
		for i := 0; len(m.rows) < len(columns)-1 && i < len(s.sample); i++ {
			j := i + s.rnd.IntN(len(s.sample)-i)
			s.sample[i], s.sample[j] = s.sample[j], s.sample[i]
			m.add(pick(s.sample[i].values, columns))
		}
		c := m.kernel(len(columns))
		if s.many(columns, c) {
			continue
		}
		if verdict, _ := s.judge(columns, c); verdict == Close {
			return true, true
		}
	}
	return false, trials <= maxTrials
}

// many tells that the sample alone has k units on which c is not 0.
func (s *search) many(columns []int, c []uint64) bool {
	units := map[uint32]bool{}
	for _, d := range s.sample {
		if dot(d.values, columns, c) == 0 {
			continue
		}
		if units[d.unit] = true; len(units) >= s.k {
			return true
		}
	}
	return false
}

// judge counts the units on which c is not 0. witness is the last of them.
func (s *search) judge(columns []int, c []uint64) (v Verdict, witness drawn) {
	units := 0
	for e := range s.n.Entries {
		unit := s.n.Unit(e)
		if units > 0 && unit == witness.unit {
			continue
		}
		x := s.values(e)
		if x == nil || dot(x, columns, c) == 0 {
			continue
		}
		witness = drawn{unit, x}
		if units++; units >= s.k {
			return Far, witness
		}
	}
	if units == 0 {
		return Same, witness
	}
	return Close, witness
}

// echelon is a matrix of rows of which each has 1 in its leading column, where
// all others have 0.
type echelon struct {
	rows [][]uint64
	lead []int
}

// add takes in a row, which it changes, if it does not depend on the others.
func (m *echelon) add(x []uint64) {
	for i, r := range m.rows {
		subtract(x, r, x[m.lead[i]])
	}
	lead := slices.IndexFunc(x, func(v uint64) bool { return v != 0 })
	if lead < 0 {
		return
	}
	by := inverse(x[lead])
	for i := range x {
		x[i] = mul(x[i], by)
	}
	for _, r := range m.rows {
		subtract(r, x, r[lead])
	}
	m.rows, m.lead = append(m.rows, x), append(m.lead, lead)
}

func subtract(x, row []uint64, times uint64) {
	if times == 0 {
		return
	}
	for i := range x {
		x[i] = sub(x[i], mul(times, row[i]))
	}
}

// kernel is one c with c·row = 0 for every row; there is one while the rows are
// fewer than the columns.
func (m *echelon) kernel(columns int) []uint64 {
	free := 0
	for slices.Contains(m.lead, free) {
		free++
	}
	c := make([]uint64, columns)
	c[free] = 1
	for i, r := range m.rows {
		c[m.lead[i]] = sub(0, r[free])
	}
	return c
}

func pick(x []uint64, columns []int) []uint64 {
	out := make([]uint64, len(columns))
	for i, c := range columns {
		out[i] = x[c]
	}
	return out
}

func dot(x []uint64, columns []int, c []uint64) (sum uint64) {
	for i, at := range columns {
		if c[i] != 0 && x[at] != 0 {
			sum = add(sum, mul(c[i], x[at]))
		}
	}
	return sum
}
