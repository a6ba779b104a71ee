package curve

import (
	"bytes"
	"crypto/sha3"
	"testing"

	"filippo.io/edwards25519"
	fp "github.com/cloudflare/circl/math/fp25519"
)

// edgePoints are u-coordinates where an engine could slip: small orders, a
// twist point, values at and above p, and runs of ones that fill single limbs
// of 51, 26 or 25 bits or the carries between them.
func edgePoints() []Point {
	all := append([]Point{onTwist(), {9}, {19}}, smallOrder[:]...)
	p := Point(fp.P())
	for n := range 19 {
		above, below := p, p
		above[0] += byte(n) // up to 2^255 - 1
		below[0] -= byte(n + 1)
		all = append(all, above, below)
	}
	for _, width := range []int{1, 25, 26, 51, 52, 64, 102} {
		for at := 0; at < 255; at += min(width, 51) {
			var ones Point
			for i := at; i < min(at+width, 255); i++ {
				ones[i/8] |= 1 << (i % 8)
			}
			all = append(all, ones)
		}
	}
	return all
}

// edgeScalars are exponents at the ends of their range and at multiples of the
// order, clamped or not.
func edgeScalars(t *testing.T) (all [][32]byte) {
	t.Helper()
	for _, k := range [][]byte{{}, {1}, {2}, {3}, {8}, {16}} {
		all = append(all, [32]byte(append(k, make([]byte, 32-len(k))...)))
	}
	var top [32]byte
	top[31] = 0x80
	one, err := edwards25519.NewScalar().SetCanonicalBytes(all[1][:])
	if err != nil {
		t.Fatal(err)
	}
	last := Scalar{edwards25519.NewScalar().Negate(one)}
	order := [32]byte(last.kappa.Bytes())
	order[0]++ // ℓ
	return append(all, top, [32]byte(bytes.Repeat([]byte{0xff}, 32)), [32]byte(bytes.Repeat([]byte{0x55}, 32)),
		[32]byte(bytes.Repeat([]byte{0xaa}, 32)), last.bytes(), [32]byte(last.kappa.Bytes()), order)
}

// agree demands the bytes of the portable engine from all others, for points
// of the curve and of the twist alike.
func agree(t *testing.T, points []Point, k [32]byte) {
	t.Helper()
	for ; len(points) > 0; points = points[min(chunk, len(points)):] {
		n := min(chunk, len(points))
		want, got := make([]Point, n), make([]Point, n)
		portable{}.exp(want, points[:n], &k)
		for _, e := range engines() {
			if e.exp(got, points[:n], &k); !equal(got, want) {
				t.Fatalf("%s differs for scalar %x", e.name(), k)
			}
		}
	}
}

func TestEnginesAgreeAtTheEdges(t *testing.T) {
	for _, k := range edgeScalars(t) {
		agree(t, edgePoints(), k)
	}
}

// 10,000 random inputs, 20 random scalars.
func TestEnginesAgree(t *testing.T) {
	source := sha3.NewSHAKE128()
	source.Write([]byte("engines agree"))
	for range 20 {
		var k [32]byte
		source.Read(k[:])
		points := make([]Point, 500)
		for i := range points {
			source.Read(points[i][:])
			points[i][31] &= 0x7f
		}
		agree(t, points, k)
	}
}

// 10,000 random field elements and the edges go to the same points.
func TestEnginesAgreeOnTheMap(t *testing.T) {
	source := sha3.NewSHAKE128()
	source.Write([]byte("engines agree on the map"))
	var all []fp.Elt
	for _, p := range edgePoints() {
		all = append(all, fp.Elt(p))
	}
	for range 10000 {
		var e fp.Elt
		source.Read(e[:])
		e[31] &= 0x7f
		all = append(all, e)
	}
	for ; len(all) > 0; all = all[min(chunk-3, len(all)):] {
		n := min(chunk-3, len(all)) // not a multiple of the lanes
		want, got := make([]Point, n), make([]Point, n)
		portable{}.encode(want, all[:n])
		for _, e := range engines() {
			if e.encode(got, all[:n]); !equal(got, want) {
				t.Fatalf("%s maps differently", e.name())
			}
		}
	}
}

// The fastest engine comes first and the portable one is always there.
func TestEngines(t *testing.T) {
	all := engines()
	if last := all[len(all)-1]; last != (portable{}) {
		t.Errorf("the last engine is %s", last.name())
	}
	if pick() != all[0] {
		t.Errorf("%s was picked, %s is first", pick().name(), all[0].name())
	}
}
