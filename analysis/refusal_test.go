package analysis_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"parley/analysis"
	"parley/analysis/sql/sqltest"
)

// TestRefusalTexts holds what people and programs are shown to testdata.
func TestRefusalTexts(t *testing.T) {
	db := open(t)
	var b strings.Builder
	for _, c := range []struct {
		name, asker string
		q           analysis.Question
	}{
		{"a column", "client", analysis.Question{SQL: "SELECT region, COUNT(*)\nFROM orders\nWHERE salary > 5\nGROUP BY region"}},
		{"a use", "client", analysis.Question{SQL: "SELECT SUM(score) FROM orders"}},
		{"the language", "client", analysis.Question{SQL: "SELECT MAX(amount) FROM orders"}},
		{"the unit in a long line", "client", analysis.Question{SQL: "SELECT COUNT(*) AS everything_there_is_in_the_whole_table FROM orders WHERE mail = 'ann@example.org' AND amount > 5 AND region = 'north'"}},
		{"a tab and an escape", "client", analysis.Question{SQL: "SELECT COUNT(*)\tFROM orders WHERE region <> 'a\x1b[2J\u202eb' AND salary = 1"}},
		{"an analysis", "client", analysis.Question{Analysis: "sales", Params: map[string]string{"since": "2025-01-01"}}},
		{"no member", "stranger", analysis.Question{SQL: "SELECT COUNT(*) FROM orders"}},
		{"no SQL", "client", analysis.Question{}},
	} {
		_, err := analysis.Compile(context.Background(), db, sqltest.Agreement(), "sha256:3f2a9100aa77bb5c", c.asker, c.q)
		var r *analysis.Refusal
		if !errors.As(err, &r) {
			t.Fatalf("%s: %v", c.name, err)
		}
		j, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "== %s\n%s\n%s\n", c.name, r.Text(c.q.SQL), j)
	}
	if *update {
		if err := os.WriteFile("testdata/refusals.txt", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/refusals.txt")
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%s", b.String())
	}
}
