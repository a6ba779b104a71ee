package curve

import (
	"encoding/binary"
	"errors"

	fp "github.com/cloudflare/circl/math/fp25519"
)

// Size is the length of a Point in bytes.
const Size = 32

// Point is a u-coordinate on Curve25519, 32 bytes little-endian (RFC 7748,
// section 5). It stands for a point and its negative alike.
type Point [Size]byte

// Reasons why Validate refuses a point.
var (
	ErrNonCanonical = errors.New("point is not canonically encoded")
	ErrLowOrder     = errors.New("point is of low order")
	ErrTwist        = errors.New("point is on the twist")
)

// curveA is the coefficient of v² = u³ + A·u² + u.
const curveA = 486662

// elt makes a field element from a small integer.
func elt(n uint64) (e fp.Elt) {
	binary.LittleEndian.PutUint64(e[:8], n)
	return e
}

// canonical reports whether the bytes are below p = 2^255 - 19. The argument
// is public, so the test may take varying time.
func (p *Point) canonical() bool {
	if p[31]&0x80 != 0 {
		return false
	}
	if p[31] != 0x7f || p[0] < 0xed {
		return true
	}
	for _, b := range p[1:31] {
		if b != 0xff {
			return true
		}
	}
	return false
}

// lowOrder reports whether 8P is the identity for a canonical u-coordinate of
// the curve or its twist: u = 0, ±1 and the two u-coordinates of order 8.
func (p *Point) lowOrder() bool {
	for i := range smallOrder {
		if *p == smallOrder[i] {
			return true
		}
	}
	return false
}

// smallOrder lists every canonical u-coordinate of order 1, 2, 4 or 8 on the
// curve and its twist. A test derives the two of order 8 from their equation.
var smallOrder = [...]Point{
	{0},
	{1},
	{0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
	{0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
		0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
	{0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
		0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
}
