//go:build amd64 && !purego

package curve

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	fp "github.com/cloudflare/circl/math/fp25519"
)

// ifmaBound is the bound of limbs that ifma_amd64.s promises and demands.
const ifmaBound = 1<<51 + 1<<16

// hasIFMA says in the log why a test ends early.
func hasIFMA(t *testing.T) bool {
	t.Helper()
	if slices.Contains(engines(), engine(ifma{})) {
		return true
	}
	t.Log("this processor has no AVX-512 IFMA, so this path does not run on it")
	return false
}

// filled8 returns limbs that are, by lane: all at the bound less one, all zero,
// alternately one or the other, p, and random below the bound.
func filled8(r *rand.Rand) (z fe8) {
	const top = ifmaBound - 1
	for i := range uint64(5) {
		p := uint64(limb51)
		if i == 0 {
			p -= 18
		}
		for j, v := range [8]uint64{top, 0, top * (i % 2), top * (1 - i%2),
			p, r.Uint64N(top + 1), top - r.Uint64N(3), r.Uint64N(3)} {
			z[8*int(i)+j] = v
		}
	}
	return z
}

// shuffled8 moves every value to another lane, so that pairs vary.
func shuffled8(r *rand.Rand, z fe8) (out fe8) {
	for j, from := range r.Perm(8) {
		for i := range 5 {
			out[8*i+j] = z[8*i+from]
		}
	}
	return out
}

func (z *fe8) value(j int) *big.Int {
	sum := new(big.Int)
	for i := range 5 {
		limb := new(big.Int).SetUint64(z[8*i+j])
		sum.Add(sum, limb.Lsh(limb, uint(51*i)))
	}
	return sum
}

func prime() *big.Int {
	p := new(big.Int).Lsh(big.NewInt(1), 255)
	return p.Sub(p, big.NewInt(19))
}

// check8 demands the values mod p and limbs below the bound.
func check8(t *testing.T, name string, got *fe8, want func(j int) *big.Int) {
	t.Helper()
	for j := range 8 {
		diff := new(big.Int).Sub(got.value(j), want(j))
		if diff.Mod(diff, prime()).Sign() != 0 {
			t.Fatalf("%s: lane %d is wrong", name, j)
		}
		for i := range 5 {
			if got[8*i+j] >= ifmaBound {
				t.Fatalf("%s: limb %d of lane %d is %d, bound %d", name, i, j, got[8*i+j], uint64(ifmaBound))
			}
		}
	}
}

func TestIFMAAtItsBounds(t *testing.T) {
	if !hasIFMA(t) {
		return
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		x, y := filled8(r), shuffled8(r, filled8(r))
		of := func(f func(z, x, y *big.Int) *big.Int) func(int) *big.Int {
			return func(j int) *big.Int { return f(new(big.Int), x.value(j), y.value(j)) }
		}
		var z fe8
		ifmaMul(&z, &x, &y)
		check8(t, "ifmaMul", &z, of((*big.Int).Mul))
		ifmaAdd(&z, &x, &y)
		check8(t, "ifmaAdd", &z, of((*big.Int).Add))
		ifmaSub(&z, &x, &y)
		check8(t, "ifmaSub", &z, of((*big.Int).Sub))

		pair := [2]fe8{x, y}
		ifmaSqrN(&pair, 3)
		for h, v := range []fe8{x, y} {
			check8(t, "ifmaSqrN", &pair[h], func(j int) *big.Int {
				return new(big.Int).Exp(v.value(j), big.NewInt(8), prime())
			})
		}

		lanes := r.Uint64N(256)
		z = x
		ifmaSelect(&z, &y, lanes)
		for at := range z {
			if want := []uint64{x[at], y[at]}[lanes>>(at%8)&1]; z[at] != want {
				t.Fatalf("ifmaSelect with lanes %b took the wrong one in lane %d", lanes, at%8)
			}
		}

		z = x
		zeros := ifmaFreeze(&z)
		for j := range 8 {
			want := new(big.Int).Mod(x.value(j), prime())
			if z.value(j).Cmp(want) != 0 || zeros>>j&1 == 1 != (want.Sign() == 0) {
				t.Fatalf("ifmaFreeze: lane %d is wrong", j)
			}
		}
		y = x
		ifmaMul(&x, &x, &x) // in place
		ifmaMul(&z, &y, &y)
		if x != z {
			t.Fatal("ifmaMul in place differs")
		}
	}
}

// A step on limbs at their bounds: the doubled point and the sum by the
// formulas of RFC 7748, section 5, on integers.
func TestIFMAStepAtItsBounds(t *testing.T) {
	if !hasIFMA(t) {
		return
	}
	r := rand.New(rand.NewPCG(5, 6))
	for n := range 1000 {
		s := aligned[ifmaState]()
		s.u = filled8(r)
		for _, v := range []*fe8{&s.a, &s.b, &s.c, &s.d} {
			*v = shuffled8(r, filled8(r))
		}
		before := *s
		second := -uint64(n % 2)
		ifmaStep(s, second)
		for name, got := range map[string]*fe8{"a": &s.a, "b": &s.b, "c": &s.c, "d": &s.d} {
			check8(t, "ifmaStep "+name, got, func(j int) *big.Int { return stepped(&before, j, second != 0)[name] })
		}
	}
}

// stepped is ifmaStep on lane j.
func stepped(s *ifmaState, j int, second bool) map[string]*big.Int {
	mul := func(x, y *big.Int) *big.Int { z := new(big.Int).Mul(x, y); return z.Mod(z, prime()) }
	add := func(x, y *big.Int) *big.Int { return new(big.Int).Add(x, y) }
	sub := func(x, y *big.Int) *big.Int { return new(big.Int).Sub(x, y) }
	u, a, b, c, d := s.u.value(j), s.a.value(j), s.b.value(j), s.c.value(j), s.d.value(j)
	da, cb := mul(d, a), mul(c, b)
	x3, z3 := mul(add(da, cb), add(da, cb)), mul(u, mul(sub(da, cb), sub(da, cb)))
	if second {
		a, b = c, d
	}
	aa, bb := mul(a, a), mul(b, b)
	e := sub(aa, bb)
	x2, z2 := mul(aa, bb), mul(e, add(bb, mul(big.NewInt(a24), e)))
	return map[string]*big.Int{"a": add(x2, z2), "b": sub(x2, z2), "c": add(x3, z3), "d": sub(x3, z3)}
}

func TestIFMASetGet(t *testing.T) {
	if !hasIFMA(t) {
		return
	}
	for _, p := range edgePoints() {
		var z fe8
		z.set(5, (*[32]byte)(&p))
		ifmaFreeze(&z)
		var got [32]byte
		z.get(5, &got)
		want := fp.Elt(p)
		fp.Modp(&want)
		if got != want {
			t.Fatalf("%x came back as %x", p, got)
		}
	}
}
