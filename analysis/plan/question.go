package plan

import (
	"strconv"
	"strings"

	"parley/agreements"
	"parley/analysis/check"
)

// printQuery prints a checked question back as SQL, with parameters in place.
// It is for people and receipts; compiling it again gives the same plan. No
// engine ever runs it.
func printQuery(q *check.Query) string {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, it := range q.Items {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(itemText(q, it))
		if it.Group < 0 || it.Name != q.Groups[it.Group].Rule.Name {
			b.WriteString(" AS " + readable(it.Name))
		}
	}
	b.WriteString(" FROM " + tableText(q.Tables[0]))
	if len(q.Tables) == 2 {
		b.WriteString(" JOIN " + tableText(q.Tables[1]) + " ON " + unitText(q.Tables[0]) + " = " + unitText(q.Tables[1]))
	}
	b.WriteString(whereText(q))
	b.WriteString(tailText(q))
	return b.String()
}

func tableText(t check.Table) string {
	if t.Alias == t.Dataset.Name {
		return readable(t.Dataset.Name)
	}
	return readable(t.Dataset.Name) + " AS " + readable(t.Alias)
}

func unitText(t check.Table) string {
	return readable(t.Alias) + "." + readable(t.Dataset.Rules.Unit.Column)
}

func columnText(q *check.Query, c check.Column) string {
	return readable(q.Tables[c.Table].Alias) + "." + readable(c.Rule.Name)
}

func itemText(q *check.Query, it check.Item) string {
	switch it.Func {
	case "":
		return columnText(q, q.Groups[it.Group])
	case "count_star":
		return "COUNT(*)"
	case "count_distinct":
		return "COUNT(DISTINCT " + unitText(q.Tables[0]) + ")"
	}
	return strings.ToUpper(it.Func) + "(" + columnText(q, it.Arg) + ")"
}

func whereText(q *check.Query) string {
	var parts []string
	for t := range q.Tables {
		p := printer{value: literal, column: func(c *agreements.Column) string {
			return columnText(q, check.Column{Table: t, Rule: c})
		}}
		for _, c := range q.Where[t] {
			parts = append(parts, p.pred(c))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(parts, " AND ")
}

func tailText(q *check.Query) string {
	out := ""
	for i, g := range q.Groups {
		out += separator(i, " GROUP BY ") + columnText(q, g)
	}
	for i, o := range q.OrderBy {
		out += separator(i, " ORDER BY ") + readable(q.Items[o.Item].Name)
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
