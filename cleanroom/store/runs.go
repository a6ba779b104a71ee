package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Run is one execution of a question, as this node saw it.
type Run struct {
	ID        string
	Agreement string
	Asker     string          // the member who asked
	Question  json.RawMessage // as asked: SQL, or an analysis and its parameters
	PlanHash  string
	State     RunState
	Stage     string // the step under way, for people
	Created   time.Time
	Finished  time.Time // zero until the run is over
	// Error is for this node's own operators and is never sent to a peer.
	Error string
	// Receipt is the envelope that an owner's node signed; it holds no answer.
	Receipt []byte
	// Sealed is the receiver's receipt bundle, answer included, as an age file
	// that only the receiver's key opens. It goes when its time is over.
	Sealed []byte
	// ReceiptHash is the hash of the receipt's payload on a receiver's node; it
	// stays when the answer is removed.
	ReceiptHash string
	Removed     time.Time // when Sealed was removed; zero: it was not
	// StoredFrom is the run whose answer this one was given again, or "".
	StoredFrom string
}

// RunUpdate is what changes in a run; zero fields stay as they are, except
// State, which is always needed (the same state again for a new stage).
type RunUpdate struct {
	State    RunState
	Stage    string
	PlanHash string
	Finished time.Time // needed with, and only with, the step to a final state
	Error    string
	Receipt  []byte // may be replaced after SUCCESS, by one with more signatures
	// Sealed and ReceiptHash come together, and only with SUCCESS.
	Sealed      []byte
	ReceiptHash string
	// StoredFrom goes with SUCCESS: the run whose answer this is.
	StoredFrom string
}

const runColumns = `id, agreement, asker, question, plan_hash, state, stage, created, finished, error, receipt, sealed, receipt_hash, removed, stored_from`

func scanRun(r scanner) (Run, error) {
	var run Run
	var question []byte
	var created, finished, removed sql.NullInt64
	err := r.Scan(&run.ID, &run.Agreement, &run.Asker, &question, &run.PlanHash, &run.State, &run.Stage,
		&created, &finished, &run.Error, &run.Receipt, &run.Sealed, &run.ReceiptHash, &removed, &run.StoredFrom)
	run.Question = question
	run.Created, run.Finished, run.Removed = fromNano(created), fromNano(finished), fromNano(removed)
	return run, err
}

// PutRun records a new run in the state SUBMITTED or AWAITING_APPROVAL. A run
// id is used once: a second run under it is ErrExists, which is what stops a
// replayed request. The agreement must be known.
func (s *Store) PutRun(ctx context.Context, r Run) error {
	if r.State != Submitted && r.State != AwaitingApproval {
		return fmt.Errorf("%w: a run starts as SUBMITTED or AWAITING_APPROVAL, not %s", ErrTransition, r.State)
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO runs (`+runColumns+`) VALUES (?,?,?,?,?,?,?,?,NULL,'',NULL,NULL,'',NULL,'')`,
			r.ID, r.Agreement, r.Asker, []byte(r.Question), r.PlanHash, string(r.State), r.Stage, toNano(r.Created))
		return err
	})
}

// UpdateRun moves a run to a state that its present one allows. Check and
// change are one transaction, so of two racing updates one sees the other.
func (s *Store) UpdateRun(ctx context.Context, id string, u RunUpdate) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		now, err := scanRun(tx.QueryRowContext(ctx, `SELECT `+runColumns+` FROM runs WHERE id = ?`, id))
		if err != nil {
			return err
		}
		if err := check(now.State, u); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE runs SET state = ?2,
			stage = iif(?3 = '', stage, ?3), plan_hash = iif(?4 = '', plan_hash, ?4),
			finished = coalesce(finished, ?5), error = iif(?6 = '', error, ?6),
			receipt = coalesce(?7, receipt), sealed = coalesce(sealed, ?8),
			receipt_hash = iif(?9 = '', receipt_hash, ?9),
			stored_from = iif(?10 = '', stored_from, ?10) WHERE id = ?1`,
			id, string(u.State), u.Stage, u.PlanHash, toNano(u.Finished), u.Error,
			nullBytes(u.Receipt), nullBytes(u.Sealed), u.ReceiptHash, u.StoredFrom)
		return err
	})
}

func nullBytes(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// Run returns one run.
func (s *Store) Run(ctx context.Context, id string) (r Run, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		r, err = scanRun(tx.QueryRowContext(ctx, `SELECT `+runColumns+` FROM runs WHERE id = ?`, id))
		return err
	})
	return r, err
}

// Runs lists up to limit runs in the order they were recorded, the newest
// first: those before the run with the given id, or the newest for "".
func (s *Store) Runs(ctx context.Context, limit int, before string) (out []Run, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		cursor := int64(1<<63 - 1)
		if before != "" {
			if err := tx.QueryRowContext(ctx, `SELECT seq FROM runs WHERE id = ?`, before).Scan(&cursor); err != nil {
				return err
			}
		}
		out, err = collect(ctx, tx, scanRun, `SELECT `+runColumns+` FROM runs WHERE seq < ? ORDER BY seq DESC LIMIT ?`,
			cursor, max(limit, 0))
		return err
	})
	return out, err
}
