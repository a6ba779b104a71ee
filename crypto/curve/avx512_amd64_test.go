//go:build amd64 && !purego

package curve

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/cpu"
)

// Bounds of limbs, even and odd, that avx512_amd64.s promises and demands.
var (
	reducedBound = [2]uint64{1 << 26, 1<<25 + 1<<17}
	operandBound = [2]uint64{3 << 26, 3<<25 + 1<<17}
)

// filled returns lanes whose limbs are, by lane: all at the bound less one, all
// zero, alternately one or the other, and random below the bound.
func filled(r *rand.Rand, bound [2]uint64) (l lanes) {
	for i := range 10 {
		top := bound[i%2] - 1
		for j, v := range [8]uint64{top, 0, top * uint64(i%2), top * uint64(1-i%2),
			r.Uint64N(top + 1), r.Uint64N(top + 1), top - r.Uint64N(3), r.Uint64N(3)} {
			l[8*i+j] = v
		}
	}
	return l
}

// shuffled moves every value to another lane, so that pairs vary.
func shuffled(r *rand.Rand, l lanes) (out lanes) {
	for j, from := range r.Perm(8) {
		for i := range 10 {
			out[8*i+j] = l[8*i+from]
		}
	}
	return out
}

func value(l *lanes, j int) *big.Int {
	sum := new(big.Int)
	for i := range 10 {
		at, _ := position(i)
		limb := new(big.Int).SetUint64(l[8*i+j])
		sum.Add(sum, limb.Lsh(limb, uint(at)))
	}
	return sum
}

// checkLanes demands the values mod p and limbs below the bound.
func checkLanes(t *testing.T, name string, got *lanes, bound [2]uint64, want func(j int) *big.Int) {
	t.Helper()
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	for j := range 8 {
		diff := new(big.Int).Sub(value(got, j), want(j))
		if diff.Mod(diff, p).Sign() != 0 {
			t.Fatalf("%s: lane %d is wrong", name, j)
		}
		for i := range 10 {
			if got[8*i+j] >= bound[i%2] {
				t.Fatalf("%s: limb %d of lane %d is %d, bound %d", name, i, j, got[8*i+j], bound[i%2])
			}
		}
	}
}

func TestLanesAtTheirBounds(t *testing.T) {
	if !cpu.X86.HasAVX512F {
		t.Log("this processor has no AVX-512F, so this path does not run on it")
		return
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		x, y := filled(r, operandBound), shuffled(r, filled(r, operandBound))
		a, b := filled(r, reducedBound), shuffled(r, filled(r, reducedBound))
		var z lanes
		two := func(f func(z, x, y *big.Int) *big.Int, x, y *lanes) func(int) *big.Int {
			return func(j int) *big.Int { return f(new(big.Int), value(x, j), value(y, j)) }
		}
		mul8(&z, &x, &y)
		checkLanes(t, "mul8", &z, reducedBound, two((*big.Int).Mul, &x, &y))
		sqr8(&z, &x)
		checkLanes(t, "sqr8", &z, reducedBound, two((*big.Int).Mul, &x, &x))
		mulSmallAdd8(&z, &x, &a)
		checkLanes(t, "mulSmallAdd8", &z, reducedBound, func(j int) *big.Int {
			v := new(big.Int).Mul(value(&x, j), big.NewInt(a24))
			return v.Add(v, value(&a, j))
		})
		sub8(&z, &a, &b)
		checkLanes(t, "sub8", &z, operandBound, two((*big.Int).Sub, &a, &b))
		sum, diff := a, b
		addSub8(&sum, &diff)
		checkLanes(t, "addSub8 sum", &sum, operandBound, two((*big.Int).Add, &a, &b))
		checkLanes(t, "addSub8 difference", &diff, operandBound, two((*big.Int).Sub, &a, &b))
		z, sum = x, y
		swap8(&z, &sum, 0)
		if z != x || sum != y {
			t.Fatal("swap8 exchanged on 0")
		}
		swap8(&z, &sum, 1)
		if z != y || sum != x {
			t.Fatal("swap8 did not exchange on 1")
		}
		mul8(&x, &x, &x) // in place
		sqr8(&z, &sum)
		if x != z {
			t.Fatal("mul8 in place differs from sqr8")
		}
	}
}

func TestLanesSetGet(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		var p Point
		for i := range p {
			p[i] = byte(r.Uint64())
		}
		p[31] &= 0x7f
		var l lanes
		l.set(5, &p)
		if got := l.get(5); Point(got) != p {
			t.Fatalf("%x came back as %x", p, got)
		}
	}
}
