package sql

import "strings"

// predicate lowers a condition.
func (l *lowering) predicate(v any, outer, depth int) (Expr, error) {
	n, err := l.object(v, outer)
	if err != nil {
		return nil, err
	}
	return l.condition(n, depth)
}

func (l *lowering) condition(n *node, depth int) (Expr, error) {
	if depth > maxDepth {
		return nil, l.tooDeep(n.pos)
	}
	switch n.kind {
	case "CONJUNCTION_AND":
		return l.logic(n, "AND", depth)
	case "CONJUNCTION_OR":
		return l.logic(n, "OR", depth)
	case "OPERATOR_NOT":
		return l.logic(n, "NOT", depth)
	case "COMPARE_IN", "COMPARE_NOT_IN":
		return l.in(n, depth)
	case "COMPARE_BETWEEN":
		return l.between(n, depth)
	case "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL":
		return l.isNull(n, depth)
	case "FUNCTION":
		return l.like(n, depth)
	case "COLUMN_REF":
		return nil, l.src.Refuse(n.pos, "bare-condition", "", "Write = TRUE or = FALSE after it.",
			"A column by itself is not a condition.")
	case "VALUE_CONSTANT", "VALUE_PARAMETER", "OPERATOR_CAST":
		return nil, l.src.Refuse(n.pos, "bare-condition", "", "Compare a column with a value.",
			"A constant by itself is not a condition.")
	case "CASE_EXPR", "OPERATOR_COALESCE":
		return nil, l.src.Refuse(n.pos, "bare-condition", "", "Write = TRUE after it, or the condition itself.",
			"CASE or COALESCE by itself is not a condition.")
	case "COMPARE_DISTINCT_FROM", "COMPARE_NOT_DISTINCT_FROM":
		return nil, l.src.Refuse(n.pos, "unsupported-syntax", "", "Write =, <>, IS NULL or IS NOT NULL.",
			"IS [NOT] DISTINCT FROM and IS TRUE are not part of the language.")
	}
	if op, ok := comparisons[n.kind]; ok {
		return l.compare(n, op, depth)
	}
	return nil, l.unsupportedExpr(n)
}

// unsupportedExpr refuses an expression node; its class names it when its
// type does not.
func (l *lowering) unsupportedExpr(n *node) error {
	kind := n.kind
	if len(kind) > 6 && kind[:6] == "WINDOW" {
		kind = "WINDOW"
	}
	return l.unsupported(kind, n.pos)
}

func (l *lowering) logic(n *node, op string, depth int) (Expr, error) {
	out := &Logic{Pos: Pos(n.pos), Op: op}
	kids := n.list("children")
	if len(kids) == 0 || (op == "NOT" && len(kids) != 1) {
		return nil, l.unsupported(n.kind, n.pos)
	}
	for _, k := range kids {
		e, err := l.predicate(k, n.pos, depth+1)
		if err != nil {
			return nil, err
		}
		// DuckDB flattens a AND (b AND c); a tree that does not is evened out.
		if same, ok := e.(*Logic); ok && same.Op == op && op != "NOT" {
			out.Kids = append(out.Kids, same.Kids...)
			continue
		}
		out.Kids = append(out.Kids, e)
	}
	return out, n.finish()
}

func (l *lowering) compare(n *node, op string, depth int) (Expr, error) {
	left, err := l.operand(n.take("left"), n.pos, depth+1)
	if err != nil {
		return nil, err
	}
	right, err := l.operand(n.take("right"), n.pos, depth+1)
	if err != nil {
		return nil, err
	}
	return &Compare{Pos: Pos(n.pos), Op: op, L: left, R: right}, n.finish()
}

func (l *lowering) in(n *node, depth int) (Expr, error) {
	kids := n.list("children")
	if len(kids) < 2 || len(kids) > maxInList+1 {
		return nil, l.src.Refuse(n.pos, "too-complex", "", "", "IN lists between 1 and %d values.", maxInList)
	}
	x, err := l.operand(kids[0], n.pos, depth+1)
	if err != nil {
		return nil, err
	}
	out := &In{Pos: Pos(n.pos), Not: n.kind == "COMPARE_NOT_IN", X: x}
	for _, k := range kids[1:] {
		e, err := l.operand(k, n.pos, depth+1)
		if err != nil {
			return nil, err
		}
		out.List = append(out.List, e)
	}
	return out, n.finish()
}

func (l *lowering) between(n *node, depth int) (Expr, error) {
	var parts [3]Expr
	for i, field := range []string{"input", "lower", "upper"} {
		e, err := l.operand(n.take(field), n.pos, depth+1)
		if err != nil {
			return nil, err
		}
		parts[i] = e
	}
	return &Between{Pos: Pos(n.pos), X: parts[0], Lo: parts[1], Hi: parts[2]}, n.finish()
}

func (l *lowering) isNull(n *node, depth int) (Expr, error) {
	kids := n.list("children")
	if len(kids) != 1 {
		return nil, l.unsupported(n.kind, n.pos)
	}
	x, err := l.operand(kids[0], n.pos, depth+1)
	if err != nil {
		return nil, err
	}
	return &IsNull{Pos: Pos(n.pos), Not: n.kind == "OPERATOR_IS_NOT_NULL", X: x}, n.finish()
}

// like lowers the operators ~~ and !~~, which is how the tree writes LIKE.
func (l *lowering) like(n *node, depth int) (Expr, error) {
	if !isLike(n) {
		name := n.text("function_name")
		if _, ok := functions[strings.ToLower(name)]; ok || dateParts[strings.ToLower(name)] != "" {
			return nil, l.src.Refuse(n.pos, "bare-condition", "", "Compare it with a value.",
				"The function %s by itself is not a condition.", Name(name))
		}
		return nil, l.function(name, n.pos)
	}
	name, kids := n.text("function_name"), n.list("children")
	if len(kids) != 2 {
		return nil, l.function(name, n.pos)
	}
	n.take("is_operator") // written as an operator
	x, err := l.operand(kids[0], n.pos, depth+1)
	if err != nil {
		return nil, err
	}
	pattern, err := l.operand(kids[1], n.pos, depth+1)
	if err != nil {
		return nil, err
	}
	return &Like{Pos: Pos(n.pos), Not: name == "!~~", X: x, Pattern: pattern}, n.finish()
}
