package curve

import (
	"crypto/rand"
	"errors"
	"testing"

	fp "github.com/cloudflare/circl/math/fp25519"
)

func validate(t *testing.T, points []Point) error {
	t.Helper()
	var seed [32]byte
	rand.Read(seed[:])
	return Validate(t.Context(), points, seed, nil)
}

// onTwist returns a u-coordinate that is not on the curve.
func onTwist() Point {
	for u := elt(2); ; u[0]++ {
		if g := rightSide(&u); isSquare(&g) == 0 {
			return Point(u)
		}
	}
}

func TestValidateAcceptsHashedPoints(t *testing.T) {
	for _, n := range []int{0, 1, 3, 4, 5, chunk, 2*chunk + 3} {
		if err := validate(t, hashed(t, n)); err != nil {
			t.Errorf("%d points: %v", n, err)
		}
	}
}

// Each twist case passes by luck with probability 2^-64.
func TestValidateRefuses(t *testing.T) {
	p := Point(fp.P())
	add := func(x Point, n byte) Point { x[0] += n; return x }
	high := Point{9}
	high[31] |= 0x80
	cases := []struct {
		name string
		bad  Point
		want error
	}{
		{"p", p, ErrNonCanonical},
		{"p+1", add(p, 1), ErrNonCanonical},
		{"2^255-1", add(p, 18), ErrNonCanonical},
		{"bit 255", high, ErrNonCanonical},
		{"twist", onTwist(), ErrTwist},
	}
	for _, low := range smallOrder {
		cases = append(cases, struct {
			name string
			bad  Point
			want error
		}{"low order", low, ErrLowOrder})
	}
	for _, c := range cases {
		for _, at := range []int{0, 6, chunk + 2} {
			points := hashed(t, chunk+3)
			points[at] = c.bad
			if err := validate(t, points); !errors.Is(err, c.want) {
				t.Errorf("%s at %d: %v", c.name, at, err)
			}
		}
	}
}

// An even number of twist points, also inside one group of four, must not
// cancel out. Failure by luck: 2^-64 each.
func TestValidateSeesPairsOfTwistPoints(t *testing.T) {
	for _, at := range [][]int{{0, 1}, {0, 5}, {0, 1, 2, 3}, {1, chunk + 1}} {
		points := hashed(t, chunk+3)
		for _, i := range at {
			points[i] = onTwist()
		}
		if err := validate(t, points); !errors.Is(err, ErrTwist) {
			t.Errorf("twist points at %v: %v", at, err)
		}
	}
}

// The list of small orders is complete: doubling any of its entries twice more
// gives the identity, and 1 and -1 have just two halves each on curve or twist.
func TestSmallOrder(t *testing.T) {
	order8 := 0
	for i := range smallOrder {
		x, z := fp.Elt(smallOrder[i]), elt(1)
		for range 3 {
			double(&x, &z)
		}
		if isZero(&z) != 1 {
			t.Errorf("entry %d: 8P is not the identity", i)
		}
		// Half of u = 1: (u²-1)² = 4u(u²+Au+1).
		u := fp.Elt(smallOrder[i])
		one, four := elt(1), elt(4)
		var left fp.Elt
		fp.Sqr(&left, &u)
		fp.Sub(&left, &left, &one)
		fp.Sqr(&left, &left)
		right := rightSide(&u)
		fp.Mul(&right, &right, &four)
		fp.Sub(&left, &left, &right)
		order8 += int(isZero(&left))
	}
	if order8 != 2 {
		t.Errorf("%d points of order 8 double to u = 1, want 2", order8)
	}
}

func TestIsSquare(t *testing.T) {
	for n := range uint64(50) {
		e := elt(n)
		fp.Sqr(&e, &e)
		if isSquare(&e) != 1 {
			t.Errorf("%d² is said not to be a square", n)
		}
		two := elt(2) // not a square mod p, as p = 5 mod 8
		fp.Mul(&e, &e, &two)
		if n > 0 && isSquare(&e) != 0 {
			t.Errorf("2·%d² is said to be a square", n)
		}
	}
}
