package release

import (
	"math"
	"math/big"

	"parley/analysis/plan"
	"parley/analysis/sql"
)

// precision is that of roots, in bits; it leaves a double exact after any
// number of operations that one expression may have.
const precision = 320

// maxParts bounds the depth of a Calc that may be anything at all.
const maxParts = 256

// line is one row of an answer while it is made: the numbers it consists of,
// exact, beside their text. A number that is NULL is nil.
type line struct {
	values []Value
	exact  []*big.Rat
}

// compute fills in the columns that are computed from others.
func (l *line) compute(p *plan.Plan) error {
	for i, c := range p.Output.Columns {
		if c.Calc == nil {
			continue
		}
		if !sound(p, c.Calc, 0) {
			return ErrShape
		}
		x := l.value(c.Calc)
		if c.Calc.Type == Double && x != nil {
			x = asDouble(x)
		}
		if x == nil {
			l.values[i] = Value{Null: true}
			continue
		}
		l.values[i] = Value{Text: calcText(c.Calc, x)}
		if p.DP != nil {
			l.values[i].PlusMinus = l.widen(c.Calc)
		}
	}
	return nil
}

// sound checks an expression that may be anything at all.
func sound(p *plan.Plan, c *plan.Calc, depth int) bool {
	want := map[string]int{"+": 2, "-": 2, "*": 2, "/": 2, "neg": 1, "abs": 1, "sqrt": 1, "round": 1, "nullif": 2,
		"least": len(c.Kids), "greatest": len(c.Kids), "coalesce": len(c.Kids)}
	switch {
	case depth > maxParts || c.Digits < 0 || c.Digits > 12 || c.Scale < 0 || c.Scale > 36:
		return false
	case c.Op == "item":
		return c.Column >= 0 && c.Column < len(p.Output.Columns) && p.Output.Columns[c.Column].Aggregate != nil
	case c.Op == "value":
		_, ok := new(big.Rat).SetString(c.Value)
		return ok && len(c.Value) <= 64
	case len(c.Kids) == 0 || want[c.Op] != len(c.Kids):
		return false
	}
	for i := range c.Kids {
		if !sound(p, &c.Kids[i], depth+1) {
			return false
		}
	}
	return true
}

func calcText(c *plan.Calc, x *big.Rat) string {
	if c.Type == Double {
		f, _ := x.Float64()
		return floatText(f)
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.Scale)), nil)
	n := new(big.Rat).Mul(x, new(big.Rat).SetInt(scale))
	return sql.Unscaled(new(big.Int).Quo(n.Num(), n.Denom()), c.Scale)
}

// asDouble rounds to the nearest float64; what has none is NULL.
func asDouble(x *big.Rat) *big.Rat {
	f, _ := x.Float64()
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil
	}
	return new(big.Rat).SetFloat64(f)
}

// value computes an expression; nil is NULL, which every operation passes on
// but those that choose.
func (l *line) value(c *plan.Calc) *big.Rat {
	switch c.Op {
	case "item":
		return l.exact[c.Column]
	case "value":
		x, _ := new(big.Rat).SetString(c.Value)
		return x
	}
	kids := make([]*big.Rat, len(c.Kids))
	missing := false
	for i := range c.Kids {
		kids[i] = l.value(&c.Kids[i])
		missing = missing || kids[i] == nil
	}
	switch c.Op {
	case "coalesce", "least", "greatest":
		return choose(c.Op, kids)
	case "nullif":
		if !missing && kids[0].Cmp(kids[1]) == 0 {
			return nil
		}
		return kids[0]
	}
	if missing {
		return nil
	}
	return operate(c, kids)
}

func choose(op string, kids []*big.Rat) *big.Rat {
	var out *big.Rat
	for _, k := range kids {
		switch {
		case k == nil:
		case out == nil:
			out = k
		case op == "least" && k.Cmp(out) < 0, op == "greatest" && k.Cmp(out) > 0:
			out = k
		}
	}
	return out
}

// operate never fails: a division by 0 and the root of a negative number are
// NULL (R08).
func operate(c *plan.Calc, kids []*big.Rat) *big.Rat {
	out, x := new(big.Rat), kids[0]
	switch c.Op {
	case "+":
		return out.Add(x, kids[1])
	case "-":
		return out.Sub(x, kids[1])
	case "*":
		return out.Mul(x, kids[1])
	case "/":
		if kids[1].Sign() == 0 {
			return nil
		}
		return out.Quo(x, kids[1])
	case "neg":
		return out.Neg(x)
	case "abs":
		return out.Abs(x)
	case "sqrt":
		return root(x)
	}
	if c.Type == Double { // as DuckDB rounds it
		x = asDouble(x)
		if x == nil {
			return nil
		}
	}
	return rounded(x, c.Digits)
}

// root is the square root of x, NULL below 0.
func root(x *big.Rat) *big.Rat {
	if x.Sign() < 0 {
		return nil
	}
	f := new(big.Float).SetPrec(precision).SetRat(x)
	out, _ := f.Sqrt(f).Rat(nil)
	return out
}

// rounded is x with so many decimals, half away from zero.
func rounded(x *big.Rat, digits int) *big.Rat {
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	n := new(big.Rat).Mul(new(big.Rat).Abs(x), new(big.Rat).SetInt(scale))
	n.Add(n, big.NewRat(1, 2))
	whole := new(big.Int).Quo(n.Num(), n.Denom())
	if x.Sign() < 0 {
		whole.Neg(whole)
	}
	return new(big.Rat).SetFrac(whole, scale)
}

// hide drops the columns that were there for the sake of others.
func (t *Table) hide(p *plan.Plan) {
	shown := func(i int) bool { return !p.Output.Columns[i].Hidden }
	t.Columns = keep(t.Columns, shown)
	for i, r := range t.Rows {
		t.Rows[i] = keep(r, shown)
	}
}

func keep[T any](list []T, shown func(int) bool) []T {
	out := list[:0]
	for i, x := range list {
		if shown(i) {
			out = append(out, x)
		}
	}
	return out
}
