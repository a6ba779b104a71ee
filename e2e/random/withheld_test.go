package random

import (
	"fmt"
	"strings"

	"parley/analysis/release"
)

// withholdable reports an aggregate that may be NULL for having too few units:
// a count of rows or units never is, but for a LEFT JOIN's right side.
func (q *question) withholdable(it item) bool {
	for _, n := range it.aggregates("") {
		if n.guarded() || q.left && q.depends(n.item) {
			return true
		}
	}
	return false
}

// calculated writes an expression of aggregates over what is released of them,
// by the rules or, for the parts whose bit is set in gone, nothing.
func (q *question) calculated(i, k int, gone uint) string {
	it := q.items[i]
	return it.computed(func(j int) string {
		id := fmt.Sprintf("%d_%d", i, j)
		part := q.kept("b.__p"+id, numbered{id, it.parts[j]}, k)
		if gone>>j&1 == 1 {
			part = "NULL"
		}
		if !strings.HasPrefix(it.calc, "least") && !strings.HasPrefix(it.calc, "greatest") && part != "NULL" {
			return part
		}
		// DuckDB rounds sums of two scales to the fewer decimals before it
		// compares them: 38 digits have no room for both. The language is exact.
		return "CAST(" + part + " AS DOUBLE)"
	})
}

// lesser are what item i is where some of its parts were withheld that could
// have been released: greatest, least and coalesce then choose another.
func (q *question) lesser(i, k int) (out []string) {
	it := q.items[i]
	for gone := uint(1); it.fn == "calc" && gone < 1<<len(it.parts); gone++ {
		possible := true
		for j, part := range it.parts {
			possible = possible && (gone>>j&1 == 0 || q.withholdable(part))
		}
		if possible {
			out = append(out, fmt.Sprintf("%s AS __l%d_%d", q.calculated(i, k, gone), i, gone))
		}
	}
	return out
}

// allLesser are the columns that a loose question's expectation has after its
// items.
func (q *question) allLesser(k int) (out []string) {
	for i := range q.items {
		if q.loose() {
			out = append(out, q.lesser(i, k)...)
		}
	}
	return out
}

// couldBe reports whether v may stand for item i, where row is the judge's with
// the columns of allLesser.
func (q *question) couldBe(i, k int, v release.Value, row []*string) bool {
	if q.same(i, v, row[i]) || v.Null && q.withholdable(q.items[i]) {
		return true
	}
	at := len(q.items)
	for j := range q.items[:i] {
		at += len(q.lesser(j, k))
	}
	for j := range q.lesser(i, k) {
		if q.same(i, v, row[at+j]) {
			return true
		}
	}
	return false
}
