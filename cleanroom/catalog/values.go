package catalog

import (
	"math/big"
	"strconv"
	"strings"

	"parley/agreements"
)

// validText reports whether s is the plain text of a value of the column's
// type, exactly representable at its scale.
func validText(s string, c agreements.Column) bool {
	switch c.Type {
	case agreements.Integer:
		n, err := strconv.ParseInt(s, 10, 64)
		return err == nil && strconv.FormatInt(n, 10) == s
	case agreements.Decimal:
		return validDecimal(s, c.Scale)
	}
	return s != "" && agreements.ValidValue(c.Type, s)
}

// validDecimal: at most scale decimals and 18 digits in all, as DECIMAL(18,s).
func validDecimal(s string, scale int) bool {
	if !plainNumber.MatchString(s) {
		return false
	}
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return len(strings.TrimRight(fraction, "0")) <= scale && len(whole) <= 18-scale
}

// plainDecimal writes a valid number with exactly scale decimals.
func plainDecimal(s string, scale int) string {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return s
	}
	return r.FloatString(scale)
}

// less compares two numbers, or two dates, of which text order is time order.
func less(a, b string) bool {
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	if okX && okY {
		return x.Cmp(y) < 0
	}
	return a < b
}
