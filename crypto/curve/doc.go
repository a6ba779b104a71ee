// Package curve raises many x-only Curve25519 points to one secret exponent.
//
// It serves the alignment of two sets of ids (package align), where each side
// hashes its ids to the curve and both raise the results to secret exponents.
// The package offers batches only: a batch shares one field inversion per 256
// points and runs on all cores.
//
//	HashToCurve  message  -> point of prime order      RFC 9380, section 8.5
//	ExpInto      point, k -> point^k                   RFC 7748, section 5
//	Validate     received points are usable            (see below)
//
// A Point is a u-coordinate of 32 little-endian bytes, always fully reduced.
// A Scalar is 8κ with κ in [1, ℓ-1], ℓ the prime order of the main subgroup.
// crypto/ecdh cannot serve here: it sets bit 254 of every scalar, and products
// of scalars do not have that form.
//
// # What Validate refuses, and why
//
// The ladder also computes on the twist of the curve and on points of small
// order. Whether a point lies on the twist is a bit that no exponentiation
// changes: a peer that mixes twist points into its list could recognise them
// again after the other side has raised and shuffled it. Points of small order
// become the identity and mark themselves likewise. Two encodings of one
// u-coordinate would pass for two points. All of these are refused.
//
// # Engines and cost
//
// Two engines give the same bytes. The portable one takes its field arithmetic
// from circl's fp25519, which has assembly for amd64 (BMI2 and ADX) and plain
// Go elsewhere. The wide one runs eight ladders at a time on processors with
// AVX-512F, and is chosen at start-up. The tag "purego" leaves the assembly out.
//
// Measured on one 2.5 GHz Cascade Lake core, in microseconds a point:
//
//	20    this package, wide engine
//	50    this package, portable engine
//	64    circl's X25519, which inverts once for each point
//	74    crypto/ecdh, likewise
//	77    the portable ladder on edwards25519/field, without inversion
//	 8    HashToCurve
//	 0.7  Validate
//
// A Legendre symbol for each received point would cost 5; Validate tests
// products of random subsets instead.
package curve
