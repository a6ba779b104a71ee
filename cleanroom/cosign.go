package cleanroom

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"parley/agreements"
	"parley/cleanroom/audit"
	"parley/cleanroom/peer"
)

// Cosign implements peer.Service: it signs exactly one receipt, and only if
// every word of it agrees with what this node saw.
func (n *Node) Cosign(ctx context.Context, from, run string, c peer.Cosign) (*peer.Cosigned, error) {
	r, err := n.partnerRun(from, run)
	if err != nil {
		return nil, err
	}
	want, err := r.expectedReceipt(ctx)
	if err != nil {
		return nil, err
	}
	payload, got, err := openReceipt(c.Receipt)
	if err == nil {
		err = n.agrees(want, got)
	}
	if err == nil {
		err = audit.VerifySignature(c.Receipt, payload, identityKey(r.admitted.agreement.Member(r.admitted.asker)))
	}
	if err != nil {
		n.log.Warn("receipt refused", "run", run, "error", err)
		n.refused(r.admitted.asker, run, "receipt")
		return nil, peer.Refuse(http.StatusConflict, peer.RefusedReceipt, "the receipt does not say what the other node saw, so it does not sign it")
	}
	if again := r.signedBefore(c.Receipt); again != nil {
		return again, nil
	}
	index, err := n.recorded(entry(audit.CosignAction, audit.OK).by(r.admitted.asker).run(run).agreement(r.admitted.id).
		with("receiptHash", audit.PayloadHash(payload)).with("session", want.Session))
	if err != nil {
		return nil, err
	}
	rec, err := n.recordFor(index)
	if err != nil {
		return nil, err
	}
	envelope, err := audit.SignReceipt(payload, n.signer())
	if err != nil {
		return nil, err
	}
	full, err := audit.Merge(c.Receipt, envelope)
	if err != nil {
		return nil, err
	}
	answer := &peer.Cosigned{Receipt: envelope, Record: *rec}
	if err := r.sign(full, c.Receipt, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// expectedReceipt waits until this node's own part is done: the receiver may
// be a moment ahead.
func (r *Run) expectedReceipt(ctx context.Context) (*audit.Receipt, error) {
	for {
		r.mu.Lock()
		want, changed, state := r.expected, r.changed, r.view.State
		r.mu.Unlock()
		if want != nil {
			return &want.receipt, nil
		}
		if state.Final() {
			return nil, peer.Refuse(http.StatusConflict, peer.RefusedReceipt, "the run has ended without an answer at the other node")
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// openReceipt reads the payload of an envelope.
func openReceipt(envelope []byte) ([]byte, *audit.Receipt, error) {
	var e struct {
		Payload string `json:"payload"`
	}
	if err := json.Unmarshal(envelope, &e); err != nil {
		return nil, nil, err
	}
	payload, err := base64.StdEncoding.Strict().DecodeString(e.Payload)
	if err != nil {
		return nil, nil, err
	}
	r, err := audit.ParseReceipt(payload)
	return payload, r, err
}

// clockSkew is how far two nodes' clocks may differ in a receipt.
const clockSkew = 10 * time.Minute

// agrees compares a receipt with what this node expects. What only the
// receiver knows is left out: the commitment, how much was withheld, and its
// clock within reason.
func (n *Node) agrees(want, got *audit.Receipt) error {
	if d := got.Started.Sub(want.Started).Abs(); d > clockSkew {
		return errors.New("the two nodes' clocks differ by more than ten minutes")
	}
	if d := got.Finished.Sub(n.now()).Abs(); d > clockSkew {
		return errors.New("the two nodes' clocks differ by more than ten minutes")
	}
	same := *want
	same.Format = got.Format
	same.ResultCommitment, same.Withheld = got.ResultCommitment, got.Withheld
	same.Started, same.Finished = got.Started, got.Finished
	a, errA := audit.NewReceipt(same)
	b, errB := audit.NewReceipt(*got)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if !bytes.Equal(a, b) {
		return errors.New("a field differs from what this node saw")
	}
	return nil
}

func identityKey(m *agreements.Member) []byte {
	b, err := base64.StdEncoding.DecodeString(m.IdentityKey)
	if err != nil {
		return nil // Check refused such a member when the agreement was opened
	}
	return b
}
