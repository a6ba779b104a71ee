package duckdb

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/agreements"
	"parley/analysis/plan"
	"parley/cleanroom/engine"
)

// TestDecimalsRoundAsWritten holds where the file's reader makes a binary
// number of a decimal one (1.005 is a little less than that), and where
// DuckDB's own conversion of an exponent goes wrong (5e-05).
func TestDecimalsRoundAsWritten(t *testing.T) {
	written := []string{"1.005", "-0.505", "0.155", "5e-05", "4.9e-3", "5e-3", "-5E-3", "1.5e2", "99999.995"}
	want := []string{"1.01", "-0.51", "0.16", "0.00", "0.00", "0.01", "-0.01", "150.00", "100000.00"}
	files := map[string]string{"csv": "email,x\n", "json": ""}
	for i, v := range written {
		files["csv"] += fmt.Sprintf("u%d@b.c,%s\n", i, v)
		files["json"] += fmt.Sprintf("{\"email\": \"u%d@b.c\", \"x\": %s}\n", i, v)
	}
	rules := agreements.Rules{Unit: agreements.Unit{Column: "email", Normalisation: agreements.NormEmail}, MaxRowsPerUnit: 1,
		Columns: []agreements.Column{{Name: "x", Type: agreements.Decimal, Scale: 2}}}
	local := plan.Local{SQL: "SELECT parley_unit, CAST(x AS VARCHAR) FROM data", Groups: make([]plan.Group, 1)}
	for format, text := range files {
		dir := t.TempDir()
		in := engine.Import{Source: filepath.Join(dir, "in"), Format: format, Rules: rules, Target: filepath.Join(dir, "snapshot")}
		if err := os.WriteFile(in.Source, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		e := New(Options{})
		done, err := e.Import(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]string, len(written))
		var units []string
		s := engine.Snapshot{Path: in.Target, Version: done.Version}
		err = e.Units(t.Context(), s, func(u []byte) error {
			units = append(units, string(u))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var groups [][]engine.Text
		err = e.Reduce(t.Context(), s, local, func(b *engine.Batch) error {
			groups = append(groups, b.NewGroups...)
			for n, u := range b.Units {
				var i int
				if _, err := fmt.Sscanf(units[u], "u%d@", &i); err != nil {
					return err
				}
				got[i] = groups[b.Groups[n]][0].Value
			}
			return nil
		})
		if err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %v, %v; want %v", format, got, err, want)
		}
	}
}
