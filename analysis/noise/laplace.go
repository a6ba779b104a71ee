package noise

import "math/big"

type laplace struct{ scale *big.Rat }

// NewLaplace is the discrete Laplace distribution of a scale above 0. Added to
// a number that one unit changes by at most d, it costs ε = d/scale.
func NewLaplace(scale *big.Rat) Noise { return laplace{scale} }

// Sample is Algorithm 2.
func (l laplace) Sample(in *Source) (*big.Int, error) {
	t, s := l.scale.Num(), l.scale.Denom()
	for {
		x, ok, err := in.geometric(t)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		x.Quo(x, s)
		negative, err := in.chance(one, big.NewInt(2))
		switch {
		case err != nil:
			return nil, err
		case negative && x.Sign() == 0: // 0 would come up twice as often
			continue
		case negative:
			return x.Neg(x), nil
		}
		return x, nil
	}
}

// geometric draws x ≥ 0 with Pr[x] ∝ exp(−x/t), or nothing.
func (s *Source) geometric(t *big.Int) (*big.Int, bool, error) {
	u, err := s.below(t)
	if err != nil {
		return nil, false, err
	}
	if ok, err := s.chanceExpOne(u, t); !ok || err != nil {
		return nil, false, err
	}
	for {
		more, err := s.chanceExpOne(one, one)
		if !more || err != nil {
			return u, err == nil, err
		}
		u.Add(u, t)
	}
}

// Beyond: with r = exp(−1/scale), Pr[X ≥ n] = rⁿ/(1+r), and r ≥ 1 − 1/scale.
func (l laplace) Beyond(p *big.Rat) *big.Int {
	x := new(big.Rat).Set(p)
	if below := new(big.Rat).Inv(l.scale); below.Cmp(ratOne) < 0 {
		x.Mul(x, below.Sub(big.NewRat(2, 1), below))
	}
	n := ceil(new(big.Rat).Mul(l.scale, logAbove(x.Inv(x))))
	return atLeastOne(n)
}

// HalfWidth follows from Pr[|X| > w] = 2·Pr[X ≥ w+1].
func (l laplace) HalfWidth() *big.Int {
	n := l.Beyond(big.NewRat(1, 40))
	return n.Sub(n, one)
}

// Variance is 2·scale², which the discrete one's is a little below.
func (l laplace) Variance() *big.Rat {
	v := new(big.Rat).Mul(l.scale, l.scale)
	return v.Add(v, v)
}

func atLeastOne(n *big.Int) *big.Int {
	if n.Sign() <= 0 {
		return n.SetInt64(1)
	}
	return n
}
