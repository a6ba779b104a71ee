package sql

import "strings"

// aggregates are the functions that add up rows, by the tree's name.
var aggregates = map[string]string{
	"count_star": "count_star", "count": "count", "sum": "sum", "avg": "avg",
	"var_samp": "var_samp", "variance": "var_samp", "var_pop": "var_pop",
	"stddev_samp": "stddev_samp", "stddev": "stddev_samp", "stddev_pop": "stddev_pop",
}

// isAggregate reports a call of an aggregate.
func isAggregate(n *node) bool {
	name, _ := n.fields["function_name"].(string)
	return n.kind == "FUNCTION" && aggregates[strings.ToLower(name)] != ""
}

// aggregate lowers COUNT(*), COUNT(x), COUNT(DISTINCT c), SUM(x), AVG(x),
// variances and standard deviations, each with or without FILTER.
func (l *lowering) aggregate(n *node) (Expr, error) {
	defer func(released bool, inside *inside) { l.released, l.inside = released, inside }(l.released, l.inside)
	if l.inside != nil {
		l.inside.adds = true
	}
	l.released, l.inside = false, nil // its argument and FILTER are about rows
	name, kids := strings.ToLower(n.text("function_name")), n.list("children")
	call := &Call{Pos: Pos(n.pos), Func: aggregates[name]}
	if call.Func == "" { // min or max of a subquery
		call.Func = name
	}
	if name == "count" && n.fields["distinct"] == true {
		n.take("distinct")
		call.Func = "count_distinct"
	}
	if err := l.filter(n, call); err != nil {
		return nil, err
	}
	if name == "count_star" && len(kids) == 0 {
		return call, n.finish()
	}
	if name == "count_star" || len(kids) != 1 {
		return nil, l.function(name, n.pos)
	}
	arg, err := l.object(kids[0], n.pos)
	if err != nil {
		return nil, err
	}
	// The call's own clauses make a better refusal than its argument.
	if err := n.finish(); err != nil {
		return nil, err
	}
	if call.Func == "count_distinct" && arg.kind != "COLUMN_REF" {
		return nil, l.src.Refuse(arg.pos, "unsupported-syntax", "",
			"Write COUNT(DISTINCT unit) FILTER (WHERE …).", "An expression inside COUNT(DISTINCT …) is not part of the language.")
	}
	if done, err := l.shared(call, arg); done || err != nil {
		return call, err
	}
	call.Arg, err = l.scalar(arg, 0)
	return call, err
}

// filter lowers FILTER (WHERE …).
func (l *lowering) filter(n *node, call *Call) error {
	v := n.take("filter")
	if v == nil {
		return nil
	}
	var err error
	call.Filter, err = l.conjuncts(v, n.pos)
	return err
}
