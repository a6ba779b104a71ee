package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/agreements"
	"parley/analysis"
	"parley/analysis/plan"
	"parley/cleanroom/peer"
	"parley/crypto/wire"
)

// partner is the other member whose node takes part, nil when the question is
// about this node's own data alone.
func (n *Node) partner(ad *admitted) *agreements.Member {
	for _, l := range ad.compiled.Plan.Locals {
		if l.Member != n.cfg.Org {
			return ad.agreement.Member(l.Member)
		}
	}
	return nil
}

// ask drives a run of this node's own question.
func (n *Node) ask(ctx context.Context, r *Run) error {
	p := &r.admitted.compiled.Plan
	if err := n.unresolved(ctx, nil); err != nil {
		return err
	}
	before, err := n.prior(ctx, r.admitted)
	if err != nil {
		return err
	}
	alone := n.partner(r.admitted) == nil
	if alone && before != nil {
		return n.repeat(ctx, r, before)
	}
	if before == nil {
		if err := n.affordable(ctx, r.admitted); err != nil {
			return err
		}
	}
	if err := n.awaited(ctx, r, func() error { return n.ownApproval(ctx, r, before) }); err != nil {
		return err
	}
	switch {
	case alone:
		return n.answerOwn(ctx, r)
	case p.Kind == plan.OneOwner:
		return n.askOwner(ctx, r, before)
	}
	return n.askJoin(ctx, r, before)
}

// client makes the connection to a member's node, pinned by the agreement. A
// member without an address keeps connections open to this node.
func (n *Node) client(m *agreements.Member) (*peer.Client, error) {
	cfg := n.dialling(m)
	if m.Address == "" {
		if n.cfg.Address == "" {
			return nil, fmt.Errorf("%s: %w", m.Name, ErrNoWay)
		}
		if cfg.Reverse = n.serving(); cfg.Reverse == nil {
			return nil, fmt.Errorf("the node of %s can only dial out, and this node is not running (`parley serve`), so it has no connection to it", m.Name)
		}
	}
	return peer.NewClient(cfg), nil
}

func (n *Node) offerOf(r *Run, before *prior) (peer.Offer, error) {
	nonce, err := newNonce()
	q, held := r.admitted.question, ""
	if before != nil {
		held = before.peerVersion
	}
	return peer.Offer{Held: held, Protocol: peer.Protocol, Run: r.ID, Agreement: r.admitted.id, SQL: q.SQL, Analysis: q.Analysis,
		Params: q.Params, PlanHash: hexOf(r.admitted.compiled.Hash), Nonce: nonce}, err
}

// propose sends the offer and checks the answer's plan hash: the other node
// compiled the question for itself.
func (n *Node) propose(ctx context.Context, m *agreements.Member, c *peer.Client, o peer.Offer) (*peer.Accept, error) {
	ex, err := n.exchange(ctx, m, c, -1)
	switch {
	case err == nil:
		o.Ticket = ex.ticket
	case errors.Is(err, ErrRecords):
		return nil, err
	case peer.IsProblem(err, peer.RefusedPartner):
		// No agreement in force there: the answer to the offer says so.
	default:
		return nil, fmt.Errorf("ask the other node: %w", err)
	}
	acc, err := c.Offer(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("ask the other node: %w", err)
	}
	if acc.PlanHash != o.PlanHash {
		return nil, ErrPlanDiffers
	}
	if len(acc.Nonce) != len(o.Nonce) || acc.Stored && (o.Held == "" || acc.Side != nil) {
		return nil, errUnexpectedAnswer
	}
	return acc, nil
}

// askOwner has another owner answer a question about its data alone.
func (n *Node) askOwner(ctx context.Context, r *Run, before *prior) error {
	m := n.partner(r.admitted)
	c, err := n.client(m)
	if err != nil {
		return err
	}
	defer c.Close()
	o, err := n.offerOf(r, before)
	if err != nil {
		return err
	}
	_, end := r.begin("ask "+m.Name, nil)
	defer end()
	var acc *peer.Accept
	err = n.awaited(ctx, r, func() (err error) {
		acc, err = n.propose(ctx, m, c, o)
		return err
	})
	if err != nil {
		return err
	}
	if acc.Stored {
		return n.repeat(ctx, r, before)
	}
	go n.watch(ctx, r, c)
	answer, err := c.Answer(ctx, r.ID)
	if err != nil {
		if errors.Is(context.Cause(ctx), ErrCancelled) {
			n.tell(r, c)
		}
		if peer.IsProblem(err, peer.RefusedEnded) {
			return reasonThere(ctx, c, r.ID, err)
		}
		return err
	}
	return n.receiveAnswer(ctx, r, answer)
}

// ownApproval asks for this node's own people's approval, unless an answer is
// at hand: whether that will do, only the other node knows. If it does not,
// approval is asked for then, and the run ends if there is none yet.
func (n *Node) ownApproval(ctx context.Context, r *Run, before *prior) error {
	if before != nil {
		return nil
	}
	return n.takeApproval(ctx, r.admitted, r.ID)
}

// reasonThere is why a run ended at the other node, if it says; else err.
func reasonThere(ctx context.Context, c *peer.Client, run string, err error) error {
	st, e := c.Status(ctx, run)
	if e != nil {
		return err
	}
	if there := endedThere(st); errors.Is(there, ErrPeerLimit) || errors.Is(there, ErrPeerTooClose) || errors.Is(there, ErrPeerNotInForce) {
		return there
	}
	return err
}

// askJoin drives an encrypted join with another owner.
func (n *Node) askJoin(ctx context.Context, r *Run, before *prior) error {
	o, err := n.offerOf(r, before)
	if err != nil {
		return err
	}
	j := &joint{n: n, run: r, plan: &r.admitted.compiled.Plan, asker: true, partner: n.partner(r.admitted), askerNonce: o.Nonce}
	if err := n.connect(j); err != nil {
		return err
	}
	var acc *peer.Accept
	err = n.awaited(ctx, r, func() (err error) {
		acc, err = j.agree(ctx, o)
		if peer.IsProblem(err, peer.RefusedApproval) {
			j.letGo() // people may take days
		}
		return err
	})
	if err != nil {
		return err
	}
	if acc.Stored {
		return n.repeat(ctx, r, before)
	}
	defer n.tellIfCancelled(ctx, j)
	if before != nil { // it was not the answer after all
		if err := n.takeApproval(ctx, r.admitted, r.ID); err != nil {
			n.tell(r, j.client)
			return err
		}
	}
	if err := j.settle(ctx, acc); err != nil {
		n.tell(r, j.client) // it has begun, and holds the pair
		return err
	}
	go n.watch(ctx, r, j.client)
	out, err := j.do(ctx)
	if err != nil {
		return n.endedFirst(ctx, j, err)
	}
	return n.conclude(ctx, j, out)
}

// assist is the other owner's part of a join.
func (n *Node) assist(ctx context.Context, j *joint) error {
	defer n.tellIfCancelled(ctx, j)
	go n.watch(ctx, j.run, j.client)
	out, err := j.do(ctx)
	if err != nil {
		return n.endedFirst(ctx, j, err)
	}
	return n.concludeAssist(ctx, j, out)
}

// endedFirst finds out whether a join failed here only because the other node
// had ended it: its mailbox is closed then, and what this node notices first
// is a matter of chance. If so, that is the reason people should read.
func (n *Node) endedFirst(ctx context.Context, j *joint, err error) error {
	if ctx.Err() != nil || errors.Is(err, errBudget) {
		return err
	}
	call, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	for {
		st, e := j.client.Status(call, j.run.ID)
		if e != nil {
			return err
		}
		if there := endedThere(st); there != nil {
			n.log.Info("the other node ended the run first", "run", j.run.ID, "error", logged(err))
			return there
		}
		var refused *peer.Problem
		if !errors.As(err, &refused) {
			return err
		}
		// It refused a message, so it is about to end the run.
		select {
		case <-time.After(50 * time.Millisecond):
		case <-call.Done():
			return err
		}
	}
}

// tellIfCancelled passes a cancellation on at once. A failure is not told: the
// other node sees it when it next asks for the run's status.
func (n *Node) tellIfCancelled(ctx context.Context, j *joint) {
	if cause := context.Cause(ctx); errors.Is(cause, ErrCancelled) || errors.Is(cause, ErrTimeout) || errors.Is(cause, errStopped) {
		n.tell(j.run, j.client)
	}
}

// connect opens the run's mailbox and the pipe to the other node, until the
// run has ended. The mailbox must be open before the other node learns that
// the run exists.
func (n *Node) connect(j *joint) (err error) {
	if j.client, err = n.client(j.partner); err != nil {
		return err
	}
	closeMail, err := n.mail.Open(j.run.ID)
	if err != nil {
		return err
	}
	j.transcript = wire.NewTranscript()
	j.pipe = j.transcript.Record(n.mail.Pipe(j.run.ID, j.client), n.cfg.Org, j.partner.Name)
	j.run.atEnd = func() { // after the end is recorded, so that the other node can learn why
		j.leaveJob()
		closeMail()
		j.client.Close()
	}
	return nil
}

// agree proposes the run. While another run aligns the two datasets the other
// node refuses, after a wait; then it is proposed again, and the alignment is
// usually there to be reused.
func (j *joint) agree(ctx context.Context, o peer.Offer) (*peer.Accept, error) {
	for {
		began := time.Now()
		var err error
		if o.Side, err = j.ownSide(ctx); err != nil {
			return nil, err
		}
		acc, err := j.n.propose(ctx, j.partner, j.client, o)
		if !peer.IsProblem(err, peer.RefusedAligning) {
			return acc, err
		}
		select { // a node that does not wait before it refuses is not asked more than once a second
		case <-time.After(time.Second - time.Since(began)):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// ownSide is the asker's side, before the other's is known: it names what it
// could reuse or take up by role-independent look-up on the answer.
func (j *joint) ownSide(ctx context.Context) (*peer.Side, error) {
	own, err := j.n.side(ctx, j.run.admitted, j.plan.Locals[j.me()])
	if err != nil {
		return nil, err
	}
	j.own = own
	if own.Alignment, err = j.reusable(ctx); err != nil {
		return nil, err
	}
	if own.Alignment == "" && j.leads() {
		if err := j.hold(ctx); err != nil {
			return nil, err
		}
		// Whoever had the pair may have finished an alignment.
		if own.Alignment, err = j.reusable(ctx); err != nil {
			return nil, err
		}
	}
	if own.Alignment != "" {
		j.letGo()
	}
	own.Unfinished, err = j.n.store.LatestAlignmentJob(ctx, j.run.admitted.id, own.Dataset, own.Version, j.plan.Locals[j.other()].Dataset)
	return &own, err
}

// reusable is the id of the stored alignment that the asker names, or "".
func (j *joint) reusable(ctx context.Context) (string, error) {
	last, err := j.n.store.LatestAlignment(ctx, j.run.admitted.id, j.own.Dataset, j.own.Version, j.plan.Locals[j.other()].Dataset)
	if err != nil || last == "" || !j.n.hasSlots(last) { // one whose file is lost cannot be reused
		return "", err
	}
	return last, nil
}

// settle checks the other side and decides whether a stored alignment serves.
func (j *joint) settle(ctx context.Context, acc *peer.Accept) error {
	if err := checkSide(j.run.admitted, j.plan.Locals[j.other()], &j.own, acc.Side); err != nil {
		return err
	}
	j.theirs, j.otherNonce = *acc.Side, acc.Nonce
	if acc.Side.Alignment == "" {
		return j.settleJob(ctx, acc.Side.Unfinished)
	}
	row, err := j.n.storedAlignment(ctx, j.alignmentKey())
	if err != nil {
		return err
	}
	if row == nil || row.ID != acc.Side.Alignment {
		return errUnexpectedAnswer
	}
	j.stored = row
	j.letGo()
	return nil
}

// settleJob opens the alignment that the other node has opened already: the
// unfinished one that both named, or a new one.
func (j *joint) settleJob(ctx context.Context, unfinished string) error {
	// The other node holds the pair by now, so whoever has it here is about to
	// let go.
	wait, stop := context.WithTimeoutCause(ctx, j.n.cfg.PeerPatience, ErrAligning)
	defer stop()
	if err := j.hold(wait); err != nil {
		return err
	}
	if err := j.openJob(ctx, unfinished); err != nil {
		return err
	}
	if j.job.resumed != (unfinished != "") {
		return errNotTakenUp
	}
	return nil
}

// explainFor is the sentence list of a receipt: who learned what.
func explainFor(ad *admitted) *analysis.Explanation {
	return analysis.Explain(ad.compiled, ad.agreement)
}
