package analysis_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"parley/analysis"
	"parley/analysis/sql/sqltest"
)

// parser is a Parser made of a function.
type parser func(text string) ([]byte, error)

func (p parser) Parse(_ context.Context, text string) ([]byte, error) { return p(text) }

func open(tb testing.TB) *sqltest.DB {
	tb.Helper()
	db, err := sqltest.Open()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

func compile(p analysis.Parser, asker, text string) (*analysis.Compiled, error) {
	return analysis.Compile(context.Background(), p, sqltest.Agreement(), "sha256:00", asker, analysis.Question{SQL: text})
}

const join = "SELECT e.campaign, o.region, COUNT(DISTINCT o.mail) AS buyers, AVG(o.items) AS items\n" +
	"FROM exposures e JOIN orders o ON e.email = o.mail WHERE o.amount > 5 GROUP BY e.campaign, o.region"

// TestNotParsed: text that is refused anyway never reaches the parser.
func TestNotParsed(t *testing.T) {
	never := parser(func(string) ([]byte, error) {
		t.Error("the parser was called")
		return nil, errors.New("called")
	})
	for _, c := range []struct{ asker, text, want string }{
		{"mallory", join, "`mallory` is not a member of this agreement. [members]"},
		{"client", strings.Repeat(" ", 64<<10) + "x", "The SQL has 65537 bytes; at most 65536 are read."},
		{"client", "SELECT \x00", "1:8: The SQL holds a NUL character."},
	} {
		var refusal *analysis.Refusal
		if _, err := compile(never, c.asker, c.text); !errors.As(err, &refusal) || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// TestFitsReceipt: a question is refused, before any data is touched, if its
// printed form is longer than a receipt holds.
func TestFitsReceipt(t *testing.T) {
	db := open(t)
	for n, want := range map[int]string{
		2900: "",
		3000: "The question has 66068 bytes when written out for its receipt, which holds 65536. Use IN for many values of one column.",
	} {
		text := "SELECT COUNT(*) FROM orders WHERE score=1" + strings.Repeat(" OR score=1", n)
		c, err := compile(db, "client", text)
		if got := fmt.Sprint(err); err != nil && got != want || err == nil && (want != "" || len(c.Plan.SQL) > 64<<10) {
			t.Errorf("%d terms: %v", n, err)
		}
	}
}

// TestLongLocal: a question of a few kilobytes cannot become an engine's query
// of many megabytes.
func TestLongLocal(t *testing.T) {
	db := open(t)
	x := "amount"
	for range 9 {
		x = "round(" + x + " * 1.1, 1)"
	}
	var items []string
	for i := range 60 {
		items = append(items, fmt.Sprintf("COUNT(*) FILTER (WHERE %s > %d) AS n%d", x, i, i))
	}
	if _, err := compile(db, "client", "SELECT "+items[0]+" FROM orders"); err != nil {
		t.Errorf("one: %v", err)
	}
	_, err := compile(db, "client", "SELECT "+strings.Join(items, ", ")+" FROM orders")
	if err == nil || !strings.Contains(err.Error(), "too long a query") {
		t.Errorf("sixty: %v", err)
	}
	for range 9 {
		x = "round(" + x + " * 1.1, 1)"
	}
	if _, err := compile(db, "client", "SELECT COUNT(*) FROM orders WHERE "+x+" > 1"); err == nil || !strings.Contains(err.Error(), "The expression is too long.") {
		t.Errorf("deep: %v", err)
	}
}

func TestParserFails(t *testing.T) {
	limit := errors.New("ended by the engine's limits")
	_, err := compile(parser(func(string) ([]byte, error) { return nil, limit }), "client", join)
	var refusal *analysis.Refusal
	if !errors.Is(err, limit) || errors.As(err, &refusal) {
		t.Errorf("got %v, want the parser's error", err)
	}
}

// TestDeep is the nesting part of R31: refused, whatever the shape.
func TestDeep(t *testing.T) {
	db := open(t)
	nested := func(n int, open, middle, end string) string {
		return "SELECT COUNT(*) FROM orders WHERE " + strings.Repeat(open, n) + middle + strings.Repeat(end, n)
	}
	for _, c := range []struct{ text, want string }{
		{nested(3000, "NOT ", "score = 1", ""), "Conditions are nested too deeply."},
		{nested(100, "(score = 2 OR (score = 3 AND ", "score = 1", "))"), "Conditions are nested too deeply."},
		{nested(900, "abs(", "score", ") = 1"), "Conditions are nested too deeply."},
		{"SELECT COUNT(*) FROM " + strings.Repeat("(SELECT * FROM ", 200) + "orders" + strings.Repeat(")", 200),
			"Subqueries are nested too deeply."},
	} {
		if _, err := compile(db, "client", c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s…: got %v, want %s", c.text, err, c.want)
		}
	}
	// A long list of short terms: 64 KB of it are a tree of 10 MB.
	if _, err := compile(db, "client", "SELECT COUNT(*) FROM orders WHERE score IN (1"+strings.Repeat(",1", 32000)+")"); err == nil ||
		err.Error() != "The question is too complex." {
		t.Errorf("a long list: %v", err)
	}
	// Parentheses alone leave no trace in the tree.
	if _, err := compile(db, "client", nested(500, "(", "score = 1", ")")); err != nil {
		t.Errorf("parentheses: %v", err)
	}
}

// TestHashIsOfThePlan: the same question in other words has the same hash, any
// difference in meaning another one.
func TestHashIsOfThePlan(t *testing.T) {
	db := open(t)
	hash := func(text string) [32]byte {
		c, err := compile(db, "client", text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return c.Hash
	}
	if hash(join) != hash(strings.ToLower(join)+" -- again") {
		t.Error("another spelling has another hash")
	}
	seen := map[[32]byte]string{hash(join): join}
	for _, change := range [][2]string{{"> 5", ">= 5"}, {"> 5", "> 6"}, {"AVG", "SUM"}, {"buyers", "units"}, {"o.region, COUNT", "COUNT"}} {
		text := strings.Replace(join, change[0], change[1], 1)
		if other, ok := seen[hash(text)]; ok {
			t.Errorf("the same hash:\n%s\n%s", text, other)
		}
		seen[hash(text)] = text
	}
	a := sqltest.Agreement()
	first, err := analysis.Compile(context.Background(), db, a, "sha256:01", "client", analysis.Question{SQL: join})
	if err != nil || first.Hash == hash(join) {
		t.Errorf("another agreement has the same hash (%v)", err)
	}
}

// TestHostileTrees replaces random parts of real trees by others and compiles
// what comes out: no panic, and engines are sent nothing but the agreement's
// names.
func TestHostileTrees(t *testing.T) {
	db := open(t)
	tree, err := db.Parse(context.Background(), join)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	accepted := 0
	for range 2000 {
		var root any
		if err := json.Unmarshal(tree, &root); err != nil {
			t.Fatal(err)
		}
		all := parts(t, root)
		for range 1 + rnd.IntN(2) {
			root = replace(root, all[rnd.IntN(len(all))], rnd)
		}
		hostile, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		c, err := compile(parser(func(string) ([]byte, error) { return hostile, nil }), "client", join)
		if err != nil {
			continue
		}
		accepted++
		for _, l := range c.Plan.Locals {
			if strings.Contains(l.SQL, "HOSTILE") {
				t.Errorf("reached the engine: %s", l.SQL)
			}
		}
	}
	if accepted == 0 {
		t.Error("no changed tree was accepted: the test changes too much")
	}
}

// parts returns copies of all values in a tree, in a fixed order.
func parts(t *testing.T, v any) []any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out := []any{json.RawMessage(raw)}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, parts(t, v[k])...)
		}
	case []any:
		for _, e := range v {
			out = append(out, parts(t, e)...)
		}
	}
	return out
}

// replace puts new in place of a random part of v, some levels down.
func replace(v, new any, rnd *rand.Rand) any {
	if rnd.IntN(12) == 0 {
		if rnd.IntN(2) == 0 {
			return []any{nil, true, 1e300, -1, `HOSTILE"); DROP`, []any{}, map[string]any{}}[rnd.IntN(7)]
		}
		return new
	}
	switch v := v.(type) {
	case map[string]any:
		if keys := slices.Sorted(maps.Keys(v)); len(keys) > 0 {
			k := keys[rnd.IntN(len(keys))]
			v[k] = replace(v[k], new, rnd)
		}
	case []any:
		if len(v) > 0 {
			i := rnd.IntN(len(v))
			v[i] = replace(v[i], new, rnd)
		}
	}
	return v
}

// TestHugeParameter is R24: ten megabytes are refused before they are parsed
// or repeated anywhere.
func TestHugeParameter(t *testing.T) {
	_, err := analysis.Compile(context.Background(), parser(nil), sqltest.Agreement(), "sha256:00", "client",
		analysis.Question{Analysis: "typed", Params: map[string]string{"n": "1", "word": strings.Repeat("x", 10<<20)}})
	if want := "The value of `word` is too long. [analyses.typed.parameters.word]"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
