package sql

import (
	"maps"
	"slices"
	"strings"
)

// function is a function of row values. Every one of them has a value, or
// NULL, for all values that a column can hold: one that could fail would tell
// whether some row makes it fail (R08).
type function struct {
	name     string // in Apply.Func
	min, max int    // arguments
}

// functions are the functions of row values by the tree's name.
var functions = map[string]function{
	"+": {"+", 2, 2}, "-": {"-", 1, 2}, "*": {"*", 2, 2}, "//": {"//", 2, 2}, "%": {"%", 2, 2}, "mod": {"%", 2, 2},
	"abs": {"abs", 1, 1}, "round": {"round", 1, 2}, "floor": {"floor", 1, 1}, "ceil": {"ceil", 1, 1}, "ceiling": {"ceil", 1, 1},
	"least": {"least", 1, maxItems}, "greatest": {"greatest", 1, maxItems},
	"lower": {"lower", 1, 1}, "lcase": {"lower", 1, 1}, "upper": {"upper", 1, 1}, "ucase": {"upper", 1, 1},
	"substring": {"substring", 2, 3}, "substr": {"substring", 2, 3}, "left": {"left", 2, 2},
	"date_trunc": {"date_trunc", 2, 2}, "datetrunc": {"date_trunc", 2, 2},
	"date_part": {"date_part", 2, 2}, "datepart": {"date_part", 2, 2},
	"date_diff": {"date_diff", 3, 3}, "datediff": {"date_diff", 3, 3},
}

// dateParts are the parts of a date that are also functions by themselves.
var dateParts = map[string]string{
	"year": "year", "quarter": "quarter", "month": "month", "week": "week", "weekofyear": "week", "day": "day",
	"dayofmonth": "day", "dayofweek": "dow", "weekday": "dow", "isodow": "isodow", "dayofyear": "doy",
}

// parts are the spellings of the parts of a date, as DuckDB's date_part and
// date_trunc have them.
var parts = map[string]string{
	"year": "year", "years": "year", "quarter": "quarter", "quarters": "quarter", "month": "month", "months": "month",
	"week": "week", "weeks": "week", "day": "day", "days": "day", "dow": "dow", "dayofweek": "dow", "weekday": "dow",
	"isodow": "isodow", "doy": "doy", "dayofyear": "doy",
}

// truncated are the parts that date_trunc goes down to.
var truncated = map[string]bool{"year": true, "quarter": true, "month": true, "week": true, "day": true}

// apply lowers a function of row values.
func (l *lowering) apply(n *node, depth int) (Expr, error) {
	if isAggregate(n) {
		return nil, l.function(n.text("function_name"), n.pos)
	}
	name, kids := strings.ToLower(n.text("function_name")), n.list("children")
	if s, ok := n.fields["schema"].(string); ok && s == "main" && (name == "date_part" || name == "substring") {
		n.take("schema") // the parser writes EXTRACT and SUBSTRING so
	}
	n.take("is_operator")
	f, ok := functions[name]
	if !ok && l.released {
		f, ok = releasedFunctions[name]
	}
	if part, is := dateParts[name]; is {
		if len(kids) != 1 {
			return nil, l.arguments(name, n.pos)
		}
		return l.dated(n, "date_part", part, kids, depth)
	}
	if !ok {
		return nil, l.function(name, n.pos)
	}
	if len(kids) < f.min || len(kids) > f.max {
		return nil, l.arguments(name, n.pos)
	}
	if strings.HasPrefix(f.name, "date_") {
		return l.datePart(n, f.name, kids, depth)
	}
	if (name == "+" || name == "-") && len(kids) == 2 {
		if days, ok, err := l.interval(kids[1], n.pos); ok || err != nil {
			return l.shift(n, name, kids[0], days, depth, err)
		}
	}
	return l.dated(n, f.name, "", kids, depth)
}

func (l *lowering) arguments(name string, pos int) error {
	return l.src.Refuse(pos, "unsupported-function", "", "", "The function %s is not part of the language with this number of arguments.", Name(name))
}

// datePart takes the constant that names a part of a date.
func (l *lowering) datePart(n *node, name string, kids []any, depth int) (Expr, error) {
	at, err := l.object(kids[0], n.pos)
	if err != nil {
		return nil, err
	}
	word := ""
	if at.kind == "VALUE_CONSTANT" {
		lit, err := l.constant(at)
		if err != nil {
			return nil, err
		}
		word = parts[strings.ToLower(lit.Text)]
	}
	allowed := "year, quarter, month, week, day, dow, isodow and doy"
	switch {
	case name == "date_trunc" && !truncated[word]:
		word, allowed = "", "year, quarter, month, week and day"
	case name == "date_diff" && word != "day":
		word, allowed = "", "day"
	}
	if word == "" {
		return nil, l.src.Refuse(at.pos, "bad-date-part", "", "Write one of "+allowed+", in quotes.",
			"This part of a date is not part of the language.")
	}
	return l.dated(n, name, word, kids[1:], depth)
}

func (l *lowering) dated(n *node, name, word string, kids []any, depth int) (Expr, error) {
	out := &Apply{Pos: Pos(n.pos), Func: name, Word: word}
	for _, k := range kids {
		e, err := l.operand(k, n.pos, depth+1)
		if err != nil {
			return nil, err
		}
		out.Args = append(out.Args, e)
	}
	return out, n.finish()
}

// shift lowers date ± INTERVAL as date ± days.
func (l *lowering) shift(n *node, op string, date any, days *Literal, depth int, err error) (Expr, error) {
	if err != nil {
		return nil, err
	}
	x, err := l.operand(date, n.pos, depth+1)
	if err != nil {
		return nil, err
	}
	return &Apply{Pos: Pos(n.pos), Func: op, Args: []Expr{x, days}}, n.finish()
}

// FunctionNames lists the functions of row values and of windows by the names that
// rules give them. Other spellings go by these.
func FunctionNames() []string {
	names := map[string]bool{"coalesce": true, "date_part": true}
	for _, f := range functions {
		names[f.name] = true
	}
	for _, w := range windows {
		names[w.name] = true
	}
	return slices.Sorted(maps.Keys(names))
}
