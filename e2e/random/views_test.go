package random

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"parley/agreements"
)

// newView makes a subquery of t: one row a unit with what its rows add up to,
// the different values of each unit, windows within a unit, or expressions.
// What it gives stands in a question like the columns of any table: made says
// that a value is not a column's own. nil: t has nothing to make it of.
func newView(r *rand.Rand, t *table) *table {
	for _, c := range t.columns {
		if c.tests != nil {
			return nil
		}
	}
	if t.functions != nil {
		return nil
	}
	v := &table{name: t.name, owner: t.owner, public: t.public, k: t.k, minSet: t.minSet, units: t.units, maxRows: t.maxRows, receivers: t.receivers, unit: t.unit}
	items := []string{ident(t.unit)}
	if chance(r, 0.3) {
		v.unit = "who"
		items[0] += " AS who"
	}
	add := func(text string, c *column) {
		if c.typ == agreements.Boolean && c.domain == nil { // of a subquery's value two are known
			known := *c
			known.domain = []string{"true", "false"}
			c = &known
		}
		v.columns = append(v.columns, c)
		items = append(items, text+" AS "+ident(c.name))
	}
	v.where = " WHERE " + ident(t.unit) + " IS NOT NULL"
	rest := ""
	if filters := t.with(agreements.Filter); len(filters) > 0 && chance(r, 0.4) {
		rest = " WHERE " + newPredicate(r, 0, filters, 1).text(func(f field) string { return ident(f.name) })
	}
	switch kind := r.IntN(5); kind {
	case 0, 1, 2:
		v.view, v.maxRows = "per unit", 1
		rest += " GROUP BY " + ident(t.unit)
		if dims := t.with(agreements.Dimension); len(dims) > 0 && kind == 2 {
			d := pick(r, dims...)
			add(ident(d.name), d)
			v.maxRows = t.maxRows
			rest += ", " + ident(d.name)
		}
		perUnit(r, t, add)
		if chance(r, 0.3) {
			rest += " HAVING " + pick(r, "COUNT(*) >= 2", "COUNT(*) = 1", "NOT (COUNT(*) BETWEEN 3 AND 9)", "COUNT(*) < 5")
		}
	case 3:
		v.view = "different"
		dims := t.with(agreements.Dimension)
		if len(dims) == 0 {
			return nil
		}
		items[0] = "DISTINCT " + items[0]
		for _, d := range sample(r, 2, dims...) {
			add(ident(d.name), d)
		}
	case 4:
		v.view = "window"
		if !windows(r, t, add, &rest) {
			return nil
		}
	}
	v.sub = "SELECT " + strings.Join(items, ", ") + " FROM " + t.name + rest
	return v
}

// perUnit adds aggregates over the rows of a unit.
func perUnit(r *rand.Rand, t *table, add func(string, *column)) {
	all := []agreements.Use{agreements.Dimension, agreements.Measure, agreements.Filter}
	most := int64(t.maxRows)
	count := &column{name: "times", typ: agreements.Integer, uses: all, min: 1, max: most, domain: numbers(1, t.maxRows), made: true}
	switch r.IntN(3) {
	case 0:
		add("COUNT(*)", count)
	case 1:
		count.max = min(most, 2)
		count.domain = numbers(1, int(count.max))
		count.uses = []agreements.Use{agreements.Dimension, agreements.Filter} // least singles out
		add("least(COUNT(*), 2)", count)
	case 2:
		add("COUNT(*)", count)
		add("CASE WHEN COUNT(*) >= 2 THEN 'many' ELSE 'one' END", &column{name: "kind", typ: agreements.Text,
			uses: []agreements.Use{agreements.Dimension, agreements.Filter}, pool: []string{"many", "one"}, domain: []string{"many", "one"}, made: true})
	}
	for i, c := range t.columns {
		if chance(r, 0.5) {
			continue
		}
		o := *c
		o.name, o.made, o.perUnit, o.apart, o.solo = fmt.Sprintf("v%d", i), true, false, false, false
		if c.pool == nil {
			if r.IntN(2) == 0 && small(c) {
				o.min, o.max = min(o.min*most, o.min), max(o.max*most, o.max)
				add("SUM("+ident(c.name)+")", &o)
				continue
			}
			add(pick(r, "MIN", "MAX")+"("+ident(c.name)+")", &o)
			continue
		}
		if c.typ == agreements.Boolean || c.domain == nil && c.allows(agreements.Dimension) {
			continue
		}
		if c.typ != agreements.Text && c.typ != agreements.Date { // by its bounds a number may have any value
			o.uses = slices.DeleteFunc(slices.Clone(c.uses), func(u agreements.Use) bool { return u == agreements.Dimension })
			if len(o.uses) == 0 {
				continue
			}
		}
		add(pick(r, "MIN", "MAX")+"("+ident(c.name)+")", &o)
	}
}

// windows adds a window within a unit; false if rows could tie.
func windows(r *rand.Rand, t *table, add func(string, *column), rest *string) bool {
	for _, c := range t.columns {
		if chance(r, 0.7) {
			add(ident(c.name), c)
		}
	}
	over := "PARTITION BY " + ident(t.unit)
	number := &column{name: "nth", typ: agreements.Integer, uses: []agreements.Use{agreements.Filter}, min: 1, max: int64(t.maxRows), made: true}
	d := t.day()
	switch {
	case d != nil && d.solo && !d.nullable && chance(r, 0.7):
		add("row_number() OVER ("+over+" ORDER BY "+ident(d.name)+pick(r, "", " DESC")+")", number)
	case d != nil && chance(r, 0.6):
		add(pick(r, "rank", "dense_rank")+"() OVER ("+over+" ORDER BY "+ident(d.name)+")", number)
	default:
		number.uses = append(number.uses, agreements.Dimension)
		number.domain = numbers(1, t.maxRows)
		add("COUNT(*) OVER ("+over+")", number)
	}
	*rest += " QUALIFY nth " + pick(r, "= 1", "<= 2", ">= 1", "> 1")
	return true
}

// relation is the table, or the subquery in its place.
func (t *table) relation() string {
	if t.sub != "" {
		return "(" + t.sub + ")"
	}
	return t.name
}
