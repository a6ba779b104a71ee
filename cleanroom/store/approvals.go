package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"
)

// ApprovalState is where a request for approval stands.
type ApprovalState string

// States of a request:
//
//	WAITING ──▶ APPROVED ──▶ USED
//	   │  └───▶ DENIED ────▶ USED    (once the asker was told)
//	   └──────▶ EXPIRED, as APPROVED does when nobody used it in time
const (
	ApprovalWaiting  ApprovalState = "WAITING"
	ApprovalApproved ApprovalState = "APPROVED"
	ApprovalDenied   ApprovalState = "DENIED"
	ApprovalUsed     ApprovalState = "USED"
	ApprovalExpired  ApprovalState = "EXPIRED"
)

// Approval is a request for a person's approval of one run of a question.
type Approval struct {
	ID        string          `json:"id"` // that of the first run which asked for it
	Agreement string          `json:"agreement"`
	PlanHash  string          `json:"planHash"`
	Asker     string          `json:"asker"`
	Question  json.RawMessage `json:"question"`
	State     ApprovalState   `json:"state"`
	Reason    string          `json:"reason,omitempty"` // this node's own, never sent
	Created   time.Time       `json:"created"`
	Decided   time.Time       `json:"decided,omitzero"`
}

// ErrTooMany says that an asker has as many requests waiting as one may have.
var ErrTooMany = errors.New("too many requests wait for approval")

const approvalColumns = `id, agreement, plan_hash, asker, question, state, reason, created, decided`

func scanApproval(r scanner) (Approval, error) {
	var a Approval
	var question []byte
	var created, decided sql.NullInt64
	err := r.Scan(&a.ID, &a.Agreement, &a.PlanHash, &a.Asker, &question, &a.State, &a.Reason, &created, &decided)
	a.Question, a.Created, a.Decided = question, fromNano(created), fromNano(decided)
	return a, err
}

// TakeApproval looks for an open request for the same question of the same
// asker. One that was decided is used up by this; one that is older than keep
// has expired. If there is none, a is recorded as waiting, unless the asker has
// most waiting already (ErrTooMany). It returns the request as it was found.
func (s *Store) TakeApproval(ctx context.Context, a Approval, keep time.Duration, most int) (out Approval, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE approvals SET state = 'EXPIRED' WHERE state IN ('WAITING', 'APPROVED', 'DENIED') AND created < ?`,
			toNano(a.Created.Add(-keep)))
		if err != nil {
			return err
		}
		out, err = scanApproval(tx.QueryRowContext(ctx, `SELECT `+approvalColumns+` FROM approvals
			WHERE agreement = ? AND plan_hash = ? AND asker = ? AND state IN ('WAITING', 'APPROVED', 'DENIED')`, a.Agreement, a.PlanHash, a.Asker))
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return putApproval(ctx, tx, a, most, &out)
		case err != nil || out.State == ApprovalWaiting:
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE approvals SET state = 'USED' WHERE id = ?`, out.ID)
		return err
	})
	return out, err
}

func putApproval(ctx context.Context, tx *sql.Tx, a Approval, most int, out *Approval) error {
	var waiting int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM approvals WHERE asker = ? AND state = 'WAITING'`, a.Asker).Scan(&waiting); err != nil {
		return err
	}
	if waiting >= most {
		return ErrTooMany
	}
	a.State, a.Reason = ApprovalWaiting, ""
	*out = a
	_, err := tx.ExecContext(ctx, `INSERT INTO approvals (`+approvalColumns+`) VALUES (?,?,?,?,?,?,'',?,NULL)`,
		a.ID, a.Agreement, a.PlanHash, a.Asker, []byte(a.Question), string(a.State), toNano(a.Created))
	return err
}

// DecideApproval approves or denies a request that waits. Another is
// ErrNotFound.
func (s *Store) DecideApproval(ctx context.Context, id string, state ApprovalState, reason string, at time.Time) (a Approval, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		a, err = scanApproval(tx.QueryRowContext(ctx, `UPDATE approvals SET state = ?, reason = ?, decided = ?
			WHERE id = ? AND state = 'WAITING' RETURNING `+approvalColumns, string(state), reason, toNano(at), id))
		return err
	})
	return a, err
}

// WaitingApprovals lists the requests that wait and were made since a time.
func (s *Store) WaitingApprovals(ctx context.Context, since time.Time) (out []Approval, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanApproval, `SELECT `+approvalColumns+` FROM approvals WHERE state = 'WAITING' AND created >= ? ORDER BY seq`, toNano(since))
		return err
	})
	return out, err
}
