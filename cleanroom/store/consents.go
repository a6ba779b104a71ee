package store

import (
	"context"
	"database/sql"
	"time"
)

// Consent is a person's yes to a subject, such as the id of an agreement.
type Consent struct {
	Kind    string
	Subject string
	Person  string
	Given   time.Time
}

// PutConsent adds one. ErrExists: the person has said yes to this already.
func (s *Store) PutConsent(ctx context.Context, c Consent, anchor ...Anchor) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO consents (kind, subject, person, given) VALUES (?,?,?,?)`, c.Kind, c.Subject, c.Person, toNano(c.Given))
		if err != nil {
			return err
		}
		return putAnchors(ctx, tx, anchor)
	})
}

// AllConsents lists every consent there is.
func (s *Store) AllConsents(ctx context.Context) (out []Consent, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, func(r scanner) (c Consent, err error) {
			var given sql.NullInt64
			err = r.Scan(&c.Kind, &c.Subject, &c.Person, &given)
			c.Given = fromNano(given)
			return c, err
		}, `SELECT kind, subject, person, given FROM consents ORDER BY kind, subject, person`)
		return err
	})
	return out, err
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
