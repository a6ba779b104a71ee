package history_test

import (
	"fmt"
	mathrand "math/rand/v2"
	"testing"

	"parley/cleanroom/history"
)

// numbersOf makes n units with the columns' values.
func numbersOf(n int, columns ...func(unit int) int64) history.Numbers {
	return history.Numbers{Entries: n, Columns: len(columns), Unit: func(e int) uint32 { return uint32(e) },
		Value: func(e, c int) int64 { return columns[c](e) }}
}

func is(test func(int) bool) func(int) int64 {
	return func(u int) int64 {
		if test(u) {
			return 1
		}
		return 0
	}
}

// R01, R02: any combination of an answer's numbers that is about fewer than k
// units is found, whatever the factors, and no other.
func TestCombined(t *testing.T) {
	const n = 3000
	draw := mathrand.New(mathrand.NewPCG(7, 7))
	a, b, c := make([]int64, n), make([]int64, n), make([]int64, n)
	for u := range n {
		a[u], b[u], c[u] = draw.Int64N(1000), draw.Int64N(1000)-500, draw.Int64N(3)
	}
	all := is(func(int) bool { return true })
	of := func(x []int64) func(int) int64 { return func(u int) int64 { return x[u] } }
	// without are few units' values left out, multiplied.
	without := func(few int, times int64, x ...[]int64) func(int) int64 {
		return func(u int) (sum int64) {
			if u < few {
				return 0
			}
			for _, v := range x {
				sum += times * v[u]
			}
			return sum
		}
	}
	below := func(n int) func(int) int64 { return is(func(u int) bool { return u < n }) }
	above := func(n int) func(int) int64 { return is(func(u int) bool { return u >= n }) }
	for _, test := range []struct {
		name  string
		k     int
		close bool
		n     history.Numbers
	}{
		{"one number", 10, false, numbersOf(n, all)},
		{"the same twice", 10, false, numbersOf(n, of(a), of(a))},
		{"twice as much", 10, false, numbersOf(n, of(a), without(0, 2, a))},
		{"less one", 10, true, numbersOf(n, of(a), without(1, 1, a))},
		{"twice as much, less one", 10, true, numbersOf(n, of(a), without(1, 2, a))},
		{"minus nine times as much, less nine", 10, true, numbersOf(n, of(a), without(9, -9, a))},
		{"twice as much, less ten that have some", 10, false, numbersOf(n, of(b), without(10, 2, b))},
		{"two sums and their sum less one", 10, true, numbersOf(n, of(a), of(b), without(1, 1, a, b))},
		{"two sums and their sum", 10, false, numbersOf(n, of(a), of(b), without(0, 1, a, b))},
		{"three sums and two times their sum less 49, for 50", 50, true, numbersOf(n, of(a), of(b), of(c), without(49, 2, a, b, c))},
		{"different sums", 10, false, numbersOf(n, of(a), of(b), of(c))},
		{"a, b, and a or b, with one in both", 10, true, numbersOf(n, below(201), is(func(u int) bool { return u >= 200 && u < 300 }), below(300))},
		{"a, b, and a or b, with ten in both", 10, false, numbersOf(n, below(210), is(func(u int) bool { return u >= 200 && u < 300 }), below(300))},
		{"a, b, and a or b, with none in both", 10, false, numbersOf(n, below(200), is(func(u int) bool { return u >= 200 && u < 300 }), below(300))},
		{"all, a, b, and three in neither", 10, true, numbersOf(n, all, below(1500), above(1503))},
		{"a, b and c in pairs, with one in all", 10, true, numbersOf(n,
			is(func(u int) bool { return u < 100 || u == 500 }), is(func(u int) bool { return u >= 100 && u < 200 || u == 500 }), is(func(u int) bool { return u >= 200 && u < 300 || u == 500 }),
			is(func(u int) bool { return u < 300 || u == 500 }))},
		{"few units, each of them many", 10, true, numbersOf(20, is(func(u int) bool { return u < 11 }), is(func(u int) bool { return u >= 1 }), all)},
		{"the last two of many", 10, true, numbersOf(n, of(a), without(0, 1, b), func(u int) int64 {
			if u >= n-2 {
				return 0
			}
			return 3*a[u] - 5*b[u]
		})},
	} {
		t.Run(test.name, func(t *testing.T) {
			for seed := range uint64(20) {
				close, decided := history.Combined(test.n, test.k, mathrand.New(mathrand.NewPCG(seed, 1)))
				if close != test.close || !decided {
					t.Fatalf("close %t, decided %t", close, decided)
				}
			}
		})
	}
}

// Few units among more than are drawn: the sample need not have any of them.
func TestCombinedBeyondTheSample(t *testing.T) {
	const n = 60_000
	whole := func(u int) int64 { return int64(u%97 + 1) }
	for few, want := range map[int]bool{0: false, 1: true, 9: true, 10: false, 25: false, 3000: false} {
		t.Run(fmt.Sprint(few), func(t *testing.T) {
			part := func(u int) int64 {
				if few > 0 && u%(n/few) == 5 && u/(n/few) < few {
					return 0
				}
				return 4 * whole(u)
			}
			for seed := range uint64(3) {
				if close, decided := history.Combined(numbersOf(n, whole, part), 10, mathrand.New(mathrand.NewPCG(seed, 2))); close != want || !decided {
					t.Errorf("close %t, decided %t", close, decided)
				}
			}
		})
	}
}

// On several days of a unit it is one unit.
func TestCombinedByDay(t *testing.T) {
	n := numbersOf(4000, func(e int) int64 { return int64(e%13 + 1) }, func(e int) int64 {
		if e < 36 { // nine units
			return 0
		}
		return int64(e%13 + 1)
	})
	n.Unit = func(e int) uint32 { return uint32(e / 4) }
	if close, _ := history.Combined(n, 10, mathrand.New(mathrand.NewPCG(1, 1))); !close {
		t.Error("nine units with four days each pass for 36")
	}
	if close, _ := history.Combined(n, 9, mathrand.New(mathrand.NewPCG(1, 1))); close {
		t.Error("nine units are fewer than nine")
	}
}

// What is too much for the search is not decided, and said to be.
func TestCombinedTooMuch(t *testing.T) {
	columns := make([]func(int) int64, 25)
	for i := range columns {
		columns[i] = func(u int) int64 { return int64(u*u*i + i) }
	}
	if close, decided := history.Combined(numbersOf(500, columns...), 10, mathrand.New(mathrand.NewPCG(1, 1))); close || decided {
		t.Errorf("close %t, decided %t", close, decided)
	}
}
