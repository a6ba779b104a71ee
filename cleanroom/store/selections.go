package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Selection is what one run selected of a dataset: a header and sketches, both
// sealed by package history.
type Selection struct {
	Seq      int64
	Identity string
	Version  string
	Run      string
	Created  time.Time
	Header   []byte
	// Tag finds a selection again; it is empty once that is not enough.
	Tag []byte
	// Unchecked: it could not be compared with all earlier ones.
	Unchecked bool
}

// PutSelection records a selection with its sketches, numbered from 0.
func (s *Store) PutSelection(ctx context.Context, sel Selection, sketches [][]byte) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO selections (identity, version, run, created, header, tag, unchecked) VALUES (?,?,?,?,?,?,?)`,
			sel.Identity, sel.Version, sel.Run, toNano(sel.Created), sel.Header, sel.Tag, sel.Unchecked)
		if err != nil {
			return err
		}
		seq, err := res.LastInsertId()
		if err != nil {
			return err
		}
		for n, b := range sketches {
			if _, err := tx.ExecContext(ctx, `INSERT INTO sketches (selection, number, sealed) VALUES (?,?,?)`, seq, n, b); err != nil {
				return err
			}
		}
		return nil
	})
}

// SelectionTagged reports whether a selection is recorded under a tag, and
// whether it or a later one could not be compared with all before it.
func (s *Store) SelectionTagged(ctx context.Context, identity string, tag []byte) (recorded, unchecked bool, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM selections l WHERE l.identity = s.identity AND l.seq >= s.seq AND l.unchecked = 1)
			FROM selections s WHERE s.identity = ? AND s.tag = ? ORDER BY s.seq LIMIT 1`, identity, tag).Scan(&unchecked)
		recorded = err == nil
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return recorded, unchecked, err
}

// TagSelection gives a recorded selection another tag.
func (s *Store) TagSelection(ctx context.Context, seq int64, tag []byte, unchecked bool) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE selections SET tag = ?, unchecked = ? WHERE seq = ?`, tag, unchecked, seq)
		return err
	})
}

// Selections lists the newest selections of a dataset identity, up to limit,
// newest first.
func (s *Store) Selections(ctx context.Context, identity string, limit int) (out []Selection, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, func(r scanner) (Selection, error) {
			var sel Selection
			var created sql.NullInt64
			err := r.Scan(&sel.Seq, &sel.Identity, &sel.Version, &sel.Run, &created, &sel.Header)
			sel.Created = fromNano(created)
			return sel, err
		}, `SELECT seq, identity, version, run, created, header FROM selections WHERE identity = ? ORDER BY seq DESC LIMIT ?`, identity, limit)
		return err
	})
	return out, err
}

// Sketch returns one sketch of a selection.
func (s *Store) Sketch(ctx context.Context, selection int64, number int) (sealed []byte, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT sealed FROM sketches WHERE selection = ? AND number = ?`, selection, number).Scan(&sealed)
	})
	return sealed, err
}
