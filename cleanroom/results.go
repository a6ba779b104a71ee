package cleanroom

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"time"

	"parley/cleanroom/audit"
	"parley/cleanroom/store"
)

// The state file holds an answer only as the receiver's receipt bundle, sealed
// to the receiver's age key in the agreement:
//
//	answer ──▶ bundle ──seal──▶ state.db ──open──▶ View.Result, View.Receipt
//	                               │
//	                        resultDays later: removed; run and receipt hash stay

// opened is a stored run with its answer, if it is here. One whose time is
// over is removed before it could be shown once more.
func (n *Node) opened(ctx context.Context, row store.Run) (*View, error) {
	if row.StoredFrom != "" {
		return n.openedAgain(ctx, row)
	}
	if row.Sealed == nil {
		return stored(row), nil
	}
	if n.outlived(row) {
		if err := n.removeResult(ctx, row); err != nil {
			return nil, err
		}
		row.Sealed, row.Removed = nil, n.now().UTC()
		return stored(row), nil
	}
	bundle, got, err := n.unseal(ctx, row)
	if err != nil {
		return nil, err
	}
	v := stored(row)
	v.Result, v.Receipt = got.Result, bundle
	return v, nil
}

// unseal opens a run's bundle and checks it as anyone would, and that it is
// that run's: a state file in which rows were swapped shows nothing.
func (n *Node) unseal(ctx context.Context, row store.Run) ([]byte, *audit.Verified, error) {
	r, err := n.keys.OpenSealed(ctx, bytes.NewReader(row.Sealed))
	if err != nil {
		return nil, nil, unsealed(ctx)
	}
	bundle, err := io.ReadAll(r)
	if err != nil {
		return nil, nil, unsealed(ctx)
	}
	got, err := audit.VerifyBundle(bundle)
	if err != nil || got.Receipt.Run != row.ID || got.Receipt.Receiver != n.cfg.Org {
		return nil, nil, unsealed(ctx)
	}
	return bundle, got, nil
}

func unsealed(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return ErrSealed
}

func (n *Node) keptFor() time.Duration { return time.Duration(n.cfg.ResultDays) * 24 * time.Hour }

func (n *Node) outlived(row store.Run) bool { return n.now().Sub(row.Finished) > n.keptFor() }

// removeResult takes an answer and its receipt bundle away. The log says so
// first; that the answer was already gone is no error.
func (n *Node) removeResult(ctx context.Context, row store.Run) error {
	err := n.record(entry("result.remove", audit.OK).run(row.ID).agreement(row.Agreement).with("receiptHash", row.ReceiptHash))
	if err != nil {
		return err
	}
	if err := n.store.RemoveSealed(ctx, row.ID, n.now()); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// sweepResults removes the answers whose time is over.
func (n *Node) sweepResults(ctx context.Context) error {
	rows, err := n.store.SealedBefore(ctx, n.now().Add(-n.keptFor()))
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := n.removeResult(ctx, row); err != nil {
			return err
		}
		n.forgetRun(row.ID)
	}
	if len(rows) > 0 {
		n.log.Info("answers removed", "runs", len(rows), "resultDays", n.cfg.ResultDays)
	}
	return nil
}

// forgetRun drops an ended run from memory, where it may lie a while longer.
func (n *Node) forgetRun(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if r := n.runs[id]; r != nil && !r.ended().IsZero() {
		delete(n.runs, id)
	}
}

// sweepResultsDaily goes on until the node closes.
func (n *Node) sweepResultsDaily() {
	defer n.work.Done()
	day := time.NewTicker(24 * time.Hour)
	defer day.Stop()
	for {
		select {
		case <-n.life.Done():
			return
		case <-day.C:
			if err := n.sweepResults(n.life); err != nil && n.life.Err() == nil {
				n.log.Error("remove old answers", "error", err)
			}
		}
	}
}

// receiptHash is the SHA-256 of a receipt's payload: what the nodes signed.
func receiptHash(envelope []byte) (string, error) {
	payload, _, err := openReceipt(envelope)
	if err != nil {
		return "", err
	}
	return hexOf(sha256.Sum256(payload)), nil
}
