package store

import (
	"context"
	"database/sql"
	"time"
)

// KeptHead is a head of a log, as a signed note with cosignatures.
type KeptHead struct {
	Key    string // identity key of the partner, base64
	Member string
	Size   int64
	Note   []byte
	Time   time.Time
}

const headColumns = `key, member, size, note, time`

func scanHead(r scanner) (KeptHead, error) {
	var h KeptHead
	var at sql.NullInt64
	err := r.Scan(&h.Key, &h.Member, &h.Size, &h.Note, &at)
	h.Time = fromNano(at)
	return h, err
}

// PutHead keeps a partner's head in the place of the one before.
func (s *Store) PutHead(ctx context.Context, h KeptHead, anchor ...Anchor) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO heads (`+headColumns+`) VALUES (?,?,?,?,?)
			ON CONFLICT (key) DO UPDATE SET member = excluded.member, size = excluded.size, note = excluded.note, time = excluded.time`,
			h.Key, h.Member, h.Size, h.Note, toNano(h.Time))
		if err != nil {
			return err
		}
		return putAnchors(ctx, tx, anchor)
	})
}

// Head returns the head of a partner's log, or ErrNotFound.
func (s *Store) Head(ctx context.Context, key string) (h KeptHead, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		h, err = scanHead(tx.QueryRowContext(ctx, `SELECT `+headColumns+` FROM heads WHERE key = ?`, key))
		return err
	})
	return h, err
}

// Heads lists the heads of all partners' logs.
func (s *Store) Heads(ctx context.Context) (out []KeptHead, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanHead, `SELECT `+headColumns+` FROM heads ORDER BY member, key`)
		return err
	})
	return out, err
}

// PutOwnHead keeps a head of this node's log that a partner countersigned.
func (s *Store) PutOwnHead(ctx context.Context, h KeptHead) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO own_heads (`+headColumns+`) VALUES (?,?,?,?,?)
			ON CONFLICT (key, size) DO UPDATE SET note = excluded.note, time = excluded.time`, h.Key, h.Member, h.Size, h.Note, toNano(h.Time))
		return err
	})
}

// OwnHead returns the longest head of this node's log that a partner
// countersigned, or ErrNotFound.
func (s *Store) OwnHead(ctx context.Context, key string) (h KeptHead, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		h, err = scanHead(tx.QueryRowContext(ctx, `SELECT `+headColumns+` FROM own_heads WHERE key = ? ORDER BY size DESC LIMIT 1`, key))
		return err
	})
	return h, err
}

// OwnHeads lists all of them, by partner and size.
func (s *Store) OwnHeads(ctx context.Context) (out []KeptHead, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanHead, `SELECT `+headColumns+` FROM own_heads ORDER BY member, key, size`)
		return err
	})
	return out, err
}

// DropOwnHeads forgets the heads above a size that a partner countersigned.
func (s *Store) DropOwnHeads(ctx context.Context, key string, above int64) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM own_heads WHERE key = ? AND size > ?`, key, above)
		return err
	})
}

// ToldHead is a head of one member's log that another member holds.
type ToldHead struct {
	Key  string // identity key of whose log it is
	Via  string // identity key of who holds it
	Size int64
	Note []byte
}

// PutTold keeps one to be compared, in the place of the one before.
func (s *Store) PutTold(ctx context.Context, t ToldHead) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO told_heads (key, via, size, note) VALUES (?,?,?,?)
			ON CONFLICT (key, via) DO UPDATE SET size = excluded.size, note = excluded.note`, t.Key, t.Via, t.Size, t.Note)
		return err
	})
}

// Told lists the heads of a member's log that are to be compared.
func (s *Store) Told(ctx context.Context, key string) (out []ToldHead, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, func(r scanner) (t ToldHead, err error) {
			return t, r.Scan(&t.Key, &t.Via, &t.Size, &t.Note)
		}, `SELECT key, via, size, note FROM told_heads WHERE key = ? ORDER BY size`, key)
		return err
	})
	return out, err
}

// DropTold forgets one that was compared.
func (s *Store) DropTold(ctx context.Context, t ToldHead) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM told_heads WHERE key = ? AND via = ? AND size = ?`, t.Key, t.Via, t.Size)
		return err
	})
}

// Conflict says that a log does not go on from what was countersigned.
type Conflict struct {
	ID      int64
	Key     string
	Member  string
	Kind    string // older, forked or own
	Proof   []byte // a file that audit.VerifyFork takes
	Found   time.Time
	Decided time.Time // zero: nobody has decided
	How     string
}

const conflictColumns = `id, key, member, kind, proof, found, decided, how`

func scanConflict(r scanner) (Conflict, error) {
	var c Conflict
	var found, decided sql.NullInt64
	err := r.Scan(&c.ID, &c.Key, &c.Member, &c.Kind, &c.Proof, &found, &decided, &c.How)
	c.Found, c.Decided = fromNano(found), fromNano(decided)
	return c, err
}

// PutConflict records a conflict; ErrExists when one of its kind is open.
func (s *Store) PutConflict(ctx context.Context, c Conflict, anchor ...Anchor) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO conflicts (id, key, member, kind, proof, found) VALUES (?,?,?,?,?,?)`,
			c.ID, c.Key, c.Member, c.Kind, c.Proof, toNano(c.Found))
		if err != nil {
			return err
		}
		return putAnchors(ctx, tx, anchor)
	})
}

// Conflicts lists all conflicts, in the order in which they were found.
func (s *Store) Conflicts(ctx context.Context) (out []Conflict, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanConflict, `SELECT `+conflictColumns+` FROM conflicts ORDER BY id`)
		return err
	})
	return out, err
}

// OpenConflict returns the open conflict of a kind with a partner, or
// ErrNotFound.
func (s *Store) OpenConflict(ctx context.Context, key, kind string) (c Conflict, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		c, err = scanConflict(tx.QueryRowContext(ctx, `SELECT `+conflictColumns+` FROM conflicts WHERE key = ? AND kind = ? AND decided IS NULL`, key, kind))
		return err
	})
	return c, err
}

// DecideConflict closes a conflict that is open, or is ErrNotFound.
func (s *Store) DecideConflict(ctx context.Context, id int64, how string, now time.Time, anchor ...Anchor) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE conflicts SET decided = ?, how = ? WHERE id = ? AND decided IS NULL`, toNano(now), how, id)
		if err != nil {
			return err
		}
		if err := oneRow(r, ErrNotFound); err != nil {
			return err
		}
		return putAnchors(ctx, tx, anchor)
	})
}
