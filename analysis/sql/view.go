package sql

import (
	"reflect"
	"strings"
)

// views are the queries that WITH has named so far, by lower-case name.
type views map[string]*View

// selectOf lowers a statement: a SELECT, or one behind WITH. DuckDB writes
// WITH as a chain of CTE_NODEs, and every query of it once more in the map of
// each node of the chain, which is checked to say nothing else.
func (l *lowering) selectOf(v any) (*Query, error) {
	var named, maps []any
	l.views = views{}
	for {
		n, err := l.object(v, NoPos)
		if err != nil {
			return nil, err
		}
		if n.kind != "CTE_NODE" {
			break
		}
		name, body := n.text("cte_name"), n.take("query")
		v, maps = n.take("child"), append(maps, n.take("cte_map"))
		if aliases := n.list("aliases"); len(aliases) > 0 {
			return nil, l.src.Refuse(locateOr(body, n.pos), "unsupported-clause", "", "Write AS in its select list.",
				"Naming the columns of a WITH query is not part of the language.")
		}
		if how := n.text("materialized"); how != "CTE_MATERIALIZE_DEFAULT" {
			return nil, l.src.Refuse(locateOr(body, n.pos), "unsupported-clause", "", "Leave it out.", "MATERIALIZED is not part of the language.")
		}
		if err := n.finish(); err != nil {
			return nil, err
		}
		view, err := l.view(body, n.pos)
		if err != nil {
			return nil, err
		}
		l.views[strings.ToLower(name)] = view
		named = append(named, map[string]any{"key": name, "value": map[string]any{
			"aliases": []any{}, "query": map[string]any{"node": body, "named_param_map": []any{}},
			"materialized": "CTE_MATERIALIZE_DEFAULT", "key_targets": []any{},
		}})
	}
	if len(named) > 0 {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, l.src.Refuse(NoPos, "bad-tree", "", "", "The parser's answer is not a syntax tree.")
		}
		bare := make(map[string]any, len(m))
		for k, f := range m {
			bare[k] = f
		}
		maps = append(maps, bare["cte_map"])
		delete(bare, "cte_map")
		for _, repeated := range maps {
			if !reflect.DeepEqual(repeated, map[string]any{"map": named}) {
				return nil, l.src.Refuse(l.firstWord(), "unsupported-clause", "", "", "This form of WITH is not part of the language.")
			}
		}
		v = bare
	}
	return l.selectNode(v)
}

// view lowers a subquery or the query of a WITH: it picks columns and rows of
// one dataset, and is then as if its parts were written where it is named.
func (l *lowering) view(v any, outer int) (*View, error) {
	n, err := l.object(v, outer)
	if err != nil {
		return nil, err
	}
	if n.kind != "SELECT_NODE" {
		return nil, l.unsupported(n.kind, n.pos)
	}
	if err := l.picks(n); err != nil {
		return nil, err
	}
	from, where, items := n.take("from_table"), n.take("where_clause"), n.list("select_list")
	n.take("group_sets") // empty, or it would have groups
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
	return out, l.picked(out, items)
}

// picks refuses a subquery that does more than pick columns and rows.
func (l *lowering) picks(n *node) error {
	for _, c := range []struct{ field, does string }{
		{"group_expressions", "groups"}, {"group_sets", "groups"}, {"having", "groups"}, {"modifiers", "orders, limits or removes repetitions"},
	} {
		if v := n.fields[c.field]; !isDefault(c.field, v) {
			return l.notPicked(locateOr(v, n.pos), c.does)
		}
	}
	return nil
}

func (l *lowering) notPicked(pos int, does string) error {
	return l.src.Refuse(pos, "bad-subquery", "", "It may pick columns, rename them with AS, and pick rows with WHERE, of one dataset.",
		"A subquery that %s is not part of the language.", does)
}

// picked lowers the select list of a subquery: * or columns.
func (l *lowering) picked(out *View, items []any) error {
	if len(items) == 0 || len(items) > maxItems {
		return l.src.Refuse(out.Pos, "too-complex", "", "", "A subquery picks between 1 and %d columns.", maxItems)
	}
	for _, v := range items {
		n, err := l.object(v, out.Pos)
		if err != nil {
			return err
		}
		switch {
		case n.kind == "STAR" && len(items) == 1:
			out.All = true
			if err := n.finish(); err != nil {
				return err
			}
		case n.kind == "COLUMN_REF":
			alias := n.text("alias")
			c, err := l.columnNode(n)
			if err != nil {
				return err
			}
			if alias == "" {
				alias = c.Name
			}
			out.Items = append(out.Items, Item{Expr: c, Alias: alias, Pos: n.pos})
		case isAggregate(n):
			return l.notPicked(n.pos, "adds up")
		default:
			return l.src.Refuse(n.pos, "bad-subquery", "", "Write the expression in the outer query.",
				"A subquery picks * or columns; an expression in it is not part of the language.")
		}
	}
	return nil
}

// tableRef lowers one table of FROM.
func (l *lowering) tableRef(n *node) (Table, error) {
	switch n.kind {
	case "BASE_TABLE":
		t := Table{Name: n.text("table_name"), Alias: n.text("alias"), Pos: n.pos}
		t.View = l.views[strings.ToLower(t.Name)]
		return t, n.finish()
	case "SUBQUERY":
		if l.depth++; l.depth > maxViews {
			return Table{}, l.src.Refuse(n.pos, "too-complex", "", "", "Subqueries are nested too deeply.")
		}
		t := Table{Alias: n.text("alias"), Pos: n.pos}
		body, err := l.object(n.take("subquery"), n.pos)
		if err != nil {
			return t, err
		}
		node := body.take("node")
		body.take("named_param_map") // says the same as the PARAMETER nodes
		if err := body.finish(); err != nil {
			return t, err
		}
		if err := n.finish(); err != nil {
			return t, err
		}
		t.View, err = l.view(node, n.pos)
		return t, err
	}
	return Table{}, l.notATable(n)
}
