package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"
)

// Person is an account of one of the organisation's people. Accounts are never
// removed, since records name them.
type Person struct {
	Name     string
	Roles    []string
	Password string // argon2id, with its parameters and salt
	// MustChange: the password was given by somebody else.
	MustChange bool
	Code       []byte // sealed secret of one-time codes; nil: none
	CodeNext   []byte // sealed, not confirmed yet
	CodeStep   int64  // of the last code that was accepted
	Created    time.Time
	Disabled   time.Time // zero: not disabled
}

const personColumns = `name, roles, password, must_change, code, code_next, code_step, created, disabled`

func scanPerson(r scanner) (Person, error) {
	var p Person
	var roles string
	var created, disabled sql.NullInt64
	if err := r.Scan(&p.Name, &roles, &p.Password, &p.MustChange, &p.Code, &p.CodeNext, &p.CodeStep, &created, &disabled); err != nil {
		return p, err
	}
	p.Created, p.Disabled = fromNano(created), fromNano(disabled)
	return p, json.Unmarshal([]byte(roles), &p.Roles)
}

// People lists the accounts by name.
func (s *Store) People(ctx context.Context) (out []Person, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanPerson, `SELECT `+personColumns+` FROM people ORDER BY name`)
		return err
	})
	return out, err
}

// Person returns one account, or ErrNotFound.
func (s *Store) Person(ctx context.Context, name string) (p Person, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		p, err = scanPerson(tx.QueryRowContext(ctx, `SELECT `+personColumns+` FROM people WHERE name = ?`, name))
		return err
	})
	return p, err
}

// PutPerson adds an account. ErrExists: the name is taken.
func (s *Store) PutPerson(ctx context.Context, p Person, anchor ...Anchor) error {
	roles, err := json.Marshal(p.Roles)
	if err != nil {
		return err
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO people (`+personColumns+`) VALUES (?,?,?,?,?,?,?,?,?)`,
			p.Name, string(roles), p.Password, p.MustChange, blob(p.Code), blob(p.CodeNext), p.CodeStep, toNano(p.Created), toNano(p.Disabled))
		if err != nil {
			return err
		}
		return putAnchors(ctx, tx, anchor)
	})
}

// ChangePerson replaces an account's row; CodeStep never goes back. With a time, all sessions and tokens
// of the person end at it.
func (s *Store) ChangePerson(ctx context.Context, p Person, end time.Time, anchor ...Anchor) error {
	roles, err := json.Marshal(p.Roles)
	if err != nil {
		return err
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE people SET roles = ?2, password = ?3, must_change = ?4, code = ?5, code_next = ?6,
			code_step = max(code_step, ?7), disabled = ?8 WHERE name = ?1`,
			p.Name, string(roles), p.Password, p.MustChange, blob(p.Code), blob(p.CodeNext), p.CodeStep, toNano(p.Disabled))
		if err == nil {
			err = oneRow(res, ErrNotFound)
		}
		if err != nil {
			return err
		}
		if !end.IsZero() {
			_, err = tx.ExecContext(ctx, `UPDATE tokens SET revoked = ?2 WHERE person = ?1 AND revoked IS NULL`, p.Name, toNano(end))
			if err != nil {
				return err
			}
		}
		return putAnchors(ctx, tx, anchor)
	})
}

// TakeCodeStep uses up a one-time code: step must be later than that of every
// code accepted before, else the error is ErrNotFound.
func (s *Store) TakeCodeStep(ctx context.Context, name string, step int64) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE people SET code_step = ?2 WHERE name = ?1 AND code_step < ?2`, name, step)
		if err != nil {
			return err
		}
		return oneRow(res, ErrNotFound)
	})
}

// blob is the stored form of bytes that may not be there: NULL, not an empty
// value.
func blob(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}
