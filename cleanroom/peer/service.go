package peer

import "context"

// Service is the node behind the door. from is the fingerprint of the TLS key
// the caller proved to hold; whether that key's owner may do the thing asked
// is the Service's decision, made anew on every call.
//
// An error that is a *Problem is sent as it is. Any other error is sent as a
// generic refusal, and only the Service's own log says more.
type Service interface {
	// Known reports whether some agreement in force names the fingerprint, or
	// it is a confirmed partner's. It is asked in every handshake, before the
	// caller has proved anything, so it must be quick.
	Known(fingerprint string) bool
	// Offer starts this node's part of a run and returns once the node is
	// ready to receive its messages. The run goes on after the call returns.
	Offer(ctx context.Context, from string, o Offer) (*Accept, error)
	// Status tells how a run stands.
	Status(ctx context.Context, from, run string) (*Status, error)
	// Cancel ends a run.
	Cancel(ctx context.Context, from, run string) error
	// Answer waits for a one-owner question's answer; nil while it is not
	// ready by the end of ctx.
	Answer(ctx context.Context, from, run string) (*Answer, error)
	// Cosign checks a receipt against what this node saw and signs it. It may
	// be called again with the same receipt when an answer was lost.
	Cosign(ctx context.Context, from, run string, c Cosign) (*Cosigned, error)
	Negotiator
	// Contracts are the terms of the datasets that the node's owner offers to
	// the caller. It needs no agreement: see RefusedPartner.
	Contracts(ctx context.Context, from string) (*Contracts, error)
	// Heads compares the two nodes' audit logs and countersigns the caller's.
	Heads(ctx context.Context, from string, h Heads) (*HeadsAnswer, error)
	// Countersigned takes the caller's cosignature on this node's checkpoint.
	Countersigned(ctx context.Context, from string, c Countersigned) error
	// MayPost reports whether the caller takes part in the run.
	MayPost(from, run string) bool
}
