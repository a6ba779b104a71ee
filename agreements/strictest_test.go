package agreements

import "testing"

func TestStrictest(t *testing.T) {
	a := &DP{Epsilon: "1", Delta: "0.000001", BudgetEpsilon: "10", BudgetDelta: "0.0001", PeriodDays: 30}
	b := &DP{Epsilon: "0.50", Delta: "0.00001", BudgetEpsilon: "9.9", BudgetDelta: "0.0001", PeriodDays: 90, AdHocOnly: true}
	never := &DP{Epsilon: "2", Delta: "0.1", BudgetEpsilon: "20", BudgetDelta: "0.2"}
	for _, c := range []struct {
		name     string
		approved bool
		demands  []*DP
		want     *DP
	}{
		{"none at all", false, nil, nil},
		{"none said and none written", false, []*DP{NoDP(), nil}, nil},
		{"one and none", false, []*DP{NoDP(), a, nil}, a},
		{"two", false, []*DP{a, b}, &DP{Epsilon: "0.50", Delta: "0.000001", BudgetEpsilon: "9.9", BudgetDelta: "0.0001", PeriodDays: 90}},
		{"two, turned round", false, []*DP{b, a}, &DP{Epsilon: "0.50", Delta: "0.000001", BudgetEpsilon: "9.9", BudgetDelta: "0.0001", PeriodDays: 90}},
		{"approved", true, []*DP{b, a}, a},
		{"approved, ad-hoc only", true, []*DP{b, NoDP()}, nil},
		{"no end is the longest", false, []*DP{a, never}, &DP{Epsilon: "1", Delta: "0.000001", BudgetEpsilon: "10", BudgetDelta: "0.0001"}},
		{"no end first", false, []*DP{never, a}, &DP{Epsilon: "1", Delta: "0.000001", BudgetEpsilon: "10", BudgetDelta: "0.0001"}},
	} {
		got := Strictest(c.approved, c.demands...)
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if !b.AdHocOnly || a.PeriodDays != 30 {
		t.Error("a demand was changed")
	}
}

func TestAtLeastAsStrict(t *testing.T) {
	base := DP{Epsilon: "1", Delta: "0.001", BudgetEpsilon: "10", BudgetDelta: "0.01", PeriodDays: 30}
	with := func(change func(*DP)) *DP { d := base; change(&d); return &d }
	for _, c := range []struct {
		name string
		d    *DP
		want bool
	}{
		{"the same", &base, true},
		{"other spelling", with(func(d *DP) { d.Epsilon = "1.00" }), true},
		{"none", NoDP(), false},
		{"absent", nil, false},
		{"less", with(func(d *DP) { d.Epsilon = "0.9" }), true},
		{"more", with(func(d *DP) { d.Epsilon = "1.1" }), false},
		{"more delta", with(func(d *DP) { d.Delta = "0.002" }), false},
		{"more budget", with(func(d *DP) { d.BudgetEpsilon = "11" }), false},
		{"more delta in all", with(func(d *DP) { d.BudgetDelta = "0.02" }), false},
		{"shorter", with(func(d *DP) { d.PeriodDays = 29 }), false},
		{"longer", with(func(d *DP) { d.PeriodDays = 31 }), true},
		{"never ends", with(func(d *DP) { d.PeriodDays = 0 }), true},
		{"ad-hoc only", with(func(d *DP) { d.AdHocOnly = true }), false},
	} {
		if got := c.d.AtLeastAsStrict(&base); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		if !c.d.AtLeastAsStrict(NoDP()) || !c.d.AtLeastAsStrict(nil) {
			t.Errorf("%s: not as strict as none", c.name)
		}
	}
}
