package check

import (
	"math/big"

	"parley/agreements"
	"parley/analysis/sql"
)

// aggregate binds an aggregate with the condition it rests on.
//
// Each aggregate is one sum with one count of units. A condition, be it FILTER
// or CASE, becomes a part of both, so that what is counted is exactly what is
// added up: SUM(CASE WHEN c THEN x ELSE 0 END) over 100 units of which one
// meets c would be that unit's value. The outcomes of a CASE with two sums in
// it would need two counts and are refused (R06, R07).
func (b *binder) aggregate(e *sql.Call) (Item, error) {
	it := Item{Group: -1, Func: e.Func}
	if err := b.filters(&it, e.Filter); err != nil {
		return it, err
	}
	switch e.Func {
	case "count_star":
		it.Name = "count(*)"
		return it, nil
	case "count_distinct":
		return it, b.countUnits(&it, e.Arg.(*sql.Column))
	}
	if it.Shared = e.Shared; e.Shared && isConstant(e.Arg) {
		return it, b.shareOfOne(&it, e.Arg)
	}
	arg, err := b.unwrap(&it, e)
	if err != nil {
		return it, err
	}
	if e.Func == "count" {
		return it, b.countValues(&it, arg)
	}
	if err := b.sum(&it, arg); err != nil {
		return it, err
	}
	if written, ok := e.Arg.(*sql.Apply); ok && arg != e.Arg { // COALESCE(x, 0)
		return it, b.functionAllowed(it.Arg.Table, written.Func, written.Position())
	}
	return it, nil
}

// filters adds conjuncts to the condition that an aggregate rests on. Each
// must be about one table; the two tables' conditions are tested by their
// owners.
func (b *binder) filters(it *Item, conjuncts []sql.Expr) error {
	for _, c := range conjuncts {
		if done, err := b.partner(it, c); done || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		x, err := b.predicate(c, toFilter)
		if err != nil {
			return err
		}
		if err := b.needsPartner(x, c.Position()); err != nil {
			return err
		}
		have := &it.Filters[x.Table]
		switch {
		case *have == nil:
			*have = x
		case (*have).Op == "and":
			kids := append([]*Expr{}, (*have).Kids...)
			*have, err = b.node(c.Position(), &Expr{Op: "and", Type: agreements.Boolean, Kids: append(kids, x)}, 1)
		default:
			*have, err = b.node(c.Position(), &Expr{Op: "and", Type: agreements.Boolean, Kids: []*Expr{*have, x}}, 1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unwrap turns CASE WHEN c THEN x END, with ELSE NULL or, in SUM, ELSE 0, and
// COALESCE(x, 0) in SUM into x with its condition.
func (b *binder) unwrap(it *Item, e *sql.Call) (sql.Expr, error) {
	switch arg := e.Arg.(type) {
	case *sql.Case:
		last, _ := arg.Else.(*sql.Literal)
		switch {
		case len(arg.Whens) > 1 || last == nil || !(last.Kind == sql.NullLiteral || last.Text == "0"):
			return nil, b.src.Refuse(arg.Position(), "two-outcomes", "", "Write one aggregate for each outcome: SUM(x) FILTER (WHERE …), with a name of its own.",
				"A CASE in an aggregate has one WHEN, and ELSE 0 or none: each outcome needs its own count of people or things.")
		case last.Kind != sql.NullLiteral && e.Func != "sum":
			return nil, b.src.Refuse(arg.Position(), "two-outcomes", "", "Leave ELSE 0 out for the mean of those that meet it. For their share write 1.0 * COUNT(*) FILTER (WHERE …) / COUNT(*).",
				"ELSE 0 in %s would count rows that do not meet the condition.", upper(e.Func))
		}
		when := arg.Whens[0]
		conjuncts := []sql.Expr{when.If}
		if and, ok := when.If.(*sql.Logic); ok && and.Op == "AND" {
			conjuncts = and.Kids
		}
		return when.Then, b.filters(it, conjuncts)
	case *sql.Apply:
		if zero, ok := arg.Args[len(arg.Args)-1].(*sql.Literal); ok && arg.Func == "coalesce" && len(arg.Args) == 2 && zero.Text == "0" && (e.Func == "sum" || b.in.Left && e.Func != "count") {
			it.Zero = e.Func != "sum"
			return arg.Args[0], nil
		}
	}
	return e.Arg, nil
}

func upper(fn string) string {
	return map[string]string{"sum": "SUM", "avg": "AVG", "count": "COUNT", "var_samp": "VAR_SAMP", "var_pop": "VAR_POP",
		"stddev_samp": "STDDEV_SAMP", "stddev_pop": "STDDEV_POP"}[fn]
}

func (b *binder) countUnits(it *Item, c *sql.Column) error {
	f, err := b.resolve(c)
	if err != nil {
		return err
	}
	d := b.out.Tables[f.Table].Dataset
	if !f.unit {
		return b.src.Refuse(c.Position(), "count-distinct", rule(d, "unit"), "Write COUNT(DISTINCT "+d.Rules.Unit.Column+").",
			"COUNT(DISTINCT …) counts people or things; %s does not identify those of %s.", sql.Name(c.Name), sql.Name(d.Name))
	}
	b.record(d, d.Rules.Unit.Column, "unit", rule(d, "unit"))
	it.Name = "count(DISTINCT " + d.Rules.Unit.Column + ")"
	if b.in.Left {
		it.Table = f.Table
	}
	return nil
}

// countValues binds COUNT(column), which counts rows with a value, and
// COUNT(CASE WHEN c THEN 1 END), which counts rows that meet c.
func (b *binder) countValues(it *Item, arg sql.Expr) error {
	if l, ok := arg.(*sql.Literal); ok && l.Kind != sql.NullLiteral && it.conditional() {
		it.Func, it.Name = "count_star", "count(*)"
		return nil
	}
	c, ok := arg.(*sql.Column)
	if !ok {
		return b.src.Refuse(arg.Position(), "bad-count", "", "COUNT(*) FILTER (WHERE …) counts rows that meet a condition.",
			"COUNT takes *, a column, DISTINCT and the unit, or CASE WHEN … THEN 1 END.")
	}
	f, err := b.resolve(c)
	if err != nil {
		return err
	}
	if f.unit {
		return b.refuseUnit(f.Table, c.Position(), "COUNT(DISTINCT …) counts people, and rows are counted with COUNT(*)")
	}
	if f.view != nil {
		return b.countPicked(it, f, c)
	}
	if err := b.use(f.Column, countUse(f.Rule), c.Position()); err != nil {
		return err
	}
	if countUse(f.Rule) == agreements.Filter { // it tells the rows that have a value
		if err := b.operatorAllowed(f.Table, f.Rule, []string{"is null"}, c.Position()); err != nil {
			return err
		}
	}
	it.Name, it.Table, it.Arg = "count("+f.Rule.Name+")", f.Table, columnExpr(f.Column)
	return nil
}

// sum binds the argument of SUM and AVG.
func (b *binder) sum(it *Item, arg sql.Expr) error {
	x, err := b.expr(arg, toSum)
	if err != nil {
		return err
	}
	it.Arg, it.Table, it.Name = x, max(x.Table, 0), it.Func
	if x.Plain() {
		it.Name = it.Func + "(" + x.Column.Name + ")"
	}
	switch {
	case !x.Number():
		return b.src.Refuse(arg.Position(), "bad-type", b.typeClause(x), "", "%s is %s and has no sum.", b.called(x), x.Type)
	case x.Table == constant && !it.conditional():
		return b.src.Refuse(arg.Position(), "no-column", "", "COUNT(*) counts rows.", "The sum of a constant is a count of rows.")
	case x.Table == constant && it.Filters[0] == nil && it.Filters[1] != nil:
		it.Table = 1
	}
	if err := b.zeros(it, arg.Position()); err != nil {
		return err
	}
	if err := b.rested(it, x, arg.Position()); err != nil {
		return err
	}
	return b.measured(x, arg.Position())
}

// largestFactor bounds the constants of a measure: a large one could pack a
// second number above the first (R07).
const largestFactor = 10_000

// measured insists that a measure is made of columns by + - * and constants,
// each column a factor once. Anything else (round, least, a column times
// itself) can be made to single out the rows beyond some bound.
func (b *binder) measured(x *Expr, pos int) error {
	switch x.Op {
	case "column":
		if x.Slot != nil {
			return b.measuredSlot(x, pos)
		}
		return nil
	case "value":
		if x.Lo.CmpAbs(new(big.Int).Mul(big.NewInt(largestFactor), power(x.Scale))) > 0 {
			return b.src.Refuse(pos, "large-factor", "", "Ask for each sum by itself.",
				"A number in SUM or AVG may be at most %d.", largestFactor)
		}
		return nil
	case "+", "-", "neg", "*":
	default:
		return b.src.Refuse(pos, "not-a-measure", "", "SUM and AVG take columns, numbers, + - and *. For a part of the rows write SUM(x) FILTER (WHERE …), which has its own count of people or things.",
			"%s inside SUM or AVG could single out a few rows.", sql.Name(x.Op))
	}
	for _, k := range x.Kids {
		if err := b.measured(k, pos); err != nil {
			return err
		}
	}
	if x.Op != "*" {
		return nil
	}
	seen := map[*agreements.Column]bool{}
	x.Kids[0].columns(func(c *agreements.Column) { seen[c] = true })
	var twice *agreements.Column
	x.Kids[1].columns(func(c *agreements.Column) {
		if seen[c] {
			twice = c
		}
	})
	if twice != nil {
		return b.src.Refuse(pos, "not-a-measure", "", "Multiply different columns.",
			"%s times itself inside SUM or AVG could single out a few rows.", sql.Name(twice.Name))
	}
	return nil
}
