package check

import (
	"slices"

	"parley/analysis/sql"
)

// scope is the inside of a view: its table and its conditions there.
type scope struct {
	table Table
	where []sql.Expr
}

// renamed gives the dataset's columns by the names that a view gives them,
// nil where they keep their own.
func (b *binder) renamed(inner Table, v *sql.View) (map[string]string, error) {
	if v.All {
		return inner.names, nil
	}
	names := map[string]string{}
	for _, it := range v.Items {
		c := it.Expr.(*sql.Column)
		if c.Table != "" && fold(c.Table) != fold(inner.Alias) {
			return nil, b.src.Refuse(it.Pos, "unknown-table", "", "Tables: "+inner.Alias+".", "There is no table %s in this subquery.", sql.Name(c.Table))
		}
		if _, ok := lookup(inner, c.Name); !ok {
			d := inner.Dataset
			return nil, b.src.Refuse(it.Pos, "unknown-column", rule(d, "columns"), columnsHint(inner), "There is no column %s in %s.", sql.Name(c.Name), sql.Name(d.Name))
		}
		if _, twice := names[fold(it.Alias)]; twice {
			return nil, b.src.Refuse(it.Pos, "ambiguous", "", "Give one of them another name with AS.", "The subquery has two columns %s.", sql.Name(it.Alias))
		}
		base := c.Name
		if inner.names != nil {
			base = inner.names[fold(c.Name)]
		}
		names[fold(it.Alias)] = base
	}
	return names, nil
}

// viewConditions binds the conditions of the views of table t, the innermost
// first, each among the names of its own table.
func (b *binder) viewConditions(t int) error {
	var scopes []*scope
	for s := b.out.Tables[t].inner; s != nil; s = s.table.inner {
		scopes = append(scopes, s)
	}
	outer := b.out.Tables
	defer func() { b.out.Tables, b.alone = outer, false }()
	for _, s := range slices.Backward(scopes) {
		b.out.Tables, b.alone = slices.Clone(outer), true
		b.out.Tables[t] = s.table
		b.at = t
		for _, e := range s.where {
			p, err := b.predicate(e, toFilter)
			if err != nil {
				return err
			}
			b.out.Where[t] = append(b.out.Where[t], p)
		}
	}
	return nil
}

// visible reports whether a name may mean a column of table t: inside a view,
// only those of the view's own table.
func (b *binder) visible(t int) bool { return !b.alone || t == b.at }
