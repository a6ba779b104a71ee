package random

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/marcboeker/go-duckdb/v2" // the judge is DuckDB in this process

	"parley/agreements"
)

// judge is plain DuckDB over the members' files.
type judge struct{ db *sql.DB }

func newJudge(tb testing.TB) *judge {
	tb.Helper()
	db, err := sql.Open("duckdb", "?threads=1&memory_limit=1GB")
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	// Two optimisers of DuckDB 1.4.1 are wrong about date_trunc of a column:
	// one takes it for never NULL and groups by a day of the year 5877642 BC
	// instead, the other lets date_trunc(…) <= day take in one day more.
	if _, err := db.Exec("SET disabled_optimizers = 'statistics_propagation,expression_rewriter'"); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return &judge{db}
}

// load reads t's file into a table of t's name: the key's column holds the
// unit, rows without one are gone, every column has its contract's type.
func (j *judge) load(tb testing.TB, t *table, dir string) {
	tb.Helper()
	from := reader(t.format, filepath.Join(dir, t.file()))
	j.units(tb, t, from)
	cols := []string{"m.unit AS " + ident(t.unit)}
	for _, c := range t.columns {
		cols = append(cols, typed(c)+" AS "+ident(c.name))
	}
	j.exec(tb, fmt.Sprintf("CREATE TABLE %s AS SELECT %s FROM %s AS s JOIN units AS m ON CAST(s.%s AS VARCHAR) = m.raw",
		t.name, strings.Join(cols, ", "), from, ident(t.unit)))
}

// units fills the table units with the unit of every raw key of the file.
func (j *judge) units(tb testing.TB, t *table, from string) {
	tb.Helper()
	j.exec(tb, "CREATE OR REPLACE TABLE units (raw VARCHAR, unit VARCHAR)")
	keys := j.query(tb, fmt.Sprintf("SELECT DISTINCT CAST(%s AS VARCHAR) FROM %s", ident(t.unit), from))
	var values []string
	for _, row := range keys {
		if row[0] == nil {
			continue
		}
		if unit, ok := unitOf(t.norm, t.region, *row[0]); ok {
			values = append(values, "("+literal(*row[0])+", "+literal(fmt.Sprintf("%x", unit))+")")
		}
	}
	if len(values) > 0 {
		j.exec(tb, "INSERT INTO units VALUES "+strings.Join(values, ", "))
	}
}

// typed converts the column s.name by its contract: decimals are rounded half
// away from zero to the scale, a timestamp's time of day is dropped.
func typed(c *column) string {
	raw := "trim(CAST(s." + ident(c.name) + " AS VARCHAR))"
	switch c.typ {
	case agreements.Integer:
		return "CAST(" + raw + " AS BIGINT)"
	case agreements.Decimal:
		return fmt.Sprintf("CAST(round(CAST(%s AS DECIMAL(38, 12)), %d) AS DECIMAL(28, %[2]d))", raw, c.scale)
	case agreements.Date:
		return "CAST(left(" + raw + ", 10) AS DATE)"
	case agreements.Boolean:
		return "CASE WHEN lower(" + raw + ") IN ('t', 'true', '1') THEN true WHEN " + raw + " IS NOT NULL THEN false END"
	}
	return "CAST(s." + ident(c.name) + " AS VARCHAR)"
}

func (j *judge) exec(tb testing.TB, text string) {
	tb.Helper()
	if _, err := j.db.ExecContext(tb.Context(), text); err != nil {
		tb.Fatalf("plain DuckDB: %v", err)
	}
}

// query returns an answer as text.
func (j *judge) query(tb testing.TB, text string) [][]*string {
	tb.Helper()
	// Every column is cast to text, in the order of the inner query.
	rows, err := j.db.QueryContext(tb.Context(), "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ("+text+")")
	if err != nil {
		tb.Fatalf("plain DuckDB: %v\n%s", err, text)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		tb.Fatal(err)
	}
	var out [][]*string
	for rows.Next() {
		row := make([]*string, len(names))
		into := make([]any, len(names))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			tb.Fatal(err)
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		tb.Fatalf("plain DuckDB: %v\n%s", err, text)
	}
	return out
}
