//go:build amd64 && !purego

package curve

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	fp "github.com/cloudflare/circl/math/fp25519"
)

// lanes holds eight field elements: limb i of element j at 8i+j. See
// avx512_amd64.s for the bounds of the limbs.
type lanes [80]uint64

//go:noescape
func mul8(z, x, y *lanes)

//go:noescape
func sqr8(z, x *lanes)

//go:noescape
func mulSmallAdd8(z, e, b *lanes)

//go:noescape
func addSub8(x, z *lanes)

//go:noescape
func sub8(z, x, y *lanes)

//go:noescape
func swap8(x, y *lanes, bit uint64)

// avx512 runs eight ladders at a time with AVX-512F.
type avx512 struct{}

func (avx512) name() string { return "avx512" }

func (avx512) exp(dst, src []Point, k *[32]byte) {
	var x, z [chunk]fp.Elt
	s := newAVX512State()
	for lo := 0; lo < len(src); lo += 8 {
		hi := min(lo+8, len(src))
		s.begin(src[lo:hi])
		s.walk(k, 256)
		for j := range hi - lo {
			x[lo+j], z[lo+j] = s.x2.get(j), s.z2.get(j)
		}
	}
	affine(dst, x[:len(src)], z[:len(src)])
}

func (avx512) hasher(tag []byte) hasher { return newFieldHash8(tag) }

// encode is the portable one: hashing is the smaller part of an alignment.
func (avx512) encode(dst []Point, t []fp.Elt) { portable{}.encode(dst, t) }

// avx512State is the state of eight ladders that share a scalar.
type avx512State struct {
	x1, x2, z2, x3, z3, e *lanes
}

// newAVX512State lays the values out on cache lines; otherwise every load would
// touch two.
func newAVX512State() avx512State {
	const n = len(lanes{})
	buf := make([]uint64, 6*n+7)
	skip := int(-uintptr(unsafe.Pointer(&buf[0])) % 64 / 8)
	at := func(i int) *lanes { return (*lanes)(buf[skip+i*n:]) }
	return avx512State{at(0), at(1), at(2), at(3), at(4), at(5)}
}

// begin sets the first points to the identity and the second to up to eight
// points. Lanes without a point compute on zero.
func (s avx512State) begin(points []Point) {
	*s.x1, *s.x2, *s.z2, *s.z3 = lanes{}, lanes{}, lanes{}, lanes{}
	for j := range points {
		s.x1.set(j, &points[j])
	}
	*s.x3 = *s.x1
	for j := range 8 {
		s.x2[j], s.z3[j] = 1, 1
	}
}

// walk takes the steps of the n low bits of k, as the portable ladder does.
func (s avx512State) walk(k *[32]byte, n int) {
	swap := uint64(0)
	for i := n - 1; i >= 0; i-- {
		bit := uint64(k[i/8]>>(i%8)) & 1
		s.step(swap ^ bit)
		swap = bit
	}
	swap8(s.x2, s.x3, swap)
	swap8(s.z2, s.z3, swap)
}

func (s avx512State) step(swap uint64) {
	swap8(s.x2, s.x3, swap)
	swap8(s.z2, s.z3, swap)
	addSub8(s.x2, s.z2)
	addSub8(s.x3, s.z3)
	mul8(s.x3, s.x3, s.z2)
	mul8(s.z3, s.z3, s.x2)
	addSub8(s.x3, s.z3)
	sqr8(s.x3, s.x3)
	sqr8(s.z3, s.z3)
	mul8(s.z3, s.z3, s.x1)
	sqr8(s.x2, s.x2)
	sqr8(s.z2, s.z2)
	sub8(s.e, s.x2, s.z2)
	mul8(s.x2, s.x2, s.z2)
	mulSmallAdd8(s.z2, s.e, s.z2)
	mul8(s.z2, s.z2, s.e)
}

// set enters a u-coordinate below 2^255 into lane j.
func (l *lanes) set(j int, p *Point) {
	for i := range 10 {
		at, width := position(i)
		word := binary.LittleEndian.Uint64(p[at/64*8:]) >> (at % 64)
		if at%64+width > 64 {
			word |= binary.LittleEndian.Uint64(p[at/64*8+8:]) << (64 - at%64)
		}
		l[8*i+j] = word & (1<<width - 1)
	}
}

// get returns lane j of a reduced value, as a number below 2^256.
func (l *lanes) get(j int) (e fp.Elt) {
	var w [4]uint64
	for i := range 10 {
		at, _ := position(i)
		limb, first := l[8*i+j], at/64
		var c uint64
		w[first], c = bits.Add64(w[first], limb<<(at%64), 0)
		above := limb >> (64 - at%64) // a shift by 64 gives 0
		for n := first + 1; n < len(w); n++ {
			w[n], c = bits.Add64(w[n], above, c)
			above = 0
		}
	}
	for n := range w {
		binary.LittleEndian.PutUint64(e[8*n:], w[n])
	}
	return e
}

// position returns the bit at which limb i starts, and its width.
func position(i int) (at, width int) { return (51*i + 1) / 2, 26 - i%2 }
