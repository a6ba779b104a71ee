package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"
)

// Met says how a partner became one.
type Met string

// Ways to meet.
const (
	MetInvited Met = "INVITED" // it used an invitation of this node's
	MetJoined  Met = "JOINED"  // this node used an invitation of its
)

// Partner is an organisation that this node met by an invitation.
type Partner struct {
	Seq         int64 // set by the store
	Name        string
	Looks       string          // equal for names one could take for another
	Card        json.RawMessage // agreements.Member
	IdentityKey string          // the card's
	Fingerprint string          // of its TLS key, the card's
	Met         Met
	Invitation  string // id
	MetAt       time.Time
	Confirmed   time.Time // zero: not confirmed
	ConfirmedBy string
}

const partnerColumns = `seq, name, looks, card, identity_key, fingerprint, met, invitation, met_at, confirmed, confirmed_by`

func scanPartner(r scanner) (Partner, error) {
	var p Partner
	var card []byte
	var met, confirmed sql.NullInt64
	err := r.Scan(&p.Seq, &p.Name, &p.Looks, &card, &p.IdentityKey, &p.Fingerprint, &p.Met, &p.Invitation, &met, &confirmed, &p.ConfirmedBy)
	p.Card, p.MetAt, p.Confirmed = card, fromNano(met), fromNano(confirmed)
	return p, err
}

// PutPartner records a partner, unconfirmed. ErrExists: one that is not
// removed has a name that looks alike, or one of its keys.
func (s *Store) PutPartner(ctx context.Context, p Partner) error {
	return s.tx(ctx, func(tx *sql.Tx) error { _, err := putPartner(ctx, tx, p); return err })
}

func putPartner(ctx context.Context, tx *sql.Tx, p Partner) (seq int64, err error) {
	r, err := tx.ExecContext(ctx, `INSERT INTO partners (name, looks, card, identity_key, fingerprint, met, invitation, met_at)
		VALUES (?,?,?,?,?,?,?,?)`, p.Name, p.Looks, []byte(p.Card), p.IdentityKey, p.Fingerprint, string(p.Met), p.Invitation, toNano(p.MetAt))
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}

// SetPartnerCard replaces the card of a partner by one with the same name and
// keys, such as one with another address.
func (s *Store) SetPartnerCard(ctx context.Context, p Partner) error {
	return s.tx(ctx, func(tx *sql.Tx) error { return setPartnerCard(ctx, tx, p) })
}

func setPartnerCard(ctx context.Context, tx *sql.Tx, p Partner) error {
	r, err := tx.ExecContext(ctx, `UPDATE partners SET card = ? WHERE removed IS NULL AND name = ? AND identity_key = ? AND fingerprint = ?`,
		[]byte(p.Card), p.Name, p.IdentityKey, p.Fingerprint)
	if err != nil {
		return err
	}
	return oneRow(r, ErrNotFound)
}

// Partners lists those that are not removed, in the order of their meeting.
func (s *Store) Partners(ctx context.Context) (out []Partner, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanPartner, `SELECT `+partnerColumns+` FROM partners WHERE removed IS NULL ORDER BY seq`)
		return err
	})
	return out, err
}

// Partner returns the one of that name that is not removed.
func (s *Store) Partner(ctx context.Context, name string) (p Partner, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		p, err = scanPartner(tx.QueryRowContext(ctx, `SELECT `+partnerColumns+` FROM partners WHERE removed IS NULL AND name = ?`, name))
		return err
	})
	return p, err
}

// ConfirmPartner records that a person has compared the words. The seq makes
// sure that it is the very partner whose words were shown.
func (s *Store) ConfirmPartner(ctx context.Context, seq int64, by string, at time.Time) error {
	return s.changePartner(ctx, `UPDATE partners SET confirmed = ?, confirmed_by = ? WHERE seq = ? AND removed IS NULL AND confirmed IS NULL`,
		toNano(at), by, seq)
}

// RemovePartner ends a partnership. What was offered to the partner is offered
// no longer; its row stays, as history.
func (s *Store) RemovePartner(ctx context.Context, seq int64, by string, at time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM offered_datasets WHERE partner = ?`, seq); err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `UPDATE partners SET removed = ?, removed_by = ? WHERE seq = ? AND removed IS NULL`, toNano(at), by, seq)
		if err != nil {
			return err
		}
		return oneRow(r, ErrNotFound)
	})
}

func (s *Store) changePartner(ctx context.Context, query string, args ...any) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		return oneRow(r, ErrNotFound)
	})
}

// OfferDataset lets a partner see the terms of a dataset; WithdrawDataset ends
// that. Doing either twice changes nothing.
func (s *Store) OfferDataset(ctx context.Context, dataset string, partner int64, at time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO offered_datasets (dataset, partner, offered) VALUES (?,?,?) ON CONFLICT DO NOTHING`,
			dataset, partner, toNano(at))
		return err
	})
}

// WithdrawDataset ends an offer.
func (s *Store) WithdrawDataset(ctx context.Context, dataset string, partner int64) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM offered_datasets WHERE dataset = ? AND partner = ?`, dataset, partner)
		return err
	})
}

// OfferedDatasets are the names of the datasets offered to a partner.
func (s *Store) OfferedDatasets(ctx context.Context, partner int64) (out []string, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, func(r scanner) (name string, err error) { return name, r.Scan(&name) },
			`SELECT dataset FROM offered_datasets WHERE partner = ? ORDER BY dataset`, partner)
		return err
	})
	return out, err
}
