package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// AlignmentJob is an alignment that was begun and is not finished: what a node
// needs, besides the files of the job, to take it up after a crash.
type AlignmentJob struct {
	AlignmentKey
	ID         string // 32 hex digits; names its folder and its mailbox
	Peer       string // the other member
	Session    [32]byte
	Terms      [32]byte // digest of what both sides must hold alike to go on
	WrappedKey []byte   // key of its secrets and files
	Created    time.Time
}

const jobColumns = `agreement, own_dataset, own_version, peer_dataset, peer_version, own_role,
	id, peer, session, terms, wrapped_key, created`

func scanJob(r scanner) (AlignmentJob, error) {
	var j AlignmentJob
	var session, terms []byte
	var created sql.NullInt64
	err := r.Scan(&j.Agreement, &j.OwnDataset, &j.OwnVersion, &j.PeerDataset, &j.PeerVersion, &j.OwnRole,
		&j.ID, &j.Peer, &session, &terms, &j.WrappedKey, &created)
	copy(j.Session[:], session)
	copy(j.Terms[:], terms)
	j.Created = fromNano(created)
	return j, err
}

// PutAlignmentJob records a job. ErrExists if there is one with its key: drop
// that first. The agreement must be known.
func (s *Store) PutAlignmentJob(ctx context.Context, j AlignmentJob) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO alignment_jobs (`+jobColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`,
			append(j.args(), j.ID, j.Peer, j.Session[:], j.Terms[:], j.WrappedKey, toNano(j.Created))...)
		return err
	})
}

// AlignmentJob returns the job with exactly this key.
func (s *Store) AlignmentJob(ctx context.Context, k AlignmentKey) (j AlignmentJob, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		j, err = scanJob(tx.QueryRowContext(ctx, `SELECT `+jobColumns+` FROM alignment_jobs`+alignmentMatch, k.args()...))
		return err
	})
	return j, err
}

// LatestAlignmentJob is LatestAlignment for jobs.
func (s *Store) LatestAlignmentJob(ctx context.Context, agreement, dataset, version, peerDataset string) (id string, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT id FROM alignment_jobs
			WHERE agreement = ? AND own_dataset = ? AND own_version = ? AND peer_dataset = ?
			ORDER BY created DESC LIMIT 1`, agreement, dataset, version, peerDataset).Scan(&id)
	})
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return id, err
}

// AlignmentJobs lists every job, the oldest first.
func (s *Store) AlignmentJobs(ctx context.Context) (out []AlignmentJob, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanJob, `SELECT `+jobColumns+` FROM alignment_jobs ORDER BY created`)
		return err
	})
	return out, err
}

// DeleteAlignmentJob forgets a job; its key goes with the row, so files left
// behind stay sealed. Forgetting an unknown one is no error.
func (s *Store) DeleteAlignmentJob(ctx context.Context, id string) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM alignment_jobs WHERE id = ?`, id)
		return err
	})
}
