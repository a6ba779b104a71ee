package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

// AgreementState says what a node may do under an agreement.
type AgreementState string

// States of an agreement.
//
//	PENDING ──▶ ACTIVE ◀──▶ SUSPENDED
//	   └───────────┴────────────┴──▶ SUPERSEDED, REVOKED, EXPIRED   for good
const (
	AgreementPending    AgreementState = "PENDING"    // some signatures are missing
	AgreementActive     AgreementState = "ACTIVE"     // signed by every member
	AgreementSuspended  AgreementState = "SUSPENDED"  // by a member, until it resumes it
	AgreementSuperseded AgreementState = "SUPERSEDED" // an amendment took its place
	AgreementRevoked    AgreementState = "REVOKED"    // by a member
	AgreementExpired    AgreementState = "EXPIRED"    // its time was over
)

// Final reports whether an agreement stays in this state for good.
func (s AgreementState) Final() bool {
	return s == AgreementSuperseded || s == AgreementRevoked || s == AgreementExpired
}

// may reports whether an agreement may go from one state to another. "" is
// that of an agreement that is not here yet. One that was suspended before its
// last signature arrived comes into force suspended.
func (s AgreementState) may(next AgreementState) bool {
	switch s {
	case "":
		return true
	case AgreementPending, AgreementActive, AgreementSuspended:
		return next.Final() || next == s || slices.Contains([]AgreementState{AgreementActive, AgreementSuspended}, next)
	}
	return next == s
}

// AgreementRow is one agreement as this node holds it.
type AgreementRow struct {
	ID          string
	Envelope    []byte // the signed bytes, as received
	State       AgreementState
	FirstSeen   time.Time
	Updated     time.Time
	Predecessor string    // id of the agreement that it amends, or ""
	Since       time.Time // when it came into its state
	By          string    // the member that brought it there, or ""
	Reason      string    // why, for people
}

const agreementColumns = `id, envelope, state, first_seen, updated, predecessor, since, by_member, reason`

func scanAgreement(r scanner) (AgreementRow, error) {
	var a AgreementRow
	var seen, updated, since sql.NullInt64
	err := r.Scan(&a.ID, &a.Envelope, &a.State, &seen, &updated, &a.Predecessor, &since, &a.By, &a.Reason)
	a.FirstSeen, a.Updated, a.Since = fromNano(seen), fromNano(updated), fromNano(since)
	return a, err
}

// PutAgreement stores an agreement's envelope, or replaces it by one with
// more signatures; the time it was first seen stays. The caller has verified
// the envelope and merged its signatures. A final state stays: putting the
// agreement again with any other is ErrTransition, so that an old envelope sent
// by a peer cannot revive it.
func (s *Store) PutAgreement(ctx context.Context, id string, envelope []byte, state AgreementState, now time.Time, anchor ...Anchor) error {
	return s.PutAgreements(ctx, []AgreementRow{{ID: id, Envelope: envelope, State: state}}, now, anchor...)
}

// PutAgreements is PutAgreement for several agreements that change together:
// all of them or none. Since is now where the state changes.
func (s *Store) PutAgreements(ctx context.Context, rows []AgreementRow, now time.Time, anchor ...Anchor) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		for _, r := range rows {
			if err := putAgreement(ctx, tx, r, now); err != nil {
				return err
			}
		}
		return putAnchors(ctx, tx, anchor)
	})
}

func putAgreement(ctx context.Context, tx *sql.Tx, r AgreementRow, now time.Time) error {
	old, err := scanAgreement(tx.QueryRowContext(ctx, `SELECT `+agreementColumns+` FROM agreements WHERE id = ?`, r.ID))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if !old.State.may(r.State) {
		return fmt.Errorf("%w: agreement %s to %s", ErrTransition, old.State, r.State)
	}
	since := now
	if old.State == r.State {
		since, r.By, r.Reason = old.Since, old.By, old.Reason
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO agreements (`+agreementColumns+`) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8)
		ON CONFLICT (id) DO UPDATE SET envelope = ?2, state = ?3, updated = ?4, since = ?6, by_member = ?7, reason = ?8`,
		r.ID, r.Envelope, string(r.State), toNano(now), r.Predecessor, toNano(since), r.By, r.Reason)
	return err
}

// Amendments lists the agreements that name the one with the id as their
// predecessor, the oldest first.
func (s *Store) Amendments(ctx context.Context, id string) (out []AgreementRow, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanAgreement,
			`SELECT `+agreementColumns+` FROM agreements WHERE predecessor = ? AND predecessor <> '' ORDER BY first_seen, id`, id)
		return err
	})
	return out, err
}

// Agreement returns the envelope of an agreement.
func (s *Store) Agreement(ctx context.Context, id string) ([]byte, error) {
	row, err := s.AgreementRow(ctx, id)
	return row.Envelope, err
}

// AgreementRow returns an agreement with its state and times.
func (s *Store) AgreementRow(ctx context.Context, id string) (a AgreementRow, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		a, err = scanAgreement(tx.QueryRowContext(ctx,
			`SELECT `+agreementColumns+` FROM agreements WHERE id = ?`, id))
		return err
	})
	return a, err
}

// Agreements lists every agreement, the newest first.
func (s *Store) Agreements(ctx context.Context) (out []AgreementRow, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanAgreement,
			`SELECT `+agreementColumns+` FROM agreements ORDER BY first_seen DESC, id`)
		return err
	})
	return out, err
}

// oneRow returns missing unless exactly one row was changed.
func oneRow(r sql.Result, missing error) error {
	n, err := r.RowsAffected()
	if err == nil && n != 1 {
		err = missing
	}
	return err
}
