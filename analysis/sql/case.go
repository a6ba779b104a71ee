package sql

// caseNode lowers CASE. The parser turns CASE x WHEN 1 THEN … into
// CASE WHEN x = 1 THEN ….
func (l *lowering) caseNode(n *node, depth int) (Expr, error) {
	out := &Case{Pos: Pos(n.pos)}
	checks := n.list("case_checks")
	if len(checks) == 0 || len(checks) > maxArms {
		return nil, l.src.Refuse(n.pos, "too-complex", "", "", "A CASE has between 1 and %d arms.", maxArms)
	}
	for _, v := range checks {
		arm, err := l.object(v, n.pos)
		if err != nil {
			return nil, err
		}
		condition, err := l.predicate(arm.take("when_expr"), n.pos, depth+1)
		if err != nil {
			return nil, err
		}
		then, err := l.outcome(arm.take("then_expr"), n.pos, depth+1)
		if err != nil {
			return nil, err
		}
		if err := arm.finish(); err != nil {
			return nil, err
		}
		out.Whens = append(out.Whens, When{If: condition, Then: then})
	}
	var err error
	if out.Else, err = l.outcome(n.take("else_expr"), n.pos, depth+1); err != nil {
		return nil, err
	}
	return out, n.finish()
}

// outcome lowers what follows THEN or ELSE.
func (l *lowering) outcome(v any, outer, depth int) (Expr, error) {
	n, err := l.object(v, outer)
	if err != nil {
		return nil, err
	}
	if n.kind == "VALUE_CONSTANT" {
		value, _ := n.fields["value"].(map[string]any)
		typ, _ := value["type"].(map[string]any)
		if value["is_null"] == true && typ["id"] == "NULL" && only(value, "type", "is_null") && only(typ, "id") {
			n.take("value")
			return &Literal{Pos: Pos(n.pos), Kind: NullLiteral}, n.finish()
		}
	}
	return l.value(n, depth)
}

func (l *lowering) coalesce(n *node, depth int) (Expr, error) {
	out := &Apply{Pos: Pos(n.pos), Func: "coalesce"}
	kids := n.list("children")
	if len(kids) == 0 || len(kids) > maxItems {
		return nil, l.arguments("coalesce", n.pos)
	}
	for _, k := range kids {
		e, err := l.operand(k, n.pos, depth+1)
		if err != nil {
			return nil, err
		}
		out.Args = append(out.Args, e)
	}
	return out, n.finish()
}
