package sql

func (l *lowering) from(n *node, q *Query) error {
	f, err := l.object(n.take("from_table"), n.pos)
	if err != nil {
		return err
	}
	if f.kind == "JOIN" {
		return l.join(f, q)
	}
	if done, err := l.creditOf(f, q); done || err != nil {
		return err
	}
	return l.table(f, q)
}

// notATable refuses anything in FROM but a dataset; functions by their name.
func (l *lowering) notATable(f *node) error {
	if call, ok := f.fields["function"].(map[string]any); ok && f.kind == "TABLE_FUNCTION" {
		name, _ := call["function_name"].(string)
		return l.src.Refuse(f.pos, "unsupported-function", "", "Tables are the agreement's datasets.",
			"The table function %s is not part of the language.", Name(name))
	}
	return l.unsupported(f.kind, f.pos)
}

func (l *lowering) table(n *node, q *Query) error {
	if len(q.From) == maxTables {
		return l.src.Refuse(n.pos, "too-complex", "", "", "A question names at most %d tables.", maxTables)
	}
	t, err := l.tableRef(n)
	q.From = append(q.From, t)
	return err
}

// join lowers JOIN … ON, JOIN … USING and the comma join, which is a cross
// join until a condition in WHERE says otherwise (package check insists).
func (l *lowering) join(n *node, q *Query) error {
	left, right := n.take("left"), n.take("right")
	condition, using := n.take("condition"), n.list("using_columns")
	if n.fields["ref_type"] == "ASOF" && n.fields["join_type"] == "INNER" {
		n.take("ref_type")
		n.take("join_type")
		q.Asof = &Asof{Pos: n.pos}
	} else if err := l.joinKind(n, q); err != nil {
		return err
	}
	if err := n.finish(); err != nil {
		return err
	}
	for _, side := range []any{left, right} {
		t, err := l.object(side, n.pos)
		if err != nil {
			return err
		}
		if t.kind == "JOIN" {
			err = l.join(t, q)
		} else {
			err = l.table(t, q)
		}
		if err != nil {
			return err
		}
	}
	if q.Asof != nil && condition == nil {
		return l.src.Refuse(n.pos, "bad-asof", "", asofHint, "This form of ASOF JOIN is not part of the language.")
	}
	if len(using) > 0 {
		name, _ := using[0].(string)
		if len(using) > 1 || name == "" {
			return l.src.Refuse(n.pos, "bad-join", "", "Join on the unit column alone.",
				"Joining on several columns is not part of the language.")
		}
		q.Using = &Using{Column: name, Pos: n.pos}
	}
	if condition == nil {
		return nil
	}
	conjuncts, err := l.conjuncts(condition, n.pos)
	switch {
	case q.Asof != nil:
		q.Asof.On = conjuncts
		return err
	case q.Left:
		q.On = conjuncts
		return err
	}
	q.Where = append(q.Where, conjuncts...)
	return err
}

const asofHint = "Write FROM a ASOF JOIN b ON a.unit = b.unit AND a.date >= b.date, with dates of the two owners; how old the latest row may be stands in WHERE, as in a.date - b.date <= 14."

var joinNames = map[string]string{
	"LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "OUTER": "FULL JOIN", "FULL": "FULL JOIN",
	"SEMI": "SEMI JOIN", "ANTI": "ANTI JOIN",
	"NATURAL": "NATURAL JOIN", "POSITIONAL": "POSITIONAL JOIN",
}

// joinKind takes join_type and ref_type and refuses all but inner and left joins.
func (l *lowering) joinKind(n *node, q *Query) error {
	how, ref := n.text("join_type"), n.text("ref_type")
	word := how
	switch {
	case how == "LEFT" && ref == "REGULAR":
		q.Left = true
		return nil
	case ref == "ASOF":
		return l.src.Refuse(n.pos, "bad-join", "", "Write ASOF JOIN: it keeps the rows that have one before them. Ask for all rows in a question of its own.",
			"ASOF JOIN with LEFT, RIGHT or FULL is not part of the language.")
	case how == "LEFT" && ref != "":
		word = ref
	case how == "RIGHT" && ref == "REGULAR":
		return l.src.Refuse(n.pos, "bad-join", "", "Write the two datasets the other way round: FROM b LEFT JOIN a ON ….",
			"RIGHT JOIN is not part of the language.")
	}
	if how == "INNER" {
		if ref == "REGULAR" || ref == "CROSS" {
			return nil
		}
		word = ref
	}
	name := joinNames[word]
	if name == "" {
		name = "This kind of join"
	}
	return l.src.Refuse(n.pos, "bad-join", "", "Write JOIN … ON with the two unit columns.",
		"%s is not part of the language.", name)
}
