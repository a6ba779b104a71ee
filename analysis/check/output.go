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

// items binds the select list.
func (b *binder) items() error {
	for _, it := range b.in.Items {
		bound, err := b.item(it)
		if err != nil {
			return err
		}
		if it.Alias != "" {
			bound.Name = it.Alias
		}
		if err := b.checkName(bound.Name, it.Pos); err != nil {
			return err
		}
		for _, other := range b.out.Items {
			if fold(other.Name) == fold(bound.Name) {
				return b.src.Refuse(it.Pos, "ambiguous", "", "Give one of them an alias with AS.",
					"Two columns of the answer are called %s.", sql.Name(bound.Name))
			}
		}
		b.out.Items = append(b.out.Items, bound)
	}
	return nil
}

func (b *binder) item(it sql.Item) (Item, error) { return b.output(it.Expr) }

// output binds what may be selected or ordered by: an aggregate or a group.
func (b *binder) output(e sql.Expr) (Item, error) {
	if call, ok := e.(*sql.Call); ok {
		return b.aggregate(call)
	}
	return b.groupItem(e)
}

// groupItem finds the group that an expression stands for.
func (b *binder) groupItem(e sql.Expr) (Item, error) {
	if c, ok := e.(*sql.Column); ok {
		return b.groupColumn(c)
	}
	x, err := b.expr(e, purpose{agreements.Dimension, "selecting it would show single units"})
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
		return Item{}, b.refuseUnit(f.Table, e.Position(), "selecting it would show single units")
	}
	if g := b.group(columnExpr(f.Column)); g >= 0 {
		if b.out.Tables[f.Table].names != nil {
			return Item{Name: e.Name, Group: g}, nil // as the view calls it
		}
		return Item{Name: f.Rule.Name, Group: g}, nil
	}
	if len(b.out.Groups) == 0 {
		return Item{}, b.src.Refuse(e.Position(), "raw-rows", "", "Group by it and select aggregates.",
			"Selecting %s would show single rows; raw rows never leave their owner.", sql.Name(f.Rule.Name))
	}
	return Item{}, b.src.Refuse(e.Position(), "not-grouped", "", "Add it to GROUP BY.",
		"%s is selected but not grouped by.", sql.Name(f.Rule.Name))
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

// answered finds the column of the answer that an expression stands for.
func (b *binder) answered(e sql.Expr, code, what string) (int, error) {
	if c, ok := e.(*sql.Column); ok && c.Table == "" {
		for i, it := range b.out.Items {
			if fold(it.Name) == fold(c.Name) {
				return i, nil
			}
		}
	}
	want, err := b.output(e)
	if r, ok := err.(*sql.Refusal); ok && r.Code == "unknown-column" && !isName(e) {
		return 0, b.src.Refuse(e.Position(), code, "", "Name one column of the answer; divide or add up afterwards.",
			"An expression of the answer's columns is not part of the language.")
	}
	if err != nil {
		return 0, err
	}
	for i, it := range b.out.Items {
		if it.same(want) {
			return i, nil
		}
	}
	return 0, b.src.Refuse(e.Position(), code, "", "Add it to the select list.", "%s", what)
}

func isName(e sql.Expr) bool { _, ok := e.(*sql.Column); return ok }
