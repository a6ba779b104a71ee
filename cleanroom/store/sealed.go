package store

import (
	"context"
	"database/sql"
	"time"
)

// SealedBefore lists the runs whose sealed answers are older than a time, the
// oldest first.
func (s *Store) SealedBefore(ctx context.Context, t time.Time) (out []Run, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanRun, `SELECT `+runColumns+` FROM runs
			WHERE sealed IS NOT NULL AND finished < ? ORDER BY finished`, t.UnixNano())
		return err
	})
	return out, err
}

// RemoveSealed takes a run's sealed answer away; the run and its receipt's hash
// stay. ErrNotFound: the run has none.
func (s *Store) RemoveSealed(ctx context.Context, id string, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE runs SET sealed = NULL, removed = ?2 WHERE id = ?1 AND sealed IS NOT NULL`,
			id, now.UnixNano())
		if err != nil {
			return err
		}
		return oneRow(res, ErrNotFound)
	})
}
