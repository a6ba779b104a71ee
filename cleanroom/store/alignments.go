package store

import (
	"context"
	"database/sql"
	"time"
)

// AlignmentKey says what an alignment was made of. Another version on either
// side, or the other role, is another alignment.
type AlignmentKey struct {
	Agreement   string
	OwnDataset  string
	OwnVersion  string
	PeerDataset string
	PeerVersion string
	OwnRole     string
}

// Alignment is a join that was paid for and can be used again.
type Alignment struct {
	AlignmentKey
	Peer           string // the other member
	ID             string // as it enters receipts
	Slots          int64  // slots in all, padding included
	WrappedKey     []byte // key of the sealed slots file
	Path           string // the sealed slots file
	TranscriptHash string
	Created        time.Time
}

const alignmentColumns = `agreement, own_dataset, own_version, peer_dataset, peer_version, own_role,
	peer, alignment_id, slots, wrapped_key, path, transcript_hash, created`

const alignmentMatch = ` WHERE agreement = ? AND own_dataset = ? AND own_version = ?
	AND peer_dataset = ? AND peer_version = ? AND own_role = ?`

func (k AlignmentKey) args() []any {
	return []any{k.Agreement, k.OwnDataset, k.OwnVersion, k.PeerDataset, k.PeerVersion, k.OwnRole}
}

func scanAlignment(r scanner) (Alignment, error) {
	var a Alignment
	var created sql.NullInt64
	err := r.Scan(&a.Agreement, &a.OwnDataset, &a.OwnVersion, &a.PeerDataset, &a.PeerVersion, &a.OwnRole,
		&a.Peer, &a.ID, &a.Slots, &a.WrappedKey, &a.Path, &a.TranscriptHash, &created)
	a.Created = fromNano(created)
	return a, err
}

// PutAlignment stores a finished alignment in place of every older one of the
// two datasets under the agreement, whatever their versions, and returns those:
// their files, but for one that the new one has taken over, are the caller's
// to remove. The caller has synced the slots file. The agreement must be known.
func (s *Store) PutAlignment(ctx context.Context, a Alignment) (replaced []Alignment, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		replaced, err = collect(ctx, tx, scanAlignment, `DELETE FROM alignments
			WHERE agreement = ? AND own_dataset = ? AND peer_dataset = ? RETURNING `+alignmentColumns,
			a.Agreement, a.OwnDataset, a.PeerDataset)
		if err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO alignments (`+alignmentColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)`,
			append(a.args(), a.Peer, a.ID, a.Slots, a.WrappedKey, a.Path, a.TranscriptHash, toNano(a.Created))...)
		return err
	})
	return replaced, err
}

// Alignments lists every alignment, the oldest first.
func (s *Store) Alignments(ctx context.Context) (out []Alignment, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanAlignment, `SELECT `+alignmentColumns+` FROM alignments ORDER BY created`)
		return err
	})
	return out, err
}

// Alignment returns the alignment with exactly this key.
func (s *Store) Alignment(ctx context.Context, k AlignmentKey) (a Alignment, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		a, err = scanAlignment(tx.QueryRowContext(ctx,
			`SELECT `+alignmentColumns+` FROM alignments`+alignmentMatch, k.args()...))
		return err
	})
	return a, err
}

// DeleteAlignmentsFor forgets every alignment made of this dataset version,
// own or peer's, and returns them so that the caller can remove their files.
// Their keys go with the rows, so a file left behind stays sealed.
func (s *Store) DeleteAlignmentsFor(ctx context.Context, dataset, version string) (out []Alignment, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanAlignment, `DELETE FROM alignments
			WHERE (own_dataset = ?1 AND own_version = ?2) OR (peer_dataset = ?1 AND peer_version = ?2)
			RETURNING `+alignmentColumns, dataset, version)
		return err
	})
	return out, err
}
