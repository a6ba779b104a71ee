// Package agreements defines the document that governs a collaboration, its
// one canonical encoding, and its signatures by every member. AGREEMENT.md is
// the format's specification.
//
//	YAML draft ──ParseDraft──▶ Agreement ──NewEnvelope──▶ Envelope ──Sign, Merge──▶ Verify
//
// An Envelope is a DSSE envelope over an in-toto statement whose predicate is
// the agreement. Signatures cover the payload's raw bytes, and the payload
// must be the canonical encoding of what it says, so one agreement has one id.
//
// The package imports no sibling, opens nothing and reads no clock.
package agreements
