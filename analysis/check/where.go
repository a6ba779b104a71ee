package check

import (
	"strings"

	"parley/agreements"
	"parley/analysis/sql"
)

// where binds each conjunct to the one table it speaks of.
func (b *binder) where() error {
	for t := range b.out.Tables {
		if err := b.viewConditions(t); err != nil {
			return err
		}
	}
	if err := b.asof(); err != nil {
		return err
	}
	if b.in.Left {
		return b.leftConditions()
	}
	for _, e := range b.in.Where {
		done, err := b.dayCondition(e)
		if !done && err == nil {
			done, err = b.unitEquality(e)
		}
		if err != nil {
			return err
		}
		if done {
			continue
		}
		p, err := b.predicate(e, toFilter)
		if err != nil {
			return err
		}
		if err := b.afterAsof(p.Table, e.Position()); err != nil {
			return err
		}
		b.out.Where[p.Table] = append(b.out.Where[p.Table], p)
	}
	return nil
}

// unitEquality recognises the join condition, a.unit = b.unit.
func (b *binder) unitEquality(e sql.Expr) (bool, error) {
	cmp, ok := e.(*sql.Compare)
	if !ok {
		return false, nil
	}
	lc, lok := cmp.L.(*sql.Column)
	rc, rok := cmp.R.(*sql.Column)
	if !lok || !rok {
		return false, nil
	}
	l, err := b.resolve(lc)
	if err != nil {
		return false, err
	}
	r, err := b.resolve(rc)
	if err != nil {
		return false, err
	}
	if l.Table == r.Table {
		if l.unit || r.unit {
			return false, b.refuseUnit(l.Table, cmp.Position(), "it cannot be compared")
		}
		return false, nil
	}
	if cmp.Op != "=" || !l.unit || !r.unit {
		return false, b.src.Refuse(cmp.Position(), "bad-join", rule(b.out.Tables[1].Dataset, "unit"), b.joinHint(),
			"Two owners' datasets can be joined on the ids of their people or things alone, by equality.")
	}
	b.markJoined()
	return true, nil
}

// flipped turns a comparison round: 1 < x is x > 1.
var flipped = map[string]string{"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func (b *binder) compare(e *sql.Compare, p purpose) (*Expr, error) {
	if isConstant(e.L) {
		return b.test(flipped[e.Op], e.Position(), p, []sql.Expr{e.R, e.L})
	}
	return b.test(e.Op, e.Position(), p, []sql.Expr{e.L, e.R})
}

func (b *binder) like(e *sql.Like, p purpose) (*Expr, error) {
	if isConstant(e.X) || !isConstant(e.Pattern) {
		return nil, b.src.Refuse(e.Position(), "bad-pattern", "", "Write the column on the left and the pattern in quotes.",
			"LIKE tests a column against a constant pattern.")
	}
	out, err := b.test(negated("like", e.Not), e.Position(), p, []sql.Expr{e.X, e.Pattern})
	if err != nil {
		return nil, err
	}
	if out.Kids[0].Type != agreements.Text {
		return nil, b.src.Refuse(e.Position(), "bad-type", b.typeClause(out.Kids[0]), "",
			"LIKE works on text; %s is %s.", b.called(out.Kids[0]), out.Kids[0].Type)
	}
	if strings.Count(out.Kids[1].Value.Text, "%") > maxPattern {
		return nil, b.src.Refuse(e.Pattern.Position(), "bad-pattern", "", "",
			"A LIKE pattern may have at most %d %% signs.", maxPattern)
	}
	return out, nil
}

// test binds a condition on values of one table.
func (b *binder) test(op string, pos int, p purpose, list []sql.Expr) (*Expr, error) {
	kids, err := b.operands(pos, p, list)
	if err != nil {
		return nil, err
	}
	b.unlisted(op, kids)
	out := &Expr{Op: op, Type: agreements.Boolean, Kids: kids}
	scale := 0
	for _, k := range kids {
		out.Nullable, scale = out.Nullable || k.Nullable, max(scale, k.Scale)
	}
	for _, k := range kids {
		// They are compared as integers at the greatest scale.
		if k.Number() && !k.Stored() && !k.Constant() && tooLarge(rescale(k.Lo, scale-k.Scale), rescale(k.Hi, scale-k.Scale)) {
			return nil, b.tooLarge(pos)
		}
	}
	if out, err = b.node(pos, out, 1); err != nil {
		return nil, err
	}
	if out.Table == constant {
		return nil, b.noColumn(pos)
	}
	return out, b.operatorsAllowed(out, pos)
}
