package check

import (
	"fmt"
	"math/big"

	"parley/agreements"
	"parley/analysis/sql"
	"parley/internal/weak"
)

// Over is the window of a function.
type Over struct {
	Offset    int64   // of lag and lead
	Partition []*Expr // besides the unit
	OrderBy   []Sort
	// Ties are columns that come after OrderBy where rows that tie would be
	// in no order: in the order of the agreement, nulls last.
	Ties []*Expr
}

func (o *Over) key() string {
	if o == nil {
		return ""
	}
	out := fmt.Sprintf(" over %d", o.Offset)
	for _, x := range o.Partition {
		out += " of " + x.Key()
	}
	for _, s := range o.OrderBy {
		out += fmt.Sprintf(" by %s %t %t", s.Expr.Key(), s.Desc, s.NullsFirst)
	}
	return out
}

// Sort is one key of a window's ORDER BY.
type Sort struct {
	Expr             *Expr
	Desc, NullsFirst bool
}

// unordered are the functions whose value depends on the order of rows that
// tie. So that a question has one answer, all columns of the dataset that the
// agreement names break the tie; rows that agree in all of them are alike.
var unordered = map[string]bool{"row_number": true, "lag": true, "lead": true, "first_value": true, "last_value": true}

// windowOf binds a window function over the rows of one unit (R21): a window
// across units would carry values of one unit to the rows of another.
func (b *binder) windowOf(e *sql.Window, p purpose) (*Expr, error) {
	v := b.staged
	d := v.inner.Dataset
	if p.use == agreements.Measure {
		return nil, b.src.Refuse(e.Position(), "not-a-measure", "", "Use it in a condition or to group by.",
			"A window inside SUM or AVG could single out a few rows.")
	}
	if !windowAggregate(e.Func) {
		if err := b.functionAllowed(b.at, e.Func, e.Position()); err != nil {
			return nil, err
		}
	}
	out := &Expr{Op: "window", Word: e.Func, Table: b.at, Type: agreements.Integer, Over: &Over{Offset: e.Offset}, weight: 1}
	if e.Func != "lag" && e.Func != "lead" {
		out.Over.Offset = 0
	}
	err := b.inside(b.at, v.inner, nil, func() error { return b.over(e, out, p, d) })
	if err != nil {
		return nil, err
	}
	rows := big.NewInt(v.inner.MaxRows())
	out.Lo, out.Hi = big.NewInt(1), rows
	if len(out.Kids) == 0 {
		return out, nil
	}
	arg := out.Kids[0]
	out.weight += arg.weight
	switch e.Func {
	case "count":
		out.Lo = new(big.Int)
		return out, nil
	case "sum":
		if !arg.Number() {
			return nil, b.src.Refuse(e.Arg.Position(), "bad-type", b.typeClause(arg), "", "%s is %s and has no sum.", b.called(arg), arg.Type)
		}
		out.Lo, out.Hi = summed(arg.Lo, arg.Hi, rows)
		if tooLarge(out.Lo, out.Hi) {
			return nil, b.tooLarge(e.Position())
		}
	default:
		out.Lo, out.Hi = arg.Lo, arg.Hi
	}
	out.Type, out.Scale = arg.Type, arg.Scale
	out.Nullable = arg.Nullable || e.Func == "lag" || e.Func == "lead"
	return out, nil
}

// over binds what is inside a window, among the names of the rows it reads.
func (b *binder) over(e *sql.Window, out *Expr, p purpose, d *agreements.Dataset) error {
	ofUnit := false
	for _, part := range e.Partition {
		if c, ok := part.(*sql.Column); ok {
			f, err := b.resolve(c)
			if err != nil {
				return err
			}
			if f.unit {
				ofUnit = true
				continue
			}
		}
		x, err := b.expr(part, p.conditions())
		if err != nil {
			return err
		}
		out.Over.Partition, out.weight = append(out.Over.Partition, x), out.weight+x.weight
	}
	if !ofUnit && !weak.Off("R21") {
		return b.src.Refuse(e.Position(), "not-of-unit", rule(d, "unit"), "Write OVER (PARTITION BY "+d.Rules.Unit.Column+" …).",
			"A window must stay within one person or thing: %s is not among what it is partitioned by.", sql.Name(d.Rules.Unit.Column))
	}
	for _, key := range e.OrderBy {
		x, err := b.expr(key.Expr, purpose{use: p.conditions().use, unit: "within one person or thing it orders nothing"})
		if err != nil {
			return err
		}
		if x.Table == constant {
			return b.src.Refuse(key.Pos, "no-column", "", "Name a column.", "A window is ordered by columns, not by constants.")
		}
		if p.conditions().use == agreements.Filter {
			if err := b.ordered(x, key.Pos); err != nil {
				return err
			}
		}
		out.Over.OrderBy, out.weight = append(out.Over.OrderBy, Sort{x, key.Desc, key.NullsFirst}), out.weight+x.weight
	}
	if e.Arg != nil {
		arg, err := b.expr(e.Arg, p)
		if err != nil {
			return err
		}
		if arg.Table == constant {
			return b.src.Refuse(e.Arg.Position(), "no-column", "", "Name a column.", "A window of a constant is not part of the language.")
		}
		out.Kids = []*Expr{arg}
	}
	if unordered[e.Func] {
		for i := range d.Rules.Columns {
			out.Over.Ties = append(out.Over.Ties, columnExpr(Column{Table: b.at, Rule: &d.Rules.Columns[i]}))
		}
	}
	return nil
}

// ordered refuses a window that a condition uses if the owner of a column it
// is ordered by does not let it be tested by < and >: the first row of a unit
// is the one with the least value.
func (b *binder) ordered(x *Expr, pos int) error {
	var err error
	tested(x, func(c *agreements.Column) {
		if err == nil {
			err = b.operatorAllowed(x.Table, c, []string{"<", ">"}, pos)
		}
	})
	return err
}

// windowAggregate reports an aggregate over a window: like other aggregates it
// is ruled by what its argument may be used for.
func windowAggregate(name string) bool {
	switch name {
	case "count_star", "count", "sum", "min", "max":
		return true
	}
	return false
}
