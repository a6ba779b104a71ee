package check

import (
	"slices"

	"parley/agreements"
	"parley/analysis/sql"
)

// reserved is the name under which an engine keeps the unit. No rule may
// lend it out.
const reserved = "parley_unit"

// found is what a name stands for.
type found struct {
	Column      // Rule is nil for a unit and a column of a view
	unit   bool // the unit column of Tables[Table]
	// view, if set, gives the column: the item expr, or its table's column of
	// that name.
	view *view
	name string
	expr sql.Expr
}

// resolve finds a column by name.
func (b *binder) resolve(c *sql.Column) (found, error) {
	if c.Table != "" {
		t := b.tableNamed(c.Table)
		if t < 0 {
			return found{}, b.src.Refuse(c.Position(), "unknown-table", "", "Tables: "+listed(b.aliases())+".",
				"There is no table %s in this question.", sql.Name(c.Table))
		}
		if f, ok := b.lookup(t, c.Name); ok {
			return f, nil
		}
		d := b.out.Tables[t].Dataset
		return found{}, b.src.Refuse(c.Position(), "unknown-column", rule(d, "columns"), columnsHint(b.out.Tables[t]),
			"There is no column %s in %s.", sql.Name(c.Name), sql.Name(d.Name))
	}
	return b.resolveBare(c)
}

func (b *binder) resolveBare(c *sql.Column) (found, error) {
	var hits []found
	for t := range b.out.Tables {
		if f, ok := b.lookup(t, c.Name); ok {
			hits = append(hits, f)
		}
	}
	switch {
	case len(hits) == 1:
		return hits[0], nil
	case len(hits) > 1 && b.in.Using != nil && !slices.ContainsFunc(hits, func(f found) bool { return !f.unit }):
		return hits[0], nil
	case len(hits) > 1:
		return found{}, b.src.Refuse(c.Position(), "ambiguous", "", "Write the table's name before it.",
			"Both tables have a column %s.", sql.Name(c.Name))
	}
	clause, hint := "", ""
	for i, t := range b.out.Tables {
		if !b.visible(i) {
			continue
		}
		if clause != "" {
			clause, hint = clause+", ", hint+" "
		}
		clause, hint = clause+rule(t.Dataset, "columns"), hint+columnsHint(t)
	}
	return found{}, b.src.Refuse(c.Position(), "unknown-column", clause, hint, "There is no column %s.", sql.Name(c.Name))
}

// lookup finds a name among what the owner of table t permits.
func (b *binder) lookup(t int, name string) (found, bool) {
	if !b.visible(t) {
		return found{}, false
	}
	f, ok := lookup(b.out.Tables[t], name)
	f.Table = t
	return f, ok
}

func lookup(t Table, name string) (found, bool) {
	rules := &t.Dataset.Rules
	if t.view != nil {
		return t.view.lookup(name)
	}
	if fold(name) == reserved {
		return found{}, false
	}
	if fold(rules.Unit.Column) == fold(name) {
		return found{unit: true}, true
	}
	for i := range rules.Columns {
		if fold(rules.Columns[i].Name) == fold(name) {
			return found{Column: Column{Rule: &rules.Columns[i]}}, true
		}
	}
	return found{}, false
}

func (b *binder) tableNamed(name string) int {
	for i, t := range b.out.Tables {
		if b.visible(i) && fold(t.Alias) == fold(name) {
			return i
		}
	}
	return -1
}

func (b *binder) aliases() []string {
	var out []string
	for i, t := range b.out.Tables {
		if !b.visible(i) {
			continue
		}
		out = append(out, t.Alias)
	}
	return out
}

// refuseUnit refuses any use of a unit but counting it and joining on it.
func (b *binder) refuseUnit(t, pos int, what string) error {
	d := b.out.Tables[t].Dataset
	return b.src.Refuse(pos, "unit", rule(d, "unit"), "It can be counted (COUNT(DISTINCT "+d.Rules.Unit.Column+")) and joined on.",
		"%s identifies the people or things of %s: %s.", sql.Name(d.Rules.Unit.Column), sql.Name(d.Name), what)
}

func columnsHint(t Table) string {
	d := t.Dataset
	names := columnNames(t)
	if len(names) == 0 {
		return d.Name + " has no columns."
	}
	return "Columns of " + d.Name + ": " + listed(names) + "."
}

func columnNames(t Table) []string {
	if t.view.renames() {
		return t.view.columnNames()
	}
	names := make([]string, 0, len(t.Dataset.Rules.Columns))
	for _, c := range t.Dataset.Rules.Columns {
		names = append(names, c.Name)
	}
	return names
}

// columnsFor lists the columns of d that may be used so.
func columnsFor(d *agreements.Dataset, u agreements.Use) string {
	var names []string
	for i := range d.Rules.Columns {
		if d.Rules.Columns[i].Allows(u) {
			names = append(names, d.Rules.Columns[i].Name)
		}
	}
	if len(names) == 0 {
		return "No column of " + d.Name + " may."
	}
	return "Columns of " + d.Name + " that may: " + listed(names) + "."
}
