package random

import (
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// coverage counts what was met, so that a change of the generator that makes
// the test empty is seen.
type coverage struct {
	mu                                        sync.Mutex
	worlds, cases, joins, ownerAsked          int
	both, oneSide, released, withheld, nulls  int
	complement, ordered, limited, conditional int
	groupings, arguments, filters, foreign    int // expressions and FILTERs
	valueCounts, having, cutByHaving          int
	subqueries                                int
	perUnit, different, windows               int
	spreads, calcs, unseen, latest            int
	lefts, leftReleased, leftKept             int
	onTime, onTimeReleased, keptBack          int
	unlawful                                  map[string]int // by the law's reason
	refused                                   map[string]int // lawful, by the refusal's code
	took                                      time.Duration
}

func (c *coverage) add(fn func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fn()
}

// forbidden counts a question that the law forbids and the node refused.
func (c *coverage) forbidden(why string) {
	if c.unlawful == nil {
		c.unlawful = map[string]int{}
	}
	c.unlawful[why]++
}

// refusal counts a lawful question that was refused for an explained reason.
func (c *coverage) refusal(code string) {
	if c.refused == nil {
		c.refused = map[string]int{}
	}
	c.refused[code]++
}

func total(m map[string]int) (n int) {
	for _, x := range m {
		n += x
	}
	return n
}

func (c *coverage) count(q *question, how style, want *expectation, took time.Duration) {
	flag := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	sides := [2]bool{}
	for _, g := range q.groups {
		sides[g.table] = true
	}
	c.cases++
	c.took += took
	flag(&c.joins, len(q.tables) == 2)
	flag(&c.ownerAsked, len(q.tables) == 1 && q.tables[0].owner == q.asker)
	flag(&c.both, sides[0] && sides[1])
	flag(&c.oneSide, sides[0] != sides[1])
	flag(&c.released, want.released > 0)
	flag(&c.withheld, want.candidates > want.released)
	flag(&c.nulls, want.guarded > 0)
	flag(&c.complement, want.complement > 0)
	flag(&c.ordered, len(q.orderBy) > 0)
	flag(&c.limited, q.limit > 0 && want.released > q.limit)
	flag(&c.conditional, len(q.where) > 0)
	for _, g := range q.groups {
		flag(&c.groupings, g.derived != nil)
	}
	for _, it := range q.items {
		flag(&c.arguments, it.arg != nil)
		flag(&c.filters, len(it.only) > 0)
		flag(&c.calcs, it.fn == "calc")
		flag(&c.spreads, it.spread())
		flag(&c.unseen, it.unseen)
		flag(&c.valueCounts, it.fn == "values")
		flag(&c.foreign, (it.fn == "sum" || it.fn == "avg") && slices.ContainsFunc(it.only, func(o condition) bool { return o.table != it.field.table }))
	}
	flag(&c.subqueries, how.inside(0) || (how.inside(1) && len(q.tables) == 2))
	if q.left {
		c.lefts++
		c.leftReleased += want.released
		c.leftKept += want.unreleased
	}
	if q.apart != nil {
		c.onTime++
		flag(&c.latest, q.latest())
		c.onTimeReleased += want.released
		c.keptBack += want.unreleased
	}
	flag(&c.perUnit, q.views("per unit"))
	flag(&c.different, q.views("different"))
	flag(&c.windows, q.views("window"))
	flag(&c.having, q.having != nil)
	flag(&c.cutByHaving, len(want.rows) < want.released)
}

func (c *coverage) String() string {
	self, children := cpuSeconds()
	return fmt.Sprintf("%d questions over %d worlds: %d joins, %d one-owner (%d asked by the owner); groups on both sides %d, on one %d; "+
		"with WHERE %d, ORDER BY %d, cut by LIMIT %d; expressions grouped by %d, summed %d; FILTER or CASE %d, by the other owner's rows %d; COUNT of a column %d; HAVING %d, cutting %d; subqueries %d; per-unit subqueries %d, of different values %d, of windows %d; variances %d, expressions over aggregates %d, unselected aggregates %d; LEFT JOIN %d with %d rows, %d more kept back; ASOF %d; on time %d with %d rows, %d more kept back; something released %d, withheld %d, by the complement alone %d, NULL for too few values %d; against the law and refused %d, for %d reasons: %v; lawful and refused %d: %v; %.0f ms each, CPU %.1f s here and %.1f s in engines",
		c.cases, c.worlds, c.joins, c.cases-c.joins, c.ownerAsked, c.both, c.oneSide,
		c.conditional, c.ordered, c.limited, c.groupings, c.arguments, c.filters, c.foreign, c.valueCounts, c.having, c.cutByHaving, c.subqueries, c.perUnit, c.different, c.windows, c.spreads, c.calcs, c.unseen, c.lefts, c.leftReleased, c.leftKept, c.latest, c.onTime, c.onTimeReleased, c.keptBack, c.released, c.withheld, c.complement, c.nulls, total(c.unlawful), len(c.unlawful), c.unlawful, total(c.refused), c.refused, float64(c.took.Milliseconds())/float64(max(c.cases, 1)), self, children)
}

// mustReach fails if some kind of case is nearly missing. What a kind's share is
// depends on the worlds that were drawn: of a few worlds a quarter of the share
// is asked for, since their questions go together (of the 14 worlds of one run
// 1.3 % of the questions were withheld by the complement alone, of all 120 3.3 %).
func (c *coverage) mustReach(t *testing.T) {
	t.Helper()
	part := 1
	if c.worlds < shortWorlds {
		part = 4
	}
	for _, x := range []struct {
		what string
		n    int
		per  int // least of a hundred
	}{
		{"joins", c.joins, 50}, {"one-owner questions", c.cases - c.joins, 10}, {"groups on both sides", c.both, 10},
		{"groups on one side", c.oneSide, 15}, {"released", c.released, 30}, {"withheld", c.withheld, 30},
		{"withheld by the complement alone", c.complement, 2}, {"NULL for too few values", c.nulls, 3},
		{"cut by LIMIT", c.limited, 1}, {"ordered", c.ordered, 20}, {"conditions", c.conditional, 30},
		{"groups by expressions", c.groupings, 12}, {"per-unit subqueries", c.perUnit, 8}, {"subqueries of different values", c.different, 2}, {"windows in a subquery", c.windows, 2}, {"variances", c.spreads, 5}, {"expressions over aggregates", c.calcs, 8}, {"aggregates that are not selected", c.unseen, 5}, {"LEFT JOIN", c.lefts, 5}, {"joins on time", c.onTime, 3},
		{"sums of expressions", c.arguments, 12}, {"FILTER or CASE", c.filters, 15},
		{"FILTER by the other owner's rows", c.foreign, 4}, {"COUNT of a column", c.valueCounts, 8}, {"HAVING", c.having, 5}, {"cut by HAVING", c.cutByHaving, 1}, {"subqueries", c.subqueries, 10},
	} {
		if 100*part*x.n < x.per*c.cases {
			t.Errorf("%s: %d of %d questions, expected %g%% at least", x.what, x.n, c.cases, float64(x.per)/float64(part))
		}
	}
}

// cpuSeconds is what this process and its ended children have used.
func cpuSeconds() (self, children float64) {
	seconds := func(who int) float64 {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) != nil {
			return 0
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
	}
	return seconds(syscall.RUSAGE_SELF), seconds(syscall.RUSAGE_CHILDREN)
}
