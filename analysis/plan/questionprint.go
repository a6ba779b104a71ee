package plan

import (
	"strconv"
	"strings"

	"parley/analysis/check"
)

// questionPrinter prints expressions as an analyst would write them, with
// every operation in parentheses of its own, so that it means what it meant.
type questionPrinter struct {
	q         *check.Query
	qualified bool   // columns with their table
	unit      string // of a subquery's table
	outer     bool   // columns as the subquery of an attribution names them
}

func (p questionPrinter) conjuncts(list []*check.Expr) string {
	var parts []string
	for _, c := range list {
		if c != nil {
			parts = append(parts, p.expr(c))
		}
	}
	return strings.Join(parts, " AND ")
}

func (p questionPrinter) expr(e *check.Expr) string {
	switch e.Op {
	case "column":
		if p.outer {
			return readable(pickedName(p.q, e))
		}
		if !p.qualified {
			return readable(e.Column.Name)
		}
		return readable(p.q.Tables[e.Table].Alias) + "." + readable(e.Column.Name)
	case "agg", "window":
		return p.computed(e)
	case "value":
		return literal(e.Value)
	case "null":
		return "NULL"
	case "and", "or", "not":
		return connected(e.Op, p.list(e.Kids))
	case "case":
		return p.caseText(e)
	case "+", "-", "*", "//", "%":
		return "(" + strings.Join(p.list(e.Kids), " "+e.Op+" ") + ")"
	case "neg":
		return "(- " + p.expr(e.Kids[0]) + ")"
	case "date_add":
		return "(" + p.expr(e.Kids[0]) + " + " + strconv.FormatInt(e.N, 10) + ")"
	case "date_trunc", "date_part", "date_diff":
		return e.Op + "('" + e.Word + "', " + strings.Join(p.list(e.Kids), ", ") + ")"
	case "substring":
		return "substring(" + p.expr(e.Kids[0]) + ", " + substringAt(e) + ")"
	case "round":
		return "round(" + p.expr(e.Kids[0]) + ", " + strconv.FormatInt(e.N, 10) + ")"
	case "abs", "floor", "ceil", "least", "greatest", "coalesce", "lower", "upper":
		return e.Op + "(" + strings.Join(p.list(e.Kids), ", ") + ")"
	}
	return "(" + testText(e, p.expr) + ")"
}

func (p questionPrinter) list(exprs []*check.Expr) []string {
	out := make([]string, 0, len(exprs))
	for _, e := range exprs {
		out = append(out, p.expr(e))
	}
	return out
}

func (p questionPrinter) caseText(e *check.Expr) string {
	var b strings.Builder
	b.WriteString("CASE")
	last := len(e.Kids) - 1
	for i := 0; i < last; i += 2 {
		b.WriteString(" WHEN " + p.expr(e.Kids[i]) + " THEN " + p.expr(e.Kids[i+1]))
	}
	if e.Kids[last].Op != "null" {
		b.WriteString(" ELSE " + p.expr(e.Kids[last]))
	}
	return b.String() + " END"
}

// connected joins printed conditions by and, or, not.
func connected(op string, kids []string) string {
	op = strings.ToUpper(op)
	if op == "NOT" {
		return "(NOT " + kids[0] + ")"
	}
	return "(" + strings.Join(kids, " "+op+" ") + ")"
}
