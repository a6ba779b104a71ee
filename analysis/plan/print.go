package plan

import (
	"strconv"
	"strings"

	"parley/agreements"
	"parley/analysis/check"
)

// quote writes an identifier; names come from the agreement, never from the
// analyst, except for aliases in the receipt's text.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// readable quotes a name only where it must be, for people.
func readable(name string) string {
	for i, r := range name {
		if r != '_' && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return quote(name)
		}
	}
	if name == "" || keywords[name] {
		return quote(name)
	}
	return name
}

// text writes a text literal.
func text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// printer prints conditions. The two users differ in how a column and a value
// look: engines get quoted columns and $n, the receipt gets the question back.
type printer struct {
	column func(*agreements.Column) string
	value  func(check.Value) string
}

// pred prints a condition. Every connective is in parentheses of its own, so
// NOT and NULL mean what they meant in the tree.
func (p printer) pred(c *check.Pred) string {
	switch c.Op {
	case "and", "or":
		kids := make([]string, 0, len(c.Kids))
		for _, k := range c.Kids {
			kids = append(kids, p.pred(k))
		}
		return "(" + strings.Join(kids, " "+strings.ToUpper(c.Op)+" ") + ")"
	case "not":
		return "(NOT " + p.pred(c.Kids[0]) + ")"
	}
	return "(" + p.column(c.Column) + " " + p.test(c) + ")"
}

func (p printer) test(c *check.Pred) string {
	values := make([]string, 0, len(c.Values))
	for _, v := range c.Values {
		values = append(values, p.value(v))
	}
	op := strings.ToUpper(c.Op)
	switch c.Op {
	case "in", "not in":
		return op + " (" + strings.Join(values, ", ") + ")"
	case "between":
		return "BETWEEN " + strings.Join(values, " AND ")
	case "is null", "is not null":
		return op
	}
	return op + " " + strings.Join(values, "")
}

// where prints conjuncts, or nothing when there are none.
func (p printer) where(conjuncts []*check.Pred) string {
	if len(conjuncts) == 0 {
		return ""
	}
	parts := make([]string, 0, len(conjuncts))
	for _, c := range conjuncts {
		parts = append(parts, p.pred(c))
	}
	return " WHERE " + strings.Join(parts, " AND ")
}

// sqlType is the engine's type for a value.
func sqlType(v check.Value) string {
	switch v.Type {
	case agreements.Integer:
		return "BIGINT"
	case agreements.Decimal:
		return "DECIMAL(18, " + strconv.Itoa(v.Scale) + ")"
	case agreements.Date:
		return "DATE"
	case agreements.Boolean:
		return "BOOLEAN"
	}
	return "VARCHAR"
}

// literal writes a value as the analyst would.
func literal(v check.Value) string {
	switch v.Type {
	case agreements.Integer, agreements.Decimal:
		return v.Text
	case agreements.Date:
		return "DATE " + text(v.Text)
	case agreements.Boolean:
		return strings.ToUpper(v.Text)
	}
	return text(v.Text)
}
