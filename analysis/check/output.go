package check

import (
	"strconv"

	"parley/agreements"
	"parley/analysis/sql"
)

// groups binds GROUP BY: columns, aliases of selected columns, or positions.
func (b *binder) groups() error {
	for _, e := range b.in.GroupBy {
		c, err := b.groupColumn(e)
		if err != nil {
			return err
		}
		f, err := b.resolve(c)
		if err != nil {
			return err
		}
		if f.unit {
			return b.refuseUnit(f.Table, e.Position(), "grouping by it would show single units")
		}
		if err := b.use(f.Column, agreements.Dimension, e.Position()); err != nil {
			return err
		}
		if b.group(f.Column) < 0 {
			b.out.Groups = append(b.out.Groups, f.Column)
		}
	}
	return nil
}

func (b *binder) groupColumn(e sql.Expr) (*sql.Column, error) {
	switch e := e.(type) {
	case *sql.Column:
		if e.Table != "" {
			return e, nil
		}
		for t := range b.out.Tables { // a real column comes before an alias
			if _, ok := b.lookup(t, e.Name); ok {
				return e, nil
			}
		}
		for _, it := range b.in.Items {
			if c, ok := it.Expr.(*sql.Column); ok && it.Alias != "" && fold(it.Alias) == fold(e.Name) {
				return c, nil
			}
		}
		return e, nil
	case *sql.Literal:
		i, err := b.position(e)
		if err != nil {
			return nil, err
		}
		if c, ok := b.in.Items[i].Expr.(*sql.Column); ok {
			return c, nil
		}
	}
	return nil, b.src.Refuse(e.Position(), "bad-group", "", "Group by columns.", "GROUP BY cannot name an aggregate.")
}

// position reads a position in the select list, such as ORDER BY 2.
func (b *binder) position(l *sql.Literal) (int, error) {
	i, err := strconv.Atoi(l.Text)
	if l.Kind != sql.IntegerLiteral || err != nil || i < 1 || i > len(b.in.Items) {
		return 0, b.src.Refuse(l.Position(), "bad-position", "", "",
			"This is not a position in the select list, which has %d.", len(b.in.Items))
	}
	return i - 1, nil
}

func (b *binder) group(c Column) int {
	for i, g := range b.out.Groups {
		if g == c {
			return i
		}
	}
	return -1
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

func (b *binder) item(it sql.Item) (Item, error) {
	switch e := it.Expr.(type) {
	case *sql.Column:
		return b.groupItem(e)
	case *sql.Call:
		return b.aggregate(e)
	}
	return Item{}, b.src.Refuse(it.Pos, "unsupported-syntax", "", "", "This is not part of the language.")
}

func (b *binder) groupItem(e *sql.Column) (Item, error) {
	f, err := b.resolve(e)
	if err != nil {
		return Item{}, err
	}
	if f.unit {
		return Item{}, b.refuseUnit(f.Table, e.Position(), "selecting it would show single units")
	}
	if g := b.group(f.Column); g >= 0 {
		return Item{Name: f.Rule.Name, Group: g}, nil
	}
	if len(b.out.Groups) == 0 {
		return Item{}, b.src.Refuse(e.Position(), "raw-rows", "", "Group by it and select aggregates.",
			"Selecting %s would show single rows; raw rows never leave their owner.", sql.Name(f.Rule.Name))
	}
	return Item{}, b.src.Refuse(e.Position(), "not-grouped", "", "Add it to GROUP BY.",
		"%s is selected but not grouped by.", sql.Name(f.Rule.Name))
}

func (b *binder) aggregate(e *sql.Call) (Item, error) {
	if e.Func == "count_star" {
		return Item{Name: "count(*)", Group: -1, Func: e.Func}, nil
	}
	f, err := b.resolve(e.Arg)
	if err != nil {
		return Item{}, err
	}
	if e.Func == "count_distinct" {
		return b.countUnits(f, e.Arg.Position())
	}
	if f.unit {
		return Item{}, b.refuseUnit(f.Table, e.Arg.Position(), "it has no sum")
	}
	if err := b.use(f.Column, agreements.Measure, e.Arg.Position()); err != nil {
		return Item{}, err
	}
	if f.Rule.Type != agreements.Integer && f.Rule.Type != agreements.Decimal {
		return Item{}, b.src.Refuse(e.Arg.Position(), "bad-type", rule(b.out.Tables[f.Table].Dataset, "columns."+f.Rule.Name+".type"), "",
			"%s is %s and has no sum.", sql.Name(f.Rule.Name), f.Rule.Type)
	}
	return Item{Name: e.Func + "(" + f.Rule.Name + ")", Group: -1, Func: e.Func, Arg: f.Column}, nil
}

func (b *binder) countUnits(f found, pos int) (Item, error) {
	d := b.out.Tables[f.Table].Dataset
	if !f.unit {
		return Item{}, b.src.Refuse(pos, "count-distinct", rule(d, "unit"), "Write COUNT(DISTINCT "+d.Rules.Unit.Column+").",
			"COUNT(DISTINCT …) counts units; %s is not the unit of %s.", sql.Name(f.Rule.Name), sql.Name(d.Name))
	}
	b.record(d, d.Rules.Unit.Column, "unit", rule(d, "unit"))
	return Item{Name: "count(DISTINCT " + d.Rules.Unit.Column + ")", Group: -1, Func: "count_distinct"}, nil
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
	var want Item
	var err error
	switch e := e.(type) {
	case *sql.Literal:
		return b.position(e)
	case *sql.Column:
		if e.Table == "" {
			for i, it := range b.out.Items {
				if fold(it.Name) == fold(e.Name) {
					return i, nil
				}
			}
		}
		want, err = b.groupItem(e)
	case *sql.Call:
		want, err = b.aggregate(e)
	}
	if err != nil {
		return 0, err
	}
	for i, it := range b.out.Items {
		if it.Group == want.Group && it.Func == want.Func && it.Arg == want.Arg {
			return i, nil
		}
	}
	return 0, b.src.Refuse(e.Position(), "bad-order", "", "Add it to the select list.",
		"ORDER BY works on columns of the answer; this is not one.")
}
