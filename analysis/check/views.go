package check

import (
	"slices"

	"parley/agreements"
	"parley/analysis/sql"
)

// view is a subquery or a query named by WITH. A plain one is as if its parts
// were written where it is named; so is the select list of a stage.
type view struct {
	in    *sql.View
	inner Table
	keys  []sql.Expr // GROUP BY, or the items of DISTINCT
	stage *Stage     // nil: plain
}

// purposes of parts of a subquery. A key decides which rows are put together;
// what becomes of it is judged where it is used.
var (
	toKey     = purpose{use: agreements.Dimension, or: agreements.Filter, unit: "grouping by it would show single ones"}
	toNothing = purpose{unit: "in a subquery it can be selected as it is, and grouped and partitioned by"}
)

// viewed makes the table of a subquery.
func (b *binder) viewed(out *Table, in *sql.View) error {
	inner, err := b.table(in.From)
	if err != nil {
		return err
	}
	v := &view{in: in, inner: inner, keys: in.GroupBy}
	out.Dataset, out.view, out.Stage = inner.Dataset, v, inner.Stage
	if err := b.named(v); err != nil {
		return err
	}
	switch {
	case in.Groups() && in.Windows:
		return b.src.Refuse(in.Pos, "bad-subquery", "", "Put one of them in a subquery of its own.",
			"Windows and groups in one subquery are not part of the language.")
	case in.Windows && inner.Stage != nil:
		return b.src.Refuse(in.Pos, "bad-subquery", "", "Use windows in the innermost subquery.",
			"Windows over a subquery that groups or has windows itself are not part of the language.")
	case in.Distinct && in.All:
		return b.src.Refuse(in.Pos, "bad-subquery", "", "Name the columns after DISTINCT.", "DISTINCT of all columns (*) is not part of the language.")
	case in.All && in.Groups():
		return b.src.Refuse(in.Pos, "bad-subquery", "", "Select what it groups by, and aggregates.", "* in a subquery that groups is not part of the language.")
	case !in.Groups() && !in.Windows:
		return nil
	}
	if in.Distinct && in.Adds {
		return b.src.Refuse(in.Pos, "bad-subquery", "", "Leave DISTINCT out.", "DISTINCT together with aggregates is not part of the language.")
	}
	if in.Distinct {
		for _, it := range in.Items {
			v.keys = append(v.keys, it.Expr)
		}
	}
	v.stage = &Stage{In: inner.Stage, Grouped: in.Groups(), MaxRows: inner.MaxRows(), names: map[string]bool{}, pos: in.Pos}
	v.stage.Unit = v.unitName()
	for _, it := range in.Items {
		v.stage.names[fold(it.Alias)] = true
	}
	out.Stage = v.stage
	return nil
}

// unitName is what a stage calls the unit, whether or not it picks it.
func (v *view) unitName() string {
	for _, it := range v.in.Items {
		if c, ok := it.Expr.(*sql.Column); ok {
			if f, ok := lookup(v.inner, c.Name); ok && f.unit {
				return it.Alias
			}
		}
	}
	name := v.inner.unitName()
	for _, taken := v.item(name); taken; _, taken = v.item(name) {
		name += "_"
	}
	return name
}

// unitName is what the question calls the unit of a table.
func (t *Table) unitName() string {
	if t.Stage != nil {
		return t.Stage.Unit
	}
	return t.Dataset.Rules.Unit.Column
}

// named checks the names of a view, and its columns that are columns.
func (b *binder) named(v *view) error {
	taken := map[string]bool{}
	for _, it := range v.in.Items {
		if c, ok := it.Expr.(*sql.Column); ok {
			if err := b.innerColumn(v, c); err != nil {
				return err
			}
		}
		if err := b.checkName(it.Alias, it.Pos); err != nil {
			return err
		}
		_, twice := lookup(v.inner, it.Alias)
		if taken[fold(it.Alias)] || twice && v.in.All {
			return b.src.Refuse(it.Pos, "ambiguous", "", "Give one of them another name with AS.", "The subquery has two columns %s.", sql.Name(it.Alias))
		}
		taken[fold(it.Alias)] = true
	}
	return nil
}

func (b *binder) innerColumn(v *view, c *sql.Column) error {
	if c.Table != "" && fold(c.Table) != fold(v.inner.Alias) {
		return b.src.Refuse(c.Position(), "unknown-table", "", "Tables: "+v.inner.Alias+".", "There is no table %s in this subquery.", sql.Name(c.Table))
	}
	_, ok := lookup(v.inner, c.Name)
	if _, alias := v.item(c.Name); !ok && (!alias || !v.in.Windows && !v.in.Groups()) {
		d := v.inner.Dataset
		return b.src.Refuse(c.Position(), "unknown-column", rule(d, "columns"), columnsHint(v.inner), "There is no column %s in %s.", sql.Name(c.Name), sql.Name(d.Name))
	}
	return nil
}

// item is the item of a name.
func (v *view) item(name string) (sql.Expr, bool) {
	for _, it := range v.in.Items {
		if fold(it.Alias) == fold(name) {
			return it.Expr, true
		}
	}
	return nil, false
}

// lookup finds a name among what the view gives.
func (v *view) lookup(name string) (found, bool) {
	e, ok := v.item(name)
	if !ok {
		if !v.in.All {
			return found{}, false
		}
		f, ok := lookup(v.inner, name)
		if ok && !f.unit && v.stage != nil {
			f = found{view: v, name: name}
		}
		return f, ok
	}
	if c, plain := e.(*sql.Column); plain {
		if f, ok := lookup(v.inner, c.Name); ok && (f.unit || v.stage == nil) {
			return f, true
		}
	}
	return found{view: v, name: name, expr: e}, true
}

// columnNames are the names that the view gives, sorted.
func (v *view) columnNames() []string {
	var out []string
	for _, it := range v.in.Items {
		out = append(out, fold(it.Alias))
	}
	if v.in.All {
		out = append(out, columnNames(v.inner)...)
	}
	slices.Sort(out)
	return out
}

// renames reports whether columns may have other names than in the dataset.
func (v *view) renames() bool {
	return v != nil && (len(v.in.Items) > 0 || v.inner.view.renames())
}

// inside runs fn with table in the place of table t, and no other visible.
// staged, if set, is the stage whose select list or conditions are bound.
func (b *binder) inside(t int, table Table, staged *view, fn func() error) error {
	tables, alone, at, was := b.out.Tables, b.alone, b.at, b.staged
	defer func() { b.out.Tables, b.alone, b.at, b.staged = tables, alone, at, was }()
	b.out.Tables, b.alone, b.at, b.staged = slices.Clone(tables), true, t, staged
	b.out.Tables[t] = table
	return fn()
}

// viewConditions binds the conditions of the views of table t.
func (b *binder) viewConditions(t int) error {
	conditions, err := b.conditionsBelow(t, b.out.Tables[t])
	b.out.Where[t] = append(b.out.Where[t], conditions...)
	return err
}

// conditionsBelow binds the conditions of the views of a table down to the
// nearest stage, the innermost first, each among the names of its own table.
// Of a stage these are HAVING and QUALIFY.
func (b *binder) conditionsBelow(t int, table Table) ([]*Expr, error) {
	v := table.view
	if v == nil {
		return nil, nil
	}
	conjuncts := slices.Concat(v.in.Having, v.in.Qualify)
	staged := v
	var out []*Expr
	if v.stage == nil {
		staged, conjuncts = nil, v.in.Where
		var err error
		if out, err = b.conditionsBelow(t, v.inner); err != nil {
			return nil, err
		}
	}
	err := b.inside(t, v.inner, staged, func() error {
		for _, e := range conjuncts {
			x, err := b.predicate(e, toFilter)
			if err != nil {
				return err
			}
			out = append(out, x)
		}
		return nil
	})
	return out, err
}

// picked binds a column of a view for a purpose, as if it were written here.
func (b *binder) picked(f found, p purpose, pos int) (*Expr, error) {
	e, staged := f.expr, f.view
	if e == nil {
		e = &sql.Column{Pos: sql.Pos(pos), Name: f.name}
	}
	if f.view.stage == nil {
		staged = nil
	}
	var out *Expr
	err := b.inside(f.Table, f.view.inner, staged, func() error {
		var err error
		out, err = b.expr(e, p)
		return err
	})
	return out, err
}

// visible reports whether a name may mean a column of table t: inside a view,
// only those of the view's own table.
func (b *binder) visible(t int) bool { return !b.alone || t == b.at }
