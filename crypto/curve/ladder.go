package curve

import (
	"encoding/binary"
	"math/bits"

	fp "github.com/cloudflare/circl/math/fp25519"
)

// a24 is (A+2)/4.
const a24 = 121666

// ladder sets (x : z) to k times the point with u-coordinate u, for any
// 256-bit k: the Montgomery ladder of RFC 7748, section 5, without clamping.
// The identity comes out as z = 0. Its time and its memory accesses do not
// depend on k or u.
func ladder(x, z, u *fp.Elt, k *[32]byte) {
	var w ladderState
	w.begin(u)
	w.walk(k, 256)
	*x, *z = w.x2, w.z2
}

// ladderState holds (x2 : z2) and (x3 : z3), whose difference is (x1 : 1).
type ladderState struct {
	x1, x2, z2, x3, z3, e fp.Elt
}

// begin sets the first point to the identity and the second to u.
func (w *ladderState) begin(u *fp.Elt) {
	w.x1 = *u
	w.x2, w.z2 = elt(1), elt(0)
	w.x3, w.z3 = *u, elt(1)
}

// walk takes the steps of the n low bits of k, the highest first.
func (w *ladderState) walk(k *[32]byte, n int) {
	swap := uint(0)
	for i := n - 1; i >= 0; i-- {
		bit := uint(k[i/8]>>(i%8)) & 1
		w.step(swap ^ bit)
		swap = bit
	}
	fp.Cswap(&w.x2, &w.x3, swap)
	fp.Cswap(&w.z2, &w.z3, swap)
}

// step exchanges the two points if swap is 1, adds the first to the second and
// doubles the first.
func (w *ladderState) step(swap uint) {
	fp.Cswap(&w.x2, &w.x3, swap)
	fp.Cswap(&w.z2, &w.z3, swap)
	fp.AddSub(&w.x2, &w.z2)
	fp.AddSub(&w.x3, &w.z3)
	fp.Mul(&w.x3, &w.x3, &w.z2)
	fp.Mul(&w.z3, &w.z3, &w.x2)
	fp.AddSub(&w.x3, &w.z3)
	fp.Sqr(&w.x3, &w.x3)
	fp.Sqr(&w.z3, &w.z3)
	fp.Mul(&w.z3, &w.z3, &w.x1)
	doubleSums(&w.x2, &w.z2, &w.e)
}

// double replaces (x : z) by twice the point.
func double(x, z *fp.Elt) {
	var e fp.Elt
	fp.AddSub(x, z)
	doubleSums(x, z, &e)
}

// doubleSums doubles a point given as s = x+z and d = x-z. e is scratch space.
func doubleSums(s, d, e *fp.Elt) {
	fp.Sqr(s, s)
	fp.Sqr(d, d)
	fp.Sub(e, s, d)
	fp.Mul(s, s, d)
	mulSmallAdd(d, e, d)
	fp.Mul(d, d, e)
}

// mulSmallAdd sets z = a24·e + b. circl does not export its multiplication by
// a small constant, which is four times as fast as a full one. Like circl's
// own functions it takes and returns any representative below 2^256.
func mulSmallAdd(z, e, b *fp.Elt) {
	h0, l0 := bits.Mul64(binary.LittleEndian.Uint64(e[0:]), a24)
	h1, l1 := bits.Mul64(binary.LittleEndian.Uint64(e[8:]), a24)
	h2, l2 := bits.Mul64(binary.LittleEndian.Uint64(e[16:]), a24)
	h3, l3 := bits.Mul64(binary.LittleEndian.Uint64(e[24:]), a24)
	var c, d uint64
	l1, c = bits.Add64(l1, h0, 0)
	l2, c = bits.Add64(l2, h1, c)
	l3, c = bits.Add64(l3, h2, c)
	l0, d = bits.Add64(l0, binary.LittleEndian.Uint64(b[0:]), 0)
	l1, d = bits.Add64(l1, binary.LittleEndian.Uint64(b[8:]), d)
	l2, d = bits.Add64(l2, binary.LittleEndian.Uint64(b[16:]), d)
	l3, d = bits.Add64(l3, binary.LittleEndian.Uint64(b[24:]), d)
	// The part above 2^256 comes back times 38, since 2^256 = 38 mod p.
	l0, c = bits.Add64(l0, (h3+c+d)*38, 0)
	l1, c = bits.Add64(l1, 0, c)
	l2, c = bits.Add64(l2, 0, c)
	l3, c = bits.Add64(l3, 0, c)
	l0 += c * 38 // no carry: after a wrap l0 is below 2^24
	binary.LittleEndian.PutUint64(z[0:], l0)
	binary.LittleEndian.PutUint64(z[8:], l1)
	binary.LittleEndian.PutUint64(z[16:], l2)
	binary.LittleEndian.PutUint64(z[24:], l3)
}
