package plan_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"parley/analysis"
	"parley/analysis/sql/sqltest"
)

// TestDerivedDomains: where the agreement bounds a column, the groups of an
// expression of it in a join are those that DuckDB makes of all its values.
func TestDerivedDomains(t *testing.T) {
	db := openDB(t)
	a := sqltest.Agreement()
	for i := range a.Datasets[0].Rules.Columns {
		switch c := &a.Datasets[0].Rules.Columns[i]; c.Name {
		case "day":
			c.Min, c.Max = "2023-11-29", "2025-01-02"
		case "tier":
			c.Min, c.Max = "-3.0", "12.5"
		}
	}
	const days = "SELECT CAST(d AS DATE) AS day FROM range(DATE '2023-11-29', DATE '2025-01-03', INTERVAL 1 DAY) r(d)"
	const tiers = "SELECT CAST(CAST(i AS DECIMAL(18, 0)) * 0.1 AS DECIMAL(18, 1)) AS tier FROM range(-30, 126) r(i)"
	for expression, values := range map[string]string{
		"date_trunc('week', day)": days, "date_trunc('month', day)": days, "date_trunc('quarter', day)": days, "date_trunc('year', day)": days,
		"date_part('year', day)": days, "month(day)": days, "dayofweek(day)": days, "quarter(day)": days,
		"least(month(day), 10)": days, "greatest(month(day), 3)": days,
		"floor(tier)": tiers, "CASE WHEN tier > 3 THEN 'high' WHEN tier < 0 THEN 'low' ELSE 'mid' END": tiers, "tier > 7": tiers,
	} {
		c, err := analysis.Compile(context.Background(), db, a, "sha256:00", "client", analysis.Question{
			SQL: "SELECT " + expression + " AS g, COUNT(*) AS n FROM exposures e JOIN orders o ON e.email = o.mail GROUP BY 1"})
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		l := c.Plan.Locals[c.Plan.Secure.W]
		if l.GroupsSQL != "" {
			t.Errorf("%s: its groups are asked of the rows", expression)
		}
		var want []string
		for _, r := range texts(t, db, "SELECT DISTINCT CAST("+expression+" AS VARCHAR) FROM ("+values+")") {
			want = append(want, r[0].String)
		}
		got := slices.Clone(l.Groups[0].Domain)
		slices.Sort(got)
		slices.Sort(want)
		// floor's bounds may be one off the argument's own.
		extra := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return slices.Contains(want, s) })
		if len(got)-len(extra) != len(want) || len(extra) > 2 || (len(extra) > 0 && !strings.HasPrefix(expression, "floor")) {
			t.Errorf("%s: %v, want %v", expression, got, want)
		}
	}
}
