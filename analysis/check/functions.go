package check

import (
	"math/big"

	"parley/agreements"
	"parley/analysis/sql"
)

const (
	maxShift  = 36_600 // days of one date ± days: a century
	maxLength = 1024   // characters of left and substring
)

// apply binds a function of row values.
func (b *binder) apply(e *sql.Apply, p purpose) (*Expr, error) {
	out := &Expr{Op: e.Func, Word: e.Word}
	pos := e.Position()
	if sql.ReleasedOnly(e.Func) { // which could fail for a row (R08)
		return nil, b.src.Refuse(pos, "unsupported-function", "", "It works on aggregates, in the select list, HAVING and ORDER BY.",
			"The function %s of single rows is not part of the language.", sql.Name(e.Func))
	}
	args := e.Args
	switch e.Func {
	case "substring", "left", "round":
		var err error
		if args, err = b.counts(e, out); err != nil {
			return nil, err
		}
	}
	for _, arg := range args {
		k, err := b.expr(arg, p)
		if err != nil {
			return nil, err
		}
		if isCondition(k) { // written in a subquery
			return nil, b.src.Refuse(arg.Position(), "unsupported-syntax", "", "Write CASE WHEN … THEN TRUE ELSE FALSE END in the subquery.",
				"The outcome of a condition in a function is not part of the language.")
		}
		out.Kids = append(out.Kids, k)
	}
	if len(out.Kids) == 1 && out.Op == "-" {
		if k := out.Kids[0]; k.Constant() && k.Number() {
			return valueExpr(Value{Type: k.Type, Scale: k.Scale, Text: sql.Unscaled(new(big.Int).Neg(k.Lo), k.Scale)}), nil
		}
		out.Op = "neg"
	}
	copies, err := b.typed(pos, out)
	if err != nil {
		return nil, err
	}
	if out, err = b.node(pos, out, copies); err != nil {
		return nil, err
	}
	return out, b.functionAllowed(out.Table, e.Func, pos)
}

// typed gives a function its type and checks those of its arguments. copies
// is how often the printed form repeats an argument.
func (b *binder) typed(pos int, out *Expr) (copies int, err error) {
	copies = 1
	for _, k := range out.Kids {
		out.Nullable = out.Nullable || k.Nullable
	}
	x := out.Kids[0]
	switch out.Op {
	case "lower", "upper", "substring":
		out.Type = agreements.Text
		return 1, b.needs(pos, out, agreements.Text)
	case "date_trunc":
		out.Type = agreements.Date
		return 1, b.needs(pos, out, agreements.Date)
	case "date_part":
		out.Type = agreements.Integer
		out.Lo, out.Hi = partBounds(out.Word)
		return 1, b.needs(pos, out, agreements.Date)
	case "date_diff":
		b.dayCount(out)
		return 1, b.needs(pos, out, agreements.Date)
	case "+", "-":
		if x.Type == agreements.Date || out.Kids[1].Type == agreements.Date {
			return 1, b.dates(pos, out)
		}
	case "coalesce":
		if !x.Number() {
			return 1, b.coalesced(pos, out)
		}
	case "round", "floor", "ceil":
		copies = 2
	}
	return copies, b.arithmetic(pos, out)
}

func (b *binder) needs(pos int, out *Expr, want agreements.Type) error {
	for _, k := range out.Kids {
		if k.Type != want {
			return b.src.Refuse(pos, "bad-type", "", typeHints[want], "%s works on %s; this is %s.", sql.Name(out.Op), plural[want], a(k.Type))
		}
	}
	return nil
}

var plural = map[agreements.Type]string{agreements.Text: "text", agreements.Date: "dates"}

// dayCount: a difference of two DATEs, which have 32 bits.
func (b *binder) dayCount(out *Expr) {
	out.Type, out.Hi = agreements.Integer, new(big.Int).Lsh(big.NewInt(1), 33)
	out.Lo = new(big.Int).Neg(out.Hi)
}

// dates turns + and - of dates into date_add and date_diff.
func (b *binder) dates(pos int, out *Expr) error {
	x, y := out.Kids[0], out.Kids[1]
	switch {
	case out.Op == "-" && x.Type == agreements.Date && y.Type == agreements.Date:
		out.Op, out.Word, out.Kids = "date_diff", "day", []*Expr{y, x}
		b.dayCount(out)
		return nil
	case out.Op == "+" && y.Type == agreements.Date:
		x, y = y, x
	}
	if x.Type != agreements.Date || y.Type != agreements.Integer || !y.Constant() || y.Lo.CmpAbs(big.NewInt(maxShift)) > 0 {
		return b.src.Refuse(pos, "bad-date", "", "Write date + 7, date - INTERVAL 7 DAY or date - other_date.",
			"To a date a constant number of days can be added, at most %d.", maxShift)
	}
	out.N = y.Lo.Int64()
	if out.Op == "-" {
		out.N = -out.N
	}
	out.Op, out.Type, out.Kids, out.Nullable = "date_add", agreements.Date, []*Expr{x}, x.Nullable
	return nil
}

func (b *binder) coalesced(pos int, out *Expr) error {
	if err := b.unify(pos, out, out.Kids); err != nil {
		return err
	}
	out.Nullable = true
	for _, k := range out.Kids {
		out.Nullable = out.Nullable && k.Nullable
	}
	return nil
}

// counts takes the constant arguments of left, substring and round.
func (b *binder) counts(e *sql.Apply, out *Expr) ([]sql.Expr, error) {
	var n [2]int64
	for i, arg := range e.Args[1:] {
		v, _, err := b.given(arg)
		if err != nil && !isConstant(arg) {
			return nil, b.src.Refuse(arg.Position(), "bad-count", "", "Write a whole number.",
				"%s takes constant numbers here.", sql.Name(e.Func))
		}
		if err != nil {
			return nil, err
		}
		limit, least := int64(maxLength), int64(0)
		if e.Func == "round" {
			limit = maxScale
		}
		if e.Func == "substring" && i == 0 {
			least = 1
		}
		number, ok := new(big.Int).SetString(v.Text, 10)
		if v.Type != agreements.Integer || !ok || number.Cmp(big.NewInt(least)) < 0 || number.Cmp(big.NewInt(limit)) > 0 {
			return nil, b.src.Refuse(arg.Position(), "bad-count", "", "", "%s takes a whole number between %d and %d here.", sql.Name(e.Func), least, limit)
		}
		n[i] = number.Int64()
	}
	switch {
	case e.Func == "left":
		out.Op, out.From, out.N = "substring", 1, n[0]
	case e.Func == "round":
		out.N = n[0]
	case len(e.Args) == 2:
		out.From, out.N = n[0], -1
	default:
		out.From, out.N = n[0], n[1]
	}
	return e.Args[:1], nil
}

// partBounds are the least and the greatest value of a part of a date.
func partBounds(part string) (lo, hi *big.Int) {
	bounds := map[string][2]int64{
		"year": {-6_000_000, 6_000_000}, "quarter": {1, 4}, "month": {1, 12}, "week": {1, 53}, "day": {1, 31},
		"dow": {0, 6}, "isodow": {1, 7}, "doy": {1, 366},
	}[part]
	return big.NewInt(bounds[0]), big.NewInt(bounds[1])
}
