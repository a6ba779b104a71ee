package plan_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"parley/agreements"
	"parley/analysis"
	"parley/analysis/sql/sqltest"
)

// update rewrites the golden files: go test ./analysis/plan -update
var update = flag.Bool("update", false, "rewrite testdata/*.txtar")

// A golden file is a series of cases, each of two or three sections:
//
//	-- name.sql --      the question
//	-- name.ask --      optional: lines "asker NAME", "analysis NAME",
//	                    "param NAME=VALUE", "agreement VARIANT"
//	-- name.plan --     the plan (accepted), or
//	-- name.refusal --  the refusal's code and exact text (refused)
type goldenCase struct {
	name, asker, variant string
	question             analysis.Question
	want                 string
}

func readGolden(t *testing.T, path, result string) ([]goldenCase, *txtar.Archive) {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	for _, f := range a.Files {
		name, kind, _ := strings.Cut(f.Name, ".")
		text := strings.TrimSuffix(string(f.Data), "\n")
		last := len(cases) - 1
		switch kind {
		case "sql":
			cases = append(cases, goldenCase{name: name, asker: "client", question: analysis.Question{SQL: text}})
		case "ask":
			cases[last].ask(t, text)
		case result:
			cases[last].want = text
		default:
			t.Fatalf("%s: unknown section %s", path, f.Name)
		}
	}
	return cases, a
}

func (c *goldenCase) ask(t *testing.T, text string) {
	c.question.Params = map[string]string{}
	for _, line := range strings.Split(text, "\n") {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "asker":
			c.asker = rest
		case "analysis":
			c.question.Analysis = rest
		case "agreement":
			c.variant = rest
		case "param":
			k, v, _ := strings.Cut(rest, "=")
			c.question.Params[k] = v
		default:
			t.Fatalf("%s: unknown line %q", c.name, line)
		}
	}
}

// variant returns the test agreement with one thing changed.
func variant(t *testing.T, name string) *agreements.Agreement {
	a := sqltest.Agreement()
	switch name {
	case "":
	case "no ad-hoc":
		a.AdHoc = false
	case "dp":
		a.DP = &agreements.DP{Epsilon: "1", Delta: "0.000001", BudgetEpsilon: "10", BudgetDelta: "0.00001"}
	case "dp bounds": // several groups and rows a unit, a clip, and a larger epsilon
		a.DP = &agreements.DP{Epsilon: "2.5", Delta: "0.0001", BudgetEpsilon: "10", BudgetDelta: "0.001"}
		ads, orders := &a.Dataset("exposures").Rules, &a.Dataset("orders").Rules
		ads.GroupsPerUnit, ads.RowsPerUnit, orders.GroupsPerUnit, orders.RowsPerUnit = 7, 500, 9, 3
		orders.Columns[0].Clip = "250.00"
	case "low k":
		a.MinGroupSize = 1
		for i := range a.Datasets {
			a.Datasets[i].Rules.MinGroupSize = 0
		}
	case "rules", "own dp", "ad-hoc dp":
		ruled(a, name)
	default:
		t.Fatalf("unknown agreement variant %q", name)
	}
	return a
}

func compile(t *testing.T, db *sqltest.DB, c goldenCase) (*analysis.Compiled, error) {
	t.Helper()
	out, err := analysis.Compile(context.Background(), db, variant(t, c.variant), "sha256:00", c.asker, c.question)
	var refusal *analysis.Refusal
	if err != nil && !errors.As(err, &refusal) {
		t.Fatalf("%s: %v", c.name, err)
	}
	return out, err
}

func checkGolden(t *testing.T, path, result string, least int, got func(goldenCase) string) {
	cases, archive := readGolden(t, path, result)
	if len(cases) < least {
		t.Fatalf("%d cases, want at least %d", len(cases), least)
	}
	answers := map[string]string{}
	for _, c := range cases {
		if _, twice := answers[c.name]; twice {
			t.Errorf("%s: two cases of this name", c.name)
		}
		answers[c.name] = got(c)
		if !*update && answers[c.name] != c.want {
			t.Errorf("%s: %s\ngot:\n%s\nwant:\n%s", c.name, c.question.SQL, answers[c.name], c.want)
		}
	}
	if *update {
		rewrite(t, path, archive, result, answers)
	}
}

func rewrite(t *testing.T, path string, a *txtar.Archive, result string, answers map[string]string) {
	var files []txtar.File
	for i, f := range a.Files {
		name, kind, _ := strings.Cut(f.Name, ".")
		if kind == result {
			continue
		}
		files = append(files, f)
		if i+1 < len(a.Files) && a.Files[i+1].Name == name+".ask" {
			continue
		}
		files = append(files, txtar.File{Name: name + "." + result, Data: []byte(answers[name] + "\n")})
	}
	a.Files = files
	if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

func openDB(t testing.TB) *sqltest.DB {
	t.Helper()
	db, err := sqltest.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestAccepted(t *testing.T) {
	db := openDB(t)
	checkGolden(t, "testdata/accepted.txtar", "plan", 40, func(c goldenCase) string {
		out, err := compile(t, db, c)
		if err != nil {
			return "refused: " + err.Error()
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(out.Plan); err != nil {
			t.Fatal(err)
		}
		return layout(b.String())
	})
}

// layout breaks a plan's JSON into a few lines, so that a change shows where
// it is.
func layout(plan string) string {
	plan = strings.TrimSpace(plan)
	for _, field := range []string{`"sql":"SELECT`, `"kind":`, `"locals":`, `"member":`, `"groups":`, `"measures":`,
		`"maxRowsPerUnit":`, `"secure":`, `"weights":`, `"values":`, `"products":`, `"cellGuard":`, `"output":`, `"orderBy":`} {
		plan = strings.ReplaceAll(plan, field, "\n"+field)
	}
	return strings.ReplaceAll(plan, `{"name":`, "\n"+`{"name":`)
}

func TestRefused(t *testing.T) {
	db := openDB(t)
	checkGolden(t, "testdata/refused.txtar", "refusal", 120, func(c goldenCase) string {
		_, err := compile(t, db, c)
		if err == nil {
			return "accepted"
		}
		refusal := err.(*analysis.Refusal)
		return refusal.Code + "\n" + refusal.Error()
	})
}

// TestAskedBack compiles the SQL of each plan again: what the receipt shows
// must be the question that was answered.
func TestAskedBack(t *testing.T) {
	db := openDB(t)
	cases, _ := readGolden(t, "testdata/accepted.txtar", "plan")
	for _, c := range cases {
		first, err := compile(t, db, c)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if first.Analysis != "" && (c.name == "closed-analysis" || c.variant == "ad-hoc dp") {
			continue // ad-hoc SQL is not allowed on this dataset
		}
		c.question = analysis.Question{SQL: first.Plan.SQL}
		second, err := compile(t, db, c)
		if err != nil {
			t.Fatalf("%s: %s: %v", c.name, first.Plan.SQL, err)
		}
		if first.Hash != second.Hash {
			t.Errorf("%s: %s\ncompiles to another plan:\n%+v\n%+v", c.name, first.Plan.SQL, first.Plan, second.Plan)
		}
	}
}
