package release_test

import (
	"errors"
	"strings"
	"testing"

	"parley/analysis/plan"
	"parley/analysis/release"
)

// at and value are operands of a condition.
func at(column int) plan.Operand     { return plan.Operand{Column: column} }
func value(text string) plan.Operand { return plan.Operand{Column: -1, Value: text} }

func having(op string, operands ...plan.Operand) plan.Having {
	return plan.Having{Op: op, Operands: operands}
}

// Columns: 0 region, 1 n, 2 units, 3 sales, 4 items (NULL for c).
func TestHaving(t *testing.T) {
	for _, c := range []struct {
		h    plan.Having
		want string // regions
	}{
		{having(">", at(1), value("30")), "b c"},
		{having("=", at(3), value("12.5")), "a"}, // 12.50
		{having("<", at(2), at(1)), "b c"},
		{having("between", at(1), value("20"), value("40")), "a b c"},
		{having("in", at(0), value("a"), value("c")), "a c"},
		{having("not in", at(1), value("40"), value("7")), "a c"},
		{having(">=", at(0), value("b")), "b c"},
		{having("is null", at(4)), "c"},
		{having("is not null", at(4)), "a b"},
		// NULL makes these unknown for c, and unknown is not true.
		{having("<>", at(4), value("3")), "b"},
		{having("not in", at(4), value("3")), "b"},
		{plan.Having{Op: "not", Kids: []plan.Having{having("=", at(4), value("3"))}}, "b"},
		{plan.Having{Op: "or", Kids: []plan.Having{having("=", at(4), value("3")), having("=", at(0), value("c"))}}, "a c"},
		{plan.Having{Op: "and", Kids: []plan.Having{having(">", at(1), value("20")), having("<", at(1), value("40"))}}, "a c"},
		{having("=", at(0), value("none")), ""},
	} {
		p := oneOwner()
		p.Output.Having = &c.h
		table := release1(t, p,
			row("a", 30, 30, 1250, 30, 30, 90, 30, 30), row("b", 30, 40, 7, 40, 30, 80, 40, 30),
			row("c", 30, 31, 7, 31, 30, 5, 2, 2), row("d", 9, 90, 7, 90, 9, 5, 9, 9))
		var got []string
		for _, r := range table.Rows {
			got = append(got, r[0].Text)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %v, want %s", c.h, got, c.want)
		}
		// What HAVING leaves out was released: it is not withheld.
		if table.Withheld.Is != release.NotStated {
			t.Errorf("withheld %v", table.Withheld)
		}
	}
}

func TestHavingShape(t *testing.T) {
	for _, h := range []plan.Having{
		having("=", at(9), value("1")), having("=", at(-2), value("1")), having("=", at(1)), having("between", at(1), value("1")),
		having("like", at(0), value("a")), {Op: "and"}, {Op: "or", Kids: []plan.Having{{}}}, having(""),
	} {
		p := oneOwner()
		p.Output.Having = &h
		if _, err := release.OneOwner(p, []release.Row{row("a", 30, 30, 1, 30, 30, 1, 30, 30)}); !errors.Is(err, release.ErrShape) {
			t.Errorf("%+v: %v", h, err)
		}
	}
}

// TestConditionalCounts: a count with a condition of its own is released only
// if that many units meet it, whatever the size of the group.
func TestConditionalCounts(t *testing.T) {
	p := oneOwner()
	for _, i := range []int{1, 2} {
		p.Output.Columns[i].Aggregate.Measure, p.Output.Columns[i].Aggregate.Nullable = 1, true
	}
	table := release1(t, p, row("a", 500, 900, 0, 900, 500, 0, 60, 9), row("b", 500, 900, 0, 900, 500, 0, 60, 10))
	if got := table.Rows[0]; !got[1].Null || !got[2].Null {
		t.Errorf("nine units: %v", got)
	}
	if got := table.Rows[1]; got[1].Text != "60" || got[2].Text != "10" {
		t.Errorf("ten units: %v", got)
	}
}
