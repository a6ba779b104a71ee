package inner

import (
	"bytes"
	"context"
	"crypto/rand"
	"math/big"
	mrand "math/rand/v2"
	"testing"
)

// session is both halves of a run, with the header passed on.
func session(t testing.TB, set *Set, slots int) (*Values, *Weights) {
	t.Helper()
	seed := Seed(set, [32]byte{1}, [32]byte{2}, [32]byte{3})
	v, err := NewValues(set, slots, seed, rand.Reader)
	check(t, err)
	w, err := NewWeights(set, slots, seed, rand.Reader)
	check(t, err)
	var head bytes.Buffer
	check(t, v.WriteHeader(&head))
	if int64(head.Len()) != v.HeaderSize() {
		t.Fatalf("header of %d bytes, %d declared", head.Len(), v.HeaderSize())
	}
	check(t, w.ReadHeader(&head))
	return v, w
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func encrypt(t testing.TB, v *Values, index int, values []int64) []byte {
	t.Helper()
	var b bytes.Buffer
	check(t, v.Encrypt(context.Background(), index, values, &b))
	if int64(b.Len()) != v.VectorSize() {
		t.Fatalf("vector of %d bytes, %d declared", b.Len(), v.VectorSize())
	}
	return b.Bytes()
}

func setNamed(t testing.TB, name string) *Set {
	t.Helper()
	s, err := ByName(name)
	check(t, err)
	return s
}

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

func compare(t *testing.T, v *Values, set *Set, cells [][]Cell, want [][]*big.Int) {
	t.Helper()
	for p := range want {
		for g := range want[p] {
			share, err := v.Open(cells[p][g].Bytes)
			check(t, err)
			if got := Combine(set, share, cells[p][g].Share); !want[p][g].IsInt64() || got != want[p][g].Int64() {
				t.Fatalf("product %d group %d: got %d, want %v", p, g, got, want[p][g])
			}
			if bound := uint(set.ShareBits()); share.wide().shr(bound) != (uint128{}) || cells[p][g].Share.wide().shr(bound) != (uint128{}) {
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
			if r.IntN(3) > 0 {
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
	}{
		{"narrow", 5000, 3, 2, 100, 7},        // dense
		{"narrow", 5000, 300, 2, 100, 7},      // sparse
		{"narrow", 1, 1, 1, 1 << 21, 1},       // one slot
		{"narrow", 2048, 2, 1, 1, 1000},       // exactly one block
		{"wide", 9000, 3, 2, 1 << 40, 1 << 8}, // money
		{"wide", 3000, 380, 1, 1 << 40, 1 << 8},
		{"large", 10000, 2, 1, 1 << 8, 1 << 40},
		{"large", 1500, 190, 1, 1 << 8, 1 << 40},
	}
	r := mrand.New(mrand.NewPCG(1, 2))
	for _, c := range cases {
		set := setNamed(t, c.set)
		v, w := session(t, set, c.slots)
		values, products := randomCase(r, set, c.slots, c.groups, c.products, c.maxF, c.maxW)
		cells, err := w.Multiply(context.Background(), 4, bytes.NewReader(encrypt(t, v, 4, values)), products, c.groups)
		check(t, err)
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
		cells, err := w.Multiply(context.Background(), 0, bytes.NewReader(encrypt(t, v, 0, values)), products, 5)
		check(t, err)
		compare(t, v, set, cells, oracle(values, products, 5))
	}
}

// Both ways of computing hints give the same hints, and prepared hints serve a
// second session.
func TestPreparedHints(t *testing.T) {
	set := setNamed(t, "narrow")
	v, w := session(t, set, 5000)
	values, products := randomCase(mrand.New(mrand.NewPCG(3, 4)), set, 5000, 5, 2, 50, 9)
	h, err := w.Prepare(context.Background(), 2, products, 5)
	check(t, err)
	for range 2 {
		cells, err := w.MultiplyPrepared(context.Background(), bytes.NewReader(encrypt(t, v, 2, values)), h)
		check(t, err)
		compare(t, v, set, cells, oracle(values, products, 5))
		v, w = session(t, set, 5000)
	}
	other, err := NewWeights(set, 5000, [32]byte{9}, rand.Reader)
	check(t, err)
	if _, err := other.MultiplyPrepared(context.Background(), nil, h); err == nil {
		t.Fatal("hints of another seed were taken")
	}

	p, err := w.arrange(products, 5)
	check(t, err)
	dense, sparse := h.polys[0][0], set.newPoly()
	for j := range p.blocks {
		a := set.newPoly()
		set.blockElement(w.seed, 2, j, a)
		for _, e := range p.bucket(0, j) {
			if e.cell == 0 {
				w.addShifted(sparse, a, int(e.slot)-j*set.n, e.weight)
			}
		}
	}
	for k := range set.n {
		if dense[0][k] != sparse[0][k] {
			t.Fatal("dense and sparse hints differ")
		}
	}
}

func TestManyCells(t *testing.T) {
	set := setNamed(t, "narrow")
	const slots, groups = 9000, 4096
	v, w := session(t, set, slots)
	values, products := randomCase(mrand.New(mrand.NewPCG(5, 6)), set, slots, groups, 1, 100, 20)
	cells, err := w.Multiply(context.Background(), 0, bytes.NewReader(encrypt(t, v, 0, values)), products, groups)
	check(t, err)
	compare(t, v, set, cells, oracle(values, products, groups))
}
