package agreements

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxDigits = 18   // of a decimal: engines keep DECIMAL(18, scale)
	maxText   = 1024 // bytes of a text value
)

var decimalPattern = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$`)

// ValidValue reports whether s is a value of the type in canonical text:
// an integer of 64 bits without leading zeros; a decimal of at most 18 digits
// without exponent; a date YYYY-MM-DD of the years 0001 to 9999; true or
// false; text of at most 1,024 bytes that does not act on a terminal.
func ValidValue(t Type, s string) bool {
	switch t {
	case Text:
		return len(s) <= maxText && utf8.ValidString(s) && !strings.ContainsFunc(s, acts)
	case Integer:
		n, err := strconv.ParseInt(s, 10, 64)
		return err == nil && strconv.FormatInt(n, 10) == s
	case Decimal:
		return validDecimal(s)
	case Date:
		d, err := time.Parse(time.DateOnly, s)
		return err == nil && d.Year() >= 1
	case Boolean:
		return s == "true" || s == "false"
	}
	return false
}

// acts reports a character that a terminal obeys: controls, line ends, and
// those that turn the direction of writing round.
func acts(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

func validDecimal(s string) bool {
	if !decimalPattern.MatchString(s) {
		return false
	}
	digits := strings.TrimLeft(strings.NewReplacer("-", "", ".", "").Replace(s), "0")
	negativeZero := digits == "" && s[0] == '-'
	return len(digits) <= maxDigits && !negativeZero
}

// decimals counts the digits after the point.
func decimals(s string) int {
	_, fraction, _ := strings.Cut(s, ".")
	return len(fraction)
}

// fits reports whether a valid decimal is exact at the scale in 18 digits.
func fits(s string, scale int) bool {
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return len(strings.TrimRight(fraction, "0")) <= scale && len(whole) <= maxDigits-scale
}

// less compares two valid values of an ordered type. Dates compare as text.
func less(t Type, a, b string) bool {
	if t != Integer && t != Decimal {
		return a < b
	}
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	return okX && okY && x.Cmp(y) < 0
}
