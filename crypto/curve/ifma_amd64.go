//go:build amd64 && !purego

package curve

import (
	"encoding/binary"
	"unsafe"
)

// fe8 holds eight field elements: limb i of element j at 8i+j, 51 bits a limb.
// See ifma_amd64.s for the bounds of the limbs.
type fe8 [40]uint64

// ifmaState is the state of eight ladders that share a scalar: the first point
// as a = x+z and b = x-z, the second as c and d, and the difference (u : 1) of
// the two. The rest is scratch space.
type ifmaState struct {
	u, a, b, c, d fe8
	_             [3]fe8
}

//go:noescape
func ifmaMul(z, x, y *fe8)

//go:noescape
func ifmaAdd(z, x, y *fe8)

//go:noescape
func ifmaSub(z, x, y *fe8)

//go:noescape
func ifmaSqrN(z *[2]fe8, n uint64)

//go:noescape
func ifmaSelect(z, x *fe8, lanes uint64)

//go:noescape
func ifmaFreeze(z *fe8) (zeros uint64)

//go:noescape
func ifmaStep(s *ifmaState, second uint64)

// ifma works on eight points at a time with AVX-512 IFMA.
type ifma struct{}

func (ifma) name() string { return "ifma" }

// ifmaSpace is what one chunk needs.
type ifmaSpace struct {
	x, z, t [chunk / 16]fe16
	state   ifmaState
}

func (ifma) exp(dst, src []Point, k *[32]byte) {
	w := aligned[ifmaSpace]()
	for lo := 0; lo < len(src); lo += 8 {
		pair, half := lo/16, lo/8%2
		w.state.ladder(&w.x[pair][half], &w.z[pair][half], src[lo:min(lo+8, len(src))], k)
	}
	w.affine(dst)
}

// ladder sets (x : z) to k times up to eight points.
func (s *ifmaState) ladder(x, z *fe8, points []Point, k *[32]byte) {
	s.begin(points)
	s.walk(k, 256)
	ifmaAdd(x, &s.a, &s.b) // 2x
	ifmaSub(z, &s.a, &s.b) // 2z
}

// begin sets the first points to the identity and the second to up to eight
// points. Lanes without a point compute on zero.
func (s *ifmaState) begin(points []Point) {
	one := small8(1)
	s.u = fe8{}
	for j := range points {
		s.u.set(j, (*[32]byte)(&points[j]))
	}
	s.a, s.b = one, one
	ifmaAdd(&s.c, &s.u, &one)
	ifmaSub(&s.d, &s.u, &one)
}

// walk takes the steps of the n low bits of k, as the portable ladder does.
func (s *ifmaState) walk(k *[32]byte, n int) {
	swap := uint64(0)
	for i := n - 1; i >= 0; i-- {
		bit := uint64(k[i/8]>>(i%8)) & 1
		ifmaStep(s, -(swap ^ bit))
		swap = bit
	}
	ifmaSelect(&s.a, &s.c, -swap)
	ifmaSelect(&s.b, &s.d, -swap)
}

// small8 returns n in every lane.
func small8(n uint64) (z fe8) {
	for j := range 8 {
		z[j] = n
	}
	return z
}

const limb51 = 1<<51 - 1

// set enters a number below 2^255 into lane j.
func (z *fe8) set(j int, b *[32]byte) {
	w0, w1 := binary.LittleEndian.Uint64(b[0:]), binary.LittleEndian.Uint64(b[8:])
	w2, w3 := binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])
	z[j] = w0 & limb51
	z[8+j] = (w0>>51 | w1<<13) & limb51
	z[16+j] = (w1>>38 | w2<<26) & limb51
	z[24+j] = (w2>>25 | w3<<39) & limb51
	z[32+j] = w3 >> 12
}

// get writes lane j of a fully reduced value.
func (z *fe8) get(j int, b *[32]byte) {
	binary.LittleEndian.PutUint64(b[0:], z[j]|z[8+j]<<51)
	binary.LittleEndian.PutUint64(b[8:], z[8+j]>>13|z[16+j]<<38)
	binary.LittleEndian.PutUint64(b[16:], z[16+j]>>26|z[24+j]<<25)
	binary.LittleEndian.PutUint64(b[24:], z[24+j]>>39|z[32+j]<<12)
}

// aligned returns a zero T on a cache line; otherwise every load would touch
// two. T must hold no pointers.
func aligned[T any]() *T {
	buf := make([]byte, unsafe.Sizeof(*(*T)(nil))+63)
	skip := -uintptr(unsafe.Pointer(&buf[0])) % 64
	return (*T)(unsafe.Pointer(&buf[skip]))
}
