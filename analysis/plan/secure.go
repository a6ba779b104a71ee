package plan

import (
	"math"
	"math/big"

	"parley/analysis/check"
	"parley/internal/weak"
)

// MaxCells caps groups of W × groups of V of a join, after padding.
const MaxCells = 4096

// secureBuilder collects vectors and products, each once.
type secureBuilder struct {
	q      *check.Query
	s      *Secure
	locals []*localBuilder
}

// newSecure chooses the roles: W is the side with the groups, on both sides
// the owner of the first GROUP BY column, with no groups the first table.
func newSecure(q *check.Query, locals []*localBuilder) *secureBuilder {
	w := 0
	switch {
	case q.Left: // W is the left side, which is the first
	case q.Days != nil:
		w = q.Days.State
	case len(q.Groups) > 0:
		w = q.Groups[0].Expr.Table
	}
	b := &secureBuilder{q: q, locals: locals, s: &Secure{
		W: w, V: 1 - w, Complement: !q.PublicData && q.DP.None(), MaxCells: MaxCells,
	}}
	if q.Days != nil {
		b.overDays()
		return b
	}
	if q.Left {
		b.outer()
		return b
	}
	b.s.CellGuard = b.product(0, Vector{Of: Units}, Vector{Of: Units})
	b.s.SharedW, b.s.SharedV = b.s.CellGuard, b.s.CellGuard
	if b.s.Complement {
		b.s.SharedW, b.s.SharedV = b.shared(q, w), b.shared(q, 1-w)
	}
	return b
}

// shared is the product that counts the shared units of a side's own group:
// the cell's own count unless the other side has groups too.
func (b *secureBuilder) shared(q *check.Query, table int) int {
	for _, g := range q.Groups {
		if g.Expr.Table != table {
			return b.product(table, Vector{Of: Units}, Vector{Of: Units, Any: true})
		}
	}
	return b.s.CellGuard
}

// product returns the index of Σ a·b, where a is over the rows of the table
// `table` and b over the other's.
func (b *secureBuilder) product(table int, a, other Vector) int {
	if weak.Off("R03") && a.Of == Units && !a.Any && !other.Any { // rows pass for units
		a.Of, other.Of = Rows, Rows
	}
	a.MaxAbs, other.MaxAbs = b.bound(table, a), b.bound(1-table, other)
	w, v := a, other
	if table != b.s.W {
		w, v = other, a
	}
	p := Product{Weight: add(&b.s.Weights, w), Value: add(&b.s.Values, v)}
	return add(&b.s.Products, p)
}

// add appends x unless it is there, and returns its index.
func add[T comparable](list *[]T, x T) int {
	for i, have := range *list {
		if have == x {
			return i
		}
	}
	*list = append(*list, x)
	return len(*list) - 1
}

// bound is the largest absolute entry of a vector, from declared bounds.
// Package check has refused what would leave 64 bits; saturation here only
// keeps a mistake there from wrapping.
func (b *secureBuilder) bound(table int, v Vector) int64 {
	l := &b.locals[table].local
	if !b.q.DP.None() { // the owner cuts off what is more
		switch v.Of {
		case Rows, Count:
			return l.RowsPerUnit
		case Sum:
			return l.Measures[v.Measure].Clip
		}
	}
	switch v.Of {
	case Rows, Count:
		return max(l.MaxRowsPerUnit, v.Else)
	case Share:
		return b.shareUnit()
	case Sum:
		product := new(big.Int).Mul(big.NewInt(l.MaxRowsPerUnit), big.NewInt(l.Measures[v.Measure].MaxAbs))
		if product.IsInt64() {
			return product.Int64()
		}
		return math.MaxInt64
	}
	return 1
}

// aggregate adds the products of one aggregate over the joined rows:
//
//	COUNT(*)              Σ rows·rows
//	COUNT(x)              Σ count_x·rows of the other side
//	COUNT(DISTINCT unit)  Σ 1·1
//	SUM(x)                Σ sum_x·rows of the other side
//	AVG(x)                SUM(x) over Σ count_x·rows of the other side
//	VAR, STDDEV           SUM(x), SUM(x·x) and that number of rows
//
// A condition (FILTER, CASE) on a side's rows makes its rows those that meet
// it. With one, or with an argument that may be NULL, the guard counts the
// units with such rows on both sides.
func (b *secureBuilder) aggregate(it check.Item) Aggregate {
	if b.q.Left {
		return b.outerAggregate(it)
	}
	t := it.Table
	own, other := b.side(it, t), b.side(it, 1-t)
	out := aggregateOf(it)
	switch it.Func {
	case "count_distinct":
		out.Total = b.pair(t, own.units(), other.units())
	case "sum", "avg", "var_samp", "var_pop", "stddev_samp", "stddev_pop":
		if it.Shared {
			out.Over = b.shareUnit()
			out.Total = b.pair(t, own.sum(it), Vector{Of: Share})
			break
		}
		out.Total = b.pair(t, Vector{Of: Sum, Measure: own.measure}, other.rows())
		if it.Func != "sum" {
			out.Rows = b.pair(t, own.rows(), other.rows())
		}
		if out.Func.Spread() {
			out.Squares = b.pair(t, Vector{Of: Sum, Measure: b.locals[t].squaresOf(b.q, it)}, other.rows())
		}
	default:
		out.Total = b.pair(t, own.rows(), other.rows())
	}
	if own.some || other.some {
		out.Guard, out.Nullable, out.Left = b.pair(t, own.units(), other.units()), true, b.left(it, other)
		out.Parts = b.picked(map[int]sideOf{t: own, 1 - t: other})
	}
	return out
}

// picked asks of the units that an aggregate's condition picks, on either side,
// what Complement asks of the side's own group: k at least are shared with no
// row that the question selects on the other side. It counts those under
// whatever condition and in whatever group there, which would split a full
// match into parts that pass. Without it, COUNT(*) FILTER (WHERE a.x = 7) would
// tell what the same question with WHERE a.x = 7 must not (R02).
func (b *secureBuilder) picked(sides map[int]sideOf) []Part {
	if !b.s.Complement || weak.Off("R02") {
		return nil
	}
	var out []Part
	for t := range b.locals {
		if !sides[t].some {
			continue
		}
		any := false
		for _, g := range b.q.Groups {
			any = any || g.Expr.Table != t
		}
		units := sides[t].units()
		out = append(out, Part{Count: b.product(t, units, Vector{Of: Units, Any: any}), Whole: b.ownOf(t, units)})
	}
	return out
}

// ownOf is the sum of one side's own numbers.
func (b *secureBuilder) ownOf(table int, v Vector) int {
	v.MaxAbs = b.bound(table, v)
	if table == b.s.W {
		return add(&b.s.Products, Product{Weight: add(&b.s.Weights, v), Value: Own})
	}
	return add(&b.s.Products, Product{Weight: Own, Value: add(&b.s.Values, v)})
}

// sideOf is what one side adds to an aggregate: the rows with a value of
// measure, or all if some is not set.
type sideOf struct {
	measure int
	some    bool
}

func (b *secureBuilder) side(it check.Item, table int) sideOf {
	i := b.locals[table].measureOf(b.q, it)
	return sideOf{measure: i, some: i >= 0 && b.locals[table].local.Measures[i].Nullable}
}

func (s sideOf) rows() Vector {
	if s.some {
		return Vector{Of: Count, Measure: s.measure}
	}
	return Vector{Of: Rows}
}

func (s sideOf) units() Vector {
	if s.some {
		return Vector{Of: HasValue, Measure: s.measure}
	}
	return Vector{Of: Units}
}
