package store

import (
	"context"
	"database/sql"
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
}

// PutSelection records a selection with its sketches, numbered from 0.
func (s *Store) PutSelection(ctx context.Context, sel Selection, sketches [][]byte) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO selections (identity, version, run, created, header) VALUES (?,?,?,?,?)`,
			sel.Identity, sel.Version, sel.Run, toNano(sel.Created), sel.Header)
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
