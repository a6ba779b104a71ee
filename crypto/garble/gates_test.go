package garble

import (
	"slices"
	"testing"
)

// garbleOnce garbles and evaluates c on given bits and returns what the output
// labels stand for; ok is false when a label is neither of the two.
func garbleOnce(r rng, c *circuit, garbler, evaluator bitlist) (out bitlist, ok bool) {
	h := newHasher([32]byte{9})
	delta := r.block()
	delta.lo |= 1
	zeros, held := make([]block, c.wires()), make([]block, c.wires())
	for i, x := range append(slices.Clone(garbler), evaluator...) {
		zeros[i] = r.block()
		held[i] = zeros[i].xor(delta.times(x))
	}
	tables := make([]byte, 2*blockBytes*c.ands)
	c.garble(h, delta, 5, zeros, tables)
	c.evaluate(h, 5, held, tables)
	for _, o := range c.outputs {
		switch held[o] {
		case zeros[o]:
			out = append(out, 0)
		case zeros[o].xor(delta):
			out = append(out, 1)
		default:
			return nil, false
		}
	}
	return out, true
}

func number(v uint64, n int) bitlist { return bitlist(nil).appendShare(Share{Lo: v}, n) }

func (l bitlist) number() (v uint64) {
	for i, x := range l {
		v |= x << i
	}
	return v
}

// TestArithmetic checks adder, comparator and multiplexer, garbled, against
// the machine's own arithmetic.
func TestArithmetic(t *testing.T) {
	r := newRNG(20)
	for range 300 {
		n := 1 + r.IntN(64)
		keep := ^uint64(0) >> (64 - n)
		x, y := r.Uint64()&keep, r.Uint64()&keep
		switch r.IntN(4) {
		case 0:
			y = x
		case 1:
			y = (x + 1) & keep
		}
		b := newBuilder(n, n)
		p, q := word(0, n), word(n, n)
		b.output(b.add(p, q)...)
		greater := b.geq(p, q)
		b.output(greater)
		for i := range p { // the larger of the two
			b.output(b.xor(q[i], b.and(greater, b.xor(p[i], q[i]))))
		}
		out, ok := garbleOnce(r, b.c, number(x, n), number(y, n))
		if !ok {
			t.Fatal("invalid output label")
		}
		if got, want := out[:n].number(), (x+y)&keep; got != want {
			t.Fatalf("%d bits: %d + %d = %d", n, x, y, got)
		}
		if got := out[n] == 1; got != (x >= y) {
			t.Fatalf("%d bits: %d >= %d is %v", n, x, y, got)
		}
		if got := out[n+1:].number(); got != max(x, y) {
			t.Fatalf("%d bits: max(%d, %d) = %d", n, x, y, got)
		}
	}
}

// TestConstantsFold compares with public constants, which must cost less than
// a wire would.
func TestConstantsFold(t *testing.T) {
	r := newRNG(21)
	for range 200 {
		const n = 20
		k := r.Uint64N(1 << n)
		x := []uint64{r.Uint64N(1 << n), k, k - 1}[r.IntN(3)] & (1<<n - 1)
		b := newBuilder(n, 0)
		p := word(0, n)
		ge := b.geq(p, constant(k, n))
		sum := b.add(p, constant(k, n))
		if b.c.ands > 2*n {
			t.Fatalf("%d AND gates", b.c.ands)
		}
		if k > 0 { // otherwise both are constants or plain wires
			b.output(ge)
			b.output(sum...)
			out, ok := garbleOnce(r, b.c, number(x, n), nil)
			if !ok || (out[0] == 1) != (x >= k) || out[1:].number() != (x+k)&(1<<n-1) {
				t.Fatalf("x %d, k %d: %v", x, k, out)
			}
		}
	}
}

// TestRandomCircuits garbles random gates and compares with evaluation in the
// clear.
func TestRandomCircuits(t *testing.T) {
	r := newRNG(22)
	for range 100 {
		b := newBuilder(1+r.IntN(8), 1+r.IntN(8))
		for range 1 + r.IntN(200) {
			n := b.c.wires()
			x, y := bit(r.IntN(n)), bit(r.IntN(n))
			b.gate([]op{opXor, opNot, opAnd}[r.IntN(3)], x, y)
		}
		for i := range b.c.wires() {
			b.output(bit(i))
		}
		p, q := number(r.Uint64(), b.c.garbler), number(r.Uint64(), b.c.evaluator)
		out, ok := garbleOnce(r, b.c, p, q)
		if !ok || !slices.Equal(out, b.c.plain(p, q)) {
			t.Fatalf("garbled %v, clear %v", out, b.c.plain(p, q))
		}
	}
}
