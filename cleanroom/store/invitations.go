package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Invitation is one that this node has made.
type Invitation struct {
	ID        string
	Proof     []byte // wrapped hash of its secret; empty once it can serve no more
	Note      string // for this node's own people
	Created   time.Time
	Expires   time.Time
	Used      time.Time // zero: not used
	Partner   int64     // who used it; 0: nobody
	UsedBy    string    // that partner's name
	Withdrawn time.Time // zero: not withdrawn
}

const invitationColumns = `i.id, i.proof, i.note, i.created, i.expires, i.used, i.partner, p.name, i.withdrawn
	FROM invitations i LEFT JOIN partners p ON p.seq = i.partner`

func scanInvitation(r scanner) (Invitation, error) {
	var i Invitation
	var created, expires, used, partner, withdrawn sql.NullInt64
	var by sql.NullString
	err := r.Scan(&i.ID, &i.Proof, &i.Note, &created, &expires, &used, &partner, &by, &withdrawn)
	i.Created, i.Expires, i.Used, i.Withdrawn = fromNano(created), fromNano(expires), fromNano(used), fromNano(withdrawn)
	i.Partner, i.UsedBy = partner.Int64, by.String
	return i, err
}

// ErrTooManyInvitations says that as many are open as may be.
var ErrTooManyInvitations = errors.New("too many invitations are open")

// PutInvitation records a new invitation unless most are open at its creation.
// Those that have run out by then lose their proof.
func (s *Store) PutInvitation(ctx context.Context, i Invitation, most int) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE invitations SET proof = x'' WHERE expires <= ?`, toNano(i.Created)); err != nil {
			return err
		}
		var open int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM invitations WHERE used IS NULL AND withdrawn IS NULL AND expires > ?`, toNano(i.Created)).Scan(&open); err != nil {
			return err
		}
		if open >= most {
			return ErrTooManyInvitations
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO invitations (id, proof, note, created, expires) VALUES (?,?,?,?,?)`,
			i.ID, i.Proof, i.Note, toNano(i.Created), toNano(i.Expires))
		return err
	})
}

// Invitation returns one by its id.
func (s *Store) Invitation(ctx context.Context, id string) (i Invitation, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		i, err = scanInvitation(tx.QueryRowContext(ctx, `SELECT `+invitationColumns+` WHERE i.id = ?`, id))
		return err
	})
	return i, err
}

// Invitations lists the most recent ones, the newest first.
func (s *Store) Invitations(ctx context.Context, most int) (out []Invitation, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanInvitation, `SELECT `+invitationColumns+` ORDER BY i.created DESC, i.id LIMIT ?`, most)
		return err
	})
	return out, err
}

// WithdrawInvitation ends an invitation that nobody has used; ErrNotFound if
// there is none such.
func (s *Store) WithdrawInvitation(ctx context.Context, id string, at time.Time) error {
	return s.changePartner(ctx, `UPDATE invitations SET withdrawn = ?, proof = x'' WHERE id = ? AND used IS NULL AND withdrawn IS NULL`, toNano(at), id)
}

// UseInvitation records, in one step, that an invitation was used and by whom.
// fresh says whether the partner is new; if not, its card is replaced. Of many
// that use one invitation at the same time one succeeds; the others get
// ErrNotFound. The proof stays until the invitation runs out, so that a partner
// that has not heard of its success can ask again.
func (s *Store) UseInvitation(ctx context.Context, id string, p Partner, fresh bool, at time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		seq := p.Seq
		var err error
		if fresh {
			seq, err = putPartner(ctx, tx, p)
		} else {
			err = setPartnerCard(ctx, tx, p)
		}
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `UPDATE invitations SET used = ?, partner = ?
			WHERE id = ? AND used IS NULL AND withdrawn IS NULL AND expires > ?`, toNano(at), seq, id, toNano(at))
		if err != nil {
			return err
		}
		return oneRow(r, ErrNotFound)
	})
}
