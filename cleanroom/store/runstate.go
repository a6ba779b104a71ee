package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// RunState is where a run stands.
type RunState string

// States of a run.
//
//	SUBMITTED ──▶ AWAITING_APPROVAL
//	    │             │      ▲
//	    └──────┬──────┘      │  the other owner asks for approval
//	           ▼             │
//	        STARTED ─────────┴──▶ SUCCESS
//	           │
//	        CANCELLING ──▶ CANCELLED       FAILED and TIMED_OUT from any of these
const (
	Submitted        RunState = "SUBMITTED"
	AwaitingApproval RunState = "AWAITING_APPROVAL"
	Started          RunState = "STARTED"
	Success          RunState = "SUCCESS"
	Failed           RunState = "FAILED"
	Cancelling       RunState = "CANCELLING"
	Cancelled        RunState = "CANCELLED"
	TimedOut         RunState = "TIMED_OUT"
)

// Final reports whether a run in this state is over.
func (s RunState) Final() bool {
	return s == Success || s == Failed || s == Cancelled || s == TimedOut
}

// nextStates lists where a run may go. A run that is being cancelled cannot
// succeed any more: its asker has been told that there will be no answer.
func nextStates(from RunState) []RunState {
	switch from {
	case Submitted:
		return []RunState{AwaitingApproval, Started, Failed, Cancelling, Cancelled, TimedOut}
	case AwaitingApproval:
		return []RunState{Started, Failed, Cancelling, Cancelled, TimedOut}
	case Started:
		return []RunState{AwaitingApproval, Success, Failed, Cancelling, Cancelled, TimedOut}
	case Cancelling:
		return []RunState{Cancelled, Failed, TimedOut}
	}
	return nil
}

// check refuses an update that the present state does not allow.
func check(from RunState, u RunUpdate) error {
	if from.Final() {
		return checkFinal(from, u)
	}
	if u.State != from && !slices.Contains(nextStates(from), u.State) {
		return fmt.Errorf("%w: %s to %s", ErrTransition, from, u.State)
	}
	if u.State.Final() == u.Finished.IsZero() {
		return fmt.Errorf("%w: the time a run finished goes with its final state", ErrTransition)
	}
	if len(u.Sealed) > 0 && u.State != Success {
		return fmt.Errorf("%w: only SUCCESS has an answer", ErrTransition)
	}
	if (len(u.Sealed) > 0 || u.StoredFrom != "") != (u.ReceiptHash != "") || u.StoredFrom != "" && (u.State != Success || len(u.Sealed) > 0) {
		return fmt.Errorf("%w: an answer and its receipt's hash go together", ErrTransition)
	}
	return nil
}

// checkFinal lets a finished run change in one way only: a success may get a
// receipt with more signatures.
func checkFinal(from RunState, u RunUpdate) error {
	receiptOnly := u.Stage == "" && u.StoredFrom == "" && u.PlanHash == "" && u.Finished.IsZero() && u.Error == "" &&
		len(u.Sealed) == 0 && u.ReceiptHash == "" && len(u.Receipt) > 0
	if from != Success || u.State != Success || !receiptOnly {
		return fmt.Errorf("%w: %s to %s, the run is over", ErrTransition, from, u.State)
	}
	return nil
}

// WaitingText is the error of runs that waited for an approval when the node
// stopped. The request itself is kept by the owner who is to approve.
const WaitingText = "the node was restarted while the run waited for approval; ask again: an approval given meanwhile counts"

// endStoppedRuns closes what a stopped node left open. Who waits for an
// approval does so in memory, and asks again.
func endStoppedRuns(ctx context.Context, tx *sql.Tx, now time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE runs SET finished = ?1,
		error = iif(error = '', '', error || '; ') || iif(state = 'AWAITING_APPROVAL', ?3, ?2),
		state = iif(state = 'CANCELLING', 'CANCELLED', 'FAILED')
		WHERE state IN ('SUBMITTED', 'STARTED', 'CANCELLING', 'AWAITING_APPROVAL')`, toNano(now), StoppedText, WaitingText)
	return err
}
