package release

import (
	"cmp"
	"math/big"
	"slices"

	"parley/agreements"
	"parley/analysis/plan"
)

// keyed is a row with its numbers read once for sorting.
type keyed struct {
	row  []Value
	nums []*big.Rat // nil where a value is NULL or not a number
}

// order applies ORDER BY and LIMIT, on released values only. NULLs come last
// unless NULLS FIRST was said, ascending or descending, as in DuckDB. Rows
// that tie are put in the order of all columns, so that an answer has one
// form and one hash.
func (t *Table) order(p *plan.Plan) error {
	if err := t.having(p.Output.Having); err != nil {
		return err
	}
	keys := slices.Clone(p.Output.OrderBy)
	for _, k := range keys {
		if k.Column < 0 || k.Column >= len(t.Columns) {
			return ErrShape
		}
	}
	for i := range t.Columns {
		keys = append(keys, plan.Order{Column: i})
	}
	rows := make([]keyed, 0, len(t.Rows))
	for _, r := range t.Rows {
		rows = append(rows, t.key(r))
	}
	slices.SortStableFunc(rows, func(a, b keyed) int {
		for _, k := range keys {
			if c := t.compare(a, b, k); c != 0 {
				return c
			}
		}
		return 0
	})
	if p.Output.Limit > 0 && len(rows) > p.Output.Limit {
		rows = rows[:p.Output.Limit]
	}
	t.Rows = t.Rows[:0]
	for _, r := range rows {
		t.Rows = append(t.Rows, r.row)
	}
	t.hide(p)
	return nil
}

func (t *Table) key(row []Value) keyed {
	k := keyed{row: row, nums: make([]*big.Rat, len(row))}
	for i, v := range row {
		if v.Null || !numeric(t.Columns[i].Type) {
			continue
		}
		if r, ok := new(big.Rat).SetString(v.Text); ok {
			k.nums[i] = r
		}
	}
	return k
}

func numeric(t agreements.Type) bool {
	return t == agreements.Integer || t == agreements.Decimal || t == Double
}

func (t *Table) compare(a, b keyed, k plan.Order) int {
	x, y := a.row[k.Column], b.row[k.Column]
	if x.Null || y.Null {
		return nullOrder(x.Null, y.Null, k.NullsFirst)
	}
	c := 0
	if m, n := a.nums[k.Column], b.nums[k.Column]; m != nil && n != nil {
		c = m.Cmp(n)
	} else {
		// Text compares bytewise, as in DuckDB; so do ISO dates and
		// false < true.
		c = cmp.Compare(x.Text, y.Text)
	}
	if k.Desc {
		return -c
	}
	return c
}

func nullOrder(x, y, first bool) int {
	switch {
	case x == y:
		return 0
	case x == first:
		return -1
	}
	return 1
}
