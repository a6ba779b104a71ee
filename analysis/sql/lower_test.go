package sql_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"parley/analysis/sql"
	"parley/analysis/sql/sqltest"
)

// accepted together hold every node type of the language.
var accepted = []string{
	"SELECT a.x AS y, COUNT(*), COUNT(DISTINCT u), SUM(b.z), AVG(z) FROM a JOIN b ON a.u = b.u WHERE NOT (x IN ('a', 'b') " +
		"OR z BETWEEN 1 AND 2.5) AND w IS NOT NULL AND x LIKE 'a%' AND d > DATE '2024-01-01' AND f = TRUE AND p = $p " +
		"GROUP BY a.x ORDER BY 2 DESC NULLS FIRST, y, SUM(z) LIMIT 3",
	"SELECT COUNT(*) FROM a t JOIN b USING (u) WHERE x NOT IN (1) OR x NOT LIKE 'b' OR x IS NULL",
	"SELECT x FROM a, b WHERE a.u = b.u GROUP BY 1",
	"SELECT CASE WHEN x = 1 THEN 'a' WHEN y IS NULL THEN NULL ELSE lower(z) END AS c, SUM(v * 2 - 1) FILTER (WHERE x > 1 AND w = 2), " +
		"COUNT(x), SUM(CASE WHEN x = 1 THEN v ELSE 0 END) FROM a WHERE d + INTERVAL 3 DAY > DATE '2024-01-01' AND extract(year FROM d) = 2024 " +
		"AND substring(z FROM 1 FOR 2) = 'x' AND coalesce(x, 2) < -y AND date_diff('day', d, e) > 1 GROUP BY 1 HAVING COUNT(*) > 5 AND c IS NOT NULL",
	"SELECT COUNT(*) FROM (SELECT u, x AS y FROM a WHERE x > 1) t JOIN (SELECT * FROM b) ON t.u = b.u",
	"WITH p AS (SELECT * FROM a WHERE x = 1), q AS (SELECT u, y FROM p) SELECT COUNT(*) FROM q",
}

func trees(tb testing.TB) [][]byte {
	tb.Helper()
	db, err := sqltest.Open()
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	var out [][]byte
	for _, q := range accepted {
		tree, err := db.Parse(context.Background(), q)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := sql.Lower(tree, q); err != nil {
			tb.Fatalf("%s: %v", q, err)
		}
		out = append(out, tree)
	}
	return out
}

// visit calls fn with every object of a tree that is walked.
func visit(v any, path string, fn func(path string, m map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		fn(path, v)
		for k, e := range v {
			if k != "named_param_map" { // repeats the PARAMETER nodes; not read
				visit(e, path+"."+k, fn)
			}
		}
	case []any:
		for _, e := range v {
			visit(e, path+"[]", fn)
		}
	}
}

// TestUnknownFields adds a field that no version of this package knows to one
// object after the other: each such tree is refused.
func TestUnknownFields(t *testing.T) {
	for i, tree := range trees(t) {
		tried := 0
		for _, v := range []any{"x", true, json.Number("0"), []any{nil}, map[string]any{}} {
			var root any
			if err := json.Unmarshal(tree, &root); err != nil {
				t.Fatal(err)
			}
			visit(root, "", func(path string, m map[string]any) {
				m["brand_new"] = v
				changed, err := json.Marshal(root)
				delete(m, "brand_new")
				if err != nil {
					t.Fatal(err)
				}
				tried++
				if _, err := sql.Lower(changed, accepted[i]); err == nil {
					t.Errorf("accepted with brand_new = %v in %s", v, path)
				}
			})
		}
		if tried < 50 {
			t.Errorf("only %d objects were visited", tried)
		}
	}
}

// TestUnknownTypes renames one type after the other.
func TestUnknownTypes(t *testing.T) {
	for i, tree := range trees(t) {
		var root any
		dec := json.NewDecoder(strings.NewReader(string(tree)))
		dec.UseNumber()
		if err := dec.Decode(&root); err != nil {
			t.Fatal(err)
		}
		visit(root, "", func(path string, m map[string]any) {
			was, ok := m["type"].(string)
			if !ok || strings.HasSuffix(path, ".type_info") {
				return
			}
			m["type"] = "BRAND_NEW"
			changed, err := json.Marshal(root)
			m["type"] = was
			if err != nil {
				t.Fatal(err)
			}
			if _, err := sql.Lower(changed, accepted[i]); err == nil {
				t.Errorf("accepted with another type in %s", path)
			}
		})
	}
}

func TestCheckText(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("x", sql.MaxBytes):   "",
		strings.Repeat("x", sql.MaxBytes+1): "The SQL has 65537 bytes; at most 65536 are read.",
		"SELECT '\xff'":                     "The SQL is not valid UTF-8.",
		"SELECT\n'\x00'":                    "2:2: The SQL holds a NUL character.",
		"":                                  "The SQL is empty.",
	} {
		err := sql.CheckText(text)
		if got := ""; err != nil {
			got = err.Error()
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		} else if want != "" {
			t.Errorf("accepted, want %q", want)
		}
	}
}

// TestHugeTree: a tree that grew out of proportion is refused unread (the CTE
// bomb of a few hundred bytes has a tree of gigabytes).
func TestHugeTree(t *testing.T) {
	_, err := sql.Lower(make([]byte, 16<<20+1), accepted[0])
	if err == nil || err.Error() != "The question is too complex." {
		t.Errorf("got %v", err)
	}
}

// FuzzLower feeds hostile trees: no panic, and every error is a *Refusal.
func FuzzLower(f *testing.F) {
	for _, tree := range trees(f) {
		f.Add(tree)
	}
	for _, s := range []string{
		``, `null`, `[]`, `{}`, `{"error":true}`, `{"statements":[null]}`, `{"statements":[{"node":{"type":"SELECT_NODE"}}]}`,
		`{"statements":[{"node":{"type":"SELECT_NODE","from_table":{"type":"JOIN"},"select_list":[{}]}}]}`,
		strings.Repeat(`[`, 5000), strings.Repeat(`{"a":`, 20000),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, tree []byte) {
		_, err := sql.Lower(tree, accepted[0])
		var refusal *sql.Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Errorf("not a refusal: %v", err)
		}
	})
}
