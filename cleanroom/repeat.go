package cleanroom

import (
	"context"
	"errors"
	"sort"
	"strings"

	"parley/cleanroom/audit"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
	"parley/internal/weak"
)

// The same question over the same data has one answer. Asked again by the same
// receiver under the same agreement it is given again, with its receipt: no
// data is touched, nothing is charged, and where there is noise it is the same
// noise (R10, R11). A question is the same when its plan is, however it is
// written.
//
//	own data alone      the node knows its versions and looks
//	a partner's data    the offer names the version (peer.Offer.Held) that the
//	                    answer at hand rests on; the partner says whether that
//	                    is the one in use (peer.Accept.Stored) and begins nothing

// ErrFreshDP is returned for a fresh answer where answers have noise.
var ErrFreshDP = errors.New("answers with noise are given again as they are: averaging several would take the noise away. Leave out --fresh")

// prior is an answer that was given before.
type prior struct {
	run         store.Run
	peerVersion string // that it rests on; "" for own data alone
}

func (n *Node) answerKey(ad *admitted) store.AnswerKey {
	k := store.AnswerKey{Agreement: ad.id, PlanHash: hexOf(ad.compiled.Hash), Receiver: ad.asker}
	// What is computed counts, not how it was written.
	same := ad.compiled.Plan
	same.SQL = ""
	if h, err := same.Hash(); err == nil {
		k.PlanHash = hexOf(h)
	}
	var own []string
	for name, row := range ad.own {
		own = append(own, name+"="+row.Version)
	}
	sort.Strings(own)
	k.OwnVersion = strings.Join(own, " ")
	return k
}

// prior looks for the answer to the same question; nil when there is none that
// may be used.
func (n *Node) prior(ctx context.Context, ad *admitted) (*prior, error) {
	if ad.question.Fresh || weak.Off("R10") {
		return nil, nil
	}
	run, version, err := n.store.LatestAnswer(ctx, n.answerKey(ad))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case n.outlived(run):
		return nil, nil
	}
	return &prior{run: run, peerVersion: version}, nil
}

// keepForRepeats records that a run has the answer to its question.
func (n *Node) keepForRepeats(ctx context.Context, r *Run, datasets []audit.ReceiptDataset) {
	k := n.answerKey(r.admitted)
	var theirs []string
	for _, d := range datasets {
		if d.Owner != n.cfg.Org {
			theirs = append(theirs, d.Version)
		}
	}
	k.PeerVersion = strings.Join(theirs, " ")
	if err := n.store.PutAnswer(context.WithoutCancel(ctx), k, r.ID); err != nil {
		n.log.Error("keep an answer for repeats", "run", r.ID, "error", err)
	}
}

// repeat ends a run with the answer of an earlier one.
func (n *Node) repeat(ctx context.Context, r *Run, p *prior) error {
	if err := n.still(ctx, r.admitted); err != nil {
		return err
	}
	bundle, got, err := n.unseal(ctx, p.run)
	if err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	e := entry("run.repeat", audit.OK).by(r.admitted.asker).run(r.ID).agreement(r.admitted.id).with("receiptHash", p.run.ReceiptHash).
		with("receiver", r.admitted.asker).with("planHash", hexOf(r.admitted.compiled.Hash))
	if err := n.record(e); err != nil {
		return err
	}
	u := store.RunUpdate{State: store.Success, Finished: n.now(), ReceiptHash: p.run.ReceiptHash, StoredFrom: p.run.ID}
	more := n.moreRuns(ctx, r.admitted)
	return n.update(ctx, r, u, func(v *View) {
		v.Result, v.Receipt, v.ReceiptHash, v.StoredFrom = got.Result, bundle, p.run.ReceiptHash, p.run.ID
		v.More = more
	})
}

// held reports, at the partner, whether the answer that the asker says it has
// is the one to the question asked: then nothing is to be done for it.
func (n *Node) held(ad *admitted, o peer.Offer) bool {
	if o.Held == "" || len(ad.own) != 1 {
		return false
	}
	for _, row := range ad.own {
		return row.Version == o.Held
	}
	return false
}

// openedAgain is a stored run that was given another's answer, with what is
// left of that.
func (n *Node) openedAgain(ctx context.Context, row store.Run) (*View, error) {
	v := stored(row)
	first, err := n.store.Run(ctx, row.StoredFrom)
	if err != nil {
		return nil, err
	}
	from, err := n.opened(ctx, first)
	if err != nil {
		return nil, err
	}
	v.Result, v.Receipt, v.Removed = from.Result, from.Receipt, from.Removed
	return v, nil
}
