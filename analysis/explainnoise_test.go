package analysis_test

import (
	"context"
	"os"
	"testing"

	"parley/agreements"
	"parley/analysis"
	"parley/analysis/sql/sqltest"
)

// TestExplainNoise: what is said of a noisy answer, with a cost as a node
// fills it in.
func TestExplainNoise(t *testing.T) {
	db := open(t)
	a := sqltest.Agreement()
	a.DP = &agreements.DP{Epsilon: "1", Delta: "0.000001", BudgetEpsilon: "10", BudgetDelta: "0.00001"}
	for file, text := range map[string]string{
		"noise-join.txt":      join,
		"noise-one-owner.txt": "SELECT region, COUNT(DISTINCT mail) AS people, SUM(amount) AS sales FROM orders GROUP BY region",
	} {
		c, err := analysis.Compile(context.Background(), db, a, "sha256:00", "client", analysis.Question{SQL: text})
		if err != nil {
			t.Fatal(err)
		}
		e := analysis.Explain(c, a)
		e.MoreRuns("orders", 9)
		if file == "noise-join.txt" {
			e.OwnersBudget("exposures", "agency")
			e.Cost = &analysis.Cost{Alignment: &analysis.Estimate{Bytes: 102_000_000, Seconds: 28.8}, First: analysis.Estimate{Bytes: 1_234_567, Seconds: 1.25},
				Again: analysis.Estimate{Bytes: 8_000, Seconds: 0.02}, Cells: 64, Assumes: []string{"Something is assumed."}, Machine: "a machine"}
		}
		got := e.Text()
		if *update {
			if err := os.WriteFile("testdata/"+file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
		}
	}
}
