package inner

import (
	"math/bits"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// cell re-randomises one hint and its β and masks the result. u, e0, e1 and r
// are fresh for every cell, also for cells of equal weights: with the same u
// the value holder could subtract one c1 from another and see the difference
// of two hints.
func (w *Weights) cell(index, cell int, hint poly, beta []uint64) Cell {
	s := w.set
	x := privateXOF(w.noise, "cell", s, index, cell)
	u := make([]int8, s.n)
	x.ternary(u)
	if !w.blind {
		clear(u)
	}
	c1 := w.blinded(hint, u, x)
	width := s.kappa / 8
	out := make([]byte, s.CellSize())
	for k := range s.n {
		put(out[k*width:(k+1)*width], s.toKappa(func(i int) uint64 { return c1[i][k] }))
	}

	c0 := w.constantTerm(beta, u, x.gaussian())
	r := uint128{x.word(), x.word()}.low(s.kappa)
	if !w.pad {
		r = uint128{}
	}
	y := s.toKappa(func(i int) uint64 { return c0[i] }).add(r).low(s.kappa)
	put(out[s.n*width:], y)
	return Cell{Bytes: out, Share: s.top(uint128{}.sub(r).low(s.kappa))}
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
