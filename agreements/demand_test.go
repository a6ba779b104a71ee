package agreements

import "testing"

func TestDemand(t *testing.T) {
	t.Parallel()
	a := &Agreement{DP: &DP{Epsilon: "1", Delta: "0.000001", BudgetEpsilon: "10", BudgetDelta: "0.00001", AdHocOnly: true}}
	a.Datasets = []Dataset{
		{Name: "silent"}, {Name: "none", Rules: Rules{DP: NoDP()}},
		{Name: "strict", Rules: Rules{DP: &DP{Epsilon: "0.5", Delta: "0.01", BudgetEpsilon: "90", BudgetDelta: "0.1"}}},
	}
	for _, c := range []struct {
		about    []string
		approved bool
		want     string
	}{
		{[]string{"silent", "none"}, false, "epsilon 1, delta 0.000001"},
		{[]string{"silent", "none"}, true, "none"},
		{[]string{"strict", "silent"}, false, "epsilon 0.5, delta 0.000001"},
		{[]string{"strict"}, true, "epsilon 0.5, delta 0.01"},
	} {
		if got := a.Demand(c.about, c.approved).Run(); got != c.want {
			t.Errorf("%v, approved %v: %s, want %s", c.about, c.approved, got, c.want)
		}
	}
}
