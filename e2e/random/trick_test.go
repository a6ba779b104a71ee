package random

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// trick is something against the law that is put into a question which is
// otherwise like any other.
type trick struct {
	id         string // of the red-team list, and a word
	word       string // after SELECT
	item       string // one more in the select list
	from       string // after FROM's tables
	condition  string // one more in WHERE
	wrap       string // around the GROUP BY list
	having     string
	order, end string
}

// newTrick makes a trick for q, whose tables are called as style says.
func newTrick(r *rand.Rand, q *question, s style) *trick {
	t := r.IntN(len(q.tables))
	tab := q.tables[t]
	unit := q.unit(s, t)
	c := pick(r, tab.columns...)
	name := s.alias[t] + "." + ident(c.name)
	v := newLiteral(r, c)
	keys := len(q.groups) > 0
	list := []trick{
		{id: "R06 filter on the unit", condition: unit + " = 'x'"},
		{id: "R06 unit in a list", condition: unit + " IN ('x', 'y')"},
		{id: "R06 unit is null", condition: unit + " IS NOT NULL"},
		{id: "R06 unit like", condition: unit + " LIKE 'a%'"},
		{id: "R06 function of the unit", condition: "left(" + unit + ", 1) = 'a'"},
		{id: "R06 sum over a unit", item: "SUM(CASE WHEN " + unit + " = 'x' THEN 1 ELSE 0 END) AS t"},
		{id: "R06 count of a unit", item: "COUNT(*) FILTER (WHERE " + unit + " < 'm') AS t"},
		{id: "R06 two outcomes", item: "SUM(CASE WHEN " + name + " = " + v + " THEN 1 ELSE 2 END) AS t"},
		{id: "R06 hash of the unit", condition: "hash(" + unit + ") % 2 = 0"},
		{id: "R08 cast", condition: "CAST(" + name + " AS INTEGER) = 1"},
		{id: "R08 division", condition: "1 / (" + fmt.Sprint(r.IntN(9)) + " - length(" + unit + ")) > 0"},
		{id: "R08 error", condition: "error('x') IS NULL"},
		{id: "R08 root", condition: "sqrt(-1) > 0"},
		{id: "R08 scalar subquery", condition: "(SELECT COUNT(*) FROM " + tab.name + ") > 0"},
		{id: "R08 subquery item", item: "(SELECT MAX(" + ident(c.name) + ") FROM " + tab.name + ") AS t"},
		{id: "R05 correlated", condition: "EXISTS (SELECT 1 FROM " + tab.name + " z WHERE z." + ident(tab.unit) + " = " + unit + ")"},
		{id: "R05 in a subquery", condition: unit + " IN (SELECT " + ident(tab.unit) + " FROM " + tab.name + ")"},
		{id: "R05 order by a hidden maximum", order: "MAX(" + name + ")"},
		{id: "R19 minimum", item: "MIN(" + name + ") AS t"},
		{id: "R19 maximum", item: "MAX(" + name + ") AS t"},
		{id: "R19 any value", item: "any_value(" + name + ") AS t"},
		{id: "R19 first", item: "first(" + name + ") AS t"},
		{id: "R19 list", item: "list(" + name + ") AS t"},
		{id: "R19 text", item: "string_agg(CAST(" + name + " AS VARCHAR), ',') AS t"},
		{id: "R19 mode", item: "mode(" + name + ") AS t"},
		{id: "R19 median", item: "median(" + name + ") AS t"},
		{id: "R19 quantile", item: "quantile_disc(" + name + ", 0.99) AS t"},
		{id: "R19 arg max", item: "arg_max(" + unit + ", " + name + ") AS t"},
		{id: "R19 least unit", item: "MIN(" + unit + ") AS t"},
		{id: "R19 xor", item: "bit_xor(hash(" + name + ")) AS t"},
		{id: "R19 histogram", item: "histogram(" + name + ") AS t"},
		{id: "R07 packing", item: "SUM(CASE WHEN " + name + " = " + v + " THEN 1000000000 ELSE 1 END) AS t"},
		{id: "R21 window", item: "row_number() OVER (ORDER BY COUNT(*)) AS t"},
		{id: "R21 window over units", item: "SUM(COUNT(*)) OVER () AS t"},
		{id: "R21 sample", end: " USING SAMPLE 10%"},
		{id: "R21 tablesample", from: " TABLESAMPLE 10%"},
		{id: "R21 lateral", from: ", LATERAL (SELECT " + unit + " AS u) z"},
		{id: "R21 qualify", end: " QUALIFY row_number() OVER () = 1"},
		{id: "R04 unnest", from: ", unnest([1, 2, 3])"},
		{id: "R04 series", from: ", generate_series(1, 100)"},
		{id: "R04 cross join", from: " CROSS JOIN " + tab.name + " zz"},
		{id: "R04 self-join", from: " JOIN " + tab.name + " zz ON zz." + ident(tab.unit) + " = " + unit},
		{id: "R25 two statements", end: "; SELECT 1"},
		{id: "R29 variable", condition: name + " = getvariable('x')"},
		{id: "R26 file", from: " JOIN read_csv('/etc/passwd') zz ON true"},
		{id: "union", end: " UNION ALL SELECT 1"},
		{id: "volatile", condition: "random() < 0.5"},
		{id: "now", condition: "current_date > DATE '2024-01-01'"},
		{id: "distinct", word: "DISTINCT "},
		{id: "distinct values", item: "COUNT(DISTINCT " + name + ") AS t"},
		{id: "unknown column", condition: s.alias[t] + ".secret = 1"},
		{id: "offset", end: " OFFSET 1"},
		{id: "regexp", condition: "regexp_matches(CAST(" + name + " AS VARCHAR), 'a')"},
	}
	if keys {
		list = append(list,
			trick{id: "R20 rollup", wrap: "ROLLUP (%s)"}, trick{id: "R20 cube", wrap: "CUBE (%s)"}, trick{id: "R20 sets", wrap: "GROUPING SETS ((%s), ())"},
			trick{id: "R05 having a maximum", having: "MAX(" + name + ") > " + v},
			trick{id: "R05 having the least unit", having: "MIN(" + unit + ") > 'a'"},
			trick{id: "R18 group by the unit", wrap: "%s, " + unit},
			trick{id: "R18 group by a part of the unit", wrap: "%s, left(" + unit + ", 3)"},
			trick{id: "R18 partition by the unit", item: "COUNT(*) OVER (PARTITION BY " + unit + ") AS t", wrap: "%s, " + unit},
		)
	}
	x := list[r.IntN(len(list))]
	return &x
}

// with puts the trick into a part of the text.
func (x *trick) into(text *parts) {
	if x == nil {
		return
	}
	if x.item != "" {
		text.items = append(text.items, x.item)
	}
	text.word += x.word
	text.from += x.from
	text.end += x.end
	if x.condition != "" {
		text.conditions = append(text.conditions, x.condition)
	}
	if x.wrap != "" {
		text.groups = []string{fmt.Sprintf(x.wrap, strings.Join(text.groups, ", "))}
	}
	if x.having != "" {
		text.having = x.having
	}
	if x.order != "" {
		text.order = []string{x.order}
	}
}
