// Package garble turns the additive shares of each cell of an answer into
// released numbers, or into nothing, inside a garbled circuit.
//
// Two members hold shares of every product of a cell (a cell is one group of
// the answer). One of them receives the answer: it evaluates. The other
// garbles and learns nothing but that the run ended. The circuit opens the
// sums, compares the number of distinct shared units with the minimum group
// size k, and outputs the sums, a pass bit and the key of the garbler's label
// of the cell, or zeros. Neither side sees a sum, a count or a comparison of a
// cell that does not pass.
//
//	Evaluate (receives)                                 Garble
//	  id                ◀─ garble/0/base ────────────▶  id of the base transfers kept
//	  both ids, hashed  ◀─ garble/0/agreed ──────────▶  both ids, hashed
//	  unless both keep the same:
//	  A[128]            ── garble/1/a ───────────────▶  base oblivious transfers
//	                    ◀─────────────── garble/2/b ──  B[128]
//	  E0,E1[128]        ── garble/3/e ───────────────▶  seeds of the extension
//	  for each batch of cells:
//	  columns, check    ── garble/4/ot/NNNNNN ───────▶  verify the check
//	  evaluate          ◀──── garble/5/cells/NNNNNN ──  garble
//	  at the end:
//	                    ◀───────── garble/6/garbler ──  one byte: 0 or 1
//	  one byte: 0 or 1  ── garble/7/evaluator ───────▶
//
// Base transfers are Chou-Orlandi (circl ot/simot over ristretto255). The
// extension is IKNP (2003) with the consistency check of Keller, Orsini and
// Scholl in its revised form (eprint 2015/546, revision of 2022; Roy, CRYPTO
// 2022). Gates are half gates (Zahur, Rosulek, Evans, EUROCRYPT 2015) with
// free XOR and point-and-permute, hashed by TMMO over fixed-key AES (Guo,
// Katz, Wang, Yu, IEEE S&P 2020).
//
// Values are safe against parties that follow the protocol. A garbler that
// deviates can garble another circuit; see GARBLE.md for what the checks here
// prevent and what they do not.
//
// Each side works in stages that run at the same time: while one batch travels,
// the next is garbled or evaluated on all processors. The buffers of the stages
// are made once, for two messages of at most 4 MiB and the transfers of a few
// batches; nothing else grows with the number of cells but the caller's own
// inputs and results. A Base keeps the base transfers between runs.
package garble
