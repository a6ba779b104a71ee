package sql

import (
	"encoding/json"
	"strconv"

	"parley/internal/weak"
)

func (l *lowering) selectNode(v any) (*Query, error) {
	n, err := l.object(v, NoPos)
	if err != nil {
		return nil, err
	}
	if n.kind == "RECURSIVE_CTE_NODE" {
		return nil, l.unsupported(n.kind, l.firstWord())
	}
	if n.kind != "SELECT_NODE" {
		return nil, l.unsupported(n.kind, n.pos)
	}
	q := &Query{Source: l.src}
	steps := []func(*node, *Query) error{l.from, l.groups, l.items, l.where, l.having, l.modifiers}
	// The node's own fields are judged first: WITH, HAVING and the like make a
	// better refusal than whatever they lead to further down.
	from, where, having := n.take("from_table"), n.take("where_clause"), n.take("having")
	items, mods := n.take("select_list"), n.take("modifiers")
	groups, sets := n.take("group_expressions"), n.take("group_sets")
	if err := n.finish(); err != nil {
		return nil, err
	}
	n.fields = map[string]any{
		"from_table": from, "where_clause": where, "having": having, "select_list": items, "modifiers": mods,
		"group_expressions": groups, "group_sets": sets,
	}
	for _, step := range steps {
		if err := step(n, q); err != nil {
			return nil, err
		}
	}
	return q, l.renameCredited(q)
}

func (l *lowering) items(n *node, q *Query) error {
	list := n.list("select_list")
	if len(list) == 0 || len(list) > maxItems {
		return l.src.Refuse(n.pos, "too-complex", "", "", "An answer has between 1 and %d columns; this one has %d.", maxItems, len(list))
	}
	for _, v := range list {
		in, err := l.object(v, n.pos)
		if err != nil {
			return err
		}
		alias := in.text("alias")
		e, err := l.output(in)
		if err != nil {
			return err
		}
		q.Items = append(q.Items, Item{Expr: e, Alias: alias, Pos: in.pos})
	}
	return nil
}

// output lowers what may stand in the select list or in ORDER BY: an aggregate
// or an expression that is grouped by.
func (l *lowering) output(n *node) (Expr, error) {
	switch {
	case isAggregate(n):
		return l.aggregate(n)
	case hasAggregate(n.fields, 0):
		return l.computed(n)
	case n.kind == "VALUE_CONSTANT" || n.kind == "VALUE_PARAMETER":
		return nil, l.src.Refuse(n.pos, "unsupported-syntax", "", "Select grouped columns and aggregates.",
			"A constant in the answer is not part of the language.")
	case n.kind == "OPERATOR_CAST":
		return nil, l.unsupported("CAST", n.pos)
	}
	return l.value(n, 0)
}

// groups lowers GROUP BY. ROLLUP, CUBE and GROUPING SETS show only as more
// than one grouping set, or as one that leaves a column out.
func (l *lowering) groups(n *node, q *Query) error {
	keys, sets := n.list("group_expressions"), n.list("group_sets")
	if len(keys) > maxItems {
		return l.src.Refuse(n.pos, "too-complex", "", "", "GROUP BY has %d columns; at most %d are read.", len(keys), maxItems)
	}
	if !plainGrouping(sets, len(keys)) && !weak.Off("R20") {
		return l.src.Refuse(locateOr(keys, n.pos), "unsupported-clause", "", "Ask each grouping by itself.",
			"ROLLUP, CUBE and GROUPING SETS are not part of the language.")
	}
	for _, v := range keys {
		k, err := l.object(v, n.pos)
		if err != nil {
			return err
		}
		e, err := l.value(k, 0)
		if err != nil {
			return err
		}
		q.GroupBy = append(q.GroupBy, e)
	}
	return nil
}

// plainGrouping reports whether sets is what an ordinary GROUP BY of n columns
// writes: nothing, or the one set of all columns in order.
func plainGrouping(sets []any, n int) bool {
	if len(sets) == 0 {
		return n == 0
	}
	set, ok := sets[0].([]any)
	if len(sets) != 1 || !ok || len(set) != n {
		return false
	}
	for i, v := range set {
		num, ok := v.(json.Number)
		if !ok || string(num) != strconv.Itoa(i) {
			return false
		}
	}
	return true
}

func (l *lowering) where(n *node, q *Query) error {
	v := n.take("where_clause")
	if v == nil {
		return nil
	}
	if q.Credit != nil {
		return l.src.Refuse(locateOr(v, n.pos), "bad-window", "", "Pick the rows inside the subquery, before they are counted.",
			"WHERE after the count of an attribution is not part of the language.")
	}
	conjuncts, err := l.conjuncts(v, n.pos)
	q.Where = append(q.Where, conjuncts...)
	return err
}

// conjuncts lowers the AND-ed parts of a condition.
func (l *lowering) conjuncts(v any, outer int) ([]Expr, error) {
	e, err := l.predicate(v, outer, 0)
	if err != nil {
		return nil, err
	}
	if and, ok := e.(*Logic); ok && and.Op == "AND" {
		return and.Kids, nil
	}
	return []Expr{e}, nil
}

// having lowers HAVING, a condition on the answer's columns. Aggregates are
// operands here and nowhere else.
func (l *lowering) having(n *node, q *Query) error {
	v := n.take("having")
	if v == nil {
		return nil
	}
	l.released = true
	defer func() { l.released = false }()
	var err error
	q.Having, err = l.conjuncts(v, n.pos)
	return err
}
