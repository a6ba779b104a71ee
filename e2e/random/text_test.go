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
	within    []bool // by table: a subquery that holds the table's conditions
	with      bool   // which WITH names
}

func newStyle(r *rand.Rand, q *question) style {
	s := style{qualify: chance(r, 0.5), groupBy: pick(r, "name", "name", "position"),
		orderBy: pick(r, "name", "position", "expression"), innerWord: pick(r, "JOIN", "INNER JOIN", "join")}
	s.with = chance(r, 0.3)
	for i, t := range q.tables {
		s.within = append(s.within, chance(r, 0.15))
		if t.sub != "" {
			s.within[i] = false
		} else if q.latest() && i == 1 { // after ASOF JOIN its rows are not tested
			s.within[1] = true
		}
		s.alias = append(s.alias, pick(r, t.name, []string{"l", "R"}[i], []string{"links", `"rechts "`}[i]))
	}
	if q.left {
		s.join, s.innerWord = pick(r, "on", "on swapped"), pick(r, "LEFT JOIN", "LEFT OUTER JOIN")
		return s
	}
	if q.latest() {
		s.join, s.innerWord = "on", "ASOF JOIN"
		return s
	}
	joins := []string{"on", "on", "on swapped", "comma"}
	if len(q.tables) == 2 && q.tables[0].unit == q.tables[1].unit {
		joins = append(joins, "using", "using")
	}
	s.join = pick(r, joins...)
	return s
}

// parts of a question's text.
type parts struct {
	with, word, from, having, limit, end string
	items, conditions, groups, order     []string
}

func (p parts) String() string {
	clause := func(word, sep string, list ...string) string {
		if text := strings.Join(list, sep); text != "" {
			return word + text
		}
		return ""
	}
	return p.with + "SELECT " + p.word + strings.Join(p.items, ", ") + " FROM " + p.from + clause(" WHERE ", " AND ", p.conditions...) +
		clause(" GROUP BY ", ", ", p.groups...) + clause(" HAVING ", "", p.having) + clause(" ORDER BY ", ", ", p.order...) + p.limit + p.end
}

// asked is the question as its analyst asks it.
func (q *question) asked(s style) string {
	p := q.parts(s)
	if q.having != nil {
		p.having = q.having.text(func(i int) string {
			if q.items[i].unseen {
				return q.expression(s, q.items[i])
			}
			return ident(q.items[i].name)
		})
	}
	p.order, p.limit = q.tail(s)
	q.trick.into(&p)
	return p.String()
}

// whole is the question without HAVING, ORDER BY and LIMIT, with more items.
func (q *question) whole(s style, extra ...string) string {
	p := q.judged(s)
	for _, it := range q.items {
		if it.unseen {
			extra = append(extra, q.expression(s, it)+" AS "+ident(it.name))
		}
	}
	p.items = append(p.items, extra...)
	return p.String()
}

// judged are the parts as plain DuckDB is asked them: its ASOF JOIN takes a row
// without a date for one of the last day (1.4.1), though NULL is after nothing.
func (q *question) judged(s style) parts {
	p := q.parts(s)
	if q.latest() {
		p.conditions = append(p.conditions, q.column(s, field{0, q.apart.columns[0]})+" IS NOT NULL")
	}
	return p
}

func (q *question) parts(s style) parts {
	p := parts{with: q.named(s), from: q.from(s), groups: q.groupBy(s)}
	for _, it := range q.items {
		if !it.unseen {
			p.items = append(p.items, q.expression(s, it)+" AS "+ident(it.name))
		}
	}
	if len(q.tables) == 2 && s.join == "comma" {
		p.conditions = append(p.conditions, q.unit(s, 0)+" = "+q.unit(s, 1))
	}
	if s.join == "comma" || s.join == "using" || (q.apart != nil && (q.apart.inWhere || q.apart.latest)) {
		p.conditions = append(p.conditions, q.together(s)...)
	}
	for _, c := range q.where {
		if !s.inside(c.table) && !(q.left && c.table == 1) {
			p.conditions = append(p.conditions, c.text(func(f field) string { return q.column(s, f) }))
		}
	}
	return p
}

func (s style) inside(table int) bool { return len(s.within) > table && s.within[table] }

// named writes WITH for the tables that are subqueries.
func (q *question) named(s style) string {
	var queries []string
	for i := range q.tables {
		if s.with && q.tables[i].sub != "" {
			queries = append(queries, fmt.Sprintf("part%d AS (%s)", i, q.tables[i].sub))
		} else if s.with && s.inside(i) {
			queries = append(queries, fmt.Sprintf("part%d AS (%s)", i, q.picked(i)))
		}
	}
	if len(queries) == 0 {
		return ""
	}
	return "WITH " + strings.Join(queries, ", ") + " "
}

// picked are the rows of a table that its own conditions leave.
func (q *question) picked(table int) string {
	return "SELECT * FROM " + q.tables[table].name + q.conditions(table)
}

// source is what follows FROM for one table, without its alias.
func (q *question) source(s style, table int) string {
	switch {
	case q.tables[table].sub != "" && s.with:
		return fmt.Sprintf("part%d", table)
	case q.tables[table].sub != "":
		return q.tables[table].relation()
	case !s.inside(table):
		return q.tables[table].name
	case s.with:
		return fmt.Sprintf("part%d", table)
	}
	return "(" + q.picked(table) + ")"
}

func (q *question) from(s style) string {
	first := q.source(s, 0) + " AS " + s.alias[0]
	if s.alias[0] == q.source(s, 0) {
		first = s.alias[0]
	}
	if len(q.tables) == 1 {
		return first
	}
	second := q.source(s, 1) + " " + s.alias[1]
	switch s.join {
	case "comma":
		return first + ", " + second
	case "using":
		return first + " " + s.innerWord + " " + second + " USING (" + ident(q.tables[0].unit) + ")"
	}
	on := []string{q.unit(s, 0) + " = " + q.unit(s, 1)}
	if s.join == "on swapped" {
		on[0] = q.unit(s, 1) + " = " + q.unit(s, 0)
	}
	for _, c := range q.where {
		if q.left && c.table == 1 && !s.inside(1) {
			on = append(on, c.text(func(f field) string { return q.column(s, f) }))
		}
	}
	if q.latest() {
		on = append(on, q.column(s, field{0, q.apart.columns[0]})+" >= "+q.column(s, field{1, q.apart.columns[1]}))
	} else if q.apart != nil && !q.apart.inWhere {
		on = append(on, q.together(s)...)
	}
	return first + " " + s.innerWord + " " + second + " ON " + strings.Join(on, " AND ")
}

func (q *question) unit(s style, table int) string {
	return s.alias[table] + "." + ident(q.tables[table].unit)
}

// column names a column, in full where the style wants it or it must be.
func (q *question) column(s style, f field) string {
	if f.column.derived != nil {
		return f.derived.text(q.column(s, field{f.table, f.derived.base}))
	}
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
	name := func(f field) string { return q.column(s, f) }
	text := ""
	switch it.fn {
	case "":
		return q.column(s, it.field)
	case "calc":
		return it.computed(func(j int) string { return q.expression(s, it.parts[j]) })
	case "count":
		text = "count(*)"
		if it.asIf && len(it.only) > 0 {
			return "COUNT(CASE WHEN " + conjunction(it.only, name) + " THEN 1 END)"
		}
	case "units":
		text = "COUNT(DISTINCT " + q.unit(s, it.field.table) + ")"
	case "values":
		text = "COUNT(" + q.column(s, it.field) + ")"
	default:
		if it.asIf && len(it.only) > 0 {
			return strings.ToUpper(it.fn) + "(CASE WHEN " + conjunction(it.only, name) + " THEN " + q.argument(s, it) + " END)"
		}
		text = strings.ToUpper(it.fn) + "(" + q.argument(s, it) + ")"
	}
	if it.alone {
		text += " FILTER (WHERE " + q.unit(s, 1) + " IS NULL)"
	}
	if len(it.only) > 0 {
		text += " FILTER (WHERE " + conjunction(it.only, name) + ")"
	}
	return text
}

// computed writes an expression of aggregates.
func (it item) computed(part func(int) string) string {
	var list []string
	for j := range it.parts {
		list = append(list, string(rune('A'+j)), part(j))
	}
	return strings.NewReplacer(list...).Replace(it.calc)
}

// argument writes what a sum adds up.
func (q *question) argument(s style, it item) string {
	if it.zero {
		return "COALESCE(" + q.column(s, it.field) + ", 0)"
	}
	if it.arg == nil {
		return q.column(s, it.field)
	}
	text := strings.ReplaceAll(it.arg.text, "@", q.column(s, it.field))
	if it.arg.second != nil {
		text = strings.ReplaceAll(text, "#", q.column(s, field{it.field.table, it.arg.second}))
	}
	return text
}

func conjunction(list []condition, name func(field) string) string {
	var parts []string
	for _, c := range list {
		parts = append(parts, c.text(name))
	}
	return strings.Join(parts, " AND ")
}

func (q *question) groupBy(s style) (keys []string) {
	for _, g := range q.groups {
		key := q.column(s, g)
		for i, it := range q.items {
			if it.fn == "" && it.field == g && s.groupBy == "position" {
				key = fmt.Sprint(i + 1)
			}
		}
		keys = append(keys, key)
	}
	return keys
}

func (q *question) tail(s style) (keys []string, limit string) {
	for _, o := range q.orderBy {
		key := ident(q.items[o.item].name)
		switch {
		case q.items[o.item].unseen:
			key = q.expression(s, q.items[o.item])
		case s.orderBy == "position":
			key = fmt.Sprint(o.item + 1)
		case s.orderBy == "expression":
			key = q.expression(s, q.items[o.item])
		}
		keys = append(keys, key+o.words())
	}
	if q.limit > 0 {
		limit = fmt.Sprintf(" LIMIT %d", q.limit)
	}
	return keys, limit
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
