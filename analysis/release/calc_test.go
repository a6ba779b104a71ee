package release_test

import (
	"errors"
	"testing"

	"parley/agreements"
	"parley/analysis/plan"
	"parley/analysis/release"
)

func item(column int) plan.Calc { return plan.Calc{Op: "item", Column: column, Type: release.Double} }

func number(text string) plan.Calc {
	return plan.Calc{Op: "value", Value: text, Type: agreements.Decimal}
}

func of(op string, kids ...plan.Calc) *plan.Calc {
	return &plan.Calc{Op: op, Kids: kids, Type: release.Double}
}

// computedPlan is a join that releases SUM(x) at scale 2 and VAR(x), hidden,
// and shows what is computed from them.
func computedPlan(shown ...*plan.Calc) *plan.Plan {
	p := &plan.Plan{Kind: plan.Join, Locals: make([]plan.Local, 2), Secure: &plan.Secure{V: 1}}
	p.Output.Columns = []plan.OutputColumn{
		{Name: "s", Hidden: true, Aggregate: &plan.Aggregate{Func: plan.SumOf, Type: agreements.Decimal, Scale: 2}},
		{Name: "v", Hidden: true, Aggregate: &plan.Aggregate{Func: plan.VarSamp, Type: agreements.Decimal}},
	}
	for _, c := range shown {
		p.Output.Columns = append(p.Output.Columns, plan.OutputColumn{Name: "x", Calc: c})
	}
	return p
}

// TestComputed: an expression is NULL where a part is, where it would divide
// by 0 or take the root of a negative number (R08), and hidden columns are gone.
func TestComputed(t *testing.T) {
	exact := &plan.Calc{Op: "-", Kids: []plan.Calc{item(0), number("0.005")}, Type: agreements.Decimal, Scale: 3}
	p := computedPlan(of("/", item(0), number("0")), of("sqrt", *of("neg", item(0))), of("+", item(0), item(1)), exact,
		of("coalesce", item(1), number("-7")), of("least", item(0), number("1e3"), item(1)), of("nullif", item(0), number("12.50")),
		&plan.Calc{Op: "round", Digits: 1, Kids: []plan.Calc{*of("neg", number("0.25"))}, Type: release.Double})
	rows := []release.Cell{
		{Pass: true, Aggregates: []release.Number{{Total: 1250}, {Total: 6, Rows: 4, Squares: 10}}},
		{Pass: true, Aggregates: []release.Number{{Total: -1}, {Total: 6, Rows: 1, Squares: 36}}},
		{Pass: true, Aggregates: []release.Number{{Null: true}, {Null: true}}},
	}
	table, err := release.Join(p, "client", rows)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"NULL", "NULL", "12.833333333333334", "12.495", "0.3333333333333333", "0.3333333333333333", "NULL", "-0.3"},
		{"NULL", "0.1", "NULL", "-0.015", "-7", "-0.01", "-0.01", "-0.3"},
		{"NULL", "NULL", "NULL", "NULL", "-7", "1000", "NULL", "-0.3"},
	}
	if len(table.Columns) != len(want[0]) {
		t.Fatalf("%d columns are shown, want %d", len(table.Columns), len(want[0]))
	}
	for _, line := range want {
		found := false
		for _, r := range table.Rows {
			same := true
			for i, v := range r {
				same = same && (v.Null && line[i] == "NULL" || !v.Null && v.Text == line[i])
			}
			found = found || same
		}
		if !found {
			t.Errorf("no row %v in %v", line, table.Rows)
		}
	}
}

// TestComputedShape: a plan whose expressions do not fit it is refused.
func TestComputedShape(t *testing.T) {
	for name, c := range map[string]*plan.Calc{
		"operation": of("//", item(0), item(1)), "operands": of("+", item(0)), "none": of("least"), "itself": of("neg", item(2)),
		"outside": of("neg", item(9)), "before": of("neg", item(-1)), "number": of("neg", number("x")), "digits": {Op: "round", Digits: -1, Kids: []plan.Calc{item(0)}},
	} {
		_, err := release.Join(computedPlan(c), "client", []release.Cell{{Pass: true, Aggregates: []release.Number{{}, {}}}})
		if !errors.Is(err, release.ErrShape) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
