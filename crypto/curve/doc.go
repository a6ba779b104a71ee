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
// # Engines
//
// All engines give the same bytes. The first that the processor can run is
// chosen when a call begins; the tag "purego" leaves all assembly out.
//
//	ifma      AVX-512 IFMA and DQ   8 points, radix 2^51; hashing 8 wide too
//	avx512    AVX-512F              8 ladders, radix 2^25.5; SHA-512 8 wide
//	portable  any                   circl's fp25519: assembly for amd64 with
//	                                BMI2 and ADX, plain Go elsewhere
//
// There is no AVX2 engine. Its four lanes have the same multiplier as avx512, of
// 32 by 32 bits, at half the width and with half the registers; its gain over
// the portable engine was not measured.
//
// The assembly of ifma and of SHA-512 is printed by internal/gen, a plain Go
// program: it is straight-line code for which a loop over limbs in Go says more
// than the lines that come out. It is Go assembly and not C: no C compiler is
// needed, no optimiser can turn a mask into a branch, and go vet checks it against
// its Go declarations. A test compares the files with what the program prints.
//
// # Secrets and time
//
// Scalars, ids and points decide no branch and no address in any engine: bits of
// the scalar are masks only. The length of a message does show in the time to hash
// it. TestLongConstantTime compares the times of every engine on secrets with and
// without a pattern; see there for what it can find.
//
// # Cost
//
// Measured on one core of an AMD EPYC with Zen 4, 3.6 GHz, go1.26.8, in
// microseconds a point; the best of 18 short runs on a machine in use:
//
//	             ifma  avx512  portable  crypto/ecdh
//	ExpInto       4.9    13.0        35           44
//	HashToCurve   0.9     4.0       4.5
//	Validate      0.2
//
// A step of the ifma ladder takes about 560 cycles, of which its multiplier is
// busy for 440. A Legendre symbol for each received point would cost 2.5 on the
// portable path; Validate tests products of random subsets instead.
package curve
