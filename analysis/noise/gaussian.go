package noise

import "math/big"

type gaussian struct{ variance *big.Rat }

// NewGaussian is the discrete Gaussian distribution of a variance above 0.
// Added to a number that one unit changes by at most d, it costs
// ρ = d²/(2·variance).
func NewGaussian(variance *big.Rat) Noise { return gaussian{variance} }

// Sample is Algorithm 3: a discrete Laplace sample y of scale t, kept with
// probability exp(−(|y| − variance/t)²/(2·variance)).
func (g gaussian) Sample(in *Source) (*big.Int, error) {
	t := new(big.Int).Sqrt(floor(g.variance))
	t.Add(t, one)
	proposal := laplace{new(big.Rat).SetInt(t)}
	peak := new(big.Rat).Quo(g.variance, proposal.scale)
	twice := new(big.Rat).Add(g.variance, g.variance)
	for {
		y, err := proposal.Sample(in)
		if err != nil {
			return nil, err
		}
		x := new(big.Rat).SetInt(new(big.Int).Abs(y))
		x.Sub(x, peak)
		x.Mul(x, x).Quo(x, twice)
		keep, err := in.chanceExp(x.Num(), x.Denom())
		if err != nil {
			return nil, err
		}
		if keep {
			return y, nil
		}
	}
}

// Beyond: Pr[X ≥ n] ≤ Pr[N ≥ n−1] for a normal N of that variance (Canonne,
// Kamath, Steinke 2020, Proposition 25), and Pr[N ≥ x] ≤ ½·exp(−x²/(2·variance)).
func (g gaussian) Beyond(p *big.Rat) *big.Int {
	x := new(big.Rat).Add(p, p)
	square := logAbove(x.Inv(x))
	square.Mul(square, g.variance)
	n := rootAbove(square.Add(square, square))
	return atLeastOne(n.Add(n, one))
}

// HalfWidth: Pr[|X| > w] ≤ 2·Pr[N ≥ w] ≤ 5 % for w = 1.96 standard deviations.
func (g gaussian) HalfWidth() *big.Int {
	return rootAbove(new(big.Rat).Mul(g.variance, big.NewRat(196*196, 100*100)))
}

// Variance is the normal distribution's, which the discrete one's is below.
func (g gaussian) Variance() *big.Rat { return g.variance }
