// Package audit holds the two kinds of evidence a node leaves: the log of
// every decision it took, and the receipts of answered questions.
//
// The log is a Merkle tree (RFC 6962) over one-line JSON entries, in plain
// files with a checkpoint that the node's identity key signs. AUDIT.md
// specifies the files, an example first. Append returns only when the entry,
// its hashes and a checkpoint over them are on disk:
//
//	Append ─▶ entries/…  fsync ─▶ tile/…  fsync ─▶ checkpoint  fsync, rename ─▶ return
//
// so an answer released after Append is always in the log. An error in
// between poisons the log: nothing more can be appended, and therefore no
// answer released, until the log is opened again. Verify is an independent
// check of all the files that shares only hashing with the writer.
//
// What the log cannot show by itself is that all of it was put back to an
// older state, checkpoint included. For that, Verify takes tree heads that
// someone else has kept.
//
// A receipt is an in-toto statement signed by every node that took part in a
// run. VerifyBundle checks one without any node or network.
package audit
