package sql

import "strings"

// Credit is the one place of a window over a join: linear attribution.
//
//	SELECT e.campaign, SUM(amount / touches)
//	FROM (SELECT e.campaign, o.amount, COUNT(*) OVER (PARTITION BY o.rowid) AS touches
//	      FROM orders o JOIN exposures e ON …)
//	GROUP BY campaign
//
// Every row of one table gives an equal part of itself to each row of the
// other that it meets. It is lowered to the join, with Call.Shared where the
// question divides by the count.
type Credit struct {
	Table string // the alias of the table whose rows are shared out
	Pos   int
}

const creditHint = "Linear attribution is SELECT e.x, SUM(v / n) FROM (SELECT e.x, o.v, COUNT(*) OVER (PARTITION BY o.rowid) AS n FROM o JOIN e ON …) GROUP BY x."

// credited is what a question may name of the subquery while it is lowered.
type credited struct {
	count   string             // the name of the count
	alias   string             // the subquery's own, "" for none
	columns map[string]*Column // by folded name
}

// hasWindowOverJoin recognises the pattern by its outline.
func hasWindowOverJoin(v any) bool {
	m, _ := v.(map[string]any)
	from, _ := m["from_table"].(map[string]any)
	items, _ := m["select_list"].([]any)
	if m["type"] != "SELECT_NODE" || from["type"] != "JOIN" {
		return false
	}
	for _, item := range items {
		if it, _ := item.(map[string]any); it["class"] == "WINDOW" {
			return true
		}
	}
	return false
}

// creditOf lowers a FROM that is the pattern's subquery. It is false for any
// other FROM.
func (l *lowering) creditOf(f *node, q *Query) (bool, error) {
	sub, _ := f.fields["subquery"].(map[string]any)
	if f.kind != "SUBQUERY" || !hasWindowOverJoin(sub["node"]) {
		return false, nil
	}
	alias := f.text("alias")
	body, err := l.object(f.take("subquery"), f.pos)
	if err != nil {
		return true, err
	}
	in, err := l.object(body.take("node"), f.pos)
	if err != nil {
		return true, err
	}
	body.take("named_param_map") // says the same as the PARAMETER nodes
	for _, n := range []*node{body, f} {
		if err := n.finish(); err != nil {
			return true, err
		}
	}
	for _, field := range []string{"group_expressions", "group_sets", "having", "qualify", "modifiers"} {
		if v := in.fields[field]; !isDefault(field, v) {
			return true, l.src.Refuse(locateOr(v, in.pos), "bad-window", "", creditHint, "The subquery of an attribution does not group, order or limit.")
		}
	}
	from, where, items := in.take("from_table"), in.take("where_clause"), in.list("select_list")
	in.take("group_sets") // empty, or it would have groups
	if err := in.finish(); err != nil {
		return true, err
	}
	join, err := l.object(from, in.pos)
	if err != nil {
		return true, err
	}
	if err := l.join(join, q); err != nil {
		return true, err
	}
	if q.Asof != nil {
		return true, l.src.Refuse(q.Asof.Pos, "bad-window", "", creditHint, "A window over an ASOF JOIN is not part of the language.")
	}
	if where != nil {
		conjuncts, err := l.conjuncts(where, in.pos)
		if err != nil {
			return true, err
		}
		q.Where = append(q.Where, conjuncts...)
	}
	return true, l.creditItems(items, alias, in.pos, q)
}

func (l *lowering) creditItems(items []any, alias string, pos int, q *Query) error {
	l.credited = &credited{alias: alias, columns: map[string]*Column{}}
	if len(items) > maxItems {
		return l.src.Refuse(pos, "too-complex", "", "", "A subquery picks between 1 and %d columns.", maxItems)
	}
	for _, v := range items {
		n, err := l.object(v, pos)
		if err != nil {
			return err
		}
		name := n.text("alias")
		switch {
		case n.kind == "COLUMN_REF":
			c, err := l.columnNode(n)
			if err != nil {
				return err
			}
			if name == "" {
				name = c.Name
			}
			if l.credited.columns[strings.ToLower(name)] != nil {
				return l.src.Refuse(n.pos, "ambiguous", "", "Give one of them another name with AS.", "The subquery has two columns %s.", Name(name))
			}
			l.credited.columns[strings.ToLower(name)] = c
		case strings.HasPrefix(n.kind, "WINDOW") && q.Credit == nil:
			if q.Credit, err = l.creditCount(n); err != nil {
				return err
			}
			l.credited.count = name
		default:
			return l.src.Refuse(n.pos, "bad-window", "", creditHint, "Beside the count, the subquery of an attribution picks columns.")
		}
	}
	if l.credited.count == "" {
		return l.src.Refuse(q.Credit.Pos, "bad-window", "", creditHint, "The count has no name.")
	}
	return nil
}

// creditCount lowers COUNT(*) OVER (PARTITION BY t.rowid).
func (l *lowering) creditCount(n *node) (*Credit, error) {
	refused := l.src.Refuse(n.pos, "bad-window", "", creditHint, "This window over a join is not part of the language.")
	name, kids, partitions := n.text("function_name"), n.list("children"), n.list("partitions")
	start, end, exclude := n.text("start"), n.text("end"), n.text("exclude_clause")
	if w, ok := windows[n.kind]; ok {
		return nil, l.src.Refuse(n.pos, "bad-window", "", asofHint+" It takes the last row before each row of a.",
			"%s over a join is not part of the language.", w.name)
	}
	if err := n.finish(); err != nil {
		return nil, err
	}
	if n.kind != "WINDOW_AGGREGATE" || (name != "count" && name != "count_star") || len(kids) != 0 || len(partitions) != 1 ||
		start != "UNBOUNDED_PRECEDING" || end != "CURRENT_ROW_RANGE" || exclude != "NO_OTHER" {
		return nil, refused
	}
	by, err := l.object(partitions[0], n.pos)
	if err != nil {
		return nil, err
	}
	if by.kind != "COLUMN_REF" {
		return nil, refused
	}
	c, err := l.columnNode(by)
	if err != nil {
		return nil, err
	}
	if c.Table == "" || !strings.EqualFold(c.Name, "rowid") {
		return nil, refused
	}
	return &Credit{Table: c.Table, Pos: n.pos}, nil
}

// shared lowers the argument x / n of SUM, n the count of the attribution. It
// is false for any other argument.
func (l *lowering) shared(call *Call, arg *node) (bool, error) {
	if name, _ := arg.fields["function_name"].(string); l.credited == nil || call.Func != "sum" || arg.kind != "FUNCTION" || name != "/" {
		return false, nil
	}
	arg.take("function_name")
	arg.take("is_operator")
	kids := arg.list("children")
	if err := arg.finish(); err != nil {
		return true, err
	}
	if len(kids) == 2 {
		by, err := l.operand(kids[1], arg.pos, 1)
		if err != nil {
			return true, err
		}
		if c, ok := by.(*Column); ok && l.isCount(c) {
			call.Arg, err = l.operand(kids[0], arg.pos, 1)
			call.Shared = true
			return true, err
		}
	}
	return true, l.src.Refuse(arg.pos, "bad-window", "", creditHint, "Only the count of the subquery, %s, can be divided by.", Name(l.credited.count))
}

func (l *lowering) isCount(c *Column) bool {
	return strings.EqualFold(c.Name, l.credited.count) && (c.Table == "" || strings.EqualFold(c.Table, l.credited.alias))
}

// renameCredited gives the names of the subquery's columns those of the joined
// tables. Names of the answer's own columns stay.
func (l *lowering) renameCredited(q *Query) error {
	if l.credited == nil {
		return nil
	}
	answers := map[string]bool{}
	for i, it := range q.Items {
		if c, ok := it.Expr.(*Column); ok && it.Alias == "" {
			q.Items[i].Alias = c.Name
		}
		if it.Alias != "" {
			answers[strings.ToLower(it.Alias)] = true
		}
	}
	rename := func(e Expr, answer bool) error {
		var err error
		walkColumns(e, func(c *Column) {
			to := l.credited.columns[strings.ToLower(c.Name)]
			switch {
			case err != nil:
			case c.Table != "" && !strings.EqualFold(c.Table, l.credited.alias):
				err = l.src.Refuse(c.Position(), "unknown-table", "", "Name the columns that the subquery picks, without a table.", "There is no table %s in this question.", Name(c.Table))
			case l.isCount(c):
				err = l.src.Refuse(c.Position(), "bad-window", "", creditHint, "The count can only be divided by, in SUM(v / %s).", Name(l.credited.count))
			case to != nil:
				c.Table, c.Name = to.Table, to.Name
			case !answer || !answers[strings.ToLower(c.Name)]:
				err = l.src.Refuse(c.Position(), "unknown-column", "", "Pick it in the subquery.", "The subquery has no column %s.", Name(c.Name))
			}
		})
		return err
	}
	for _, it := range q.Items {
		if err := rename(it.Expr, false); err != nil {
			return err
		}
	}
	for _, list := range [][]Expr{q.GroupBy, q.Having} {
		for _, e := range list {
			if err := rename(e, true); err != nil {
				return err
			}
		}
	}
	for _, o := range q.OrderBy {
		if err := rename(o.Expr, true); err != nil {
			return err
		}
	}
	return nil
}

// walkColumns calls fn with every column of an expression.
func walkColumns(e Expr, fn func(*Column)) {
	list := func(es ...Expr) {
		for _, e := range es {
			walkColumns(e, fn)
		}
	}
	switch e := e.(type) {
	case *Column:
		fn(e)
	case *Call:
		list(e.Arg)
		list(e.Filter...)
	case *Apply:
		list(e.Args...)
	case *Case:
		for _, w := range e.Whens {
			list(w.If, w.Then)
		}
		list(e.Else)
	case *Compare:
		list(e.L, e.R)
	case *Logic:
		list(e.Kids...)
	case *In:
		list(e.X)
		list(e.List...)
	case *Between:
		list(e.X, e.Lo, e.Hi)
	case *IsNull:
		list(e.X)
	case *Like:
		list(e.X, e.Pattern)
	}
}
