package plan

import (
	"parley/analysis/check"
	"parley/internal/weak"
)

// A LEFT JOIN keeps the left side's rows that have no partner. W is the left
// side, and groups are of it alone. With rows the number of W's rows and max(r,
// 1) that of V's, or 1 where V has none,
//
//	COUNT(*)                  Σ rows·max(r, 1)
//	SUM(left.x)               Σ sum_x·max(r, 1)
//	COUNT(DISTINCT left.unit) Σ 1, of W alone
//	SUM(right.x)              as in an inner join
//	AVG(COALESCE(right.x, 0)) SUM(right.x) over COUNT(*)
//	… FILTER (WHERE right.unit IS NULL)   Σ rows·(1 where V has none)
//
// Where V has at most one row for a unit, max(r, 1) is 1, and what is of the
// left side alone needs nothing of V.
//
// Thresholds. Of a cell with n units of W, m of which are matched, that is have
// a row of V that ON lets through:
//
//   - The cell is released if n ≥ k. It then tells what W's own rows tell.
//   - An aggregate that depends on V is released if the matched units that it
//     rests on are at least k, and if, as in inner joins, at least k units of
//     W's group are not matched and at least k of V's are not (Complement).
//     Without the latter, n − m would tell that all but a few are members of
//     the other set: both numbers are in the answer (R02).
//   - What a condition, or an argument that may be missing, leaves out of the
//     rows with a partner is nothing, or rows of at least k units, since both
//     can be asked side by side; see left.go.
//   - A condition on the left side picks some of W's units, say p, of which c
//     are matched: p − c is at least k. p can be asked too, and what is left
//     would be numbers of the p − c.
//   - A condition on the right side picks some of V's units, of whom as many
//     must have no partner: V knows who these are.
//   - What is kept without a partner (COUNT(*), SUM(left.x)) rests on all p:
//     what is left out of W's rows is tested as in a question about W alone,
//     and for what has no partner among those without one.
//   - Who has no partner is counted by n − m: the matched are at least k too.

// rightRows are V's rows of a unit, 1 where it has none.
var rightRows = Vector{Of: Rows, Else: 1}

// noPartner is 1 where V has no row.
var noPartner = Vector{Of: NoRow, Else: 1}

// outer sets what all cells of a LEFT JOIN are tested by.
func (b *secureBuilder) outer() {
	b.s.Outer, b.s.Complement = true, false
	b.s.CellGuard = b.own(Vector{Of: Units})
	b.s.SharedW = b.matched()
	b.s.SharedV = b.s.SharedW
	if len(b.q.Groups) > 0 && !b.q.PublicData {
		b.s.SharedV = b.product(1, Vector{Of: Units}, Vector{Of: Units, Any: true})
	}
}

// own is the sum of W's own numbers; W is the left side.
func (b *secureBuilder) own(v Vector) int { return b.ownOf(0, v) }

// matched counts W's units that have a row of V.
func (b *secureBuilder) matched() int { return b.product(0, Vector{Of: Units}, Vector{Of: Units}) }

// outerAggregate adds the products of an aggregate of a LEFT JOIN.
func (b *secureBuilder) outerAggregate(it check.Item) Aggregate {
	left, right := b.side(it, 0), b.side(it, 1)
	out := aggregateOf(it)
	ofRight := it.Table == 1 || it.Filters[1] != nil || it.Partner == check.HasPartner
	kept := !ofRight && it.Partner == check.AnyPartner
	times := func(v Vector) int { // what W's number is multiplied with
		switch {
		case it.Partner == check.LacksOne:
			return b.product(0, v, noPartner)
		case ofRight:
			return b.product(0, v, right.rows())
		case b.locals[1].local.MaxRowsPerUnit == 1 || it.Func == "count_distinct":
			return b.own(v)
		}
		return b.product(0, v, rightRows)
	}
	sum := func(measure int) int {
		if it.Table == 1 {
			return b.product(1, Vector{Of: Sum, Measure: measure}, left.rows())
		}
		return times(Vector{Of: Sum, Measure: measure})
	}
	switch {
	case it.Func == "count_distinct" && ofRight:
		out.Total = b.product(0, left.units(), right.units())
	case it.Func == "count_distinct":
		out.Total = times(left.units())
	case it.Arg == nil || it.Func == "count":
		out.Total = times(left.rows())
	default:
		out.Total = sum(b.side(it, it.Table).measure)
		if it.Func != "sum" {
			out.Rows = times(left.rows())
		}
		if it.Zero {
			out.Rows = b.keptRows(left)
		}
		if out.Func.Spread() {
			out.Squares = sum(b.locals[it.Table].squaresOf(b.q, it))
		}
	}
	if kept && b.s.Products[out.Total].Value == Own {
		b.ownGuard(&out, it, left)
		return out
	}
	b.outerGuard(&out, it, left, right, kept || it.Zero)
	return out
}

// keptRows counts the joined rows, those without a partner too.
func (b *secureBuilder) keptRows(left sideOf) int {
	if b.locals[1].local.MaxRowsPerUnit == 1 {
		return b.own(left.rows())
	}
	return b.product(0, left.rows(), rightRows)
}

// ownGuard: an aggregate of W's own rows, as in a question about them alone.
func (b *secureBuilder) ownGuard(out *Aggregate, it check.Item, left sideOf) {
	if left.some {
		out.Guard, out.Nullable, out.Left = b.own(left.units()), true, b.leftOwn(it)
	}
}

// outerGuard sets what an aggregate that depends on V rests on. kept says that
// units without a partner are in it as well.
func (b *secureBuilder) outerGuard(out *Aggregate, it check.Item, left, right sideOf, kept bool) {
	lacks := it.Partner == check.LacksOne
	matched := b.product(0, left.units(), right.units())
	out.Guard, out.Nullable = matched, true
	if lacks {
		out.Guard = b.product(0, left.units(), noPartner)
	}
	if b.q.PublicData || weak.Off("R02") {
		return
	}
	out.Complement = true
	part := func(count, whole int) { out.Parts = append(out.Parts, Part{Count: count, Whole: whole}) }
	if lacks {
		part(b.matched(), b.s.CellGuard)
	}
	other := right
	if it.Table == 1 {
		other = left
	}
	out.Left = b.left(it, other)
	if lacks {
		out.Left = append(out.Left, b.leftAlone(it)...)
	}
	if right.some {
		units := right.units()
		part(b.product(1, units, Vector{Of: Units, Any: len(b.q.Groups) > 0}), b.ownOf(1, units))
	}
	if !left.some {
		return
	}
	part(b.product(0, left.units(), Vector{Of: Units}), b.own(left.units()))
	if kept {
		out.Left = append(out.Left, b.leftOwn(it)...)
	}
}
