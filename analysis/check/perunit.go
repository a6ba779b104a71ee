package check

import (
	"math/big"

	"parley/agreements"
	"parley/analysis/sql"
	"parley/internal/weak"
)

// atom binds what a stage itself computes: an aggregate over the rows of one
// unit, a window within one, a key or a column. Everything else (done is
// false) is made of these, where it is used.
func (b *binder) atom(e sql.Expr, p purpose) (x *Expr, done bool, err error) {
	v := b.staged
	s := v.stage
	raw := func(e sql.Expr) (x *Expr, err error) {
		err = b.inside(b.at, v.inner, nil, func() error { x, err = b.expr(e, p); return err })
		return x, err
	}
	switch e := e.(type) {
	case *sql.Literal, *sql.Param:
		return nil, false, nil
	case *sql.Call:
		if !s.Grouped {
			return nil, true, b.src.Refuse(e.Position(), "bad-subquery", "", "Write GROUP BY "+v.inner.unitName()+" after it.", "An aggregate in a subquery needs GROUP BY with the unit.")
		}
		if x, err = b.perUnit(e, p); err != nil {
			return nil, true, err
		}
		return s.add(x, v.nameOf(e)), true, s.full(b, e.Position())
	case *sql.Window:
		if x, err = b.windowOf(e, p); err != nil {
			return nil, true, err
		}
		return s.add(x, v.nameOf(e)), true, s.full(b, e.Position())
	case *sql.Column:
		return b.stageColumn(v, e, p, raw)
	}
	if !s.Grouped || !s.hasExpressions() {
		return nil, false, nil
	}
	matched := false
	try := func() error {
		if x, err := raw(e); err == nil {
			matched = s.key(x) != nil
		}
		return nil
	}
	if err := b.dry(b.at, try); err != nil || !matched {
		return nil, false, err
	}
	if x, err = raw(e); err != nil {
		return nil, true, err
	}
	return s.key(x), true, nil
}

func (s *Stage) add(x *Expr, name string) *Expr { return s.slot(&s.Slots, "v", x, name) }

func (s *Stage) full(b *binder, pos int) error {
	if len(s.Slots) > maxSlots {
		return b.src.Refuse(pos, "too-complex", "", "", "A subquery computes at most %d values.", maxSlots)
	}
	return nil
}

// key is the key that x is, as a column of the stage.
func (s *Stage) key(x *Expr) *Expr {
	for _, k := range s.Keys {
		if k.Expr.Key() == x.Key() {
			return k.expr(x.Table)
		}
	}
	return nil
}

func (s *Stage) hasExpressions() bool {
	for _, k := range s.Keys {
		if !k.Expr.Plain() {
			return true
		}
	}
	return false
}

// nameOf is the name of the item that e is, "" if it is a part of one.
func (v *view) nameOf(e sql.Expr) string {
	for _, it := range v.in.Items {
		if it.Expr == e {
			return it.Alias
		}
	}
	return ""
}

// stageColumn binds a column named in the select list, HAVING or QUALIFY of a
// stage: one of the rows it reads or, in the conditions, an item's alias.
func (b *binder) stageColumn(v *view, e *sql.Column, p purpose, raw func(sql.Expr) (*Expr, error)) (*Expr, bool, error) {
	s := v.stage
	item, named := v.item(e.Name)
	named = named && e.Table == "" && item != sql.Expr(e)
	if c, ok := item.(*sql.Column); named && ok && fold(c.Name) == fold(e.Name) {
		named = false // it is called what it is
	}
	if _, real := b.lookup(b.at, e.Name); !real && named && !b.aliased {
		b.aliased = true
		defer func() { b.aliased = false }()
		x, err := b.expr(item, p)
		return x, true, err
	} else if real && named && p != toNothing && b.inCondition(v, e) {
		return nil, true, b.src.Refuse(e.Position(), "ambiguous", "", "Give the column of the subquery another name with AS.",
			"%s is a column of the table as well as one of the subquery.", sql.Name(e.Name))
	}
	x, err := raw(e)
	if err != nil {
		return nil, true, err
	}
	if !s.Grouped {
		name := v.nameOf(e)
		if _, taken := v.item(e.Name); name == "" && v.in.All && !taken {
			name = e.Name
		}
		return s.add(x, name), true, s.full(b, e.Position())
	}
	if k := s.key(x); k != nil {
		return k, true, nil
	}
	return nil, true, b.src.Refuse(e.Position(), "not-grouped", "", "Add it to the subquery's GROUP BY, or write an aggregate around it.",
		"%s is neither grouped by in this subquery nor in an aggregate.", sql.Name(e.Name))
}

// inCondition reports whether e is in HAVING or QUALIFY of v rather than in
// its select list: the text goes on after the list.
func (b *binder) inCondition(v *view, e *sql.Column) bool {
	for _, it := range v.in.Items {
		if it.Pos > e.Position() {
			return false
		}
	}
	return e.Position() > v.in.From.Pos
}

// perUnit binds an aggregate over the rows of one unit (and Keys). Its value
// may be used as the rules of the columns in it allow; a count of rows is of
// no column. Its condition decides which rows it takes: a filter, and a part
// of a group where its value is one.
func (b *binder) perUnit(e *sql.Call, p purpose) (x *Expr, err error) {
	v := b.staged
	out := &Expr{Op: "agg", Word: e.Func, Table: b.at, Type: agreements.Integer, weight: 1}
	if !perUnitFuncs[e.Func] {
		hint := "COUNT, SUM, MIN and MAX are the aggregates of a subquery."
		if e.Func == "avg" {
			hint = "Select SUM and COUNT(*): an average is a fraction, and values of one person or thing are kept exact."
		}
		return nil, b.src.Refuse(e.Position(), "bad-subquery", "", hint, "%s in a subquery is not part of the language.", sql.Name(e.Func))
	}
	err = b.inside(b.at, v.inner, nil, func() error {
		for _, c := range e.Filter {
			condition, err := b.predicate(c, p.conditions())
			if err != nil {
				return err
			}
			out.Filter = And(out.Filter, condition)
		}
		if e.Arg == nil {
			return nil
		}
		arg, err := b.expr(e.Arg, p)
		if err != nil {
			return err
		}
		out.Kids = []*Expr{arg}
		return b.unitArg(e, arg)
	})
	if err != nil {
		return nil, err
	}
	rows := big.NewInt(v.inner.MaxRows())
	switch e.Func {
	case "count_star", "count", "count_distinct":
		out.Lo, out.Hi = big.NewInt(1), rows
		if out.Conditional() {
			out.Lo = new(big.Int)
		}
	default:
		arg := out.Kids[0]
		out.Type, out.Scale, out.Lo, out.Hi = arg.Type, arg.Scale, arg.Lo, arg.Hi
		out.Nullable = arg.Nullable || out.Filter != nil
	}
	if e.Func == "sum" {
		out.Lo, out.Hi = summed(out.Lo, out.Hi, rows)
		if tooLarge(out.Lo, out.Hi) {
			return nil, b.tooLarge(e.Position())
		}
	}
	for _, k := range append([]*Expr{out.Filter}, out.Kids...) {
		if k != nil {
			out.weight += k.weight
		}
	}
	return out, nil
}

var perUnitFuncs = map[string]bool{"count_star": true, "count": true, "count_distinct": true, "sum": true, "min": true, "max": true}

// summed bounds the sum of 1 to rows values.
func summed(lo, hi, rows *big.Int) (*big.Int, *big.Int) {
	if lo.Sign() < 0 {
		lo = product(lo, rows)
	}
	if hi.Sign() > 0 {
		hi = product(hi, rows)
	}
	return lo, hi
}

func (b *binder) unitArg(e *sql.Call, arg *Expr) error {
	switch {
	case arg.Table == constant:
		return b.src.Refuse(e.Arg.Position(), "no-column", "", "COUNT(*) counts rows.", "An aggregate of a constant is not part of the language.")
	case e.Func == "sum" && !arg.Number():
		return b.src.Refuse(e.Arg.Position(), "bad-type", b.typeClause(arg), "", "%s is %s and has no sum.", b.called(arg), arg.Type)
	}
	return nil
}

// Conditional reports a count that may be 0.
func (e *Expr) Conditional() bool {
	if e.Op != "agg" || e.Word != "count_star" && e.Word != "count" && e.Word != "count_distinct" {
		return false
	}
	return e.Filter != nil || len(e.Kids) > 0 && e.Kids[0].Nullable
}

// hollow reports a value of a stage that is 0 where no row stands behind it.
func (e *Expr) hollow() bool {
	if e.Conditional() || e.Slot != nil && e.Slot.Expr.hollow() {
		return true
	}
	for _, k := range e.Kids {
		if k.hollow() {
			return true
		}
	}
	return false
}

// rested refuses a sum or an average of counts that are 0 for some units: over
// 100 units of which one has any, it would be that unit's count. With the
// condition that there is one, the units that have any are counted (R06).
func (b *binder) rested(it *Item, x *Expr, pos int) error {
	if x.Slot != nil && x.Slot.Expr.hollow() && !weak.Off("R06") && !positive(it.Filters[x.Table], x) {
		return b.src.Refuse(pos, "conditional-count", "", "Write FILTER (WHERE "+x.Column.Name+" > 0) after it: then only the people or things that have any are counted and added up.",
			"%s is 0 for people or things without such a row, and their number must not stand for those that have one.", sql.Name(x.Column.Name))
	}
	for _, k := range x.Kids {
		if err := b.rested(it, k, pos); err != nil {
			return err
		}
	}
	return nil
}

// positive reports whether a condition says that x is above 0.
func positive(condition, x *Expr) bool {
	switch {
	case condition == nil:
		return false
	case condition.Op == "and":
		for _, k := range condition.Kids {
			if positive(k, x) {
				return true
			}
		}
		return false
	}
	return condition.Op == ">" && condition.Kids[0].Key() == x.Key() && condition.Kids[1].Constant() && condition.Kids[1].Lo.Sign() == 0
}

// measuredSlot says whether a value of a stage may be added up across units:
// one that is made of columns as a measure is. A window is not: which row it
// picks could be made to depend on a single one.
func (b *binder) measuredSlot(x *Expr, pos int) error {
	inner := x.Slot.Expr
	switch {
	case inner.Op == "window":
		return b.src.Refuse(pos, "not-a-measure", "", "Use it in a condition or to group by.",
			"The window %s inside SUM or AVG could single out a few rows.", sql.Name(x.Column.Name))
	case inner.Op != "agg":
		return b.measured(inner, pos)
	case inner.Word == "sum" || inner.Word == "min" || inner.Word == "max":
		return b.measured(inner.Kids[0], pos)
	}
	return nil
}

// countPicked binds COUNT of a column of a view: the rows where it has a value.
func (b *binder) countPicked(it *Item, f found, c *sql.Column) error {
	x, err := b.picked(f, toFilter, c.Position())
	if err != nil {
		return err
	}
	if x.Table == constant {
		return b.noColumn(c.Position())
	}
	it.Name = "count(" + c.Name + ")"
	if x.Plain() {
		it.Table, it.Arg = x.Table, x
		return nil
	}
	it.Func = "count_star"
	if !x.Nullable && !b.in.Left {
		return nil
	}
	return b.filters(it, []sql.Expr{&sql.IsNull{Pos: c.Pos, Not: true, X: c}})
}

// pickedDay is a date that a subquery gives, as a term of a join on time.
func (b *binder) pickedDay(f found, pos int) (t dayTerm, ok bool) {
	x, err := b.picked(f, toFilter, pos)
	if err != nil || !x.Plain() || x.Type != agreements.Date {
		return t, false
	}
	if x.Slot != nil {
		if b.daySlots == nil {
			b.daySlots = map[*agreements.Column]*Slot{}
		}
		b.daySlots[x.Column] = x.Slot
	}
	t.columns[f.Table], t.times[f.Table] = x.Column, 1
	return t, true
}
