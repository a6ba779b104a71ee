package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/agreements"
	"parley/cleanroom/anchor"
	"parley/cleanroom/audit"
	"parley/cleanroom/store"
	"parley/internal/weak"
)

// Errors of agreements that are not in force. Their texts go on to say who did
// what when.
var (
	ErrSuspended  = errors.New("the agreement is suspended")
	ErrSuperseded = errors.New("the agreement was replaced by another one")
	ErrRevoked    = errors.New("the agreement was revoked")
	// ErrStopped is what every run ends with whose agreement is no longer in
	// force; errors.Is also finds the reason.
	ErrStopped = errors.New("the agreement is no longer in force, so the run was stopped and nothing is released")
)

// stateError says why nothing runs under an agreement in this state, nil when
// its state does not forbid it.
func stateError(row store.AgreementRow) error {
	when := row.Since.UTC().Format("2 January 2006, 15:04 UTC")
	switch row.State {
	case store.AgreementSuspended:
		return fmt.Errorf("%w by %s on %s: %s. Nothing runs until it is resumed by whoever suspended it", ErrSuspended, row.By, when, row.Reason)
	case store.AgreementSuperseded:
		if weak.Off("R50") {
			return nil
		}
		return fmt.Errorf("%w on %s: %s", ErrSuperseded, when, row.Reason)
	case store.AgreementRevoked:
		if row.By == "" {
			return ErrWithdrawn
		}
		return fmt.Errorf("%w by %s on %s: %s", ErrRevoked, row.By, when, row.Reason)
	case store.AgreementExpired:
		return fmt.Errorf("%w: %s", agreements.ErrExpired, row.Reason)
	}
	return nil
}

// changeAgreements is the one way in which agreements' states change: in the
// state file, all rows together, with anchors that the audit log names. Of two
// rows the first is the predecessor of the second.
func (n *Node) changeAgreements(ctx context.Context, e entryBuilder, rows ...store.AgreementRow) error {
	changes, err := n.changesOf(e, rows...)
	if err != nil {
		return err
	}
	now := n.now()
	return n.anchor.DoAll(ctx, changes, func(ctx context.Context, all []store.Anchor) error {
		return n.store.PutAgreements(ctx, rows, now, all...)
	})
}

func (n *Node) changesOf(e entryBuilder, rows ...store.AgreementRow) ([]anchor.Change, error) {
	e.Entry.Time = n.now().UTC()
	if e.Entry.Actor == "" {
		e.Entry.Actor = n.cfg.Org
	}
	var out []anchor.Change
	for i, row := range rows {
		each := e
		switch {
		case len(rows) > 2:
			return nil, errors.New("at most two agreements change together")
		case len(rows) == 2 && i == 0:
			each.Entry.Action = "agreement.supersede"
		case len(rows) == 2:
			each = e.with("predecessor", rows[0].ID)
		}
		out = append(out, anchor.Change{Kind: anchor.Agreement, Subject: row.ID, Digest: agreementDigest(row), Entry: each.agreement(row.ID).Entry})
	}
	return out, nil
}

// takeIn adds an envelope's signatures to those that are here and brings the
// agreement into the state that follows: PENDING, ACTIVE once every member has
// signed. It refuses what would bring back an agreement that has ended (R50).
// n.states is held.
func (n *Node) takeIn(ctx context.Context, e *agreements.Envelope) (row store.AgreementRow, err error) {
	a := e.Agreement()
	if a.Member(n.cfg.Org) == nil && !weak.Off("R49") {
		return row, fmt.Errorf("this agreement does not name %s, so it has no use here", n.cfg.Org)
	}
	id, err := a.ID()
	if err != nil {
		return row, err
	}
	row, err = n.store.AgreementRow(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return row, err
	}
	if err != nil || row.State == store.AgreementPending {
		if err := n.countered(ctx, id); err != nil {
			return row, err
		}
	}
	switch {
	case err != nil:
		row = store.AgreementRow{ID: id, State: store.AgreementPending, Predecessor: a.Predecessor}
	default:
		if row.State.Final() && !weak.Off("R50") {
			return row, fmt.Errorf("an agreement that has ended is not taken in again: %w", stateError(row))
		}
		if e, err = merged(e, row.Envelope); err != nil {
			return row, err
		}
	}
	signed := true
	if err := e.Verify(); errors.Is(err, agreements.ErrNotFullySigned) {
		signed = false
	} else if err != nil {
		return row, err
	}
	if row.Envelope, err = e.Bytes(); err != nil {
		return row, err
	}
	rows, err := n.next(ctx, a, row, signed)
	if err != nil {
		return row, err
	}
	if err := n.changeAgreements(ctx, entry("agreement.import", audit.OK).called(ctx), rows...); err != nil {
		return row, err
	}
	n.partners.forget()
	if len(rows) == 2 {
		n.stopRuns(rows[0].ID, stateError(store.AgreementRow{State: rows[0].State, Since: n.now(), Reason: rows[0].Reason}))
	}
	return n.store.AgreementRow(ctx, id)
}

// next is what a row becomes, behind the predecessor that it replaces, if any.
func (n *Node) next(ctx context.Context, a *agreements.Agreement, row store.AgreementRow, signed bool) ([]store.AgreementRow, error) {
	if err := n.notReplaced(ctx, row.ID); err != nil {
		return nil, err
	}
	if !signed || row.State != store.AgreementPending {
		return []store.AgreementRow{row}, nil
	}
	now, err := n.clock()
	if err != nil {
		return nil, err
	}
	if !now.Before(a.Validity.NotAfter) {
		row.State, row.Reason = store.AgreementExpired, endedOn(a.Validity.NotAfter)
		return []store.AgreementRow{row}, nil
	}
	row.State = store.AgreementActive
	if err := n.suspendedBefore(ctx, &row); err != nil {
		return nil, err
	}
	if a.Predecessor == "" {
		return []store.AgreementRow{row}, nil
	}
	old, err := n.amended(ctx, a)
	if errors.Is(err, store.ErrNotFound) { // a member that the amendment adds
		return []store.AgreementRow{row}, nil
	}
	if err != nil {
		return nil, err
	}
	old.State, old.By = store.AgreementSuperseded, ""
	old.Reason = fmt.Sprintf("agreement %s, signed by every member, took its place", short(row.ID))
	return []store.AgreementRow{old, row}, nil
}

// suspendedBefore has an agreement come into force suspended where a member's
// suspension reached this node before the last signature did, as it may with
// three members and more.
func (n *Node) suspendedBefore(ctx context.Context, row *store.AgreementRow) error {
	past, err := n.store.Notices(ctx, row.ID)
	if err != nil {
		return err
	}
	by := suspendedBy(past)
	for _, p := range past {
		if notice, err := agreements.OpenNotice(p.Envelope); err != nil {
			return err
		} else if slices.Contains(by, notice.Member) && notice.Kind == agreements.Suspend {
			row.State, row.By, row.Reason = store.AgreementSuspended, notice.Member, notice.Reason
		}
	}
	return nil
}

// notReplaced refuses an agreement whose amendment has been in force here, so
// that an older version cannot be put back even where it was never seen (R50).
func (n *Node) notReplaced(ctx context.Context, id string) error {
	all, err := n.store.Amendments(ctx, id)
	if err != nil || weak.Off("R50") {
		return err
	}
	for _, row := range all {
		e, err := agreements.Open(row.Envelope)
		if err != nil {
			return err
		}
		if row.State != store.AgreementPending && len(e.Missing()) == 0 {
			return fmt.Errorf("%w: agreement %s, signed by every member, took its place", ErrSuperseded, short(row.ID))
		}
	}
	return nil
}

// amended is the agreement that a amends: it must be here and not have ended,
// and every member of it must be one of a.
func (n *Node) amended(ctx context.Context, a *agreements.Agreement) (store.AgreementRow, error) {
	old, err := n.store.AgreementRow(ctx, a.Predecessor)
	if err != nil {
		return old, err
	}
	switch {
	case old.State == store.AgreementPending:
		return old, early{fmt.Errorf("the agreement that it amends, %s, is not signed by every member; reject that one, or wait until it is in force", short(old.ID))}
	case old.State.Final():
		return old, fmt.Errorf("the agreement that it amends, %s, has ended, so nothing can take its place: %w. Draw up an amendment of the one that is in force, or a new agreement", short(old.ID), stateError(old))
	}
	e, err := agreements.Open(old.Envelope)
	if err != nil {
		return old, err
	}
	return old, a.Amends(e.Agreement())
}

// early is an error of something that came before what it rests on. Between three
// members and more the last signature may be under way still, so a partner is
// told to send it again (errOrder), not that it is refused for good.
type early struct{ error }

func (e early) Unwrap() []error { return []error{e.error, errOrder} }

// onlyAmendment refuses to sign a second amendment of one agreement while the
// first is open: were both signed by everybody, two nodes could put different
// ones into force.
func (n *Node) onlyAmendment(ctx context.Context, a *agreements.Agreement, id string) error {
	if a.Predecessor == "" {
		return nil
	}
	if _, err := n.amended(ctx, a); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	now, err := n.clock()
	if err != nil {
		return err
	}
	if now.Before(a.Validity.NotBefore) {
		return fmt.Errorf("validity.notBefore: an amendment takes the other agreement's place at once, so it must not begin later than now (it says %s)", a.Validity.NotBefore.UTC().Format(time.RFC3339))
	}
	all, err := n.store.Amendments(ctx, a.Predecessor)
	if err != nil {
		return err
	}
	for _, row := range all {
		if row.ID == id || row.State != store.AgreementPending {
			continue
		}
		e, err := agreements.Open(row.Envelope)
		if err != nil {
			return err
		}
		if !slices.Contains(e.Missing(), n.cfg.Org) {
			return fmt.Errorf("%s has signed another amendment of the same agreement, %s, which is still open; reject or revoke that one first", n.cfg.Org, short(row.ID))
		}
	}
	return nil
}

// stopRuns ends the runs under an agreement that is no longer in force, before
// anything more of them is released (R52).
func (n *Node) stopRuns(id string, why error) {
	if weak.Off("R52") {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range n.runs {
		if r.admitted != nil && r.admitted.id == id && r.ended().IsZero() {
			r.cancel(stopped{why})
		}
	}
}

// untilExpiry stops a run when its agreement's time is over; the returned
// function ends the wait.
func (n *Node) untilExpiry(r *Run) func() {
	if r.admitted == nil || weak.Off("R52") {
		return func() {}
	}
	end := r.admitted.agreement.Validity.NotAfter
	t := time.AfterFunc(end.Sub(n.now()), func() { r.cancel(stopped{expiredError(end)}) })
	return func() { t.Stop() }
}

// stopped is ErrStopped with its reason.
type stopped struct{ why error }

func (s stopped) Error() string {
	return ErrStopped.Error() + ": " + strings.TrimPrefix(s.why.Error(), ErrStopped.Error()+": ")
}
func (s stopped) Unwrap() []error { return []error{ErrStopped, s.why} }

// notInForce reports whether an error says that an agreement is not, or not
// any more, in force.
func notInForce(err error) bool {
	for _, e := range []error{ErrStopped, ErrSuspended, ErrSuperseded, ErrRevoked, ErrWithdrawn, agreements.ErrExpired} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
