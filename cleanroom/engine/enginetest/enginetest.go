// Package enginetest is the suite that every engine.Engine must pass, and the
// oracle that answers are compared with. A test package that uses it must
// call duckdb.ChildMain first thing in TestMain.
package enginetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"parley/agreements"
	"parley/analysis/plan"
	"parley/cleanroom/engine"
	"parley/cleanroom/engine/duckdb"
)

// PlainQuery runs setup and then query on plain DuckDB, with access to files,
// and returns the answer as text; NULL is the text "NULL".
func PlainQuery(ctx context.Context, setup []string, query string) ([][]string, error) {
	_, rows, err := duckdb.Oracle(ctx, setup, query)
	if err != nil {
		return nil, err
	}
	out := make([][]string, len(rows))
	for i, row := range rows {
		for _, v := range row {
			if v == nil {
				out[i] = append(out[i], "NULL")
			} else {
				out[i] = append(out[i], *v)
			}
		}
	}
	return out, nil
}

// Suite runs every test of the suite on e.
func Suite(t *testing.T, e engine.Engine) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, engine.Engine)
	}{
		{"parse", testParse}, {"formats", testFormats}, {"normalisation", testNormalisation},
		{"conversion", testConversion}, {"dialects", testDialects}, {"refusals", testRefusals}, {"sources", testSources},
		{"one owner", testOneOwner}, {"shapes", testShapes}, {"versions", testVersions},
		{"canaries", testCanaries}, {"lockdown", testLockdown}, {"limits", testLimits}, {"cancel", testCancel},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, e) })
	}
}

// rules returns rules with the given unit and columns and room for many rows.
func rules(n agreements.Normalisation, columns ...agreements.Column) agreements.Rules {
	return agreements.Rules{
		Unit: agreements.Unit{Column: "id", Normalisation: n}, Columns: columns, MaxRowsPerUnit: 1000,
	}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func key(t *testing.T) [32]byte { return sha256.Sum256([]byte(t.Name())) }

// load imports a CSV text and returns its snapshot.
func load(t *testing.T, e engine.Engine, r agreements.Rules, csv string) (engine.Snapshot, *engine.Imported) {
	t.Helper()
	in := engine.Import{Source: write(t, "in.csv", csv), Format: "csv", Rules: r,
		Target: filepath.Join(t.TempDir(), "snapshot"), Key: key(t)}
	done, err := e.Import(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return engine.Snapshot{Path: in.Target, Key: in.Key, Version: done.Version}, done
}

// units returns the snapshot's distinct units as hex.
func units(t *testing.T, e engine.Engine, s engine.Snapshot) []string {
	t.Helper()
	var all []string
	err := e.Units(t.Context(), s, func(u []byte) error {
		all = append(all, fmt.Sprintf("%x", u))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// joint runs SQL as a joint plan and returns its entries printed, each with
// the bytes of its unit.
func joint(ctx context.Context, e engine.Engine, s engine.Snapshot, l plan.Local) ([]string, error) {
	var units []uint32
	var groups, entries []string
	err := e.Reduce(ctx, s, l, func(b *engine.Batch) error {
		for _, g := range b.NewGroups {
			groups = append(groups, printed(g))
		}
		for i, u := range b.Units {
			line := groups[b.Groups[i]]
			for _, column := range b.Ints {
				line += fmt.Sprint("|", column[i])
			}
			units, entries = append(units, u), append(entries, line)
		}
		return nil
	})
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	var bytes []string
	err = e.Units(ctx, s, func(u []byte) error {
		bytes = append(bytes, string(u))
		return nil
	})
	for i, u := range units {
		if int(u) >= len(bytes) {
			return nil, fmt.Errorf("an entry has unit %d of %d units", u, len(bytes))
		}
		entries[i] = bytes[u] + entries[i]
	}
	return entries, err
}

func printed(group []engine.Text) string {
	line := ""
	for _, g := range group {
		if g.Null {
			g.Value = "NULL"
		}
		line += "|" + g.Value
	}
	return line
}

// oneOwner runs SQL as a one-owner plan and returns its rows printed.
func oneOwner(ctx context.Context, e engine.Engine, s engine.Snapshot, l plan.Local) ([]string, error) {
	var all []string
	err := e.Run(ctx, s, l, func(r engine.Row) error {
		line := printed(r.Groups)
		for _, n := range r.Ints {
			if n.Null {
				line += "|NULL"
			} else {
				line += fmt.Sprint("|", n.Value)
			}
		}
		all = append(all, line)
		return nil
	})
	return all, err
}

func equal(t *testing.T, got, want []string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) || len(got) != len(want) {
		t.Errorf("got\n  %q\nwant\n  %q", got, want)
	}
}
