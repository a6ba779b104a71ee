package duckdb

import (
	"testing"

	"parley/analysis/plan"
	"parley/cleanroom/engine"
)

// unitsWhole runs a plan that groups by unit over a table of several ranges:
// a unit that lay in two of them would have two rows.
func unitsWhole(t *testing.T, e *Engine, s engine.Snapshot, units int, rows int64) {
	t.Helper()
	l := plan.Local{Measures: make([]plan.Measure, 1), SQL: `SELECT "parley_unit", CAST("v0" AS BIGINT) FROM ` +
		`(SELECT "parley_unit", COUNT(*) AS "v0" FROM data GROUP BY 1) AS data ORDER BY "parley_unit"`}
	seen, sum, twice := 0, int64(0), 0
	err := e.Reduce(t.Context(), s, l, func(b *engine.Batch) error {
		for i := range b.Units {
			seen, sum = seen+1, sum+b.Ints[1][i]
			if b.Ints[0][i] != 1 {
				twice++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen != units || sum != rows || twice != 0 {
		t.Errorf("%d units of %d rows in all, %d of them in two ranges; want %d and %d", seen, sum, twice, units, rows)
	}
}
