package plan_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"parley/analysis"
	"parley/analysis/release"
	"parley/analysis/sql/sqltest"
)

// fillPlaced makes no two rows of a unit of orders alike in placed and amount,
// so that windows ordered by them have no ties: where rows tie, DuckDB's own
// answer is any.
func fillPlaced(t *testing.T, db *sqltest.DB, seed uint64) {
	t.Helper()
	fillBoth(t, db, seed)
	for _, q := range []string{
		"UPDATE data SET placed = DATE '2024-01-01' + CAST(rowid % 60 AS INTEGER), amount = amount - amount % 1 + (rowid % 97) / 100",
		"DELETE FROM data WHERE rowid NOT IN (SELECT max(rowid) FROM data GROUP BY parley_unit, placed)",
		"DELETE FROM data WHERE rowid NOT IN (SELECT max(rowid) FROM data GROUP BY parley_unit, amount)",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
}

// perUnit is a measure that a subquery of orders computes for each unit.
func (a asker) perUnit() string {
	condition := a.condition(1)
	return a.one("COUNT(*)", "SUM(amount)", "MIN(amount)", "MAX(amount)", "SUM(items)", "MAX(items)", "SUM(amount * items)",
		"SUM(items) FILTER (WHERE "+condition+")", "SUM(amount) - 2 * COUNT(*)", "COUNT(*) * 3")
}

// perUnitTest is a condition on values of a unit.
func (a asker) perUnitTest() string {
	n := fmt.Sprint(a.IntN(12) - 3)
	op := a.one("=", "<>", "<", "<=", ">", ">=")
	return a.one("COUNT(*) "+op+" "+n, "SUM(amount) "+op+" "+n+".5", "MIN(placed) "+op+" DATE '2024-01-2"+a.one("1", "5")+"'",
		"COUNT(score) "+op+" "+n, "COUNT(DISTINCT region) "+op+" 2", "MAX(region) "+op+" 'north'", "SUM(score) IS NOT NULL",
		"COUNT(*) FILTER (WHERE "+a.condition(0)+") "+op+" 1", "round(SUM(amount * 0.5), 1) "+op+" "+n, "least(COUNT(*), 4) BETWEEN 2 AND 3",
		"CASE WHEN COUNT(*) > 4 THEN 'many' ELSE 'few' END = 'many'", "MAX(score + items) - MIN(score) "+op+" "+n, "NOT (MIN(items) IN (1, 2) OR COUNT(*) = 3)")
}

// view is a random subquery of orders with the columns u (the unit), c (a
// condition's number), d (a group) and m (a measure).
func (a asker) view() string {
	m := a.perUnit()
	where := a.one("", " WHERE "+a.condition(2))
	having := a.one("", "", " HAVING "+a.perUnitTest(), " HAVING "+a.perUnitTest()+" AND "+a.perUnitTest())
	number := a.one("COUNT(*)", "least(COUNT(*), 5)", "COUNT(DISTINCT region)", "SUM(score)", "MAX(items) - MIN(items)", "COUNT(score) // 2", "COUNT(*) FILTER (WHERE "+a.condition(0)+")")
	group := a.one("least(COUNT(*), 5)", "CASE WHEN COUNT(*) >= 5 THEN '5+' WHEN COUNT(*) > 2 THEN '3' ELSE 'less' END", "MIN(region)",
		"COUNT(DISTINCT region)", "COUNT(*) > 3", "MAX(left(region, 1))")
	window := a.one("row_number() OVER (PARTITION BY mail ORDER BY placed)", "row_number() OVER (PARTITION BY mail ORDER BY placed DESC)",
		"dense_rank() OVER (PARTITION BY mail ORDER BY region)", "rank() OVER (PARTITION BY mail ORDER BY score DESC NULLS FIRST)",
		"lag(score) OVER (PARTITION BY mail ORDER BY placed)", "lead(items, 2) OVER (PARTITION BY mail ORDER BY amount)",
		"first_value(score) OVER (PARTITION BY mail ORDER BY placed)", "last_value(items) OVER (PARTITION BY mail ORDER BY amount DESC)",
		"COUNT(*) OVER (PARTITION BY mail, region)", "SUM(score) OVER (PARTITION BY mail ORDER BY region)",
		"MAX(items) OVER (PARTITION BY mail ORDER BY score)", "COUNT(score) OVER (PARTITION BY mail)")
	switch a.IntN(6) {
	case 0:
		return "SELECT mail AS u, score * 2 + items AS c, left(region, 1) AS d, amount - 1 AS m FROM orders" + where
	case 1:
		return "SELECT mail AS u, " + window + " AS c, region AS d, amount AS m FROM orders" + where
	case 2:
		return "SELECT mail AS u, c, d, m FROM (SELECT *, " + window + " AS c, upper(region) AS d, amount AS m FROM orders" + where + " QUALIFY c " + a.one("<= 2", "> 1", "IS NOT NULL") + ") x"
	case 3:
		return "SELECT mail AS u, " + number + " AS c, left(region, 1) AS d, " + m + " AS m FROM orders" + where + " GROUP BY mail, " + a.one("left(region, 1)", "d", "3") + having
	case 4:
		return "SELECT u, COUNT(*) AS c, COUNT(*) AS d, COUNT(*) AS m FROM (SELECT DISTINCT mail AS u, region, " + a.one("left(region, 1) AS x", "\"first time\"") + " FROM orders" + where + ") x GROUP BY u"
	}
	return "SELECT mail AS u, " + number + " AS c, " + group + " AS d, " + m + " AS m FROM orders" + where + " GROUP BY " + a.one("mail", "1", "u") + having
}

// overView is a random question over a subquery.
func (a asker) overView(joined bool) (q, oracle string) {
	n := fmt.Sprint(a.IntN(8) - 1)
	group := a.one("", "d", "d", "d")
	aggregates := []string{"COUNT(*)", "COUNT(DISTINCT u)", "SUM(m)", "AVG(m)", "COUNT(*) FILTER (WHERE c > " + n + ")", "SUM(m) FILTER (WHERE c <= " + n + ")", "COUNT(c)", "SUM(m * 2)"}
	if joined {
		aggregates = append(aggregates, "SUM(impressions)", "AVG(cost)", "COUNT(DISTINCT email) FILTER (WHERE impressions > 4)")
	}
	var items, plain []string
	if group != "" {
		items, plain = []string{group}, []string{group}
	}
	for i, agg := range aggregates {
		if i == 0 || a.IntN(3) == 0 {
			items, plain = append(items, fmt.Sprintf("%s AS a%d", agg, i)), append(plain, fmt.Sprintf("%s AS a%d", likeOurs(agg), i))
		}
	}
	view := a.view()
	rest := " FROM (" + view + ") v"
	where := a.one("", "c "+a.one("=", "<>", "<", ">=")+" "+n, "c IS NOT NULL", "c IN (1, 2, "+n+")")
	if joined {
		other := a.one("exposures", "(SELECT email, impressions, cost FROM exposures WHERE channel = 'tv')",
			"(SELECT email, SUM(impressions) AS impressions, MAX(cost) AS cost FROM exposures GROUP BY email HAVING COUNT(*) > 1)",
			"(SELECT email, impressions, cost, rank() OVER (PARTITION BY email ORDER BY day) AS r FROM exposures QUALIFY r = 1)")
		rest = a.one(rest+" JOIN "+other+" e ON u = email", " FROM "+other+" e JOIN ("+view+") v ON u = email")
	}
	if where != "" {
		rest += " WHERE " + where
	}
	if group != "" {
		rest += " GROUP BY d"
	}
	return "SELECT " + strings.Join(items, ", ") + rest, "SELECT " + strings.Join(plain, ", ") + rest
}

// TestSubqueriesEqualDuckDB asks random questions over subqueries that group
// by unit, use windows or make expressions, of one owner and joined.
func TestSubqueriesEqualDuckDB(t *testing.T) {
	db := openDB(t)
	const datasets, perDataset = 4, 60
	notEmpty, refused := 0, 0
	for seed := range uint64(datasets) {
		fillPlaced(t, db, seed)
		ask := asker{rand.New(rand.NewPCG(seed, 21))}
		for i := range perDataset {
			q, oracle := ask.overView(i%2 == 0)
			c, err := analysis.Compile(context.Background(), db, sqltest.Agreement(), "sha256:00", "client", analysis.Question{SQL: q})
			var refusal *analysis.Refusal
			if errors.As(err, &refusal) && refusal.Code == "unused-window" {
				refused++
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			var got *release.Table
			if i%2 == 0 {
				got = inTheClear(t, db, &c.Plan)
			} else {
				got = askLocal(t, db, q)
			}
			if len(got.Rows) > 0 {
				notEmpty++
			}
			want := plainly(t, db, oracle)
			if !strings.Contains(oracle, " GROUP BY d") && want[0][0].String == "0" {
				want = nil
			}
			same(t, strings.ReplaceAll(q, " ORDER BY ", " ORDER  BY "), got, want) // the answer itself has no order
		}
	}
	if notEmpty < datasets*perDataset/2 || refused > datasets*perDataset/10 {
		t.Errorf("only %d answers had rows, %d were refused", notEmpty, refused)
	}
}
