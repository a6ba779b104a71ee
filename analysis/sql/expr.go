package sql

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
)

// operand lowers one side of a comparison or an argument: a value of a row,
// but not the outcome of a condition.
func (l *lowering) operand(v any, outer, depth int) (Expr, error) {
	n, err := l.object(v, outer)
	if err != nil {
		return nil, err
	}
	if isCondition(n.kind) {
		return nil, l.src.Refuse(n.pos, "unsupported-syntax", "", "Compare a column with a value.",
			"Comparing the outcome of a condition is not part of the language.")
	}
	return l.scalar(n, depth)
}

// scalar lowers a value of a row.
func (l *lowering) scalar(n *node, depth int) (Expr, error) {
	if depth > maxDepth {
		return nil, l.tooDeep(n.pos)
	}
	switch n.kind {
	case "COLUMN_REF":
		return l.columnNode(n)
	case "VALUE_CONSTANT":
		return l.constant(n)
	case "OPERATOR_CAST":
		return l.cast(n)
	case "VALUE_PARAMETER":
		p := &Param{Pos: Pos(n.pos), Name: n.text("identifier")}
		return p, n.finish()
	case "CASE_EXPR":
		return l.caseNode(n, depth)
	case "OPERATOR_COALESCE":
		return l.coalesce(n, depth)
	case "FUNCTION":
		if l.released && isAggregate(n) || l.inside != nil && ofUnit(n) {
			return l.aggregate(n)
		}
		return l.apply(n, depth)
	}
	if l.inside != nil && strings.HasPrefix(n.kind, "WINDOW_") {
		return l.window(n)
	}
	return nil, l.unsupportedExpr(n)
}

func (l *lowering) tooDeep(pos int) error {
	return l.src.Refuse(pos, "too-complex", "", "", "Conditions are nested too deeply.")
}

// value lowers what may be grouped by, selected, or the outcome of a CASE: a
// value of a row or a condition.
func (l *lowering) value(n *node, depth int) (Expr, error) {
	if isCondition(n.kind) || isLike(n) {
		return l.condition(n, depth)
	}
	return l.scalar(n, depth)
}

func isCondition(kind string) bool {
	return strings.HasPrefix(kind, "COMPARE_") || strings.HasPrefix(kind, "CONJUNCTION_") ||
		strings.HasPrefix(kind, "OPERATOR_IS_") || kind == "OPERATOR_NOT"
}

// isLike reports the operators that the tree writes as functions.
func isLike(n *node) bool {
	name, _ := n.fields["function_name"].(string)
	return n.kind == "FUNCTION" && (name == "~~" || name == "!~~")
}

func (l *lowering) columnNode(n *node) (*Column, error) {
	names := n.list("column_names")
	parts := make([]string, 0, 2)
	for _, v := range names {
		s, ok := v.(string)
		if !ok || s == "" {
			return nil, l.unsupported(n.kind, n.pos)
		}
		parts = append(parts, s)
	}
	c := &Column{Pos: Pos(n.pos)}
	switch len(parts) {
	case 1:
		c.Name = parts[0]
	case 2:
		c.Table, c.Name = parts[0], parts[1]
	default:
		return nil, l.src.Refuse(n.pos, "unsupported-syntax", "", "Write column or dataset.column.",
			"A column name of %d parts is not part of the language.", len(parts))
	}
	return c, n.finish()
}

// function refuses a function by name.
func (l *lowering) function(name string, pos int) error {
	name = strings.ToLower(name)
	return l.src.Refuse(pos, "unsupported-function", "", functionHints[name],
		"The function %s is not part of the language.", Name(name))
}

// cast lowers the casts that the parser writes for literals: DATE '…' and
// TRUE. Any other cast could be made to fail on a chosen row and so tell about
// it.
func (l *lowering) cast(n *node) (Expr, error) {
	to, _ := n.take("cast_type").(map[string]any)
	child, err := l.object(n.take("child"), n.pos)
	if err != nil {
		return nil, err
	}
	if err := n.finish(); err != nil {
		return nil, err
	}
	kind, _ := to["id"].(string)
	if child.kind != "VALUE_CONSTANT" || !only(to, "id") || (kind != "DATE" && kind != "BOOLEAN") {
		return nil, l.unsupported("CAST", n.pos)
	}
	lit, err := l.constant(child)
	if err != nil {
		return nil, err
	}
	if lit.Kind != TextLiteral {
		return nil, l.unsupported("CAST", n.pos)
	}
	lit.Pos = Pos(n.pos)
	if kind == "DATE" {
		lit.Kind = DateLiteral
		return lit, nil
	}
	lit.Kind = BooleanLiteral
	switch strings.ToLower(lit.Text) {
	case "t", "true":
		lit.Text = "true"
	case "f", "false":
		lit.Text = "false"
	default:
		return nil, l.unsupported("CAST", n.pos)
	}
	return lit, nil
}

func (l *lowering) constant(n *node) (*Literal, error) {
	value, _ := n.take("value").(map[string]any)
	if err := n.finish(); err != nil {
		return nil, err
	}
	if null, _ := value["is_null"].(bool); null {
		return nil, l.src.Refuse(n.pos, "null-literal", "", "Write IS NULL or IS NOT NULL.",
			"Comparing with NULL is never true.")
	}
	if lit, ok := literal(value); ok {
		lit.Pos = Pos(n.pos)
		return lit, nil
	}
	return nil, l.src.Refuse(n.pos, "bad-literal", "", "Write whole numbers, decimals, text, DATE '…', TRUE or FALSE.",
		"This literal is not part of the language.")
}

// only reports whether m says nothing but by the named fields.
func only(m map[string]any, fields ...string) bool {
	for f, v := range m {
		if !slices.Contains(fields, f) && !isDefault(f, v) {
			return false
		}
	}
	return true
}

func literal(value map[string]any) (*Literal, bool) {
	typ, _ := value["type"].(map[string]any)
	id, _ := typ["id"].(string)
	if !only(value, "type", "value") || !only(typ, "id", "type_info") {
		return nil, false
	}
	switch v := value["value"].(type) {
	case string:
		return &Literal{Kind: TextLiteral, Text: v}, id == "VARCHAR" && typ["type_info"] == nil
	case json.Number:
		text, ok := number(id, typ["type_info"], v)
		if id == "DECIMAL" {
			return &Literal{Kind: DecimalLiteral, Text: text}, ok
		}
		return &Literal{Kind: IntegerLiteral, Text: text}, ok
	}
	return nil, false
}

// number writes a numeric constant as decimal text. Floating point (1e3, or
// more digits than a decimal holds) is not exact and is not accepted.
func number(id string, info any, v json.Number) (string, bool) {
	unscaled, ok := new(big.Int).SetString(limited(v), 10)
	if !ok {
		return "", false
	}
	switch id {
	case "INTEGER", "BIGINT":
		return unscaled.String(), info == nil
	case "DECIMAL":
		m, _ := info.(map[string]any)
		s, _ := m["scale"].(json.Number)
		scale, err := s.Int64()
		if err != nil || scale < 0 || scale > 38 || !only(m, "type", "width", "scale") {
			return "", false
		}
		return Unscaled(unscaled, int(scale)), true
	}
	return "", false
}

func limited(v json.Number) string {
	if len(v) > 40 {
		return ""
	}
	return string(v)
}

// Unscaled writes an integer at a decimal scale as decimal text: 1250 at
// scale 2 is "12.50".
func Unscaled(v *big.Int, scale int) string {
	digits := new(big.Int).Abs(v).String()
	if scale > 0 {
		if len(digits) <= scale {
			digits = strings.Repeat("0", scale-len(digits)+1) + digits
		}
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if v.Sign() < 0 {
		digits = "-" + digits
	}
	return digits
}
