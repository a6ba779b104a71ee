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

// value binds a literal or a parameter that is compared with a column.
func (b *binder) value(c Column, e sql.Expr) (Value, error) {
	var v Value
	shown := "This value" // not repeated: it may be somebody's id, and refusals are logged
	switch e := e.(type) {
	case *sql.Param:
		p, err := b.param(e)
		if err != nil {
			return Value{}, err
		}
		v, shown = p, "The parameter "+sql.Name(e.Name)
	case *sql.Literal:
		v = Value{Type: agreements.Type(e.Kind), Text: e.Text}
	default:
		return Value{}, b.src.Refuse(e.Position(), "unsupported-syntax", "", "", "This value is not part of the language.")
	}
	out, ok := convert(v, c.Rule)
	if !ok {
		d := b.out.Tables[c.Table].Dataset
		return Value{}, b.src.Refuse(e.Position(), "bad-type", rule(d, "columns."+c.Rule.Name+".type"), typeHints[c.Rule.Type],
			"%s cannot be compared with %s, which is %s.", shown, sql.Name(c.Rule.Name), c.Rule.Type)
	}
	return out, nil
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
func convert(v Value, c *agreements.Column) (Value, bool) {
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
