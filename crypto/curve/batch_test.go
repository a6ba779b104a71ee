package curve

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"testing"

	"filippo.io/edwards25519"
	fp "github.com/cloudflare/circl/math/fp25519"
)

// hashed returns n points of prime order.
func hashed(t testing.TB, n int) []Point {
	t.Helper()
	out := make([]Point, n)
	message := func(i int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)) }
	if err := HashToCurve(context.Background(), out, []byte("test"), message, nil); err != nil {
		t.Fatal(err)
	}
	return out
}

func drawn(t testing.TB) Scalar {
	t.Helper()
	k, err := NewScalar(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func exp(t testing.TB, points []Point, k Scalar) []Point {
	t.Helper()
	out := make([]Point, len(points))
	if err := ExpInto(context.Background(), out, points, k, nil); err != nil {
		t.Fatal(err)
	}
	return out
}

func equal(a, b []Point) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// The ladder must agree with an independent implementation on batches that
// fill, exceed and fall short of a chunk.
func TestExpAgreesWithECDH(t *testing.T) {
	points := hashed(t, chunk+9)
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k := [32]byte(key.Bytes())
	k[0] &= 248
	k[31] = k[31]&127 | 64
	got := make([]Point, chunk)
	portable{}.exp(got, points[:chunk], &k)
	for _, e := range engines() {
		for n := range 18 {
			some := make([]Point, n)
			if e.exp(some, points[:n], &k); !equal(some, got[:n]) {
				t.Fatalf("%s differs on %d points", e.name(), n)
			}
		}
	}
	for i := range got {
		public, err := ecdh.X25519().NewPublicKey(points[i][:])
		if err != nil {
			t.Fatal(err)
		}
		want, err := key.ECDH(public)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got[i][:], want) {
			t.Fatalf("point %d: %x, want %x", i, got[i], want)
		}
	}
}

func TestScalars(t *testing.T) {
	points := hashed(t, chunk+9)
	k, m := drawn(t), drawn(t)
	both := exp(t, exp(t, points, k), m)
	if !equal(both, exp(t, points, k.Mul(m))) {
		t.Error("a product does not do the work of its factors")
	}
	if !equal(exp(t, exp(t, points, k), k.Inverse()), points) {
		t.Error("an inverse does not undo its scalar")
	}
	if equal(exp(t, points, k), exp(t, points, m)) {
		t.Error("two scalars do the same")
	}
}

// 8(ℓ-1) has bit 255 set and acts as -8, which x-only is 8.
func TestScalarOf256Bits(t *testing.T) {
	one := edwards25519.NewScalar()
	var b [32]byte
	b[0] = 1
	if _, err := one.SetCanonicalBytes(b[:]); err != nil {
		t.Fatal(err)
	}
	last := Scalar{edwards25519.NewScalar().Negate(one)}
	if wide := last.bytes(); wide[31]&0x80 == 0 {
		t.Fatal("8(ℓ-1) should have bit 255 set")
	}
	points := hashed(t, 5)
	if !equal(exp(t, points, last), exp(t, points, Scalar{one})) {
		t.Error("8(ℓ-1) and 8 differ on u-coordinates")
	}
}

func TestNewScalarRefusesBadRandomness(t *testing.T) {
	if _, err := NewScalar(bytes.NewReader(make([]byte, 63))); err == nil {
		t.Error("63 bytes accepted")
	}
	if _, err := NewScalar(bytes.NewReader(make([]byte, 64))); err == nil {
		t.Error("a zero scalar was accepted")
	}
	if err := ExpInto(t.Context(), nil, nil, Scalar{}, nil); err == nil {
		t.Error("the zero Scalar was accepted")
	}
}

// An identity in a batch comes out as zero and leaves its neighbours alone.
func TestInversionIsZeroSafe(t *testing.T) {
	points := hashed(t, 7)
	k := drawn(t)
	want := exp(t, points, k)
	points[3], want[3] = Point{1}, Point{}
	points[6], want[6] = Point{}, Point{}
	if !equal(exp(t, points, k), want) {
		t.Error("a point of low order changed its neighbours")
	}
	p := fp.P()
	z := []fp.Elt{elt(2), p, elt(3)}
	invert(z, make([]fp.Elt, 3))
	two, three := elt(2), elt(3)
	fp.Mul(&two, &two, &z[0])
	fp.Mul(&three, &three, &z[2])
	fp.Modp(&two)
	fp.Modp(&three)
	if two != elt(1) || three != elt(1) || isZero(&z[1]) != 1 {
		t.Error("an unreduced zero spoils a batch inversion")
	}
}

func TestCancelAndProgress(t *testing.T) {
	points := hashed(t, 4*chunk)
	ctx, cancel := context.WithCancel(t.Context())
	last := 0
	err := ExpInto(ctx, points, points, drawn(t), func(done, total int) {
		if done <= last || total != len(points) {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled call returned %v", err)
	}
	if last == len(points) {
		t.Error("cancelled call did all the work")
	}
}
