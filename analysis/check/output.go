package check

import (
	"strconv"

	"parley/agreements"
	"parley/analysis/sql"
)

// position reads a position in the select list, such as ORDER BY 2.
func (b *binder) position(l *sql.Literal) (int, error) {
	i, err := strconv.Atoi(l.Text)
	if l.Kind != sql.IntegerLiteral || err != nil || i < 1 || i > len(b.in.Items) {
		return 0, b.src.Refuse(l.Position(), "bad-position", "", "",
			"This is not a position in the select list, which has %d.", len(b.in.Items))
	}
	return i - 1, nil
}

// items binds the select list: first what is released, then what is computed
// from it, so that an aggregate that is both selected and part of an
// expression is released once.
func (b *binder) items() error {
	b.out.Items = make([]Item, len(b.in.Items))
	for _, computed := range []bool{false, true} {
		for i, it := range b.in.Items {
			if b.computed(it.Expr, false) != computed {
				continue
			}
			bound, err := b.output(it.Expr, false)
			if err != nil {
				return err
			}
			if it.Alias != "" {
				bound.Name = it.Alias
			}
			if err := b.checkName(bound.Name, it.Pos); err != nil {
				return err
			}
			bound.pos = it.Pos
			b.out.Items[i] = bound
		}
	}
	for i, it := range b.out.Items[:len(b.in.Items)] {
		for _, other := range b.out.Items[:i] {
			if fold(other.Name) == fold(it.Name) {
				return b.src.Refuse(it.pos, "ambiguous", "", "Give one of them an alias with AS.",
					"Two columns of the answer are called %s.", sql.Name(it.Name))
			}
		}
	}
	return nil
}

// output binds what may be selected or ordered by: an aggregate, an expression
// over aggregates, or a group. For names see calc.
func (b *binder) output(e sql.Expr, names bool) (Item, error) {
	if call, ok := e.(*sql.Call); ok {
		return b.aggregate(call)
	}
	if b.computed(e, names) {
		c, err := b.calc(e, names)
		return Item{Name: "expression", Group: -1, Calc: c}, err
	}
	return b.groupItem(e)
}

// groupItem finds the group that an expression stands for.
func (b *binder) groupItem(e sql.Expr) (Item, error) {
	if c, ok := e.(*sql.Column); ok {
		return b.groupColumn(c)
	}
	x, err := b.expr(e, purpose{use: agreements.Dimension, unit: "selecting it would show single ones"})
	if err != nil {
		return Item{}, err
	}
	if g := b.group(x); g >= 0 {
		return Item{Name: "expression", Group: g}, nil
	}
	if len(b.out.Groups) == 0 {
		return Item{}, b.src.Refuse(e.Position(), "raw-rows", "", "Group by it and select aggregates.",
			"Selecting an expression would show single rows; raw rows never leave their owner.")
	}
	return Item{}, b.src.Refuse(e.Position(), "not-grouped", "", "Write it in GROUP BY exactly as it is selected.",
		"An expression is selected but not grouped by.")
}

func (b *binder) groupColumn(e *sql.Column) (Item, error) {
	f, err := b.resolve(e)
	if err != nil {
		return Item{}, err
	}
	if f.unit {
		return Item{}, b.refuseUnit(f.Table, e.Position(), "selecting it would show single ones")
	}
	name := e.Name
	var x *Expr
	if f.view != nil {
		if x, err = b.picked(f, purpose{use: agreements.Dimension, unit: "selecting it would show single ones"}, e.Position()); err != nil {
			return Item{}, err
		}
	} else {
		x, name = columnExpr(f.Column), f.Rule.Name
	}
	if g := b.group(x); g >= 0 {
		if b.out.Tables[f.Table].view.renames() {
			return Item{Name: e.Name, Group: g}, nil // as the view calls it
		}
		return Item{Name: name, Group: g}, nil
	}
	if len(b.out.Groups) == 0 {
		return Item{}, b.src.Refuse(e.Position(), "raw-rows", "", "Group by it and select aggregates.",
			"Selecting %s would show single rows; raw rows never leave their owner.", sql.Name(name))
	}
	return Item{}, b.src.Refuse(e.Position(), "not-grouped", "", "Add it to GROUP BY.",
		"%s is selected but not grouped by.", sql.Name(name))
}

// orderBy binds ORDER BY to columns of the answer: ordering by anything else
// would tell about values that were not released (R05).
func (b *binder) orderBy() error {
	for _, k := range b.in.OrderBy {
		i, err := b.orderItem(k.Expr)
		if err != nil {
			return err
		}
		b.out.OrderBy = append(b.out.OrderBy, Order{Item: i, Desc: k.Desc, NullsFirst: k.NullsFirst})
	}
	return nil
}

func (b *binder) orderItem(e sql.Expr) (int, error) {
	if l, ok := e.(*sql.Literal); ok {
		return b.position(l)
	}
	return b.answered(e, "bad-order", "ORDER BY works on columns of the answer; this is not one.")
}

// answered finds the column of the answer that an expression stands for. An
// aggregate, or an expression over aggregates, that is not selected becomes a
// hidden one: released under its own rules like any other.
func (b *binder) answered(e sql.Expr, code, what string) (int, error) {
	if c, ok := e.(*sql.Column); ok && c.Table == "" {
		for i, it := range b.out.Items {
			if !it.Hidden && fold(it.Name) == fold(c.Name) {
				return i, nil
			}
		}
	}
	want, err := b.output(e, true)
	if err != nil {
		return 0, err
	}
	for i, it := range b.out.Items {
		if it.same(want) {
			return i, nil
		}
	}
	if want.Group >= 0 {
		return 0, b.src.Refuse(e.Position(), code, "", "Add it to the select list.", "%s", what)
	}
	want.pos = e.Position()
	return b.hidden(want), nil
}
