package random

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"parley/agreements"
)

// derived is what a group column that is an expression is made of.
type derived struct {
	base *column
	text func(base string) string
	// free: its constants could make the number of groups of a join tell
	// about a row, unless all values of all groups are known.
	free bool
}

// bare writes a column of one table without the table's name.
func bare(c *column) string {
	if c.derived != nil {
		return c.derived.text(ident(c.derived.base.name))
	}
	return ident(c.name)
}

// newDerived makes an expression of a dimension, or nil if there is none for
// its type. Its domain is worked out here by the rule that README states:
// known where constants, a part of a date or declared values make it so.
func newDerived(r *rand.Rand, c *column) *column {
	if c.tests != nil || c.made {
		return nil
	}
	d := &column{name: c.name, typ: agreements.Text, uses: c.uses, nullable: c.nullable, pool: c.pool}
	make := func(free bool, format string, args ...any) *column {
		text := fmt.Sprintf(format, args...)
		d.derived = &derived{c, func(x string) string { return strings.ReplaceAll(text, "@", x) }, free}
		return d
	}
	if chance(r, 0.4) {
		return constantOutcomes(r, c, d, make)
	}
	switch c.typ {
	case agreements.Text:
		switch r.IntN(3) {
		case 0:
			d.domain = mapped(c.domain, strings.ToUpper)
			return make(false, "upper(@)")
		case 1:
			d.domain = mapped(c.domain, func(s string) string { return s[:min(2, len(s))] })
			return make(false, "%s", pick(r, "left(@, 2)", "substring(@, 1, 2)"))
		}
		d.domain = mapped(c.domain, strings.ToLower)
		return make(false, "lower(@)")
	case agreements.Date:
		if chance(r, 0.5) {
			d.typ, d.domain = agreements.Integer, numbers(1, 12)
			return make(false, "%s", pick(r, "month(@)", "date_part('month', @)", "extract(month FROM @)"))
		}
		d.typ = agreements.Date
		d.domain = mapped(c.domain, func(s string) string {
			t, _ := time.Parse(time.DateOnly, s)
			return t.AddDate(0, 0, 1-t.Day()).Format(time.DateOnly)
		})
		return make(false, "date_trunc('month', @)")
	case agreements.Integer:
		if chance(r, 0.5) {
			d.typ, d.domain = agreements.Integer, numbers(-2, 2)
			return make(true, "@ %% 3")
		}
		d.typ, d.pool = agreements.Integer, c.pool
		return make(true, "@ // 10 * 10")
	}
	return nil
}

// constantOutcomes is a condition on c, or a CASE of constants.
func constantOutcomes(r *rand.Rand, c, d *column, make func(bool, string, ...any) *column) *column {
	v, w := newLiteral(r, c), newLiteral(r, c)
	switch r.IntN(4) {
	case 0:
		d.typ, d.domain = agreements.Boolean, []string{"true", "false"}
		return make(true, "@ = %s", v)
	case 1:
		d.typ, d.domain, d.nullable = agreements.Boolean, []string{"true", "false"}, false
		return make(true, "@ IS NULL")
	case 2:
		d.domain, d.nullable = []string{"one", "two", "it's"}, false
		return make(true, "CASE WHEN @ = %s THEN 'one' WHEN @ >= %s THEN 'two' ELSE 'it''s' END", v, w)
	}
	d.typ, d.domain, d.nullable = agreements.Integer, []string{"-1", "7"}, true
	return make(true, "CASE WHEN @ < %s THEN 7 WHEN @ IS NULL THEN -1 END", v)
}

func numbers(from, to int) []string {
	var out []string
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

// mapped is the domain of a function of declared ASCII values.
func mapped(domain []string, fn func(string) string) []string {
	var out []string
	for _, v := range domain {
		if strings.ContainsFunc(v, func(c rune) bool { return c > 127 }) {
			return nil
		}
		out = append(out, fn(v))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// derive turns some groups into expressions, and in a join back again where
// the language refuses them.
func (q *question) derive(r *rand.Rand) {
	open := map[int]bool{}
	for i, g := range q.groups {
		if d := newDerived(r, g.column); d != nil && chance(r, 0.4) {
			q.groups[i].column = d
		}
		open[g.table] = open[g.table] || q.groups[i].domain == nil
	}
	for i, g := range q.groups {
		if d := g.derived; d != nil && d.free && len(q.tables) == 2 && open[g.table] && !q.careless {
			q.groups[i].column = d.base
		}
	}
}

// measured makes the argument of a sum: expressions of measures of one table,
// as text in which @ and # stand for the columns, with the scale it has.
type measured struct {
	text   string
	second *column
	scale  int
	typ    agreements.Type
}

func newMeasured(r *rand.Rand, c *column, others []*column, careless bool) *measured {
	m := &measured{typ: c.typ, scale: c.scale}
	if careless && chance(r, 0.5) {
		m.text = pick(r, "@ * 10001", "@ * @", "round(@)", "least(@, 5)", "abs(@)", "CASE WHEN @ > 3 THEN @ ELSE 1 END", "@ * 1000000000", "coalesce(@, 7)")
		return m
	}
	switch other := pick(r, others...); r.IntN(5) {
	case 0:
		m.text = "@ * 3 - 1"
	case 1:
		m.text = "-@"
	case 2:
		if c.scale < 6 {
			m.text, m.typ, m.scale = "0.5 * (2 - @)", agreements.Decimal, c.scale+1
		}
	case 3:
		if other != c && small(c) && small(other) {
			m.text, m.second, m.scale = "@ * #", other, c.scale+other.scale
			m.typ = either(c, other)
		}
	case 4:
		if other != c {
			m.text, m.second, m.scale = "@ + 2 * #", other, max(c.scale, other.scale)
			m.typ = either(c, other)
		}
	}
	if m.text == "" {
		return nil
	}
	return m
}

// small leaves room for a product.
func small(c *column) bool { return max(-c.min, c.max) < 100_000 }

func either(x, y *column) agreements.Type {
	if x.typ == agreements.Decimal || y.typ == agreements.Decimal {
		return agreements.Decimal
	}
	return agreements.Integer
}

// newExpressionTest compares an expression of one column, or two columns of
// one table, with a value.
func newExpressionTest(r *rand.Rand, c *column, columns []*column) (test func(name func(*column) string) string, other *column) {
	op, v := pick(r, "=", "<>", "<", "<=", ">", ">="), newLiteral(r, c)
	var forms []string
	switch c.typ {
	case agreements.Integer, agreements.Decimal:
		forms = []string{"@ * 2 - 1 ? " + v, "-@ ? 5", "abs(@) ? 3", "round(@ * 0.5) ? 2", "coalesce(@, 3) ? " + v, "least(@, 10) ? greatest(" + v + ", @ - 1)",
			"CASE WHEN @ > 5 THEN 1 WHEN @ IS NULL THEN 2.5 ELSE -@ END ? 1", "@ BETWEEN @ - 1 AND " + v}
		if c.typ == agreements.Integer {
			forms = append(forms, "@ % 4 ? 1", "@ // 7 ? -1")
		}
	case agreements.Date:
		forms = []string{"year(@) ? 2024", "date_part('dow', @) IN (0, 6)", "@ + 7 ? " + v, "@ - INTERVAL 3 DAY ? DATE '2024-02-01'",
			"date_trunc('month', @) ? DATE '2024-02-01'", "date_diff('day', DATE '2024-02-01', @) ? 0", "@ - DATE '2024-01-30' ? 1",
			"coalesce(@, DATE '2024-02-10') ? " + v}
	case agreements.Text:
		forms = []string{"lower(@) ? 'berlin'", "upper(@) LIKE 'B%'", "left(@, 2) ? 'Be'", "substring(@, 2) ? 'er'", "coalesce(@, 'zz') ? " + v,
			"CASE WHEN @ = " + v + " THEN 'x' ELSE lower(@) END ? 'x'", "CASE @ WHEN " + v + " THEN 1 ELSE 0 END ? 1"}
	default:
		forms = []string{"coalesce(@, TRUE) = FALSE", "CASE WHEN @ = TRUE THEN FALSE END = FALSE"}
	}
	form := strings.ReplaceAll(pick(r, forms...), "?", op)
	for c.tests != nil && strings.Contains(form, "CASE") { // its conditions are tests of their own
		form = strings.ReplaceAll(pick(r, forms[0], "coalesce(@, "+v+") ? "+v), "?", op)
	}
	for _, o := range columns {
		alike := o.typ == c.typ || (o.pool == nil && c.pool == nil)
		if o != c && alike && o.tests == nil && c.tests == nil && chance(r, 0.4) {
			form = "@ " + op + " #"
			return func(name func(*column) string) string {
				return strings.ReplaceAll(strings.ReplaceAll(form, "@", name(c)), "#", name(o))
			}, o
		}
	}
	return func(name func(*column) string) string { return strings.ReplaceAll(form, "@", name(c)) }, nil
}
