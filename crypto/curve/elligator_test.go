package curve

import (
	"crypto/sha3"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	fp "github.com/cloudflare/circl/math/fp25519"
)

// The vectors of RFC 9380, appendix J.4.2, with numbers in big-endian hex. u is
// the hashed field element, q the mapped point and p the point with the
// cofactor cleared. Only u-coordinates exist here.
var rfc9380 = []struct{ msg, u, q, p string }{
	{"",
		"608d892b641f0328523802a6603427c26e55e6f27e71a91a478148d45b5093cd",
		"51125222da5e763d97f3c10fcc92ea6860b9ccbbd2eb1285728f566721c1e65b",
		"1bb913f0c9daefa0b3375378ffa534bda5526c97391952a7789eb976edfe4d08"},
	{"abc",
		"46f5b22494bfeaa7f232cc8d054be68561af50230234d7d1d63d1d9abeca8da5",
		"7d56d1e08cb0ccb92baf069c18c49bb5a0dcd927eff8dcf75ca921ef7f3e6eeb",
		"7c22950b7d900fa866334262fcaea47a441a578df43b894b4625c9b450f9a026"},
	{"abcdef0123456789",
		"235fe40c443766ce7e18111c33862d66c3b33267efa50d50f9e8e5d252a40aaa",
		"3fbe66b9c9883d79e8407150e7c2a1c8680bee496c62fabe4619a72b3cabe90f",
		"31ad08a8b0deeb2a4d8b0206ca25f567ab4e042746f792f4b7973f3ae2096c52"},
	{"q128_" + strings.Repeat("q", 128),
		"001e92a544463bda9bd04ddbe3d6eed248f82de32f522669efc5ddce95f46f5b",
		"227e0bb89de700385d19ec40e857db6e6a3e634b1c32962f370d26f84ff19683",
		"027877759d155b1997d0d84683a313eb78bdb493271d935b622900459d52ceaa"},
	{"a512_" + strings.Repeat("a", 512),
		"1a68a1af9f663592291af987203393f707305c7bac9c8d63d6a729bdc553dc19",
		"3bcd651ee54d5f7b6013898aab251ee8ecc0688166fce6e9548d38472f6bd196",
		"5fd892c0958d1a75f54c3182a18d286efab784e774d1e017ba2fb252998b5dc1"},
}

const rfc9380Tag = "QUUX-V01-CS02-with-curve25519_XMD:SHA-512_ELL2_NU_"

func bigEndian(t *testing.T, s string) fp.Elt {
	t.Helper()
	b := unhex(t, s)
	slices.Reverse(b[:])
	return fp.Elt(b)
}

func TestHashToCurveRFC9380(t *testing.T) {
	got := make([]Point, len(rfc9380))
	message := func(i int) []byte { return []byte(rfc9380[i].msg) }
	for _, e := range engines() {
		if err := hashToCurve(t.Context(), e, got, []byte(rfc9380Tag), message, nil); err != nil {
			t.Fatal(err)
		}
		for i, v := range rfc9380 {
			if fp.Elt(got[i]) != bigEndian(t, v.p) {
				t.Errorf("%s, %.10q: hashed point %x", e.name(), v.msg, got[i])
			}
		}
	}
	for _, v := range rfc9380 {
		u := newFieldHash([]byte(rfc9380Tag)).sum([]byte(v.msg))
		if u != bigEndian(t, v.u) {
			t.Errorf("%.10q: field element %v", v.msg, u)
		}
		var x, z [1]fp.Elt
		elligator(&x[0], &z[0], &u)
		var q [1]Point
		affine(q[:], x[:], z[:])
		if fp.Elt(q[0]) != bigEndian(t, v.q) {
			t.Errorf("%.10q: mapped point %x", v.msg, q[0])
		}
	}
}

func TestHashToCurveRefusesTags(t *testing.T) {
	for _, n := range []int{0, 256} {
		if err := HashToCurve(t.Context(), make([]Point, 1), make([]byte, n), func(int) []byte { return nil }, nil); err == nil {
			t.Errorf("tag of %d bytes accepted", n)
		}
	}
}

// All engines hash alike: messages and tags that end before, in and after the
// padding of a block, groups of equal and of mixed lengths, full or not.
func TestHashersAgree(t *testing.T) {
	source := sha3.NewSHAKE128()
	source.Write([]byte("hashers agree"))
	for _, tagLen := range []int{1, 45, 46, 47, 62, 63, 64, 255} {
		tag := make([]byte, tagLen)
		source.Read(tag)
		for n := range 280 {
			messages := make([][]byte, 8)
			for j := range messages {
				messages[j] = make([]byte, n)
				source.Read(messages[j])
			}
			switch n % 8 {
			case 6:
				messages = messages[:1+n%7]
			case 7:
				messages[n%8] = append(messages[n%8], 1)
			}
			checkHashers(t, tag, messages)
		}
	}
}

// checkHashers also hashes other lengths in between, which must leave no trace.
func checkHashers(t *testing.T, tag []byte, messages [][]byte) {
	t.Helper()
	want, got := make([]fp.Elt, len(messages)), make([]fp.Elt, len(messages))
	portable{}.hasher(tag).sums(want, messages)
	for _, e := range engines() {
		h := e.hasher(tag)
		for range 2 {
			if h.sums(got, messages); !slices.Equal(got, want) {
				t.Fatalf("%s: tag of %d bytes, %d messages of %d bytes", e.name(), len(tag), len(messages), len(messages[0]))
			}
			var other [8]fp.Elt
			h.sums(other[:], slices.Repeat([][]byte{{1, 2, 3}}, 8))
		}
	}
}

// reduceWords must hold where its sum passes 2^256 and where it is p.
func TestReduceWords(t *testing.T) {
	values := []uint64{0, 1, 19, 37, 38, 1<<63 - 19, 1<<63 - 1, 1 << 63, 1<<64 - 38, 1<<64 - 19, 1<<64 - 1}
	source := rand.New(rand.NewPCG(7, 8))
	for range 20000 {
		var w [6]uint64
		number := new(big.Int)
		for i := range w {
			w[i] = values[source.IntN(len(values))]
			number.Lsh(number, 64)
			number.Add(number, new(big.Int).SetUint64(w[i]))
		}
		got := reduceWords(w[0], w[1], w[2], w[3], w[4], w[5])
		slices.Reverse(got[:])
		p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
		if new(big.Int).SetBytes(got[:]).Cmp(number.Mod(number, p)) != 0 {
			t.Fatalf("%x reduced to %x", w, got)
		}
	}
}
