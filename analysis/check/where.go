package check

import (
	"strings"

	"parley/agreements"
	"parley/analysis/sql"
)

// where binds each conjunct to the one table it speaks of.
func (b *binder) where() error {
	for _, e := range b.in.Where {
		done, err := b.unitEquality(e)
		if err != nil {
			return err
		}
		if done {
			continue
		}
		t, p, err := b.predicate(e)
		if err != nil {
			return err
		}
		b.out.Where[t] = append(b.out.Where[t], p)
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
		return false, b.twoColumns(cmp.Position())
	}
	if cmp.Op != "=" || !l.unit || !r.unit {
		return false, b.src.Refuse(cmp.Position(), "bad-join", rule(b.out.Tables[1].Dataset, "unit"), b.joinHint(),
			"Two owners' datasets can be joined on their units alone, by equality.")
	}
	b.markJoined()
	return true, nil
}

func (b *binder) twoColumns(pos int) error {
	return b.src.Refuse(pos, "two-columns", "", "Compare each column with a value.",
		"Comparing a column with a column is not part of the language.")
}

// predicate binds a condition and returns the table that it is about.
func (b *binder) predicate(e sql.Expr) (int, *Pred, error) {
	switch e := e.(type) {
	case *sql.Logic:
		return b.logic(e)
	case *sql.Compare:
		return b.compare(e)
	case *sql.In:
		op := "in"
		if e.Not {
			op = "not in"
		}
		return b.test(op, e.Position(), e.X, e.List...)
	case *sql.Between:
		return b.test("between", e.Position(), e.X, e.Lo, e.Hi)
	case *sql.IsNull:
		op := "is null"
		if e.Not {
			op = "is not null"
		}
		return b.test(op, e.Position(), e.X)
	case *sql.Like:
		return b.like(e)
	}
	return 0, nil, b.src.Refuse(e.Position(), "unsupported-syntax", "", "", "This condition is not part of the language.")
}

func (b *binder) logic(e *sql.Logic) (int, *Pred, error) {
	p := &Pred{Op: strings.ToLower(e.Op)}
	table := -1
	for _, k := range e.Kids {
		t, kid, err := b.predicate(k)
		if err != nil {
			return 0, nil, err
		}
		if table >= 0 && t != table {
			return 0, nil, b.src.Refuse(e.Position(), "two-owners", "",
				"Conditions joined by AND are split; each part must be about one dataset.",
				"A condition that mixes columns of %s and %s cannot be tested by either owner.",
				sql.Name(b.out.Tables[0].Alias), sql.Name(b.out.Tables[1].Alias))
		}
		table = t
		p.Kids = append(p.Kids, kid)
	}
	return table, p, nil
}

// flipped turns a comparison round: 1 < x is x > 1.
var flipped = map[string]string{"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func (b *binder) compare(e *sql.Compare) (int, *Pred, error) {
	if _, ok := e.L.(*sql.Column); ok {
		return b.test(e.Op, e.Position(), e.L, e.R)
	}
	return b.test(flipped[e.Op], e.Position(), e.R, e.L)
}

func (b *binder) like(e *sql.Like) (int, *Pred, error) {
	op := "like"
	if e.Not {
		op = "not like"
	}
	t, p, err := b.test(op, e.Position(), e.X, e.Pattern)
	if err != nil {
		return 0, nil, err
	}
	if p.Column.Type != agreements.Text {
		return 0, nil, b.src.Refuse(e.Position(), "bad-type", rule(b.out.Tables[t].Dataset, "columns."+p.Column.Name+".type"), "",
			"LIKE works on text; %s is %s.", sql.Name(p.Column.Name), p.Column.Type)
	}
	if strings.Count(p.Values[0].Text, "%") > maxPattern {
		return 0, nil, b.src.Refuse(e.Pattern.Position(), "bad-pattern", "", "",
			"A LIKE pattern may have at most %d %% signs.", maxPattern)
	}
	return t, p, nil
}

// test binds a condition on one column.
func (b *binder) test(op string, pos int, x sql.Expr, values ...sql.Expr) (int, *Pred, error) {
	c, ok := x.(*sql.Column)
	if !ok {
		return 0, nil, b.src.Refuse(pos, "no-column", "", "Write the column on the left.",
			"A condition must test a column against values.")
	}
	f, err := b.resolve(c)
	if err != nil {
		return 0, nil, err
	}
	if f.unit {
		return 0, nil, b.refuseUnit(f.Table, c.Position(), "a condition on it would pick single units")
	}
	if err := b.use(f.Column, agreements.Filter, c.Position()); err != nil {
		return 0, nil, err
	}
	p := &Pred{Op: op, Column: f.Rule}
	for _, e := range values {
		if o, ok := e.(*sql.Column); ok {
			if _, err := b.resolve(o); err != nil {
				return 0, nil, err
			}
			return 0, nil, b.twoColumns(o.Position())
		}
		v, err := b.value(f.Column, e)
		if err != nil {
			return 0, nil, err
		}
		p.Values = append(p.Values, v)
	}
	return f.Table, p, nil
}
