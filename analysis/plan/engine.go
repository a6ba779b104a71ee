package plan

import (
	"encoding/hex"
	"math/big"
	"strconv"
	"strings"

	"parley/agreements"
	"parley/analysis/check"
)

// enginePrinter prints expressions for an engine. Constants become $n, bound
// as text and cast; where a query takes no arguments they are written in full,
// text as hexadecimal digits, so that no text of an analyst is SQL anywhere.
//
// Numbers of expressions are computed as 128-bit integers at their scale: no
// step can overflow (package check bounds every one), round, or divide by
// zero, so that no row decides whether a query fails (R08).
type enginePrinter struct {
	args    *[]string // nil: write constants in full
	clamped bool      // inside date_add or date_trunc
	base    bool      // columns of a stage are written as what they are made of
}

// Days that date_add moves and date_trunc cuts, far inside what DATE holds:
// at its ends both fail. A column's other days count as the nearest of these.
const firstDay, lastDay = "DATE '0001-01-01'", "DATE '9999-12-31'"

func (p enginePrinter) where(conjuncts []*check.Expr) string {
	if len(conjuncts) == 0 {
		return ""
	}
	parts := make([]string, 0, len(conjuncts))
	for _, c := range conjuncts {
		parts = append(parts, p.expr(c))
	}
	return " WHERE " + strings.Join(parts, " AND ")
}

// expr prints an expression in the type that it has in a snapshot; a number
// that is not a column as it is becomes an integer at its scale.
func (p enginePrinter) expr(e *check.Expr) string {
	if e.Number() && !e.Stored() {
		return p.number(e, e.Scale)
	}
	switch e.Op {
	case "column":
		return p.column(e)
	case "value":
		return p.value(e.Value)
	case "null":
		return "CAST(NULL AS " + sqlType(check.Value{Type: e.Type}) + ")"
	case "and", "or":
		return "(" + strings.Join(p.list(e.Kids), " "+strings.ToUpper(e.Op)+" ") + ")"
	case "not":
		return "(NOT " + p.expr(e.Kids[0]) + ")"
	case "case":
		return p.caseOf(e, p.expr)
	case "agg", "window":
		return p.computed(e)
	case "coalesce", "lower", "upper":
		return e.Op + "(" + strings.Join(p.list(e.Kids), ", ") + ")"
	case "substring":
		return "substring(" + p.expr(e.Kids[0]) + ", " + substringAt(e) + ")"
	case "date_trunc":
		p.clamped = true
		return "date_trunc('" + e.Word + "', " + p.expr(e.Kids[0]) + ")"
	case "date_add":
		p.clamped = true
		return "(" + p.expr(e.Kids[0]) + " + CAST(" + strconv.FormatInt(e.N, 10) + " AS INTEGER))"
	}
	return "(" + p.test(e) + ")"
}

func substringAt(e *check.Expr) string {
	at := strconv.FormatInt(e.From, 10)
	if e.N >= 0 {
		at += ", " + strconv.FormatInt(e.N, 10)
	}
	return at
}

func (p enginePrinter) list(exprs []*check.Expr) []string {
	out := make([]string, 0, len(exprs))
	for _, e := range exprs {
		out = append(out, p.expr(e))
	}
	return out
}

func (p enginePrinter) column(e *check.Expr) string {
	if e.Slot != nil && p.base {
		return p.expr(e.Slot.Expr)
	}
	name := columnName(e)
	if p.clamped && e.Type == agreements.Date {
		// Of a column by itself, DuckDB 1.4.1 takes date_trunc for never NULL,
		// and date_trunc(…) <= day for one day more. The last condition matters.
		return "CASE WHEN " + name + " < " + firstDay + " THEN " + firstDay + " WHEN " + name + " > " + lastDay + " THEN " + lastDay +
			" WHEN " + name + " IS NOT NULL THEN " + name + " END"
	}
	return name
}

func (p enginePrinter) value(v check.Value) string {
	if p.args == nil {
		return full(v)
	}
	*p.args = append(*p.args, v.Text)
	return "CAST($" + strconv.Itoa(len(*p.args)) + " AS " + sqlType(v) + ")"
}

// full writes a constant without an argument.
func full(v check.Value) string {
	if v.Type == agreements.Text {
		return "decode(from_hex('" + hex.EncodeToString([]byte(v.Text)) + "'))"
	}
	return "CAST('" + v.Text + "' AS " + sqlType(v) + ")"
}

// caseOf prints CASE with its outcomes printed by outcome.
func (p enginePrinter) caseOf(e *check.Expr, outcome func(*check.Expr) string) string {
	var b strings.Builder
	b.WriteString("CASE")
	last := len(e.Kids) - 1
	for i := 0; i < last; i += 2 {
		b.WriteString(" WHEN " + p.expr(e.Kids[i]) + " THEN " + outcome(e.Kids[i+1]))
	}
	return b.String() + " ELSE " + outcome(e.Kids[last]) + " END"
}

// test prints a comparison. Columns are compared with constants as they are,
// so that the engine can skip what cannot match; other numbers as integers at
// one scale.
func (p enginePrinter) test(e *check.Expr) string {
	print, scale, asIs := p.expr, 0, e.Kids[0].Stored()
	for _, k := range e.Kids {
		scale = max(scale, k.Scale)
		asIs = asIs && (k.Constant() || k.Stored() && k.Type == e.Kids[0].Type && k.Scale == e.Kids[0].Scale)
	}
	switch {
	case asIs:
		print = func(k *check.Expr) string {
			if k.Constant() {
				return p.value(k.Value)
			}
			return p.column(k)
		}
	case e.Kids[0].Number():
		print = func(k *check.Expr) string { return p.number(k, scale) }
	}
	return testText(e, print)
}

// testText prints a comparison, its sides printed by print.
func testText(e *check.Expr, print func(*check.Expr) string) string {
	kids := make([]string, 0, len(e.Kids))
	for _, k := range e.Kids {
		kids = append(kids, print(k))
	}
	op := strings.ToUpper(e.Op)
	switch e.Op {
	case "in", "not in":
		return kids[0] + " " + op + " (" + strings.Join(kids[1:], ", ") + ")"
	case "between":
		return kids[0] + " BETWEEN " + kids[1] + " AND " + kids[2]
	case "is null", "is not null":
		return kids[0] + " " + op
	}
	return kids[0] + " " + op + " " + kids[1]
}

// number prints a number as a HUGEINT at a scale, at least its own.
func (p enginePrinter) number(e *check.Expr, scale int) string {
	if scale > e.Scale && !e.Constant() && e.Op != "null" {
		return "(" + p.number(e, e.Scale) + " * " + wide(scale-e.Scale) + ")"
	}
	kid := func(i int) string { return p.number(e.Kids[i], e.Kids[i].Scale) }
	same := func(k *check.Expr) string { return p.number(k, scale) }
	switch e.Op {
	case "column":
		if !e.Stored() {
			return p.column(e)
		}
		return "CAST(" + scaled(p.column(e), e.Scale) + " AS HUGEINT)"
	case "agg", "window":
		return "CAST(" + p.computed(e) + " AS HUGEINT)"
	case "value":
		n := new(big.Int).Mul(e.Lo, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale-e.Scale)), nil))
		if p.args == nil {
			return "CAST('" + n.String() + "' AS HUGEINT)"
		}
		*p.args = append(*p.args, n.String())
		return "CAST($" + strconv.Itoa(len(*p.args)) + " AS HUGEINT)"
	case "null":
		return "CAST(NULL AS HUGEINT)"
	case "+", "-":
		return "(" + same(e.Kids[0]) + " " + e.Op + " " + same(e.Kids[1]) + ")"
	case "*", "//", "%":
		return "(" + kid(0) + " " + e.Op + " " + kid(1) + ")"
	case "neg":
		return "(- " + kid(0) + ")"
	case "abs":
		return "abs(" + kid(0) + ")"
	case "round", "floor", "ceil":
		return rounded(e, kid(0))
	case "case":
		return p.caseOf(e, same)
	case "date_part":
		return "CAST(date_part('" + e.Word + "', " + p.expr(e.Kids[0]) + ") AS HUGEINT)"
	case "date_diff":
		return "CAST(date_diff('day', " + p.expr(e.Kids[0]) + ", " + p.expr(e.Kids[1]) + ") AS HUGEINT)"
	}
	kids := make([]string, 0, len(e.Kids)) // least, greatest, coalesce
	for _, k := range e.Kids {
		kids = append(kids, same(k))
	}
	return e.Op + "(" + strings.Join(kids, ", ") + ")"
}

// rounded prints round (half away from zero), floor and ceil of x, which is
// printed twice.
func rounded(e *check.Expr, x string) string {
	digits := e.Kids[0].Scale - e.Scale
	if digits == 0 {
		return x
	}
	switch e.Op {
	case "floor":
		return "(" + x + " // " + wide(digits) + " - CASE WHEN " + x + " % " + wide(digits) + " < 0 THEN 1 ELSE 0 END)"
	case "ceil":
		return "(" + x + " // " + wide(digits) + " + CASE WHEN " + x + " % " + wide(digits) + " > 0 THEN 1 ELSE 0 END)"
	}
	half := "CAST(5" + strings.Repeat("0", digits-1) + " AS HUGEINT)"
	return "(CASE WHEN " + x + " < 0 THEN -1 ELSE 1 END * ((abs(" + x + ") + " + half + ") // " + wide(digits) + "))"
}

// wide is 10^n in SQL.
func wide(n int) string { return "CAST(1" + strings.Repeat("0", n) + " AS HUGEINT)" }

// scaled turns a decimal into its integer at the scale.
func scaled(x string, scale int) string {
	if scale == 0 {
		return x
	}
	return x + " * 1" + strings.Repeat("0", scale)
}
