package check

import (
	"parley/analysis/sql"
)

// several checks names and uses of a question about more than two datasets,
// or about rows of several put below each other, and then refuses it: neither
// exists in this version. An analyst so learns first what would be refused
// anyway.
func (b *binder) several() error {
	branches := make([][]sql.Table, len(b.in.From))
	most, union := 1, sql.NoPos
	for i, t := range b.in.From {
		branches[i] = []sql.Table{t}
		if t.View == nil || len(t.View.Union) == 0 {
			continue
		}
		if err := b.alike(t.View); err != nil {
			return err
		}
		branches[i], union = nil, t.Pos
		for _, v := range t.View.Union {
			one := t
			one.View = v
			branches[i] = append(branches[i], one)
		}
		most = max(most, len(branches[i]))
	}
	if len(b.in.From) <= 2 && union == sql.NoPos {
		return nil
	}
	for n := range most {
		in := *b.in
		in.From = nil
		for _, list := range branches {
			in.From = append(in.From, list[min(n, len(list)-1)])
		}
		c := &binder{Context: b.Context, src: b.src, in: &in, out: &Query{}}
		for _, step := range []func() error{c.tables, c.using, c.stages, c.namedUses} {
			if err := step(); err != nil {
				if r, ok := err.(*sql.Refusal); ok && r.Code == "two-owners" && len(b.in.From) > 2 {
					break // it is refused for the number of datasets first
				}
				return err
			}
		}
	}
	if union != sql.NoPos {
		return b.noUnion(union)
	}
	return b.src.Refuse(b.in.From[2].Pos, "too-many-tables", "", "Ask about each pair of datasets by itself.",
		"This question joins %d datasets. Joins of three members do not exist in this version.", len(b.in.From))
}

func (b *binder) noUnion(pos int) error {
	return b.src.Refuse(pos, "union", "", "Ask about each dataset by itself, or about two that are joined. The reach of two together is the sum of both, less those who are in both.",
		"Unions across owners do not exist in this version.")
}

// alike insists that what UNION ALL puts together has the same columns.
func (b *binder) alike(v *sql.View) error {
	first := v.Union[0]
	for _, other := range v.Union {
		ok := len(other.Items) == len(first.Items) && !other.All
		for i := 0; ok && i < len(first.Items); i++ {
			ok = fold(other.Items[i].Alias) == fold(first.Items[i].Alias)
		}
		if !ok {
			return b.src.Refuse(other.Pos, "bad-union", "", "List the columns by name, and rename them with AS where they differ.",
				"The queries of a UNION ALL name the same columns in the same order; this one does not.")
		}
	}
	return nil
}

// unionInside checks the queries of a union inside a subquery and refuses it.
func (b *binder) unionInside(t sql.Table) error {
	if err := b.alike(t.View); err != nil {
		return err
	}
	for _, v := range t.View.Union {
		one := t
		one.View = v
		if _, err := b.table(one); err != nil {
			return err
		}
	}
	return b.noUnion(t.Pos)
}

// namedUses checks the columns of each clause against the rules.
func (b *binder) namedUses() error {
	for _, e := range b.in.GroupBy {
		e, err := b.groupKey(e)
		if err != nil {
			return err
		}
		if _, err := b.expr(e, toGroup); err != nil {
			return err
		}
	}
	for _, it := range b.in.Items {
		if err := b.itemUse(it.Expr); err != nil {
			return err
		}
	}
	for _, e := range b.in.Where {
		if joined, err := b.unitEquality(e); joined || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		if _, err := b.predicate(e, toFilter); err != nil {
			return err
		}
	}
	return nil
}

func (b *binder) itemUse(e sql.Expr) error {
	call, ok := e.(*sql.Call)
	if !ok {
		_, err := b.expr(e, toGroup)
		return err
	}
	for _, c := range call.Filter {
		if _, err := b.predicate(c, toFilter); err != nil {
			return err
		}
	}
	if c, ok := call.Arg.(*sql.Column); ok && call.Func == "count_distinct" {
		return b.countUnits(&Item{}, c)
	}
	if call.Arg == nil {
		return nil
	}
	_, err := b.expr(call.Arg, toSum)
	return err
}
