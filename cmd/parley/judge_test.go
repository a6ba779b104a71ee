package main

import (
	"strings"
	"testing"

	"parley/agreements"
	"parley/analysis/release"
	"parley/cleanroom/engine/duckdb"
	"parley/cmd/parley/rooms"
)

// TestJudge: plain DuckDB's own answer passes, and anything else is found: a
// changed value, a group too many or too few, another number of withheld ones.
func TestJudge(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, err := rooms.Unpack("health", dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := rooms.Generate("health", dir, 12_000); err != nil {
		t.Fatal(err)
	}
	r, err := readRoom(file)
	if err != nil {
		t.Fatal(err)
	}
	const analysis = "cohort_averages"
	params := map[string]string{"test": "ldl"}
	query, err := r.oracleSQL(analysis, params)
	if err != nil || !strings.Contains(query, "m.test = 'ldl'") {
		t.Fatalf("%s, %v", query, err)
	}
	_, rows, err := duckdb.Oracle(t.Context(), append([]string{"SET file_search_path = '" + dir + "'"}, r.Tables...), query)
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	table := func() *release.Table {
		out := &release.Table{Columns: make([]release.Column, len(rows[0])), Withheld: release.Withheld{Is: release.Exactly, Count: 1}}
		for _, row := range rows {
			line := make([]release.Value, len(row))
			for i, v := range row {
				line[i] = release.Value{Text: *v}
			}
			out.Rows = append(out.Rows, line)
		}
		return out
	}
	for name, c := range map[string]struct {
		spoil func(*release.Table)
		want  string
	}{
		"the same":        {func(*release.Table) {}, ""},
		"a count":         {func(t *release.Table) { t.Rows[1][1].Text += "0" }, "row 2, column 2 differs"},
		"an average":      {func(t *release.Table) { t.Rows[0][2].Text = "7.123456789" }, "row 1, column 3 differs"},
		"a missing value": {func(t *release.Table) { t.Rows[0][3] = release.Value{Null: true} }, "row 1, column 4 differs"},
		"a group less":    {func(t *release.Table) { t.Rows = t.Rows[1:] }, "2 rows, expected 3"},
		"a group more":    {func(t *release.Table) { t.Rows = append(t.Rows, t.Rows[0]) }, "4 rows, expected 3"},
		"none withheld":   {func(t *release.Table) { t.Withheld.Count = 0 }, "0 groups were withheld, it should be 1"},
	} {
		answer := table()
		c.spoil(answer)
		err := r.judge(t.Context(), analysis, params, answer)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if err := r.judge(t.Context(), "nothing", nil, table()); err == nil || err.Error() != `the room has no check of the analysis "nothing"` {
		t.Errorf("got %v", err)
	}
}

func TestLiteral(t *testing.T) {
	t.Parallel()
	a := &agreements.Analysis{Name: "x", Parameters: []agreements.Parameter{
		{Name: "word", Type: agreements.Text, Default: "it's"}, {Name: "day", Type: agreements.Date, Default: "2026-01-01"}, {Name: "n", Type: agreements.Integer}}}
	got, err := literal(a, "$word $day $n", map[string]string{"n": "3"})
	if err != nil || got != "'it''s' DATE '2026-01-01' 3" {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := literal(a, "$other", nil); err == nil || err.Error() != "$other is no parameter of x" {
		t.Errorf("got %v", err)
	}
}
