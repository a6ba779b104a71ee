package main

import "math/big"

// Registers of the hash: the state, the sixteen words of the message schedule,
// and scratch.
func stateWord(i int) zreg   { return zreg(i & 7) }
func messageWord(i int) zreg { return zreg(8 + i&15) }

const scratch = zreg(24)

// compression prints the compression function of SHA-512 (FIPS 180-4, section
// 6.4.2) on eight lanes.
func (p *printer) compression() {
	p.function("func sha512x8(state *[8]word8, block *[16]word8)", 16,
		"Compresses one block into the state in each of eight lanes.")
	p.op("MOVQ", "state+0(FP)", "DI")
	p.op("MOVQ", "block+8(FP)", "SI")
	p.op("LEAQ", "rounds<>(SB)", "BX")
	p.op("MOVQ", "$4", "CX")
	for i := range 8 {
		p.op("VMOVDQU64", mem{"DI", 0}.limb(i), stateWord(i))
	}
	for i := range 16 {
		p.op("VMOVDQU64", mem{"SI", 0}.limb(i), messageWord(i))
	}
	p.line("")
	p.line("rounds:")
	for t := range 16 {
		p.round(t)
		p.extend(t)
	}
	p.op("ADDQ", "$128", "BX")
	p.op("DECQ", "CX")
	p.op("JNZ", "rounds")
	p.note("The last sixteen rounds need no further words.")
	for t := range 16 {
		p.round(t)
	}
	for i := range 8 {
		p.op("VPADDQ", mem{"DI", 0}.limb(i), stateWord(i), stateWord(i))
		p.op("VMOVDQU64", stateWord(i), mem{"DI", 0}.limb(i))
	}
	p.end()
}

// round prints round t. The names a to h of the state words move on with t.
func (p *printer) round(t int) {
	word := func(name byte) zreg { return stateWord(int(name-'a') - t + 16) }
	h, x := word('h'), scratch
	p.op("VPADDQ.BCST", mem{"BX", 0}.word(t), messageWord(t), x)
	p.op("VPADDQ", x, h, h)
	p.rotations(x, word('e'), 14, 18, 41)
	p.op("VPADDQ", x, h, h)
	p.op("VMOVDQA64", word('e'), x)
	p.op("VPTERNLOGQ", "$0xca", word('g'), word('f'), x) // e ? f : g
	p.op("VPADDQ", x, h, h)
	p.op("VPADDQ", h, word('d'), word('d'))
	p.rotations(x, word('a'), 28, 34, 39)
	p.op("VPADDQ", x, h, h)
	p.op("VMOVDQA64", word('a'), x)
	p.op("VPTERNLOGQ", "$0xe8", word('c'), word('b'), x) // majority
	p.op("VPADDQ", x, h, h)
}

// extend replaces message word t by word t+16.
func (p *printer) extend(t int) {
	w, x := messageWord(t), scratch
	p.rotations(x, messageWord(t+1), 1, 8, -7)
	p.op("VPADDQ", x, w, w)
	p.op("VPADDQ", messageWord(t+9), w, w)
	p.rotations(x, messageWord(t+14), 19, 61, -6)
	p.op("VPADDQ", x, w, w)
}

// rotations sets out to the exclusive or of three rotations of x to the right;
// a negative one is a shift.
func (p *printer) rotations(out, x zreg, by ...int) {
	for i, n := range by {
		name, dst := "VPRORQ", out+zreg(i)
		if n < 0 {
			name, n = "VPSRLQ", -n
		}
		p.op(name, immediate(n), x, dst)
	}
	p.op("VPTERNLOGQ", "$0x96", out+2, out+1, out)
}

// roundConstants prints the table: the first 64 bits of the fractional parts of
// the cube roots of the first eighty primes (FIPS 180-4, section 4.2.3).
func (p *printer) roundConstants() {
	p.line("")
	n := 0
	for prime := int64(2); n < 80; prime++ {
		if !big.NewInt(prime).ProbablyPrime(0) { // exact below 2^64
			continue
		}
		p.line("DATA rounds<>+%d(SB)/8, $%#016x", 8*n, cubeRootFraction(prime))
		n++
	}
	p.line("GLOBL rounds<>(SB), RODATA|NOPTR, $640")
}

// cubeRootFraction is ⌊2^64·∛n⌋ mod 2^64, by bisection.
func cubeRootFraction(n int64) uint64 {
	cube := new(big.Int).Lsh(big.NewInt(n), 192)
	low, high := new(big.Int), new(big.Int).Lsh(big.NewInt(8), 64) // ∛n < 8
	for {
		mid := new(big.Int).Add(low, high)
		mid.Rsh(mid, 1)
		if mid.Cmp(low) == 0 {
			return low.Uint64() // Uint64 keeps the low 64 bits
		}
		if new(big.Int).Exp(mid, big.NewInt(3), nil).Cmp(cube) <= 0 {
			low = mid
		} else {
			high = mid
		}
	}
}
