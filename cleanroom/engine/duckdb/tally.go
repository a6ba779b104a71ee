package duckdb

import "slices"

// tally adds up the rows of a joint plan per (unit, group). The rows come
// sorted by unit, so only the groups of one unit are looked up at a time and
// no table of all units is needed. Rows out of order are refused.
type tally struct {
	groups *grouper

	// Entries not sent yet, as parallel columns: unit, group, and rows, then
	// sum and count per measure.
	unit  []uint32
	group []uint32
	ints  [][]int64
	first int   // the first entry of the last row's unit
	last  []int // by group: where its latest entry is, or was

	entry []int  // by row of a vector: the entry it adds to
	frame []byte // reused
}

func newTally(columns, measures int) *tally {
	return &tally{groups: newGrouper(columns), ints: make([][]int64, 1+2*measures)}
}

// add takes one vector of the rows: unit, group columns, measures.
func (t *tally) add(cols []column, rows int) error {
	n := len(t.groups.columns)
	group := t.groups.numbers(cols[1:1+n], rows)
	if err := t.place(cols[0], group); err != nil {
		return err
	}
	for i := range t.ints {
		t.ints[i] = append(t.ints[i], make([]int64, len(t.unit)-len(t.ints[i]))...)
	}
	count := t.ints[0]
	for _, e := range t.entry {
		count[e]++
	}
	for i, c := range cols[1+n:] {
		if err := addColumn(c, t.entry, t.ints[1+2*i], t.ints[2+2*i]); err != nil {
			return err
		}
	}
	return nil
}

// place finds or makes the entry of each row.
func (t *tally) place(units column, group []uint32) error {
	for len(t.last) < t.groups.len() {
		t.last = append(t.last, 0)
	}
	unit, groups, entry := t.unit, t.group, t.entry[:0]
	for row, u := range units.uint32s() {
		if units.null(row) {
			return failure{Code: codeShape}
		}
		g, n := group[row], len(unit)
		if n == 0 || u != unit[n-1] {
			if n > 0 && u < unit[n-1] {
				return failure{Code: codeOpen}
			}
			t.first = n
		}
		e := t.last[g]
		if e < t.first || e >= n || groups[e] != g {
			e = n
			unit, groups, t.last[g] = append(unit, u), append(groups, g), n
		}
		entry = append(entry, e)
	}
	t.unit, t.group, t.entry = unit, groups, entry
	return nil
}

func addColumn(c column, entry []int, sums, counts []int64) error {
	values := c.int64s()
	counts = counts[:len(sums)]
	for row, e := range entry {
		if c.null(row) {
			continue
		}
		v := values[row]
		s := sums[e] + v
		if (sums[e]^s)&(v^s) < 0 {
			return failure{Code: codeValue} // beyond 64 bits
		}
		sums[e] = s
		counts[e]++
	}
	return nil
}

// send sends the entries that no further row can add to, or all of them.
func (t *tally) send(out frameWriter, all bool) error {
	if err := t.groups.send(out); err != nil {
		return err
	}
	n := t.first
	if all {
		n = len(t.unit)
	}
	var err error
	if t.frame, err = sendEntries(out, t.frame, t.unit[:n], t.group[:n], t.ints); err != nil {
		return err
	}
	t.unit, t.group = slices.Delete(t.unit, 0, n), slices.Delete(t.group, 0, n)
	for i := range t.ints {
		t.ints[i] = slices.Delete(t.ints[i], 0, n)
	}
	for e, g := range t.group {
		t.last[g] = e
	}
	t.first = 0
	return nil
}
