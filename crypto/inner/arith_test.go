package inner

import (
	"math"
	"math/big"
	mrand "math/rand/v2"
	"testing"
)

func (a uint128) big() *big.Int {
	x := new(big.Int).SetUint64(a.hi)
	return x.Or(x.Lsh(x, 64), new(big.Int).SetUint64(a.lo))
}

// Encoding is ⌊fQ/T⌉ and scaling is ⌊2^κ·c/Q⌉, at the edges and at random.
func TestEncodingAndScaling(t *testing.T) {
	r := mrand.New(mrand.NewPCG(7, 8))
	for _, set := range Sets() {
		capT := new(big.Int).Lsh(big.NewInt(1), uint(set.t))
		circle := new(big.Int).Lsh(big.NewInt(1), uint(set.kappa))
		top := set.MaxSum().Int64()
		for _, f := range []int64{0, 1, -1, top, -top, r.Int64() & top, -(r.Int64() & top), r.Int64() & top} {
			want := round(new(big.Int).Mul(big.NewInt(f), set.q), capT)
			for i, q := range set.primes {
				m := new(big.Int).SetUint64(q)
				if got := set.encode(i, f); got != new(big.Int).Mod(want, m).Uint64() {
					t.Errorf("%s: encode(%d) mod prime %d = %d", set.name, f, i, got)
				}
			}
		}
		for n := range 200 {
			c := new(big.Int).Mul(set.q, big.NewInt(int64(n)))
			c.Div(c, big.NewInt(200)) // multiples of Q/200, 0 included
			if n%2 == 1 {
				c.Sub(set.q, big.NewInt(int64(n))) // just below Q: rounds to 0
			}
			got := set.toKappa(func(i int) uint64 {
				return new(big.Int).Mod(c, new(big.Int).SetUint64(set.primes[i])).Uint64()
			})
			want := round(new(big.Int).Lsh(c, uint(set.kappa)), set.q)
			if want.Mod(want, circle); got.big().Cmp(want) != 0 {
				t.Errorf("%s: scaling of %v is %v, want %v", set.name, c, got.big(), want)
			}
		}
	}
}

// round is ⌊a/b⌉ for b > 0.
func round(a, b *big.Int) *big.Int {
	x := new(big.Int).Lsh(a, 1)
	x.Add(x, b)
	return x.Div(x, new(big.Int).Lsh(b, 1))
}

func TestSignedAccumulator(t *testing.T) {
	r := mrand.New(mrand.NewPCG(9, 10))
	q := setNamed(t, "large").primes[0]
	m := new(big.Int).SetUint64(q)
	for range 50 {
		var a acc192
		want := new(big.Int)
		for range 1 + r.IntN(2000) {
			w := r.Int64() >> r.IntN(63)
			switch r.IntN(4) {
			case 0:
				w = -w
			case 1:
				w = math.MinInt64
			}
			b := r.Uint64N(q)
			a.addProduct(w, b)
			want.Add(want, new(big.Int).Mul(big.NewInt(w), new(big.Int).SetUint64(b)))
		}
		if got := a.mod(q); got != want.Mod(want, m).Uint64() {
			t.Fatalf("sum mod q is %d, want %v", got, want)
		}
	}
}
