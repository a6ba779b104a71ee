package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Notice is a member's signed word about an agreement.
type Notice struct {
	Agreement string
	Member    string
	Sequence  int64 // of the member's notices under the agreement, from 1
	Kind      string
	Envelope  []byte
	Received  time.Time
}

const noticeColumns = `agreement, member, sequence, kind, envelope, received`

func scanNotice(r scanner) (Notice, error) {
	var n Notice
	var received sql.NullInt64
	err := r.Scan(&n.Agreement, &n.Member, &n.Sequence, &n.Kind, &n.Envelope, &received)
	n.Received = fromNano(received)
	return n, err
}

// ErrSequence says that a notice is not the one that follows.
var ErrSequence = errors.New("the notice does not follow those that are here")

// PutNotice adds a notice, which must have the number after the member's last,
// and brings the agreement into the state that it makes.
func (s *Store) PutNotice(ctx context.Context, n Notice, row AgreementRow, now time.Time, anchor ...Anchor) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		var last int64
		err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(sequence), 0) FROM notices WHERE agreement = ? AND member = ?`, n.Agreement, n.Member).Scan(&last)
		if err != nil {
			return err
		}
		if n.Sequence != last+1 {
			return fmt.Errorf("%w: number %d after %d", ErrSequence, n.Sequence, last)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO notices (`+noticeColumns+`) VALUES (?,?,?,?,?,?)`,
			n.Agreement, n.Member, n.Sequence, n.Kind, n.Envelope, toNano(n.Received))
		if err != nil {
			return err
		}
		if err := putAgreement(ctx, tx, row, now); err != nil {
			return err
		}
		return putAnchors(ctx, tx, anchor)
	})
}

// Notices lists the notices about an agreement in the order they came.
func (s *Store) Notices(ctx context.Context, agreement string) (out []Notice, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanNotice, `SELECT `+noticeColumns+` FROM notices WHERE agreement = ? ORDER BY rowid`, agreement)
		return err
	})
	return out, err
}
