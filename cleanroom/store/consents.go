package store

import (
	"context"
	"database/sql"
	"time"
)

// PutConsent records that a person said yes to a subject, such as the id of an
// agreement; saying it again changes nothing.
func (s *Store) PutConsent(ctx context.Context, kind, subject, person string, at time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO consents (kind, subject, person, given) VALUES (?,?,?,?)
			ON CONFLICT DO NOTHING`, kind, subject, person, toNano(at))
		return err
	})
}

// Consents lists who said yes to a subject, by name.
func (s *Store) Consents(ctx context.Context, kind, subject string) (out []string, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, func(r scanner) (name string, err error) {
			err = r.Scan(&name)
			return name, err
		}, `SELECT person FROM consents WHERE kind = ? AND subject = ? ORDER BY person`, kind, subject)
		return err
	})
	return out, err
}
