package duckdb

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"parley/agreements"
	"parley/cleanroom/engine"
)

// Import implements engine.Engine. in.Key must be fresh for every snapshot:
// DuckDB 1.4.1 draws AES-GCM nonces from a weak generator, which is harmless
// only while no key encrypts two files. in.Target must not exist.
//
// A row whose join key is NULL or malformed is left out and counted. Any other
// row with a value that does not fit its column refuses the import; the error
// names columns, counts and row numbers (from 1, the header not counted), and
// no value.
func (e *Engine) Import(ctx context.Context, in engine.Import) (*engine.Imported, error) {
	req, source, err := e.prepareImport(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", whatImport, err)
	}
	defer source.Close()
	temp := req.Import.Target
	defer removeAll(temp, temp+".wal", req.Import.Stage, req.Import.Stage+".wal")
	done, err := e.call(ctx, e.opts.Import, []*os.File{source}, req, nil)
	if err != nil {
		return nil, e.explainImport(err, in.Rules)
	}
	imported := new(engine.Imported)
	if err := json.Unmarshal(done, imported); err != nil {
		return nil, errFrame
	}
	if imported.Version, err = publish(ctx, temp, in.Target); err != nil {
		return nil, fmt.Errorf("%s: %w", whatImport, err)
	}
	return imported, nil
}

func (e *Engine) prepareImport(in engine.Import) (request, *os.File, error) {
	if err := checkRules(in.Rules); err != nil {
		return request{}, nil, err
	}
	target, err := filepath.Abs(in.Target)
	if err != nil {
		return request{}, nil, err
	}
	if _, err := os.Lstat(target); err == nil {
		return request{}, nil, errors.New("the snapshot to create exists already")
	}
	var suffix [8]byte
	if _, err := io.ReadFull(e.opts.Rand, suffix[:]); err != nil {
		return request{}, nil, err
	}
	temp := target + ".importing-" + hex.EncodeToString(suffix[:])
	source, compression, err := openSource(in)
	if err != nil {
		return request{}, nil, err
	}
	return request{Op: opImport, Key: in.Key[:], Import: &importRequest{
		Format: in.Format, Compression: compression, Table: in.Table, Rules: in.Rules,
		Target: temp, Stage: temp + ".stage",
	}}, source, nil
}

// openSource opens the owner's file under the path policy.
func openSource(in engine.Import) (*os.File, string, error) {
	compression := "none"
	switch in.Format {
	case "csv", "json":
		if filepath.Ext(in.Source) == ".gz" {
			compression = "gzip"
		}
	case "parquet":
	case "duckdb":
		if in.Table == "" {
			return nil, "", errors.New("the contract must name the table inside the DuckDB file")
		}
		if _, err := os.Lstat(in.Source + ".wal"); err == nil {
			return nil, "", fmt.Errorf("%q has changes not yet written into it (a .wal file lies beside it): close the program that uses it", in.Source)
		}
	default:
		return nil, "", fmt.Errorf("format %q is not supported; use csv, parquet, json or duckdb", in.Format)
	}
	f, err := openRegular(in.Source)
	return f, compression, err
}

// checkRules refuses rules that no import could satisfy. The catalog checks
// contracts in full; this keeps other callers from building odd SQL.
func checkRules(r agreements.Rules) error {
	seen := map[string]bool{"parley_unit": true}
	for _, c := range r.Columns {
		name := strings.ToLower(c.Name)
		if c.Name == "" || strings.ContainsRune(c.Name, 0) || seen[name] {
			return fmt.Errorf("column name %q is empty, reserved or used twice", c.Name)
		}
		seen[name] = true
		if _, ok := sqlType(c); !ok {
			return fmt.Errorf("column %q has unknown type %q or a scale outside 0…6", c.Name, c.Type)
		}
	}
	if r.Unit.Column == "" || strings.ContainsRune(r.Unit.Column, 0) {
		return errors.New("no join key column is named")
	}
	if r.MaxRowsPerUnit < 1 {
		return errors.New("maxRowsPerUnit must be at least 1")
	}
	return checkUnit(r.Unit)
}

// publish makes the finished file durable and gives it its name.
func publish(ctx context.Context, temp, target string) (version string, err error) {
	if _, err := os.Lstat(temp + ".wal"); err == nil {
		return "", errors.New("the engine left the snapshot unfinished")
	}
	f, err := openRegular(temp)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return "", err
	}
	if version, err = hashFile(ctx, f); err != nil {
		return "", err
	}
	if err := os.Rename(temp, target); err != nil {
		return "", err
	}
	dir, err := os.Open(filepath.Dir(target))
	if err != nil {
		return "", err
	}
	defer dir.Close()
	return version, dir.Sync()
}

func removeAll(paths ...string) {
	for _, p := range paths {
		_ = os.Remove(p)
	}
}
