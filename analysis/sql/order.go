package sql

import "strconv"

// modifiers lowers ORDER BY and LIMIT, which apply to released values.
func (l *lowering) modifiers(n *node, q *Query) error {
	for _, v := range n.list("modifiers") {
		m, err := l.object(v, n.pos)
		if err != nil {
			return err
		}
		switch m.kind {
		case "ORDER_MODIFIER":
			err = l.orderBy(m, q)
		case "LIMIT_MODIFIER":
			err = l.limit(m, q)
		case "LIMIT_PERCENT_MODIFIER":
			err = l.src.Refuse(m.pos, "unsupported-clause", "", "Write LIMIT with a number of rows.",
				"LIMIT with a percentage is not part of the language.")
		case "DISTINCT_MODIFIER":
			err = l.src.Refuse(m.pos, "unsupported-clause", "", "Use GROUP BY.",
				"SELECT DISTINCT is not part of the language.")
		default:
			err = l.unsupported(m.kind, m.pos)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *lowering) orderBy(m *node, q *Query) error {
	keys := m.list("orders")
	if len(keys) > maxItems {
		return l.src.Refuse(m.pos, "too-complex", "", "", "ORDER BY has %d keys; at most %d are read.", len(keys), maxItems)
	}
	for _, v := range keys {
		key, e, err := l.orderKey(v, m.pos)
		if err != nil {
			return err
		}
		if key.Expr, err = l.orderExpr(e); err != nil {
			return err
		}
		q.OrderBy = append(q.OrderBy, key)
	}
	return m.finish()
}

// orderKey opens one key of an ORDER BY and returns its expression's node.
func (l *lowering) orderKey(v any, outer int) (OrderKey, *node, error) {
	o, err := l.object(v, outer)
	if err != nil {
		return OrderKey{}, nil, err
	}
	key := OrderKey{Pos: o.pos}
	switch o.kind {
	case "ORDER_DEFAULT", "ASCENDING":
	case "DESCENDING":
		key.Desc = true
	default:
		return key, nil, l.unsupported(o.kind, o.pos)
	}
	switch nulls := o.text("null_order"); nulls {
	case "ORDER_DEFAULT", "NULLS LAST":
	case "NULLS FIRST":
		key.NullsFirst = true
	default:
		return key, nil, l.unsupported(nulls, o.pos)
	}
	e, err := l.object(o.take("expression"), o.pos)
	if err != nil {
		return key, nil, err
	}
	return key, e, o.finish()
}

func (l *lowering) orderExpr(e *node) (Expr, error) {
	switch e.kind {
	case "VALUE_CONSTANT":
		return l.constant(e)
	case "VALUE_PARAMETER", "OPERATOR_CAST":
		return l.output(e)
	case "STAR":
		return nil, l.src.Refuse(e.pos, "unsupported-clause", "", "Name the columns to order by.",
			"ORDER BY ALL is not part of the language.")
	}
	return l.computed(e)
}

func (l *lowering) limit(m *node, q *Query) error {
	if off := m.take("offset"); off != nil {
		return l.src.Refuse(locateOr(off, m.pos), "unsupported-clause", "", "Use LIMIT alone.", "OFFSET is not part of the language.")
	}
	e, err := l.object(m.take("limit"), m.pos)
	if err != nil {
		return err
	}
	if e.kind != "VALUE_CONSTANT" {
		return l.src.Refuse(e.pos, "bad-limit", "", "Write a whole number.", "LIMIT takes a number, not an expression.")
	}
	lit, err := l.constant(e)
	if err != nil {
		return err
	}
	rows, err := strconv.ParseInt(lit.Text, 10, 64)
	if lit.Kind != IntegerLiteral || err != nil || rows < 1 || rows > maxLimit {
		return l.src.Refuse(e.pos, "bad-limit", "", "Write a whole number.", "LIMIT must be between 1 and %d.", maxLimit)
	}
	q.Limit = int(rows)
	return m.finish()
}
