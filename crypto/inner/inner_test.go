package inner

import (
	"bytes"
	"context"
	"math/big"
	mrand "math/rand/v2"
	"slices"
	"testing"
)

// oracle is Σ w·f of every product and group in big integers.
func oracle(values []int64, products [][]Entry, groups int) [][]*big.Int {
	sums := make([][]*big.Int, len(products))
	for p, entries := range products {
		sums[p] = make([]*big.Int, groups)
		for g := range sums[p] {
			sums[p][g] = new(big.Int)
		}
		for _, e := range entries {
			x := big.NewInt(e.Weight)
			sums[p][e.Group].Add(sums[p][e.Group], x.Mul(x, big.NewInt(values[e.Slot])))
		}
	}
	return sums
}

func compare(t *testing.T, v *Values, set *Set, cells [][]cell, want [][]*big.Int) {
	t.Helper()
	for p := range want {
		for g := range want[p] {
			c := cells[p][g]
			share := open(t, v, c)
			if got := Combine(set, share, c.share); !want[p][g].IsInt64() || got != want[p][g].Int64() {
				t.Fatalf("product %d group %d: got %d, want %v", p, g, got, want[p][g])
			}
			if bound := uint(set.ShareBits()); share.wide().shr(bound) != (uint128{}) || c.share.wide().shr(bound) != (uint128{}) {
				t.Fatal("a share has more than t+3 bits")
			}
		}
	}
}

func (s Share) wide() uint128 { return uint128{s.Lo, s.Hi} }

// randomCase draws values and entries whose sums fit the set.
func randomCase(r *mrand.Rand, set *Set, slots, groups, products int, maxF, maxW int64) ([]int64, [][]Entry) {
	values := make([]int64, slots)
	for i := range values {
		values[i] = r.Int64N(2*maxF+1) - maxF
	}
	lists := make([][]Entry, products)
	for p := range lists {
		for i := range slots {
			if i == 0 || r.IntN(3) > 0 {
				lists[p] = append(lists[p], Entry{uint32(i), uint32(r.IntN(groups)), r.Int64N(2*maxW+1) - maxW})
			}
		}
		lists[p] = append(lists[p], lists[p][0]) // the same slot and group twice
		r.Shuffle(len(lists[p]), func(i, j int) { lists[p][i], lists[p][j] = lists[p][j], lists[p][i] })
	}
	return values, lists
}

func TestSumsEqualBigIntegers(t *testing.T) {
	cases := []struct {
		set                     string
		slots, groups, products int
		maxF, maxW              int64
		sparse                  bool
	}{
		{"narrow", 50_000, 3, 2, 100, 7, false},
		{"narrow", 5000, 300, 2, 100, 7, true},
		{"narrow", 40_000, 60, 1, 100, 100, true}, // more products than a word holds
		{"narrow", 1, 1, 1, 1 << 21, 1, true},
		{"narrow", 2048, 2, 1, 1, 1000, false}, // exactly one block
		{"wide", 9000, 3, 2, 1 << 40, 1 << 8, false},
		{"wide", 3000, 380, 1, 1 << 40, 1 << 8, true},
		{"wide", 3000, 380, 1, 1 << 40, 1, true},
		{"large", 10000, 2, 1, 1 << 8, 1 << 40, false},
		{"large", 1500, 190, 1, 1 << 8, 1 << 40, true},
		{"large", 1500, 190, 1, 1 << 40, 5, true},
	}
	r := mrand.New(mrand.NewPCG(1, 2))
	for _, c := range cases {
		set := setNamed(t, c.set)
		v, w := session(t, set, c.slots)
		values, products := randomCase(r, set, c.slots, c.groups, c.products, c.maxF, c.maxW)
		if a := arrange(t, set, c.slots, c.groups, products[0]); a.sparse() != c.sparse {
			t.Errorf("%+v: sparse is %t", c, a.sparse())
		}
		cells := multiply(t, w, 4, encrypt(t, v, 4, values), products, c.groups)
		compare(t, v, set, cells, oracle(values, products, c.groups))
	}
}

// The largest declared sums of either sign come out, for every set.
func TestLargestSums(t *testing.T) {
	for _, set := range Sets() {
		v, w := session(t, set, 2)
		top := set.MaxSum().Int64()
		values := []int64{top, -top}
		products := [][]Entry{{{0, 0, 1}, {1, 1, 1}, {0, 2, -1}, {0, 3, 1}, {1, 3, 1}}}
		cells := multiply(t, w, 0, encrypt(t, v, 0, values), products, 5)
		compare(t, v, set, cells, oracle(values, products, 5))
	}
}

// Both ways of computing hints, and both ways of adding, give the same hints,
// also where sums are reduced in between and where weights are at their bound.
func TestWaysToHints(t *testing.T) {
	for _, set := range Sets() {
		_, w := session(t, set, 3*set.n+5)
		_, products := randomCase(mrand.New(mrand.NewPCG(3, 4)), set, w.slots, 3, 1, 50, 9)
		small := arrange(t, set, w.slots, 3, products[0])
		large, err := Arrange(set, w.slots, 3, 1<<40, slices.Values(products[0]))
		check(t, err)
		if small.smallRoom() == 0 || small.smallRoom() > len(products[0])/6 || large.smallRoom() != 0 {
			t.Fatalf("%s: room for %d and %d products", set.name, small.smallRoom(), large.smallRoom())
		}
		dense, err := w.denseHints(context.Background(), 2, small, 1, 3)
		check(t, err)
		for name, a := range map[string]*Arranged{"words": small, "pairs": large} {
			sparse, err := w.sparseHints(context.Background(), 2, a, 1, 3)
			check(t, err)
			for c := range dense {
				for i := range dense[c] {
					if !slices.Equal(dense[c][i], sparse[c][i]) {
						t.Errorf("%s: dense and sparse hints differ (%s)", set.name, name)
					}
				}
			}
		}
	}
}

// Sums of signed words stay in their range when every weight is at its bound
// and every residue is the largest, of either sign; so do sums of pairs.
func TestLazySums(t *testing.T) {
	for _, set := range Sets() {
		q := set.primes[0]
		for _, bound := range []int64{1, 3, 31, 127, 1 << 40} {
			a := &Arranged{set: set, bound: bound}
			for _, sign := range []int64{1, -1} {
				s := newLazySums(a, 1)
				row := make([]uint64, set.n)
				for k := range row {
					row[k] = q - 1
				}
				stretched := make([]uint64, 2*set.n)
				s.stretch(0, row, stretched)
				entries := slices.Repeat([]Entry{{0, 0, sign * bound}}, min(2*s.room+1, 3000))
				s.add(0, 0, entries, 0, [][]uint64{stretched})
				m := new(big.Int).SetUint64(q)
				want := big.NewInt(-sign * bound * int64(len(entries)))
				if got := s.hints()[0][0]; got[0] != want.Mod(want, m).Uint64() || got[set.n-1] != got[0] {
					t.Errorf("%s, bound %d, sign %d: got %d, want %v", set.name, bound, sign, got[0], want)
				}
			}
		}
	}
}

func TestManyCells(t *testing.T) {
	set := setNamed(t, "narrow")
	const slots, groups = 9000, 4096
	v, w := session(t, set, slots)
	values, products := randomCase(mrand.New(mrand.NewPCG(5, 6)), set, slots, groups, 1, 100, 20)
	cells := multiply(t, w, 0, encrypt(t, v, 0, values), products, groups)
	compare(t, v, set, cells, oracle(values, products, groups))
}

// Values of several groups: one vector each.
func TestColumns(t *testing.T) {
	set := setNamed(t, "narrow")
	const slots = 5000
	v, w := session(t, set, slots)
	entries := []Entry{{4999, 1, 7}, {0, 0, 5}, {2048, 2, -9}, {2047, 1, 3}, {0, 2, 1}}
	columns, err := NewColumns(set, slots, 3, slices.Values(entries))
	check(t, err)
	weights := [][]Entry{{{0, 0, 1}, {2047, 0, 10}, {2048, 0, 100}, {4999, 0, 1000}}}
	for g, want := range []int64{5, 7030, -899} {
		var b bytes.Buffer
		check(t, v.Encrypt(context.Background(), g, columns, g, &b))
		c := multiply(t, w, g, b.Bytes(), weights, 1)[0][0]
		if got := Combine(set, open(t, v, c), c.share); got != want {
			t.Errorf("group %d: %d, want %d", g, got, want)
		}
	}
	for _, g := range []int{-1, 3} {
		if err := v.Encrypt(context.Background(), 9, columns, g, &bytes.Buffer{}); err == nil {
			t.Errorf("group %d was encrypted", g)
		}
	}
}
