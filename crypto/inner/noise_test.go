package inner

import (
	"math/big"
	"testing"
)

// The worst case by design: every error is 19, the largest that the sampler
// returns, every value is rounded by almost ½ the same way, all weights have
// the same sign and use the whole budget (for the large set: as much of it as
// one block of 64-bit weights can). The sum still comes out, mod T, and the
// noise stays within the written bound.
func TestExtremeNoise(t *testing.T) {
	for _, set := range Sets() {
		worst := new(big.Rat)
		var l1 *big.Int
		for _, sign := range []int64{1, -1} {
			noise, used := extreme(t, set, sign)
			if noise.Abs(noise).Cmp(worst) > 0 {
				worst = noise
			}
			l1 = used
		}
		bound, limit := set.noiseBound(l1), set.noiseLimit()
		if worst.Cmp(bound) > 0 || bound.Cmp(limit) >= 0 {
			t.Errorf("%s: measured %v, written bound %v, limit %v", set.name, worst, bound, limit)
		}
		share := func(x *big.Rat) float64 { f, _ := new(big.Rat).Quo(x, limit).Float64(); return f }
		t.Logf("%s: ‖w‖₁ = %v; of the limit 3/(8T): written %.5f, measured %.5f", set.name, l1, share(bound), share(worst))
	}
}

// extreme returns the noise of one cell as a fraction of the circle.
func extreme(t *testing.T, set *Set, sign int64) (*big.Rat, *big.Int) {
	v, w := session(t, set, set.n)
	w.pad = false // the phase is then the value holder's own share
	capT := new(big.Int).Lsh(big.NewInt(1), uint(set.t))
	half := new(big.Int).Rsh(capT, 1)
	// f·Q ≡ −(T/2 − 1) mod T, so that rounding adds (T/2 − 1)/T.
	f := new(big.Int).Sub(big.NewInt(1), half)
	f.Mul(f, new(big.Int).ModInverse(set.q, capT)).Mod(f, capT)
	if f.Cmp(half) >= 0 {
		f.Sub(f, capT)
	}
	values, e := make([]int64, set.n), make([]int64, set.n)
	for k := range values {
		values[k], e[k] = f.Int64(), tailBound
	}
	b := set.newPoly()
	set.blockElement(v.seed, 0, 0, b)
	v.seal(b, e, values)
	packed := make([]byte, set.polySize())
	set.packPoly(packed, b)

	each := new(big.Int).Quo(set.MaxWeight(), big.NewInt(int64(set.n)))
	if !each.IsInt64() {
		each.SetInt64(1<<62 + 12345)
	}
	entries := make([]Entry, set.n)
	for k := range entries {
		entries[k] = Entry{uint32(k), 0, sign * each.Int64()}
	}
	c := multiply(t, w, 0, packed, [][]Entry{entries}, 1)[0][0]
	l1 := new(big.Int).Mul(each, big.NewInt(int64(set.n)))
	sum := new(big.Int).Mul(l1, f)
	sum.Mul(sum, big.NewInt(sign))

	got := big.NewInt(Combine(set, open(t, v, c), c.share))
	if new(big.Int).Mod(got.Sub(got, sum), capT).Sign() != 0 {
		t.Errorf("%s: the sum is wrong in the worst case", set.name)
	}
	full := v.openFull(fold(t, v, c.hint), c.y)
	phase := new(big.Int).Lsh(new(big.Int).SetUint64(full.hi), 64)
	phase.Add(phase, new(big.Int).SetUint64(full.lo))
	circle := new(big.Int).Lsh(big.NewInt(1), uint(set.kappa))
	phase.Sub(phase, sum.Lsh(sum, uint(set.kappa-set.t))).Mod(phase, circle)
	if phase.Cmp(new(big.Int).Rsh(circle, 1)) > 0 {
		phase.Sub(phase, circle)
	}
	return new(big.Rat).SetFrac(phase, circle), l1
}
