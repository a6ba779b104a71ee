package plan

import (
	"parley/analysis/check"
	"parley/internal/weak"
)

// What an aggregate leaves out of its group follows by subtraction from other
// numbers of the same group: SUM(x) − SUM(x) FILTER (WHERE c) adds up the rows
// that do not meet c. It is judged by these rows. To compare the units of the
// group with those that meet c would not do: all of 100 units may meet c, one
// of them with a further row that does not, and the difference is that row.
//
//	SUM(x) − SUM(x) FILTER (WHERE c)              x is there, c is not true
//	COUNT(*) FILTER (WHERE c) − COUNT(x) FILTER … x is missing, c is true
//
// Each is no rows, or rows of at least k units. Where x is never missing or
// there is no condition, these are the rows where the measure, x under c, is
// NULL. Where both are, they are apart: k units without x must not hide the
// one that has x and does not meet c. What both leave out together is then
// judged as well: nothing, or as many.

// Left tests by counts of units what an aggregate leaves out: the counts
// Nothing are all 0, so that it is nothing, or one of AtLeast, each of which
// counts no more than the units of which something is left out, has reached k.
// Counts are products; in a OneOwner plan places in an engine's row of numbers.
type Left struct {
	AtLeast []int `json:"atLeast"`
	Nothing []int `json:"nothing"`
}

// leftOut is what an aggregate leaves out of one side's rows, as vectors of the
// units with such rows; nil: nothing.
type leftOut struct {
	unmet   *Vector       // x is there, and the condition is not true
	missing *Vector       // the condition is true, and x is missing where it counts
	present func() Vector // x is there, whatever the condition
}

// judged tells whether anything must be asked of what an aggregate leaves out:
// noise covers it, and of public data everything may be told.
func judged(q *check.Query) bool { return !q.PublicData && q.DP.None() && !weak.Off("R02") }

// leftOut adds the measures it needs.
func (b *localBuilder) leftOut(q *check.Query, it check.Item) leftOut {
	out := leftOut{present: func() Vector { return Vector{Of: Units} }}
	m := b.measureOf(q, it)
	if m < 0 || !b.local.Measures[m].Nullable {
		return out
	}
	filter := it.Filters[b.table]
	x := it.Arg
	if x == nil || it.Table != b.table || !x.Nullable || it.Shared && x.Constant() {
		out.unmet = &Vector{Of: Lacks, Measure: m}
		b.leavesOut(m, 0)
		return out
	}
	counts := it.Func != "sum" && !it.Zero // a sum shows no row without x
	if filter == nil {
		out.present = func() Vector { return Vector{Of: HasValue, Measure: m} }
		if counts {
			out.missing = &Vector{Of: Lacks, Measure: m}
		}
		return out
	}
	is := check.Present(x)
	out.present = func() Vector { return b.has(q, check.When(is, check.One())) }
	unmet := b.has(q, check.Unless(filter, check.When(is, check.One())))
	out.unmet = &unmet
	b.leavesOut(m, unmet.Measure+1)
	if counts {
		missing := b.has(q, check.Unless(is, check.When(filter, check.One())))
		out.missing = &missing
	}
	return out
}

// leavesOut notes which rows an aggregate's condition leaves out of a measure.
func (b *localBuilder) leavesOut(m, unmet int) {
	if b.unmet == nil {
		b.unmet = map[int]bool{}
	}
	if b.unmet[m] && b.local.Measures[m].Unmet != unmet {
		unmet = -1
	}
	b.unmet[m], b.local.Measures[m].Unmet = true, unmet
}

// has is the units with a value of a measure that is 1 or NULL.
func (b *localBuilder) has(q *check.Query, x *check.Expr) Vector {
	return Vector{Of: HasValue, Measure: b.measure(q, x, 1)}
}

// leftOf tests what an aggregate of a OneOwner plan leaves out.
func (b *localBuilder) leftOf(q *check.Query, it check.Item) []Left {
	if !judged(q) {
		return nil
	}
	return b.leftOut(q, it).each(func(v Vector) int {
		at := MeasuresAt + PerMeasure*v.Measure
		if v.Of == Lacks {
			return at + MeasureLeft
		}
		return at + MeasureUnits
	})
}

// each makes one test of what is left out of one side's own rows.
func (l leftOut) each(count func(Vector) int) []Left {
	var out []Left
	for _, v := range []*Vector{l.unmet, l.missing} {
		if v != nil {
			at := count(*v)
			out = append(out, Left{AtLeast: []int{at}, Nothing: []int{at}})
		}
	}
	return out
}

// left tests what an aggregate leaves out of the joined rows: those of which
// either side's part is left out. Products are by units, and in a join on time
// by its days where they count at least.
func (b *secureBuilder) left(it check.Item, other sideOf) []Left {
	if !judged(b.q) {
		return nil
	}
	t := it.Table
	mine, theirs := b.locals[t].leftOut(b.q, it), b.locals[1-t].leftOut(b.q, it)
	var unmet Left
	var out []Left
	add := func(l *Left, own, with Vector) {
		l.Nothing = append(l.Nothing, b.product(t, own, with))
		l.AtLeast = append(l.AtLeast, b.pair(t, own, with))
	}
	if mine.unmet != nil {
		add(&unmet, *mine.unmet, Vector{Of: Units})
	}
	if theirs.unmet != nil {
		add(&unmet, mine.present(), *theirs.unmet)
	}
	if len(unmet.Nothing) > 0 {
		out = append(out, unmet)
	}
	if mine.missing != nil {
		var missing Left
		add(&missing, *mine.missing, other.units())
		out = append(out, missing)
	}
	return out
}

// leftOwn tests what an aggregate of W's own rows leaves out of them.
func (b *secureBuilder) leftOwn(it check.Item) []Left {
	if !judged(b.q) {
		return nil
	}
	return b.locals[0].leftOut(b.q, it).each(b.own)
}

// leftAlone is leftOwn among the units without a partner.
func (b *secureBuilder) leftAlone(it check.Item) []Left {
	return b.locals[0].leftOut(b.q, it).each(func(v Vector) int { return b.product(0, v, noPartner) })
}
