package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"
)

// Dataset is one imported version of a table this node offers.
type Dataset struct {
	Name         string
	Version      string // content hash of the encrypted snapshot
	Contract     []byte // the contract's YAML as imported
	ContractHash string
	Rules        json.RawMessage
	SnapshotPath string
	WrappedKey   []byte // the snapshot's key, wrapped by the node's keyring
	Rows         int64
	Units        int64
	Dropped      int64 // rows left out for want of a usable unit
	ImportedAt   time.Time
	Current      bool // set by the store: the version in use
}

const datasetColumns = `name, version, contract, contract_hash, rules, snapshot_path, wrapped_key,
	row_count, unit_count, dropped, imported_at, current`

func scanDataset(r scanner) (Dataset, error) {
	var d Dataset
	var rules []byte
	var at sql.NullInt64
	err := r.Scan(&d.Name, &d.Version, &d.Contract, &d.ContractHash, &rules, &d.SnapshotPath, &d.WrappedKey,
		&d.Rows, &d.Units, &d.Dropped, &at, &d.Current)
	d.Rules, d.ImportedAt = rules, fromNano(at)
	return d, err
}

// PutDataset makes d the version in use of its name. The version it replaces
// stays as history. A version is written once: ErrExists if it is known.
func (s *Store) PutDataset(ctx context.Context, d Dataset) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE datasets SET current = 0 WHERE name = ? AND current = 1`, d.Name); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO datasets (`+datasetColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,1)`,
			d.Name, d.Version, d.Contract, d.ContractHash, []byte(d.Rules), d.SnapshotPath, d.WrappedKey,
			d.Rows, d.Units, d.Dropped, toNano(d.ImportedAt))
		return err
	})
}

// Dataset returns the version in use of a name.
func (s *Store) Dataset(ctx context.Context, name string) (d Dataset, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		d, err = scanDataset(tx.QueryRowContext(ctx,
			`SELECT `+datasetColumns+` FROM datasets WHERE name = ? AND current = 1`, name))
		return err
	})
	return d, err
}

// Datasets lists the versions in use, by name.
func (s *Store) Datasets(ctx context.Context) ([]Dataset, error) {
	return s.datasets(ctx, `WHERE current = 1 ORDER BY name`)
}

// DatasetHistory lists every version of a name, the newest first.
func (s *Store) DatasetHistory(ctx context.Context, name string) ([]Dataset, error) {
	return s.datasets(ctx, `WHERE name = ? ORDER BY seq DESC`, name)
}

func (s *Store) datasets(ctx context.Context, where string, args ...any) (out []Dataset, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		out, err = collect(ctx, tx, scanDataset, `SELECT `+datasetColumns+` FROM datasets `+where, args...)
		return err
	})
	return out, err
}

// ShredDataset forgets the key and path of a version that is no longer in
// use, so that a copy of its snapshot can never be opened again. The row with
// its counts and hashes stays.
func (s *Store) ShredDataset(ctx context.Context, name, version string) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE datasets SET wrapped_key = x'', snapshot_path = ''
			WHERE name = ? AND version = ? AND current = 0`, name, version)
		if err != nil {
			return err
		}
		return oneRow(r, ErrNotFound)
	})
}
