package check

import (
	"parley/analysis/sql"
)

// Partner is what an aggregate's condition says of a left row's partner: a row
// of the right side with the same unit that the join lets through.
type Partner string

// Conditions on the partner.
const (
	AnyPartner  Partner = ""     // none is said
	HasPartner  Partner = "has"  // right.unit IS NOT NULL
	LacksOne    Partner = "lack" // right.unit IS NULL
	leftRewrite         = "Write JOIN if rows without a partner are not wanted."
)

// leftJoin refuses what a LEFT JOIN is not built for.
func (b *binder) leftJoin() error {
	b.out.Left = b.in.Left
	if b.in.Left && !b.out.DP.None() {
		return b.src.Refuse(b.out.Tables[1].pos, "dp-unsupported", "dp", "Write JOIN.",
			"A LEFT JOIN under differential privacy is not built yet.")
	}
	return nil
}

// leftGroup refuses groups of the right side of a LEFT JOIN: the group NULL
// would be that of all who have no partner.
func (b *binder) leftGroup(x *Expr, pos int) error {
	if !b.in.Left || x.Table != 1 {
		return nil
	}
	return b.src.Refuse(pos, "left-group", "", leftRewrite+" Or count them with FILTER (WHERE …) in a group of "+b.out.Tables[0].Alias+".",
		"In a LEFT JOIN, groups are of the left side, %s.", sql.Name(b.out.Tables[0].Alias))
}

// leftConditions binds WHERE and ON of a LEFT JOIN. ON picks the right side's
// rows and WHERE the left side's; each on the other side would be another
// question than its looks.
func (b *binder) leftConditions() error {
	left, right := b.out.Tables[0].Alias, b.out.Tables[1].Alias
	for _, e := range b.in.On {
		done, err := b.unitEquality(e)
		if done || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		p, err := b.predicate(e, toFilter)
		if err != nil {
			return err
		}
		if p.Table != 1 {
			return b.src.Refuse(e.Position(), "left-on", "", "Put it in WHERE, or count with FILTER (WHERE …).",
				"ON of a LEFT JOIN tests the right side, %s; rows of %s that do not meet it would be kept.", sql.Name(right), sql.Name(left))
		}
		b.out.Where[1] = append(b.out.Where[1], p)
	}
	for _, e := range b.in.Where {
		if b.partnerTest(e) != AnyPartner {
			return b.src.Refuse(e.Position(), "left-where", "", "Write COUNT(DISTINCT "+left+"."+b.out.Tables[0].Dataset.Rules.Unit.Column+
				") FILTER (WHERE "+right+"."+b.out.Tables[1].Dataset.Rules.Unit.Column+" IS NULL), or JOIN for those that have one.",
				"WHERE cannot tell rows with a partner from rows without one.")
		}
		p, err := b.predicate(e, toFilter)
		if err != nil {
			return err
		}
		if p.Table != 0 {
			return b.src.Refuse(e.Position(), "left-where", "", "Put it in ON, so that rows of "+left+" without such a partner are kept, or write JOIN.",
				"WHERE of a LEFT JOIN cannot test the right side, %s.", sql.Name(right))
		}
		b.out.Where[0] = append(b.out.Where[0], p)
	}
	return nil
}

// partnerTest recognises right.unit IS [NOT] NULL.
func (b *binder) partnerTest(e sql.Expr) Partner {
	test, ok := e.(*sql.IsNull)
	if !ok || !b.in.Left {
		return AnyPartner
	}
	c, ok := test.X.(*sql.Column)
	if !ok {
		return AnyPartner
	}
	f, err := b.resolve(c)
	switch {
	case err != nil || !f.unit || f.Table != 1:
		return AnyPartner
	case test.Not:
		return HasPartner
	}
	return LacksOne
}

// partner takes right.unit IS [NOT] NULL from an aggregate's condition.
func (b *binder) partner(it *Item, e sql.Expr) (bool, error) {
	p := b.partnerTest(e)
	if p == AnyPartner {
		return false, nil
	}
	d := b.out.Tables[1].Dataset
	b.record(d, d.Rules.Unit.Column, "unit", rule(d, "unit"))
	if it.Partner != AnyPartner && it.Partner != p {
		return true, b.neverTrue(e.Position())
	}
	it.Partner = p
	return true, nil
}

func (b *binder) neverTrue(pos int) error {
	return b.src.Refuse(pos, "never-true", "", "Leave one of them out.",
		"No row meets this condition: a row without a partner has no values of the right side.")
}

// needsPartner refuses a condition on the right side that a row without a
// partner, all of whose values are NULL, would meet as well.
func (b *binder) needsPartner(x *Expr, pos int) error {
	if !b.in.Left || x.Table != 1 || !onNulls(x).has(asTrue) {
		return nil
	}
	right := b.out.Tables[1]
	return b.src.Refuse(pos, "left-condition", "", "Ask for those by themselves: FILTER (WHERE "+right.Alias+"."+right.Dataset.Rules.Unit.Column+" IS NULL).",
		"In a LEFT JOIN, rows without a partner would meet this condition on %s too.", sql.Name(right.Alias))
}

// partnerless refuses an aggregate of the right side over rows that have none.
func (b *binder) partnerless(it *Item) error {
	if it.Partner == LacksOne && (it.Filters[1] != nil || it.Table == 1) {
		return b.neverTrue(it.pos)
	}
	return nil
}

// zeros checks COALESCE(x, 0) in AVG, VAR and STDDEV.
func (b *binder) zeros(it *Item, pos int) error {
	switch {
	case !it.Zero:
	case it.Arg.Table != 1:
		return b.src.Refuse(pos, "not-a-measure", "", "Leave COALESCE out, or select SUM and COUNT(*).",
			"COALESCE(x, 0) inside AVG, VAR or STDDEV is for columns of the right side of a LEFT JOIN.")
	case it.Filters[1] != nil || it.Partner != AnyPartner:
		return b.src.Refuse(pos, "not-a-measure", "", "Leave one of them out.",
			"COALESCE(x, 0) counts rows without a partner as 0, and the condition leaves them out.")
	}
	return nil
}

// outcome is a set of what an expression may be.
type outcome int

const (
	asNull   outcome = 1 << iota
	asTrue           // a condition that is true
	asFalse          // a condition that is false
	asValue          // a value
	anything = asNull | asTrue | asFalse | asValue
)

func (o outcome) has(x outcome) bool { return o&x != 0 }

// onNulls is what an expression may be on a row whose values are all NULL.
func onNulls(e *Expr) outcome {
	switch e.Op {
	case "column", "null":
		return asNull
	case "value":
		return asValue
	case "is null":
		return nullTest(onNulls(e.Kids[0]), asTrue, asFalse)
	case "is not null":
		return nullTest(onNulls(e.Kids[0]), asFalse, asTrue)
	case "not":
		x := onNulls(e.Kids[0])
		out := x & asNull
		if x.has(asTrue) {
			out |= asFalse
		}
		if x.has(asFalse) {
			out |= asTrue
		}
		return out
	case "and", "or":
		return connective(e)
	case "case":
		return caseOnNulls(e)
	case "coalesce", "least", "greatest":
		return firstOnNulls(e)
	}
	for _, k := range e.Kids { // strict: one NULL makes it NULL
		if e.Op != "in" && e.Op != "not in" && e.Op != "between" && onNulls(k) == asNull {
			return asNull
		}
	}
	if len(e.Kids) > 0 && onNulls(e.Kids[0]) == asNull {
		return asNull // of in and between, the first decides
	}
	return anything
}

func nullTest(x, ifNull, otherwise outcome) (out outcome) {
	if x.has(asNull) {
		out |= ifNull
	}
	if x&^asNull != 0 {
		out |= otherwise
	}
	return out
}

// connective: AND is true if all may be, OR if one may be.
func connective(e *Expr) (out outcome) {
	decides, other := asFalse, asTrue // of and
	if e.Op == "or" {
		decides, other = asTrue, asFalse
	}
	all := other | asNull
	for _, k := range e.Kids {
		x := onNulls(k)
		out |= x & decides
		if !x.has(other) {
			all &^= other
		}
		out |= x & asNull
	}
	return out | all&other
}

func caseOnNulls(e *Expr) (out outcome) {
	last := len(e.Kids) - 1
	for i := 0; i < last; i += 2 {
		when := onNulls(e.Kids[i])
		if when.has(asTrue) {
			out |= onNulls(e.Kids[i+1])
		}
		if when == asTrue {
			return out
		}
	}
	return out | onNulls(e.Kids[last])
}

// firstOnNulls: NULL only if all are.
func firstOnNulls(e *Expr) outcome {
	out := anything &^ asNull
	for _, k := range e.Kids {
		if !onNulls(k).has(asNull) {
			return out
		}
		if onNulls(k) != asNull {
			return anything
		}
	}
	return asNull
}
