package random

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// style is how one analyst writes: which aliases, which kind of join, names
// in full or not, ORDER BY by name, place or expression.
type style struct {
	alias     []string
	join      string // on, on swapped, using, comma
	qualify   bool
	groupBy   string // name, position
	orderBy   string // name, position, expression
	innerWord string
}

func newStyle(r *rand.Rand, q *question) style {
	s := style{qualify: chance(r, 0.5), groupBy: pick(r, "name", "name", "position"),
		orderBy: pick(r, "name", "position", "expression"), innerWord: pick(r, "JOIN", "INNER JOIN", "join")}
	for i, t := range q.tables {
		s.alias = append(s.alias, pick(r, t.name, []string{"l", "R"}[i], []string{"links", `"rechts "`}[i]))
	}
	joins := []string{"on", "on", "on swapped", "comma"}
	if len(q.tables) == 2 && q.tables[0].unit == q.tables[1].unit {
		joins = append(joins, "using", "using")
	}
	s.join = pick(r, joins...)
	return s
}

// text writes the question. extra items are added to the select list; tail
// false leaves ORDER BY and LIMIT out.
func (q *question) text(s style, extra []string, tail bool) string {
	var items []string
	for _, it := range q.items {
		items = append(items, q.expression(s, it)+" AS "+ident(it.name))
	}
	b := "SELECT " + strings.Join(append(items, extra...), ", ") + " FROM " + q.from(s)
	var conditions []string
	if len(q.tables) == 2 && s.join == "comma" {
		conditions = append(conditions, q.unit(s, 0)+" = "+q.unit(s, 1))
	}
	for _, c := range q.where {
		conditions = append(conditions, c.text(func(f field) string { return q.column(s, f) }))
	}
	if len(conditions) > 0 {
		b += " WHERE " + strings.Join(conditions, " AND ")
	}
	b += q.groupBy(s)
	if tail {
		b += q.tail(s)
	}
	return b
}

func (q *question) from(s style) string {
	first := q.tables[0].name + " AS " + s.alias[0]
	if s.alias[0] == q.tables[0].name {
		first = q.tables[0].name
	}
	if len(q.tables) == 1 {
		return first
	}
	second := q.tables[1].name + " " + s.alias[1]
	switch s.join {
	case "comma":
		return first + ", " + second
	case "using":
		return first + " " + s.innerWord + " " + second + " USING (" + ident(q.tables[0].unit) + ")"
	case "on swapped":
		return first + " " + s.innerWord + " " + second + " ON " + q.unit(s, 1) + " = " + q.unit(s, 0)
	}
	return first + " " + s.innerWord + " " + second + " ON " + q.unit(s, 0) + " = " + q.unit(s, 1)
}

func (q *question) unit(s style, table int) string {
	return s.alias[table] + "." + ident(q.tables[table].unit)
}

// column names a column, in full where the style wants it or it must be.
func (q *question) column(s style, f field) string {
	name := ident(f.name)
	if s.qualify || q.ambiguous(f) {
		return s.alias[f.table] + "." + name
	}
	return name
}

func (q *question) ambiguous(f field) bool {
	seen := 0
	for _, t := range q.tables {
		for _, name := range t.header() {
			if strings.EqualFold(name, f.name) {
				seen++
			}
		}
	}
	return seen > 1
}

func (q *question) expression(s style, it item) string {
	switch it.fn {
	case "":
		return q.column(s, it.field)
	case "count":
		return "count(*)"
	case "units":
		return "COUNT(DISTINCT " + q.unit(s, it.field.table) + ")"
	}
	return strings.ToUpper(it.fn) + "(" + q.column(s, it.field) + ")"
}

func (q *question) groupBy(s style) string {
	var keys []string
	for _, g := range q.groups {
		key := q.column(s, g)
		for i, it := range q.items {
			if it.fn == "" && it.field == g && s.groupBy == "position" {
				key = fmt.Sprint(i + 1)
			}
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return ""
	}
	return " GROUP BY " + strings.Join(keys, ", ")
}

func (q *question) tail(s style) string {
	var keys []string
	for _, o := range q.orderBy {
		key := ident(q.items[o.item].name)
		switch s.orderBy {
		case "position":
			key = fmt.Sprint(o.item + 1)
		case "expression":
			key = q.expression(s, q.items[o.item])
		}
		keys = append(keys, key+o.words())
	}
	out := ""
	if len(keys) > 0 {
		out = " ORDER BY " + strings.Join(keys, ", ")
	}
	if q.limit > 0 {
		out += fmt.Sprintf(" LIMIT %d", q.limit)
	}
	return out
}

func (o order) words() string {
	out := ""
	if o.desc {
		out = " DESC"
	}
	if o.nullsFirst {
		out += " NULLS FIRST"
	}
	return out
}
