package check

import (
	"math/big"

	"parley/agreements"
	"parley/analysis/sql"
)

// shareOfOne binds SUM(1 / n): how many rows, each divided by those it meets.
func (b *binder) shareOfOne(it *Item, arg sql.Expr) error {
	x, err := b.constant(arg)
	if err != nil {
		return err
	}
	if !x.Number() || x.Lo.Cmp(power(x.Scale)) != 0 {
		return b.src.Refuse(arg.Position(), "bad-window", "", "Write 1, or a column.", "What is shared out is a column or 1.")
	}
	it.Func, it.Name = "sum", "sum(1 / n)"
	it.Table = b.events()
	it.Arg = &Expr{Op: "value", Table: it.Table, Type: agreements.Integer, Value: Value{Type: agreements.Integer, Text: "1"}, Lo: big.NewInt(1), Hi: big.NewInt(1), weight: 1}
	return nil
}

// events is the table whose rows an attribution shares out, -1 if it is none.
func (b *binder) events() int {
	if b.in.Credit == nil {
		return -1
	}
	return b.tableNamed(b.in.Credit.Table)
}

// credit checks what is asked of an attribution.
func (b *binder) credit(d *Days) error {
	events, c := b.events(), b.in.Credit
	if events < 0 {
		return b.src.Refuse(c.Pos, "unknown-table", "", "Tables: "+listed(b.aliases())+".", "There is no table %s in this question.", sql.Name(c.Table))
	}
	if b.out.Tables[events].view != nil {
		return b.src.Refuse(c.Pos, "bad-window", "", "Join the dataset itself, and pick its rows with WHERE beside the join.",
			"Rows of a subquery have no rowid.")
	}
	d.Rule, d.State = Credit, 1-events
	for _, it := range b.out.Items {
		pos := it.pos
		switch {
		case it.Group >= 0:
		case it.Filters[0] != nil || it.Filters[1] != nil:
			return b.src.Refuse(pos, "bad-window", "", "Pick the rows inside the subquery, before they are counted.",
				"A condition on an attribution's sum is not part of the language.")
		case it.Shared && it.Table != events:
			return b.src.Refuse(pos, "bad-window", "", "Share out a column of "+b.out.Tables[events].Alias+".",
				"What is shared out belongs to the table whose rows are counted.")
		case !it.Shared && it.Func != "count_star":
			return b.src.Refuse(pos, "bad-window", "", "Ask for it in a question of its own, without the count.",
				"An attribution answers SUM(v / n) and COUNT(*).")
		}
	}
	return nil
}
