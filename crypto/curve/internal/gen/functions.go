package main

// arguments loads the operands x and y of a function with the arguments z, x, y.
func (p *printer) arguments() (z mem) {
	p.op("MOVQ", "z+0(FP)", "DI")
	p.op("MOVQ", "x+8(FP)", "SI")
	p.op("MOVQ", "y+16(FP)", "DX")
	p.constants()
	p.load(factor1, mem{"SI", 0})
	p.load(factor2, mem{"DX", 0})
	return mem{"DI", 0}
}

// finish carries, stores and returns the folded value in low.
func (p *printer) finish(z mem, c columns) {
	p.carry(c.low, c.low, c.high)
	p.store(z, c.low)
	p.end()
}

// arithmetic prints the plain operations.
func (p *printer) arithmetic() {
	p.function("func ifmaMul(z, x, y *fe8)", 24, "z = x·y.")
	z := p.arguments()
	p.mul(prod1, factor1, factor2, false)
	p.finish(z, prod1)

	p.function("func ifmaAdd(z, x, y *fe8)", 24, "z = x+y.")
	z = p.arguments()
	p.add(prod1.low, factor1, factor2)
	p.finish(z, prod1)

	p.function("func ifmaSub(z, x, y *fe8)", 24, "z = x-y.")
	z = p.arguments()
	p.addBias(factor1)
	p.sub(prod1.low, factor1, factor2)
	p.finish(z, prod1)
}

// squarings prints the repeated squaring. Each squaring waits for the last steps
// of the one before; two values in turn fill that gap.
func (p *printer) squarings() {
	x, y := mem{"DI", 0}, mem{"DI", limbs * 64}
	p.function("func ifmaSqrN(z *[2]fe8, n uint64)", 16,
		"Squares both values n times in place, n ≥ 1.")
	p.op("MOVQ", "z+0(FP)", "DI")
	p.op("MOVQ", "n+8(FP)", "CX")
	p.constants()
	p.load(factor1, x)
	p.load(factor2, y)
	p.line("")
	p.line("again:")
	p.sqr(prod1, factor1, false)
	p.carry(factor1, prod1.low, prod1.high)
	p.sqr(prod2, factor2, false)
	p.carry(factor2, prod2.low, prod2.high)
	p.op("DECQ", "CX")
	p.op("JNZ", "again")
	p.store(x, factor1)
	p.store(y, factor2)
	p.end()
}

// freeze prints the full reduction. After one pass of carries the value is below
// 2^255. It is p or more just when adding 19 carries into bit 255.
func (p *printer) freeze() {
	z, x, carries := mem{"DI", 0}, prod1.low, prod1.high
	p.function("func ifmaFreeze(z *fe8) (zeros uint64)", 16,
		"Reduces z to the values below p and returns a bit for each lane that is 0.")
	p.op("MOVQ", "z+0(FP)", "DI")
	p.constants()
	p.load(x, z)
	p.note("Limbs 1 to 4 below 2^51, limb 0 below 2^51 + 19.")
	p.carryInTurn(x, carries)
	p.op("VPMADD52LUQ", nineteen, carries[limbs-1], x[0])
	p.note("Does adding 19 carry out of the top?")
	for i := range limbs {
		add := nineteen
		if i > 0 {
			add = carries[i-1]
		}
		p.op("VPADDQ", add, x[i], carries[i])
		p.op("VPSRLQ", "$51", carries[i], carries[i])
	}
	p.note("If so, add it and drop the bit.")
	p.op("VPMADD52LUQ", nineteen, carries[limbs-1], x[0])
	p.carryInTurn(x, carries)
	p.store(z, x)
	p.note("Lanes without a bit in any limb.")
	for _, r := range x[1:] {
		p.op("VPORQ", r, x[0], x[0])
	}
	p.op("VPTESTNMQ", x[0], x[0], "K1")
	p.op("KMOVB", "K1", "AX")
	p.op("MOVQ", "AX", "zeros+8(FP)")
	p.end()
}

// carryInTurn carries from limb to limb. What leaves the top limb stays in the
// last of carries.
func (p *printer) carryInTurn(x, carries regs) {
	for i := range limbs {
		p.op("VPSRLQ", "$51", x[i], carries[i])
		p.op("VPANDQ", lowBits, x[i], x[i])
		if i < limbs-1 {
			p.op("VPADDQ", carries[i], x[i+1], x[i+1])
		}
	}
}

// selection prints the choice between two values.
func (p *printer) selection() {
	p.function("func ifmaSelect(z, x *fe8, lanes uint64)", 24,
		"Replaces z by x in the lanes whose bit is set. It reads and writes all lanes.")
	p.op("MOVQ", "z+0(FP)", "DI")
	p.op("MOVQ", "x+8(FP)", "SI")
	p.op("MOVQ", "lanes+16(FP)", "AX")
	p.op("KMOVB", "AX", "K1")
	p.load(factor1, mem{"DI", 0})
	p.choose(factor1, mem{"SI", 0})
	p.store(mem{"DI", 0}, factor1)
	p.end()
}
