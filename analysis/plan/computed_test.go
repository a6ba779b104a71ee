package plan_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"parley/agreements"
	"parley/analysis"
	"parley/analysis/sql/sqltest"
)

// spreadOf is a variance or standard deviation of orders' columns, or of
// exposures' in a join.
func (a asker) spreadOf(columns ...string) string {
	x := a.one(columns...)
	x = a.one(x, x+" * 2 - 1", "0.5 * "+x)
	out := a.one("VAR_SAMP", "VARIANCE", "VAR_POP", "STDDEV", "STDDEV_SAMP", "STDDEV_POP") + "(" + x + ")"
	return out + a.one("", "", " FILTER (WHERE "+a.condition(1)+")")
}

// computed is an expression over aggregates. The oracle divides and takes
// roots as we do: NULL where DuckDB has infinity or fails.
func (a asker) computed(depth int, leaves []string) (ours, oracle string) {
	if depth == 0 {
		x := a.one(leaves...)
		if a.IntN(5) == 0 {
			x = a.one("2", "-1.96", "100.0", "0.25")
		}
		return x, likeOurs(x)
	}
	x, px := a.computed(depth-1, leaves)
	y, py := a.computed(depth-1, leaves)
	switch a.IntN(9) {
	case 0:
		return "(" + x + " / " + y + ")", "(CAST(" + px + " AS DOUBLE) / nullif(CAST(" + py + " AS DOUBLE), 0))"
	case 1:
		return "sqrt(" + x + ")", "CASE WHEN " + px + " >= 0 THEN sqrt(CAST(" + px + " AS DOUBLE)) END"
	case 2:
		return "nullif(" + x + ", " + y + ")", "nullif(" + px + ", " + py + ")"
	case 3:
		f := a.one("least", "greatest", "coalesce")
		return f + "(" + x + ", " + y + ")", f + "(" + px + ", " + py + ")"
	case 4:
		return "abs(" + x + ")", "abs(" + px + ")"
	case 5:
		return "(- " + x + ")", "(- " + px + ")"
	}
	op := a.one(" + ", " - ", " * ")
	return "(" + x + op + y + ")", "(" + px + op + py + ")"
}

// TestComputedEqualsDuckDB asks for variances and expressions over aggregates
// of one owner's rows.
func TestComputedEqualsDuckDB(t *testing.T) {
	db := openDB(t)
	for seed := range uint64(4) {
		fill(t, db, seed)
		ask := asker{rand.New(rand.NewPCG(seed, 21))}
		for range 60 {
			leaves := []string{"COUNT(*)", "SUM(amount)", "AVG(items)", "SUM(items)", ask.spreadOf("amount", "items"), ask.aggregate("mail", "amount", "items")}
			x, px := ask.computed(1+ask.IntN(3), leaves)
			x, px = x+" + COUNT(*)", px+" + COUNT(*)"
			rest := ask.one("", " WHERE "+ask.condition(1)) + ask.one("", " GROUP BY region", " GROUP BY region HAVING "+ask.one("SUM(amount) / 2 > 3", "COUNT(*) > 40"))
			from := "SELECT COUNT(*) AS n, %s AS x, %s AS v FROM orders" + strings.ReplaceAll(rest, "%", "%%")
			spread := ask.spreadOf("amount", "items", "amount - items")
			q := fmt.Sprintf(from, x, spread)
			got, want := askLocal(t, db, q), askDuckDB(t, db, fmt.Sprintf(from, px, spread))
			if !strings.Contains(q, "GROUP BY") && len(got.Rows) == 0 {
				continue
			}
			same(t, q, got, want)
		}
	}
}

// fewExposures is the test agreement with so few exposures a unit that sums of
// squares of 1,000 units fit.
func fewExposures() *agreements.Agreement {
	a := sqltest.Agreement()
	a.Dataset("exposures").Rules.MaxRowsPerUnit = 7
	return a
}

// TestComputedJoinEqualsDuckDB does so for a join.
func TestComputedJoinEqualsDuckDB(t *testing.T) {
	db := openDB(t)
	notEmpty := 0
	agreement := fewExposures()
	for seed := range uint64(3) {
		fillBoth(t, db, seed)
		ask := asker{rand.New(rand.NewPCG(seed, 22))}
		for range 25 {
			leaves := []string{"COUNT(*)", "SUM(amount)", "AVG(cost)", "SUM(impressions)", "COUNT(DISTINCT mail)", ask.spreadOf("amount", "items"),
				ask.spreadOf("impressions", "cost")}
			x, px := ask.computed(1+ask.IntN(2), leaves)
			x, px = x+" + COUNT(*)", px+" + COUNT(*)"
			rest := " FROM exposures JOIN orders ON email = mail AND " + ask.condition(1) + ask.one("", " GROUP BY campaign", " GROUP BY campaign, orders.region")
			items := "SELECT COUNT(*) AS n, %s AS x, %s AS v, %s AS w" + strings.ReplaceAll(rest, "%", "%%")
			v, w := ask.spreadOf("amount", "items"), ask.spreadOf("impressions", "cost")
			q := ours(fmt.Sprintf(items, x, v, w))
			c, err := analysis.Compile(context.Background(), db, agreement, "sha256:00", "client", analysis.Question{SQL: q})
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			got, want := inTheClear(t, db, &c.Plan), plainly(t, db, ours(fmt.Sprintf(items, px, v, w)))
			if !strings.Contains(q, "GROUP BY") && want[0][0].String == "0" {
				want = nil
			}
			if len(got.Rows) > 0 {
				notEmpty++
			}
			same(t, q, got, want)
		}
	}
	if notEmpty < 30 {
		t.Errorf("only %d answers had rows", notEmpty)
	}
}
