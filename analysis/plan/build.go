package plan

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/gowebpki/jcs"

	"parley/agreements"
	"parley/analysis/check"
)

// Format is the value of Plan.Format of this version.
const Format = "parley.plan/v1"

// Build makes the plan of a checked question. agreement is its id.
func Build(q *check.Query, agreement string) Plan {
	p := Plan{
		Format: Format, Agreement: agreement, Kind: OneOwner, SQL: printQuery(q),
		MinGroupSize: q.MinGroupSize, PublicData: q.PublicData,
	}
	locals := make([]*localBuilder, 0, len(q.Tables))
	for t := range q.Tables {
		locals = append(locals, newLocal(q, t))
	}
	aggregate := func(it check.Item) Aggregate { return oneOwnerAggregate(q, locals[0], it) }
	if len(locals) == 2 {
		p.Kind = Join
		s := newSecure(q, locals)
		aggregate = s.aggregate
		p.Secure = s.s
	}
	p.Output = output(q, aggregate)
	for _, l := range locals {
		p.Locals = append(p.Locals, l.build(p.Kind, !q.DP.None()))
	}
	p.DP = Noise(&p, q.DP)
	return p
}

// Hash is the SHA-256 of the plan's canonical JSON (RFC 8785). Owners compare
// it before they compute anything.
func (p *Plan) Hash() ([32]byte, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return [32]byte{}, fmt.Errorf("encode plan: %w", err)
	}
	canonical, err := jcs.Transform(raw)
	if err != nil {
		return [32]byte{}, fmt.Errorf("canonical plan: %w", err)
	}
	return sha256.Sum256(canonical), nil
}

func output(q *check.Query, aggregate func(check.Item) Aggregate) Output {
	out := Output{Limit: q.Limit}
	for i, it := range q.Items {
		col := OutputColumn{Name: it.Name, Hidden: it.Hidden}
		if it.Hidden {
			col.Name = answered(q, i) // for explanations
		}
		switch {
		case it.Group >= 0:
			col.Group = groupRef(q, it.Group)
		case it.Calc != nil:
			col.Calc = calc(it.Calc)
		default:
			a := aggregate(it)
			col.Aggregate = &a
		}
		out.Columns = append(out.Columns, col)
	}
	if q.Having != nil {
		h := having(q.Having)
		out.Having = &h
	}
	for _, o := range q.OrderBy {
		out.OrderBy = append(out.OrderBy, Order{Column: o.Item, Desc: o.Desc, NullsFirst: o.NullsFirst})
	}
	return out
}

// groupRef counts how many groups of the same table come before group g.
func groupRef(q *check.Query, g int) *GroupRef {
	ref := &GroupRef{Local: q.Groups[g].Expr.Table}
	for _, before := range q.Groups[:g] {
		if before.Expr.Table == ref.Local {
			ref.Index++
		}
	}
	return ref
}

func having(h *check.Having) Having {
	out := Having{Op: h.Op}
	for _, k := range h.Kids {
		out.Kids = append(out.Kids, having(k))
	}
	for _, o := range h.Operands {
		out.Operands = append(out.Operands, Operand{Column: o.Item, Value: o.Value.Text})
	}
	return out
}

// funcs are the aggregate functions by their name in a question.
var funcs = map[string]Func{
	"count_star": CountRows, "count": CountRows, "count_distinct": CountUnits, "sum": SumOf, "avg": AvgOf,
	"var_samp": VarSamp, "var_pop": VarPop, "stddev_samp": StddevSamp, "stddev_pop": StddevPop,
}

// aggregateOf is an aggregate before it is known how its number is made.
func aggregateOf(it check.Item) Aggregate {
	a := Aggregate{Func: funcs[it.Func], Type: agreements.Integer, Measure: -1, Total: -1, Rows: -1, Guard: -1}
	switch it.Func {
	case "sum":
		a.Type, a.Scale = it.Arg.Type, it.Arg.Scale
	case "avg", "var_samp", "var_pop", "stddev_samp", "stddev_pop":
		a.Type, a.Scale = agreements.Decimal, it.Arg.Scale
	}
	return a
}

func oneOwnerAggregate(q *check.Query, l *localBuilder, it check.Item) Aggregate {
	a := aggregateOf(it)
	if a.Measure = l.measureOf(q, it); a.Measure >= 0 {
		a.Nullable = l.local.Measures[a.Measure].Nullable
		a.Left = l.leftOf(q, it)
	}
	if a.Func.Spread() {
		a.Squares = l.squaresOf(q, it)
	}
	return a
}

// measureOf returns the measure whose values are the rows of this table that
// an aggregate is about, -1 when it is about all of them: the argument, or 1,
// where the aggregate's condition is true.
func (b *localBuilder) measureOf(q *check.Query, it check.Item) int {
	filter, x, maxAbs := it.Filters[b.table], check.One(), int64(1)
	switch {
	case it.Arg == nil || it.Table != b.table || it.Shared && it.Arg.Constant():
		if filter == nil {
			return -1
		}
	case it.Func == "count":
		if it.Arg.Nullable {
			filter = check.And(check.Present(it.Arg), filter)
		}
		if filter == nil {
			return -1
		}
	default:
		x, maxAbs = it.Arg, it.MaxAbs
	}
	i := b.measure(q, check.When(filter, x), maxAbs)
	b.local.Measures[i].Conditional = b.local.Measures[i].Conditional || it.Filters[b.table] != nil
	return i
}

// squaresOf returns the measure of the squares that a variance needs, in the
// rows that measureOf counts.
func (b *localBuilder) squaresOf(q *check.Query, it check.Item) int {
	return b.measure(q, check.When(it.Filters[b.table], check.Square(it.Arg)), it.MaxAbs*it.MaxAbs)
}
