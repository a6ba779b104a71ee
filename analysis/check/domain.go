package check

import (
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"parley/agreements"
)

// dateOnly is how days are written.
const dateOnly = time.DateOnly

// maxDerived is how many groups may be derived from bounds or declared values.
const maxDerived = 400

// domain lists the values that an expression can take, sorted, where these
// follow from the agreement and the question alone; empty: unknown. NULL is
// not listed. It may hold values that no row takes.
func domain(x *Expr) []string {
	if x.Type == agreements.Boolean {
		return []string{"false", "true"}
	}
	values, ok := derived(x)
	if !ok || len(values) == 0 || len(values) > maxDerived {
		return nil
	}
	if !x.Number() {
		slices.Sort(values)
	}
	return slices.Compact(values)
}

func derived(x *Expr) ([]string, bool) {
	switch x.Op {
	case "null":
		return nil, true
	case "value":
		return []string{x.Value.Text}, x.Scale == 0
	case "case", "coalesce":
		if values, ok := outcomes(x); ok {
			return values, true
		}
	case "lower", "upper", "substring":
		return mapped(x, texts[x.Op])
	case "date_trunc":
		if days, ok := dayRange(x.Kids[0]); ok {
			return truncatedDays(days[0], days[1], x.Word)
		}
		return mapped(x, truncatedDay)
	case "agg", "window":
		if len(x.Kids) > 0 && picks[x.Word] {
			return derived(x.Kids[0])
		}
	case "column":
		if x.Type != agreements.Integer && x.Type != agreements.Decimal {
			// A copy: it is sorted, and the agreement's own words are not.
			return slices.Clone(x.Column.Domain), len(x.Column.Domain) > 0
		}
	case "date_part":
		if days, ok := dayRange(x.Kids[0]); ok && x.Word == "year" {
			return integers(big.NewInt(int64(days[0].Year())), big.NewInt(int64(days[1].Year())))
		}
	}
	if x.Number() && x.Scale == 0 {
		return integers(x.Lo, x.Hi)
	}
	return nil, false
}

// picks are the functions of a stage whose value is one of their argument's.
var picks = map[string]bool{"min": true, "max": true, "lag": true, "lead": true, "first_value": true, "last_value": true}

// caseOutcomes are the outcomes among the kids of a case.
func caseOutcomes(x *Expr) []*Expr {
	out := []*Expr{x.Kids[len(x.Kids)-1]}
	for i := 1; i < len(x.Kids); i += 2 {
		out = append(out, x.Kids[i])
	}
	return out
}

// outcomes joins the domains of the outcomes of a case or coalesce.
func outcomes(x *Expr) ([]string, bool) {
	list := x.Kids
	if x.Op == "case" {
		list = caseOutcomes(x)
	}
	var all []string
	for _, o := range list {
		values, ok := derived(o)
		if !ok || len(all)+len(values) > 4*maxDerived {
			return nil, false
		}
		all = append(all, values...)
	}
	slices.Sort(all)
	return slices.Compact(all), true
}

func integers(lo, hi *big.Int) ([]string, bool) {
	n := new(big.Int).Sub(hi, lo)
	if n.Sign() < 0 || n.Cmp(big.NewInt(maxDerived)) >= 0 {
		return nil, false
	}
	var out []string
	for v := new(big.Int).Set(lo); v.Cmp(hi) <= 0; v.Add(v, big.NewInt(1)) {
		out = append(out, v.String())
	}
	return out, true
}

// mapped applies a function to the known values of the one argument.
func mapped(x *Expr, fn func(*Expr, string) (string, bool)) ([]string, bool) {
	values, ok := derived(x.Kids[0])
	if !ok {
		return nil, false
	}
	var out []string
	for _, v := range values {
		w, ok := fn(x, v)
		if !ok {
			return nil, false
		}
		out = append(out, w)
	}
	slices.Sort(out)
	return slices.Compact(out), true
}

// texts are functions of text on ASCII: beyond it, two libraries may disagree
// on the case of a letter.
var texts = map[string]func(*Expr, string) (string, bool){
	"lower":     func(_ *Expr, s string) (string, bool) { return strings.ToLower(s), ascii(s) },
	"upper":     func(_ *Expr, s string) (string, bool) { return strings.ToUpper(s), ascii(s) },
	"substring": func(x *Expr, s string) (string, bool) { return part(s, x.From, x.N), ascii(s) },
}

func ascii(s string) bool { return utf8.RuneCountInString(s) == len(s) }

func part(s string, from, n int64) string {
	s = s[min(int(from-1), len(s)):]
	if n >= 0 {
		s = s[:min(int(n), len(s))]
	}
	return s
}

// dayRange is the declared range of a date column.
func dayRange(x *Expr) (days [2]time.Time, ok bool) {
	if (x.Op == "agg" || x.Op == "window") && picks[x.Word] {
		return dayRange(x.Kids[0])
	}
	if !x.Plain() {
		return days, false
	}
	for i, s := range []string{x.Column.Min, x.Column.Max} {
		t, err := time.Parse(dateOnly, s)
		if err != nil {
			return days, false
		}
		days[i] = t
	}
	return days, true
}

func truncatedDay(x *Expr, s string) (string, bool) {
	t, err := time.Parse(dateOnly, s)
	if err != nil {
		return "", false
	}
	return truncate(t, x.Word).Format(dateOnly), true
}

// truncatedDays lists the starts of all periods from one day to another.
func truncatedDays(first, last time.Time, word string) ([]string, bool) {
	var out []string
	for t := truncate(first, word); !t.After(last); t = next(t, word) {
		if len(out) == maxDerived || t.Year() < 1 {
			return nil, false
		}
		out = append(out, t.Format(dateOnly))
	}
	return out, len(out) > 0
}

// truncate is DuckDB's date_trunc; weeks begin on Monday.
func truncate(t time.Time, word string) time.Time {
	y, m, d := t.Date()
	switch word {
	case "year":
		m, d = 1, 1
	case "quarter":
		m, d = (m-1)/3*3+1, 1
	case "month":
		d = 1
	case "week":
		d -= (int(t.Weekday()) + 6) % 7
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func next(t time.Time, word string) time.Time {
	switch word {
	case "year":
		return t.AddDate(1, 0, 0)
	case "quarter":
		return t.AddDate(0, 3, 0)
	case "month":
		return t.AddDate(0, 1, 0)
	case "week":
		return t.AddDate(0, 0, 7)
	}
	return t.AddDate(0, 0, 1)
}
