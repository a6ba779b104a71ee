package inner

import (
	"encoding/binary"
	"math/big"
	"math/bits"
)

// uint128 is an unsigned number mod 2^128.
type uint128 struct{ lo, hi uint64 }

func (a uint128) add(b uint128) uint128 {
	lo, c := bits.Add64(a.lo, b.lo, 0)
	return uint128{lo, a.hi + b.hi + c}
}

func (a uint128) sub(b uint128) uint128 {
	lo, c := bits.Sub64(a.lo, b.lo, 0)
	return uint128{lo, a.hi - b.hi - c}
}

// shl and shr take shifts from 0 to 127; Go defines shifts of 64 and more as 0.
func (a uint128) shl(n uint) uint128 {
	return uint128{a.lo << n, a.hi<<n | a.lo<<(n-64) | a.lo>>(64-n)}
}

func (a uint128) shr(n uint) uint128 {
	return uint128{a.lo>>n | a.hi>>(n-64) | a.hi<<(64-n), a.hi >> n}
}

// low keeps the lowest n bits, 1 ≤ n ≤ 127.
func (a uint128) low(n int) uint128 { return a.shl(uint(128 - n)).shr(uint(128 - n)) }

func (a uint128) less(b uint128) bool {
	_, c := bits.Sub64(a.lo, b.lo, 0)
	_, c = bits.Sub64(a.hi, b.hi, c)
	return c == 1
}

// get and put read and write n ≤ 16 little-endian bytes.
func get(b []byte) uint128 {
	var w [16]byte
	copy(w[:], b)
	return uint128{lo: binary.LittleEndian.Uint64(w[:8]), hi: binary.LittleEndian.Uint64(w[8:])}
}

func put(b []byte, a uint128) {
	var w [16]byte
	binary.LittleEndian.PutUint64(w[:8], a.lo)
	binary.LittleEndian.PutUint64(w[8:], a.hi)
	copy(b, w[:])
}

func fromBig(x *big.Int) uint128 {
	var b [16]byte
	x.FillBytes(b[:])
	return uint128{lo: binary.BigEndian.Uint64(b[8:]), hi: binary.BigEndian.Uint64(b[:8])}
}
