package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Anchor is one change of state that the audit log names; package anchor gives
// it its meaning. Seq counts from 1 without a gap.
type Anchor struct {
	Seq     int64
	Kind    string
	Subject string
	Digest  [32]byte // of the subject after the change; zeros: it is gone
	Chain   [32]byte // over this change and all before it
	Entry   []byte   // the audit entry that names it, as JSON
	Before  [32]byte // the chain before it; not stored in its row
}

const anchorColumns = `seq, kind, subject, digest, chain, entry`

func scanAnchor(r scanner) (Anchor, error) {
	var a Anchor
	var digest, chain []byte
	err := r.Scan(&a.Seq, &a.Kind, &a.Subject, &digest, &chain, &a.Entry)
	copy(a.Digest[:], digest)
	copy(a.Chain[:], chain)
	return a, err
}

// ErrAnchor says that the last change of state is another one than the caller
// takes it for, so that nothing was changed.
var ErrAnchor = errors.New("the last change of state is not the one expected")

// putAnchor adds an anchor in the transaction of the change that it is of.
func putAnchor(ctx context.Context, tx *sql.Tx, a Anchor) error {
	last, err := scanAnchor(tx.QueryRowContext(ctx, `SELECT `+anchorColumns+` FROM anchors ORDER BY seq DESC LIMIT 1`))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if a.Seq != last.Seq+1 || a.Before != last.Chain {
		return fmt.Errorf("%w: number %d", ErrAnchor, a.Seq)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO anchors (`+anchorColumns+`) VALUES (?,?,?,?,?,?)`,
		a.Seq, a.Kind, a.Subject, a.Digest[:], a.Chain[:], a.Entry)
	return err
}

// putAnchors adds the anchor that a method was given. Tests of the store give
// none; a node that forgot one does not start again, see anchor.Keeper.Check.
func putAnchors(ctx context.Context, tx *sql.Tx, anchors []Anchor) error {
	for _, a := range anchors {
		if err := putAnchor(ctx, tx, a); err != nil {
			return err
		}
	}
	return nil
}

// PutAnchor adds an anchor of state that is as it was: when state that lay there
// before anchors were kept is taken up.
func (s *Store) PutAnchor(ctx context.Context, a Anchor) error {
	return s.tx(ctx, func(tx *sql.Tx) error { return putAnchor(ctx, tx, a) })
}

// Anchors lists up to limit anchors from number from on, in order.
func (s *Store) Anchors(ctx context.Context, from int64, limit int) (out []Anchor, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanAnchor, `SELECT `+anchorColumns+` FROM anchors WHERE seq >= ? ORDER BY seq LIMIT ?`, from, limit)
		return err
	})
	return out, err
}
