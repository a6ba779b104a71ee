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
	lo, hi := strconv.FormatInt(d.Lo, 10), strconv.FormatInt(d.Hi, 10)
	switch {
	case d.Lo == -check.Open:
		return " AND " + apart + " <= " + hi
	case d.Hi == check.Open:
		return " AND " + apart + " >= " + lo
	}
	return " AND " + apart + " BETWEEN " + lo + " AND " + hi
}

func dateText(q *check.Query, table int) string {
	return readable(q.Tables[table].Alias) + "." + readable(q.Days.Columns[table].Name)
}
