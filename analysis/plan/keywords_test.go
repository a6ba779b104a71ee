package plan

import (
	"strings"
	"testing"

	"parley/analysis/sql/sqltest"
)

// TestKeywords compares the list with the engine's own.
func TestKeywords(t *testing.T) {
	db, err := sqltest.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var all string
	row := db.QueryRow("SELECT string_agg(keyword_name, ' ') FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'")
	if err := row.Scan(&all); err != nil {
		t.Fatal(err)
	}
	for _, w := range strings.Fields(all) {
		if !keywords[w] {
			t.Errorf("%s is missing", w)
		}
	}
	for name, want := range map[string]string{"n": "n", "select": `"select"`, "N": `"N"`, "a b": `"a b"`, `a"b`: `"a""b"`, "1a": `"1a"`, "a1_": "a1_"} {
		if got := readable(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
