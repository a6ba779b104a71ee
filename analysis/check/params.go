package check

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"parley/agreements"
	"parley/analysis/sql"
)

// Params checks the values given for an approved analysis against its typed,
// bounded parameters and fills in defaults. Values are bound, never pasted.
func Params(an *agreements.Analysis, given map[string]string) (map[string]Value, error) {
	src := sql.Source{}
	names := make([]string, 0, len(given))
	for name := range given {
		names = append(names, name)
	}
	slices.Sort(names) // a map's order must not choose the refusal
	for _, name := range names {
		if !slices.ContainsFunc(an.Parameters, func(p agreements.Parameter) bool { return p.Name == name }) {
			return nil, src.Refuse(sql.NoPos, "unknown-parameter", "analyses."+an.Name+".parameters", paramsHint(an),
				"The analysis %s has no parameter %s.", sql.Name(an.Name), sql.Name(name))
		}
	}
	out := map[string]Value{}
	for i := range an.Parameters {
		p := &an.Parameters[i]
		text, ok := given[p.Name]
		if !ok {
			text = p.Default
		}
		clause := "analyses." + an.Name + ".parameters." + p.Name
		if !ok && p.Default == "" {
			return nil, src.Refuse(sql.NoPos, "missing-parameter", clause, paramHint(p), "The parameter %s needs a value.", sql.Name(p.Name))
		}
		v, why := bound(p, text)
		if p.Type == agreements.List {
			v, why = boundList(p, text)
		}
		if why != "" {
			return nil, src.Refuse(sql.NoPos, "bad-parameter", clause, paramHint(p), "The value of %s %s.", sql.Name(p.Name), why)
		}
		out[p.Name] = v
	}
	return out, nil
}

// bound checks one value; why is empty when it may be used. The value itself
// is not repeated: refusals go to logs.
func bound(p *agreements.Parameter, text string) (v Value, why string) {
	if len(text) > maxText {
		return Value{}, "is too long"
	}
	v = Value{Type: p.Item(), Text: text}
	if !wellFormed(v) {
		return Value{}, "is not of type " + string(v.Type)
	}
	if len(p.Values) > 0 && !slices.Contains(p.Values, text) {
		return Value{}, "is not one of those allowed"
	}
	if p.Min != "" && less(v, p.Min) {
		return Value{}, "is below " + p.Min
	}
	if p.Max != "" && less(Value{Type: p.Item(), Text: p.Max}, text) {
		return Value{}, "is above " + p.Max
	}
	return v, ""
}

func wellFormed(v Value) bool {
	switch v.Type {
	case agreements.Text:
		return plainText(v.Text)
	case agreements.Integer:
		return isNumber(v.Text, false)
	case agreements.Decimal:
		return isNumber(v.Text, true)
	case agreements.Date:
		return isDate(v.Text)
	case agreements.Boolean:
		return v.Text == "true" || v.Text == "false"
	}
	return false
}

// isNumber accepts -?digits(.digits)? and no other spelling, so that one
// number has few texts and none with an exponent.
func isNumber(s string, fraction bool) bool {
	s = strings.TrimPrefix(s, "-")
	whole, frac, dot := strings.Cut(s, ".")
	if dot && (!fraction || !digits(frac)) {
		return false
	}
	return digits(whole)
}

func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != "" && len(s) <= 40
}

// less compares a value with a bound of the same type. Text and dates compare
// bytewise, which for YYYY-MM-DD is by time.
func less(v Value, than string) bool {
	if v.Type == agreements.Integer || v.Type == agreements.Decimal {
		a, okA := new(big.Rat).SetString(v.Text)
		b, okB := new(big.Rat).SetString(than)
		return !okA || !okB || a.Cmp(b) < 0
	}
	return v.Text < than
}

func (b *binder) param(e *sql.Param) (Value, error) {
	if b.Analysis == nil {
		return Value{}, b.src.Refuse(e.Position(), "ad-hoc-parameter", "", "Write the value itself.",
			"Parameters such as $%s belong to approved analyses.", strings.Trim(sql.Name(e.Name), "`"))
	}
	v, ok := b.Params[e.Name]
	if !ok {
		return Value{}, b.src.Refuse(e.Position(), "unknown-parameter", "analyses."+b.Analysis.Name+".parameters",
			paramsHint(b.Analysis), "The analysis has no parameter %s.", sql.Name(e.Name))
	}
	if v.Type == agreements.List {
		return Value{}, b.src.Refuse(e.Position(), "list-parameter", "analyses."+b.Analysis.Name+".parameters."+e.Name,
			"Write column IN ($"+e.Name+").", "The parameter %s is a list, which only IN takes.", sql.Name(e.Name))
	}
	return v, nil
}

// paramHint says what a parameter takes, in the words of the agreement.
func paramHint(p *agreements.Parameter) string {
	allowed := "Allowed is "
	if p.Type == agreements.List {
		allowed = "Each value of the list is "
	}
	const most = 20
	switch {
	case len(p.Values) > most:
		return "The agreement lists the values that are allowed."
	case len(p.Values) > 0:
		return allowed + "one of " + strings.Join(quoted(p.Values), ", ") + "."
	case p.Min != "" && p.Max != "":
		return allowed + a(p.Item()) + " from " + p.Min + " to " + p.Max + "."
	case p.Min != "":
		return allowed + a(p.Item()) + " of " + p.Min + " or more."
	case p.Max != "":
		return allowed + a(p.Item()) + " of " + p.Max + " or less."
	case p.Item() == agreements.Date:
		return allowed + "a date, such as 2024-01-31."
	case p.Item() == agreements.Boolean:
		return allowed + "true or false."
	case p.Item() == agreements.Text:
		return ""
	}
	return allowed + a(p.Item()) + "."
}

// quoted puts marks around values that hold a comma, as a list given as JSON does.
func quoted(values []string) []string {
	out := slices.Clone(values)
	for i, v := range out {
		if strings.Contains(v, ",") {
			out[i] = strconv.Quote(v)
		}
	}
	return out
}

func paramsHint(an *agreements.Analysis) string {
	names := make([]string, 0, len(an.Parameters))
	for _, p := range an.Parameters {
		names = append(names, p.Name)
	}
	if len(names) == 0 {
		return "It has none."
	}
	return "Parameters: " + listed(names) + "."
}
