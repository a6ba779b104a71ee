package check

import (
	"strings"

	"parley/agreements"
	"parley/analysis/sql"
)

// having binds HAVING to columns of the answer: it is applied to what was
// released, so it cannot tell about what was not (R05).
func (b *binder) having() error {
	if len(b.in.Having) == 0 {
		return nil
	}
	var all []*Having
	for _, e := range b.in.Having {
		h, err := b.released(e)
		if err != nil {
			return err
		}
		all = append(all, h)
	}
	b.out.Having = all[0]
	if len(all) > 1 {
		b.out.Having = &Having{Op: "and", Kids: all}
	}
	return nil
}

func (b *binder) released(e sql.Expr) (*Having, error) {
	switch e := e.(type) {
	case *sql.Logic:
		out := &Having{Op: strings.ToLower(e.Op)}
		for _, k := range e.Kids {
			kid, err := b.released(k)
			if err != nil {
				return nil, err
			}
			out.Kids = append(out.Kids, kid)
		}
		return out, nil
	case *sql.Compare:
		if isConstant(e.L) {
			return b.releasedTest(flipped[e.Op], e.Position(), e.R, e.L)
		}
		return b.releasedTest(e.Op, e.Position(), e.L, e.R)
	case *sql.In:
		list, err := b.listed(e)
		if err != nil {
			return nil, err
		}
		return b.releasedTest(negated("in", e.Not), e.Position(), append([]sql.Expr{e.X}, list...)...)
	case *sql.Between:
		return b.releasedTest("between", e.Position(), e.X, e.Lo, e.Hi)
	case *sql.IsNull:
		if e.Not {
			return b.releasedTest("is not null", e.Position(), e.X)
		}
		return b.releasedTest("is null", e.Position(), e.X)
	}
	return nil, b.src.Refuse(e.Position(), "bad-having", "", "Compare columns of the answer with values, or put the condition in WHERE.",
		"This condition is not part of HAVING.")
}

// releasedTest compares columns of the answer with constants or each other.
func (b *binder) releasedTest(op string, pos int, list ...sql.Expr) (*Having, error) {
	out := &Having{Op: op, Operands: make([]Operand, len(list))}
	var like *Expr
	for i, e := range list {
		if isConstant(e) {
			continue
		}
		item, err := b.answered(e, "bad-having", "HAVING works on columns of the answer; this is not one.")
		if err != nil {
			return nil, err
		}
		x := b.resultOf(b.out.Items[item])
		if like == nil {
			like = x
		}
		if !comparable(like, x) {
			return nil, b.src.Refuse(e.Position(), "bad-type", "", "", "%s and %s cannot be compared.", a(like.Type), a(x.Type))
		}
		out.Operands[i] = Operand{Item: item}
	}
	if like == nil {
		return nil, b.src.Refuse(pos, "no-column", "", "Name a column of the answer.", "HAVING must test a column of the answer.")
	}
	for i, e := range list {
		if !isConstant(e) {
			continue
		}
		v, err := b.value(like, e)
		if err != nil {
			return nil, err
		}
		out.Operands[i] = Operand{Item: -1, Value: v}
	}
	return out, nil
}

// resultOf is an item's type, as the pattern of constants compared with it.
func (b *binder) resultOf(it Item) *Expr {
	switch {
	case it.Group >= 0:
		return b.out.Groups[it.Group].Expr
	case it.Calc != nil && it.Calc.Type == Double, it.Func == "avg", spread(it.Func):
		return &Expr{Op: "avg", Type: agreements.Decimal}
	case it.Calc != nil:
		return &Expr{Op: "calc", Type: it.Calc.Type, Scale: it.Calc.Scale}
	case it.Func == "sum":
		return &Expr{Op: "sum", Type: it.Arg.Type, Scale: it.Arg.Scale}
	}
	return &Expr{Op: "count", Type: agreements.Integer}
}
