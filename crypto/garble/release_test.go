package garble

import (
	"math"
	"testing"

	"parley/crypto/wire"
)

// TestReleaseEndToEnd runs the whole protocol over several batches.
func TestReleaseEndToEnd(t *testing.T) {
	for name, s := range map[string]Spec{
		"typical": typical(),
		"count":   {K: 1, Products: []int{23}, Aggregates: []Aggregate{{Values: []int{0}, Guard: -1}}},
		"bare":    {K: 5, Products: []int{64}, Complement: true},
		"noisy":   noisySpec(),
		"labels":  {K: 5, Products: []int{23}, LabelBytes: 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := mixed(newRNG(1), s, 70).run(t, 2).must(t)
			passed := 0
			for i, r := range b.released {
				if !same(r, b.oracle(i)) {
					t.Fatalf("cell %d: got %+v, want %+v", i, r, b.oracle(i))
				}
				if r.Pass {
					passed++
				}
			}
			if passed < 5 || passed > 65 {
				t.Fatalf("%d of 70 cells passed: the test shows too little", passed)
			}
			b.checkWireBytes(t)
		})
	}
}

func (b *both) checkWireBytes(t *testing.T) {
	t.Helper()
	g, e := WireBytes(b.spec, false)
	if total(b.sentG) != g || total(b.sentE) != e {
		t.Fatalf("sent %d and %d bytes, WireBytes says %d and %d", total(b.sentG), total(b.sentE), g, e)
	}
}

func total(sent map[wire.Step][]byte) (n int64) {
	for _, m := range sent {
		n += int64(len(m))
	}
	return n
}

func TestSeveralBatches(t *testing.T) {
	s := typical()
	b := mixed(newRNG(3), s, 400)
	l := newLayout(b.spec)
	if l.batches < 3 {
		t.Fatalf("%d batches, the test wants 3 or more", l.batches)
	}
	if _, n := l.cells(l.batches - 1); n == l.perBatch {
		t.Fatal("the last batch is full, the test wants a short one")
	}
	b.run(t, 4).must(t)
	for i, r := range b.released {
		if !same(r, b.oracle(i)) {
			t.Fatalf("cell %d: got %+v, want %+v", i, r, b.oracle(i))
		}
	}
	b.checkWireBytes(t)
}

// clear runs the circuit without garbling.
func (b *both) clear(t *testing.T, c *circuit, i int) Released {
	t.Helper()
	key := block{1, 2}
	out := c.plain(b.spec.garblerInput(b.garbler[i], key), b.spec.evaluatorInput(nil, b.evaluator[i]))
	r, got, ok := b.spec.released(out)
	if !ok || r.Pass != (got == key) {
		t.Fatalf("cell %d: key %v, well formed %v, pass %v", i, got, ok, r.Pass)
	}
	if r.Pass {
		r.Label = b.labels[i]
	}
	return r
}

// TestReleaseCircuitBoundaries compares the circuit in the clear with the
// oracle at every boundary and every rounding error.
func TestReleaseCircuitBoundaries(t *testing.T) {
	s := typical()
	s.K = 11
	s.Products[0] = 64 // a count with 64 bits is legal too
	r := newRNG(5)
	k := int64(s.K)
	b := &both{spec: s}
	sums := []int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MinInt64 + 1, 1 << 32, -(1 << 32)}
	counts := []int64{-1, 0, 1, k - 1, k, k + 1, 1<<22 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 50, math.MaxInt64, math.MinInt64}
	for i, c := range counts {
		for _, own := range []int64{0, 1, k - 1, k, c - 1, c, c + 1, c + k - 1, c + k, c + k + 1, 1<<32 - 1} {
			if own < 0 || own >= 1<<32 {
				continue
			}
			for _, x := range []int64{k - 1, k, -1, -1 << 22, 1<<22 - 1} {
				sum := sums[(i+int(own))%len(sums)]
				b.add(r, []int64{c, sum, x, -sum}, uint64(own), 1<<32-1)
				b.add(r, []int64{c, sum, x, -sum}, 1<<32-1, uint64(own))
			}
		}
	}
	circuit := releaseCircuit(b.spec)
	for i := range b.garbler {
		if got, want := b.clear(t, circuit, i), b.oracle(i); !same(got, want) {
			t.Fatalf("count %d, own %d and %d: got %+v, want %+v", b.numbers[i][0], b.countG[i], b.countE[i], got, want)
		}
	}
}

// TestRounding tries every error for sums of both signs and widths.
func TestRounding(t *testing.T) {
	r := newRNG(6)
	for _, width := range []int{23, 64} {
		for _, v := range []int64{0, 1, -1, 7, -8, 1<<(width-2) - 1, -1 << (width - 1)} {
			for padding := int64(-4); padding <= 3; padding++ {
				s := Spec{K: 1, Products: []int{23, width}, Aggregates: []Aggregate{{Values: []int{1}, Guard: -1}}, LabelBytes: 1}
				b := &both{spec: s}
				b.add(r, []int64{1, v}, 1, 1)
				b.garbler[0].Shares[1], b.evaluator[0].Shares[1] = share(r, width, v, padding)
				if got := b.clear(t, releaseCircuit(s), 0); !same(got, b.oracle(0)) {
					t.Fatalf("width %d, sum %d, error %d: got %+v", width, v, padding, got)
				}
			}
		}
	}
}

// TestReleaseCircuitRandom compares random specifications and cells.
func TestReleaseCircuitRandom(t *testing.T) {
	r := newRNG(7)
	for range 60 {
		s := randomSpec(r)
		b := mixed(r, s, 35)
		if err := b.spec.Check(); err != nil {
			t.Fatal(err)
		}
		c := releaseCircuit(b.spec)
		for i := range b.garbler {
			if got := b.clear(t, c, i); !same(got, b.oracle(i)) {
				t.Fatalf("%+v, cell %d: got %+v, want %+v", s, i, got, b.oracle(i))
			}
		}
	}
}

func randomSpec(r rng) Spec {
	s := Spec{K: 1 + r.Uint32N(60), Complement: r.IntN(2) == 0, LabelBytes: 3}
	for range 1 + r.IntN(4) {
		s.Products = append(s.Products, []int{23, 64}[r.IntN(2)])
	}
	s.Guard = r.IntN(len(s.Products))
	s.Shared = [2]int{r.IntN(len(s.Products)), r.IntN(len(s.Products))}
	for range r.IntN(4) {
		a := Aggregate{Guard: r.IntN(len(s.Products)+1) - 1}
		for a.Guard >= 0 && len(a.Left) < 2 && r.IntN(2) == 0 {
			l := Left{AtLeast: []int{r.IntN(len(s.Products))}, Nothing: []int{r.IntN(len(s.Products))}}
			if r.IntN(2) == 0 {
				l.Nothing = append(l.Nothing, r.IntN(len(s.Products)))
			}
			if r.IntN(2) == 0 {
				l.AtLeast = append(l.AtLeast, r.IntN(len(s.Products)))
			}
			a.Left = append(a.Left, l)
		}
		a.Complement = r.IntN(4) == 0
		for range r.IntN(3) * r.IntN(2) {
			a.Parts = append(a.Parts, Part{r.IntN(len(s.Products)), r.IntN(len(s.Products))})
		}
		for range 1 + r.IntN(3) {
			a.Values = append(a.Values, r.IntN(len(s.Products)))
		}
		s.Aggregates = append(s.Aggregates, a)
	}
	return s
}

// TestComplementCountsAllCells: what a side shares in other cells counts too.
// Of 60 own units, 30 shared here and 30 elsewhere, none is left out.
func TestComplementCountsAllCells(t *testing.T) {
	s := Spec{K: 20, Complement: true, Products: []int{23, 23}, Shared: [2]int{0, 1},
		Aggregates: []Aggregate{{Values: []int{0}, Guard: -1}}, LabelBytes: 1}
	b := &both{spec: s}
	for _, shared := range []int64{60, 41, 40, 30, -1} {
		b.add(newRNG(9), []int64{30, shared}, 1000, 60)
	}
	c := releaseCircuit(b.spec)
	for i, want := range []bool{false, false, true, true, false} {
		if got := b.clear(t, c, i).Pass; got != want {
			t.Errorf("cell %d: pass %v, want %v", i, got, want)
		}
	}
}

// TestNegativeCountIsWithheld: a corrupt count must not read as a huge one.
func TestNegativeCountIsWithheld(t *testing.T) {
	s := Spec{K: 1, Products: []int{23}, Aggregates: []Aggregate{{Values: []int{0}, Guard: -1}}, LabelBytes: 1}
	b := &both{spec: s}
	b.add(newRNG(8), []int64{-1}, 0, 0)
	if b.clear(t, releaseCircuit(s), 0).Pass {
		t.Fatal("a negative count passed")
	}
}

// TestGateCounts pins the cost that GARBLE.md states.
func TestGateCounts(t *testing.T) {
	count := Spec{K: 50, Products: []int{23}, Aggregates: []Aggregate{{Values: []int{0}, Guard: -1}}, Cells: 1}
	money := moneySpec()
	money.Cells = 1
	full := typical()
	full.Cells = 1
	for _, c := range []struct {
		name                                   string
		spec                                   Spec
		ands, outputs, cellBytes, transferBits int
	}{
		{"count", count, 69, 25, 3424, 26},
		{"money", money, 414, 218, 22272, 125},
		{"typical", full, 684, 306, 35624, 244},
	} {
		l := newLayout(c.spec)
		got := []int{l.circuit.ands, len(l.circuit.outputs), l.cellBytes(), l.circuit.evaluator}
		want := []int{c.ands, c.outputs, c.cellBytes, c.transferBits}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: ANDs, outputs, bytes, transfers %v, want %v", c.name, got, want)
				break
			}
		}
	}
}
