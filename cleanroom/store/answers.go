package store

import (
	"context"
	"database/sql"
)

// AnswerKey is what an answer may be given again for: the same question of the
// same receiver, over the same versions. PeerVersion is "" for a question about
// own data alone, OwnVersion for one about a partner's alone.
type AnswerKey struct {
	Agreement   string
	PlanHash    string
	Receiver    string
	OwnVersion  string
	PeerVersion string
}

// PutAnswer records which run holds the answer; the newest one counts.
func (s *Store) PutAnswer(ctx context.Context, k AnswerKey, run string) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO answers (agreement, plan_hash, receiver, own_version, peer_version, run) VALUES (?,?,?,?,?,?)
			ON CONFLICT DO UPDATE SET run = excluded.run`, k.Agreement, k.PlanHash, k.Receiver, k.OwnVersion, k.PeerVersion, run)
		return err
	})
}

// LatestAnswer finds the newest stored answer for an own version, whatever the
// partner's version, which it returns: only the partner can say whether that
// is still its own. It is ErrNotFound when there is none, or when the answer
// was removed from its run.
func (s *Store) LatestAnswer(ctx context.Context, k AnswerKey) (r Run, peerVersion string, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		var id string
		err := tx.QueryRowContext(ctx, `SELECT a.run, a.peer_version FROM answers a JOIN runs r ON r.id = a.run
			WHERE a.agreement = ? AND a.plan_hash = ? AND a.receiver = ? AND a.own_version = ?
			AND r.state = 'SUCCESS' AND r.sealed IS NOT NULL ORDER BY r.seq DESC LIMIT 1`,
			k.Agreement, k.PlanHash, k.Receiver, k.OwnVersion).Scan(&id, &peerVersion)
		if err != nil {
			return err
		}
		r, err = scanRun(tx.QueryRowContext(ctx, `SELECT `+runColumns+` FROM runs WHERE id = ?`, id))
		return err
	})
	return r, peerVersion, err
}
