package store

import (
	"context"
	"database/sql"
	"errors"
)

// LatestAlignment returns the id of the newest alignment of an own dataset
// version with a partner's dataset under an agreement, or "" when there is
// none. The partner's version is not known yet when this is asked.
func (s *Store) LatestAlignment(ctx context.Context, agreement, dataset, version, peerDataset string) (id string, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT alignment_id FROM alignments
			WHERE agreement = ? AND own_dataset = ? AND own_version = ? AND peer_dataset = ?
			ORDER BY created DESC LIMIT 1`, agreement, dataset, version, peerDataset).Scan(&id)
	})
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return id, err
}
