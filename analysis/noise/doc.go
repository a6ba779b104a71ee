// Package noise draws the noise of a differentially private release, and says
// how large it gets.
//
//	Laplace   Pr[x] ∝ exp(−|x|/scale)          pure ε for one number
//	Gaussian  Pr[x] ∝ exp(−x²/(2·variance))    zCDP, for many numbers
//
// Both are over the integers, and both are sampled exactly: with rationals of
// any size and uniform bits, never with floating point, whose rounding would
// show in the low bits of a noisy number what the number was (R15; Mironov
// 2012, "On Significance of the Least Significant Bits for Differential
// Privacy"). The samplers are Algorithms 1 to 3 of Canonne, Kamath, Steinke
// 2020, "The Discrete Gaussian for Differential Privacy".
//
// Bounds err to one side and are computed with integers alone, so that every
// node gets the same ones: what is called a bound of a probability is one.
//
// The time that sampling takes depends on what is drawn. Nobody but the node
// that draws sees it in isolation; nodes send the cells of a run together.
package noise

import "math/big"

// Noise is a distribution over the integers, symmetric about 0.
type Noise interface {
	// Sample draws from it. The error is the source's.
	Sample(in *Source) (*big.Int, error)
	// Beyond returns an n ≥ 1 with Pr[X ≥ n] ≤ p, 0 < p < 1.
	Beyond(p *big.Rat) *big.Int
	// HalfWidth returns a w with Pr[|X| ≤ w] ≥ 95 %.
	HalfWidth() *big.Int
	// Variance is about the expected square.
	Variance() *big.Rat
}

// Clip cuts a sample off at ±bound. The caller counts the probability of that
// into its δ.
func Clip(x, bound *big.Int) *big.Int {
	if x.CmpAbs(bound) <= 0 {
		return x
	}
	if x.Sign() < 0 {
		return new(big.Int).Neg(bound)
	}
	return new(big.Int).Set(bound)
}
