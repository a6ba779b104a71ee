package random

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"parley/agreements"
)

// The law says whether a question may be answered at all. It is written from
// the documentation and reads nothing but the question's own tree, which is
// older than its text, and the tables' terms: no parser, no checker.
//
// Default deny: an aggregate, a clause, a use or a function that is not listed
// here is against the law, and a node that accepts it has failed.

// aggregates of the language, with the use of their argument's columns.
var lawfulAggregates = map[string]agreements.Use{
	"count": "", "units": "", "values": "", "sum": agreements.Measure, "avg": agreements.Measure,
	"var_samp": agreements.Measure, "var_pop": agreements.Measure, "stddev_samp": agreements.Measure, "stddev_pop": agreements.Measure,
}

// law returns why the question may not be answered, or "".
func law(w *world, q *question) string {
	for _, step := range []func(*world, *question) string{lawOfTables, lawOfTricks, lawOfItems, lawOfMarks, lawOfGroups} {
		if why := step(w, q); why != "" {
			return why
		}
	}
	return ""
}

func lawOfTables(_ *world, q *question) string {
	for _, t := range q.tables {
		if t.receivers != nil && !slices.Contains(t.receivers, q.asker) {
			return "an asker who may not receive"
		}
	}
	if len(q.tables) == 2 && q.tables[0].owner == q.tables[1].owner {
		return "a join of one owner's tables" // R04
	}
	return ""
}

func lawOfTricks(_ *world, q *question) string {
	if q.trick != nil {
		return q.trick.id
	}
	return ""
}

var (
	numberWord = regexp.MustCompile(`\d+(?:\.\d+)?`)
	product    = regexp.MustCompile(`@ ?\* ?@`)
)

func lawOfItems(_ *world, q *question) string {
	for _, it := range q.items {
		if it.fn == "" {
			if !slices.Contains(q.groups, it.field) {
				return "a column that is not grouped by"
			}
		}
	}
	for _, it := range q.written() {
		if _, ok := lawfulAggregates[it.fn]; !ok {
			return "the aggregate " + it.fn // R05, R19
		}
		if it.arg == nil {
			continue
		}
		for _, m := range marksOf(it.arg.text, agreements.Measure, it.field) {
			for _, f := range m.functions {
				if !slices.Contains([]string{"+", "-", "*"}, f) {
					return "a function inside a sum" // R06
				}
			}
			if len(m.tests) > 0 {
				return "a test inside a sum"
			}
		}
		if product.MatchString(it.arg.text) {
			return "a column times itself"
		}
		for _, n := range numberWord.FindAllString(it.arg.text, -1) {
			if f, err := strconv.ParseFloat(n, 64); err != nil || f > 10_000 {
				return "a large factor" // R07
			}
		}
	}
	return ""
}

// lawOfMarks checks every use of a column against its owner's terms.
func lawOfMarks(_ *world, q *question) string {
	for _, m := range q.marks() {
		switch {
		case m.column.isUnit:
			return "the unit as a " + string(m.use) // R06, R17, R18
		case m.use == "value" && !m.allows(agreements.Measure) && !m.allows(agreements.Filter):
			return "a value that is counted"
		case m.use != "value" && !m.allows(m.use):
			return "a column as a " + string(m.use)
		}
		for _, w := range m.tests {
			if m.column.tests != nil && !slices.Contains(m.column.tests, w) && !(m.denied && slices.Contains(m.column.tests, opposite[w])) {
				return "a test that the owner has not listed: " + w + " of " + m.column.name
			}
		}
		for _, f := range m.functions {
			if list := q.tables[m.table].functions; list != nil && f != "case" && !slices.Contains(list, f) {
				return "a function that the owner has not listed"
			}
		}
	}
	return ""
}

// opposite is what a test under NOT stands for; DuckDB's parser writes it so.
var opposite = map[string]string{"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}

// marks are all uses of columns by the question.
func (q *question) marks() []mark {
	var out []mark
	for _, g := range q.groups {
		if g.derived == nil {
			out = append(out, mark{field: g, use: agreements.Dimension})
			continue
		}
		out = append(out, marksOf(g.derived.text("@"), agreements.Dimension, field{g.table, g.derived.base})...)
	}
	for _, it := range q.written() {
		for _, c := range it.only {
			out = append(out, c.marks...)
		}
		switch use := lawfulAggregates[it.fn]; {
		case it.fn == "values":
			m := mark{field: it.field, use: "value"}
			if !it.field.allows(agreements.Measure) {
				m.tests = []string{"is null"}
			}
			out = append(out, m)
		case use == "":
		case it.arg == nil:
			m := mark{field: it.field, use: use}
			if it.zero {
				m.functions = []string{"coalesce"}
			}
			out = append(out, m)
		default:
			fields := []field{it.field}
			if it.arg.second != nil {
				fields = append(fields, field{it.field.table, it.arg.second})
			}
			out = append(out, marksOf(strings.ReplaceAll(it.arg.text, "#", "@"), use, fields...)...)
		}
	}
	for _, c := range q.where {
		out = append(out, c.marks...)
	}
	if q.apart != nil {
		for i, c := range q.apart.columns {
			out = append(out, mark{field: field{i, c}, use: agreements.Filter, functions: q.apart.functions(i)})
		}
	}
	return out
}

// lawOfGroups: the number of a join's groups is announced to the partner, so
// it must not follow from a value that the analyst chose.
func lawOfGroups(_ *world, q *question) string {
	if len(q.tables) < 2 {
		return ""
	}
	for _, g := range q.groups {
		if g.derived == nil || !g.derived.free {
			continue
		}
		if _, known := q.declared(g.table); !known {
			return "groups whose number could tell of a row"
		}
	}
	return ""
}

// written are the aggregates that the question's text has: one that is not
// selected stands there only if it is ordered by, or tested by HAVING.
func (q *question) written() (out []numbered) {
	for i, it := range q.items {
		ordered := slices.ContainsFunc(q.orderBy, func(o order) bool { return o.item == i })
		if !it.unseen || ordered || q.having != nil && slices.Contains(q.having.items, i) {
			out = append(out, it.aggregates(strconv.Itoa(i))...)
		}
	}
	return out
}
