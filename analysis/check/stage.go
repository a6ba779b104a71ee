package check

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"parley/agreements"
	"parley/analysis/sql"
	"parley/internal/weak"
)

// Stage is a subquery that the owner's engine computes from its rows, or from
// the stage before: one row for each unit and Keys, or one for each row, with
// windows. What a subquery's select list makes of the Slots is written where
// it is used, as if it stood there.
type Stage struct {
	In      *Stage  // nil: the dataset's rows
	Where   []*Expr // conjuncts on the rows of In
	Grouped bool
	Keys    []*Slot // of Grouped, besides the unit
	Slots   []*Slot // what is used: aggregates, or windows and columns
	Unit    string  // what the subquery calls the unit
	MaxRows int64   // rows of one unit

	names map[string]bool // taken
	pos   int
}

// Slot is a column of a stage.
type Slot struct {
	Engine string // its name in an engine's query
	Name   string // its name in the question
	Expr   *Expr  // over the rows of Stage.In
	column *agreements.Column
}

// Stored reports whether a column has the type that it has in a snapshot.
// Other numbers are integers at their scale.
func (e *Expr) Stored() bool { return e.Plain() && (e.Slot == nil || e.Slot.Expr.Stored()) }

// maxSlots bounds what one subquery computes.
const maxSlots = 64

// slot returns x as a column of the stage.
func (s *Stage) slot(list *[]*Slot, engine string, x *Expr, name string) *Expr {
	for _, have := range *list {
		if have.Expr.Key() == x.Key() {
			return have.expr(x.Table)
		}
	}
	out := &Slot{Engine: fmt.Sprintf("%s%d", engine, len(*list)), Name: s.free(name), Expr: x}
	out.column = &agreements.Column{Name: out.Name, Type: x.Type, Scale: x.Scale, Nullable: x.Nullable, Domain: domain(x)}
	if x.Plain() && len(x.Column.Domain) > 0 {
		out.column.Domain = slices.Clone(x.Column.Domain) // a number's, too
	}
	if x.Number() {
		out.column.Min, out.column.Max = sql.Unscaled(x.Lo, x.Scale), sql.Unscaled(x.Hi, x.Scale)
	} else if days, ok := dayRange(x); ok {
		out.column.Min, out.column.Max = days[0].Format(dateOnly), days[1].Format(dateOnly)
	}
	*list = append(*list, out)
	return out.expr(x.Table)
}

// free is the name, or one made up where there is none.
func (s *Stage) free(name string) string {
	for i := 1; name == ""; i++ {
		if made := fmt.Sprintf("value_%d", i); !s.names[made] {
			name = made
		}
	}
	s.names[fold(name)] = true
	return name
}

func (s *Slot) expr(table int) *Expr {
	x := s.Expr
	return &Expr{Op: "column", Table: table, Column: s.column, Slot: s, Type: x.Type, Scale: x.Scale, Nullable: x.Nullable,
		Lo: x.Lo, Hi: x.Hi, weight: 1}
}

// MaxRows bounds the rows of one unit that the question sees.
func (t *Table) MaxRows() int64 {
	if t.Stage != nil {
		return t.Stage.MaxRows
	}
	return t.Dataset.Rules.MaxRowsPerUnit
}

// rowCount stands for the rows of a unit where columns are listed.
var rowCount = &agreements.Column{Name: "COUNT(*)", Type: agreements.Integer, Min: "0", Max: "0"}

// stages binds the subqueries that are stages, of each table the innermost
// first: their conditions and groups, and once, for its errors, every item.
func (b *binder) stages() error {
	for t := range b.out.Tables {
		if err := b.stagesOf(t, b.out.Tables[t]); err != nil {
			return err
		}
	}
	return nil
}

func (b *binder) stagesOf(t int, table Table) error {
	v := table.view
	if v == nil {
		return nil
	}
	if err := b.stagesOf(t, v.inner); err != nil {
		return err
	}
	if s := v.stage; s != nil {
		if err := b.stage(t, v, s); err != nil {
			return err
		}
	}
	return b.itemsOf(t, v)
}

func (b *binder) stage(t int, v *view, s *Stage) error {
	var err error
	if s.Where, err = b.conditionsBelow(t, v.inner); err != nil {
		return err
	}
	err = b.inside(t, v.inner, nil, func() error {
		for _, e := range v.in.Where {
			x, err := b.predicate(e, toFilter)
			if err != nil {
				return err
			}
			s.Where = append(s.Where, x)
		}
		return b.keys(t, v, s)
	})
	return err
}

// keys binds GROUP BY, which must contain the unit (R21): what is put together
// across units belongs to the question itself, where it is counted.
func (b *binder) keys(t int, v *view, s *Stage) error {
	if !s.Grouped {
		return nil
	}
	d := b.out.Tables[t].Dataset
	ofUnit := false
	for _, e := range v.keys {
		at := e.Position()
		e, name, err := b.keyOf(v, e)
		if err != nil {
			return err
		}
		if c, ok := e.(*sql.Column); ok {
			f, err := b.resolve(c)
			if err != nil {
				return err
			}
			if f.unit {
				ofUnit = true
				continue
			}
		}
		x, err := b.expr(e, toKey)
		if err != nil {
			return err
		}
		if x.Table == constant {
			return b.src.Refuse(at, "bad-group", "", "Group by columns or expressions of columns.", "This expression has no column.")
		}
		if name == "" {
			name = b.itemNamed(v, x)
		}
		s.slot(&s.Keys, "k", x, name)
	}
	if !ofUnit && !weak.Off("R21") {
		return b.src.Refuse(v.in.Pos, "not-of-unit", rule(d, "unit"), "Write GROUP BY "+d.Rules.Unit.Column+" in it, alone or with other columns; group by anything else in the outer query.",
			"A subquery that groups or removes repetitions must do so for each person or thing: %s is not among what it groups by.", sql.Name(d.Rules.Unit.Column))
	}
	s.MaxRows = 1
	if len(s.Keys) > 0 {
		s.MaxRows = v.inner.MaxRows()
	}
	return nil
}

// itemNamed is the name of the item that is the key x, "" if none is.
func (b *binder) itemNamed(v *view, x *Expr) string {
	name := ""
	for _, it := range v.in.Items {
		if _, aggregate := it.Expr.(*sql.Call); aggregate || name != "" {
			continue
		}
		_ = b.dry(b.at, func() error {
			if y, err := b.expr(it.Expr, toKey); err == nil && y.Key() == x.Key() {
				name = it.Alias
			}
			return nil
		})
	}
	return name
}

// keyOf is the expression that a GROUP BY entry of a subquery stands for, and
// the name that the subquery gives it.
func (b *binder) keyOf(v *view, e sql.Expr) (sql.Expr, string, error) {
	if l, ok := e.(*sql.Literal); ok {
		at, ok := new(big.Int).SetString(l.Text, 10)
		if l.Kind != sql.IntegerLiteral || !ok || !at.IsInt64() || at.Int64() < 1 || at.Int64() > int64(len(v.in.Items)) || v.in.All {
			return nil, "", b.src.Refuse(e.Position(), "bad-position", "", "", "This is not a position in the select list, which has %d.", len(v.in.Items))
		}
		it := v.in.Items[at.Int64()-1]
		return it.Expr, it.Alias, nil
	}
	if _, ok := e.(*sql.Param); ok {
		return nil, "", b.src.Refuse(e.Position(), "bad-group", "", "Group by columns or expressions of columns.", "GROUP BY cannot name a parameter.")
	}
	c, plain := e.(*sql.Column)
	for _, it := range v.in.Items {
		if it.Expr == e {
			return e, it.Alias, nil // DISTINCT
		}
		if have, ok := it.Expr.(*sql.Column); plain && ok && fold(have.Name) == fold(c.Name) {
			return e, it.Alias, nil
		}
	}
	if !plain || c.Table != "" {
		return e, "", nil
	}
	if _, ok := b.lookup(b.at, c.Name); ok { // a real column comes before an alias
		return e, "", nil
	}
	for _, it := range v.in.Items {
		if fold(it.Alias) == fold(c.Name) {
			return it.Expr, it.Alias, nil
		}
	}
	return e, "", nil
}

// itemsOf binds every item of a view once, for no use: what is never used is
// not computed, but it must make sense.
func (b *binder) itemsOf(t int, v *view) error {
	staged := v
	if v.stage == nil {
		staged = nil
	}
	for _, it := range v.in.Items {
		if c, ok := it.Expr.(*sql.Column); ok {
			if f, ok := lookup(v.inner, c.Name); ok && f.unit {
				continue
			}
		}
		if err := b.dry(t, func() error {
			return b.inside(t, v.inner, staged, func() error {
				_, err := b.expr(it.Expr, toNothing)
				return err
			})
		}); err != nil {
			return err
		}
	}
	return nil
}

// dry undoes what fn adds to the stages of table t and to the uses.
func (b *binder) dry(t int, fn func() error) error {
	uses := len(b.out.Uses)
	type mark struct {
		s     *Stage
		slots int
		names map[string]bool
	}
	var marks []mark
	for s := b.out.Tables[t].Stage; s != nil; s = s.In {
		names := map[string]bool{}
		for n := range s.names {
			names[n] = true
		}
		marks = append(marks, mark{s, len(s.Slots), names})
	}
	err := fn()
	b.out.Uses = b.out.Uses[:uses]
	for _, m := range marks {
		m.s.Slots, m.s.names = m.s.Slots[:m.slots], m.names
	}
	return err
}

// settle orders what the stages compute by name, so that it does not depend on
// the order in which it is used, and refuses a subquery of whose windows none
// is used: it would be a plain one.
func (b *binder) settle() error {
	for _, t := range b.out.Tables {
		for s := t.Stage; s != nil; s = s.In {
			slices.SortFunc(s.Slots, func(a, b *Slot) int { return strings.Compare(a.Name, b.Name) })
			windows := s.Grouped
			for i, slot := range s.Slots {
				slot.Engine = fmt.Sprintf("v%d", i)
				windows = windows || slot.Expr.Op == "window"
			}
			if !windows {
				return b.src.Refuse(s.pos, "unused-window", "", "Leave the windows out.", "No window of this subquery is used.")
			}
		}
	}
	return nil
}
