package random

import (
	"slices"
	"strings"

	"parley/agreements"
	"parley/analysis/sql"
)

// A lawful question may be refused for these reasons alone. Each is a limit
// that the documentation states; the counts are printed with the coverage.
var reasons = []struct {
	code, why string
	when      func(q *question) bool
}{
	{"time-count", "units are not counted exactly in a join on time", func(q *question) bool { return q.apart != nil && q.counts("units") }},
	{"time-variance", "a variance is not taken in a join on time", func(q *question) bool {
		return q.apart != nil && slices.ContainsFunc(q.aggregates(), func(n numbered) bool { return n.spread() })
	}},
	{"overflow", "a sum of squares could leave 64 bits by the declared bounds", func(q *question) bool {
		return slices.ContainsFunc(q.aggregates(), func(n numbered) bool { return n.spread() })
	}},
	{"bad-asof", "the second table of an ASOF JOIN is not added up", func(q *question) bool {
		return q.latest() && (q.tables[1].view != "" && slices.ContainsFunc(q.where, func(c condition) bool { return c.table == 1 })) || q.latest() && slices.ContainsFunc(q.aggregates(), func(n numbered) bool { return n.field.table == 1 })
	}},
	{"use-not-allowed", "COUNT of a subquery's column is a condition on it", func(q *question) bool {
		return slices.ContainsFunc(q.aggregates(), func(n numbered) bool {
			return n.fn == "values" && q.tables[n.field.table].view != "" && !n.field.allows(agreements.Filter)
		})
	}},
	{"unused-window", "a window that nothing uses", func(q *question) bool { return q.views("window") }},
	{"overflow", "what a subquery adds up could leave 64 bits by the declared bounds", func(q *question) bool { return q.views("per unit") }},
	{"operator-not-allowed", "a test under NOT may stand for its opposite", func(q *question) bool {
		return slices.ContainsFunc(q.marks(), func(m mark) bool { return m.denied && m.column.tests != nil })
	}},
	{"left-condition", "rows without a partner would meet a condition on the right side", func(q *question) bool { return q.left }},
	{"not-a-measure", "COALESCE of a subquery's value", func(q *question) bool { return q.left && q.views("per unit") }},
	{"empty-window", "no days of the two tables are so far apart", func(q *question) bool { return q.apart != nil }},
}

func (q *question) views(kind string) bool {
	return slices.ContainsFunc(q.tables, func(t *table) bool { return t.view == kind })
}

// tooLarge reports a run that ended because the partners' sizes and declared
// bounds together leave the encrypted sums' range, which needs no row.
func tooLarge(q *question, err error) bool {
	return strings.Contains(err.Error(), "the declared bounds are too large for the encrypted join") &&
		(q.views("per unit") || slices.ContainsFunc(q.aggregates(), func(n numbered) bool { return n.spread() }))
}

func (q *question) counts(fn string) bool {
	return slices.ContainsFunc(q.aggregates(), func(n numbered) bool { return n.fn == fn })
}

// explained reports whether the refusal of a lawful question is accounted for.
func explained(q *question, r *sql.Refusal) bool {
	for _, x := range reasons {
		if x.code == r.Code && x.when(q) {
			return true
		}
	}
	return false
}
