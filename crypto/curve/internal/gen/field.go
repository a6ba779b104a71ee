package main

const limbs = 5

// columns are the ten columns of a product, 51 bits apart: low 0 to 4, high 5
// to 9. Each is a sum of lower halves of products of limbs (below 2^52) and of
// doubled upper halves. Between products, high is scratch space.
type columns struct{ low, high regs }

func (c columns) all() []zreg { return append(c.low[:], c.high[:]...) }

// Every function keeps to one use of the registers: two products and a factor
// of each.
var (
	prod1, factor1 = columns{from(0), from(5)}, from(10)
	prod2, factor2 = columns{from(15), from(20)}, from(25)
	nineteen       = zreg(30) // 2^255 mod p in every lane
	lowBits        = zreg(31) // 2^51 - 1 in every lane
)

// The limbs of 512p, which make differences of folded products positive. A
// product may start from them: columns that will be doubled start from a half
// or a quarter.
const (
	biasFirst   = "bias<>+0(SB)"  // limb 0
	biasOther   = "bias<>+8(SB)"  // limbs 1 to 4
	biasHalf    = "bias<>+16(SB)" // half of that
	biasQuarter = "bias<>+24(SB)" // a quarter of that
)

// constants sets the registers that hold the same in every function.
func (p *printer) constants() {
	p.op("MOVQ", "$19", "AX")
	p.op("VPBROADCASTQ", "AX", nineteen)
	p.op("MOVQ", "$0x7ffffffffffff", "AX")
	p.op("VPBROADCASTQ", "AX", lowBits)
}

func (p *printer) load(dst regs, src mem) {
	for i, r := range dst {
		p.op("VMOVDQU64", src.limb(i), r)
	}
}

func (p *printer) store(dst mem, src regs) {
	for i, r := range src {
		p.op("VMOVDQU64", r, dst.limb(i))
	}
}

// start clears the columns, or gives the low ones the bias. doubled tells how
// often a column will be doubled before it is complete.
func (p *printer) start(c columns, biased bool, doubled func(k int) int) {
	for k, r := range c.all() {
		switch {
		case !biased || k >= limbs:
			p.op("VPXORQ", r, r, r)
		case k == 0:
			p.op("VPBROADCASTQ", biasFirst, r)
		default:
			p.op("VPBROADCASTQ", []string{biasOther, biasHalf, biasQuarter}[doubled(k)], r)
		}
	}
}

func (p *printer) double(c []zreg) {
	for _, r := range c {
		p.op("VPADDQ", r, r, r)
	}
}

// mul sets c.low = x·y, folded but not carried: limbs below 2^59, and 2^60 more
// if biased. The multiplier gives bits 0 to 51 and 52 to 103 of a product of
// limbs; as columns are 51 bits apart, the upper half counts double in the
// next column. All upper halves come first, so that one doubling serves all.
func (p *printer) mul(c columns, x operand, y regs, biased bool) {
	col := c.all()
	p.start(c, biased, func(int) int { return 1 })
	for i := range limbs {
		for j := range limbs {
			p.op("VPMADD52HUQ", x.limb(i), y[j], col[i+j+1])
		}
	}
	p.double(col[1:])
	for i := range limbs {
		for j := range limbs {
			p.op("VPMADD52LUQ", x.limb(i), y[j], col[i+j])
		}
	}
	p.fold(c)
}

// sqr sets c.low = x², like mul. Products of two different limbs occur twice.
func (p *printer) sqr(c columns, x regs, biased bool) {
	col := c.all()
	p.start(c, biased, func(k int) int { return min(k, 2) })
	for i := range limbs {
		for j := i + 1; j < limbs; j++ {
			p.op("VPMADD52HUQ", x[i], x[j], col[i+j+1])
		}
	}
	p.double(col[2:9])
	for i := range limbs {
		for j := i + 1; j < limbs; j++ {
			p.op("VPMADD52LUQ", x[i], x[j], col[i+j])
		}
	}
	for i := range limbs {
		p.op("VPMADD52HUQ", x[i], x[i], col[2*i+1])
	}
	p.double(col[1:])
	for i := range limbs {
		p.op("VPMADD52LUQ", x[i], x[i], col[2*i])
	}
	p.fold(c)
}

// fold adds 19 times columns 5 to 9 to columns 0 to 4.
func (p *printer) fold(c columns) {
	for k := range limbs {
		p.op("VPMULLQ", nineteen, c.high[k], c.high[k])
		p.op("VPADDQ", c.high[k], c.low[k], c.low[k])
	}
}

// carry brings limbs below 2^62 to below 2^51 + 2^16, all at once: what leaves
// a limb is below 2^11, and 19 times that when it goes round to limb 0. out may
// be x.
func (p *printer) carry(out, x, scratch regs) {
	for i := range limbs {
		p.op("VPSRLQ", "$51", x[i], scratch[i])
		p.op("VPANDQ", lowBits, x[i], out[i])
	}
	for i := range limbs - 1 {
		p.op("VPADDQ", scratch[i], out[i+1], out[i+1])
	}
	p.op("VPMADD52LUQ", nineteen, scratch[limbs-1], out[0])
}

func (p *printer) add(out, x regs, y operand) {
	for i := range limbs {
		p.op("VPADDQ", y.limb(i), x[i], out[i])
	}
}

// sub sets out = x - y, where x holds the bias.
func (p *printer) sub(out, x regs, y operand) {
	for i := range limbs {
		p.op("VPSUBQ", y.limb(i), x[i], out[i])
	}
}

// addBias adds 512p.
func (p *printer) addBias(x regs) {
	for i := range limbs {
		from := biasOther
		if i == 0 {
			from = biasFirst
		}
		p.op("VPADDQ.BCST", from, x[i], x[i])
	}
}

// addSmall sets x = x + 121666·e for carried x and e, carried.
func (p *printer) addSmall(x, e, scratch regs) {
	for i := range limbs {
		p.op("VPXORQ", scratch[i], scratch[i], scratch[i])
		p.op("VPMADD52HUQ.BCST", "a24<>(SB)", e[i], scratch[i])
		p.op("VPMADD52LUQ.BCST", "a24<>(SB)", e[i], x[i])
	}
	p.double(scratch[:])
	for i := range limbs - 1 {
		p.op("VPADDQ", scratch[i], x[i+1], x[i+1])
	}
	p.op("VPMADD52LUQ", nineteen, scratch[limbs-1], x[0])
	p.carry(x, x, scratch)
}
