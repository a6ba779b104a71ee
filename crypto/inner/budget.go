package inner

import (
	"errors"
	"fmt"
	"math/big"
)

// Bounds of one noise coefficient: |e| ≤ 6σ = 19.2, and rounding ⌊fQ/T⌉ adds ½.
var (
	errorBound    = big.NewRat(192, 10)
	perWeight     = big.NewRat(197, 10)
	constantNoise = big.NewRat(20, 1)
)

// noiseBound is the written budget as a fraction of the circle:
//
//	(‖w‖₁·19.7 + 2N·19.2 + 20)/Q + (N/2+1)/2^κ
//
// The terms are: errors and rounding of the values, e_pk·u and e1·s, e0, and
// the rounding of c1′ (½ for each coefficient times ternary s) and of y.
func (s *Set) noiseBound(l1 *big.Int) *big.Rat {
	b := new(big.Rat).Mul(new(big.Rat).SetInt(l1), perWeight)
	b.Add(b, new(big.Rat).Mul(big.NewRat(int64(2*s.n), 1), errorBound))
	b.Add(b, constantNoise)
	b.Quo(b, new(big.Rat).SetInt(s.q))
	return b.Add(b, s.roundingBound())
}

func (s *Set) roundingBound() *big.Rat {
	return new(big.Rat).SetFrac(big.NewInt(int64(s.n/2+1)), new(big.Int).Lsh(big.NewInt(1), uint(s.kappa)))
}

// noiseLimit is 3/(8T): two floors to t+3 bits lose less than 2/8 of a unit,
// so sums stay within (−5/8, 3/8) of the truth, and adding 4/8 makes the floor
// exact.
func (s *Set) noiseLimit() *big.Rat {
	return new(big.Rat).SetFrac(big.NewInt(3), new(big.Int).Lsh(big.NewInt(8), uint(s.t)))
}

// budget is the largest ‖w‖₁ with noiseBound strictly below noiseLimit.
func (s *Set) budget() *big.Int {
	room := new(big.Rat).Sub(s.noiseLimit(), s.noiseBound(new(big.Int)))
	room.Mul(room, new(big.Rat).SetInt(s.q))
	room.Quo(room, perWeight)
	l1 := new(big.Int).Quo(room.Num(), room.Denom())
	if s.noiseBound(l1).Cmp(s.noiseLimit()) >= 0 {
		l1.Sub(l1, big.NewInt(1))
	}
	return l1
}

// Choose returns the smallest set whose written budget holds for declared
// bounds: ‖w‖₁ ≤ slots·maxW, and |Σ w·f| ≤ maxSum with noise below T/2, so
// that no sum wraps. All bounds are public and declared, never measured from
// data. The error names the bound that no set meets.
func Choose(slots int, maxW, maxSum *big.Int) (*Set, error) {
	if err := checkSlots(slots); err != nil {
		return nil, err
	}
	if maxW == nil || maxSum == nil || maxW.Sign() < 0 || maxSum.Sign() < 0 {
		return nil, errors.New("inner: declared bounds must not be negative")
	}
	l1 := new(big.Int).Mul(big.NewInt(int64(slots)), maxW)
	refusal := errors.New("inner: no parameter sets")
	for _, s := range Sets() {
		if refusal = s.holds(l1, maxSum); refusal == nil {
			return s, nil
		}
	}
	return nil, refusal
}

func (s *Set) holds(l1, sum *big.Int) error {
	if sum.Cmp(s.MaxSum()) > 0 {
		return fmt.Errorf("inner: sums declared up to %v would wrap: set %s holds |sum| ≤ %v", sum, s.name, s.MaxSum())
	}
	if l1.Cmp(s.maxL1) > 0 {
		return fmt.Errorf("inner: slots times largest weight is declared as %v: set %s holds at most %v", l1, s.name, s.maxL1)
	}
	return nil
}
