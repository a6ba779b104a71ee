package cleanroom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"parley/cleanroom/audit"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
)

// An owner may have every run of a dataset approved by a person first
// (rules.approveRuns). A request is remembered by agreement, plan and asker:
//
//	asker    offer ──▶ "approval": the request waits at the owner
//	         AWAITING_APPROVAL, offers again now and then
//	owner    parley run approve | deny
//	asker    offer ──▶ accepted, which uses the approval up, or "denied"
//
// A run of an owner's own waits for its own people in the same way. An answer
// that is given again needs no approval: nothing runs.

// Errors of runs that need approval.
var (
	ErrUnapproved = errors.New("a person at the owner has to approve the run first")
	ErrDenied     = errors.New("the run was not approved")
	ErrTooLate    = errors.New("nobody approved the run in 7 days, so it has ended; ask again if it is still wanted")
	ErrNoRequest  = errors.New("no such request waits for approval here; `parley runs --waiting` lists those that do")
)

const (
	keepApprovals = 7 * 24 * time.Hour
	// maxWaiting bounds the requests of one member.
	maxWaiting = 100
	// Offers are made again after the first of these, then ever less often.
	firstOffer, lastOffer = 2 * time.Second, 5 * time.Minute
)

// sleep waits, or returns why it was cut short.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// needsApproval reports whether a dataset of ours in the plan asks for it.
func (n *Node) needsApproval(ad *admitted) bool {
	for name := range ad.own {
		if d := ad.agreement.Dataset(name); d != nil && d.Rules.ApproveRuns {
			return true
		}
	}
	return false
}

// takeApproval uses up an approval of the question, or asks for one:
// ErrUnapproved while nobody has decided, ErrDenied once.
func (n *Node) takeApproval(ctx context.Context, ad *admitted, run string) error {
	if !n.needsApproval(ad) {
		return nil
	}
	asked, err := json.Marshal(ad.question)
	if err != nil {
		return err
	}
	// The log's time does not go back, so that a clock that does keeps no
	// approval for longer.
	created := n.ledger.Now(n.now())
	a, err := n.store.TakeApproval(ctx, store.Approval{ID: run, Agreement: ad.id, PlanHash: hexOf(ad.compiled.Hash),
		Asker: ad.asker, Question: asked, Created: created}, keepApprovals, maxWaiting)
	switch {
	case errors.Is(err, store.ErrTooMany):
		return fmt.Errorf("%w: %d requests of %s wait for approval already", ErrBusy, maxWaiting, ad.asker)
	case err != nil:
		return err
	case a.State == store.ApprovalDenied && ad.asker == n.cfg.Org && a.Reason != "":
		return fmt.Errorf("%w: %s", ErrDenied, a.Reason)
	case a.State == store.ApprovalDenied:
		return ErrDenied
	case a.State == store.ApprovalApproved:
		return n.record(entry("approval.use", audit.OK).by(ad.asker).run(run).agreement(ad.id).with("planHash", a.PlanHash))
	case a.ID == run && a.Created.Equal(created):
		return errors.Join(ErrUnapproved, n.record(entry("approval.ask", audit.OK).by(ad.asker).run(run).agreement(ad.id).with("planHash", a.PlanHash)))
	}
	return ErrUnapproved
}

// awaited runs try until it needs no approval any more. In between the run is
// AWAITING_APPROVAL; the time it waits does not count for its timeout.
func (n *Node) awaited(ctx context.Context, r *Run, try func() error) error {
	began, wait, waiting := n.now(), firstOffer, false
	for {
		err := try()
		unapproved := errors.Is(err, ErrUnapproved) || peer.IsProblem(err, peer.RefusedApproval)
		if !unapproved {
			if waiting && err == nil {
				r.clock.resume()
				err = n.update(ctx, r, store.RunUpdate{State: store.Started})
			}
			return err
		}
		if !waiting {
			r.clock.stop()
			if err := n.update(ctx, r, store.RunUpdate{State: store.AwaitingApproval}); err != nil {
				return err
			}
			waiting = true
		}
		if n.now().Sub(began) >= keepApprovals {
			return ErrTooLate
		}
		if err := n.pauseUnlessDecided(ctx, r, wait); err != nil {
			return err
		}
		wait = min(wait*3/2, lastOffer)
	}
}

// pauseUnlessDecided waits; a decision at this node ends it at once.
func (n *Node) pauseUnlessDecided(ctx context.Context, r *Run, d time.Duration) error {
	short, stop := context.WithCancel(ctx)
	defer stop()
	r.mu.Lock()
	r.wake = stop
	r.mu.Unlock()
	err := n.pause(short, d)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if short.Err() != nil {
		return nil
	}
	return err
}

// Waiting lists the requests for approval that wait for this node's people.
func (n *Node) Waiting(ctx context.Context) ([]store.Approval, error) {
	return n.store.WaitingApprovals(ctx, n.ledger.Now(n.now()).Add(-keepApprovals))
}

// Decide approves or denies a request. reason is for this node's own people.
func (n *Node) Decide(ctx context.Context, id string, approve bool, reason string) (*store.Approval, error) {
	state, action := store.ApprovalDenied, "approval.deny"
	if approve {
		state, action = store.ApprovalApproved, "approval.give"
	}
	waiting, err := n.Waiting(ctx)
	if err != nil {
		return nil, err
	}
	var found *store.Approval
	for i := range waiting {
		if waiting[i].ID == id || len(id) >= 6 && len(id) < len(waiting[i].ID) && waiting[i].ID[:len(id)] == id {
			if found != nil {
				return nil, fmt.Errorf("%w: the beginning %q is that of several", ErrNoRequest, id)
			}
			found = &waiting[i]
		}
	}
	if found == nil {
		return nil, ErrNoRequest
	}
	if approve { // under an agreement that is not in force there is nothing to run
		if _, _, err := n.inForce(ctx, found.Agreement); err != nil {
			return nil, err
		}
	}
	if err := n.record(entry(action, audit.OK).called(ctx).run(found.ID).agreement(found.Agreement).with("planHash", found.PlanHash)); err != nil {
		return nil, err
	}
	a, err := n.store.DecideApproval(ctx, found.ID, state, reason, n.now())
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNoRequest
	}
	if err != nil {
		return nil, err
	}
	n.wakeWaiting()
	return &a, nil
}

// wakeWaiting has the runs that wait for approval look again.
func (n *Node) wakeWaiting() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range n.runs {
		r.mu.Lock()
		if r.wake != nil {
			r.wake()
		}
		r.mu.Unlock()
	}
}

// runClock ends a run that takes too long; it can be stopped while the run
// waits for people.
type runClock struct {
	timer *time.Timer
	limit time.Duration
}

func startClock(limit time.Duration, end func()) runClock {
	return runClock{time.AfterFunc(limit, end), limit}
}

func (c runClock) stop() {
	if c.timer != nil {
		c.timer.Stop()
	}
}

func (c runClock) resume() {
	if c.timer != nil {
		c.timer.Reset(c.limit)
	}
}
