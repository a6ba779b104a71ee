package cleanroom_test

import (
	"fmt"
	"strings"
	"testing"

	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/store"
)

// shaped are 1,200 people with a row each: w7 is of one of them, w8 of nine, w9
// of ten, w5 of 200, w1 of the others.
func shaped() []string {
	var out []string
	for i, wave := range append(waves(), make([]int, 980)...) {
		out = append(out, dayRow(fmt.Sprint("p", i), 2+i%18, fmt.Sprint("w", max(wave, 1)), 100+i%37))
	}
	return out
}

// R01 in every shape that a question may have: subqueries, HAVING and QUALIFY
// in them, windows, LEFT JOIN and joins on time. Each is asked about all rows,
// then less w7, which is refused, then less w9 and w7, which is not.
func TestDifferencingOfEveryShape(t *testing.T) {
	t.Parallel()
	shop, agency := start(t, "shop", nil), start(t, "agency", nil)
	timed{name: "orders", maxRows: 2, rows: shaped()}.add(t, shop)
	other := append(shaped()[:1000], timedOthers(300)...)
	timed{name: "ads", maxRows: 2, rows: other}.add(t, agency)
	id := cleanroomtest.Agree(t, 10, agency, shop)
	const (
		inner  = " FROM ads JOIN orders ON ads.email = orders.email"
		window = "orders.day BETWEEN DATE '2024-01-01' AND DATE '2024-01-24'"
	)
	for i, sql := range []string{
		"SELECT SUM(s) AS s FROM (SELECT email, SUM(amount) AS s FROM orders WHERE ? GROUP BY email) AS o",
		"SELECT COUNT(*) AS n FROM (SELECT email, COUNT(*) AS c FROM orders WHERE ? GROUP BY email HAVING COUNT(*) > 0) AS o",
		"SELECT COUNT(*) AS n FROM (SELECT email, COUNT(*) FILTER (WHERE ?) AS c FROM orders GROUP BY email) AS o WHERE c > 0",
		"SELECT c, COUNT(*) AS n FROM (SELECT email, least(COUNT(*), 2) AS c FROM orders WHERE ? GROUP BY email) AS o GROUP BY c",
		"SELECT SUM(amount) AS s FROM (SELECT email, amount, row_number() OVER (PARTITION BY email ORDER BY day) AS r FROM orders WHERE ?) AS o WHERE r = 1",
		"SELECT SUM(amount) AS s FROM (SELECT email, amount FROM orders WHERE ? QUALIFY row_number() OVER (PARTITION BY email ORDER BY day) = 1) AS o",
		"SELECT COUNT(*) AS n FROM (SELECT DISTINCT email, grp FROM orders WHERE ?) AS o",
		"SELECT COUNT(DISTINCT ads.email) AS n, SUM(orders.amount) AS s FROM ads LEFT JOIN orders ON ads.email = orders.email AND ?",
		"SELECT SUM(orders.amount) AS s" + inner + " AND orders.day BETWEEN ads.day AND ads.day + 2 WHERE " + window + " AND ?",
		"SELECT SUM(ads.amount) AS s FROM ads ASOF JOIN (SELECT * FROM orders WHERE ?) AS orders ON ads.email = orders.email AND ads.day >= orders.day WHERE ads.day BETWEEN DATE '2024-01-01' AND DATE '2024-01-24' AND ads.day - orders.day <= 3",
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			for _, c := range []struct{ where, want string }{
				{"orders.grp <> 'w0'", ""}, {"orders.grp <> 'w7'", closeHere("orders")}, {"orders.grp NOT IN ('w9', 'w7')", ""},
			} {
				if strings.Contains(sql, "JOIN") {
					question(t, agency, id, strings.ReplaceAll(sql, "?", c.where), strings.Replace(c.want, closeHere("orders"), closeThere, 1))
					continue
				}
				question(t, shop, id, strings.ReplaceAll(sql, "?", strings.ReplaceAll(c.where, "orders.", "")), c.want)
			}
		})
	}
	// The same people, of whom one has another row: on another day, or a first one
	// with another amount.
	const first = "SELECT SUM(?) AS s FROM (SELECT email, amount FROM orders QUALIFY row_number() OVER (PARTITION BY email ORDER BY %) = 1) AS o"
	for _, two := range [][]string{
		{"SELECT COUNT(*) AS n FROM orders WHERE day BETWEEN DATE '2024-01-01' AND DATE '2024-01-24'", "SELECT COUNT(*) AS n FROM orders WHERE day BETWEEN DATE '2024-01-01' AND DATE '2024-01-28'"},
		{strings.NewReplacer("?", "amount", "%", "day").Replace(first), strings.NewReplacer("?", "amount", "%", "grp").Replace(first), strings.NewReplacer("?", "2 * amount", "%", "day DESC").Replace(first)},
	} {
		fresh := start(t, "fresh", nil)
		timed{name: "orders", maxRows: 2, rows: append(shaped(), dayRow("p300", 25, "w1", 100), dayRow("p400", 1, "w7", 4200))}.add(t, fresh)
		alone := cleanroomtest.Agree(t, 10, fresh)
		question(t, fresh, alone, two[0], "")
		for _, sql := range two[1:] {
			question(t, fresh, alone, sql, closeHere("orders"))
		}
	}
}

// timedOthers are people whom orders does not have.
func timedOthers(n int) (out []string) {
	for i := range n {
		out = append(out, dayRow(fmt.Sprint("q", i), i%20, "w1", 100))
	}
	return out
}

// question is asked, whose refusal may come after an alignment was begun.
func question(t *testing.T, m *cleanroomtest.Member, agreement, sql, want string) {
	t.Helper()
	v := submit(t, m, cleanroom.Question{Agreement: agreement, SQL: sql})
	if ok := v.State == store.Success; ok != (want == "") || !ok && (!strings.HasPrefix(v.Error, want) || v.Result != nil || v.Code != "refused") {
		t.Errorf("%s: %s %q (%s), want %q", sql, v.State, v.Error, v.Code, want)
	}
}
