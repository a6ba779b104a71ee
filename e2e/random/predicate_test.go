package random

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"parley/agreements"
)

// writer writes a condition; name says how a column is called.
type writer = func(name func(field) string) string

// newPredicate makes a condition on columns of one table.
func newPredicate(r *rand.Rand, table int, columns []*column, depth int) condition {
	if depth > 0 && chance(r, 0.35) {
		kids := []condition{newPredicate(r, table, columns, depth-1), newPredicate(r, table, columns, depth-1)}
		word := pick(r, " AND ", " OR ", " OR ")
		return condition{table, func(name func(field) string) string {
			return "(" + kids[0].text(name) + word + kids[1].text(name) + ")"
		}, append(kids[0].marks, kids[1].marks...)}
	}
	if depth > 0 && chance(r, 0.15) {
		kid := newPredicate(r, table, columns, depth-1)
		for i := range kid.marks {
			kid.marks[i].denied = true
		}
		return condition{table, func(name func(field) string) string { return "NOT (" + kid.text(name) + ")" }, kid.marks}
	}
	f := field{table, pick(r, columns...)}
	if chance(r, 0.3) {
		test, other := newExpressionTest(r, f.column, columns)
		c := condition{table, func(name func(field) string) string {
			return test(func(c *column) string { return name(field{table, c}) })
		}, nil}
		c.marks = marksOf(c.text(func(field) string { return "@" }), agreements.Filter, f)
		if other != nil {
			c.marks = append(c.marks, marksOf(c.text(func(field) string { return "@" }), agreements.Filter, field{table, other})...)
		}
		return c
	}
	test := newTest(r, f.column)
	return condition{table, func(name func(field) string) string { return test(name(f)) }, marksOf(test("@"), agreements.Filter, f)}
}

// newTest makes one comparison of a column with values.
func newTest(r *rand.Rand, c *column) func(column string) string {
	v := func() string { return newLiteral(r, c) }
	switch op := r.IntN(9); op {
	case 0:
		not := pick(r, "", "NOT ")
		return func(x string) string { return x + " IS " + not + "NULL" }
	case 1:
		list := []string{v()}
		for range r.IntN(4) {
			list = append(list, v())
		}
		not := pick(r, "", "NOT ")
		return func(x string) string { return x + " " + not + "IN (" + strings.Join(list, ", ") + ")" }
	case 2:
		lo, hi, not := v(), v(), pick(r, "", "", "NOT ")
		return func(x string) string { return x + " " + not + "BETWEEN " + lo + " AND " + hi }
	case 3:
		if c.typ == agreements.Text {
			pattern := literal(pick(r, "%", "_%", "%e%", "B%", "b_rlin", "%'%", "%a\\_b%", "", "%ö%", "a_b", "100%", "% lead"))
			not := pick(r, "", "NOT ")
			return func(x string) string { return x + " " + not + "LIKE " + pattern }
		}
	case 4: // the value on the left
		op, value := pick(r, "=", "<>", "<", "<=", ">", ">=", "!="), v()
		return func(x string) string { return value + " " + op + " " + x }
	}
	op, value := pick(r, "=", "<>", "<", "<=", ">", ">=", "!="), v()
	return func(x string) string { return x + " " + op + " " + value }
}

// newLiteral is a value to compare a column with: one it has, one between, or
// one of another number of decimals.
func newLiteral(r *rand.Rand, c *column) string {
	if c.pool == nil {
		v := unscaled(c.min+r.Int64N(c.max-c.min+1), c.scale)
		switch r.IntN(5) {
		case 0:
			return fmt.Sprint(r.IntN(100) - 50)
		case 1:
			if !strings.Contains(v, ".") {
				v += "."
			}
			return v + "5"
		}
		return v
	}
	v := pick(r, c.pool...)
	switch c.typ {
	case agreements.Text:
		return literal(pick(r, v, v, v, "zz", strings.ToUpper(v)))
	case agreements.Date:
		return pick(r, "DATE ", "DATE ", "") + literal(pick(r, v, v, "2024-02-15"))
	case agreements.Integer:
		return pick(r, v, v, v+".5", "5")
	case agreements.Boolean:
		return pick(r, v, strings.ToUpper(v))
	}
	return v
}
