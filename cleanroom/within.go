package cleanroom

import (
	"parley/analysis/plan"
	"parley/cleanroom/history"
)

// closeWithin tells whether two conditions of one question select the same but
// for 1 to k-1 units, over all groups or in one: their numbers stand side by
// side in the answer, and would tell what those few are as two questions would
// (R01). So do two of which one leaves out what the other selects: with the
// group's own number they tell what both select, or neither (R02). What a condition leaves out of the group itself is tested when the
// answer is released, and withholds that number alone.
func closeWithin(h *history.Hasher, local *plan.Local, adders []*adder, k int) bool {
	for i, a := range adders {
		for _, b := range adders[:i] {
			if a.kind != b.kind || !otherRows(local, a.vector, b.vector) {
				continue
			}
			if h.Near(a.total, b.total, k) || a.byDay != nil && h.Near(a.byDay, b.byDay, k) {
				return true
			}
			for g := range a.groups {
				if a.groups[g] != nil && b.groups[g] != nil && h.Near(a.groups[g], b.groups[g], k) {
					return true
				}
			}
		}
	}
	return false
}

// otherRows tells whether two vectors are about different rows, of which a
// condition picks those of one at least.
func otherRows(local *plan.Local, a, b plan.Vector) bool {
	measure := func(v plan.Vector) *plan.Measure {
		switch v.Of {
		case plan.HasValue, plan.Count, plan.Sum, plan.Lacks:
			return &local.Measures[v.Measure]
		}
		return nil
	}
	x, y := measure(a), measure(b)
	return x != nil && y != nil && x != y && x.Nullable && y.Nullable && (x.Conditional || y.Conditional)
}

// tooCloseWithin is an ErrTooClose without an earlier question.
type tooCloseWithin string

func (e tooCloseWithin) Error() string { return string(e) }

func (tooCloseWithin) Is(target error) bool { return target == ErrTooClose }

// leftBy are the units with rows that a condition leaves out, of each whose
// vectors are given. They are compared with what other conditions of the same
// question select, and with nothing else.
func leftBy(local *plan.Local, vectors []plan.Vector) []plan.Vector {
	var out []plan.Vector
	for _, v := range vectors {
		if v.Of == plan.HasValue && local.Measures[v.Measure].Conditional {
			v.Of = plan.Lacks
			out = append(out, v)
		}
	}
	return out
}
