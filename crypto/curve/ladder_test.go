package curve

import (
	"encoding/hex"
	"testing"

	fp "github.com/cloudflare/circl/math/fp25519"
)

func unhex(t *testing.T, s string) (b [32]byte) {
	t.Helper()
	if n, err := hex.Decode(b[:], []byte(s)); err != nil || n != 32 {
		t.Fatalf("bad vector %q", s)
	}
	return b
}

// x25519 is the function of RFC 7748, section 5, on an engine.
func x25519(e engine, k, u [32]byte) [32]byte {
	k[0] &= 248
	k[31] = k[31]&127 | 64
	u[31] &= 127
	var out [1]Point
	e.exp(out[:], []Point{u}, &k)
	return out[0]
}

func TestLadderRFC7748(t *testing.T) {
	for _, v := range []struct{ k, u, want string }{
		{"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
			"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
			"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
		{"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
			"e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
			"95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
	} {
		for _, e := range engines() {
			if got := x25519(e, unhex(t, v.k), unhex(t, v.u)); got != unhex(t, v.want) {
				t.Errorf("%s, k %s: got %x, want %s", e.name(), v.k, got, v.want)
			}
		}
	}
}

func TestLadderRFC7748Iterated(t *testing.T) {
	for _, e := range engines() {
		k, u := [32]byte{9}, [32]byte{9}
		for i := range 1000 {
			k, u = x25519(e, k, u), k
			if i == 0 && k != unhex(t, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079") {
				t.Fatalf("%s: first iteration gave %x", e.name(), k)
			}
		}
		if k != unhex(t, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51") {
			t.Fatalf("%s: 1,000 iterations gave %x", e.name(), k)
		}
	}
}

// Multiplying by a24 and adding must hold at the edges of the representation.
func TestMulSmallAdd(t *testing.T) {
	var ones fp.Elt
	for i := range ones {
		ones[i] = 0xff
	}
	values := []fp.Elt{{}, elt(1), elt(37), elt(38), ones, fp.P(), fp.Elt(smallOrder[2]), fp.Elt(smallOrder[3])}
	// A value whose product wraps exactly past 2^256 in the fold.
	wrap := ones
	wrap[0] = 0xda // 2^256 - 38
	values = append(values, wrap)
	k := elt(a24)
	for _, e := range values {
		for _, b := range values {
			var got, want fp.Elt
			mulSmallAdd(&got, &e, &b)
			fp.Mul(&want, &k, &e)
			fp.Add(&want, &want, &b)
			fp.Modp(&got)
			fp.Modp(&want)
			if got != want {
				t.Errorf("%v·a24 + %v = %v, want %v", e, b, got, want)
			}
		}
	}
}
