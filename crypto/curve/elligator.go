package curve

import (
	"crypto/sha512"
	"slices"

	fp "github.com/cloudflare/circl/math/fp25519"
)

// maxTag is the longest domain-separation tag that RFC 9380, section 5.3.3,
// takes as it is.
const maxTag = 255

// fieldBytes is L of the suite: 48 bytes reduced mod p are uniform to 2^-128.
const fieldBytes = 48

// hashToField is hash_to_field with count 1 over expand_message_xmd with
// SHA-512 (RFC 9380, sections 5.2 and 5.3.1). One block suffices, as 48 ≤ 64.
func hashToField(msg, tag []byte) fp.Elt {
	h := sha512.New()
	suffix := append(slices.Clip(tag), byte(len(tag)))
	var pad [sha512.BlockSize]byte
	h.Write(pad[:])
	h.Write(msg)
	h.Write([]byte{0, fieldBytes, 0})
	h.Write(suffix)
	var b0, b1 [sha512.Size]byte
	h.Sum(b0[:0])
	h.Reset()
	h.Write(b0[:])
	h.Write([]byte{1})
	h.Write(suffix)
	h.Sum(b1[:0])
	return reduceBig(b1[:fieldBytes])
}

// reduceBig reads 48 big-endian bytes mod p.
func reduceBig(b []byte) fp.Elt {
	var low, high fp.Elt
	for i := range 32 {
		low[i] = b[47-i]
	}
	for i := range 16 {
		high[i] = b[15-i]
	}
	shift := elt(38) // 2^256 mod p
	fp.Mul(&high, &high, &shift)
	fp.Add(&low, &low, &high)
	return low
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

// encode sets (x : z) to encode_to_curve of the message: the map, and the
// cofactor cleared by three doublings.
func encode(x, z *fp.Elt, msg, tag []byte) {
	t := hashToField(msg, tag)
	elligator(x, z, &t)
	for range 3 {
		double(x, z)
	}
}
