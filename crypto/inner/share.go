package inner

// Share is one side's additive share of a sum: the top t+3 bits of a number
// mod 2^κ, so a value below 2^(t+3), low word first.
type Share struct{ Lo, Hi uint64 }

// top keeps the top t+3 bits of a number mod 2^κ.
func (s *Set) top(a uint128) Share {
	a = a.shr(uint(s.kappa - s.ShareBits()))
	return Share{Lo: a.lo, Hi: a.hi}
}

// Combine adds two shares as the release circuit does: the sum mod 2^(t+3),
// plus 4, without its lowest 3 bits, read as a signed number of t bits. It is
// for tests and documentation: in a run the shares never meet in clear.
func Combine(set *Set, a, b Share) int64 {
	sum := uint128{a.Lo, a.Hi}.add(uint128{b.Lo, b.Hi}).add(uint128{lo: 4})
	v := sum.low(set.ShareBits()).shr(3).lo
	shift := uint(64 - set.t)
	return int64(v<<shift) >> shift
}
