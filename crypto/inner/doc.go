// Package inner computes encrypted inner products: one side holds weights,
// the other values, over the same secret order of slots, and both end with
// additive shares of Σ w·f, from which neither learns anything alone.
//
//	V: values f[0..U)                        W: weights w_g[0..U), g a group
//	secret s, fresh in every session         key of u and e1, kept; e0, r fresh
//
//	seed = Seed(set, alignment's transcript); a_pk, a_{v,j} = Expand(seed)
//
//	                                         hint_g = Σ_j M_{g,j}·a_j
//	                                         c1 = hint_g + a_pk·u + e1
//	(c1′·s)[0], c1′ kept        ◀──hints──   c1′ = ⌊2^κ·c1/Q⌉      once per weights
//
//	b_pk = −a_pk·s + e          ──header──▶
//	b_j  = −a_j·s + e + ⌊fQ/T⌉  ──vector──▶  β_g = Σ_i w_{g,i}·b[i]
//	                                         c0 = β_g + (b_pk·u)[0] + e0
//	                            ◀─answers──  y   = ⌊2^κ·c0/Q⌉ + r_g
//	share: y + (c1′·s)[0]                    share: −r_g        (mod 2^κ)
//
// Each side keeps the top t+3 bits of its share; a garbled circuit adds them,
// adds 4 and drops 3 bits (Combine does the same in clear, for tests).
//
// Hints depend on the weights and on public elements that are fixed for an
// alignment, not on the values. They are sent once; a later session over the
// same weights and vector index, whatever the values, sends only answers. W
// calls Arrange, Keep, WriteHints and Multiply, later Arrange and Multiply; V
// calls Encrypt, Fold and Open.
//
// Why it is safe. b is a fresh RLWE encryption, so W learns nothing of f. The
// pad r_g is uniform mod 2^κ, so y is a one-time pad and V learns nothing from
// it, even when V deviates and adds Q/2 at one slot, and however often the same
// u answers. c1 is RLWE under the secret u, drawn for each cell, with a_pk
// taken from the public seed, so it hides hint_g although V knows every a.
// Noise without u would not: V could test guessed weights against the hint.
// INNER.md says what each side may repeat, and why one u answers 16 times.
//
// The three parameter sets, their budget and the byte formats are in INNER.md.
// The ring arithmetic is Lattigo's package ring; none of its schemes, samplers
// or readers are used. Bytes from the peer meet only the codecs here.
//
// The budget: at the stated bound of ‖w‖₁ no sum comes out wrong.
//
//	set     ‖w‖₁ up to   written noise   largest of 10,000   every error at its largest
//	narrow  2^24.25      1.000           0.73                0.969
//	wide    2^36.16      1.000           0.63                0.908
//	large   2^95.02      1.000           0.53                     0.002 (at 2^75)
//
// in parts of the limit 3/(8T), measured by TestLongBudget and TestExtremeNoise.
//
// What is constant time: the Gaussian sampler, the products with s and u, the
// encoding and the online multiply-adds contain no branch and no memory index
// that depends on a secret, apart from conditional subtractions (here and in
// Lattigo's ring) that the compiler turns into conditional moves on amd64 and
// arm64. Rejection in the ternary sampler shows which draws were rejected, not
// the values kept. Arranging weights touches memory in an order that depends
// on slots and groups: a process on the same processor that can watch the
// cache is outside the security model.
package inner
