package noise

import "math/big"

var ratOne = big.NewRat(1, 1)

func floor(x *big.Rat) *big.Int {
	return new(big.Int).Div(x.Num(), x.Denom()) // rounds down, the divisor being above 0
}

func ceil(x *big.Rat) *big.Int {
	n, rest := new(big.Int).DivMod(x.Num(), x.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		n.Add(n, one)
	}
	return n
}

// rootAbove is the smallest n ≥ 0 with n² ≥ x.
func rootAbove(x *big.Rat) *big.Int {
	least := ceil(x)
	n := new(big.Int).Sqrt(least)
	if new(big.Int).Mul(n, n).Cmp(least) < 0 {
		n.Add(n, one)
	}
	return n
}

// fraction is how many bits logarithms have after the point.
const fraction = 128

// logAbove is a rational not below ln x, nor above it by more than 2^-100, for
// x ≥ 1; 0 for smaller x.
func logAbove(x *big.Rat) *big.Rat {
	if x.Cmp(ratOne) <= 0 {
		return new(big.Rat)
	}
	// x = 2^k·y with 1 ≤ y < 2
	k := x.Num().BitLen() - x.Denom().BitLen()
	y := new(big.Rat).SetFrac(x.Num(), new(big.Int).Lsh(x.Denom(), uint(k)))
	if y.Cmp(ratOne) < 0 {
		k--
		y.Add(y, y)
	}
	sum := series(y)
	sum.Add(sum, new(big.Int).Mul(big.NewInt(int64(k)), series(big.NewRat(2, 1))))
	return new(big.Rat).SetFrac(sum, new(big.Int).Lsh(one, fraction))
}

// series is ln y for 1 ≤ y ≤ 2, rounded up: 2·Σ z^(2j+1)/(2j+1) with
// z = (y−1)/(y+1) ≤ 1/3, after whose first 60 terms less than 2^-190 is left.
func series(y *big.Rat) *big.Int {
	z := new(big.Rat).Quo(new(big.Rat).Sub(y, ratOne), new(big.Rat).Add(y, ratOne))
	unit := new(big.Int).Lsh(one, fraction)
	power := ceil(new(big.Rat).Mul(z, new(big.Rat).SetInt(unit)))
	square := new(big.Int).Mul(power, power)
	square.Rsh(square, fraction).Add(square, one)
	sum := new(big.Int)
	for j := int64(0); j < 60; j++ {
		term := new(big.Int).Quo(power, big.NewInt(2*j+1))
		sum.Add(sum, term.Add(term, one))
		power.Mul(power, square).Rsh(power, fraction).Add(power, one)
	}
	return sum.Add(sum, sum).Add(sum, one)
}

// ExpAbove is a rational not below exp(x), for 0 ≤ x ≤ 1,000, of a short
// denominator.
func ExpAbove(x *big.Rat) *big.Rat {
	// The terms beyond n > 2x are together no more than the n-th.
	terms := 2*floor(x).Int64() + 64
	sum, term := new(big.Rat).Set(ratOne), new(big.Rat).Set(ratOne)
	for j := int64(1); j <= terms; j++ {
		term = up(term.Mul(term, x).Quo(term, big.NewRat(j, 1)))
		sum.Add(sum, term)
	}
	return up(sum.Add(sum, term))
}

// up rounds up to 2^-64.
func up(x *big.Rat) *big.Rat {
	unit := new(big.Int).Lsh(one, 64)
	return new(big.Rat).SetFrac(ceil(new(big.Rat).Mul(x, new(big.Rat).SetInt(unit))), unit)
}

// Rho is the largest multiple of 2^-40 for which ρ-zCDP implies (ε, δ):
// ρ + 2·√(ρ·ln(1/δ)) ≤ ε (Bun, Steinke 2016, Proposition 1.3).
func Rho(epsilon, delta *big.Rat) *big.Rat {
	unit := new(big.Int).Lsh(one, 40)
	log := logAbove(new(big.Rat).Inv(delta))
	low, high := new(big.Int), ceil(new(big.Rat).Mul(epsilon, new(big.Rat).SetInt(unit)))
	for new(big.Int).Sub(high, low).Cmp(one) > 0 {
		mid := new(big.Int).Add(low, high)
		mid.Rsh(mid, 1)
		rho := new(big.Rat).SetFrac(mid, unit)
		rest := new(big.Rat).Sub(epsilon, rho)
		need := new(big.Rat).Mul(rho, log)
		need.Mul(need, big.NewRat(4, 1))
		if rest.Sign() >= 0 && rest.Mul(rest, rest).Cmp(need) >= 0 {
			low = mid
		} else {
			high = mid
		}
	}
	return new(big.Rat).SetFrac(low, unit)
}
