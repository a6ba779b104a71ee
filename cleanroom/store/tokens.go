package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"
)

// Token is a session of a person or a token for a program. The token itself is
// not here, only its hash.
type Token struct {
	ID      string
	Person  string
	Session bool
	Label   string
	Hash    [32]byte
	Scope   []string // actions; nil: all that the roles allow
	Created time.Time
	Expires time.Time
	Revoked time.Time // zero: not revoked
}

const tokenColumns = `id, person, session, label, hash, scope, created, expires, revoked`

func scanToken(r scanner) (Token, error) {
	var t Token
	var hash []byte
	var scope sql.NullString
	var created, expires, revoked sql.NullInt64
	if err := r.Scan(&t.ID, &t.Person, &t.Session, &t.Label, &hash, &scope, &created, &expires, &revoked); err != nil {
		return t, err
	}
	copy(t.Hash[:], hash)
	t.Created, t.Expires, t.Revoked = fromNano(created), fromNano(expires), fromNano(revoked)
	if !scope.Valid {
		return t, nil
	}
	t.Scope = []string{}
	return t, json.Unmarshal([]byte(scope.String), &t.Scope)
}

// TokenByHash returns a token and its person, or ErrNotFound.
func (s *Store) TokenByHash(ctx context.Context, hash [32]byte) (t Token, p Person, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		t, err = scanToken(tx.QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM tokens WHERE hash = ?`, hash[:]))
		if err != nil {
			return err
		}
		p, err = scanPerson(tx.QueryRowContext(ctx, `SELECT `+personColumns+` FROM people WHERE name = ?`, t.Person))
		return err
	})
	return t, p, err
}

// Tokens lists a person's sessions and tokens, the oldest first.
func (s *Store) Tokens(ctx context.Context, person string) (out []Token, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanToken, `SELECT `+tokenColumns+` FROM tokens WHERE person = ? ORDER BY created, id`, person)
		return err
	})
	return out, err
}

// PutToken adds a token, and removes others of the same person.
func (s *Store) PutToken(ctx context.Context, t Token, gone []Token, anchor ...Anchor) error {
	var scope any
	if t.Scope != nil {
		b, err := json.Marshal(t.Scope)
		if err != nil {
			return err
		}
		scope = string(b)
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		for _, g := range gone {
			if _, err := tx.ExecContext(ctx, `DELETE FROM tokens WHERE person = ? AND id = ?`, t.Person, g.ID); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO tokens (`+tokenColumns+`) VALUES (?,?,?,?,?,?,?,?,NULL)`,
			t.ID, t.Person, t.Session, t.Label, t.Hash[:], scope, toNano(t.Created), toNano(t.Expires))
		if err != nil {
			return err
		}
		return putAnchors(ctx, tx, anchor)
	})
}

// RevokeToken ends one of a person's tokens at a time. ErrNotFound: there is
// none of that id that has not ended so.
func (s *Store) RevokeToken(ctx context.Context, person, id string, at time.Time, anchor ...Anchor) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE tokens SET revoked = ?3 WHERE person = ?1 AND id = ?2 AND revoked IS NULL`, person, id, toNano(at))
		if err != nil {
			return err
		}
		if err := oneRow(res, ErrNotFound); err != nil {
			return err
		}
		return putAnchors(ctx, tx, anchor)
	})
}
