package plan_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// groupExpressions are expressions of orders' dimensions.
var groupExpressions = []string{
	"upper(region)", "left(region, 1)", "region LIKE 'n%'",
	"CASE WHEN orders.region = 'north' THEN 'N' WHEN segment IS NULL THEN 'none' ELSE 'other' END",
	`CASE WHEN "first time" = TRUE THEN 1 WHEN segment = 'seg1' THEN 2 END`,
	`(orders.region IN ('north', 'west') OR segment IS NULL)`, "substring(lower(orders.region), 2)",
}

// freeGroups are refused in a join: their number says whether the constant
// is among the column's values.
var freeGroups = append([]string{"coalesce(segment, 'none')", "CASE WHEN orders.region = 'east' THEN segment ELSE lower(orders.region) END"}, groupExpressions...)

// named gives every expression an alias.
func named(groups []string) []string {
	var out []string
	for i, g := range groups {
		if strings.Trim(g, `abcdefghijklmnopqrstuvwxyz" `) != "" {
			g += fmt.Sprintf(" AS g%d", i)
		}
		out = append(out, g)
	}
	return out
}

// aggregate is one with an expression or a condition of its own, over a
// number that is never NULL and one that may be.
func (a asker) aggregate(unit, sure, maybe string) string {
	x := a.one(sure, maybe, sure+" * 2 - 1", sure+" * "+maybe, "-"+sure+" + 0.125", "3 - ("+maybe+" - "+sure+") * 0.5",
		maybe+" * (1 - "+sure+" * 0.01)", "- (-"+maybe+")", "coalesce("+maybe+", 0)")
	if a.IntN(2) == 0 {
		return a.one("SUM(", "AVG(") + strings.Replace(x, "coalesce("+maybe+", 0)", maybe, 1) + ")"
	}
	test := a.condition(1)
	return a.one("SUM("+x+") FILTER (WHERE "+test+")", "AVG("+sure+") FILTER (WHERE "+test+")",
		"COUNT(*) FILTER (WHERE "+test+")", "COUNT(DISTINCT "+unit+") FILTER (WHERE "+test+")", "COUNT("+maybe+")",
		"COUNT("+maybe+") FILTER (WHERE "+test+")", "COUNT(CASE WHEN "+test+" THEN 1 END)", "SUM(CASE WHEN "+test+" THEN 1 ELSE 0 END)",
		"SUM(CASE WHEN "+test+" THEN "+sure+" ELSE 0 END)", "AVG(CASE WHEN "+test+" THEN "+maybe+" END)")
}

// likeOurs makes DuckDB answer NULL where no row meets an aggregate's own
// condition: below k units, here 1, such an aggregate is NULL.
func likeOurs(aggregate string) string {
	aggregate = strings.ReplaceAll(strings.ReplaceAll(aggregate, " ELSE 0 END)", " END)"), ", 0)", ", NULL)")
	if strings.HasPrefix(aggregate, "COUNT(") && !strings.HasSuffix(aggregate, "COUNT(*)") {
		return "NULLIF(" + aggregate + ", 0)"
	}
	return aggregate
}

// whole is an expression of whole numbers over orders' filters, decimals one
// with decimals.
func (a asker) whole(depth int) string {
	if depth == 0 {
		return a.one("score", "items", strconv.Itoa(a.IntN(9)-4)+" + items", "date_part('"+a.one("year", "quarter", "month", "week", "day", "dow", "isodow", "doy")+"', placed)",
			"extract(month FROM placed)", "dayofweek(placed)", "(placed - DATE '2024-01-20')", "date_diff('day', DATE '2024-02-03', placed)")
	}
	x, y := a.whole(depth-1), a.whole(depth-1)
	return "(" + a.one(x+" + "+y, x+" - "+y, "3 * "+x, "- "+x, "abs("+x+")", "least("+x+", "+y+")", "greatest("+x+", 2, "+y+")",
		x+" // 3", x+" // -2", x+" % 4", "coalesce("+x+", "+y+", 7)",
		"CASE WHEN "+x+" > 1 THEN "+y+" WHEN "+y+" IS NULL THEN 5 END", "CASE score WHEN 1 THEN "+x+" ELSE "+y+" END") + ")"
}

func (a asker) decimals(depth int) string {
	if depth == 0 {
		return a.one("amount", "amount - 0.5", "items * 0.25")
	}
	x, y := a.decimals(depth-1), a.decimals(depth-1)
	return "(" + a.one(x+" + "+y, x+" - "+a.whole(depth-1), x+" * items", "- "+x, "abs("+x+")", "least("+x+", 3)", "greatest("+x+", "+y+")",
		"round("+x+", 1)", "round("+x+")", "floor("+x+")", "ceil("+x+")", "coalesce("+x+", 1.50)",
		"CASE WHEN "+x+" >= 0.5 THEN "+y+" ELSE 1 END", "round("+x+") % 3") + ")"
}

// expressionTest is a condition on expressions.
func (a asker) expressionTest() string {
	op := a.one("=", "<>", "<", "<=", ">", ">=")
	depth := a.IntN(3)
	day := fmt.Sprintf("DATE '2024-0%d-%02d'", a.IntN(2)+1, a.IntN(28)+1)
	return a.one(
		a.whole(depth)+" "+op+" "+a.whole(a.IntN(2)), a.decimals(depth)+" "+op+" "+a.decimals(a.IntN(2)), a.decimals(depth)+" "+op+" "+a.whole(0),
		a.whole(depth)+" "+op+" "+a.one("2", "-1", "0.5"), "3 BETWEEN score AND "+a.whole(1), a.whole(depth)+" NOT IN (1, score, 0.5)",
		a.decimals(depth)+" IS "+a.one("", "NOT ")+"NULL", "lower(region) "+op+" 'north'", "upper(region) LIKE 'N%'", "left(region, 2) IN ('no', 'ea', '')",
		"substring(region, 2, 2) "+op+" 'or'", "date_trunc('"+a.one("week", "month", "quarter")+"', placed) "+op+" "+day, "placed + 7 "+op+" "+day,
		"placed - INTERVAL 3 DAY "+op+" "+day, "placed "+op+" "+day+" + INTERVAL 1 WEEK", "coalesce(placed, "+day+") "+op+" "+day,
		"CASE WHEN score > 0 THEN region ELSE 'x' END "+op+" 'south'", "date_trunc('month', placed + 10) "+op+" date_trunc('month', placed)",
	)
}

// TestEndsOfDates: days at the ends of what DATE holds, and rows without one,
// make no question fail and are counted where they belong (R08).
func TestEndsOfDates(t *testing.T) {
	db := openDB(t)
	fill(t, db, 1)
	for _, q := range []string{
		"UPDATE data SET placed = CASE parley_unit % 4 WHEN 0 THEN DATE '5881580-07-10' WHEN 1 THEN DATE '5877642-06-25 (BC)' WHEN 2 THEN NULL ELSE placed END",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	count := func(condition string) string {
		table := askLocal(t, db, "SELECT COUNT(*) AS n FROM orders WHERE "+condition)
		if len(table.Rows) == 0 {
			return "0"
		}
		return table.Rows[0][0].Text
	}
	plain := func(condition string) string {
		return texts(t, db, "SELECT COUNT(*) FROM data WHERE "+condition)[0][0].String
	}
	for ours, theirs := range map[string]string{
		"date_trunc('year', placed) IS NULL":                                      "placed IS NULL",
		"date_trunc('week', placed) < DATE '0001-02-01'":                          "parley_unit % 4 = 1",
		"placed + 30 > DATE '9999-12-31'":                                         "parley_unit % 4 = 0",
		"placed - 36600 IS NOT NULL":                                              "parley_unit % 4 <> 2",
		"coalesce(date_trunc('month', placed), DATE '2000-01-01') = '2000-01-01'": "parley_unit % 4 = 2",
		"year(placed) > 5000000 OR placed - DATE '2024-01-01' < -1000000":         "parley_unit % 4 IN (0, 1)",
	} {
		if got, want := count(ours), plain(theirs); got != want || want == "0" {
			t.Errorf("%s: %s rows, want %s", ours, got, want)
		}
	}
}
