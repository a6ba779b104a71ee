package agreements

import "slices"

// Demand is the differential privacy that an answer about these datasets must
// have: see Strictest. nil: none. a must have passed Check.
func (a *Agreement) Demand(datasets []string, approved bool) *DP {
	demands := []*DP{a.DP}
	for i := range a.Datasets {
		if slices.Contains(datasets, a.Datasets[i].Name) {
			demands = append(demands, a.Datasets[i].Rules.DP)
		}
	}
	return Strictest(approved, demands...)
}

// Run is what one run may spend, as plans and receipts state it.
func (d *DP) Run() string {
	if d.None() {
		return noDP
	}
	return "epsilon " + d.Epsilon + ", delta " + d.Delta
}
