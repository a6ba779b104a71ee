package check

import (
	"slices"
	"strings"

	"parley/agreements"
	"parley/analysis/sql"
)

// purpose is what an expression is for: the use that its columns need, and
// what to say when it names a unit.
type purpose struct {
	use  agreements.Use // "": none, only that the names exist
	or   agreements.Use // suffices as well
	unit string
}

var (
	toFilter = purpose{use: agreements.Filter, unit: "a condition on it would pick single ones"}
	toGroup  = purpose{use: agreements.Dimension, unit: "grouping by it would show single ones"}
	toSum    = purpose{use: agreements.Measure, unit: "it has no sum"}
)

// conditions is the purpose of a condition inside an expression: what decides
// which rows a sum takes is a filter, what decides a group is a part of it.
func (p purpose) conditions() purpose {
	if p.use == agreements.Measure {
		return toFilter
	}
	return p
}

// expr binds an expression: a value of a row or a condition.
func (b *binder) expr(e sql.Expr, p purpose) (*Expr, error) {
	if b.staged != nil {
		if x, done, err := b.atom(e, p); done || err != nil {
			return x, err
		}
	}
	switch e := e.(type) {
	case *sql.Column:
		return b.column(e, p)
	case *sql.Literal, *sql.Param:
		return b.constant(e)
	case *sql.Apply:
		return b.apply(e, p)
	case *sql.Case:
		return b.caseExpr(e, p)
	case *sql.Call:
		return nil, b.src.Refuse(e.Position(), "nested-aggregate", "", "Operations are + - * /, abs, round, sqrt, least, greatest, coalesce and nullif.",
			"An aggregate inside this kind of expression is not part of the language.")
	}
	return b.predicate(e, p)
}

func (b *binder) column(e *sql.Column, p purpose) (*Expr, error) {
	f, err := b.resolve(e)
	if err != nil {
		return nil, err
	}
	if f.unit {
		return nil, b.refuseUnit(f.Table, e.Position(), p.unit)
	}
	if f.view != nil {
		return b.picked(f, p, e.Position())
	}
	use := p.use
	if p.or != "" && f.Rule.Allows(p.or) {
		use = p.or
	}
	if err := b.use(f.Column, use, e.Position()); err != nil {
		return nil, err
	}
	return columnExpr(f.Column), nil
}

// constant binds a literal or a parameter by its own type.
func (b *binder) constant(e sql.Expr) (*Expr, error) {
	v, shown, err := b.given(e)
	if err != nil {
		return nil, err
	}
	out, ok := ownType(v)
	if !ok {
		return nil, b.src.Refuse(e.Position(), "bad-type", "", typeHints[v.Type], "%s is not a usable %s.", shown, v.Type)
	}
	return valueExpr(out), nil
}

// operands binds values that are compared or combined. Constants take the
// type of the first that is none.
func (b *binder) operands(pos int, p purpose, list []sql.Expr) ([]*Expr, error) {
	out := make([]*Expr, len(list))
	var like *Expr
	for i, e := range list {
		if isConstant(e) {
			continue
		}
		x, err := b.expr(e, p)
		if err != nil {
			return nil, err
		}
		if isCondition(x) { // written in a subquery
			return nil, b.src.Refuse(e.Position(), "unsupported-syntax", "", "Write CASE WHEN … THEN TRUE ELSE FALSE END in the subquery.",
				"Comparing the outcome of a condition is not part of the language.")
		}
		if like == nil {
			like = x
		}
		if !comparable(like, x) {
			return nil, b.src.Refuse(e.Position(), "bad-type", "", "", "%s and %s cannot be compared.", a(like.Type), a(x.Type))
		}
		out[i] = x
	}
	if like == nil {
		return nil, b.noColumn(pos)
	}
	for i, e := range list {
		if !isConstant(e) {
			continue
		}
		v, err := b.value(like, e)
		if err != nil {
			return nil, err
		}
		out[i] = valueExpr(v)
	}
	return out, nil
}

func isCondition(x *Expr) bool {
	switch x.Op {
	case "column", "value", "null", "case", "coalesce", "agg", "window":
		return false
	}
	return x.Type == agreements.Boolean
}

func (b *binder) noColumn(pos int) error {
	return b.src.Refuse(pos, "no-column", "", "Name a column.", "A condition must test a column, not constants alone.")
}

func isConstant(e sql.Expr) bool {
	switch e.(type) {
	case *sql.Literal, *sql.Param:
		return true
	}
	return false
}

func comparable(x, y *Expr) bool { return x.Type == y.Type || (x.Number() && y.Number()) }

// a puts the article before a type.
func a(t agreements.Type) string {
	switch t {
	case agreements.Integer:
		return "an integer"
	case agreements.Text:
		return "text"
	}
	return "a " + string(t)
}

// node makes an operation over kids of one table. Its printed form is bounded:
// some operations are printed with an argument repeated.
func (b *binder) node(pos int, out *Expr, copies int) (*Expr, error) {
	const heaviest = 20_000
	out.Table, out.weight = constant, 1
	for _, k := range out.Kids {
		out.weight += copies * k.weight
		switch {
		case k.Table == constant:
		case out.Table == constant:
			out.Table = k.Table
		case out.Table != k.Table:
			if dates(out.Kids) {
				return nil, b.twoOwnersDates(pos)
			}
			return nil, b.twoOwners(pos)
		}
	}
	if out.weight > heaviest {
		return nil, b.src.Refuse(pos, "too-complex", "", "", "The expression is too long.")
	}
	return out, nil
}

func (b *binder) twoOwners(pos int) error {
	return b.src.Refuse(pos, "two-owners", "",
		"Conditions joined by AND are split; each part must be about one dataset, and so must every expression.",
		"What mixes columns of %s and %s cannot be computed by either owner.",
		sql.Name(b.out.Tables[0].Alias), sql.Name(b.out.Tables[1].Alias))
}

func dates(kids []*Expr) bool {
	return !slices.ContainsFunc(kids, func(k *Expr) bool { return k.Type != agreements.Date })
}

// twoOwnersDates refuses two owners' dates where only one owner's may stand,
// such as FILTER and GROUP BY: the join's condition takes both.
func (b *binder) twoOwnersDates(pos int) error {
	x, y := sql.Name(b.out.Tables[0].Alias), sql.Name(b.out.Tables[1].Alias)
	return b.src.Refuse(pos, "two-owners", "",
		"The join's condition compares them, as in ON … AND y.day BETWEEN x.day AND x.day + 14: ask one question for each span of days.",
		"Dates of %s and %s cannot be compared here.", x, y)
}

// caseExpr binds CASE.
func (b *binder) caseExpr(e *sql.Case, p purpose) (*Expr, error) {
	var outcomes []*Expr
	out := &Expr{Op: "case"}
	for _, w := range e.Whens {
		condition, err := b.predicate(w.If, p.conditions())
		if err != nil {
			return nil, err
		}
		then, err := b.outcome(w.Then, p)
		if err != nil {
			return nil, err
		}
		out.Kids, outcomes = append(out.Kids, condition, then), append(outcomes, then)
	}
	last, err := b.outcome(e.Else, p)
	if err != nil {
		return nil, err
	}
	out.Kids, outcomes = append(out.Kids, last), append(outcomes, last)
	if err := b.unify(e.Position(), out, outcomes); err != nil {
		return nil, err
	}
	for _, o := range outcomes {
		out.Nullable = out.Nullable || o.Nullable
	}
	return b.node(e.Position(), out, 1)
}

func (b *binder) outcome(e sql.Expr, p purpose) (*Expr, error) {
	if l, ok := e.(*sql.Literal); ok && l.Kind == sql.NullLiteral {
		return &Expr{Op: "null", Table: constant, Nullable: true, weight: 1}, nil
	}
	return b.expr(e, p)
}

// unify gives out the common type and the bounds of its outcomes.
func (b *binder) unify(pos int, out *Expr, outcomes []*Expr) error {
	for _, o := range outcomes {
		switch {
		case o.Op == "null":
			continue
		case out.Type == "":
			out.Type, out.Scale, out.Lo, out.Hi = o.Type, o.Scale, o.Lo, o.Hi
			continue
		case !comparable(out, o):
			return b.src.Refuse(pos, "bad-type", "", "Make all outcomes of one type.",
				"The outcomes are of different types: %s and %s.", a(out.Type), a(o.Type))
		}
		if !out.Number() {
			continue
		}
		if o.Type == agreements.Decimal {
			out.Type = o.Type
		}
		if err := b.cover(pos, out, o); err != nil {
			return err
		}
	}
	if out.Type == "" {
		return b.src.Refuse(pos, "bad-type", "", "Name a value.", "NULL alone has no type.")
	}
	for _, o := range outcomes {
		if o.Op == "null" {
			o.Type, o.Scale = out.Type, out.Scale
		}
	}
	return nil
}

// predicate binds a condition.
func (b *binder) predicate(e sql.Expr, p purpose) (*Expr, error) {
	switch e := e.(type) {
	case *sql.Logic:
		out := &Expr{Op: strings.ToLower(e.Op), Type: agreements.Boolean}
		for _, k := range e.Kids {
			kid, err := b.predicate(k, p)
			if err != nil {
				return nil, err
			}
			out.Kids, out.Nullable = append(out.Kids, kid), out.Nullable || kid.Nullable
		}
		return b.node(e.Position(), out, 1)
	case *sql.Compare:
		return b.compare(e, p)
	case *sql.In:
		list, err := b.listed(e)
		if err != nil {
			return nil, err
		}
		return b.test(negated("in", e.Not), e.Position(), p, append([]sql.Expr{e.X}, list...))
	case *sql.Between:
		return b.test("between", e.Position(), p, []sql.Expr{e.X, e.Lo, e.Hi})
	case *sql.IsNull:
		op := "is null"
		if e.Not {
			op = "is not null"
		}
		out, err := b.test(op, e.Position(), p, []sql.Expr{e.X})
		if err == nil {
			out.Nullable = false
		}
		return out, err
	case *sql.Like:
		return b.like(e, p)
	}
	return nil, b.src.Refuse(e.Position(), "unsupported-syntax", "", "", "This condition is not part of the language.")
}

func negated(op string, not bool) string {
	if not {
		return "not " + op
	}
	return op
}
