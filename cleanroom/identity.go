package cleanroom

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"

	"parley/cleanroom/catalog"
	"parley/cleanroom/ledger"
	"parley/cleanroom/store"
	"parley/crypto/wire"
)

// secret returns one of this node's random keys, which the state file holds
// wrapped; it is made when it is first asked for.
func (n *Node) secret(ctx context.Context, name string) (key [32]byte, err error) {
	var fresh [32]byte
	if _, err := rand.Read(fresh[:]); err != nil {
		return key, err
	}
	wrapped, err := n.keys.WrapKey(ctx, fresh, "secret "+name)
	if err != nil {
		return key, err
	}
	if wrapped, err = n.store.Secret(ctx, name, wrapped); err != nil {
		return key, err
	}
	return n.keys.UnwrapKey(ctx, wrapped, "secret "+name)
}

// identify settles whose budget a dataset version draws on, once: see
// ledger.Fingerprint. source says where the data came from, "" if that is not
// known any more.
func (n *Node) identify(ctx context.Context, row store.Dataset, source string) error {
	_, err := n.store.IdentityOf(ctx, row.Name, row.Version)
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		return err
	}
	key, err := n.secret(ctx, "fingerprints")
	if err != nil {
		return err
	}
	snap, err := n.snapshot(ctx, row)
	if err != nil {
		return err
	}
	f := ledger.NewFingerprint(key)
	err = n.engine.Units(ctx, snap, func(unit []byte) error {
		f.Add(unit)
		return nil
	})
	if err != nil {
		return lost(row, err)
	}
	i := store.Identity{Identity: row.Name + "/" + short(row.Version), Dataset: row.Name, Version: row.Version,
		Units: row.Units, Fingerprint: f.Bytes()}
	if source != "" {
		i.Source = hexOf(wire.Sum(wire.LabelSource, key[:], []byte(source)))
	}
	_, err = n.ledger.Identify(ctx, i)
	return err
}

// sourceOf names the place that a contract's data is read from.
func sourceOf(c *catalog.Contract, dir string) string {
	_, format, table := c.Source()
	path := c.SourcePath(dir)
	if !filepath.IsAbs(path) {
		return ""
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if format != "duckdb" {
		table = "" // a name of the contract's own, not of the file's
	}
	return filepath.Clean(path) + "\x00" + table
}
