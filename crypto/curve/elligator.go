package curve

import (
	"crypto/sha512"
	"encoding"
	"encoding/binary"
	"hash"
	"math/bits"
	"slices"

	fp "github.com/cloudflare/circl/math/fp25519"
)

// maxTag is the longest domain-separation tag that RFC 9380, section 5.3.3,
// takes as it is.
const maxTag = 255

// fieldBytes is L of the suite: 48 bytes reduced mod p are uniform to 2^-128.
const fieldBytes = 48

// A hasher maps up to eight messages to as many field elements, fully reduced:
// hash_to_field with count 1 over expand_message_xmd with SHA-512 (RFC 9380,
// sections 5.2 and 5.3.1). One output block suffices, as 48 ≤ 64.
type hasher interface {
	sums(t []fp.Elt, messages [][]byte)
}

// fieldHash hashes one message after the other.
type fieldHash struct {
	h      hash.Hash
	state  []byte // of h after Z_pad, the same for every message
	after0 []byte // what follows the message in b_0
	after1 []byte // what follows b_0 in b_1
	buf    []byte
}

func newFieldHash(tag []byte) *fieldHash {
	h := sha512.New()
	h.Write(make([]byte, sha512.BlockSize))
	state, err := h.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		panic("curve: SHA-512 does not give its state: " + err.Error()) // it always does
	}
	dst := append(slices.Clone(tag), byte(len(tag))) // DST_prime
	return &fieldHash{
		h:      h,
		state:  state,
		after0: append([]byte{0, fieldBytes, 0}, dst...),
		after1: append([]byte{1}, dst...),
	}
}

func (f *fieldHash) sums(t []fp.Elt, messages [][]byte) {
	for i, m := range messages {
		t[i] = f.sum(m)
	}
}

func (f *fieldHash) sum(msg []byte) fp.Elt {
	if err := f.h.(encoding.BinaryUnmarshaler).UnmarshalBinary(f.state); err != nil {
		panic("curve: SHA-512 does not take its state: " + err.Error()) // it always does
	}
	f.buf = append(append(f.buf[:0], msg...), f.after0...)
	f.h.Write(f.buf)
	f.buf = append(f.h.Sum(f.buf[:0]), f.after1...)
	b1 := sha512.Sum512(f.buf)
	word := func(i int) uint64 { return binary.BigEndian.Uint64(b1[8*i:]) }
	return reduceWords(word(0), word(1), word(2), word(3), word(4), word(5))
}

// reduceWords reduces six words, the highest first, mod p.
func reduceWords(w5, w4, w3, w2, w1, w0 uint64) (e fp.Elt) {
	const shift = 38 // 2^256 mod p
	h4, l4 := bits.Mul64(w4, shift)
	h5, l5 := bits.Mul64(w5, shift)
	var c uint64
	l5, c = bits.Add64(l5, h4, 0)
	h5 += c
	w0, c = bits.Add64(w0, l4, 0)
	w1, c = bits.Add64(w1, l5, c)
	w2, c = bits.Add64(w2, h5, c)
	w3, c = bits.Add64(w3, 0, c)
	w0, c = bits.Add64(w0, c*shift, 0)
	w1, c = bits.Add64(w1, 0, c)
	w2, c = bits.Add64(w2, 0, c)
	w3 += c // no carry: after a wrap the number is below 2^134
	for i, w := range [4]uint64{w0, w1, w2, w3} {
		binary.LittleEndian.PutUint64(e[8*i:], w)
	}
	fp.Modp(&e)
	return e
}

// elligator sets (x : z) to the u-coordinate of map_to_curve_elligator2 of t
// (RFC 9380, section 6.7.1), in constant time. With d = 1 + 2t² the candidates
// are -A/d and, when the curve has no such point, A/d - A. d is never zero
// because -1/2 is not a square.
func elligator(x, z, t *fp.Elt) {
	a, one := elt(curveA), elt(1)
	fp.Sqr(z, t)
	fp.Add(z, z, z)
	fp.Add(z, z, &one)
	fp.Neg(x, &a)

	// u³+Au²+u at u = x/z, times z⁴, which changes no quadratic character.
	var g, m fp.Elt
	fp.Sqr(&g, x)
	fp.Mul(&m, x, z)
	fp.Mul(&m, &m, &a)
	fp.Add(&g, &g, &m)
	fp.Sqr(&m, z)
	fp.Add(&g, &g, &m)
	fp.Mul(&g, &g, x)
	fp.Mul(&g, &g, z)

	var second fp.Elt
	fp.Mul(&second, &a, z)
	fp.Sub(&second, &a, &second)
	fp.Cmov(x, &second, isSquare(&g)^1)
}
