package check

import (
	"fmt"
	"math/big"
	"strings"

	"parley/agreements"
)

// Expr is an expression over the columns of one table: the owner evaluates it
// on its own rows. Every operation is total: for all values that a column may
// hold there is a value or NULL, never an error (R08).
//
//	column               Column
//	value                Value, a constant
//	null                 only as an outcome of case
//	+ - * neg            numbers, exact
//	// %                 whole numbers, by a constant that is not 0
//	abs least greatest   numbers
//	round floor ceil     numbers; round to N decimals
//	lower upper          text
//	substring            text; N characters from From (N < 0: to the end)
//	date_trunc date_part a date; Word is the part
//	date_add             a date and N days
//	date_diff            days from Kids[0] to Kids[1]
//	case                 condition, outcome, …, outcome of ELSE
//	coalesce             the first that is not NULL
//	and or not = <> < <= > >= in, not in, between, is null, is not null,
//	like, not like       conditions
//	agg                  Word over the rows of one unit, of those that meet Filter
//	window               Word over Over
type Expr struct {
	Op      string
	Table   int // of its columns; constant: none
	Column  *agreements.Column
	Slot    *Slot // of a column that a stage computes
	Filter  *Expr // of agg; nil: all rows
	Over    *Over // of window
	Value   Value
	Word    string
	From, N int64
	Kids    []*Expr

	Type     agreements.Type
	Scale    int // of a number
	Nullable bool
	// Lo and Hi bound a number, as integers at Scale. They follow from the
	// agreement, or from the type where it states no bounds.
	Lo, Hi *big.Int

	weight int // of its printed form
}

// constant is the Table of an expression without columns.
const constant = -1

// Plain reports whether the expression is a column as it is.
func (e *Expr) Plain() bool { return e.Op == "column" }

// Constant reports whether the expression is a literal or a parameter.
func (e *Expr) Constant() bool { return e.Op == "value" }

// Number reports whether the expression is an integer or a decimal.
func (e *Expr) Number() bool { return e.Type == agreements.Integer || e.Type == agreements.Decimal }

// Key is a text that two expressions share only if they are the same.
func (e *Expr) Key() string {
	if e == nil {
		return ""
	}
	switch e.Op {
	case "column":
		if e.Slot != nil {
			return fmt.Sprintf("slot %d %q", e.Table, e.Slot.Engine)
		}
		return fmt.Sprintf("column %d %q", e.Table, e.Column.Name)
	case "value":
		return fmt.Sprintf("value %s %d %q", e.Value.Type, e.Value.Scale, e.Value.Text)
	}
	kids := make([]string, 0, len(e.Kids))
	for _, k := range e.Kids {
		kids = append(kids, k.Key())
	}
	return fmt.Sprintf("%s %s %d %d (%s)", e.Op, e.Word, e.From, e.N, strings.Join(kids, "; ")) + e.Filter.Key() + e.Over.key()
}

// columns calls fn with every column of the expression; of a column that a
// stage computes, with those that it is made of as well. A count is made of
// none but the number of rows.
func (e *Expr) columns(fn func(*agreements.Column)) {
	switch {
	case e.Op == "column":
		fn(e.Column)
		if e.Slot != nil {
			e.Slot.Expr.columns(fn)
		}
	case e.Op == "agg" && strings.HasPrefix(e.Word, "count"):
		fn(rowCount)
		return
	}
	for _, k := range e.Kids {
		k.columns(fn)
	}
}

// EachColumn calls fn with every column of the expression, as an expression.
func (e *Expr) EachColumn(fn func(*Expr)) {
	if e.Op == "column" {
		fn(e)
	}
	for _, k := range e.Kids {
		k.EachColumn(fn)
	}
}

// columnExpr is a column as an expression.
func columnExpr(c Column) *Expr {
	e := &Expr{Op: "column", Table: c.Table, Column: c.Rule, Type: c.Rule.Type, Nullable: c.Rule.Nullable, weight: 1}
	if c.Rule.Type == agreements.Decimal {
		e.Scale = c.Rule.Scale
	}
	if e.Number() {
		e.Lo, e.Hi = columnBounds(c.Rule)
	}
	return e
}

// columnBounds are the declared bounds, or those of the type in a snapshot:
// BIGINT and DECIMAL(18, scale). Imports enforce both.
func columnBounds(c *agreements.Column) (lo, hi *big.Int) {
	hi = new(big.Int).Lsh(big.NewInt(1), 63)
	if c.Type == agreements.Decimal {
		hi = power(maxDigits)
	}
	lo = new(big.Int).Neg(hi)
	if v, ok := atScale(c.Min, c); ok {
		lo = v
	}
	if v, ok := atScale(c.Max, c); ok {
		hi = v
	}
	return lo, hi
}

// valueExpr is a constant as an expression.
func valueExpr(v Value) *Expr {
	e := &Expr{Op: "value", Table: constant, Value: v, Type: v.Type, Scale: v.Scale, weight: 1}
	if e.Number() {
		whole, fraction, _ := strings.Cut(v.Text, ".")
		e.Lo, _ = new(big.Int).SetString(whole+fraction, 10)
		e.Hi = e.Lo
	}
	return e
}

// When is x where the condition is true, NULL elsewhere. A nil condition is
// always true.
func When(condition, x *Expr) *Expr {
	if condition == nil {
		return x
	}
	null := &Expr{Op: "null", Table: constant, Type: x.Type, Scale: x.Scale, Nullable: true, weight: 1}
	return &Expr{Op: "case", Table: condition.Table, Kids: []*Expr{condition, x, null}, Type: x.Type, Scale: x.Scale,
		Nullable: true, Lo: x.Lo, Hi: x.Hi}
}

// Unless is x where the condition is not true, be it false or unknown, and NULL
// where it is.
func Unless(condition, x *Expr) *Expr {
	null := &Expr{Op: "null", Table: constant, Type: x.Type, Scale: x.Scale, Nullable: true, weight: 1}
	return &Expr{Op: "case", Table: condition.Table, Kids: []*Expr{condition, null, x}, Type: x.Type, Scale: x.Scale,
		Nullable: true, Lo: x.Lo, Hi: x.Hi}
}

// One is the number 1.
func One() *Expr { return valueExpr(Value{Type: agreements.Integer, Text: "1"}) }

// Present is the condition that x is not NULL.
func Present(x *Expr) *Expr {
	return &Expr{Op: "is not null", Table: x.Table, Kids: []*Expr{x}, Type: agreements.Boolean}
}

// And is the condition that both hold; nil conditions always do.
func And(x, y *Expr) *Expr {
	switch {
	case x == nil:
		return y
	case y == nil:
		return x
	}
	return &Expr{Op: "and", Table: x.Table, Kids: []*Expr{x, y}, Type: agreements.Boolean, Nullable: x.Nullable || y.Nullable}
}

// power is 10^n.
func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
