package cleanroom

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"parley/agreements"
	"parley/cleanroom/audit"
	"parley/cleanroom/catalog"
	"parley/cleanroom/engine"
	"parley/cleanroom/store"
)

// Dataset is what an owner sees of one dataset.
type Dataset struct {
	Name         string           `json:"name"`
	Version      string           `json:"version"`
	ContractHash string           `json:"contractHash"`
	Rules        agreements.Rules `json:"rules"`
	Rows         int64            `json:"rows"`
	Units        int64            `json:"units"`
	// Dropped counts the rows left out because their join key was empty or
	// malformed. They are in no answer.
	Dropped    int64     `json:"dropped"`
	ImportedAt time.Time `json:"importedAt"`
}

// AddDataset validates a contract, imports the file it names (relative paths
// are relative to dir) into an encrypted snapshot and makes that the version
// in use. Agreements keep naming the contract's hash, so a changed contract
// ends the use of the dataset under them until they are signed anew.
func (n *Node) AddDataset(ctx context.Context, contract []byte, dir string) (*Dataset, error) {
	c, err := catalog.Load(contract)
	if err != nil {
		return nil, err
	}
	rules, err := c.Rules()
	if err != nil {
		return nil, err
	}
	path, format, table := c.Source()
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	snap, got, err := n.importSnapshot(ctx, engine.Import{Source: path, Format: format, Table: table, Rules: rules})
	if err != nil {
		n.record(entry("dataset.add", audit.Refused).called(ctx).dataset(c.Name()))
		return nil, err
	}
	d, err := n.keepDataset(ctx, c, contract, rules, snap, got, sourceOf(c, dir))
	if err != nil {
		os.Remove(snap.Path)
	}
	return d, err
}

func (n *Node) importSnapshot(ctx context.Context, in engine.Import) (engine.Snapshot, *engine.Imported, error) {
	var name [16]byte
	if _, err := rand.Read(name[:]); err != nil {
		return engine.Snapshot{}, nil, err
	}
	if _, err := rand.Read(in.Key[:]); err != nil {
		return engine.Snapshot{}, nil, err
	}
	in.Target = n.home.path("snapshots", hex.EncodeToString(name[:])+".duckdb")
	got, err := n.engine.Import(ctx, in)
	if err != nil {
		return engine.Snapshot{}, nil, err
	}
	return engine.Snapshot{Path: in.Target, Key: in.Key, Version: got.Version}, got, nil
}

func (n *Node) keepDataset(ctx context.Context, c *catalog.Contract, contract []byte, rules agreements.Rules, snap engine.Snapshot, got *engine.Imported, source string) (*Dataset, error) {
	wrapped, err := n.keys.WrapKey(ctx, snap.Key, "snapshot "+snap.Version)
	if err != nil {
		return nil, err
	}
	rulesJSON, err := json.Marshal(rules)
	if err != nil {
		return nil, err
	}
	old, err := n.store.Dataset(ctx, c.Name())
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err := n.record(entry("dataset.add", audit.OK).called(ctx).dataset(c.Name()).with("version", snap.Version)); err != nil {
		return nil, err
	}
	row := store.Dataset{Name: c.Name(), Version: snap.Version, Contract: contract, ContractHash: c.Hash(),
		Rules: rulesJSON, SnapshotPath: snap.Path, WrappedKey: wrapped,
		Rows: got.Rows, Units: got.Units, Dropped: got.DroppedUnits, ImportedAt: n.now()}
	if err := n.store.PutDataset(ctx, row); err != nil {
		return nil, err
	}
	n.forget(ctx, old)
	// Not being able to is not fatal: the first run tries again before it is
	// charged.
	if err := n.identify(ctx, row, source); err != nil {
		n.log.Warn("whose budget a dataset draws on", "dataset", row.Name, "error", err)
	}
	return describe(row, rules), nil
}

// forget destroys what hung on a replaced version: its snapshot's key, its
// file and the alignments made with it. Failing to is not fatal, since
// nothing uses them any more; the next sweep tries again.
func (n *Node) forget(ctx context.Context, old store.Dataset) {
	if old.Version == "" {
		return
	}
	gone, err := n.store.DeleteAlignmentsFor(ctx, old.Name, old.Version)
	if err != nil {
		n.log.Warn("forget alignments", "error", err)
	}
	for _, a := range gone {
		os.Remove(a.Path)
	}
	n.dropJobs(ctx, func(a store.AlignmentJob) string {
		if a.OwnDataset == old.Name && a.OwnVersion == old.Version {
			return "the dataset was replaced"
		}
		return ""
	})
	if err := n.store.ShredDataset(ctx, old.Name, old.Version); err != nil {
		n.log.Warn("shred old version", "error", err)
	}
	os.Remove(old.SnapshotPath)
}

func describe(row store.Dataset, rules agreements.Rules) *Dataset {
	return &Dataset{Name: row.Name, Version: row.Version, ContractHash: row.ContractHash, Rules: rules,
		Rows: row.Rows, Units: row.Units, Dropped: row.Dropped, ImportedAt: row.ImportedAt}
}

// Datasets lists the datasets this node offers.
func (n *Node) Datasets(ctx context.Context) ([]*Dataset, error) {
	rows, err := n.store.Datasets(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]*Dataset, len(rows))
	for i, row := range rows {
		var rules agreements.Rules
		if err := json.Unmarshal(row.Rules, &rules); err != nil {
			return nil, fmt.Errorf("rules of dataset %q in the state file: %w", row.Name, err)
		}
		out[i] = describe(row, rules)
	}
	return out, nil
}

// Profile summarises a dataset for its owner. It holds data values and goes
// through the control door only.
func (n *Node) Profile(ctx context.Context, name string) (*engine.Profile, error) {
	row, err := n.store.Dataset(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("dataset %q: %w", name, err)
	}
	snap, err := n.snapshot(ctx, row)
	if err != nil {
		return nil, err
	}
	return n.engine.Profile(ctx, snap)
}

// Contract returns the contract of a dataset as it was imported.
func (n *Node) Contract(ctx context.Context, name string) ([]byte, error) {
	row, err := n.store.Dataset(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("dataset %q: %w", name, err)
	}
	return row.Contract, nil
}

// lost says so when an error comes of a version that is gone: its file was
// removed between the check and the use.
func lost(row store.Dataset, err error) error {
	if err == nil {
		return nil
	}
	if _, e := os.Stat(row.SnapshotPath); errors.Is(e, fs.ErrNotExist) {
		return replaced(row.Name)
	}
	return err
}

// snapshot unwraps the key of one version. A run passes the version that was
// judged when it was admitted, not the one in use by now: what it announced,
// aligned, reduced and signs must be the same bytes.
func (n *Node) snapshot(ctx context.Context, row store.Dataset) (engine.Snapshot, error) {
	if _, err := os.Stat(row.SnapshotPath); errors.Is(err, fs.ErrNotExist) {
		return engine.Snapshot{}, replaced(row.Name)
	}
	key, err := n.keys.UnwrapKey(ctx, row.WrappedKey, "snapshot "+row.Version)
	if err != nil {
		return engine.Snapshot{}, fmt.Errorf("dataset %q: %w", row.Name, err)
	}
	return engine.Snapshot{Path: row.SnapshotPath, Key: key, Version: row.Version}, nil
}
