package plan

import (
	"strconv"

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
