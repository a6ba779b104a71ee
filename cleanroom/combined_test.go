package cleanroom_test

import (
	"strings"
	"testing"

	"parley/cleanroom/cleanroomtest"
)

const combinedHere = `numbers of the question, added and subtracted, tell about fewer than 10 units of "orders" by themselves. ` +
	"Allowed is a question with fewer of these numbers; or an agreement with differential privacy"

// R01, R02: numbers of one question that are about few people once they are
// added and subtracted, whatever they are called: a sum under a condition that
// stands in a subquery, or that a column without a value hides in an expression;
// times something; and three of which each alone is far from the others.
func TestNumbersOfAQuestionCombined(t *testing.T) {
	t.Parallel()
	agency, shop := start(t, "agency", nil), start(t, "shop", nil)
	ads, orders := table{name: "ads", rows: marked("p", 1200, waves()...)}, table{name: "orders", rows: append(marked("p", 1100, waves()...), marked("q", 100)...)}
	ads.add(t, agency)
	orders.add(t, shop)
	id := cleanroomtest.Agree(t, 10, agency, shop)
	per := func(numbers, values string) string {
		return "SELECT " + numbers + " FROM (SELECT email, grp, " + values + " FROM orders GROUP BY email, grp) AS o"
	}
	// What a condition leaves out of its group is withheld, and nothing else.
	asked(t, shop, id, "SELECT COUNT(*) AS n, SUM(amount) AS s, AVG(amount) AS a, VAR_POP(amount) AS v, COUNT(*) FILTER (WHERE wave <> 7) AS few FROM orders", "")
	// Wave 1 has some 1,000 people, wave 5 has 200, wave 7 one, 8 nine, 9 ten.
	for _, sql := range []string{
		per("SUM(a) AS a, SUM(b) AS b", "SUM(amount) AS a, SUM(amount) FILTER (WHERE wave <> 7) AS b"),
		per("SUM(a) AS a, SUM(2 * b) AS b", "SUM(amount) AS a, SUM(amount) FILTER (WHERE wave <> 8) AS b"),
		per("SUM(a) AS a, SUM(a + 0 * b) AS b", "SUM(amount) AS a, MAX(amount) FILTER (WHERE wave <> 7) AS b"),
		per("AVG(a) AS a, SUM(3 * b) AS b", "MAX(amount) AS a, MIN(amount) FILTER (WHERE wave <> 7) AS b"),
		"SELECT COUNT(*) FILTER (WHERE wave IN (5, 7)) AS a, COUNT(*) FILTER (WHERE wave IN (7, 9)) AS b, COUNT(*) FILTER (WHERE wave IN (5, 7, 9)) AS c FROM orders",
		"SELECT SUM(amount) FILTER (WHERE wave IN (5, 7)) AS a, SUM(-5 * amount) FILTER (WHERE wave IN (7, 9)) AS b, SUM(2 * amount) FILTER (WHERE wave IN (5, 7, 9)) AS c FROM orders",
		"SELECT COUNT(*) AS n, COUNT(*) FILTER (WHERE wave = 1) AS a, COUNT(*) FILTER (WHERE wave = 5) AS b, COUNT(*) FILTER (WHERE wave = 9) AS c FROM orders WHERE wave <> 8",
	} {
		asked(t, shop, id, sql, combinedHere)
		asked(t, agency, id, sql, closeThere)
		if !strings.Contains(sql, "email, grp") {
			asked(t, shop, id, strings.Replace(sql, "SELECT ", "SELECT grp, ", 1)+" GROUP BY grp", combinedHere)
		}
	}
	// In a join, of the owner's own rows.
	const join = " FROM ads JOIN orders ON ads.email = orders.email"
	asked(t, agency, id, "SELECT COUNT(*) AS n"+join, "")
	asked(t, shop, id, "SELECT COUNT(*) FILTER (WHERE orders.wave IN (5, 7)) AS a, COUNT(*) FILTER (WHERE orders.wave IN (7, 9) AND ads.wave > -3) AS b, "+
		"COUNT(*) FILTER (WHERE orders.wave IN (5, 7, 9)) AS c"+join, combinedHere)
	asked(t, agency, id, "SELECT SUM(o.a) AS a, SUM(o.b) AS b FROM ads JOIN (SELECT email, SUM(amount) AS a, SUM(amount) FILTER (WHERE wave <> 7) AS b FROM orders GROUP BY email) AS o "+
		"ON ads.email = o.email", closeThere)
	// What is enough people apart, or nobody, may stand side by side.
	for _, sql := range []string{
		per("SUM(a) AS a, SUM(b) AS b", "SUM(amount) AS a, SUM(amount) FILTER (WHERE wave <> 9) AS b"),
		per("SUM(a) AS a, SUM(b) AS b", "SUM(amount) AS a, SUM(amount) FILTER (WHERE wave < 100) AS b"),
		"SELECT COUNT(*) FILTER (WHERE wave = 5) AS a, COUNT(*) FILTER (WHERE wave = 9) AS b, COUNT(*) FILTER (WHERE wave IN (5, 9)) AS c FROM orders",
	} {
		asked(t, shop, id, sql, "")
	}
}
