package garble

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"parley/crypto/wire"
)

// vectors are known answers: fixed inputs and the bytes they give. Hash and
// gate were computed apart from this package, with another AES.
type vectors struct {
	Hash []struct{ Key, X, Tweak, Out string }
	Gate struct{ Key, A0, B0, Delta, Cell, Gate, C0, TG, TE string }
	OT   struct{ Wide, Point, Carried, Seed string }
	Run  map[string]string // step, SHA-256 of the message
	Kept map[string]string // the same for a second run
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (x block) hex() string {
	var b [blockBytes]byte
	x.store(b[:])
	return hex.EncodeToString(b[:])
}

// TestHashVectors tries both the assembly and the portable path.
func TestHashVectors(t *testing.T) {
	v := readVectors(t)
	if len(v.Hash) < 3 {
		t.Fatalf("%d vectors", len(v.Hash))
	}
	for i, c := range v.Hash {
		h := newHasher([32]byte(append(unhex(t, c.Key), make([]byte, 16)...)))
		for _, keys := range []*roundKeys{h.keys, nil} { // nil: portable
			h.keys = keys
			if got := h.sum(loadBlock(unhex(t, c.X)), loadBlock(unhex(t, c.Tweak))).hex(); got != c.Out {
				t.Errorf("vector %d: %s, want %s", i, got, c.Out)
			}
		}
	}
}

func TestGateVector(t *testing.T) {
	v := readVectors(t).Gate
	h := newHasher([32]byte(append(unhex(t, v.Key), make([]byte, 16)...)))
	a0, b0, delta := loadBlock(unhex(t, v.A0)), loadBlock(unhex(t, v.B0)), loadBlock(unhex(t, v.Delta))
	c0, tg, te := h.garbleAnd(a0, b0, delta, 7, 3)
	if c0.hex() != v.C0 || tg.hex() != v.TG || te.hex() != v.TE {
		t.Fatalf("got %s %s %s", c0.hex(), tg.hex(), te.hex())
	}
	for x := range uint64(2) {
		for y := range uint64(2) {
			got := h.evaluateAnd(a0.xor(delta.times(x)), b0.xor(delta.times(y)), tg, te, 7, 3)
			if got != c0.xor(delta.times(x&y)) {
				t.Errorf("%d and %d", x, y)
			}
		}
	}
}

func TestBaseVector(t *testing.T) {
	v := readVectors(t).OT
	g := newSeededGroup([64]byte(unhex(t, v.Wide)))
	point := make([]byte, pointBytes)
	storePoint(point, g.NewElement().MulGen(g.RandomNonZeroScalar(nil)))
	if got := hex.EncodeToString(point); got != v.Point {
		t.Errorf("point %s, want %s", got, v.Point)
	}
	s := hashSeed([32]byte{1}, 5, seed(unhex(t, v.Carried)))
	if got := hex.EncodeToString(s[:]); got != v.Seed {
		t.Errorf("seed %s, want %s", got, v.Seed)
	}
}

// TestRunVector pins every message of a run with fixed randomness but the
// sealed seeds, whose nonces are the system's.
func TestRunVector(t *testing.T) {
	want := readVectors(t).Run
	b := small().run(t, 81).must(t)
	got := map[string]string{}
	for _, m := range []map[wire.Step][]byte{b.sentG, b.sentE} {
		for step, body := range m {
			if step != stepE {
				got[string(step)] = fmt.Sprintf("%x", sha256.Sum256(body))
			}
		}
	}
	compare(t, got, want)
}

func compare(t *testing.T, got, want map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d messages, want %d", len(got), len(want))
	}
	for step, d := range got {
		if want[step] != d {
			t.Errorf("%q: %q, want %q", step, d, want[step])
		}
	}
}

// TestPortableHash: the assembly and crypto/aes give the same hashes, for any
// number of blocks.
func TestPortableHash(t *testing.T) {
	r := newRNG(82)
	for n := range 20 {
		bound := [32]byte{}
		r.Read(bound[:])
		fast, portable := newHasher(bound), newHasher(bound)
		portable.keys = nil
		x, tweaks := make([]block, n), make([]block, n)
		for i := range x {
			x[i], tweaks[i] = r.block(), r.block()
		}
		want := slices.Clone(x)
		fast.sums(x, tweaks)
		portable.sums(want, tweaks)
		if !slices.Equal(x, want) {
			t.Fatalf("%d blocks: %v, portable %v", n, x, want)
		}
	}
}
