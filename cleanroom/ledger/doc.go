// Package ledger keeps what runs have spent of a dataset's budgets: the
// privacy loss of differential privacy, and the number of runs and alignments.
//
// A charge is made before any data is touched and is never taken back (R13).
// It is synced to the state file first and then named in the audit log, with
// its number and a hash over the whole ledger up to it, as package anchor says
// (R56).
//
// Whoever makes charges does so one after another under a lock, so that of many
// runs that want the last of a budget exactly one gets it (R12).
//
// Budgets belong to what a dataset is, not to its name or agreement (R14): see
// Fingerprint. Numbers are rationals; the one inequality with a square root is
// rounded to the safe side.
package ledger
