package plan_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"parley/analysis"
	"parley/analysis/plan"
	"parley/analysis/release"
	"parley/analysis/sql/sqltest"
)

// fillBoth makes orders (fill) and exposures, with about half their units in
// common.
func fillBoth(t *testing.T, db *sqltest.DB, seed uint64) {
	t.Helper()
	fill(t, db, seed)
	for _, q := range []string{
		"DROP VIEW IF EXISTS exposures", "DROP TABLE IF EXISTS shown",
		`CREATE TABLE shown AS SELECT
			CAST(floor(random() * 60) + 30 AS UINTEGER) AS parley_unit,
			'c' || CAST(floor(random() * 3) AS INTEGER) AS campaign,
			CASE WHEN random() < 0.3 THEN NULL ELSE 'tv' END AS channel,
			DATE '2024-01-01' + CAST(floor(random() * 20) AS INTEGER) AS day,
			CAST(floor(random() * 20) AS BIGINT) AS impressions,
			CASE WHEN random() < 0.5 THEN NULL ELSE CAST(floor(random() * 900) / 100 AS DECIMAL(18, 2)) END AS cost
			FROM range(150)`,
		`CREATE VIEW exposures AS SELECT 'unit' || parley_unit AS email, * EXCLUDE parley_unit FROM shown`,
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
}

func (a asker) join() (q, oracle string) {
	groups := append([]string{"campaign", "channel", "region", "segment", "date_trunc('week', day)", "date_part('dow', day)", "channel IS NULL"}, groupExpressions...)
	a.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	groups = groups[:a.IntN(3)]
	items, plain := named(groups), named(groups)
	aggregates := []string{
		"COUNT(*)", "COUNT(DISTINCT mail)", "SUM(amount)", "AVG(items)", "SUM(items)", "AVG(amount)",
		"SUM(impressions)", "AVG(cost)", "SUM(cost)", "AVG(impressions)", "COUNT(DISTINCT email)",
		a.aggregate("mail", "amount", "items"), a.aggregate("mail", "amount", "items"), a.aggregate("email", "impressions", "cost"),
		"SUM(cost) FILTER (WHERE impressions > 4 AND " + a.condition(0) + ")", "COUNT(DISTINCT email) FILTER (WHERE impressions < 9 AND score > 0)",
	}
	for i, agg := range aggregates {
		if i == 0 || a.IntN(3) == 0 {
			items, plain = append(items, fmt.Sprintf("%s AS a%d", agg, i)), append(plain, fmt.Sprintf("%s AS a%d", likeOurs(agg), i))
		}
	}
	rest := a.one(
		" FROM exposures JOIN orders ON email = mail WHERE ", " FROM orders JOIN exposures ON email = mail AND ",
		" FROM orders, exposures WHERE email = mail AND ")
	rest += a.one(a.condition(1), "items IS NOT NULL", "amount < 5") +
		" AND " + a.one("impressions > 3", "(channel = 'tv' OR impressions < 9)", "NOT (campaign IN ('c1', 'z') AND channel IS NULL)")
	if len(groups) > 0 {
		rest += " GROUP BY " + strings.Join(groups, ", ")
		rest += a.one("", "", " HAVING COUNT(*) > 2 AND a0 < 400")
	}
	return ours("SELECT " + strings.Join(items, ", ") + rest), ours("SELECT " + strings.Join(plain, ", ") + rest)
}

// ours names the table of a column that both datasets have.
func ours(q string) string {
	return strings.ReplaceAll(strings.ReplaceAll(q, "orders.region", "region"), "region", "orders.region")
}

// TestSecureEqualsDuckDB takes the sums of products of a join's plan in the
// clear and compares what they release (k = 1) with DuckDB's join.
func TestSecureEqualsDuckDB(t *testing.T) {
	db := openDB(t)
	notEmpty, refused := 0, 0
	const datasets, perDataset = 4, 40
	for seed := range uint64(datasets) {
		fillBoth(t, db, seed)
		ask := asker{rand.New(rand.NewPCG(seed, 9))}
		for range perDataset {
			q, oracle := ask.join()
			c, err := analysis.Compile(context.Background(), db, sqltest.Agreement(), "sha256:00", "client", analysis.Question{SQL: q})
			var refusal *analysis.Refusal
			if errors.As(err, &refusal) && refusal.Code == "unknown-groups" {
				refused++ // an undeclared column beside a condition
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			got := inTheClear(t, db, &c.Plan)
			if len(got.Rows) > 0 {
				notEmpty++
			}
			want := plainly(t, db, oracle)
			if !strings.Contains(q, "GROUP BY") && want[0][0].String == "0" {
				want = nil
			}
			same(t, q, got, want)
		}
	}
	if refused > datasets*perDataset/4 {
		t.Errorf("%d questions were refused", refused)
	}
	if notEmpty < datasets*perDataset/2 {
		t.Errorf("only %d answers had rows", notEmpty)
	}
}

// side is one owner's answer: for each group, each unit's engine row.
type side struct {
	labels [][]release.Text
	units  []map[string]release.Row
}

func runSide(t *testing.T, db *sqltest.DB, l plan.Local) side {
	t.Helper()
	sql := l.SQL
	if l.Dataset == "exposures" {
		sql = strings.Replace(sql, " FROM data", " FROM shown", 1)
	}
	args := make([]any, 0, len(l.Args))
	for _, a := range l.Args {
		args = append(args, a)
	}
	var s side
	at := map[string]int{}
	for _, r := range texts(t, db, addUp(l, sql), args...) {
		row := engineRow(t, l, r[1:])
		key := fmt.Sprint(row.Groups)
		i, ok := at[key]
		if !ok {
			i, at[key] = len(s.labels), len(s.labels)
			s.labels, s.units = append(s.labels, row.Groups), append(s.units, map[string]release.Row{})
		}
		s.units[i][r[0].String] = row
	}
	return s
}

// addUp does what the engine does with the rows of a joint plan.
func addUp(l plan.Local, sql string) string {
	names, sums := []string{"u"}, []string{"u"}
	for i := range l.Groups {
		names, sums = append(names, fmt.Sprintf("g%d", i)), append(sums, fmt.Sprintf("g%d", i))
	}
	sums = append(sums, "count(*)")
	for i := range l.Measures {
		names = append(names, fmt.Sprintf("m%d", i))
		sums = append(sums, fmt.Sprintf("CAST(sum(m%[1]d) AS BIGINT), count(m%[1]d)", i))
	}
	return "SELECT " + strings.Join(sums, ", ") + " FROM (" + sql + ") t(" + strings.Join(names, ", ") + ") GROUP BY ALL"
}

// entry is one number of a vector.
func entry(v plan.Vector, r release.Row) int64 {
	switch v.Of {
	case plan.Units:
		return 1
	case plan.Rows:
		return r.Ints[0].Value
	case plan.Sum:
		return r.Ints[1+2*v.Measure].Value
	case plan.Count:
		return r.Ints[2+2*v.Measure].Value
	}
	if v.Of == plan.NoRow {
		return 0
	}
	return min(r.Ints[2+2*v.Measure].Value, 1)
}

// inTheClear computes the cells of a join without any cryptography.
func inTheClear(t *testing.T, db *sqltest.DB, p *plan.Plan) *release.Table {
	t.Helper()
	s := p.Secure
	w, v := runSide(t, db, p.Locals[s.W]), runSide(t, db, p.Locals[s.V])
	if s.Outer && len(v.labels) == 0 {
		v = side{labels: [][]release.Text{nil}, units: []map[string]release.Row{nil}}
	}
	var cells []release.Cell
	for i := range w.labels {
		for j := range v.labels {
			values, met := make([]int64, len(s.Products)), make([]bool, len(s.Products))
			for n, product := range s.Products {
				if product.Weight == plan.Own {
					for _, vr := range v.units[j] {
						values[n] += entry(s.Values[product.Value], vr)
					}
					met[n] = values[n] >= 1
					continue
				}
				for unit, wr := range w.units[i] {
					if a := entry(s.Weights[product.Weight], wr); product.Value == plan.Own {
						values[n] += a
						continue
					} else if _, ok := v.units[j][unit]; !ok {
						values[n] += a * s.Values[product.Value].Else
						continue
					}
					if vr, ok := v.units[j][unit]; ok {
						a, b := entry(s.Weights[product.Weight], wr), entry(s.Values[product.Value], vr)
						bounded(t, s.Weights[product.Weight], a)
						bounded(t, s.Values[product.Value], b)
						values[n] += a * b
					}
				}
				met[n] = values[n] >= 1
			}
			c, err := release.NewCell(p, w.labels[i], v.labels[j], met[s.CellGuard], values, met)
			if err != nil {
				t.Fatal(err)
			}
			cells = append(cells, c)
		}
	}
	table, err := release.Join(p, "client", cells)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func bounded(t *testing.T, v plan.Vector, x int64) {
	t.Helper()
	if x > v.MaxAbs || -x > v.MaxAbs {
		t.Errorf("%d exceeds the bound %d of %s", x, v.MaxAbs, v.Of)
	}
}
