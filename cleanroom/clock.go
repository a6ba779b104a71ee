package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/agreements"
	"parley/cleanroom/audit"
	"parley/cleanroom/store"
	"parley/internal/weak"
)

// clockTolerance is how far the clock may go back, as it does when it is set
// right by a little.
const clockTolerance = 5 * time.Minute

// ErrClock is wrapped when this machine's clock went back.
var ErrClock = errors.New("this machine's clock went back")

// clock is the time by which agreements are judged: never before what the
// audit log and the state file have seen, so that a clock that is set back
// revives nothing (R53). When it went back further than a clock is set right,
// nothing is asked, answered or signed.
func (n *Node) clock() (time.Time, error) {
	now := n.now().UTC()
	if weak.Off("R53") {
		return now, nil
	}
	seen := n.audit.Latest()
	n.seenMu.Lock()
	if n.seen.After(seen) {
		seen = n.seen
	}
	n.seenMu.Unlock()
	switch behind := seen.Sub(now); {
	case behind > clockTolerance:
		return seen, fmt.Errorf("%w: it says %s, and this node's records are of %s. Set it right, for example with NTP, and ask again: until then nothing is asked, answered or signed here. If the records are wrong, because the clock was ahead, this ends when that time has come",
			ErrClock, now.Format(time.RFC3339), seen.UTC().Format(time.RFC3339))
	case behind > 0:
		now = seen.UTC()
	}
	return now, nil
}

// seeTime keeps the present as the latest time seen.
func (n *Node) seeTime(ctx context.Context) error {
	now := n.now().UTC()
	n.seenMu.Lock()
	if now.After(n.seen) {
		n.seen = now
	}
	n.seenMu.Unlock()
	return n.store.SeeTime(ctx, now)
}

// expire records that an agreement's time is over, so that it stays over
// whatever the clock says later, and stops its runs. n.states is held.
func (n *Node) expire(ctx context.Context, row store.AgreementRow, end time.Time) error {
	if row.State.Final() || weak.Off("R53") {
		return nil
	}
	row.State, row.By, row.Reason = store.AgreementExpired, "", endedOn(end)
	if err := n.changeAgreements(ctx, entry("agreement.expire", audit.OK).with("until", end.UTC().Format(time.RFC3339)), row); err != nil {
		return err
	}
	n.partners.forget()
	n.stopRuns(row.ID, expiredError(end))
	return nil
}

// expireNow is expire for who does not hold n.states.
func (n *Node) expireNow(ctx context.Context, id string, end time.Time) error {
	n.states.Lock()
	defer n.states.Unlock()
	row, err := n.store.AgreementRow(ctx, id)
	if err != nil {
		return err
	}
	return n.expire(ctx, row, end)
}

func expiredError(end time.Time) error {
	return fmt.Errorf("%w: %s", agreements.ErrExpired, endedOn(end))
}

func endedOn(end time.Time) string { return "it ended on " + end.UTC().Format(time.RFC3339) }

// sweepExpired records every agreement whose time is over.
func (n *Node) sweepExpired(ctx context.Context) error {
	n.states.Lock()
	defer n.states.Unlock()
	now, err := n.clock()
	if err != nil {
		return nil // nothing runs while the clock is wrong
	}
	all, err := n.Collaborations(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if end := c.Agreement.Validity.NotAfter; !c.State.Final() && !now.Before(end) {
			row, err := n.store.AgreementRow(ctx, c.ID)
			if err == nil {
				err = n.expire(ctx, row, end)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
