package cleanroom

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"

	"parley/agreements"
	"parley/analysis"
	"parley/analysis/plan"
	"parley/cleanroom/audit"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
	"parley/internal/weak"
)

// Node is the Service behind its own peer door. Every method judges the
// caller anew, by the key it proved to hold.
var _ peer.Service = (*Node)(nil)

func memberByFingerprint(a *agreements.Agreement, fingerprint string) *agreements.Member {
	for i := range a.Members {
		if a.Members[i].TLSFingerprint == fingerprint {
			return &a.Members[i]
		}
	}
	return nil
}

// wordFor maps this node's own errors to the word its partner may know.
func wordFor(err error) string {
	var refusal *analysis.Refusal
	switch {
	case errors.Is(err, errNotYours):
		return peer.RefusedAgreement
	case errors.As(err, &refusal) && (refusal.Code == "not-a-member" || refusal.Code == "not-a-receiver"):
		return peer.RefusedAgreement // it may not know what else would be refused
	case errors.As(err, &refusal):
		return peer.RefusedQuestion
	case errors.Is(err, ErrContractChanged), errors.Is(err, ErrRulesDiffer), errors.Is(err, ErrNoDataset),
		errors.Is(err, ErrTooFewUnits), errors.Is(err, ErrLargeDelta), errors.Is(err, ErrReplaced):
		return peer.RefusedDataset
	case errors.Is(err, ErrBusy):
		return peer.RefusedBusy
	case errors.Is(err, ErrAligning):
		return peer.RefusedAligning
	case errors.Is(err, ErrPlanDiffers):
		return peer.RefusedPlan
	case errors.Is(err, ErrNormaliser):
		return peer.RefusedNormaliser
	case errors.Is(err, ErrLimit):
		return peer.RefusedLimit
	case errors.Is(err, ErrUnapproved):
		return peer.RefusedApproval
	case errors.Is(err, ErrDenied):
		return peer.RefusedDenied
	case errors.Is(err, ErrRecords):
		return peer.RefusedRecords
	}
	return peer.Failed
}

// refusalText is all that a partner's node is told.
func refusalText(word string) string {
	switch word {
	case peer.RefusedAgreement:
		return "the other node has no agreement in force that lets this node ask"
	case peer.RefusedQuestion:
		return "the other node's own check refused the question; its log says why"
	case peer.RefusedDataset:
		return "the other node's dataset is not the one that was signed for, or is too small; its owner knows which"
	case peer.RefusedBusy:
		return "the other node has as many runs going on as it allows; try again later"
	case peer.RefusedAligning:
		return "the other node is aligning the same two datasets for another run; ask again when that run has ended"
	case peer.RefusedPlan:
		return ErrPlanDiffers.Error()
	case peer.RefusedNormaliser:
		return ErrNormaliser.Error()
	case peer.RefusedApproval:
		return "the other owner approves every run of its data; the question waits there for a person's decision"
	case peer.RefusedDenied:
		return "the other owner did not approve the run; ask its people why"
	case peer.RefusedRecords:
		return "the audit logs of the two nodes were not compared for this run, or do not fit together"
	case peer.RefusedLimit:
		return "the other owner's limits on its data (runs a day, or the privacy budget) allow no more such runs for now; its log says which limit"
	}
	return "the other node could not do this; its own log says why"
}

// errNotYours stands for every reason why no agreement lets the caller ask.
// Which one it was, the caller must not learn.
var errNotYours = errors.New("no agreement in force lets the caller ask")

// Offer implements peer.Service.
func (n *Node) Offer(ctx context.Context, from string, o peer.Offer) (*peer.Accept, error) {
	acc, err := n.consider(ctx, from, o)
	if err == nil {
		return acc, nil
	}
	n.log.Warn("offer refused", "run", o.Run, "from", short(from), "reason", logged(err))
	word := wordFor(err)
	return nil, peer.Refuse(http.StatusForbidden, word, refusalText(word))
}

// consider judges an offer and starts this node's part of it.
func (n *Node) consider(ctx context.Context, from string, o peer.Offer) (*peer.Accept, error) {
	a, id, err := n.inForce(ctx, o.Agreement)
	var asker *agreements.Member
	if err == nil {
		asker = memberByFingerprint(a, from)
	}
	// The id must be whole: a beginning of one is a convenience for people.
	if asker == nil || asker.Name == n.cfg.Org || id != o.Agreement {
		return nil, errors.Join(errNotYours, err, n.refused("", o.Run, "agreement"))
	}
	if err := n.admitRecords(ctx, asker, o.Ticket); err != nil {
		return nil, errors.Join(err, n.refused(asker.Name, o.Run, peer.RefusedRecords))
	}
	ad, err := n.admit(ctx, asker.Name, Question{Agreement: id, SQL: o.SQL, Analysis: o.Analysis, Params: o.Params}, o.Run)
	if err != nil {
		return nil, err // recorded where it was decided
	}
	if hexOf(ad.compiled.Hash) != o.PlanHash && !weak.Off("R47") {
		return nil, errors.Join(ErrPlanDiffers, n.refused(asker.Name, o.Run, "plan"))
	}
	acc, err := n.accept(ctx, ad, asker, from, o)
	if err != nil {
		return nil, errors.Join(err, n.refused(asker.Name, o.Run, wordFor(err)))
	}
	return acc, nil
}

// refused records that this node would not do what a partner asked of it. who
// is "" for a caller that no agreement names here.
func (n *Node) refused(who, run, code string) error {
	if who == "" {
		who = "unknown"
	}
	return n.record(entry("run.submit", audit.Refused).by(who).run(run).with("code", code))
}

// accept starts this node's part of a run.
func (n *Node) accept(ctx context.Context, ad *admitted, asker *agreements.Member, from string, o peer.Offer) (*peer.Accept, error) {
	nonce, err := newNonce()
	if err != nil {
		return nil, err
	}
	acc := &peer.Accept{PlanHash: hexOf(ad.compiled.Hash), Nonce: nonce}
	p := &ad.compiled.Plan
	if n.held(ad, o) {
		acc.Stored = true
		return acc, n.record(entry("run.repeat", audit.OK).by(asker.Name).run(o.Run).agreement(ad.id).with("planHash", acc.PlanHash))
	}
	if err := n.affordable(ctx, ad); err != nil {
		return nil, err
	}
	if err := n.takeApproval(ctx, ad, o.Run); err != nil {
		return nil, err
	}
	if p.Kind == plan.OneOwner {
		if p.Locals[0].Member != n.cfg.Org || o.Side != nil {
			return nil, errUnexpectedAnswer
		}
		r, runCtx, err := n.open(ctx, o.Run, ad, from)
		if err != nil {
			return nil, err
		}
		n.launch(r, runCtx, func(ctx context.Context) error { return n.answerFor(ctx, r) })
		return acc, nil
	}
	j := &joint{n: n, plan: p, partner: asker, askerNonce: o.Nonce, otherNonce: nonce}
	if err := j.meet(ctx, ad, o.Side); err != nil {
		return nil, err
	}
	if _, err := n.store.Run(ctx, o.Run); err == nil {
		return nil, store.ErrExists // before it waits for what the first offer holds
	}
	if j.stored != nil && j.stored.ID == o.Side.Alignment {
		j.own.Alignment = j.stored.ID
	} else if err := j.holdBriefly(ctx); err != nil {
		return nil, err
	}
	if err := n.join(ctx, j, o, ad, from); err != nil {
		j.leaveJob()
		return nil, err
	}
	acc.Side = &j.own
	return acc, nil
}

// holdBriefly takes the pair for an offer, whose asker has not the alignment
// that is stored here, if any. If another run holds it for long, or has made
// an alignment by the time it lets go, the offer is refused: its asker looks
// again for what it can reuse and offers anew.
func (j *joint) holdBriefly(ctx context.Context) (err error) {
	useless := ""
	if j.stored != nil {
		useless = j.stored.ID
		j.stored = nil // both nodes must have the very same one
	}
	ctx, stop := context.WithTimeoutCause(ctx, alignWait, ErrAligning)
	defer stop()
	defer context.AfterFunc(j.n.life, stop)()
	if j.free, err = j.n.aligning.take(ctx, j.pair()); err != nil {
		return err
	}
	row, err := j.n.storedAlignment(ctx, j.alignmentKey())
	if err == nil && row != nil && row.ID != useless {
		err = ErrAligning
	}
	if err != nil {
		j.letGo()
	}
	return err
}

// meet fills in both sides of a join and looks for a stored alignment.
func (j *joint) meet(ctx context.Context, ad *admitted, theirs *peer.Side) (err error) {
	if j.n.cfg.Org != j.plan.Locals[0].Member && j.n.cfg.Org != j.plan.Locals[1].Member {
		return errUnexpectedAnswer
	}
	// The compiler refuses a third member's question about a join already;
	// here a mistake there would let it stand in for the other owner.
	if j.plan.Locals[j.other()].Member != j.partner.Name {
		return errUnexpectedAnswer
	}
	if j.own, err = j.n.side(ctx, ad, j.plan.Locals[j.me()]); err != nil {
		return err
	}
	if err := checkSide(ad, j.plan.Locals[j.other()], &j.own, theirs); err != nil {
		return err
	}
	j.theirs = *theirs
	j.run = &Run{admitted: ad} // until the run is opened
	j.stored, err = j.n.storedAlignment(ctx, j.alignmentKey())
	return err
}

// join starts the answering node's part of an encrypted join.
func (n *Node) join(ctx context.Context, j *joint, o peer.Offer, ad *admitted, from string) error {
	r, runCtx, err := n.open(ctx, o.Run, ad, from)
	if err != nil {
		return err
	}
	j.run = r
	if err := n.ready(ctx, j, o.Side.Unfinished); err != nil {
		n.fail(runCtx, r, err)
		n.end(r)
		return err
	}
	n.launch(r, runCtx, func(ctx context.Context) error { return n.assist(ctx, j) })
	return nil
}

// ready opens what the other node may send to from the moment it knows that
// the run is accepted.
func (n *Node) ready(ctx context.Context, j *joint, unfinished string) error {
	if err := n.connect(j); err != nil {
		return err
	}
	if j.stored != nil {
		return nil
	}
	if err := j.openJob(ctx, unfinished); err != nil {
		return err
	}
	if j.job.resumed {
		j.own.Unfinished = j.job.row.ID
	}
	return nil
}

func newNonce() (string, error) {
	var b [32]byte
	_, err := rand.Read(b[:])
	return hex.EncodeToString(b[:]), err
}

// partnerRun returns a live run if the caller takes part in it.
func (n *Node) partnerRun(from, id string) (*Run, error) {
	r := n.live(id)
	if r == nil || r.partner == "" || r.partner != from {
		return nil, peer.Refuse(http.StatusNotFound, peer.RefusedUnknown, "no such run")
	}
	return r, nil
}

// MayPost implements peer.Service. id is a run's or that of the alignment that
// a run works on.
func (n *Node) MayPost(from, id string) bool {
	if _, err := n.partnerRun(from, id); err == nil {
		return true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range n.runs {
		if r.partner != "" && r.partner == from && r.aligns(id) {
			return true
		}
	}
	return false
}

// Status implements peer.Service.
func (n *Node) Status(_ context.Context, from, run string) (*peer.Status, error) {
	r, err := n.partnerRun(from, run)
	if err != nil {
		return nil, err
	}
	v := r.look()
	return &peer.Status{State: string(v.State), Reason: v.reason}, nil
}

// Cancel ends a run at the other node's word. (The peer door calls it; the
// owner's own way is CancelRun.)
func (n *Node) Cancel(_ context.Context, from, run string) error {
	r, err := n.partnerRun(from, run)
	if err != nil {
		return err
	}
	r.cancel(ErrPeerCancelled)
	return nil
}

// Answer implements peer.Service.
func (n *Node) Answer(ctx context.Context, from, run string) (*peer.Answer, error) {
	r, err := n.partnerRun(from, run)
	if err != nil {
		return nil, err
	}
	for {
		r.mu.Lock()
		// Ended, not the state: success is recorded a moment before the answer
		// lies ready.
		answer, ended, changed := r.answer, r.view.Ended, r.changed
		r.mu.Unlock()
		switch {
		case answer != nil:
			return answer, nil
		case ended:
			return nil, peer.Refuse(http.StatusConflict, peer.RefusedEnded, "the run ended without an answer at the other node; its own log says why")
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, nil
		case <-n.life.Done():
			return nil, errStopped
		}
	}
}
