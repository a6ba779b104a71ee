package store

import (
	"context"
	"database/sql"
	"time"
)

// Letter is one thing that a partner's node still has to be told.
type Letter struct {
	Seq     int64
	Partner string // member
	Card    []byte // its entry in the agreement that the letter is about, as JSON
	Item    string // what it is, the same at every node
	Path    string // of the call
	Body    []byte
	Created time.Time
	Refused string // the word with which it was refused, or ""
}

const letterColumns = `seq, partner, card, item, path, body, created, refused`

func scanLetter(r scanner) (Letter, error) {
	var l Letter
	var created sql.NullInt64
	err := r.Scan(&l.Seq, &l.Partner, &l.Card, &l.Item, &l.Path, &l.Body, &created, &l.Refused)
	l.Created = fromNano(created)
	return l, err
}

// PutLetter queues a letter, unless one about the same item to the same
// partner lies there.
func (s *Store) PutLetter(ctx context.Context, l Letter) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO outbox (partner, card, item, path, body, created) VALUES (?,?,?,?,?,?)
			ON CONFLICT (partner, item) DO NOTHING`, l.Partner, l.Card, l.Item, l.Path, l.Body, toNano(l.Created))
		return err
	})
}

// Letters lists what is queued, in order, refused ones included.
func (s *Store) Letters(ctx context.Context) (out []Letter, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanLetter, `SELECT `+letterColumns+` FROM outbox ORDER BY seq`)
		return err
	})
	return out, err
}

// LetterDone removes a letter that arrived.
func (s *Store) LetterDone(ctx context.Context, seq int64) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM outbox WHERE seq = ?`, seq)
		return err
	})
}

// LetterRefused marks a letter that the partner's node refused.
func (s *Store) LetterRefused(ctx context.Context, seq int64, word string) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE outbox SET refused = ?, body = x'' WHERE seq = ?`, word, seq)
		return err
	})
}

// SeeTime raises the latest time that the node has seen; it never goes back.
func (s *Store) SeeTime(ctx context.Context, now time.Time) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO clock (id, seen) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET seen = MAX(seen, ?1)`, toNano(now))
		return err
	})
}

// TimeSeen is the latest time that the node has seen, zero for none.
func (s *Store) TimeSeen(ctx context.Context) (t time.Time, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		var seen sql.NullInt64
		err := tx.QueryRowContext(ctx, `SELECT MAX(seen) FROM clock`).Scan(&seen)
		t = fromNano(seen)
		return err
	})
	return t, err
}
