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
	aggregate := func(it check.Item) Aggregate { return oneOwnerAggregate(locals[0], it) }
	if len(locals) == 2 {
		p.Kind = Join
		s := newSecure(q, locals)
		aggregate = s.aggregate
		p.Secure = s.s
	}
	p.Output = output(q, aggregate)
	for _, l := range locals {
		p.Locals = append(p.Locals, l.build(p.Kind))
	}
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
	for _, it := range q.Items {
		col := OutputColumn{Name: it.Name}
		if it.Group >= 0 {
			col.Group = groupRef(q, it.Group)
		} else {
			a := aggregate(it)
			col.Aggregate = &a
		}
		out.Columns = append(out.Columns, col)
	}
	for _, o := range q.OrderBy {
		out.OrderBy = append(out.OrderBy, Order{Column: o.Item, Desc: o.Desc, NullsFirst: o.NullsFirst})
	}
	return out
}

// groupRef counts how many groups of the same table come before group g.
func groupRef(q *check.Query, g int) *GroupRef {
	ref := &GroupRef{Local: q.Groups[g].Table}
	for _, before := range q.Groups[:g] {
		if before.Table == ref.Local {
			ref.Index++
		}
	}
	return ref
}

func countAggregate(fn string) Aggregate {
	f := CountRows
	if fn == "count_distinct" {
		f = CountUnits
	}
	return Aggregate{Func: f, Type: agreements.Integer, Measure: -1, Total: -1, Rows: -1, Guard: -1}
}

func measureAggregate(fn string, m Measure) Aggregate {
	a := Aggregate{Func: SumOf, Type: m.Type, Scale: m.Scale, Measure: -1, Total: -1, Rows: -1, Guard: -1, Nullable: m.Nullable}
	if fn == "avg" {
		a.Func, a.Type = AvgOf, agreements.Decimal
	}
	return a
}

func oneOwnerAggregate(l *localBuilder, it check.Item) Aggregate {
	if it.Arg.Rule == nil {
		return countAggregate(it.Func)
	}
	i := l.measure(it.Arg.Rule.Name)
	a := measureAggregate(it.Func, l.local.Measures[i])
	a.Measure = i
	return a
}
