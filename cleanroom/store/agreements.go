package store

import (
	"context"
	"database/sql"
	"time"
)

// AgreementState says what a node may do under an agreement.
type AgreementState string

// States of an agreement.
const (
	AgreementPending AgreementState = "PENDING" // some signatures are missing
	AgreementActive  AgreementState = "ACTIVE"  // signed by every member
	AgreementEnded   AgreementState = "ENDED"   // withdrawn; nothing new may run
)

// AgreementRow is one agreement as this node holds it.
type AgreementRow struct {
	ID        string
	Envelope  []byte // the signed bytes, as received
	State     AgreementState
	FirstSeen time.Time
	Updated   time.Time
}

const agreementColumns = `id, envelope, state, first_seen, updated`

func scanAgreement(r scanner) (AgreementRow, error) {
	var a AgreementRow
	var seen, updated sql.NullInt64
	err := r.Scan(&a.ID, &a.Envelope, &a.State, &seen, &updated)
	a.FirstSeen, a.Updated = fromNano(seen), fromNano(updated)
	return a, err
}

// PutAgreement stores an agreement's envelope, or replaces it by one with
// more signatures; the time it was first seen stays. The caller has verified
// the envelope and merged its signatures. An ended agreement stays ended:
// putting it again with any other state is ErrTransition, so that an old
// envelope sent by a peer cannot revive it.
func (s *Store) PutAgreement(ctx context.Context, id string, envelope []byte, state AgreementState, now time.Time, anchor ...Anchor) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `INSERT INTO agreements (`+agreementColumns+`) VALUES (?1, ?2, ?3, ?4, ?4)
			ON CONFLICT (id) DO UPDATE SET envelope = ?2, state = ?3, updated = ?4
			WHERE state <> 'ENDED' OR ?3 = 'ENDED'`, id, envelope, string(state), toNano(now))
		if err != nil {
			return err
		}
		if err := oneRow(r, ErrTransition); err != nil {
			return err
		}
		return putAnchors(ctx, tx, anchor)
	})
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
