package random

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// apart is the condition of a join on time: from the date of tables[0] to that
// of tables[1] it is lo to hi days.
type apart struct {
	columns [2]*column
	lo, hi  int
	open    bool // hi does not count
	form    int
	inWhere bool
	latest  bool // ASOF JOIN: each row of tables[0] with the latest of tables[1] before it, at most hi days
}

// latest reports an ASOF JOIN.
func (q *question) latest() bool { return q.apart != nil && q.apart.latest }

func (t *table) day() *column {
	for _, c := range t.columns {
		if c.days != nil {
			return c
		}
	}
	return nil
}

func (q *question) chooseApart(r *rand.Rand) {
	if len(q.tables) < 2 || q.tables[0].day() == nil || q.tables[1].day() == nil || chance(r, 0.55) {
		return
	}
	q.apart = &apart{columns: [2]*column{q.tables[0].day(), q.tables[1].day()}, lo: r.IntN(5) - 2, form: r.IntN(6), inWhere: chance(r, 0.4)}
	q.apart.hi = q.apart.lo + r.IntN(14)
	if q.tables[1].day().solo && chance(r, 0.5) { // of two rows of one day, any could be the latest
		q.apart = &apart{columns: q.apart.columns, hi: r.IntN(14), open: chance(r, 0.4), latest: true}
	}
}

// functions are those that the condition's text applies to the date of a table.
// n0.day >= s0.day + 2 adds to the day of s0 alone, so only its owner is asked.
func (a *apart) functions(table int) []string {
	both := [2][]string{{"-"}, {"-"}}
	switch {
	case a.latest && a.open:
		return nil
	case a.latest || a.form == 3:
	case a.form == 2:
		both = [2][]string{{"date_diff"}, {"date_diff"}}
	case a.form == 4:
		both[0] = nil
	default:
		both = [2][]string{{"+"}, nil}
	}
	return both[table]
}

func (a *apart) text(x, y string) string {
	form := []string{
		"%[2]s BETWEEN %[1]s + %[3]d AND %[1]s + %[4]d",
		"%[2]s >= %[1]s + %[3]d AND %[2]s <= %[1]s + %[4]d",
		"date_diff('day', %[1]s, %[2]s) BETWEEN %[3]d AND %[4]d",
		"%[2]s - %[1]s BETWEEN %[3]d AND %[4]d",
		"%[1]s BETWEEN %[2]s - %[4]d AND %[2]s - %[3]d",
		"%[2]s >= %[1]s + %[3]d",
	}[a.form]
	return strings.NewReplacer("%[1]s", x, "%[2]s", y, "%[3]d", fmt.Sprint(a.lo), "%[4]d", fmt.Sprint(a.hi)).Replace(form)
}

// together are the conditions on both tables' rows at once.
func (q *question) together(s style) []string {
	switch {
	case q.apart == nil || q.latest() && q.apart.open:
		return nil
	case q.latest():
		return []string{fmt.Sprintf("%s - %s <= %d", q.column(s, field{0, q.apart.columns[0]}), q.column(s, field{1, q.apart.columns[1]}), q.apart.hi)}
	}
	return []string{q.apart.text(q.column(s, field{0, q.apart.columns[0]}), q.column(s, field{1, q.apart.columns[1]}))}
}
