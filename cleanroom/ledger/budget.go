package ledger

import (
	"errors"
	"math"
	"math/big"
)

// Cost is a privacy loss. Rho is nil where it is not known: such a run cannot
// be counted by zCDP.
type Cost struct {
	Epsilon, Delta, Rho *big.Rat
}

// Budget bounds the loss of all runs of a period of Days days; 0: for ever.
type Budget struct {
	Epsilon, Delta *big.Rat
	Days           int
}

var errNumber = errors.New("the ledger holds something that is not a number")

// ParseCost reads rationals as text ("1/2", "0.5"). An empty text of all three
// is no loss; rho may be "0" or empty for a mechanism that is not Gaussian.
func ParseCost(epsilon, delta, rho string) (Cost, error) {
	if epsilon == "" && delta == "" {
		return Cost{new(big.Rat), new(big.Rat), new(big.Rat)}, nil
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
		// Proposition 1.4). Delta is what noisy thresholds add; it is summed
		// on its own below.
		c.Rho = new(big.Rat).Mul(c.Epsilon, c.Epsilon)
		c.Rho.Quo(c.Rho, big.NewRat(2, 1))
	}
	return c, nil
}

// Add is the loss of both.
func (c Cost) Add(d Cost) Cost { return c.plus(d, 1) }

// plus is the loss of c and n times d.
func (c Cost) plus(d Cost, n int64) Cost {
	add := func(a, b *big.Rat) *big.Rat {
		x := new(big.Rat).SetInt64(n)
		return x.Mul(x, b).Add(x, a)
	}
	return Cost{add(c.Epsilon, d.Epsilon), add(c.Delta, d.Delta), add(c.Rho, d.Rho)}
}

// Zero reports whether nothing is lost.
func (c Cost) Zero() bool { return c.Epsilon.Sign() == 0 && c.Delta.Sign() == 0 && c.Rho.Sign() == 0 }

// Holds reports whether a total loss is within the budget: by adding up
// epsilon and delta (basic composition), or by adding up rho.
func (b Budget) Holds(total Cost) bool {
	if total.Delta.Cmp(b.Delta) > 0 {
		return false
	}
	return total.Epsilon.Cmp(b.Epsilon) <= 0 || b.holdsConcentrated(total)
}

// holdsConcentrated: rho-zCDP is (rho + 2·sqrt(rho·ln(1/d)), d)-DP for any d
// above 0 (Bun and Steinke 2016, Proposition 1.3). d is what the budget's delta
// leaves over the deltas charged, which thresholds and truncated noise need.
// Every step is rounded up by more than its error: a float64 has a relative
// error of 2⁻⁵³, and the slack is 2⁻³⁰ of the result.
func (b Budget) holdsConcentrated(total Cost) bool {
	left, _ := new(big.Rat).Sub(b.Delta, total.Delta).Float64()
	rho, _ := total.Rho.Float64()
	if !(left > 1e-300) || math.IsInf(rho, 0) {
		return false
	}
	const up = 1 + 1.0/(1<<30)
	epsilon := (rho + 2*math.Sqrt(rho*math.Log(1/left))) * up
	if math.IsNaN(epsilon) || math.IsInf(epsilon, 0) {
		return false
	}
	return new(big.Rat).SetFloat64(epsilon).Cmp(b.Epsilon) <= 0
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
