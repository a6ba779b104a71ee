package plan

import (
	"strconv"
	"strings"

	"parley/analysis/check"
)

// printQuery prints a checked question back as SQL, with parameters in place.
// It is for people and receipts; compiling it again gives the same plan. No
// engine ever runs it.
func printQuery(q *check.Query) string {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, it := range q.Items {
		if it.Hidden {
			continue
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(itemText(q, it))
		if it.Group < 0 || credited(q) || !plainly(q.Groups[it.Group].Expr, it.Name) {
			b.WriteString(" AS " + readable(it.Name))
		}
	}
	b.WriteString(" FROM ")
	if credited(q) {
		b.WriteString(pickedText(q))
	}
	b.WriteString(tableText(q.Tables[0]))
	if q.Left {
		b.WriteString(" LEFT JOIN " + tableText(q.Tables[1]) + " ON " + unitText(q.Tables[0]) + " = " + unitText(q.Tables[1]))
		if on := (questionPrinter{q: q, qualified: true}).conjuncts(q.Where[1]); on != "" {
			b.WriteString(" AND " + on)
		}
	} else if len(q.Tables) == 2 {
		b.WriteString(joinText(q) + " ON " + unitText(q.Tables[0]) + " = " + unitText(q.Tables[1]) + daysText(q))
	}
	b.WriteString(whereText(q))
	if credited(q) {
		b.WriteString(")")
	}
	b.WriteString(tailText(q))
	return b.String()
}

// plainly reports whether a group is a column of this name.
func plainly(e *check.Expr, name string) bool { return e.Plain() && e.Column.Name == name }

func tableText(t check.Table) string {
	if t.Stage != nil {
		return "(" + stageText(t, t.Stage) + ") AS " + readable(t.Alias)
	}
	if t.Alias == t.Dataset.Name {
		return readable(t.Dataset.Name)
	}
	return readable(t.Dataset.Name) + " AS " + readable(t.Alias)
}

func unitText(t check.Table) string {
	unit := t.Dataset.Rules.Unit.Column
	if t.Stage != nil {
		unit = t.Stage.Unit
	}
	return readable(t.Alias) + "." + readable(unit)
}

func itemText(q *check.Query, it check.Item) string {
	p := questionPrinter{q: q, qualified: true, outer: credited(q)}
	text := ""
	switch {
	case it.Group >= 0:
		return p.expr(q.Groups[it.Group].Expr)
	case it.Calc != nil:
		return calcText(q, it.Calc, false)
	case it.Func == "count_star":
		text = "COUNT(*)"
	case it.Func == "count_distinct":
		text = "COUNT(DISTINCT " + unitText(q.Tables[it.Table]) + ")"
	case it.Shared:
		text = "SUM(" + p.expr(it.Arg) + " / " + countName + ")"
	case it.Zero:
		text = strings.ToUpper(it.Func) + "(coalesce(" + p.expr(it.Arg) + ", 0))"
	default:
		text = strings.ToUpper(it.Func) + "(" + p.expr(it.Arg) + ")"
	}
	filter := p.conjuncts(it.Filters[:])
	if it.Partner != check.AnyPartner {
		if filter != "" {
			filter += " AND "
		}
		filter += unitText(q.Tables[1]) + " IS " + map[check.Partner]string{check.HasPartner: "NOT NULL", check.LacksOne: "NULL"}[it.Partner]
	}
	if filter != "" {
		text += " FILTER (WHERE " + filter + ")"
	}
	return text
}

func whereText(q *check.Query) string {
	var all []*check.Expr
	for t := range q.Tables {
		if t == 0 || !q.Left && (q.Days == nil || q.Days.Rule != check.LatestRow) { // see joinText
			all = append(all, q.Where[t]...)
		}
	}
	text, more := (questionPrinter{q: q, qualified: true}).conjuncts(all), oldest(q)
	if text != "" && more != "" {
		text += " AND "
	}
	if text += more; text != "" {
		return " WHERE " + text
	}
	return ""
}

func tailText(q *check.Query) string {
	out := ""
	for i, g := range q.Groups {
		out += separator(i, " GROUP BY ") + questionPrinter{q: q, qualified: true, outer: credited(q)}.expr(g.Expr)
	}
	if q.Having != nil {
		out += " HAVING " + havingText(q, q.Having)
	}
	for i, o := range q.OrderBy {
		out += separator(i, " ORDER BY ") + answered(q, o.Item)
		if o.Desc {
			out += " DESC"
		}
		if o.NullsFirst {
			out += " NULLS FIRST"
		}
	}
	if q.Limit > 0 {
		out += " LIMIT " + strconv.Itoa(q.Limit)
	}
	return out
}

func separator(i int, first string) string {
	if i == 0 {
		return first
	}
	return ", "
}

// havingText prints HAVING by the names of the answer's columns.
func havingText(q *check.Query, h *check.Having) string {
	if len(h.Kids) > 0 {
		kids := make([]string, 0, len(h.Kids))
		for _, k := range h.Kids {
			kids = append(kids, havingText(q, k))
		}
		return connected(h.Op, kids)
	}
	e := &check.Expr{Op: h.Op}
	for range h.Operands {
		e.Kids = append(e.Kids, nil)
	}
	next := 0
	return "(" + testText(e, func(*check.Expr) string {
		o := h.Operands[next]
		next++
		if o.Item >= 0 {
			return answered(q, o.Item)
		}
		return literal(o.Value)
	}) + ")"
}
