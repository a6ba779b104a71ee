package random

import (
	"math/rand/v2"

	"parley/agreements"
)

// question is one random question of the language, before it is written.
type question struct {
	asker   string
	tables  []*table // one, or two of two owners
	where   []condition
	groups  []field
	items   []item
	orderBy []order
	limit   int
}

// field is a column of tables[table].
type field struct {
	table int
	*column
}

// item is one column of the answer: a group (fn is "") or an aggregate.
type item struct {
	fn    string // count, units, sum, avg
	field field
	name  string
}

type order struct {
	item       int
	desc       bool
	nullsFirst bool
}

// condition is one conjunct of WHERE, about one table.
type condition struct {
	table int
	text  writer
}

// maxCells bounds groups of one side × groups of the other × aggregates, so
// that one question takes well under a second.
const maxCells = 160

func newQuestion(r *rand.Rand, w *world) *question {
	q := &question{asker: pick(r, "north", "south"), tables: []*table{pick(r, w.of("north")...), pick(r, w.of("south")...)}}
	if chance(r, 0.5) {
		q.tables[0], q.tables[1] = q.tables[1], q.tables[0]
	}
	if chance(r, 0.34) {
		q.tables = q.tables[:1]
	}
	q.chooseGroups(r)
	q.chooseItems(r)
	for cells(q) > maxCells && len(q.groups) > 0 {
		q.chooseGroups(r)
		q.chooseItems(r)
	}
	q.chooseWhere(r)
	q.chooseOrder(r)
	return q
}

func (q *question) chooseGroups(r *rand.Rand) {
	q.groups = nil
	side := pick(r, -1, 0, 1, 2, 2) // nobody's, either's, both
	for t := range q.tables {
		dims := q.tables[t].with(agreements.Dimension)
		if side == -1 || (len(q.tables) == 2 && side == 1-t) {
			continue
		}
		for _, c := range sample(r, 1+r.IntN(2), dims...) {
			q.groups = append(q.groups, field{t, c})
		}
	}
	q.groups = sample(r, len(q.groups), q.groups...)
}

// chooseItems selects most of the groups and some aggregates, in any order.
func (q *question) chooseItems(r *rand.Rand) {
	q.items = nil
	for _, g := range q.groups {
		if chance(r, 0.92) {
			q.items = append(q.items, item{field: g})
		}
	}
	for range pick(r, 1, 1, 2, 2, 3, 4) {
		q.items = append(q.items, q.aggregate(r))
	}
	q.items = sample(r, len(q.items), q.items...)
	if len(q.groups) > 0 && len(q.items) > 1 && q.items[0].fn == "" && chance(r, 0.04) {
		q.items = q.items[:1] // groups alone
	}
	for i := range q.items {
		q.items[i].name = pick(r, "out", "Wert", "select", "wert x", "n") + string(rune('a'+i))
	}
}

func (q *question) aggregate(r *rand.Rand) item {
	t := r.IntN(len(q.tables))
	switch m := q.tables[t].with(agreements.Measure); pick(r, 0, 1, 2, 2, 2, 3, 3) {
	case 0:
		return item{fn: "count"}
	case 1:
		return item{fn: "units", field: field{table: t}}
	case 2:
		return item{fn: "sum", field: field{t, pick(r, m...)}}
	default:
		return item{fn: "avg", field: field{t, pick(r, m...)}}
	}
}

// cells estimates what the encrypted join has to compute.
func cells(q *question) int {
	if len(q.tables) == 1 {
		return 1
	}
	sides := [2]int{1, 1}
	for _, g := range q.groups {
		n := len(g.pool)
		if g.domain != nil {
			n = len(g.domain)
		}
		if g.nullable {
			n++
		}
		sides[g.table] *= n
	}
	work := 1
	for _, it := range q.items {
		if it.fn != "" {
			work++
		}
	}
	return sides[0] * sides[1] * work
}

func (q *question) chooseOrder(r *rand.Rand) {
	if chance(r, 0.4) {
		return
	}
	for range 1 + r.IntN(2) {
		q.orderBy = append(q.orderBy, order{item: r.IntN(len(q.items)), desc: chance(r, 0.5), nullsFirst: chance(r, 0.3)})
	}
	if chance(r, 0.4) {
		q.limit = 1 + r.IntN(6)
	}
}

func (q *question) chooseWhere(r *rand.Rand) {
	for t := range q.tables {
		columns := q.tables[t].with(agreements.Filter)
		if len(columns) == 0 {
			continue
		}
		for range pick(r, 0, 0, 0, 1, 1, 2) {
			q.where = append(q.where, condition{t, newPredicate(r, t, columns, 2)})
		}
	}
	q.where = sample(r, len(q.where), q.where...)
}
