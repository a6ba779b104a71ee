package curve

import (
	fp "github.com/cloudflare/circl/math/fp25519"
)

// chunk is the number of points handled between two looks at the context. It
// is a multiple of sixteen, so that a path with two times eight lanes fills them.
const chunk = 256

// An engine works on one chunk on one core. All engines give the same bytes for
// the same input. An engine must
//   - take 1 to chunk points or field elements, of any 32 bytes below 2^255;
//   - write fully reduced u-coordinates, and 0 for the identity;
//   - run in time that depends on the number of points and the lengths of messages
//     only.
type engine interface {
	name() string

	// exp raises points to k. dst may be src.
	exp(dst, src []Point, k *[32]byte)

	// hasher returns the first half of hashing under a tag of 1 to 255 bytes.
	hasher(tag []byte) hasher

	// encode maps field elements to the curve and clears the cofactor.
	encode(dst []Point, t []fp.Elt)
}

// pick returns the fastest engine for this processor.
func pick() engine { return engines()[0] }

// portable runs everywhere.
type portable struct{}

func (portable) name() string { return "portable" }

func (portable) exp(dst, src []Point, k *[32]byte) {
	var x, z [chunk]fp.Elt
	for i := range src {
		ladder(&x[i], &z[i], (*fp.Elt)(&src[i]), k)
	}
	affine(dst, x[:len(src)], z[:len(src)])
}

func (portable) hasher(tag []byte) hasher { return newFieldHash(tag) }

func (portable) encode(dst []Point, t []fp.Elt) {
	var x, z [chunk]fp.Elt
	for i := range t {
		elligator(&x[i], &z[i], &t[i])
		for range 3 {
			double(&x[i], &z[i])
		}
	}
	affine(dst, x[:len(t)], z[:len(t)])
}

// affine writes x/z for each pair, fully reduced, and 0 where z is 0. It
// overwrites z.
func affine(dst []Point, x, z []fp.Elt) {
	var t [chunk]fp.Elt
	invert(z, t[:len(z)])
	for i := range z {
		fp.Mul(&x[i], &x[i], &z[i])
		fp.Modp(&x[i])
		dst[i] = Point(x[i])
	}
}
