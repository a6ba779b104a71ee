package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// tx runs fn in one write transaction. It is the only way in which this
// package touches the database, so that every error is looked at once.
func (s *Store) tx(ctx context.Context, fn func(*sql.Tx) error) error {
	if s.broken.Load() {
		return ErrClosed
	}
	err := s.attempt(ctx, fn)
	if damaging(err) {
		s.broken.Store(true)
	}
	return explain(err)
}

func (s *Store) attempt(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// damaging reports errors after which the file's state is unknown until it is
// opened again.
func damaging(err error) bool {
	return errors.Is(err, sqlite3.IOERR) || errors.Is(err, sqlite3.CORRUPT) || errors.Is(err, sqlite3.NOTADB)
}

// explain turns the driver's errors into this package's. SQLite's own texts
// name tables and columns, never the values in them.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case errors.Is(err, sqlite3.INTERRUPT):
		return errors.Join(context.Canceled, err) // nothing else interrupts a statement
	case errors.Is(err, sqlite3.BUSY):
		return errors.Join(ErrInUse, err)
	case errors.Is(err, sqlite3.CONSTRAINT_FOREIGNKEY):
		return errors.Join(ErrNotFound, err)
	case errors.Is(err, sqlite3.CONSTRAINT_UNIQUE), errors.Is(err, sqlite3.CONSTRAINT_PRIMARYKEY):
		return errors.Join(ErrExists, err)
	}
	return err
}

// toNano is the stored form of a time; the zero time is NULL.
func toNano(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

func fromNano(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.Unix(0, n.Int64).UTC()
}

// collect scans every row of a query.
func collect[T any](ctx context.Context, tx *sql.Tx, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// scanner is a row of *sql.Rows or *sql.Row.
type scanner interface{ Scan(dest ...any) error }
