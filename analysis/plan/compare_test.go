package plan_test

import (
	"database/sql"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parley/analysis/release"
)

// same compares an answer with DuckDB's: integers and decimals exactly,
// quotients within 1e-9 relative, and the first ORDER BY key in sequence.
func same(t *testing.T, q string, got *release.Table, want [][]sql.NullString) {
	t.Helper()
	if len(got.Rows) != len(want) {
		t.Fatalf("%s: %d rows, want %d", q, len(got.Rows), len(want))
	}
	if at := orderedBy(q, got); at >= 0 {
		for i := range want {
			if !equal(got.Columns[at], got.Rows[i][at], want[i][at]) {
				t.Errorf("%s: row %d has %v, want %v", q, i, got.Rows[i][at], want[i][at])
			}
		}
	}
	for _, line := range want {
		if !slices.ContainsFunc(got.Rows, func(r []release.Value) bool { return equalRow(got.Columns, r, line) }) {
			t.Errorf("%s: no row %v in %v", q, line, got.Rows)
		}
	}
}

// orderedBy is the output column of the first ORDER BY key, or -1.
func orderedBy(q string, got *release.Table) int {
	_, key, ok := strings.Cut(q, " ORDER BY ")
	if !ok {
		return -1
	}
	switch key[0] {
	case '1':
		return 0
	case '2':
		return 1
	}
	return slices.IndexFunc(got.Columns, func(c release.Column) bool {
		return strings.HasPrefix(strings.TrimPrefix(key, `"`), c.Name)
	})
}

func equalRow(cols []release.Column, r []release.Value, want []sql.NullString) bool {
	for i := range cols {
		if !equal(cols[i], r[i], want[i]) {
			return false
		}
	}
	return true
}

func equal(c release.Column, v release.Value, want sql.NullString) bool {
	if v.Null || !want.Valid {
		return v.Null == !want.Valid
	}
	a, errA := strconv.ParseFloat(v.Text, 64)
	b, errB := strconv.ParseFloat(want.String, 64)
	switch {
	case c.Type == "text" || c.Type == "boolean":
		return v.Text == want.String
	case c.Type == "date":
		return strings.HasPrefix(want.String, v.Text)
	case errA != nil || errB != nil:
		return false
	case c.Type == release.Double:
		return math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(b))
	}
	return a == b
}
