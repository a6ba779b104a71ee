package garble

// A circuit is a list of gates over numbered wires: first the garbler's
// inputs, then the evaluator's, then one wire for each gate in order.
type circuit struct {
	garbler   int // number of the garbler's input bits
	evaluator int // number of the evaluator's input bits
	gates     []gate
	ands      int
	outputs   []uint32
}

type op uint8

const (
	opXor op = iota // free
	opNot           // free; b is unused
	opAnd           // two ciphertexts
)

type gate struct {
	op   op
	a, b uint32
}

func (c *circuit) inputs() int { return c.garbler + c.evaluator }
func (c *circuit) wires() int  { return c.inputs() + len(c.gates) }

// bit is a wire while a circuit is built, or one of the constants, which the
// builder folds away: a public constant must not cost a gate.
type bit int64

const (
	zero bit = -1
	one  bit = -2
)

type builder struct{ c *circuit }

func newBuilder(garbler, evaluator int) *builder {
	return &builder{&circuit{garbler: garbler, evaluator: evaluator}}
}

// word returns n wires from the first on, lowest bit first.
func word(first, n int) []bit {
	w := make([]bit, n)
	for i := range w {
		w[i] = bit(first + i)
	}
	return w
}

// constant returns v as n bits.
func constant(v uint64, n int) []bit {
	w := make([]bit, n)
	for i := range w {
		w[i] = zero
		if i < 64 && v>>i&1 == 1 {
			w[i] = one
		}
	}
	return w
}

// extend returns the unsigned word w with n bits.
func extend(w []bit, n int) []bit {
	return append(append(make([]bit, 0, n), w...), constant(0, n-len(w))...)
}

func (b *builder) gate(o op, x, y bit) bit {
	g := gate{op: o, a: uint32(x)}
	if o != opNot {
		g.b = uint32(y)
	}
	if o == opAnd {
		b.c.ands++
	}
	b.c.gates = append(b.c.gates, g)
	return bit(b.c.wires() - 1)
}

func (b *builder) not(x bit) bit {
	switch x {
	case zero:
		return one
	case one:
		return zero
	}
	return b.gate(opNot, x, 0)
}

func (b *builder) xor(x, y bit) bit {
	switch {
	case x == y:
		return zero
	case x == zero:
		return y
	case y == zero:
		return x
	case x == one:
		return b.not(y)
	case y == one:
		return b.not(x)
	}
	return b.gate(opXor, x, y)
}

func (b *builder) and(x, y bit) bit {
	switch {
	case x == zero || y == zero:
		return zero
	case x == one || x == y:
		return y
	case y == one:
		return x
	}
	return b.gate(opAnd, x, y)
}

// add returns x+y modulo 2^len(x); both have the same length. One AND a bit,
// none for the highest: carry' = c ^ ((x^c) & (y^c)).
func (b *builder) add(x, y []bit) []bit {
	sum := make([]bit, len(x))
	carry := zero
	for i := range x {
		xc := b.xor(x[i], carry)
		sum[i] = b.xor(xc, y[i])
		if i < len(x)-1 {
			carry = b.xor(carry, b.and(xc, b.xor(y[i], carry)))
		}
	}
	return sum
}

// geq says whether x >= y, both unsigned and of the same length: the carry out
// of x + not(y) + 1. One AND a bit.
func (b *builder) geq(x, y []bit) bit {
	carry := one
	for i := range x {
		xc := b.xor(x[i], carry)
		carry = b.xor(carry, b.and(xc, b.xor(b.not(y[i]), carry)))
	}
	return carry
}

// output appends wires to the outputs.
func (b *builder) output(bits ...bit) {
	for _, x := range bits {
		b.c.outputs = append(b.c.outputs, uint32(x))
	}
}
