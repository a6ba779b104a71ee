package check

import (
	"math/big"

	"parley/agreements"
	"parley/analysis/sql"
)

// largest bounds the numbers of an expression, as integers at their scale.
// Engines compute in 128 bits: within this, nothing can overflow there, and
// whether something does would tell about a row (R08).
var largest = power(36)

func tooLarge(lo, hi *big.Int) bool { return lo.CmpAbs(largest) > 0 || hi.CmpAbs(largest) > 0 }

func (b *binder) tooLarge(pos int) error {
	return b.src.Refuse(pos, "overflow", "", "Declare bounds (min, max) of its columns in the agreement, or use smaller factors.",
		"By the declared bounds, this expression could have more than 36 digits.")
}

// rescale writes n with more decimals.
func rescale(n *big.Int, by int) *big.Int { return new(big.Int).Mul(n, power(by)) }

// cover widens out, a number, so that it can hold o.
func (b *binder) cover(pos int, out, o *Expr) error {
	scale := max(out.Scale, o.Scale)
	lo, hi := rescale(out.Lo, scale-out.Scale), rescale(out.Hi, scale-out.Scale)
	oLo, oHi := rescale(o.Lo, scale-o.Scale), rescale(o.Hi, scale-o.Scale)
	if oLo.Cmp(lo) < 0 {
		lo = oLo
	}
	if oHi.Cmp(hi) > 0 {
		hi = oHi
	}
	if tooLarge(lo, hi) {
		return b.tooLarge(pos)
	}
	out.Scale, out.Lo, out.Hi = scale, lo, hi
	return nil
}

// arithmetic gives out its type, scale and bounds by interval arithmetic.
func (b *binder) arithmetic(pos int, out *Expr) error {
	x := out.Kids[0]
	out.Type, out.Scale, out.Nullable = agreements.Integer, x.Scale, false
	for _, k := range out.Kids {
		if !k.Number() {
			return b.src.Refuse(pos, "bad-type", "", "", "%s works on numbers; this is %s.", sql.Name(out.Op), a(k.Type))
		}
		if k.Type == agreements.Decimal {
			out.Type = agreements.Decimal
		}
		out.Nullable = out.Nullable || k.Nullable
	}
	switch out.Op {
	case "+", "-":
		y := out.Kids[1]
		out.Scale = max(x.Scale, y.Scale)
		xLo, xHi := rescale(x.Lo, out.Scale-x.Scale), rescale(x.Hi, out.Scale-x.Scale)
		yLo, yHi := rescale(y.Lo, out.Scale-y.Scale), rescale(y.Hi, out.Scale-y.Scale)
		if out.Op == "-" {
			yLo, yHi = yHi.Neg(yHi), yLo.Neg(yLo)
		}
		out.Lo, out.Hi = xLo.Add(xLo, yLo), xHi.Add(xHi, yHi)
	case "*":
		y := out.Kids[1]
		out.Scale = x.Scale + y.Scale
		out.Lo, out.Hi = span(product(x.Lo, y.Lo), product(x.Lo, y.Hi), product(x.Hi, y.Lo), product(x.Hi, y.Hi))
	case "neg":
		out.Lo, out.Hi = new(big.Int).Neg(x.Hi), new(big.Int).Neg(x.Lo)
	case "abs":
		out.Lo, out.Hi = span(new(big.Int).Abs(x.Lo), new(big.Int).Abs(x.Hi))
		if x.Lo.Sign() < 0 && x.Hi.Sign() > 0 {
			out.Lo = new(big.Int)
		}
	case "//", "%":
		return b.divided(pos, out)
	case "round", "floor", "ceil":
		b.rounded(out)
	case "least", "greatest", "coalesce":
		return b.chosen(pos, out)
	}
	switch {
	case out.Scale > maxScale:
		return b.src.Refuse(pos, "overflow", "", "Round a factor first, or use one with fewer decimals.",
			"This expression has %d decimals; at most %d are kept.", out.Scale, maxScale)
	case tooLarge(out.Lo, out.Hi):
		return b.tooLarge(pos)
	}
	return nil
}

func product(x, y *big.Int) *big.Int { return new(big.Int).Mul(x, y) }

func span(list ...*big.Int) (lo, hi *big.Int) {
	lo, hi = list[0], list[0]
	for _, n := range list[1:] {
		if n.Cmp(lo) < 0 {
			lo = n
		}
		if n.Cmp(hi) > 0 {
			hi = n
		}
	}
	return lo, hi
}

// divided checks x // c and x % c: whole numbers, and c a constant that is not
// 0, since a division by a column would fail or not by what a row holds.
func (b *binder) divided(pos int, out *Expr) error {
	x, c := out.Kids[0], out.Kids[1]
	if x.Scale > 0 || c.Scale > 0 {
		return b.src.Refuse(pos, "bad-division", "", "Round first, or multiply by a decimal such as 0.01.",
			"%s divides whole numbers only.", sql.Name(out.Op))
	}
	if out.Op == "//" && out.Type == agreements.Decimal { // which DuckDB divides as floating point
		return b.src.Refuse(pos, "bad-division", "", "Multiply by a decimal such as 0.1 and write floor(…) around it.",
			"%s divides integers, not decimals.", sql.Name(out.Op))
	}
	if !c.Constant() || c.Lo.Sign() == 0 {
		return b.src.Refuse(pos, "bad-division", "", "Divide by a number other than 0.",
			"%s divides by a constant only: dividing by a column could fail, and failing would tell about a row.", sql.Name(out.Op))
	}
	out.Scale = 0
	if out.Op == "//" {
		out.Lo, out.Hi = span(new(big.Int).Quo(x.Lo, c.Lo), new(big.Int).Quo(x.Hi, c.Lo))
		return nil
	}
	most := new(big.Int).Abs(c.Lo)
	most.Sub(most, big.NewInt(1)) // the remainder has the sign of x
	out.Lo, out.Hi = new(big.Int).Neg(most), most
	if x.Lo.Sign() >= 0 {
		out.Lo = new(big.Int)
	}
	if x.Hi.Sign() <= 0 {
		out.Hi = new(big.Int)
	}
	return nil
}

// rounded bounds round, floor and ceil, which all round to N decimals. The
// result may be one off the argument's own bounds.
func (b *binder) rounded(out *Expr) {
	x := out.Kids[0]
	if int(out.N) >= x.Scale {
		out.N, out.Lo, out.Hi = int64(x.Scale), x.Lo, x.Hi
		return
	}
	m, one := power(x.Scale-int(out.N)), big.NewInt(1)
	out.Scale = int(out.N)
	out.Lo, out.Hi = new(big.Int).Quo(x.Lo, m), new(big.Int).Quo(x.Hi, m)
	if x.Lo.Sign() < 0 {
		out.Lo.Sub(out.Lo, one)
	}
	if x.Hi.Sign() > 0 {
		out.Hi.Add(out.Hi, one)
	}
}

// chosen bounds least, greatest and coalesce. They skip NULLs.
func (b *binder) chosen(pos int, out *Expr) error {
	out.Nullable = true
	first := out.Kids[0]
	out.Scale, out.Lo, out.Hi = first.Scale, first.Lo, first.Hi
	for _, k := range out.Kids {
		out.Nullable = out.Nullable && k.Nullable
		if err := b.cover(pos, out, k); err != nil {
			return err
		}
	}
	for _, k := range out.Kids {
		out.narrow(k)
	}
	return nil
}

// narrow: the least of several is not above any that is there for sure, and the
// greatest not below it. So least(COUNT(*), 10) has ten values.
func (x *Expr) narrow(k *Expr) {
	lo, hi := rescale(k.Lo, x.Scale-k.Scale), rescale(k.Hi, x.Scale-k.Scale)
	switch {
	case k.Nullable:
	case x.Op == "least" && hi.Cmp(x.Hi) < 0:
		x.Hi = hi
	case x.Op == "greatest" && lo.Cmp(x.Lo) > 0:
		x.Lo = lo
	}
}
