package plan

import (
	"slices"
	"strconv"
	"strings"

	"parley/analysis/check"
)

// daysText prints the condition of a join on time, to follow that on the units.
func daysText(q *check.Query) string {
	d := q.Days
	if d == nil {
		return ""
	}
	apart := "date_diff('day', " + dateText(q, d.State) + ", " + dateText(q, 1-d.State) + ")"
	if d.Rule == check.LatestRow {
		later := " AND " + dateText(q, 0) + " >= " + dateText(q, 1)
		if d.Lo != 0 {
			later += " + " + strconv.FormatInt(d.Lo, 10)
		}
		return later
	}
	lo, hi := strconv.FormatInt(d.Lo, 10), strconv.FormatInt(d.Hi, 10)
	switch {
	case d.Lo == -check.Open:
		return " AND " + apart + " <= " + hi
	case d.Hi == check.Open:
		return " AND " + apart + " >= " + lo
	}
	return " AND " + apart + " BETWEEN " + lo + " AND " + hi
}

// joinText prints JOIN and the second table. The conditions on the second
// table of an ASOF JOIN come before it: WHERE would be another question.
func joinText(q *check.Query) string {
	t := q.Tables[1]
	if q.Days == nil || q.Days.Rule != check.LatestRow {
		return " JOIN " + tableText(t)
	}
	text := tableText(t)
	if where := (questionPrinter{q: q, qualified: true}).conjuncts(q.Where[1]); where != "" {
		text = "(SELECT * FROM " + text + " WHERE " + where + ") AS " + readable(t.Alias)
	}
	return " ASOF JOIN " + text
}

// oldest prints how old the latest row of an ASOF JOIN may be.
func oldest(q *check.Query) string {
	d := q.Days
	if d == nil || d.Rule != check.LatestRow || d.Hi == check.Open {
		return ""
	}
	return "(date_diff('day', " + dateText(q, d.State) + ", " + dateText(q, 1-d.State) + ") <= " + strconv.FormatInt(d.Hi, 10) + ")"
}

func dateText(q *check.Query, table int) string {
	return readable(q.Tables[table].Alias) + "." + readable(q.Days.Columns[table].Name)
}

// countName is the count of an attribution in a printed question.
const countName = "n_met"

func credited(q *check.Query) bool { return q.Days != nil && q.Days.Rule == check.Credit }

// pickedName is what the subquery of an attribution calls a column.
func pickedName(q *check.Query, e *check.Expr) string {
	return q.Tables[e.Table].Alias + "_" + e.Column.Name
}

// pickedText begins the subquery of an attribution, up to FROM.
func pickedText(q *check.Query) string {
	var picked []string
	pick := func(e *check.Expr) {
		e.EachColumn(func(c *check.Expr) {
			text := (questionPrinter{q: q, qualified: true}).expr(c) + " AS " + readable(pickedName(q, c))
			if !slices.Contains(picked, text) {
				picked = append(picked, text)
			}
		})
	}
	for _, g := range q.Groups {
		pick(g.Expr)
	}
	for _, it := range q.Items {
		if it.Shared {
			pick(it.Arg)
		}
	}
	events := q.Tables[1-q.Days.State]
	picked = append(picked, "COUNT(*) OVER (PARTITION BY "+readable(events.Alias)+".rowid) AS "+countName)
	return "(SELECT " + strings.Join(picked, ", ") + " FROM "
}
