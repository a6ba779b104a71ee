// Package peer carries messages between two nodes: mTLS 1.3 over HTTP/2, with
// certificates pinned by the fingerprints that stand in the agreement.
//
//	asker                                    other owner
//	POST   /peer/v1/runs              Offer ──▶ compiles, checks, compares
//	                                  ◀── Accept (or a Problem)
//	PUT    /peer/v1/runs/ID/messages  chunk ⇄ chunk     (both directions)
//	GET    /peer/v1/runs/ID/messages        ⇄           which of them need not be sent again?
//	GET    /peer/v1/runs/ID                 ⇄           is the other still there?
//	GET    /peer/v1/runs/ID/answer    ──▶ the answer of a one-owner question
//	POST   /peer/v1/runs/ID/receipt   ──▶ the other node signs the receipt
//	DELETE /peer/v1/runs/ID                 ⇄           cancel
//
// The package knows nothing of agreements or runs: what a caller may do is
// decided by the Service. It does decide who the caller is, how much a caller
// may send, and that bytes arrive whole, once and unchanged. PROTOCOL.md is
// the specification.
package peer
