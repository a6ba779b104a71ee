package plan_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"parley/analysis"
)

// leftAggregates are aggregates of exposures LEFT JOIN orders, each with what
// counts the units that it rests on: below k, here 1, it is NULL. Where a unit
// has one order at most, those with a third text rest on exposures alone.
var leftAggregates = [][3]string{
	{"COUNT(*)", "COUNT(DISTINCT mail)", "1"},
	{"COUNT(DISTINCT email)", "1"},
	{"COUNT(DISTINCT email) FILTER (WHERE impressions > 9)", "COUNT(*) FILTER (WHERE impressions > 9)"},
	{"COUNT(DISTINCT mail)", "COUNT(mail)"},
	{"COUNT(DISTINCT mail) FILTER (WHERE impressions > 9 AND score > 0)", "COUNT(mail) FILTER (WHERE impressions > 9 AND score > 0)"},
	{"SUM(impressions)", "COUNT(mail)", "1"},
	{"SUM(cost)", "COUNT(mail) FILTER (WHERE cost IS NOT NULL)", "COUNT(cost)"},
	{"AVG(cost)", "COUNT(mail) FILTER (WHERE cost IS NOT NULL)", "COUNT(cost)"},
	{"COUNT(cost)", "COUNT(mail) FILTER (WHERE cost IS NOT NULL)", "COUNT(cost)"},
	{"VAR_POP(impressions - 3)", "COUNT(mail)", "1"},
	{"SUM(amount)", "COUNT(mail)"},
	{"SUM(items)", "COUNT(items)"},
	{"AVG(items)", "COUNT(items)"},
	{"COUNT(items)", "COUNT(items)"},
	{"STDDEV(amount)", "COUNT(mail)"},
	{"SUM(coalesce(items, 0))", "COUNT(items)"},
	{"AVG(coalesce(amount, 0))", "COUNT(mail)"},
	{"AVG(coalesce(items, 0))", "COUNT(items)"},
	{"VAR_SAMP(coalesce(items, 0))", "COUNT(items)"},
	{"STDDEV_POP(coalesce(amount * 2, 0)) FILTER (WHERE impressions > 4)", "COUNT(mail) FILTER (WHERE impressions > 4)"},
	{"COUNT(*) FILTER (WHERE score > 2)", "COUNT(*) FILTER (WHERE score > 2)"},
	{"COUNT(*) FILTER (WHERE impressions > 5)", "COUNT(mail) FILTER (WHERE impressions > 5)", "COUNT(*) FILTER (WHERE impressions > 5)"},
	{"SUM(CASE WHEN score > 0 THEN 1 ELSE 0 END)", "COUNT(*) FILTER (WHERE score > 0)"},
	{"SUM(CASE WHEN score > 0 AND impressions > 2 THEN 1 ELSE 0 END)", "COUNT(*) FILTER (WHERE score > 0 AND impressions > 2)"},
	{"AVG(amount) FILTER (WHERE impressions < 9)", "COUNT(mail) FILTER (WHERE impressions < 9)"},
	{"AVG(impressions) FILTER (WHERE score > 2 AND impressions < 9)", "COUNT(*) FILTER (WHERE score > 2 AND impressions < 9)"},
	{"COUNT(DISTINCT email) FILTER (WHERE mail IS NULL)", "COUNT(*) FILTER (WHERE mail IS NULL)"},
	{"COUNT(*) FILTER (WHERE mail IS NULL)", "COUNT(*) FILTER (WHERE mail IS NULL)"},
	{"COUNT(CASE WHEN mail IS NULL THEN 1 END)", "COUNT(*) FILTER (WHERE mail IS NULL)"},
	{"SUM(CASE WHEN mail IS NOT NULL THEN 1 ELSE 0 END)", "COUNT(mail)"},
	{"SUM(impressions) FILTER (WHERE mail IS NULL AND impressions > 3)", "COUNT(*) FILTER (WHERE mail IS NULL AND impressions > 3)"},
	{"AVG(cost) FILTER (WHERE mail IS NULL)", "COUNT(cost) FILTER (WHERE mail IS NULL)"},
	{"COUNT(DISTINCT email) FILTER (WHERE mail IS NOT NULL)", "COUNT(mail)"},
	{"SUM(impressions) FILTER (WHERE mail IS NOT NULL)", "COUNT(mail)"},
	{"COUNT(DISTINCT email) FILTER (WHERE score > 1 AND mail IS NOT NULL)", "COUNT(*) FILTER (WHERE score > 1)"},
	{"SUM(amount) FILTER (WHERE lower(orders.region) = 'north' OR score BETWEEN 1 AND 3)", "COUNT(*) FILTER (WHERE lower(orders.region) = 'north' OR score BETWEEN 1 AND 3)"},
	{"COUNT(*) FILTER (WHERE NOT (score > 1))", "COUNT(*) FILTER (WHERE NOT (score > 1))"},
	{"100.0 * COUNT(DISTINCT mail) / COUNT(DISTINCT email)", "COUNT(mail)"},
}

// TestLeftEqualsDuckDB takes the sums of a LEFT JOIN's plan in the clear and
// compares what they release (k = 1) with DuckDB's, with one row for a unit on
// the right side and with several.
func TestLeftEqualsDuckDB(t *testing.T) {
	db := openDB(t)
	notEmpty, unmatched := 0, 0
	for seed := range uint64(4) {
		fillBoth(t, db, seed)
		agreement := fewExposures()
		if seed == 1 { // at most one order each
			if _, err := db.Exec("DELETE FROM data WHERE rowid NOT IN (SELECT min(rowid) FROM data GROUP BY parley_unit)"); err != nil {
				t.Fatal(err)
			}
			agreement.Dataset("orders").Rules.MaxRowsPerUnit = 1
		}
		ask := asker{rand.New(rand.NewPCG(seed, 31))}
		for range 25 {
			from := " FROM exposures LEFT JOIN orders ON email = mail" + ask.one("", " AND "+ask.condition(1), " AND amount > 100000", " AND "+ask.condition(0)+" AND items > 2") +
				ask.one("", " WHERE impressions > 3", " WHERE (channel = 'tv' OR impressions < 9) AND campaign <> 'c1'") +
				ask.one("", " GROUP BY campaign", " GROUP BY campaign, channel")
			from = ours(from)
			items, plain := "COUNT(DISTINCT email) AS n", "COUNT(DISTINCT email) AS n"
			for i, at := range ask.Perm(len(leftAggregates))[:5] {
				a := leftAggregates[at]
				guard := a[1]
				if seed == 1 && a[2] != "" {
					guard = a[2]
				}
				items += fmt.Sprintf(", %s AS a%d", a[0], i)
				plain += fmt.Sprintf(", CASE WHEN %s > 0 THEN %s END AS a%d", guard, a[0], i)
			}
			q := "SELECT " + items + from
			c, err := analysis.Compile(context.Background(), db, agreement, "sha256:00", "client", analysis.Question{SQL: q})
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			got, want := inTheClear(t, db, &c.Plan), plainly(t, db, "SELECT "+plain+from)
			if !strings.Contains(q, "GROUP BY") && want[0][0].String == "0" {
				want = nil
			}
			if len(got.Rows) > 0 {
				notEmpty++
			}
			if strings.Contains(q, "mail IS NULL") && !got.Rows[0][1].Null {
				unmatched++
			}
			same(t, q, got, want)
		}
	}
	if notEmpty < 90 || unmatched == 0 {
		t.Errorf("%d answers had rows, %d of those without a partner", notEmpty, unmatched)
	}
}
