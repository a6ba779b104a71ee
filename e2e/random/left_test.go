package random

import "fmt"

// depends reports an aggregate of a LEFT JOIN that tells of the right side.
// What is of the left side alone is under the rules of a question about it.
func (q *question) depends(it item) bool {
	if it.fn == "" {
		return false
	}
	if it.field.table == 1 && it.fn != "count" || it.alone {
		return true
	}
	for _, c := range it.only {
		if c.table == 1 {
			return true
		}
	}
	return q.tables[1].maxRows > 1 && it.fn != "units"
}

// restsOn counts the units with a partner that such an aggregate rests on, or
// those without one where it is about these.
func (q *question) restsOn(s style, it numbered) string {
	name := func(f field) string { return q.column(s, f) }
	cond := q.unit(s, 1) + " IS NOT NULL"
	if it.alone {
		cond = q.unit(s, 1) + " IS NULL"
	}
	if len(it.only) > 0 {
		cond += " AND " + conjunction(it.only, name)
	}
	if it.fn != "count" && it.fn != "units" && !it.zero {
		cond += " AND (" + q.argument(s, it.item) + ") IS NOT NULL"
	}
	return fmt.Sprintf("COUNT(DISTINCT CASE WHEN %s THEN %s END) AS __h%s", cond, q.unit(s, 0), it.id)
}

// enoughLeft: besides k units that it rests on, at least k of either side's own
// have no partner, and what a condition leaves out of the rows with one is none
// or rows of k.
func (q *question) enoughLeft(s string, it numbered, k int) string {
	if public(q.tables...) {
		return s
	}
	s += fmt.Sprintf(" AND b.__c - b.__m >= %d AND own1.n - own1.m >= %[1]d", k)
	switch {
	case it.alone:
		s += fmt.Sprintf(" AND b.__m >= %d", k)
	case it.leavesOut() && !it.zero:
		s += enoughLeftOut(it, k)
	}
	return s
}
