package inner

import (
	"math/big"
	"math/bits"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// poly is a ring element: one row of N residues for each prime.
type poly [][]uint64

func (s *Set) newPoly() poly {
	backing := make([]uint64, len(s.primes)*s.n)
	p := make(poly, len(s.primes))
	for i := range p {
		p[i] = backing[i*s.n : (i+1)*s.n : (i+1)*s.n]
	}
	return p
}

// ntt and intt transform in place; toMont multiplies by 2^64.
func (s *Set) ntt(p poly) {
	for i, r := range s.ring.SubRings {
		r.NTT(p[i], p[i])
	}
}

func (s *Set) intt(p poly) {
	for i, r := range s.ring.SubRings {
		r.INTT(p[i], p[i])
	}
}

func (s *Set) toMont(p poly) {
	for i, r := range s.ring.SubRings {
		r.MForm(p[i], p[i])
	}
}

// constants are the per-prime numbers of encoding and scaling. Those named
// …M are in Montgomery form, multiplied by 2^64.
type constants struct {
	qModWord uint64      // Q mod 2^64
	oneM     []uint64    // 1
	montM    []uint64    // 2^64: a product with it is in Montgomery form
	negInvTM []uint64    // −1/T
	crtM     []uint64    // (Q/q_i)^−1
	inverse  []uint128   // ⌊2^(127+qBits)/q_i⌋, below 2^128
	prime    []primeData // modulus and Montgomery constant
}

type primeData struct{ q, mred uint64 }

func newConstants(s *Set) constants {
	c := constants{qModWord: new(big.Int).And(s.q, new(big.Int).SetUint64(^uint64(0))).Uint64()}
	word := new(big.Int).Lsh(big.NewInt(1), 64)
	capT := new(big.Int).Lsh(big.NewInt(1), uint(s.t))
	for i, q := range s.primes {
		m := new(big.Int).SetUint64(q)
		mont := func(x *big.Int) uint64 { x = new(big.Int).Mul(x, word); return x.Mod(x, m).Uint64() }
		c.oneM = append(c.oneM, mont(big.NewInt(1)))
		c.montM = append(c.montM, mont(word))
		invT := new(big.Int).ModInverse(capT, m)
		c.negInvTM = append(c.negInvTM, mont(invT.Sub(m, invT)))
		c.crtM = append(c.crtM, mont(new(big.Int).ModInverse(new(big.Int).Quo(s.q, m), m)))
		r := new(big.Int).Lsh(big.NewInt(1), uint(127+s.qBits))
		c.inverse = append(c.inverse, fromBig(r.Quo(r, m)))
		c.prime = append(c.prime, primeData{q, s.ring.SubRings[i].MRedConstant})
	}
	return c
}

// mulSigned is x·y mod q for a signed x, with y in Montgomery form. A negative
// x is 2^64 too large as a word, and 2^64·y is yM itself.
func (p primeData) mulSigned(x int64, yM uint64) uint64 {
	neg := uint64(x >> 63)
	r := ring.MRed(uint64(x), yM, p.q, p.mred) + (p.q-yM)&neg
	return ring.CRed(r, p.q)
}

// encode is ⌊f·Q/T⌉ mod q_i. With c the signed remainder of f·Q by T, that is
// (f·Q − c)/T, and Q vanishes mod q_i: −c/T.
func (s *Set) encode(i int, f int64) uint64 {
	shift := uint(64 - s.t)
	c := int64(uint64(f)*s.consts.qModWord<<shift) >> shift
	return s.consts.prime[i].mulSigned(c, s.consts.negInvTM[i])
}

// toKappa is ⌊2^κ·c/Q⌉ mod 2^κ of the residues c. By the Chinese remainder
// theorem c/Q is the sum of t_i/q_i mod 1 with t_i = c_i·(Q/q_i)^−1; each is
// taken to 126 bits, so that the result is within ½ + 2^−40 of 2^κ·c/Q.
func (s *Set) toKappa(residue func(i int) uint64) uint128 {
	var sum uint128
	for i, p := range s.consts.prime {
		t := ring.MRed(residue(i), s.consts.crtM[i], p.q, p.mred)
		sum = sum.add(fraction(t, s.consts.inverse[i], uint(s.qBits-1)))
	}
	half := uint128{lo: 1}.shl(uint(127 - s.kappa))
	return sum.add(half).shr(uint(128 - s.kappa))
}

// fraction is t·inverse / 2^shift mod 2^128: t/q as a fraction of 2^128.
func fraction(t uint64, inverse uint128, shift uint) uint128 {
	h0, l0 := bits.Mul64(t, inverse.lo)
	h1, l1 := bits.Mul64(t, inverse.hi)
	mid, c := bits.Add64(h0, l1, 0)
	top := h1 + c
	return uint128{lo: l0>>shift | mid<<(64-shift), hi: mid>>shift | top<<(64-shift)}
}
