package sql

import "parley/internal/weak"

// View is a subquery, or a query named by WITH, of one table. A plain one
// picks columns, expressions and rows. One that groups has a row for each of
// its groups, one with windows a row for each row of its table. What its names
// mean and that it stays within units is for package check to say.
type View struct {
	From  Table
	All   bool   // *, before Items
	Items []Item // expressions with the names they get
	Where []Expr // conjuncts on From's columns
	// Distinct removes repetitions: a grouping by all Items.
	Distinct bool
	GroupBy  []Expr // an integer *Literal is a position
	Having   []Expr // conjuncts, in which aggregates are operands
	Qualify  []Expr // conjuncts, in which windows are operands
	// Adds and Windows report an aggregate and a window among the items or
	// conditions.
	Adds, Windows bool
	// Union, if set, is what UNION ALL puts below each other; nothing else is.
	Union []*View
	Pos   int
}

// Groups reports whether rows are put together.
func (v *View) Groups() bool { return v.Distinct || v.Adds || len(v.GroupBy) > 0 || len(v.Having) > 0 }

// inside is the state of lowering the select list and HAVING of a subquery.
type inside struct{ adds, windows bool }

// maxBranches bounds the queries of one UNION ALL.
const maxBranches = 16

// view lowers a subquery or the query of a WITH.
func (l *lowering) view(v any, outer int) (*View, error) {
	n, err := l.object(v, outer)
	if err != nil {
		return nil, err
	}
	switch n.kind {
	case "SELECT_NODE":
	case "SET_OPERATION_NODE":
		out := &View{Pos: n.pos}
		return out, l.union(n, out)
	default:
		return nil, l.unsupported(n.kind, n.pos)
	}
	from, where, having, qualify := n.take("from_table"), n.take("where_clause"), n.take("having"), n.take("qualify")
	items, keys, sets, mods := n.list("select_list"), n.list("group_expressions"), n.list("group_sets"), n.list("modifiers")
	if err := n.finish(); err != nil {
		return nil, err
	}
	out := &View{Pos: n.pos}
	f, err := l.object(from, n.pos)
	if err != nil {
		return nil, err
	}
	if f.kind == "JOIN" {
		return nil, l.notPicked(f.pos, "joins")
	}
	if out.From, err = l.tableRef(f); err != nil {
		return nil, err
	}
	if where != nil {
		if out.Where, err = l.conjuncts(where, n.pos); err != nil {
			return nil, err
		}
	}
	if err := l.distinct(mods, n.pos, out); err != nil {
		return nil, err
	}
	if err := l.viewGroups(keys, sets, n.pos, out); err != nil {
		return nil, err
	}
	was := l.inside
	l.inside = &inside{}
	defer func() { l.inside = was }()
	if err := l.picked(out, items); err != nil {
		return nil, err
	}
	for _, c := range []struct {
		v    any
		into *[]Expr
	}{{having, &out.Having}, {qualify, &out.Qualify}} {
		if c.v == nil {
			continue
		}
		if *c.into, err = l.conjuncts(c.v, n.pos); err != nil {
			return nil, err
		}
	}
	out.Adds, out.Windows = l.inside.adds, l.inside.windows || qualify != nil
	return out, nil
}

// union lowers UNION ALL, which the tree nests to the left.
func (l *lowering) union(n *node, out *View) error {
	kind, all := n.text("setop_type"), n.flag("setop_all")
	left, right := n.take("left"), n.take("right")
	if err := n.finish(); err != nil {
		return err
	}
	if kind != "UNION" || !all {
		return l.src.Refuse(n.pos, "unsupported-syntax", "", "Write UNION ALL; COUNT(DISTINCT …) counts each person or thing once.",
			"UNION without ALL, INTERSECT and EXCEPT are not part of the language.")
	}
	for _, side := range []any{left, right} {
		v, err := l.view(side, n.pos)
		if err != nil {
			return err
		}
		if len(v.Union) > 0 {
			out.Union = append(out.Union, v.Union...)
		} else {
			out.Union = append(out.Union, v)
		}
		if len(out.Union) > maxBranches {
			return l.src.Refuse(n.pos, "too-complex", "", "", "A UNION ALL has at most %d queries.", maxBranches)
		}
	}
	return nil
}

// distinct takes SELECT DISTINCT, the one modifier of a subquery.
func (l *lowering) distinct(mods []any, pos int, out *View) error {
	for _, v := range mods {
		m, err := l.object(v, pos)
		if err != nil {
			return err
		}
		if m.kind != "DISTINCT_MODIFIER" || out.Distinct {
			return l.notPicked(locateOr(v, pos), "orders or limits")
		}
		if on := m.list("distinct_on_targets"); len(on) > 0 {
			return l.src.Refuse(locateOr(on, pos), "unsupported-clause", "", "Write row_number() OVER (PARTITION BY …) and QUALIFY.",
				"DISTINCT ON is not part of the language.")
		}
		if err := m.finish(); err != nil {
			return err
		}
		out.Distinct = true
	}
	return nil
}

// viewGroups lowers the GROUP BY of a subquery.
func (l *lowering) viewGroups(keys, sets []any, pos int, out *View) error {
	switch {
	case len(keys) > maxItems:
		return l.src.Refuse(pos, "too-complex", "", "", "GROUP BY has %d columns; at most %d are read.", len(keys), maxItems)
	case len(keys) > 0 && out.Distinct:
		return l.src.Refuse(locateOr(keys, pos), "bad-subquery", "", "Leave DISTINCT out, or put one of them in a subquery of its own.",
			"DISTINCT together with GROUP BY is not part of the language.")
	case !plainGrouping(sets, len(keys)) && !weak.Off("R20"):
		return l.src.Refuse(locateOr(keys, pos), "unsupported-clause", "", "Ask each grouping by itself.",
			"ROLLUP, CUBE and GROUPING SETS are not part of the language.")
	}
	for _, v := range keys {
		k, err := l.object(v, pos)
		if err != nil {
			return err
		}
		e, err := l.value(k, 0)
		if err != nil {
			return err
		}
		out.GroupBy = append(out.GroupBy, e)
	}
	return nil
}

func (l *lowering) notPicked(pos int, does string) error {
	return l.src.Refuse(pos, "bad-subquery", "", "It may pick columns and expressions, pick rows with WHERE, group by the unit, and use windows within a person or thing, of one dataset.",
		"A subquery that %s is not part of the language.", does)
}

// picked lowers the select list of a subquery.
func (l *lowering) picked(out *View, items []any) error {
	if len(items) == 0 || len(items) > maxItems {
		return l.src.Refuse(out.Pos, "too-complex", "", "", "A subquery picks between 1 and %d columns.", maxItems)
	}
	for i, v := range items {
		n, err := l.object(v, out.Pos)
		if err != nil {
			return err
		}
		if n.kind == "STAR" && i == 0 {
			out.All = true
			if err := n.finish(); err != nil {
				return err
			}
			continue
		}
		it := Item{Alias: n.text("alias"), Pos: n.pos}
		if n.kind == "VALUE_CONSTANT" || n.kind == "VALUE_PARAMETER" {
			return l.src.Refuse(n.pos, "unsupported-syntax", "", "Pick columns and expressions of columns.",
				"A constant column is not part of the language.")
		}
		if it.Expr, err = l.value(n, 0); err != nil {
			return err
		}
		if c, ok := it.Expr.(*Column); ok && it.Alias == "" {
			it.Alias = c.Name
		}
		if it.Alias == "" {
			return l.src.Refuse(it.Pos, "bad-subquery", "", "Write AS and a name after it.", "An expression in a subquery needs a name.")
		}
		out.Items = append(out.Items, it)
	}
	return nil
}

// ofUnit reports a call of an aggregate that a subquery may take over the
// rows of one unit.
func ofUnit(n *node) bool {
	name := lowerName(n)
	return isAggregate(n) || n.kind == "FUNCTION" && (name == "min" || name == "max")
}
