package sql

import (
	"encoding/json"
	"strings"

	"parley/internal/weak"
)

// node is one JSON object of the tree. Reading a field takes it out; what is
// left at the end must be empty (see finish).
type node struct {
	lower  *lowering
	fields map[string]any
	kind   string // "type", for refusals
	pos    int
}

// object opens v as a node. outer is the position used when neither the node
// nor anything below it has one.
func (l *lowering) object(v any, outer int) (*node, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, l.src.Refuse(outer, "bad-tree", "", "", "The parser's answer is not a syntax tree.")
	}
	fields := make(map[string]any, len(m))
	for k, f := range m {
		fields[k] = f
	}
	n := &node{lower: l, fields: fields, pos: locateOr(v, outer)}
	n.kind, _ = fields["type"].(string)
	delete(fields, "type")
	delete(fields, "class")
	delete(fields, "query_location")
	return n, nil
}

func (n *node) take(field string) any {
	v := n.fields[field]
	delete(n.fields, field)
	return v
}

func (n *node) text(field string) string {
	s, _ := n.take(field).(string)
	return s
}

func (n *node) list(field string) []any {
	l, _ := n.take(field).([]any)
	return l
}

func (n *node) flag(field string) bool {
	b, _ := n.take(field).(bool)
	return b
}

// finish refuses the node when a field that was not taken holds anything but
// its default. Known clauses are refused by their name.
func (n *node) finish() error {
	for _, c := range clauses {
		v, ok := n.fields[c.field]
		if !ok || isDefault(c.field, v) {
			continue
		}
		if c.attack != "" && weak.Off(c.attack) {
			delete(n.fields, c.field)
			continue
		}
		return n.lower.src.Refuse(locateOr(v, n.pos), "unsupported-clause", "", c.hint, "%s", c.what)
	}
	worst := ""
	for f, v := range n.fields {
		if !isDefault(f, v) && !weak.Off("R67") && (worst == "" || f < worst) {
			worst = f
		}
	}
	if worst == "" {
		return nil
	}
	return n.lower.src.Refuse(n.pos, "unsupported-clause", "", "",
		"This form of %s (%s) is not part of the language.", Name(n.kind), Name(worst))
}

// isDefault reports whether a field says nothing. Strings that DuckDB writes
// for "nothing" are listed with their field, so that the same word elsewhere
// is not taken for a default.
func isDefault(field string, v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == "" || v == defaultWords[field]
	case []any:
		return len(v) == 0
	case map[string]any:
		return emptyWrapper(field, v)
	}
	return false
}

var defaultWords = map[string]string{
	"aggregate_handling": "STANDARD_HANDLING",
	"with_ordinality":    "WITHOUT_ORDINALITY",
}

// emptyWrapper knows the two objects that are written even when empty.
func emptyWrapper(field string, v map[string]any) bool {
	switch field {
	case "cte_map":
		m, ok := v["map"].([]any)
		return ok && len(m) == 0 && len(v) == 1
	case "order_bys":
		o, ok := v["orders"].([]any)
		return ok && len(o) == 0 && v["type"] == "ORDER_MODIFIER" && len(v) == 2
	}
	return false
}

// locateOr returns the position of a value, or outer when it has none.
func locateOr(v any, outer int) int {
	if p := locate(v, 0); p != NoPos {
		return p
	}
	return outer
}

// locate returns the position of a value, or the first position below it.
func locate(v any, depth int) int {
	if depth > maxDepth {
		return NoPos
	}
	switch v := v.(type) {
	case map[string]any:
		if p := location(v["query_location"]); p != NoPos {
			return p
		}
		for _, f := range locatedFields {
			if p := locate(v[f], depth+1); p != NoPos {
				return p
			}
		}
	case []any:
		for _, e := range v {
			if p := locate(e, depth+1); p != NoPos {
				return p
			}
		}
	}
	return NoPos
}

// locatedFields are searched in the order in which they are written in SQL.
var locatedFields = []string{
	"node", "expression", "child", "input", "left", "children", "function", "select_list", "from_table",
	"where_clause", "subquery", "query", "right", "limit", "offset", "orders", "expr", "values",
	"distinct_on_targets", "map", "value",
}

// location decodes query_location; 2^64−1 means none.
func location(v any) int {
	num, ok := v.(json.Number)
	if !ok || len(num) > 7 || strings.ContainsAny(string(num), "-.eE") {
		return NoPos
	}
	i, err := num.Int64()
	if err != nil || i > MaxBytes {
		return NoPos
	}
	return int(i)
}
