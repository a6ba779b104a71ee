package cleanroom

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"parley/agreements"
	"parley/analysis/plan"
	"parley/analysis/release"
	"parley/cleanroom/audit"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
	"parley/crypto/keys"
	"parley/internal/weak"
)

// expectation is what a node that took part in a run knows of it. It signs no
// receipt that says anything else.
type expectation struct {
	receipt audit.Receipt // without what only the receiver knows
	signed  []byte        // its envelope, once it has signed
	asked   []byte        // the receiver's envelope that it signed for
	answer  *peer.Cosigned
	over    bool // it signs nothing more
}

// draftReceipt fills in everything about a run but its result.
func (n *Node) draftReceipt(ad *admitted, run string, started time.Time) audit.Receipt {
	p := &ad.compiled.Plan
	r := audit.Receipt{Run: run, Agreement: ad.id, Question: p.SQL, Analysis: ad.question.Analysis,
		PlanHash: hexOf(ad.compiled.Hash), Kind: string(p.Kind), MinGroupSize: p.MinGroupSize, PublicData: p.PublicData,
		DP: p.DP.String(), Receiver: ad.asker, Started: started.UTC().Truncate(time.Second)}
	if r.Analysis != "" && len(ad.question.Params) > 0 {
		r.Parameters = ad.question.Params
	}
	for _, l := range explainFor(ad).Learns {
		role := "data owner"
		if l.Member == ad.asker {
			role = "asker and receiver"
		}
		r.Parties = append(r.Parties, audit.ReceiptParty{Member: l.Member, Role: role, Learned: l.Learns})
	}
	return r
}

func dataset(ad *admitted, l plan.Local, version string) audit.ReceiptDataset {
	return audit.ReceiptDataset{Name: l.Dataset, Owner: l.Member, Version: version,
		ContractHash: ad.agreement.Dataset(l.Dataset).ContractHash}
}

// joinReceipt is what both nodes of a join know: everything but the result.
func (j *joint) joinReceipt(started time.Time) audit.Receipt {
	r := j.n.draftReceipt(j.run.admitted, j.run.ID, started)
	for i, l := range j.plan.Locals {
		side := j.own
		if i != j.me() {
			side = j.theirs
		}
		r.Datasets = append(r.Datasets, dataset(j.run.admitted, l, side.Version))
	}
	r.Unchecked = j.unchecked()
	session := j.bound()
	r.Alignment, r.Session, r.Transcript = j.alignment.id, hexOf(session), hexOf(j.transcript.Sum(session))
	sent, received := j.transcript.Bytes()
	r.BytesExchanged = sent + received
	return r
}

// conclude makes the asker's answer of a join: table, receipt, signatures.
func (n *Node) conclude(ctx context.Context, j *joint, out *outcome) error {
	table, err := j.table(out)
	if err != nil {
		return err
	}
	r := j.joinReceipt(j.run.look().Created)
	return n.finish(ctx, j.run, table, r, func(envelope []byte) ([]byte, *peer.Record, error) {
		_, end := j.run.begin("sign the receipt", nil)
		defer end()
		got, err := j.client.Cosign(ctx, j.run.ID, peer.Cosign{Receipt: envelope})
		if err != nil {
			return nil, nil, fmt.Errorf("the other node's signature on the receipt: %w", err)
		}
		return got.Receipt, &got.Record, nil
	}, j.partner)
}

// finish signs the receipt, has the partner sign it, and only then makes the
// answer visible: first the audit log, then the state file, then memory.
func (n *Node) finish(ctx context.Context, r *Run, t *release.Table, rec audit.Receipt, cosign func([]byte) ([]byte, *peer.Record, error), partner *agreements.Member) error {
	if err := n.still(ctx, r.admitted); err != nil {
		return err
	}
	s, err := n.sign(t, rec)
	if err != nil {
		return err
	}
	var record *peer.Record
	if cosign != nil {
		var theirs []byte
		if theirs, record, err = cosign(s.envelope); err != nil {
			return err
		}
		if err := audit.VerifySignature(theirs, s.payload, identityKey(partner)); err != nil {
			return fmt.Errorf("the other node's signature on the receipt: %w", err)
		}
		if s.envelope, err = audit.Merge(s.envelope, theirs); err != nil {
			return err
		}
	}
	return n.deliver(ctx, r, delivery{s.result, s.salt, s.envelope, s.receipt, partner, record})
}

// signed is an answer with its receipt, signed by this node.
type signed struct {
	result   []byte // canonical JSON
	salt     [32]byte
	receipt  audit.Receipt
	payload  []byte
	envelope []byte
}

// sign completes a receipt with a commitment to the answer and signs it.
func (n *Node) sign(t *release.Table, rec audit.Receipt) (*signed, error) {
	s := &signed{receipt: rec}
	var err error
	t.Unchecked = rec.Unchecked
	if s.result, err = t.Canonical(); err != nil {
		return nil, err
	}
	if _, err := rand.Read(s.salt[:]); err != nil {
		return nil, err
	}
	if s.receipt.ResultCommitment, err = audit.Commit(s.salt, s.result); err != nil {
		return nil, err
	}
	s.receipt.Withheld, s.receipt.Finished = t.Withheld.Count, n.utc()
	if s.payload, err = audit.NewReceipt(s.receipt); err != nil {
		return nil, err
	}
	s.envelope, err = audit.SignReceipt(s.payload, n.signer())
	return s, err
}

// delivery is a signed answer on its way to this node's own people.
type delivery struct {
	result   []byte // canonical JSON
	salt     [32]byte
	envelope []byte // signed by every party
	receipt  audit.Receipt
	partner  *agreements.Member // nil: nobody else took part
	record   *peer.Record       // of the partner's log
}

// deliver makes a signed answer visible to this node's own people. The log's
// entry of it comes first; that entry and the partner's are then shown to be in
// both logs, and both nodes countersign each other's.
func (n *Node) deliver(ctx context.Context, r *Run, d delivery) error {
	if err := n.still(ctx, r.admitted); err != nil {
		return err
	}
	row, err := n.store.Agreement(ctx, r.admitted.id)
	if err != nil {
		return err
	}
	b := audit.Bundle{Receipt: d.envelope, Agreement: row, Result: d.result, Salt: hex.EncodeToString(d.salt[:]), Origin: AuditOrigin}
	draft, err := b.Encode()
	if err != nil {
		return err
	}
	if err := audit.VerifyUnrecorded(draft); err != nil {
		return fmt.Errorf("the receipt does not verify, so nothing is released: %w", err)
	}
	hash, err := receiptHash(d.envelope)
	if err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	e := entry(audit.ReleaseAction, audit.OK).by(r.admitted.asker).run(r.ID).agreement(r.admitted.id).with("receiptHash", hash).
		with("receiver", r.admitted.asker).with("resultCommitment", d.receipt.ResultCommitment).with("planHash", d.receipt.PlanHash)
	index, err := n.recorded(e)
	if err != nil {
		return err
	}
	if b.Records, err = n.bundleRecords(ctx, d, index); err != nil {
		return err
	}
	bundle, err := b.Encode()
	if err != nil {
		return err
	}
	if _, err := audit.VerifyBundle(bundle); err != nil {
		return fmt.Errorf("the receipt does not verify, so nothing is released: %w", err)
	}
	sealed, err := keys.Seal(r.admitted.agreement.Member(r.admitted.asker).AgeRecipient, bundle)
	if err != nil {
		return err
	}
	// While the records were exchanged, an agreement can have ended (R52).
	if err := n.still(ctx, r.admitted); err != nil {
		return err
	}
	u := store.RunUpdate{State: store.Success, Finished: n.now(), Sealed: sealed, ReceiptHash: hash}
	more := n.moreRuns(ctx, r.admitted)
	if err := n.update(ctx, r, u, func(v *View) { v.Result, v.Receipt, v.ReceiptHash, v.More = d.result, bundle, hash, more }); err != nil {
		return err
	}
	n.keepForRepeats(ctx, r, d.receipt.Datasets)
	return nil
}

// cosignWait is how long an owner waits for the receiver to ask for its
// signature once its own part is done.
const cosignWait = time.Minute

// permit is the other owner's decision to give its part of a join: what
// admitted the question must still hold, and the audit log says so first.
func (n *Node) permit(ctx context.Context, r *Run) error {
	if err := n.still(ctx, r.admitted); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return n.record(entry("run.release", audit.OK).by(r.admitted.asker).run(r.ID).agreement(r.admitted.id).
		with("receiver", r.admitted.asker).with("planHash", hexOf(r.admitted.compiled.Hash)))
}

// concludeAssist is the other owner's end of a join: it has given its part
// and signs the receipt when the receiver asks.
func (n *Node) concludeAssist(ctx context.Context, j *joint, _ *outcome) error {
	want := j.joinReceipt(j.run.look().Created)
	e := entry("run.part-done", audit.OK).by(j.run.admitted.asker).run(j.run.ID).agreement(j.run.admitted.id).
		with("planHash", want.PlanHash).with("session", want.Session).with("transcript", want.Transcript)
	if err := n.record(e); err != nil {
		return err
	}
	j.run.set(func(*View) { j.run.expected = &expectation{receipt: want} })
	_, end := j.run.begin("sign the receipt", nil)
	defer end()
	deadline := time.After(cosignWait)
	for {
		var err error
		j.run.mu.Lock()
		signed, changed := j.run.expected.signed, j.run.changed
		j.run.mu.Unlock()
		if signed != nil {
			return n.update(ctx, j.run, store.RunUpdate{State: store.Success, Finished: n.now(), Receipt: signed})
		}
		select {
		case <-changed:
			continue
		case <-deadline:
			err = errNoCosign
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		if j.run.signsNoMore() {
			return err
		}
	}
}

var errNoCosign = errors.New("the receiver did not ask for this node's signature on the receipt")

// signsNoMore ends the time for signing. It is false when a receipt was signed
// in the last moment: then the run has succeeded, whatever came in between.
func (r *Run) signsNoMore() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expected.over = r.expected.signed == nil
	return r.expected.over
}

// sign keeps the one envelope this node has signed for a run. The same again
// is fine, since an answer may have been lost; another is not.
func (r *Run) sign(envelope, asked []byte, answer *peer.Cosigned) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := r.expected; {
	case e.over:
		return peer.Refuse(http.StatusConflict, peer.RefusedReceipt, "the run has ended without an answer at the other node")
	case e.signed != nil && !bytes.Equal(e.signed, envelope) && !weak.Off("R45"):
		return peer.Refuse(http.StatusConflict, peer.RefusedReceipt, "the other node has signed another receipt for this run")
	default:
		e.signed, e.asked, e.answer = envelope, asked, answer
	}
	r.notify()
	return nil
}

// signedBefore is the answer that was given to the same envelope, or nil.
func (r *Run) signedBefore(asked []byte) *peer.Cosigned {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.expected; e != nil && e.signed != nil && !e.over && bytes.Equal(e.asked, asked) {
		return e.answer
	}
	return nil
}
