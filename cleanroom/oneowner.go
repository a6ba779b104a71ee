package cleanroom

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"parley/analysis/release"
	"parley/cleanroom/audit"
	"parley/cleanroom/engine"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
)

// releaseOne runs a question about this node's own data and applies the
// release rules to what the engine returned.
func (n *Node) releaseOne(ctx context.Context, r *Run) (*release.Table, audit.Receipt, error) {
	ad := r.admitted
	local := ad.compiled.Plan.Locals[0]
	rec := n.draftReceipt(ad, r.ID, r.look().Created)
	snap, err := n.snapshot(ctx, ad.own[local.Dataset])
	if err != nil {
		return nil, rec, err
	}
	if err := n.charge(ctx, r); err != nil {
		return nil, rec, err
	}
	rec.Datasets = []audit.ReceiptDataset{dataset(ad, local, snap.Version)}
	if rec.Unchecked, err = n.compareOwn(ctx, r, snap); err != nil {
		return nil, rec, err
	}
	_, end := r.begin("reduce own rows", nil)
	defer end()
	if p := &ad.compiled.Plan; p.DP != nil {
		row := ad.own[local.Dataset]
		t, err := n.noisyOne(ctx, snap, p, row.Units)
		return t, rec, lost(row, err)
	}
	var rows []release.Row
	err = n.engine.Run(ctx, snap, local, func(row engine.Row) error {
		rows = append(rows, rowOf(row))
		return nil
	})
	if err != nil {
		return nil, rec, lost(ad.own[local.Dataset], err)
	}
	t, err := release.OneOwner(&ad.compiled.Plan, rows)
	return t, rec, err
}

// rowOf copies a row, since the engine reuses it.
func rowOf(row engine.Row) release.Row {
	r := release.Row{}
	for _, t := range row.Groups {
		r.Groups = append(r.Groups, release.Text(t))
	}
	for _, v := range row.Ints {
		r.Ints = append(r.Ints, release.Int(v))
	}
	return r
}

// answerOwn answers this node's own question about its own data.
func (n *Node) answerOwn(ctx context.Context, r *Run) error {
	t, rec, err := n.releaseOne(ctx, r)
	if err != nil {
		return err
	}
	return n.finish(ctx, r, t, rec, nil, nil)
}

// answerFor answers another member's question about this node's own data and
// keeps the answer until the asker has fetched it.
func (n *Node) answerFor(ctx context.Context, r *Run) error {
	t, rec, err := n.releaseOne(ctx, r)
	if err != nil {
		return err
	}
	signed, err := n.sign(t, rec)
	if err != nil {
		return err
	}
	e := entry(audit.ReleaseAction, audit.OK).by(r.admitted.asker).run(r.ID).agreement(r.admitted.id).with("receiptHash", audit.PayloadHash(signed.payload)).
		with("receiver", r.admitted.asker).with("resultCommitment", signed.receipt.ResultCommitment).with("planHash", rec.PlanHash)
	if err := n.still(ctx, r.admitted); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	index, err := n.recorded(e)
	if err != nil {
		return err
	}
	shown, err := n.recordFor(index)
	if err != nil {
		return err
	}
	if err := n.update(ctx, r, store.RunUpdate{State: store.Success, Finished: n.now(), Receipt: signed.envelope}); err != nil {
		return err
	}
	r.set(func(*View) {
		r.answer = &peer.Answer{Result: signed.result, Salt: hex.EncodeToString(signed.salt[:]), Receipt: signed.envelope, Record: *shown}
	})
	return nil
}

// receiveAnswer checks an owner's answer, adds this node's signature and
// keeps it.
func (n *Node) receiveAnswer(ctx context.Context, r *Run, a *peer.Answer) error {
	ad := r.admitted
	local := ad.compiled.Plan.Locals[0]
	owner := ad.agreement.Member(local.Member)
	payload, got, err := openReceipt(a.Receipt)
	if err != nil {
		return fmt.Errorf("the owner's receipt: %w", err)
	}
	if err := audit.VerifySignature(a.Receipt, payload, identityKey(owner)); err != nil {
		return fmt.Errorf("the owner's receipt: %w", err)
	}
	want := n.draftReceipt(ad, r.ID, r.look().Created)
	if len(got.Datasets) != 1 {
		return errUnexpectedAnswer
	}
	if !versionPattern.MatchString(got.Datasets[0].Version) {
		return errUnexpectedAnswer
	}
	want.Datasets = []audit.ReceiptDataset{dataset(ad, local, got.Datasets[0].Version)}
	if len(got.Unchecked) > 0 { // only the owner knows
		want.Unchecked = []string{local.Dataset}
	}
	if err := n.agrees(&want, got); err != nil {
		return fmt.Errorf("the owner's receipt: %w", err)
	}
	salt, err := hex.DecodeString(a.Salt)
	if err != nil || len(salt) != 32 {
		return errUnexpectedAnswer
	}
	if err := isTable(a.Result, got.Unchecked); err != nil {
		return err
	}
	mine, err := audit.SignReceipt(payload, n.signer())
	if err != nil {
		return err
	}
	envelope, err := audit.Merge(a.Receipt, mine)
	if err != nil {
		return err
	}
	return n.deliver(ctx, r, delivery{a.Result, [32]byte(salt), envelope, *got, owner, &a.Record})
}

// isTable refuses an owner's answer that is anything but the canonical form of
// a table, so that nothing can hide in it from whoever reads it next, and one
// that says something else of earlier questions than the receipt.
func isTable(result []byte, unchecked []string) error {
	var t release.Table
	if err := json.Unmarshal(result, &t); err != nil {
		return errUnexpectedAnswer
	}
	again, err := t.Canonical()
	if err != nil || !bytes.Equal(again, result) || !slices.Equal(t.Unchecked, unchecked) {
		return errUnexpectedAnswer
	}
	return nil
}
