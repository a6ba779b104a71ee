package check

import (
	"math/big"

	"parley/agreements"
	"parley/analysis/sql"
)

// Double is the type of a number that is not exact, as in package release.
const Double agreements.Type = "double"

// Calc is an expression that the receiver computes from released numbers of
// one row of the answer. Every aggregate in it is a column of its own, hidden
// unless it was selected, and obeys its own rules: what is computed tells
// nothing that its parts do not (R06, R07). A part that is NULL makes it NULL,
// and so do a division by 0 and the root of a negative number (R08).
//
//	item                       Query.Items[Item], an aggregate
//	value                      Value, a number
//	+ - * / neg abs sqrt       numbers
//	round                      to N decimals, half away from zero
//	least greatest coalesce    the least, greatest, first that is not NULL
//	nullif                     the first, NULL if both are equal
//
// It is exact, an integer or a decimal of Scale, when all of it is and only
// + - * and what chooses are used; otherwise a double.
type Calc struct {
	Op    string
	Item  int
	Value Value
	N     int64
	Kids  []*Calc

	Type  agreements.Type
	Scale int

	size int // parts
}

const (
	maxCalc      = 200 // parts of one Calc
	maxCalcScale = 18  // decimals of an exact one; beyond, it is a double
)

// same reports whether two expressions are the same.
func (c *Calc) same(other *Calc) bool {
	if c == nil || other == nil {
		return c == other
	}
	if c.Op != other.Op || c.Item != other.Item || c.Value != other.Value || c.N != other.N || len(c.Kids) != len(other.Kids) {
		return false
	}
	for i := range c.Kids {
		if !c.Kids[i].same(other.Kids[i]) {
			return false
		}
	}
	return true
}

// computed reports an expression over aggregates: a function with an aggregate
// somewhere in it, or with the name of a released number where names of the
// answer's columns may stand.
func (b *binder) computed(e sql.Expr, names bool) bool {
	apply, ok := e.(*sql.Apply)
	if !ok {
		return false
	}
	for _, arg := range apply.Args {
		switch arg := arg.(type) {
		case *sql.Call:
			return true
		case *sql.Column:
			if names && b.numberNamed(arg) >= 0 {
				return true
			}
		default:
			if b.computed(arg, names) {
				return true
			}
		}
	}
	return false
}

// numberNamed finds the released number that a bare name stands for, or -1.
func (b *binder) numberNamed(c *sql.Column) int {
	for i, it := range b.out.Items {
		if c.Table == "" && it.Group < 0 && !it.Hidden && fold(it.Name) == fold(c.Name) {
			return i
		}
	}
	return -1
}

// calc binds an expression over aggregates. names says that a bare name may be
// a column of the answer, as in HAVING and ORDER BY.
func (b *binder) calc(e sql.Expr, names bool) (*Calc, error) {
	switch e := e.(type) {
	case *sql.Call:
		want, err := b.aggregate(e)
		if err != nil {
			return nil, err
		}
		want.pos = e.Position()
		return b.leaf(b.hidden(want)), nil
	case *sql.Literal, *sql.Param:
		x, err := b.constant(e)
		if err != nil {
			return nil, err
		}
		if !x.Number() {
			return nil, b.src.Refuse(e.Position(), "bad-type", "", "", "An expression over aggregates is of numbers; this is %s.", a(x.Type))
		}
		return &Calc{Op: "value", Value: x.Value, Type: x.Type, Scale: x.Scale, size: 1}, nil
	case *sql.Column:
		if i := b.numberNamed(e); names && i >= 0 {
			if c := b.out.Items[i].Calc; c != nil {
				return c, nil
			}
			return b.leaf(i), nil
		}
		return nil, b.src.Refuse(e.Position(), "mixed-expression", "", "Write SUM, AVG or COUNT around it, or select it by itself.",
			"An expression over aggregates cannot name the column %s outside of them.", sql.Name(e.Name))
	case *sql.Apply:
		return b.calcApply(e, names)
	}
	return nil, b.src.Refuse(e.Position(), "nested-aggregate", "", "Operations are + - * /, abs, round, sqrt, least, greatest, coalesce and nullif; "+
		"for a part of the rows write SUM(x) FILTER (WHERE …).", "This form of an expression over aggregates is not part of the language.")
}

// leaf is a column of the answer in an expression.
func (b *binder) leaf(item int) *Calc {
	x := b.resultOf(b.out.Items[item])
	out := &Calc{Op: "item", Item: item, Type: x.Type, Scale: x.Scale, size: 1}
	if fn := b.out.Items[item].Func; fn == "avg" || spread(fn) {
		out.Type, out.Scale = Double, 0
	}
	return out
}

// hidden finds an item, or adds it as one that is released but not shown.
func (b *binder) hidden(want Item) int {
	for i, it := range b.out.Items {
		if it.same(want) {
			return i
		}
	}
	want.Hidden = true
	b.out.Items = append(b.out.Items, want)
	return len(b.out.Items) - 1
}

func (b *binder) calcApply(e *sql.Apply, names bool) (*Calc, error) {
	out, args := &Calc{Op: e.Func, size: 1}, e.Args
	switch e.Func {
	case "+", "-", "*", "/", "abs", "sqrt", "least", "greatest", "coalesce", "nullif":
	case "round":
		var digits Expr
		var err error
		if args, err = b.counts(e, &digits); err != nil {
			return nil, err
		}
		out.N = digits.N
	default:
		return nil, b.src.Refuse(e.Position(), "nested-aggregate", "", "Operations are + - * /, abs, round, sqrt, least, greatest, coalesce and nullif.",
			"The function %s of aggregates is not part of the language.", sql.Name(e.Func))
	}
	for _, arg := range args {
		k, err := b.calc(arg, names)
		if err != nil {
			return nil, err
		}
		out.Kids, out.size = append(out.Kids, k), out.size+k.size
	}
	if out.size > maxCalc {
		return nil, b.src.Refuse(e.Position(), "too-complex", "", "", "An expression over aggregates has at most %d parts.", maxCalc)
	}
	if len(out.Kids) == 1 && out.Op == "-" {
		if k := out.Kids[0]; k.Op == "value" {
			n := valueExpr(k.Value).Lo
			return &Calc{Op: "value", Value: Value{Type: k.Type, Scale: k.Scale, Text: sql.Unscaled(new(big.Int).Neg(n), k.Scale)},
				Type: k.Type, Scale: k.Scale, size: 1}, nil
		}
		out.Op = "neg"
	}
	out.typed()
	return out, nil
}

// typed gives an operation its type.
func (c *Calc) typed() {
	first := c.Kids[0]
	c.Type, c.Scale = agreements.Integer, 0
	for _, k := range c.Kids {
		switch {
		case k.Type == Double || c.Type == Double:
			c.Type = Double
		case k.Type == agreements.Decimal:
			c.Type = k.Type
		}
		c.Scale = max(c.Scale, k.Scale)
	}
	switch c.Op {
	case "/", "sqrt":
		c.Type = Double
	case "*":
		c.Scale = first.Scale + c.Kids[1].Scale
	case "round":
		c.Scale = min(c.Scale, int(c.N))
	case "nullif":
		c.Type, c.Scale = first.Type, first.Scale
	}
	if c.Scale > maxCalcScale {
		c.Type = Double
	}
	if c.Type == Double {
		c.Scale = 0
	}
}
