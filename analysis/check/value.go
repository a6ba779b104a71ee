package check

import (
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parley/agreements"
	"parley/analysis/sql"
)

// maxDigits is the precision of a snapshot's decimals, DECIMAL(18, scale).
const maxDigits = 18

// maxScale is how many decimals a number of an expression may have.
const maxScale = 12

// value binds a literal or a parameter that is compared with x.
func (b *binder) value(x *Expr, e sql.Expr) (Value, error) {
	v, shown, err := b.given(e)
	if err != nil {
		return Value{}, err
	}
	out, ok := convert(v, x)
	if !ok {
		return Value{}, b.src.Refuse(e.Position(), "bad-type", b.typeClause(x), typeHints[x.Type],
			"%s cannot be compared with %s, which is %s.", shown, b.called(x), x.Type)
	}
	return out, nil
}

// given is a literal's or a parameter's value as it was written. shown is for
// refusals, which do not repeat a literal: it may be somebody's id, and
// refusals are logged.
func (b *binder) given(e sql.Expr) (v Value, shown string, err error) {
	switch e := e.(type) {
	case *sql.Param:
		v, err = b.param(e)
		return v, "The parameter " + sql.Name(e.Name), err
	case *sql.Literal:
		return Value{Type: agreements.Type(e.Kind), Text: e.Text}, "This value", nil
	}
	return Value{}, "", b.src.Refuse(e.Position(), "unsupported-syntax", "", "", "This value is not part of the language.")
}

// called names an expression in a refusal.
func (b *binder) called(x *Expr) string {
	if x.Plain() {
		return sql.Name(x.Column.Name)
	}
	return "this expression"
}

// typeClause is where the agreement gives a column its type.
func (b *binder) typeClause(x *Expr) string {
	if !x.Plain() || x.Slot != nil {
		return ""
	}
	return rule(b.out.Tables[x.Table].Dataset, "columns."+x.Column.Name+".type")
}

var typeHints = map[agreements.Type]string{
	agreements.Text:    "Write 'text' of at most 1024 bytes that can be printed.",
	agreements.Integer: "Write a number without quotes, of at most 18 digits if it has decimals.",
	agreements.Decimal: "Write a number of at most 18 digits, without quotes.",
	agreements.Date:    "Write DATE '2024-01-31'.",
	agreements.Boolean: "Write TRUE or FALSE.",
}

// convert brings a value to the type it is compared at. The comparison must
// come out as in DuckDB, so a number is never rounded to the column's scale:
// it keeps its own decimals.
func convert(v Value, c *Expr) (Value, bool) {
	switch c.Type {
	case agreements.Text:
		return Value{Type: agreements.Text, Text: v.Text}, v.Type == agreements.Text && plainText(v.Text)
	case agreements.Boolean:
		return Value{Type: agreements.Boolean, Text: v.Text}, v.Type == agreements.Boolean
	case agreements.Date:
		if v.Type != agreements.Date && v.Type != agreements.Text {
			return Value{}, false
		}
		return Value{Type: agreements.Date, Text: v.Text}, isDate(v.Text)
	case agreements.Integer:
		if v.Type == agreements.Integer {
			i, err := strconv.ParseInt(v.Text, 10, 64)
			return Value{Type: agreements.Integer, Text: strconv.FormatInt(i, 10)}, err == nil
		}
		return decimalValue(v, 0)
	case agreements.Decimal:
		return decimalValue(v, c.Scale)
	}
	return Value{}, false
}

// ownType brings a constant of an expression to canonical text: numbers keep
// their decimals.
func ownType(v Value) (Value, bool) {
	scale := 0
	if v.Type == agreements.Decimal {
		_, fraction, _ := strings.Cut(v.Text, ".")
		scale = len(fraction)
	}
	switch {
	case v.Type == agreements.Decimal && scale == 0:
		v.Type = agreements.Integer
	case v.Type == agreements.Decimal && scale <= maxScale:
		return decimalValue(v, scale)
	}
	return convert(v, &Expr{Type: v.Type})
}

// decimalValue writes a number at the given scale or at its own, if greater.
func decimalValue(v Value, scale int) (Value, bool) {
	if v.Type != agreements.Decimal && v.Type != agreements.Integer {
		return Value{}, false
	}
	whole, fraction, _ := strings.Cut(v.Text, ".")
	fraction = strings.TrimRight(fraction, "0")
	scale = max(scale, len(fraction))
	if scale > maxDigits {
		return Value{}, false
	}
	n, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", scale-len(fraction)), 10)
	if !ok || len(new(big.Int).Abs(n).String()) > maxDigits {
		return Value{}, false
	}
	return Value{Type: agreements.Decimal, Scale: scale, Text: sql.Unscaled(n, scale)}, true
}

// plainText admits what a receipt can carry: the question is in it, and a
// question that no receipt can carry must not touch the data.
func plainText(s string) bool {
	return len(s) <= maxText && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsPrint(r) && r != '\n' && r != '\t'
	})
}

// isDate accepts YYYY-MM-DD of the years 0001 to 9999.
func isDate(s string) bool {
	t, err := time.Parse(time.DateOnly, s)
	return err == nil && t.Year() >= 1
}
