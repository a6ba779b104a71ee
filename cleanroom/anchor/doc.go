// Package anchor ties the state file to the audit log.
//
// Some rows of the state file must not go back or change unseen: charges on
// budgets, states of agreements, accounts of people, approvals of templates.
// Every change of such a row is numbered, and a hash chain runs over all of
// them. The state file takes the change and its number in one transaction, and
// then the log's entry of the change names the number (detail anchor) and the
// chain (detail state):
//
//	Keeper.Do ─▶ one transaction: the change, its anchor ─▶ audit entry with anchor, state ─▶ return
//
// So after a crash the state file can be one change ahead, and the log is
// completed when the node starts: the anchor holds the entry. In every other
// case in which the two differ nothing is done any more (R56):
//
//	ErrOlder   the log names changes that the state file has not: an older copy of it was put back
//	ErrAhead   the state file has changes that the log does not name: an older copy of the log was put back
//	ErrMixed   the same number, another chain; or a row is not what its last change made of it
//
// That both were put back together only a partner can find: see records.go of
// the node.
//
// To anchor rows of a new kind: give the store's method that changes them a
// store.Anchor, which it adds in its transaction with putAnchor; change them
// through Keeper.Do alone; and have the node call Keeper.Check when it starts
// with the digest of every row there is.
package anchor
