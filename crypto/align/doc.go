// Package align gives the rows of two parties numbered slots, so that equal
// units share a slot and neither party learns which of its units the other
// has.
//
//	C (the smaller set)                              P
//	----------------------------------------------------------------------
//	u_C = sort(H(c)^kC)        --- align/1/u --->
//	                           <-- align/1/u ---     u_P = sort(H(p)^kP)
//	                           <-- align/2/e ---     E = sort(u_C^kP)
//	                           <-- align/2/v ---     v_C = u_C^(kP·mP), in u_C's order
//	e_P = u_P^kC
//	v_P = u_P^(kC·mC)          --- align/3/v --->    in u_P's order
//	S = sort((E without e_P)^mC)
//	                           -- align/3/count -->   |S|
//	                           --- align/3/s --->
//	                                                 tags = sort(Hash(v_P^mP), Hash(S^mP))
//	slot = rank of             <-- align/4/tags --   slot = rank of
//	Hash(v_C^mC)                                     Hash(v_P^mP)
//
// # Why it is safe
//
// The sorting is the protection. C sees its own rows in order only under
// kP·mP, and under kP alone only sorted, that is, in an order unrelated to its
// rows; P never sees its own values under both keys k. To link the two views
// is to decide Diffie-Hellman, with H a random oracle. Both parties learn the
// number of shared units, which padding (on by default) blurs, and nothing
// else. See Buddhavarapu et al., "Private matching for compute" (2020), and
// ALIGN.md in this directory for the format, the checks and what leaks.
//
// The parties follow the protocol: one that deviates can learn the membership
// of units it chooses. What a deviation can be seen by is checked, so that it
// ends the run.
//
// # Memory and speed
//
// Lists stream through sealed files in a work directory. In memory are the
// buffers that Config.Memory bounds, about 1 MiB besides, and 4 bytes for each
// own unit (the result); the garbage collector may let the heap grow to twice
// that. On disk are at most 200 bytes for each own and 130 for each of the
// peer's units. A received list is read once, and both lists computed from it
// come out of that one pass; reading, computing on all cores and sealing
// overlap, and so do the own list and the peer's.
//
// # Interruption
//
// All secrets are expanded from Config.Seed and all results lie in the work
// directory, so that a run that was cut off, or killed, is resumed by calling
// Run again: see there. The work directory and the seed are as secret as the
// units. They must not be copied: nothing here protects from two runs at a time.
package align
