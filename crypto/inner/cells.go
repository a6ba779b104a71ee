package inner

import (
	"math/bits"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// seal writes c1′ of one cell, ⌊2^κ·c1/Q⌉ with c1 = hint + a_pk·u + e1. u and e1
// are drawn for every cell, also for cells of equal weights: with the same u
// the value holder could subtract one c1 from another and see the difference
// of two hints.
func (w *Weights) seal(k *Kept, cell int, hint poly, dst []byte) {
	s := w.set
	u, x := k.mask(cell, w.blind)
	c1 := w.blinded(hint, u, x)
	width := s.kappa / 8
	for n := range s.n {
		put(dst[n*width:(n+1)*width], s.toKappa(func(i int) uint64 { return c1[i][n] }))
	}
}

// blinded is c1 = hint + a_pk·u + e1.
func (w *Weights) blinded(hint poly, u []int8, x *xof) poly {
	s := w.set
	c1 := s.newPoly()
	s.fromTernary(u, c1)
	s.ntt(c1)
	for i, r := range s.ring.SubRings {
		r.MulCoeffsMontgomery(c1[i], w.apkM[i], c1[i])
	}
	s.intt(c1)
	for k := range s.n {
		e := x.gaussian()
		for i, q := range s.primes {
			c1[i][k] = reduceSmall(c1[i][k]+hint[i][k]+residue(e, q), q)
		}
	}
	return c1
}

// answer is y = ⌊2^κ·c0/Q⌉ + r of one cell. e0 and r are fresh in every session:
// r makes y a one-time pad, whatever was answered with the same u before.
func (w *Weights) answer(product, cell int, k *Kept, beta []uint64) Answer {
	s := w.set
	u, _ := k.mask(cell, w.blind)
	x := privateXOF(w.noise, "answer", s, k.index, product, cell)
	c0 := w.constantTerm(beta, u, x.gaussian())
	r := uint128{x.word(), x.word()}.low(s.kappa)
	if !w.pad {
		r = uint128{}
	}
	y := s.toKappa(func(i int) uint64 { return c0[i] }).add(r).low(s.kappa)
	out := make([]byte, s.AnswerSize())
	put(out, y)
	return Answer{Bytes: out, Share: s.top(uint128{}.sub(r).low(s.kappa))}
}

// constantTerm is c0 = β + (b_pk·u)[0] + e0, one residue a prime. Only this
// coefficient is ever sent: others would show sums of other slots.
func (w *Weights) constantTerm(beta []uint64, u []int8, e0 int64) []uint64 {
	c0 := make([]uint64, len(beta))
	for i, q := range w.set.primes {
		sum := addSigned(uint128{}, w.head[i][0], int64(u[0]), q)
		for k := 1; k < len(u); k++ {
			sum = addSigned(sum, w.head[i][len(u)-k], -int64(u[k]), q)
		}
		c0[i] = ring.CRed(ring.CRed(bits.Rem64(sum.hi, sum.lo, q)+beta[i], q)+residue(e0, q), q)
	}
	return c0
}

// addSigned adds t·b mod q for t in {−1, 0, 1}, without a branch on t.
func addSigned(sum uint128, b uint64, t int64, q uint64) uint128 {
	neg, keep := uint64(t>>63), -uint64(t&1)
	return sum.add(uint128{lo: (b ^ neg + q&neg + neg&1) & keep})
}
