package sql

// releasedFunctions are functions of released values, besides those of row
// values: the receiver computes them, so that they may fail for one row of the
// answer without telling anything of a row of the data.
var releasedFunctions = map[string]function{"/": {"/", 2, 2}, "sqrt": {"sqrt", 1, 1}, "nullif": {"nullif", 2, 2}}

// ReleasedOnly reports a function that is of released values only.
func ReleasedOnly(name string) bool {
	_, ok := releasedFunctions[name]
	return ok
}

// computed lowers an expression whose operands may be aggregates: an entry of
// the select list with an aggregate somewhere in it, or of ORDER BY.
func (l *lowering) computed(n *node) (Expr, error) {
	defer func(was bool) { l.released = was }(l.released)
	l.released = true
	return l.value(n, 0)
}

// hasAggregate reports a call of an aggregate somewhere in a tree.
func hasAggregate(v any, depth int) bool {
	if depth > 2*maxDepth {
		return false
	}
	switch v := v.(type) {
	case map[string]any:
		if isAggregate(&node{fields: v, kind: kindOf(v)}) {
			return true
		}
		for _, f := range v {
			if hasAggregate(f, depth+1) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if hasAggregate(e, depth+1) {
				return true
			}
		}
	}
	return false
}

func kindOf(v map[string]any) string {
	kind, _ := v["type"].(string)
	return kind
}
