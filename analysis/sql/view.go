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
