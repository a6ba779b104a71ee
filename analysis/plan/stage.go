package plan

import (
	"strconv"
	"strings"

	"parley/analysis/check"
)

// from prints what a query selects from: the rows of the dataset, or the
// subquery that is computed of them. A stage names its columns itself; the
// analyst's names are in no engine's query.
func (p enginePrinter) from(s *check.Stage) string {
	if s == nil {
		return " FROM data"
	}
	cols, keys := []string{unitColumn}, []string{"1"}
	for _, k := range s.Keys {
		cols = append(cols, p.slot(k))
		keys = append(keys, strconv.Itoa(len(cols)))
	}
	for _, v := range s.Slots {
		cols = append(cols, p.slot(v))
	}
	sql := " FROM (SELECT " + strings.Join(cols, ", ") + p.from(s.In) + p.where(s.Where)
	if s.Grouped {
		sql += " GROUP BY " + strings.Join(keys, ", ")
	}
	return sql + ") AS data"
}

func (p enginePrinter) slot(s *check.Slot) string { return p.expr(s.Expr) + " AS " + quote(s.Engine) }

// columnName is a column's name in an engine's query.
func columnName(e *check.Expr) string {
	if e.Slot != nil {
		return quote(e.Slot.Engine)
	}
	return quote(e.Column.Name)
}

// aggregates are the functions over the rows of one unit.
var aggregates = map[string]string{
	"count_star": "COUNT(*)", "count": "COUNT(", "count_distinct": "COUNT(DISTINCT ", "sum": "SUM(", "min": "MIN(", "max": "MAX(",
}

// computed prints an aggregate or a window within a unit. Sums are of 128-bit
// integers that package check has bounded.
func (p enginePrinter) computed(e *check.Expr) string {
	out := call(e, func(arg *check.Expr) string {
		if arg.Number() && !strings.HasPrefix(e.Word, "count") {
			return p.number(arg, arg.Scale)
		}
		return p.expr(arg)
	})
	if e.Op == "window" {
		return out + " OVER (" + p.over(e.Over) + ")"
	}
	if e.Filter != nil {
		out += " FILTER (WHERE " + p.expr(e.Filter) + ")"
	}
	return out
}

// call prints a function of a stage without its window and condition.
func call(e *check.Expr, expr func(*check.Expr) string) string {
	name, ok := aggregates[e.Word]
	switch {
	case ok && len(e.Kids) == 0:
		return name
	case ok:
		return name + expr(e.Kids[0]) + ")"
	case len(e.Kids) == 0:
		return e.Word + "()"
	case e.Over.Offset != 1 && (e.Word == "lag" || e.Word == "lead"):
		return e.Word + "(" + expr(e.Kids[0]) + ", " + strconv.FormatInt(e.Over.Offset, 10) + ")"
	}
	return e.Word + "(" + expr(e.Kids[0]) + ")"
}

func (p enginePrinter) over(o *check.Over) string {
	parts := append([]string{unitColumn}, p.list(o.Partition)...)
	out := "PARTITION BY " + strings.Join(parts, ", ")
	keys := sorts(o, p.expr)
	for _, t := range o.Ties {
		keys = append(keys, p.expr(t)+" NULLS LAST")
	}
	if len(keys) > 0 {
		out += " ORDER BY " + strings.Join(keys, ", ")
	}
	return out
}

// sorts prints the keys that a window is ordered by.
func sorts(o *check.Over, expr func(*check.Expr) string) []string {
	var out []string
	for _, s := range o.OrderBy {
		key := expr(s.Expr)
		if s.Desc {
			key += " DESC"
		}
		if s.NullsFirst {
			key += " NULLS FIRST"
		} else {
			key += " NULLS LAST"
		}
		out = append(out, key)
	}
	return out
}

// stageText prints a stage as the subquery that an analyst would write, its
// columns without a table's name.
func stageText(t check.Table, s *check.Stage) string {
	from, unit := readable(t.Dataset.Name), readable(t.Dataset.Rules.Unit.Column)
	if s.In != nil {
		from, unit = "("+stageText(t, s.In)+") AS "+from, readable(s.In.Unit)
	}
	p := questionPrinter{unit: unit}
	cols, keys := []string{named(unit, s.Unit)}, []string{unit}
	for _, k := range s.Keys {
		cols, keys = append(cols, named(p.expr(k.Expr), k.Name)), append(keys, p.expr(k.Expr))
	}
	for _, v := range s.Slots {
		cols = append(cols, named(p.expr(v.Expr), v.Name))
	}
	sql := "SELECT " + strings.Join(cols, ", ") + " FROM " + from
	if where := p.conjuncts(s.Where); where != "" {
		sql += " WHERE " + where
	}
	if s.Grouped {
		sql += " GROUP BY " + strings.Join(keys, ", ")
	}
	return sql
}

func named(text, name string) string {
	if text == readable(name) {
		return text
	}
	return text + " AS " + readable(name)
}

// computed prints an aggregate or a window as an analyst writes it.
func (p questionPrinter) computed(e *check.Expr) string {
	out := call(e, p.expr)
	if e.Op == "window" {
		over := "PARTITION BY " + p.unit
		for _, x := range e.Over.Partition {
			over += ", " + p.expr(x)
		}
		if keys := sorts(e.Over, p.expr); len(keys) > 0 {
			over += " ORDER BY " + strings.Join(keys, ", ")
		}
		return out + " OVER (" + over + ")"
	}
	if e.Filter != nil {
		out += " FILTER (WHERE " + p.expr(e.Filter) + ")"
	}
	return out
}
