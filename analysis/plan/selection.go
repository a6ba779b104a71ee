package plan

import "parley/analysis/check"

// Selection is what a one-owner question selects, in the form of a join's
// Local: one row per row of data that counts, with the unit. The owner's node
// compares it with what earlier questions selected. It is no part of the plan.
func Selection(q *check.Query) *Local {
	b := newLocal(q, 0)
	for _, it := range q.Items {
		if it.Group < 0 {
			oneOwnerAggregate(q, b, it)
		}
	}
	for i, m := range b.measures {
		if most := b.local.Measures[i].MaxAbs; most <= 0 || most > 1<<62/max(b.local.MaxRowsPerUnit, 1) {
			// Its values have no bound, and adding them up must not fail: only
			// which rows have one is compared.
			b.measures[i] = check.When(check.Present(m), check.One())
		}
	}
	l := b.build(OneOwner, true)
	return &l
}
