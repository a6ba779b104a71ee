package random

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"parley/agreements"
)

// question is one random question of the language, before it is written.
type question struct {
	asker   string
	tables  []*table // one, or two of two owners
	where   []condition
	groups  []field
	items   []item
	having  *having
	orderBy []order
	limit   int

	apart    *apart // nil: not a join on time
	left     bool   // LEFT JOIN: rows of tables[0] without a partner are kept
	careless bool   // takes columns without asking what they may be used for
	trick    *trick // nil: none
}

// field is a column of tables[table].
type field struct {
	table int
	*column
}

// item is one column of the answer: a group (fn is "") or an aggregate.
type item struct {
	fn    string // count, units, values (COUNT of a column), sum, avg
	field field
	arg   *measured   // of sum and avg: nil for the column as it is
	only  []condition // FILTER (WHERE …)
	asIf  bool        // written as CASE
	name  string
	// calc is an expression of the aggregates parts, which it calls A and B;
	// fn is then "calc".
	calc  string
	parts []item
	zero  bool // COALESCE(x, 0), of the right side of a LEFT JOIN
	alone bool // FILTER (WHERE right.unit IS NULL)
	// unseen is only ordered by, or tested by HAVING.
	unseen bool
}

// numbered is an aggregate, or one in an expression, with a name of its own.
type numbered struct {
	id string
	item
}

// aggregates are all that the question asks for.
func (q *question) aggregates() (out []numbered) {
	for i, it := range q.items {
		out = append(out, it.aggregates(fmt.Sprint(i))...)
	}
	return out
}

func (it item) aggregates(id string) (out []numbered) {
	switch it.fn {
	case "":
	case "calc":
		for j, part := range it.parts {
			out = append(out, numbered{fmt.Sprintf("%s_%d", id, j), part})
		}
	default:
		out = append(out, numbered{id, it})
	}
	return out
}

// spread reports a variance or a standard deviation.
func (it item) spread() bool {
	return strings.HasPrefix(it.fn, "var") || strings.HasPrefix(it.fn, "stddev")
}

// double reports a number that is compared with a tolerance.
func (it item) double() bool { return it.fn == "avg" || it.fn == "calc" || it.spread() }

// guarded reports an aggregate that has a count of units of its own.
func (it item) guarded() bool {
	if it.fn == "calc" {
		return slices.ContainsFunc(it.parts, item.guarded)
	}
	return it.fn == "sum" || it.fn == "avg" || it.spread() || it.fn == "values" || len(it.only) > 0
}

// leavesOut reports an aggregate whose group must not be left with fewer than
// k units besides those it rests on.
func (it item) leavesOut() bool { return it.guarded() && (it.fn != "sum" || len(it.only) > 0) }

// having is a condition on released columns.
type having struct {
	items []int
	text  func(item func(int) string) string
}

type order struct {
	item       int
	desc       bool
	nullsFirst bool
}

// condition is one conjunct of WHERE, about one table.
type condition struct {
	table int
	text  writer
	marks []mark // what the law looks at
}

// maxCells bounds groups of one side × groups of the other × aggregates, so
// that one question takes well under a second.
const maxCells = 160

func newQuestion(r *rand.Rand, w *world) *question {
	q := &question{asker: pick(r, "north", "south"), tables: []*table{pick(r, w.of("north")...), pick(r, w.of("south")...)}}
	if chance(r, 0.5) {
		q.tables[0], q.tables[1] = q.tables[1], q.tables[0]
	}
	if chance(r, 0.34) {
		q.tables = q.tables[:1]
	}
	q.careless = chance(r, 0.05)
	for i, t := range q.tables {
		if v := newView(r, t); v != nil && len(v.columns) > 0 && chance(r, 0.3) {
			q.tables[i] = v
		}
	}
	q.chooseApart(r)
	q.left = len(q.tables) == 2 && q.apart == nil && chance(r, 0.25)
	q.chooseGroups(r)
	q.chooseItems(r)
	for cells(q) > maxCells && len(q.groups) > 0 {
		q.chooseGroups(r)
		q.chooseItems(r)
	}
	q.chooseWhere(r)
	q.chooseHaving(r)
	q.chooseOrder(r)
	if q.loose() { // less may be released than could be: see compare
		q.having, q.orderBy, q.limit = nil, nil, 0
		q.items = slices.DeleteFunc(q.items, func(it item) bool { return it.unseen })
	}
	return q
}

// columns are those of table t that may be used so, and of a careless question
// now and then others.
func (q *question) columns(r *rand.Rand, t int, use agreements.Use) []*column {
	tab := q.tables[t]
	if !q.careless || chance(r, 0.6) {
		return tab.with(use)
	}
	all := append([]*column{tab.unitColumn()}, tab.columns...)
	if use != agreements.Measure {
		return all
	}
	return slices.DeleteFunc(all, func(c *column) bool { return c.typ != agreements.Integer && c.typ != agreements.Decimal })
}

// loose reports a question whose answer may hold less than the rules allow:
// its thresholds are stricter than what they stand for.
func (q *question) loose() bool { return q.apart != nil || q.left }

func (q *question) chooseGroups(r *rand.Rand) {
	q.groups = nil
	side := pick(r, -1, 0, 1, 2, 2) // nobody's, either's, both
	if q.apart != nil {
		side = pick(r, -1, 0, 1)
	}
	if q.left {
		side = pick(r, -1, 0, 0)
	}
	if q.latest() {
		side = pick(r, -1, 1, 1)
	}
	for t := range q.tables {
		dims := q.columns(r, t, agreements.Dimension)
		if side == -1 || (len(q.tables) == 2 && side == 1-t) {
			continue
		}
		for _, c := range sample(r, 1+r.IntN(2), dims...) {
			q.groups = append(q.groups, field{t, c})
		}
	}
	q.groups = sample(r, len(q.groups), q.groups...)
	q.derive(r)
	for t := range q.tables { // what a subquery makes is no group beside one of unknown values
		if _, known := q.declared(t); !known && len(q.tables) == 2 {
			q.groups = slices.DeleteFunc(q.groups, func(g field) bool { return g.table == t && g.made })
		}
	}
}

// chooseItems selects most of the groups and some aggregates, in any order.
func (q *question) chooseItems(r *rand.Rand) {
	q.items = nil
	for _, g := range q.groups {
		if chance(r, 0.92) {
			q.items = append(q.items, item{field: g})
		}
	}
	for range pick(r, 1, 1, 2, 2, 3, 4) {
		q.items = append(q.items, q.number(r))
	}
	q.items = sample(r, len(q.items), q.items...)
	if len(q.groups) > 0 && len(q.items) > 1 && q.items[0].fn == "" && chance(r, 0.04) {
		q.items = q.items[:1] // groups alone
	}
	for i := range q.items {
		q.items[i].name = pick(r, "out", "Wert", "select", "wert x", "n") + string(rune('a'+i))
	}
}

// number is an aggregate or an expression of two.
func (q *question) number(r *rand.Rand) item {
	if chance(r, 0.86) {
		return q.aggregate(r)
	}
	it := item{fn: "calc", parts: []item{q.aggregate(r), q.aggregate(r)}}
	it.calc = pick(r, "A / B", "100.0 * A / B", "A + B", "A - 2 * B", "abs(A) + 1", "coalesce(A, 0)", "least(A, B, 10)",
		"greatest(A, B)", "nullif(A, 30)", "A - 1.96 * sqrt(abs(B))", "-A * 0.5", "A * B")
	if strings.Contains(it.calc, "/") {
		it.parts[1] = item{fn: pick(r, "count", "units"), field: field{table: r.IntN(len(q.tables))}}
	}
	if !strings.Contains(it.calc, "B") {
		it.parts = it.parts[:1]
	}
	return it
}

func (q *question) aggregate(r *rand.Rand) item {
	t := r.IntN(len(q.tables))
	if q.latest() && chance(r, 0.95) {
		t = 0
	}
	m := q.columns(r, t, agreements.Measure)
	if len(m) == 0 {
		return item{fn: pick(r, "count", "units"), field: field{table: t}}
	}
	var it item
	switch pick(r, 0, 1, 2, 2, 2, 3, 3, 4) {
	case 0:
		it = item{fn: "count"}
	case 1:
		it = item{fn: "units", field: field{table: t}}
	case 2:
		it = item{fn: "sum", field: field{t, pick(r, m...)}}
	case 3:
		it = item{fn: pick(r, "avg", "avg", "var_samp", "var_pop", "stddev_samp", "stddev_pop"), field: field{t, pick(r, m...)}}
	default:
		it = item{fn: "values", field: field{t, pick(r, append(m, q.columns(r, t, agreements.Filter)...)...)}}
	}
	if it.spread() && (!small(it.field.column) || it.field.scale > 3) {
		it.fn = "avg" // a sum of squares beyond 64 bits
	}
	if (it.fn == "sum" || it.fn == "avg") && chance(r, 0.4) {
		it.arg = newMeasured(r, it.field.column, m, q.careless)
	}
	if q.left && it.field.table == 1 && it.arg == nil && (it.fn == "sum" || it.fn == "avg" || it.spread()) && chance(r, 0.4) {
		it.zero = true
		return it
	}
	if q.left && it.field.table == 0 && chance(r, 0.15) {
		it.alone = true
		return it
	}
	if chance(r, 0.3) {
		for t := range q.tables {
			if q.latest() && t == 1 {
				continue
			}
			if columns := q.columns(r, t, agreements.Filter); len(columns) > 0 && chance(r, 0.6) {
				it.only = append(it.only, newPredicate(r, t, columns, 1))
			}
		}
		it.asIf = it.fn != "units" && it.fn != "values" && chance(r, 0.4)
	}
	return it
}

// chooseHaving compares one or two released columns with values.
func (q *question) chooseHaving(r *rand.Rand) {
	if len(q.groups) == 0 || chance(r, 0.8) {
		return
	}
	h := &having{}
	var forms []string
	for range 1 + r.IntN(2) {
		if chance(r, 0.25) {
			it := q.aggregate(r)
			it.unseen, it.name = true, fmt.Sprintf("__unseen%d", len(q.items))
			q.items = append(q.items, it)
		}
		i := r.IntN(len(q.items))
		h.items = append(h.items, i)
		value, op := fmt.Sprint(r.IntN(40)), pick(r, "=", "<>", "<", "<=", ">", ">=")
		switch it := q.items[i]; {
		case it.fn == "":
			value = "''"
			if v := newLiteral(r, it.field.column); it.field.derived == nil {
				value = v
			}
			forms = append(forms, pick(r, "@ IS NOT NULL", "@ IS NULL", "@ "+op+" "+value))
			if value == "''" && it.field.derived != nil {
				forms[len(forms)-1] = "@ IS NOT NULL"
			}
		case it.double(): // two roundings of a quotient may differ
			forms = append(forms, pick(r, "@ IS NOT NULL", "@ IS NULL"))
		default:
			forms = append(forms, pick(r, "@ "+op+" "+value, "@ BETWEEN 2 AND "+value+".5", "@ NOT IN (3, "+value+")", "NOT (@ "+op+" "+value+")", "@ IS NULL"))
		}
	}
	word := pick(r, " AND ", " OR ")
	h.text = func(item func(int) string) string {
		var parts []string
		for i, f := range forms {
			parts = append(parts, "("+strings.ReplaceAll(f, "@", item(h.items[i]))+")")
		}
		return strings.Join(parts, word)
	}
	q.having = h
}

// cells estimates what the encrypted join has to compute.
func cells(q *question) int {
	if len(q.tables) == 1 {
		return 1
	}
	sides := [2]int{1, 1}
	for _, g := range q.groups {
		n := len(g.pool)
		if g.domain != nil {
			n = len(g.domain)
		}
		if g.nullable {
			n++
		}
		sides[g.table] *= n
	}
	work := 1
	for _, it := range q.items {
		if it.fn != "" {
			work++
		}
	}
	return sides[0] * sides[1] * work
}

func (q *question) chooseOrder(r *rand.Rand) {
	if chance(r, 0.4) {
		return
	}
	if len(q.groups) > 0 && chance(r, 0.25) {
		it := q.aggregate(r)
		it.unseen, it.name = true, fmt.Sprintf("__unseen%d", len(q.items))
		q.items = append(q.items, it)
	}
	for range 1 + r.IntN(2) {
		i := r.IntN(len(q.items))
		if q.items[i].fn != "avg" && q.items[i].double() { // roundings of a quotient may differ
			continue
		}
		q.orderBy = append(q.orderBy, order{item: i, desc: chance(r, 0.5), nullsFirst: chance(r, 0.3)})
	}
	if len(q.orderBy) > 0 && chance(r, 0.4) {
		q.limit = 1 + r.IntN(6)
	}
}

func (q *question) chooseWhere(r *rand.Rand) {
	for t := range q.tables {
		columns := q.columns(r, t, agreements.Filter)
		if len(columns) == 0 {
			continue
		}
		for range pick(r, 0, 0, 0, 1, 1, 2) {
			q.where = append(q.where, newPredicate(r, t, columns, 2))
		}
	}
	q.where = sample(r, len(q.where), q.where...)
}
