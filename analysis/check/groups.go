package check

import (
	"parley/agreements"
	"parley/analysis/sql"
)

// groups binds GROUP BY: expressions, aliases of selected ones, or positions.
func (b *binder) groups() error {
	var at []int // positions of b.out.Groups
	for _, e := range b.in.GroupBy {
		written, err := b.groupKey(e)
		if err != nil {
			return err
		}
		// What it is grouped by is refused where GROUP BY says so.
		x, err := b.expr(written, toGroup)
		if err != nil {
			return moved(err, b.src, written, e)
		}
		if b.group(x) >= 0 {
			continue
		}
		if err := b.leftGroup(x, e.Position()); err != nil {
			return err
		}
		g, err := b.newGroup(x, e.Position())
		if err != nil {
			return err
		}
		b.out.Groups = append(b.out.Groups, g)
		at = append(at, e.Position())
	}
	return b.announced(at)
}

// announced refuses groups of a join whose number an analyst could make depend
// on a row: that number is announced, and GROUP BY age > 92 would tell by it
// whether anybody is that old. Where the values of all of a side's groups are
// known beforehand, it is their product; elsewhere it is what the rows have,
// and then only groups that say nothing of a chosen value may be among them.
func (b *binder) announced(at []int) error {
	if len(b.out.Tables) < 2 {
		return nil
	}
	unknown := [2]bool{}
	for _, g := range b.out.Groups {
		unknown[g.Expr.Table] = unknown[g.Expr.Table] || len(g.Domain) == 0
	}
	for i, g := range b.out.Groups {
		if !unknown[g.Expr.Table] || coarsens(g.Expr) {
			continue
		}
		d := b.out.Tables[g.Expr.Table].Dataset
		hint := "Group by the column itself, by date_trunc, date_part, lower, upper, left or substring of it, or by a CASE whose outcomes are constants; " +
			"for arithmetic, declare min and max of the column in the agreement."
		if counted(g.Expr) {
			hint = "Make its values few and known: least(COUNT(*), 10) has ten, and so has a CASE of ten outcomes."
		}
		if len(g.Domain) > 0 {
			hint = "Group by it alone, or by columns whose values the agreement lists (domain)."
		}
		return b.src.Refuse(at[i], "unknown-groups", rule(d, "columns"), hint,
			"In a join, the number of groups is known to both owners, and this expression could make it tell about a single row of %s.",
			sql.Name(d.Name))
	}
	return nil
}

// moved puts a refusal of a column that was written elsewhere, in the select
// list, to the place that names it.
func moved(err error, src sql.Source, written, named sql.Expr) error {
	r, ok := err.(*sql.Refusal)
	if _, plain := written.(*sql.Column); !ok || !plain || written == named {
		return err
	}
	out := *r
	out.Line, out.Column = src.LineColumn(named.Position())
	return &out
}

// groupKey is the expression that a GROUP BY entry stands for.
func (b *binder) groupKey(e sql.Expr) (sql.Expr, error) {
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
			if it.Alias != "" && fold(it.Alias) == fold(e.Name) {
				return b.notAggregate(it.Expr, e.Position())
			}
		}
		return e, nil
	case *sql.Literal:
		i, err := b.position(e)
		if err != nil {
			return nil, err
		}
		return b.notAggregate(b.in.Items[i].Expr, e.Position())
	case *sql.Param:
		return nil, b.src.Refuse(e.Position(), "bad-group", "", "Group by columns or expressions of columns.",
			"GROUP BY cannot name a parameter.")
	}
	return e, nil
}

func (b *binder) notAggregate(e sql.Expr, pos int) (sql.Expr, error) {
	if _, ok := e.(*sql.Call); ok {
		return nil, b.src.Refuse(pos, "bad-group", "", "Group by columns.", "GROUP BY cannot name an aggregate.")
	}
	return e, nil
}

func (b *binder) group(x *Expr) int {
	for i, g := range b.out.Groups {
		if g.Expr.Key() == x.Key() {
			return i
		}
	}
	return -1
}

// newGroup refuses what cannot be a label.
func (b *binder) newGroup(x *Expr, pos int) (Group, error) {
	if x.Stored() {
		return Group{Expr: x, Domain: x.Column.Domain}, nil
	}
	if x.Table == constant {
		return Group{}, b.src.Refuse(pos, "bad-group", "", "Group by columns or expressions of columns.", "This expression has no column.")
	}
	if x.Scale > 0 {
		return Group{}, b.src.Refuse(pos, "bad-group", "", "Write floor(…) or round(…) around it.",
			"An expression with decimals cannot be grouped by.")
	}
	return Group{Expr: x, Domain: domain(x)}, nil
}

// coarsens reports an expression of one column that only puts its values
// together, in a way that says nothing of any chosen value.
func coarsens(x *Expr) bool {
	switch x.Op {
	case "column":
		return x.Slot == nil || coarsens(x.Slot.Expr)
	case "date_trunc", "date_part", "lower", "upper", "substring":
		return coarsens(x.Kids[0])
	}
	return false
}

// counted reports an expression of a number that a stage computes.
func counted(x *Expr) bool {
	if x.Slot != nil {
		return x.Number() && (x.Slot.Expr.Op == "agg" || x.Slot.Expr.Op == "window")
	}
	for _, k := range x.Kids {
		if counted(k) {
			return true
		}
	}
	return false
}

// countUse is the use that COUNT(column) needs: it says which rows have
// a value, as a condition or a sum of it does.
func countUse(c *agreements.Column) agreements.Use {
	if c.Allows(agreements.Measure) {
		return agreements.Measure
	}
	return agreements.Filter
}
