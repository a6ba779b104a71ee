// Package invitation has what two organisations need to meet: the line that
// one sends the other, the proof that a caller holds it, and the words by which
// people make sure that nobody stands between them.
//
//	inviter                                     joiner
//	New ──▶ Line ── by mail, chat, on paper ──▶ Parse
//	  keeps Key(secret)                          dials the address, pins the fingerprint
//	  ◀── hello: card, Prove(Join) ─────────────
//	  ─── welcome: card, Prove(Welcome) ───────▶
//	  ◀── done: Prove(Done) ────────────────────
//	Words(both cards)      over the phone      Words(both cards)
//
// The package only computes: sockets, clocks and storage are its callers'.
package invitation
