package main

// state is the i-th value of ifmaState.
func state(i int) mem { return mem{"DI", i * limbs * 64} }

// step prints one step of the Montgomery ladder.
//
// The two points are kept as sums and differences of their coordinates, since
// those are what a step begins with. A sum and a difference of products are
// taken before the carries, which spares the carries of the products.
//
// The sum of the two points does not depend on which of them is doubled: only
// the doubling looks at the bit, and it reads both points either way.
func (p *printer) step() {
	u, a, b, c, d := state(0), state(1), state(2), state(3), state(4)
	s, m, t := state(5), state(6), state(7)
	p.function("func ifmaStep(s *ifmaState, second uint64)", 16,
		"Doubles the first point (a = x+z, b = x-z), or the second (c, d) if second is all",
		"ones rather than 0, into (a, b), and leaves the sum of both in (c, d). The",
		"difference of the points is (u : 1).")
	p.op("MOVQ", "s+0(FP)", "DI")
	p.op("MOVQ", "second+8(FP)", "CX")
	p.op("KMOVB", "CX", "K1")
	p.constants()

	p.note("d·a and c·b.")
	p.load(factor1, a)
	p.load(factor2, b)
	p.mul(prod1, d, factor1, true)
	p.mul(prod2, c, factor2, false)

	p.note("The point to be doubled: a or c, b or d.")
	p.choose(factor1, c)
	p.choose(factor2, d)

	p.note("s = d·a + c·b, m = d·a - c·b.")
	p.add(prod1.high, prod1.low, prod2.low)
	p.sub(prod2.high, prod1.low, prod2.low)
	p.carry(prod1.high, prod1.high, prod1.low)
	p.store(s, prod1.high)
	p.carry(prod2.high, prod2.high, prod2.low)
	p.store(m, prod2.high)

	p.note("aa = a² to t, bb = b² stays, e = aa-bb stays.")
	p.sqr(prod1, factor1, true)
	p.sqr(prod2, factor2, false)
	p.sub(factor1, prod1.low, prod2.low)
	p.carry(prod1.low, prod1.low, prod1.high)
	p.store(t, prod1.low)
	p.carry(factor2, prod2.low, prod2.high)
	p.carry(factor1, factor1, prod1.high)

	p.note("x of the double, aa·bb, to a; bb + 121666·e to t.")
	p.move(prod1.low, factor2)
	p.mul(prod2, t, factor2, true)
	p.store(a, prod2.low)
	p.addSmall(prod1.low, factor1, prod1.high)
	p.store(b, factor1)
	p.store(t, prod1.low)

	p.note("x of the sum, s², to s; m² stays.")
	p.load(factor1, s)
	p.load(factor2, m)
	p.sqr(prod1, factor1, true)
	p.store(s, prod1.low)
	p.sqr(prod2, factor2, false)
	p.carry(factor2, prod2.low, prod2.high)

	p.note("z of the double, e·(bb + 121666·e), and z of the sum, u·m².")
	p.load(factor1, b)
	p.mul(prod1, t, factor1, false)
	p.mul(prod2, u, factor2, false)

	p.note("The new a and b, c and d.")
	p.sums(a, b, a, prod1, factor1)
	p.sums(c, d, s, prod2, factor2)
	p.end()
}

// choose replaces x by y in the lanes of K1.
func (p *printer) choose(x regs, y mem) {
	for i, r := range x {
		p.op("VMOVDQU64", y.limb(i), "K1", r)
	}
}

func (p *printer) move(dst, src regs) {
	for i := range limbs {
		p.op("VMOVDQA64", src[i], dst[i])
	}
}

// sums sets sum = x + z and diff = x - z, for a biased x and z in c.low.
func (p *printer) sums(sum, diff, x mem, c columns, scratch regs) {
	p.load(scratch, x)
	p.add(c.high, scratch, c.low)
	p.sub(scratch, scratch, c.low)
	p.carry(c.high, c.high, c.low)
	p.store(sum, c.high)
	p.carry(scratch, scratch, c.low)
	p.store(diff, scratch)
}
