package curve

import (
	fp "github.com/cloudflare/circl/math/fp25519"
)

// invert replaces every z[i] by its inverse with one field inversion and three
// multiplications an element. Zero stays zero and does not spoil the others:
// without that, a single identity would turn a whole batch into zeros. t is
// scratch space of the same length.
func invert(z, t []fp.Elt) {
	if len(z) == 0 {
		return
	}
	acc := elt(1)
	one, zero := elt(1), elt(0)
	for i := range z {
		t[i] = acc
		factor := z[i]
		fp.Cmov(&factor, &one, isZero(&z[i]))
		fp.Mul(&acc, &acc, &factor)
	}
	fp.Inv(&acc, &acc)
	for i := len(z) - 1; i >= 0; i-- {
		empty := isZero(&z[i])
		factor := z[i]
		fp.Cmov(&factor, &one, empty)
		fp.Mul(&z[i], &acc, &t[i])
		fp.Cmov(&z[i], &zero, empty)
		fp.Mul(&acc, &acc, &factor)
	}
}

// isZero returns 1 if x is 0 mod p and 0 if not, in constant time. It leaves x
// fully reduced.
func isZero(x *fp.Elt) uint {
	fp.Modp(x)
	var or byte
	for _, b := range x {
		or |= b
	}
	return uint((uint32(or) - 1) >> 31)
}

// isSquare returns 1 if x is a square mod p (zero included) and 0 if not, in
// constant time: Euler's criterion, x^((p-1)/2).
func isSquare(x *fp.Elt) uint {
	var y, minusOne fp.Elt
	one := elt(1)
	pow252(&y, x) // x^(2^252 - 3)
	fp.Sqr(&y, &y)
	fp.Sqr(&y, &y)
	fp.Mul(&y, &y, x)
	fp.Mul(&y, &y, x) // x^(2^254 - 10)
	fp.Neg(&minusOne, &one)
	fp.Sub(&y, &y, &minusOne)
	return isZero(&y) ^ 1
}

// pow252 sets z = x^(2^252 - 3), by doubling the length of a run of ones in
// the exponent. z and x must differ.
func pow252(z, x *fp.Elt) {
	var t5, t10, t50, t100 fp.Elt
	var a, b fp.Elt
	fp.Sqr(&a, x)       // 2
	sqrN(&b, &a, 2)     // 8
	fp.Mul(&b, &b, x)   // 9
	fp.Mul(&a, &a, &b)  // 11
	fp.Sqr(&a, &a)      // 22
	fp.Mul(&t5, &a, &b) // 2^5 - 1
	grow(&t10, &t5, &t5, 5)
	grow(&a, &t10, &t10, 10)
	grow(&b, &a, &a, 20)
	grow(&t50, &b, &t10, 10)
	grow(&t100, &t50, &t50, 50)
	grow(&a, &t100, &t100, 100)
	grow(&b, &a, &t50, 50) // 2^250 - 1
	sqrN(&b, &b, 2)
	fp.Mul(z, &b, x)
}

// grow sets z = x^(2^n)·y.
func grow(z, x, y *fp.Elt, n int) {
	var t fp.Elt
	sqrN(&t, x, n)
	fp.Mul(z, &t, y)
}

// sqrN sets z = x^(2^n), n ≥ 1.
func sqrN(z, x *fp.Elt, n int) {
	fp.Sqr(z, x)
	for range n - 1 {
		fp.Sqr(z, z)
	}
}
