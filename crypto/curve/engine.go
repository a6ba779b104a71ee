package curve

import (
	fp "github.com/cloudflare/circl/math/fp25519"
)

// chunk is the number of points handled between two looks at the context. It
// is a multiple of eight, so that a path with eight lanes fills them.
const chunk = 256

// An engine exponentiates one chunk on one core. All engines give the same
// bytes for the same input. An engine must
//   - take 1 to chunk points of any 32 bytes below 2^255, dst possibly src;
//   - write fully reduced u-coordinates, and 0 for the identity;
//   - run in time that depends on the number of points only.
type engine interface {
	exp(dst, src []Point, k *[32]byte)
}

// portable runs everywhere.
type portable struct{}

func (portable) exp(dst, src []Point, k *[32]byte) {
	var x, z [chunk]fp.Elt
	for i := range src {
		ladder(&x[i], &z[i], (*fp.Elt)(&src[i]), k)
	}
	affine(dst, x[:len(src)], z[:len(src)])
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
