package random

import (
	"cmp"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"testing"

	"parley/agreements"
	"parley/analysis/release"
)

// expectation is what the rules make of plain DuckDB's answer.
type expectation struct {
	rows [][]*string // all that pass, in order, before LIMIT
	// candidates is how many groups could have been released, where the
	// receiver can know it, and released how many were, before LIMIT.
	candidates, released int
	extent               release.Extent
	unreleased           int // rows that a lower bound kept back
	small                int // of the one-owner groups, how many are below k
	guarded, complement  int // NULLs and rows that only these rules took away
}

// expect runs the question in plain DuckDB and applies the rules.
func (j *judge) expect(tb testing.TB, w *world, q *question, s style) *expectation {
	tb.Helper()
	k := w.smallest(q.tables...)
	b := "WITH b AS (" + q.whole(s, q.hidden(s)...) + ")"
	from, pass := " FROM b", fmt.Sprintf("b.__c >= %d", k)
	strict := len(q.tables) == 2 && !public(q.tables...) && !q.left
	if q.left {
		cte, on := q.own(1)
		b += fmt.Sprintf(", own1 AS (%s)", cte)
		from += " JOIN own1 ON " + on
	}
	if strict {
		for t := range q.tables {
			cte, on := q.own(t)
			if q.apart != nil {
				cte = q.ownApart(t, s)
			}
			b += fmt.Sprintf(", own%d AS (%s)", t, cte)
			from += fmt.Sprintf(" JOIN own%d ON %s", t, on)
		}
	}
	e := &expectation{}
	if strict {
		unlimited := j.query(tb, b+" SELECT 1"+from+" WHERE "+pass)
		pass += fmt.Sprintf(" AND own0.n - own0.m >= %d AND own1.n - own1.m >= %[1]d", k)
		e.complement = len(unlimited)
	}
	all := b + " SELECT " + strings.Join(append(q.values(k), q.allLesser(k)...), ", ") + from + " WHERE " + pass
	e.rows = j.query(tb, all+q.plainOrder(k))
	e.released = len(e.rows)
	e.complement = max(0, e.complement-e.released)
	for _, row := range e.rows {
		for i, it := range q.items {
			if it.guarded() && row[i] == nil {
				e.guarded++
			}
		}
	}
	if q.having != nil {
		e.rows = j.query(tb, all+" AND ("+q.having.text(func(i int) string { return q.value(i, k) })+")"+q.plainOrder(k))
	}
	j.extent(tb, q, s, k, e)
	return e
}

// hidden are the items that the rules need: the group's distinct units, its
// labels, and for every sum and average the distinct units with a value and
// what it is ordered by.
func (q *question) hidden(s style) []string {
	out := []string{"COUNT(DISTINCT " + q.unit(s, 0) + ") AS __c"}
	for i, g := range q.groups {
		out = append(out, fmt.Sprintf("%s AS __g%d", q.column(s, g), i))
	}
	if q.left {
		out = append(out, "COUNT(DISTINCT "+q.unit(s, 1)+") AS __m")
	}
	for _, it := range q.aggregates() {
		if strings.Contains(it.id, "_") {
			out = append(out, q.expression(s, it.item)+" AS __p"+it.id)
		}
		if q.left && q.depends(it.item) {
			out = append(append(out, q.restsOn(s, it)), q.leftOut(s, it)...)
			continue
		}
		if !it.guarded() {
			continue
		}
		counts, x := conjunction(it.only, func(f field) string { return q.column(s, f) }), ""
		if it.fn != "count" && it.fn != "units" {
			x = "(" + q.argument(s, it.item) + ")"
			if counts != "" {
				x = "(CASE WHEN " + counts + " THEN " + x + " END)"
			}
			counts = x + " IS NOT NULL"
		}
		out = append(out, fmt.Sprintf("COUNT(DISTINCT CASE WHEN %s THEN %s END) AS __h%s", counts, q.unit(s, 0), it.id))
		out = append(out, q.leftOut(s, it)...)
		if it.fn == "avg" {
			// The exact quotient, rounded once: DuckDB's AVG may be off in its
			// last digit and would then order equal averages.
			scale := "1" + strings.Repeat("0", it.scale())
			out = append(out, fmt.Sprintf("CAST(CAST(SUM(%s) * %s AS HUGEINT) AS DOUBLE) / CAST(COUNT(%[1]s) * %[2]s AS DOUBLE) AS __o%s", x, scale, it.id))
		}
	}
	return out
}

// own counts, in each of one side's own groups and after its own conditions,
// its distinct units, and those of them that the other side's conditions leave
// on the other side, in whatever group.
func (q *question) own(table int) (cte, on string) {
	t := q.tables[table]
	items, keys, same := []string{"COUNT(DISTINCT " + ident(t.unit) + ") AS n"}, []string{}, []string{}
	if len(q.tables) == 2 {
		o := q.tables[1-table]
		items = append(items, fmt.Sprintf("COUNT(DISTINCT CASE WHEN %s IN (SELECT %s FROM %s%s) THEN %[1]s END) AS m",
			ident(t.unit), ident(o.unit), o.relation(), q.conditions(1-table, ident(o.unit)+" IS NOT NULL")))
	}
	items = append(items, q.pickedBy(table)...)
	for i, g := range q.groups {
		if g.table != table {
			continue
		}
		items = append(items, fmt.Sprintf("%s AS k%d", bare(g.column), i))
		keys = append(keys, bare(g.column))
		same = append(same, fmt.Sprintf("b.__g%d IS NOT DISTINCT FROM own%d.k%[1]d", i, table))
	}
	cte = "SELECT " + strings.Join(items, ", ") + " FROM " + t.relation() + q.conditions(table)
	if len(keys) == 0 {
		return cte, "true"
	}
	return cte + " GROUP BY " + strings.Join(keys, ", "), strings.Join(same, " AND ")
}

// ownApart is own for a join on time: of a side's own group, m are the units
// with a row there that meets any row of the other side.
func (q *question) ownApart(table int, s style) string {
	p := q.judged(s)
	p.items, p.groups = []string{"COUNT(DISTINCT " + q.unit(s, 0) + ") AS m"}, nil
	own, same := []string{"n.n", "coalesce(m.m, 0) AS m"}, []string{"true"}
	for i, g := range q.groups {
		if g.table == table {
			p.items = append(p.items, fmt.Sprintf("%s AS k%d", q.column(s, g), i))
			p.groups = append(p.groups, q.column(s, g))
			own = append(own, fmt.Sprintf("n.k%d AS k%[1]d", i))
			same = append(same, fmt.Sprintf("n.k%d IS NOT DISTINCT FROM m.k%[1]d", i))
		}
	}
	counts, _ := q.own(table)
	return "SELECT " + strings.Join(own, ", ") + " FROM (" + counts + ") n LEFT JOIN (" + p.String() + ") m ON " + strings.Join(same, " AND ")
}

// conditions is one side's WHERE clause, with what more is asked.
func (q *question) conditions(table int, more ...string) string {
	for _, c := range q.where {
		if c.table == table {
			more = append(more, c.text(func(f field) string { return ident(f.name) }))
		}
	}
	if len(more) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(more, " AND ")
}

// groupCount is how many groups one side has before any condition: what is
// padded must not depend on what is asked.
func (q *question) groupCount(table int) string {
	keys := []string{"1"}
	for _, g := range q.groups {
		if g.table == table {
			keys = append(keys, bare(g.column))
		}
	}
	return "SELECT DISTINCT " + strings.Join(keys, ", ") + " FROM " + q.tables[table].name + cmp.Or(q.tables[table].where, " WHERE "+ident(q.tables[table].unit)+" IS NOT NULL")
}

// values are the answer's columns, NULL where fewer than k units have one.
func (q *question) values(k int) []string {
	var out []string
	for i, it := range q.items {
		out = append(out, q.value(i, k)+" AS "+ident(it.name))
	}
	return out
}

func (q *question) value(i, k int) string {
	it := q.items[i]
	if it.fn == "calc" {
		return q.calculated(i, k, 0)
	}
	return q.kept("b."+ident(it.name), numbered{fmt.Sprint(i), it}, k)
}

// kept is a number, NULL where it may not be released.
func (q *question) kept(v string, it numbered, k int) string {
	if !it.guarded() && !(q.left && q.depends(it.item)) {
		return v
	}
	return "CASE WHEN " + q.enough(it, k) + " THEN " + v + " END"
}

// enough is whether an aggregate rests on k units, and leaves out no row of its
// group or those of as many.
func (q *question) enough(it numbered, k int) string {
	s := fmt.Sprintf("b.__h%s >= %d", it.id, k)
	if q.left && q.depends(it.item) {
		return q.enoughLeft(s, it, k)
	}
	if public(q.tables...) {
		return s
	}
	if it.leavesOut() {
		s += enoughLeftOut(it, k)
	}
	for t := range q.tables {
		if q.picks(t, it.item) != "" {
			s += fmt.Sprintf(" AND own%d.p%s - own%[1]d.c%[2]s >= %[3]d", t, it.id, k)
		}
	}
	return s
}

func (q *question) plainOrder(k int) string {
	var keys []string
	for _, o := range q.orderBy {
		key := q.value(o.item, k)
		if q.items[o.item].fn == "avg" {
			key = q.kept(fmt.Sprintf("b.__o%d", o.item), numbered{fmt.Sprint(o.item), q.items[o.item]}, k)
		}
		nulls := " NULLS LAST"
		if o.nullsFirst {
			nulls = " NULLS FIRST"
		}
		direction := " ASC"
		if o.desc {
			direction = " DESC"
		}
		keys = append(keys, key+direction+nulls)
	}
	if len(keys) == 0 {
		return ""
	}
	return " ORDER BY " + strings.Join(keys, ", ")
}

// extent works out how many groups the answer may say were withheld.
func (j *judge) extent(tb testing.TB, q *question, s style, k int, e *expectation) {
	tb.Helper()
	if len(q.tables) == 1 {
		sizes := j.query(tb, "SELECT __c FROM ("+q.whole(s, q.hidden(s)...)+")")
		for _, row := range sizes {
			if n, _ := strconv.Atoi(*row[0]); n < k {
				e.small++
			}
		}
		n, declared := q.declared(0)
		e.candidates, e.extent = n, release.Exactly
		if !declared {
			e.candidates = len(sizes)
		}
		return
	}
	e.candidates, e.extent = 1, release.Exactly
	for t := range q.tables {
		n, declared := q.declared(t)
		if !declared {
			n = len(j.query(tb, q.groupCount(t)))
			if q.tables[t].owner != q.asker {
				e.extent = release.AtMost
				n = 1 << bits.Len(uint(max(n, 1)-1)) // padded: its magnitude is all that shows
			}
		}
		e.candidates *= n
	}
}

// declared counts the combinations of declared values of one side's groups.
func (q *question) declared(table int) (int, bool) {
	n := 1
	for _, g := range q.groups {
		if g.table != table {
			continue
		}
		if g.domain == nil {
			return 0, false
		}
		values := len(g.domain)
		if g.nullable {
			values++
		}
		n *= values
	}
	return n, true
}

// columnType is the type an item has in an answer.
func (it item) columnType() agreements.Type {
	switch it.fn {
	case "":
		return it.field.typ
	case "avg", "var_samp", "var_pop", "stddev_samp", "stddev_pop":
		return release.Double
	case "sum":
		if it.arg != nil {
			return it.arg.typ
		}
		return it.field.typ
	}
	return agreements.Integer
}

// scale is the number of decimals of what a sum adds up.
func (it item) scale() int {
	if it.arg != nil {
		return it.arg.scale
	}
	return it.field.scale
}
