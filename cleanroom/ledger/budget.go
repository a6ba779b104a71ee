package ledger

import (
	"errors"
	"math"
	"math/big"

	"parley/analysis/noise"
	"parley/cleanroom/store"
)

// Cost is a privacy loss: (Epsilon, Delta) as a whole, and for counting by
// zCDP the Rho of the noise alone with the Slip (plan.DP.Slip) of what is not
// noise alone. Slip is nil where it is not known: such a run cannot be counted
// by zCDP.
type Cost struct {
	Epsilon, Delta, Rho, Slip *big.Rat
}

// NoCost is that of a run without noise.
func NoCost() Cost { return Cost{new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat)} }

// CostOf is what a charge takes.
func CostOf(c store.Charge) (Cost, error) { return ParseCost(c.Epsilon, c.Delta, c.Rho, c.Slip) }

// Budget bounds the loss of all runs of a period of Days days; 0: for ever.
type Budget struct {
	Epsilon, Delta *big.Rat
	Days           int
}

var errNumber = errors.New("the ledger holds something that is not a number")

// ParseCost reads rationals as text ("1/2", "0.5"). An empty text of all is no
// loss; rho may be "0" or empty for a mechanism that is not Gaussian, and slip
// empty where it is not known.
func ParseCost(epsilon, delta, rho, slip string) (Cost, error) {
	if epsilon == "" && delta == "" {
		return NoCost(), nil
	}
	c := Cost{}
	var okE, okD bool
	c.Epsilon, okE = new(big.Rat).SetString(epsilon)
	c.Delta, okD = new(big.Rat).SetString(delta)
	if !okE || !okD || c.Epsilon.Sign() < 0 || c.Delta.Sign() < 0 {
		return c, errNumber
	}
	r, ok := new(big.Rat).SetString(rho)
	switch {
	case rho != "" && (!ok || r.Sign() < 0):
		return c, errNumber
	case rho != "" && (r.Sign() > 0 || c.Epsilon.Sign() == 0):
		c.Rho = r
	default:
		// Pure epsilon-DP is (epsilon²/2)-zCDP (Bun and Steinke 2016,
		// Proposition 1.4). Delta is what noisy thresholds add, which is what
		// Slip is for.
		c.Rho = new(big.Rat).Mul(c.Epsilon, c.Epsilon)
		c.Rho.Quo(c.Rho, big.NewRat(2, 1))
	}
	if slip == "" {
		if c.Delta.Sign() == 0 {
			c.Slip = new(big.Rat)
		}
		return c, nil
	}
	if c.Slip, ok = new(big.Rat).SetString(slip); !ok || c.Slip.Sign() < 0 {
		return c, errNumber
	}
	return c, nil
}

// Add is the loss of both.
func (c Cost) Add(d Cost) Cost { return c.plus(d, 1) }

// plus is the loss of c and n times d.
func (c Cost) plus(d Cost, n int64) Cost {
	add := func(a, b *big.Rat) *big.Rat {
		if a == nil || b == nil {
			return nil
		}
		x := new(big.Rat).SetInt64(n)
		return x.Mul(x, b).Add(x, a)
	}
	return Cost{add(c.Epsilon, d.Epsilon), add(c.Delta, d.Delta), add(c.Rho, d.Rho), add(c.Slip, d.Slip)}
}

// Zero reports whether nothing is lost.
func (c Cost) Zero() bool { return c.Epsilon.Sign() == 0 && c.Delta.Sign() == 0 && c.Rho.Sign() == 0 }

// Holds reports whether a total loss is within the budget: by adding up
// epsilon and delta (basic composition), or by adding up rho.
func (b Budget) Holds(total Cost) bool {
	if total.Epsilon.Cmp(b.Epsilon) <= 0 && total.Delta.Cmp(b.Delta) <= 0 {
		return true
	}
	return b.holdsConcentrated(total)
}

// holdsConcentrated: the noise of all runs together is rho-zCDP, which is
// (rho + 2·sqrt(rho·ln(1/d)), d)-DP for any d above 0 (Bun and Steinke 2016,
// Proposition 1.3). What the runs give differs from what their noise alone
// would, with a probability of at most the sum of their slips, on either of two
// neighbouring inputs; of (epsilon, d)-DP that makes (epsilon, d +
// (1+e^epsilon)·slip)-DP, and here epsilon is the budget's: the factor in a
// run's own Cost.Delta, e^epsilon of that run, is too small for all of them.
//
// Every step is rounded up by more than its error: a float64 has a relative
// error of 2⁻⁵³, and the slack is 2⁻³⁰ of the result.
func (b Budget) holdsConcentrated(total Cost) bool {
	d, ok := b.leftFor(total.Slip)
	if !ok || total.Rho == nil {
		return false
	}
	left, _ := d.Float64()
	rho, _ := total.Rho.Float64()
	if !(left > 1e-300) || math.IsInf(rho, 0) {
		return false
	}
	left = min(left, 0.5) // less than there is; near 1 the logarithm is not exact
	const up = 1 + 1.0/(1<<30)
	epsilon := (rho + 2*math.Sqrt(rho*math.Log(1/left))) * up
	if math.IsNaN(epsilon) || math.IsInf(epsilon, 0) {
		return false
	}
	return new(big.Rat).SetFloat64(epsilon).Cmp(b.Epsilon) <= 0
}

// leftFor is what slips leave of the budget's delta; false if they are not
// known or leave nothing.
func (b Budget) leftFor(slip *big.Rat) (*big.Rat, bool) {
	switch {
	case slip == nil:
		return nil, false
	case slip.Sign() == 0:
		return b.Delta, b.Delta.Sign() > 0
	case b.Epsilon.Cmp(big.NewRat(1000, 1)) > 0: // no agreement has such a budget
		return nil, false
	}
	factor := noise.ExpAbove(b.Epsilon)
	factor.Add(factor, big.NewRat(1, 1))
	d := new(big.Rat).Sub(b.Delta, factor.Mul(factor, slip))
	return d, d.Sign() > 0
}

// manyRuns is as far as More counts.
const manyRuns = 1_000_000

// More is how many runs of a cost the budget still holds after spent, at most
// a million.
func (b Budget) More(spent, cost Cost) int {
	low, high := 0, manyRuns // low runs are held, more than high are not asked about
	for low < high {
		mid := low + (high-low+1)/2
		if b.Holds(spent.plus(cost, int64(mid))) {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}
